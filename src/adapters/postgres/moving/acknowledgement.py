"""Waiting until everybody goes by a map."""

import asyncio
from collections.abc import Sequence
from typing import Final

from adapters.postgres.moving.connections import Connection
from adapters.postgres.moving.journal import MoveJournal
from adapters.postgres.moving.pace import Pace
from adapters.postgres.moving.problems import MoveProblem

_BEHIND: Final = "SELECT id, map_version FROM shard.nodes WHERE alive_until > now() AND map_version < $1 ORDER BY id"
_PAUSE_SECONDS: Final = 0.1


async def known_to_all(journal: MoveJournal, shards: Sequence[Connection], version: int, pace: Pace) -> None:
    """Return when every living node goes by this map or a later one, and what was sent out before has come back.

    A node that is frozen or cut off from its shards says nothing; it does not go by a map that it has not asked about for long.
    """
    await _acknowledged(shards, version, pace)
    age = await journal.age_of_map(version)
    await asyncio.sleep(max(0.0, pace.trusted - age))
    await asyncio.sleep(pace.margin)
    await _acknowledged(shards, version, pace)


async def _acknowledged(shards: Sequence[Connection], version: int, pace: Pace) -> None:
    deadline = asyncio.get_running_loop().time() + pace.nodes
    for shard in shards:
        while behind := await shard.fetch(_BEHIND, version):
            if asyncio.get_running_loop().time() > deadline:
                nodes = ", ".join(f"{row['id']} (version {row['map_version']})" for row in behind)
                raise MoveProblem(
                    f"These nodes do not take version {version} of the shard map although they are alive: {nodes}. Do they reach"
                    " the catalog, and have they all shards in their settings? Their logs tell."
                )
            await asyncio.sleep(_PAUSE_SECONDS)
