"""The state of every database that the settings name, asked all at once and within seconds."""

import asyncio
from typing import Final

import msgspec

from adapters.postgres.revisions import OLDEST, Tree, chain, fault, head, number_of
from adapters.postgres.status import DatabaseState, read_state
from entrypoints.ioc.schema import CANNOT_ASK, reason, trees
from entrypoints.settings import Settings

_PATIENCE_SECONDS: Final = 5.0


class DatabaseStatus(msgspec.Struct, frozen=True):
    """One database; what only an answer can tell is None where none came. `problem` follows the name in a sentence."""

    name: str
    reachable: bool
    head: str
    oldest: str
    problem: str | None = None
    server_version: str | None = None
    role: str | None = None
    revision: str | None = None
    pending: tuple[str, ...] = ()
    migrating: bool | None = None
    size_bytes: int | None = None
    connections: int | None = None
    max_connections: int | None = None

    @property
    def ok(self) -> bool:
        """Whether it answers, this release can work on it, and nothing is to be migrated."""
        return self.problem is None and not self.pending


async def read_status(settings: Settings) -> list[DatabaseStatus]:
    """Return the status of each database, the catalog first; never raises for one that is away."""
    return await asyncio.gather(*(_status(dsn, tree, name) for dsn, tree, name in trees(settings)))


async def _status(dsn: str, tree: Tree, name: str) -> DatabaseStatus:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            state = await read_state(dsn, tree, patience=_PATIENCE_SECONDS)
    except CANNOT_ASK as error:
        return DatabaseStatus(name, False, head(tree), OLDEST[tree], f"cannot be reached: {reason(error)}")
    return _told(name, tree, state)


def _told(name: str, tree: Tree, state: DatabaseState) -> DatabaseStatus:
    revision = state.stamp.name if state.stamp else None
    problem = "is a standby and takes no writes" if state.standby else fault(tree, state.stamp)
    return DatabaseStatus(
        name, True, head(tree), OLDEST[tree], problem,
        server_version=state.version, role="standby" if state.standby else "primary", revision=revision,
        pending=_pending(tree, revision), migrating=state.migrating, size_bytes=state.bytes,
        connections=state.connections, max_connections=state.most_connections,
    )


def _pending(tree: Tree, revision: str | None) -> tuple[str, ...]:
    done = number_of(tree, revision) if revision else 0
    return () if done is None else tuple(one.name for one in chain(tree)[done:])
