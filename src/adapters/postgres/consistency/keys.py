"""Idempotency keys with the owner of each."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ARRAY, bindparam, func, select, tuple_

from adapters.postgres.consistency.owners import Owners
from adapters.postgres.consistency.scan import Row, Rows, Scan, Selection
from adapters.postgres.database import Database
from adapters.postgres.statement import Statement
from adapters.postgres.tables import SHARD_KEYS, Id
from domain.consistency.facts import Facts, KeyFacts
from domain.consistency.whereabouts import Lodging

_KEY: Final = (SHARD_KEYS.c.owner_id, SHARD_KEYS.c.key)
_COLUMNS: Final = (*_KEY, SHARD_KEYS.c.bucket)
_SELECTION: Final = Selection(_COLUMNS, _KEY, ("", ""), SHARD_KEYS.c.owner_id)
_pairs: Final = (
    func.unnest(bindparam("owners", type_=ARRAY(Id)), bindparam("names", type_=ARRAY(Id)))
    .table_valued("owner", "name").render_derived()
)
_THESE: Final = Statement(
    select(*_COLUMNS).where(tuple_(*_KEY).in_(select(_pairs.c.owner, _pairs.c.name))).order_by(*_KEY),
    "consistency.read_these_keys",
)


class KeyScan(Scan):
    """Finds its rows again by owner and name."""

    def __init__(self, owners: Owners, size: int) -> None:
        super().__init__(_SELECTION, size, _key)
        self._owners = owners

    async def again(self, database: Database, keys: Sequence[str]) -> Rows:
        """Return these rows as they are now."""
        pairs = [key.partition(" ") for key in keys]
        return await database.rows(_THESE, owners=[owner for owner, _, _ in pairs], names=[name for _, _, name in pairs])

    async def facts(self, rows: Rows, shard: int) -> Sequence[Facts]:
        """Return the facts of these keys."""
        users = await self._owners.users(row["owner_id"] for row in rows)
        return [_key(row, shard, row["owner_id"] in users) for row in rows]


def _key(row: Row, shard: int, owner_known: bool = True) -> KeyFacts:
    return KeyFacts(Lodging(row["owner_id"], row["bucket"], row["owner_id"], shard), row["key"], owner_known)
