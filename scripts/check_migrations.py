"""Refuse migrations that would keep people waiting or break nodes that run: squawk reads what each of them would run.

    python scripts/check_migrations.py [catalog|shard FOLDER]

FOLDER holds revisions that would follow those in the tree. Only the way up is read: down goes nobody who serves.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec

from adapters.postgres.migrate import plan_of
from adapters.postgres.migration_steps import LIMITS, ONLINE_LIMITS
from adapters.postgres.migrations.plan import MixedPlan, Plan
from adapters.postgres.revisions import BrokenChain, Revision, Tree, chain

_REPOSITORY: Final = Path(__file__).parents[1]
_SQUAWK: Final = Path(sys.executable).with_name("squawk")
_TREES: Final[tuple[Tree, ...]] = ("catalog", "shard")
# Whatever takes away what an earlier release's code reads or writes.
_CONTRACTS: Final = re.compile(r"squawk-ignore[^\n]*\b(ban-drop-|ban-truncate|ban-alter-|renaming-|changing-column-type)")


def main(arguments: Sequence[str]) -> int:
    """Print what is refused; return 1 if anything is."""
    more = {arguments[0]: [Path(arguments[1])]} if arguments else {}
    try:
        revisions = [revision for tree in _TREES for revision in chain(tree, *more.get(tree, []))]
        refusals = list(_refusals(revisions))
    except (BrokenChain, MixedPlan) as problem:
        refusals, revisions = [str(problem)], []
    sys.stdout.writelines(f"{line}\n" for line in refusals or [f"{len(revisions)} migrations are safe."])
    return 1 if refusals else 0


def sql_of(plan: Plan) -> str:
    """Return what a plan runs, with the limits that it runs under."""
    if plan.online:
        return ";\n".join((*ONLINE_LIMITS, *plan.sql())) + ";\n"
    return ";\n".join(("BEGIN", *LIMITS, *plan.sql(), "COMMIT")) + ";\n"


def _refusals(revisions: Sequence[Revision]) -> Iterator[str]:
    with TemporaryDirectory() as folder:
        files = {str(Path(folder) / f"{revision.name}.sql"): revision for revision in revisions}
        for file, revision in files.items():
            yield from _own_rules(revision, written := _sql(revision))
            Path(file).write_text(written)
        for finding in _squawk(list(files)):
            yield f"{files[finding['file']].path}: {finding['rule_name']}: {finding['message']}"


def _sql(revision: Revision) -> str:
    try:
        return sql_of(plan_of(revision, "upgrade"))
    except MixedPlan as problem:
        raise MixedPlan(f"{revision.path}: mixed-plan: {problem}") from problem


def _own_rules(revision: Revision, sql: str) -> Iterator[str]:
    if _CONTRACTS.search(sql) and revision.requires is None:
        yield f"{revision.path}: contract-without-requires: say which revision code must know to do without what is taken away"


def _squawk(files: Sequence[str]) -> list[dict[str, Any]]:
    command = [str(_SQUAWK), "--config", str(_REPOSITORY / ".squawk.toml"), "--reporter", "json", *files]
    ended = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if ended.returncode not in {0, 1}:
        sys.exit(f"squawk cannot run: {ended.stderr.decode()}")
    findings: list[dict[str, Any]] = msgspec.json.decode(ended.stdout)
    return findings


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
