"""Pinning an owner who has nothing yet to a shard of choice.

While nodes learn of the pin, some look for the owner at the old home and some at the new one. So the new one takes nothing,
behind a fence around the owner's bucket, until all have learned of it and the old one is still found empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adapters.postgres.moving.acknowledgement import known_to_all
from adapters.postgres.moving.connections import Connection
from adapters.postgres.moving.journal import MoveJournal
from adapters.postgres.moving.pace import Pace
from adapters.postgres.moving.preconditions import require_known
from adapters.postgres.moving.problems import MoveProblem
from adapters.postgres.moving.tables import switch_triggers_off, switch_triggers_on
from domain.shared.identifiers import bucket_of

_OWNS: Final = " OR ".join(
    f"EXISTS (SELECT FROM shard.{table} WHERE owner_id = $1 AND bucket = $2)"
    for table in ("sessions", "runs", "idempotency_keys")
)
_FENCE: Final = (
    "INSERT INTO shard.fences (bucket, move_id) VALUES ($1, $2) ON CONFLICT (bucket) DO UPDATE SET move_id = excluded.move_id"
)
_PIN: Final = """
WITH pin AS (
    INSERT INTO catalog.shard_pins (user_id, shard) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET shard = excluded.shard
    RETURNING shard
)
INSERT INTO catalog.shard_maps (version, shards) SELECT $3, $4::smallint[] FROM pin
"""
_UNPIN: Final = """
WITH pin AS (DELETE FROM catalog.shard_pins WHERE user_id = $1 AND shard = $2 RETURNING shard)
INSERT INTO catalog.shard_maps (version, shards) SELECT $3, $4::smallint[] FROM pin
"""


@dataclass(frozen=True, slots=True)
class Pinning:
    """Pins one owner, by connections to the catalog (with the mover's lock) and to all shards in order."""

    catalog: Connection
    shards: Sequence[Connection]
    user_id: str
    target: int
    pace: Pace

    async def execute(self) -> None:
        """Pin; MoveProblem when it cannot be, with nothing changed. What was interrupted is taken up again."""
        await self._require_possible()
        before = await self._pinned()
        if not await self._begun():
            await self._require_elsewhere(before)
            await self._require_nothing()
            await switch_triggers_on(self._there, self.pace)
            await self._there.execute(_FENCE, bucket_of(self.user_id), self._name)
            await self._publish(self.target, _PIN)
        try:
            await self._known()
            await self._require_nothing()
        except MoveProblem:
            await self._take_back(before)
            raise
        await self._open()

    @property
    def _there(self) -> Connection:
        return self.shards[self.target]

    @property
    def _name(self) -> str:
        return f"pin/{self.user_id}"

    async def _require_possible(self) -> None:
        if await MoveJournal(self.catalog).open_move() is not None:
            raise MoveProblem("A move is open; finish it or take it back before you pin anybody.")
        if not await self.catalog.fetchval("SELECT EXISTS (SELECT FROM catalog.users WHERE id = $1)", self.user_id):
            raise MoveProblem(f"There is no user {self.user_id}.")
        for shard in self.shards:
            await require_known(shard, self.target)

    async def _begun(self) -> bool:
        """Tell whether an interrupted pinning left its fence."""
        found: bool = await self._there.fetchval("SELECT EXISTS (SELECT FROM shard.fences WHERE move_id = $1)", self._name)
        return found and await self._pinned() == self.target

    async def _require_elsewhere(self, pinned: int | None) -> None:
        newest = await MoveJournal(self.catalog).newest_map()
        if self.target == (newest.shard_of(bucket_of(self.user_id)) if pinned is None else pinned):
            raise MoveProblem(f"{self.user_id} lives on shard {self.target} already.")

    async def _require_nothing(self) -> None:
        for number, shard in enumerate(self.shards):
            if await shard.fetchval(f"SELECT {_OWNS}", self.user_id, bucket_of(self.user_id)):
                raise MoveProblem(f"{self.user_id} has something on shard {number} already and stays there.")

    async def _take_back(self, before: int | None) -> None:
        """Let everybody look for the owner at the old home again, and only then open the new one."""
        if before is None or before == self.target:
            await self._publish(self.target, _UNPIN)
        else:
            await self._publish(before, _PIN)
        await self._known()
        await self._open()

    async def _open(self) -> None:
        await self._there.execute("DELETE FROM shard.fences WHERE bucket = $1", bucket_of(self.user_id))
        await switch_triggers_off(self._there, self.pace)

    async def _known(self) -> None:
        journal = MoveJournal(self.catalog)
        await known_to_all(journal, self.shards, (await journal.newest_map()).version, self.pace)

    async def _publish(self, shard: int, statement: str) -> None:
        following = (await MoveJournal(self.catalog).newest_map()).announcing(())
        await self.catalog.execute(statement, self.user_id, shard, following.version, list(following.shards))

    async def _pinned(self) -> int | None:
        shard: int | None = await self.catalog.fetchval(
            "SELECT shard FROM catalog.shard_pins WHERE user_id = $1", self.user_id
        )
        return shard
