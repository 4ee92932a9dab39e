"""What a unit of work collects until its commit."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Table, bindparam, delete, insert, literal_column, update

from adapters.postgres.database import Database
from adapters.postgres.events import columns_of
from adapters.postgres.placement import OwnerShard
from adapters.postgres.statement import Change, Statement
from application.ports.entropy import Entropy
from domain.shared.events import DomainEvent

_ONE: Final[ColumnElement[int]] = literal_column("1")


class Versioned(Protocol):
    """An entity that is saved by its version."""

    version: int


def insertion(table: Table, *columns: str, area: str | None = None) -> Statement:
    """Return the statement that adds a row with these columns (none named: all); its name begins with `area`, or the table's."""
    row: dict[str, Any] = {name: bindparam(name) for name in columns or table.c.keys()}
    return Statement(insert(table).values(row), f"{area or table.name}.add")


def replacement(table: Table, *columns: str, name: str | None = None) -> Statement:
    """Return the statement that sets these columns and the next version where `id` still has the version that was read."""
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns} | {"version": table.c.version + _ONE}
    return Statement(update(table).where(*_as_read(table)).values(values).returning(_ONE), name or f"{table.name}.save")


def removal(table: Table, *, versioned: bool = True) -> Statement:
    """Return the statement that deletes the row with `id`, at the version that was read if the table has versions."""
    where = _as_read(table) if versioned else [table.c.id == bindparam("the_id")]
    return Statement(delete(table).where(*where).returning(_ONE), f"{table.name}.remove")


def _as_read(table: Table) -> list[Any]:
    return [table.c.id == bindparam("the_id"), table.c.version == bindparam("the_version")]


class Staging:
    """The changes and events of one unit of work on one database, or on what is one owner's shard."""

    def __init__(self, database: Database | OwnerShard, outbox: Statement, schema: str, entropy: Entropy) -> None:
        self.database = database
        self._outbox, self._schema, self._entropy = outbox, schema, entropy
        self._changes: list[Change] = []
        self._events: list[DomainEvent] = []
        self._saved: list[Versioned] = []

    def add(self, statement: Statement, values: dict[str, Any]) -> None:
        """Stage a new row, or a deletion that may find nothing."""
        self._changes.append(Change(statement, values))

    def begin_with(self, statement: Statement, values: dict[str, Any]) -> None:
        """Stage a row before all else; if it cannot be written, nothing else is even tried.

        Of the parts of a statement Postgres runs those first that its result is made of: the exact ones, in their order.
        """
        self._changes.insert(0, Change(statement, values, exact=True))

    def require(self, statement: Statement, values: dict[str, Any]) -> None:
        """Stage what must find one row, or nothing is written."""
        self._changes.append(Change(statement, values, exact=True))

    def save(self, statement: Statement, entity_id: str, entity: Versioned, values: dict[str, Any]) -> None:
        """Stage new values of a row that must be as it was read."""
        named = {f"new_{name}": value for name, value in values.items()}
        self._changes.append(Change(statement, {**named, "the_id": entity_id, "the_version": entity.version}, exact=True))
        self._saved.append(entity)

    def remove(self, statement: Statement, entity_id: str, version: int | None = None) -> None:
        """Stage the deletion of a row that must be there, as it was read."""
        self._changes.append(Change(statement, {"the_id": entity_id, "the_version": version}, exact=True))

    def record(self, event: DomainEvent) -> None:
        """Stage an event."""
        self._events.append(event)

    async def commit(self) -> None:
        """Write all that was staged in one statement; the saved entities then carry their new version."""
        bucket: Callable[[], int] = self._entropy.bucket
        rows = [columns_of(self._entropy.identifier("event", bucket()), event) for event in self._events]
        await self.database.write([*self._changes, *[Change(self._outbox, row) for row in rows]], self._schema)
        for entity in self._saved:
            entity.version += 1
        self._changes, self._events, self._saved = [], [], []
