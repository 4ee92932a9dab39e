"""What a migration consists of: the words that its author writes it in (docs/how-to/write-a-migration.md).

A revision is either one transaction of plain statements, or steps that keep nobody waiting, each outside a transaction and fit to
be run again after an interruption. It is never both: half of it could not be taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_BATCH: Final = 1000


class MixedPlan(Exception):
    """A revision has plain statements and online steps; it must be made two revisions."""


@dataclass(frozen=True, slots=True)
class OnlineStatement:
    """A statement outside a transaction; running it again does no harm."""

    sql: str


@dataclass(frozen=True, slots=True)
class OnlineIndex:
    """An index to be built without blocking writers; what an interruption left of it is dropped first."""

    index: str
    sql: str


@dataclass(frozen=True, slots=True)
class Batches:
    """A statement that changes the rows behind the key `$1` and returns the last key that it looked at, or NULL at the end."""

    sql: str


OnlineStep = OnlineStatement | OnlineIndex | Batches


class Plan:
    """The steps of one revision in one direction, in order."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.online: list[OnlineStep] = []

    def execute(self, sql: str) -> None:
        """Run a statement in the revision's transaction, which waits 200 ms for a lock and is then tried again."""
        self.statements.append(sql)
        self._require_one_kind()

    def create_index_concurrently(
        self, index: str, table: str, columns: str, *, unique: bool = False, where: str | None = None, using: str = "btree"
    ) -> None:
        """Build an index on `schema.table` while everybody goes on reading and writing."""
        kind, condition = "UNIQUE INDEX" if unique else "INDEX", f" WHERE {where}" if where else ""
        sql = f"CREATE {kind} CONCURRENTLY IF NOT EXISTS {index} ON {table} USING {using} ({columns}){condition}"
        self._add_online(OnlineIndex(f"{table.partition('.')[0]}.{index}", sql))

    def drop_index_concurrently(self, index: str) -> None:
        """Drop `schema.index`, if it is there, while everybody goes on reading and writing."""
        self._add_online(OnlineStatement(f"DROP INDEX CONCURRENTLY IF EXISTS {index}"))

    def validate_constraint(self, table: str, constraint: str) -> None:
        """Look through `schema.table` for rows that break a constraint which an earlier revision added as NOT VALID."""
        self._add_online(OnlineStatement(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}"))

    def in_batches(self, table: str, *, key: str, change: str, where: str, size: int = _BATCH) -> None:
        """Set `change` on the rows of `schema.table` for which `where` holds, some hundreds at a time along a unique text key.

        `where` must leave out the rows that are done, so that running it again costs a reading and no writing.
        """
        batch = f"SELECT {key} AS batch_key FROM {table} WHERE {key} > $1 ORDER BY {key} LIMIT {size}"  # noqa: S608
        changing = f"UPDATE {table} SET {change} FROM batch WHERE {key} = batch_key AND ({where})"  # noqa: S608
        sql = f"WITH batch AS ({batch}), changed AS ({changing}) SELECT max(batch_key) FROM batch"  # noqa: S608
        self._add_online(Batches(sql))

    def _add_online(self, step: OnlineStep) -> None:
        self.online.append(step)
        self._require_one_kind()

    def _require_one_kind(self) -> None:
        if self.statements and self.online:
            raise MixedPlan("plain statements and online steps must be revisions of their own")

    def sql(self) -> Sequence[str]:
        """Return the statements, for the linter to read."""
        return self.statements or [step.sql for step in self.online]
