"""Migrations of the two trees, catalog and shard (docs/adr/0014-migrations.md).

Each tree notes its revision in a table in its own schema, so that both may live in one database. Migrating is safe to start from
several nodes at once, and safe to interrupt: the next one goes on where this one stopped.
"""

from collections.abc import Callable, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final, Literal

from adapters.postgres.migration_lock import Connection, MigrationProblem, alone, connected
from adapters.postgres.migration_steps import Patience, StepRunner
from adapters.postgres.migrations.plan import Plan
from adapters.postgres.revisions import Revision, Stamp, Tree, chain, number_of, read_stamp

Direction = Literal["upgrade", "downgrade"]
_PATIENCE: Final = Patience()


def _silent(_: str) -> None:
    pass


async def upgrade(
    dsn: str, tree: Tree, revision: str = "head", *, more: Sequence[Path] = (), patience: Patience = _PATIENCE,
    tell: Callable[[str], None] = _silent,
) -> None:
    """Bring the tree up to `revision`; nothing happens when it is there already, or further. MigrationProblem.

    `more` are folders with later revisions; `tell` hears why it takes long, in a few words.
    """
    revisions = chain(tree, *more)

    async def climb(runner: StepRunner) -> None:
        for number in range(await _position(runner.connection, tree), _number(tree, revisions, revision)):
            await runner.apply(plan_of(revisions[number], "upgrade"), _stamp(revisions, number + 1))

    await _alone(dsn, tree, patience, tell, climb)


async def downgrade(dsn: str, tree: Tree, revision: str, *, more: Sequence[Path] = (), patience: Patience = _PATIENCE) -> None:
    """Bring the tree down to `revision` ("base": nothing left but the schema); data of what is dropped are lost."""
    revisions = chain(tree, *more)

    async def descend(runner: StepRunner) -> None:
        position = await _position(runner.connection, tree)
        if position > len(revisions):
            raise MigrationProblem(f"it is at a revision that is newer than {revisions[-1].name}")
        for number in range(position, _number(tree, revisions, revision), -1):
            await runner.apply(plan_of(revisions[number - 1], "downgrade"), _stamp(revisions, number - 1))

    await _alone(dsn, tree, patience, _silent, descend)


def revisions(tree: Tree) -> list[str]:
    """Return the names of all revisions, oldest first."""
    return [revision.name for revision in chain(tree)]


def plan_of(revision: Revision, direction: Direction) -> Plan:
    """Return what the revision's file wants done."""
    spec = spec_from_file_location(revision.name, revision.path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    plan = Plan()
    getattr(module, direction)(plan)
    return plan


async def _alone(
    dsn: str, tree: Tree, patience: Patience, tell: Callable[[str], None], work: Callable[[StepRunner], Any]
) -> None:
    async def run() -> None:
        async with connected(dsn) as connection:
            runner = StepRunner(connection, tree, patience, tell)
            await runner.prepare()
            await work(runner)

    await alone(dsn, tree, patience.others, tell, run())


async def _position(connection: Connection, tree: Tree) -> int:
    """Return how many revisions the tree has had, which may be more than there are here."""
    stamp = await read_stamp(connection, tree)
    number = 0 if stamp is None else number_of(tree, stamp.name)
    if number is None:
        raise MigrationProblem(f"its revision {stamp and stamp.name} is none of this program's")
    return number


def _number(tree: Tree, revisions: Sequence[Revision], name: str) -> int:
    number = {"head": len(revisions), "base": 0}.get(name, number_of(tree, name))
    if number is None or number > len(revisions):
        raise MigrationProblem(f"there is no revision {name}")
    return number


def _stamp(revisions: Sequence[Revision], number: int) -> Stamp | None:
    if number == 0:
        return None
    requires = [revision.requires for revision in revisions[:number] if revision.requires]
    return Stamp(revisions[number - 1].name, max(requires, default=None))
