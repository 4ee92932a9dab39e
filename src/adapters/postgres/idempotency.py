"""Idempotency keys, each in the database of its effect; a day is a day of that database's clock."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from msgspec import ValidationError, json
from sqlalchemy import ColumnElement, Integer, Table, bindparam, delete, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.database import Database
from adapters.postgres.rows import Row
from adapters.postgres.staging import Staging
from adapters.postgres.statement import Statement
from adapters.postgres.tables import CATALOG_KEYS, FENCES, SHARD_KEYS
from application.ports.idempotency import AnswerGone, ExpiredKeys, IdempotencyRepository, Remembered
from domain.shared.errors import Unavailable
from domain.shared.identifiers import UserId, bucket_of

T = TypeVar("T")
_a_day_ago: Final = func.now() - text("interval '24 hours'")
_encode: Final = json.Encoder().encode


class KeyStatements:
    """What is done with one table of keys."""

    def __init__(self, table: Table, area: str) -> None:
        mine = table.c.owner_id == bindparam("owner_id")
        expired = table.c.created_at < _a_day_ago
        self.find = Statement(
            select(table.c.request, table.c.answer)
            .where(mine, table.c.key == bindparam("key"), table.c.created_at >= _a_day_ago),
            f"{area}.find",
        )
        fresh = insert(table).values({name: bindparam(name) for name in table.c.keys() if name != "created_at"})  # noqa: SIM118
        renewed = {"request": fresh.excluded.request, "answer": fresh.excluded.answer, "created_at": func.now()}
        self.add = Statement(
            fresh.on_conflict_do_update(index_elements=["owner_id", "key"], set_=renewed, where=expired)
            .returning(literal_column("1")),
            f"{area}.add",
        )
        self.forget_owner = Statement(delete(table).where(mine), f"{area}.forget_owner")
        place: ColumnElement[Any] = literal_column("ctid")  # the rows are locked, and stay where they are
        here = [table.c.bucket.not_in(select(FENCES.c.bucket))] if "bucket" in table.c else []
        oldest = (
            select(place).select_from(table).where(expired, *here).order_by(table.c.created_at)
            .limit(bindparam("limit", type_=Integer)).with_for_update(skip_locked=True).scalar_subquery()
        )
        gone = delete(table).where(place == func.any(func.array(oldest))).returning(literal_column("1")).cte("gone")
        self.remove = Statement(select(func.count().label("removed")).select_from(gone), f"{area}.remove_expired")


CATALOG_STATEMENTS: Final = KeyStatements(CATALOG_KEYS, "catalog_idempotency")
SHARD_STATEMENTS: Final = KeyStatements(SHARD_KEYS, "idempotency")


class PostgresRemembered(Remembered):
    """A row."""

    def __init__(self, row: Row) -> None:
        self._row = row

    @property
    def request(self) -> bytes:
        """Return the fingerprint."""
        return bytes(self._row["request"])

    def answer(self, kind: type[T]) -> T:
        """Return the answer, read from its JSON."""
        try:
            return json.decode(self._row["answer"], type=kind)
        except ValidationError as error:
            raise AnswerGone("The request was carried out; its answer is not known any more.") from error


class PostgresKeys(IdempotencyRepository):
    """The keys of one table."""

    def __init__(self, staging: Staging, statements: KeyStatements) -> None:
        self._staging, self._statements = staging, statements

    async def find(self, owner_id: UserId, key: str) -> Remembered | None:
        """Read the row now."""
        row = await self._staging.database.row(self._statements.find, owner_id=owner_id, key=key)
        return None if row is None else PostgresRemembered(row)

    def add(self, owner_id: UserId, key: str, request: bytes, answer: object) -> None:
        """Stage the row, which takes the place of an old one."""
        columns = {
            "owner_id": owner_id, "key": key, "bucket": bucket_of(owner_id), "request": request,
            "answer": _encode(answer).decode(),
        }
        self._staging.begin_with(self._statements.add, columns)


class PostgresExpiredKeys(ExpiredKeys):
    """The keys of all databases."""

    def __init__(self, catalog: Database, shards: Sequence[Database]) -> None:
        self._tables = [(catalog, CATALOG_STATEMENTS.remove), *[(one, SHARD_STATEMENTS.remove) for one in dict.fromkeys(shards)]]

    async def remove(self, limit: int) -> int:
        """Delete everywhere at once."""
        removing = (database.take(statement, limit=limit) for database, statement in self._tables)
        outcomes: list[Any] = await asyncio.gather(*removing, return_exceptions=True)
        failures = [one for one in outcomes if isinstance(one, BaseException)]
        for failure in failures:
            if len(failures) == len(outcomes) or not isinstance(failure, Unavailable):
                raise failure
        return sum(rows[0]["removed"] for rows in outcomes if not isinstance(rows, BaseException))
