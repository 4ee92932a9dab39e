"""What the catalog and the shards still hold of a user.

Nothing in here goes by the shard map: a shard where the bucket lived before is looked through like all others.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    SmallInteger,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from adapters.postgres.database import Database
from adapters.postgres.placement import Placement
from adapters.postgres.statement import Statement
from adapters.postgres.tables import (
    AGENTS,
    API_KEYS,
    AUDIT_LOG,
    CATALOG_KEYS,
    IDENTITIES,
    LINK_SEEDS,
    MAILED_TOKENS,
    MESSAGES,
    RUNS,
    SESSIONS,
    SHARD_KEYS,
    SHARD_MOVES,
    SHARES,
    SIGN_INS,
    USAGE_DAYS,
    USAGE_ENTRIES,
    USERS,
    Id,
)
from application.ports.remains import Remains
from domain.shared.errors import Unavailable
from domain.shared.identifiers import UserId, bucket_of

_MOST: Final = 1000
_user: Final[Any] = bindparam("user_id", type_=Id)
_bucket: Final[Any] = bindparam("bucket", type_=SmallInteger)
_limit: Final = bindparam("limit", type_=Integer)
_Held: TypeAlias = tuple[Table, Sequence[ColumnElement[bool]]]
_personal: Final = or_(AUDIT_LOG.c.address.is_not(None), AUDIT_LOG.c.details != literal_column("'{}'::jsonb"))


def _of(column: Column[Any]) -> _Held:
    return column.table, [column == _user]


_IN_CATALOG: Final[Sequence[_Held]] = (
    *map(_of, (
        USERS.c.id, SIGN_INS.c.user_id, API_KEYS.c.user_id, MAILED_TOKENS.c.user_id, IDENTITIES.c.user_id, AGENTS.c.owner_id,
        CATALOG_KEYS.c.owner_id, LINK_SEEDS.c.owner_id,
    )),
    (AUDIT_LOG, [or_(
        and_(AUDIT_LOG.c.user_id == _user, _personal), and_(AUDIT_LOG.c.actor_id == _user, AUDIT_LOG.c.address.is_not(None))
    )]),
)
# Sessions first: what hangs on them goes with them.
_ON_SHARDS: Final[Sequence[_Held]] = (
    *map(_of, (
        SESSIONS.c.owner_id, SHARES.c.owner_id, USAGE_ENTRIES.c.owner_id, USAGE_DAYS.c.owner_id, SHARD_KEYS.c.owner_id,
    )),
    (RUNS, [RUNS.c.bucket == _bucket, RUNS.c.owner_id == _user]),
    (MESSAGES, [MESSAGES.c.bucket == _bucket, ~exists().where(SESSIONS.c.id == MESSAGES.c.session_id)]),
)


def _count(held: Sequence[_Held], name: str) -> Statement:
    """Return the counting of all tables at once, each to the limit."""
    counts = [
        select(func.count()).select_from(select(literal_column("1")).select_from(table).where(*rules).limit(_limit).subquery())
        .scalar_subquery().label(table.name)
        for table, rules in held
    ]
    return Statement(select(*counts), name)


def _remove(held: _Held, area: str) -> Statement:
    """Return the removal of some rows of a table."""
    table, rules = held
    place: ColumnElement[Any] = literal_column("ctid")
    some = select(literal_column(f"{table.fullname}.ctid")).select_from(table).where(*rules).limit(_limit).scalar_subquery()
    gone = delete(table).where(place == func.any(func.array(some))).returning(literal_column("1")).cte("gone")
    return Statement(select(func.count().label("removed")).select_from(gone), f"{area}.remove_{table.name}")


_COUNT_IN_CATALOG: Final = _count(_IN_CATALOG, "catalog_remains.count")
_COUNT_ON_SHARD: Final = _count(_ON_SHARDS, "remains.count")
_REMOVE_USER: Final = _remove(_IN_CATALOG[0], "catalog_remains")
_REMOVALS: Final = tuple(_remove(held, "remains") for held in _ON_SHARDS)
_MOVING: Final = Statement(
    select(literal_column("1")).select_from(SHARD_MOVES)
    .where(SHARD_MOVES.c.ended_at.is_(None), _bucket == func.any(SHARD_MOVES.c.buckets)),
    "shard_moves.find_open_of_bucket",
)


class PostgresRemains(Remains):
    """All databases that the settings name, each once."""

    def __init__(self, catalog: Database, placement: Placement) -> None:
        self._catalog = catalog
        self._shards = {database: number for number, database in reversed([*enumerate(placement.databases)])}

    async def find(self, user_id: UserId) -> Mapping[str, int]:
        """Count them, in one statement per database."""
        await self._require_rest(user_id)
        found = await self._counts(self._catalog, "catalog", _COUNT_IN_CATALOG, user_id)
        for database, number in self._shards.items():
            found |= await self._counts(database, f"shard {number}", _COUNT_ON_SHARD, user_id)
        await self._require_rest(user_id)
        return found

    async def remove(self, user_id: UserId) -> None:
        """Delete them; foreign keys and triggers take along what hangs on them."""
        await self._require_rest(user_id)
        await self._emptied(self._catalog, _REMOVE_USER, user_id)
        for database in self._shards:
            for removal in _REMOVALS:
                await self._emptied(database, removal, user_id)

    async def _counts(self, database: Database, place: str, statement: Statement, user_id: UserId) -> dict[str, int]:
        row = await database.row(statement, **_values(user_id))
        return {f"{place}: {table}": count for table, count in dict(row or {}).items() if count}

    async def _emptied(self, database: Database, removal: Statement, user_id: UserId) -> None:
        while (await database.take(removal, **_values(user_id)))[0]["removed"]:
            pass

    async def _require_rest(self, user_id: UserId) -> None:
        """Return while no move concerns the bucket: rows that come and go would be counted, or missed."""
        if await self._catalog.row(_MOVING, bucket=bucket_of(user_id)) is not None:
            raise Unavailable("What is to be erased is being moved.")


def _values(user_id: UserId) -> Mapping[str, Any]:
    return {"user_id": user_id, "bucket": bucket_of(user_id), "limit": _MOST}
