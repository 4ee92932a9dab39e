"""Taking down what a dead mover left standing. Whether it is dead tells the catalog: a mover's lock goes with its connection.

First the catalog is told that the fence does not count any more, by its name: a flip asks for it. Then the fence is removed, by
its name too, so that a deletion which comes late takes no newer fence down.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, case, delete, func, literal, literal_column, select, update
from sqlalchemy import bindparam as bound

from adapters.postgres.database import Database
from adapters.postgres.moving.connections import MOVER_LOCK
from adapters.postgres.statement import Statement
from adapters.postgres.tables import FENCES, SHARD_MOVES, Id
from application.ports.stranded_fences import StrandedFences
from domain.shared.bucket_move import REVOCABLE, Phase

_move: Final = SHARD_MOVES.c
_COLUMNS: Final = (_move.id, _move.source, _move.target, _move.phase, _move.fence)
_OPEN: Final = Statement(select(*_COLUMNS).where(_move.ended_at.is_(None)), "shard_moves.find_open")
_orphaned: Final[ColumnElement[bool]] = func.pg_try_advisory_xact_lock(literal(MOVER_LOCK, BigInteger))
_as_read: Final = (_move.id == bound("move_id", type_=Id), _move.phase == bound("phase"), _move.fence == bound("fence", type_=Id))
_GIVE_UP: Final = Statement(
    update(SHARD_MOVES).where(*_as_read, _move.ended_at.is_(None), _orphaned).values(
        phase=case((_move.phase == literal_column("'fencing'"), literal_column("'caught_up'")), else_=_move.phase)
    ).returning(literal_column("1").label("given_up")),
    "shard_moves.give_up_fence",
)
_STANDING: Final = Statement(
    select(func.count().label("standing")).select_from(FENCES).where(FENCES.c.move_id == bound("name", type_=Id)),
    "fences.count_of_move",
)
_LOWER: Final = Statement(
    delete(FENCES).where(FENCES.c.move_id == bound("name", type_=Id)).returning(literal_column("1").label("lowered")),
    "fences.lower",
)

# On the target a move's fences bear its name, and behind that those of fences which stood there before.
_WELCOME: Final = Statement(
    delete(FENCES)
    .where(func.starts_with(FENCES.c.move_id, bound("name", type_=Id)))
    .returning(literal_column("1").label("lowered")),
    "fences.lower_of_move",
)


class PostgresStrandedFences(StrandedFences):
    """Over the pools of a worker."""

    def __init__(self, catalog: Database, shards: Sequence[Database]) -> None:
        self._catalog, self._shards = catalog, shards

    async def lower(self) -> int:
        """Look at the open move, if there is one."""
        move = await self._catalog.row(_OPEN)
        if move is None or move["fence"] is None or move["source"] >= len(self._shards) or move["target"] >= len(self._shards):
            return 0
        if Phase(move["phase"]) in REVOCABLE:
            return await self._lower_at_source(move)
        return len(await self._shards[move["target"]].take(_WELCOME, name=move["id"]))

    async def _lower_at_source(self, move: Any) -> int:
        """Lower the fence behind which nothing can be flipped any more."""
        source = self._shards[move["source"]]
        if move["phase"] != Phase.FENCING:
            standing = await source.row(_STANDING, name=move["fence"])
            if standing is None or not standing["standing"]:
                return 0
        given_up = await self._catalog.take(_GIVE_UP, move_id=move["id"], phase=move["phase"], fence=move["fence"])
        return len(await source.take(_LOWER, name=move["fence"])) if given_up else 0
