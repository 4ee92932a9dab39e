"""The ledger of what replies took: entries, and their sums by day, which are counted in the same commit."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ARRAY, Date, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.placement import Placement
from adapters.postgres.staging import Staging, insertion
from adapters.postgres.statement import Statement
from adapters.postgres.tables import USAGE_DAYS, USAGE_ENTRIES, Id
from application.freshness import Freshness, Tolerance
from application.ports.readers import UsageReader
from application.ports.shards import UsageRepository
from domain.analytics.usage import DayUsage, Spent, UsageEntry
from domain.runs.run import Usage
from domain.shared.identifiers import UserId, bucket_of

_ENTRY: Final = insertion(USAGE_ENTRIES)
_new: Final = insert(USAGE_DAYS).values({name: bindparam(name) for name in USAGE_DAYS.c.keys()})  # noqa: SIM118
_COUNT: Final = Statement(
    _new.on_conflict_do_update(
        index_elements=list(USAGE_DAYS.primary_key),
        set_={name: USAGE_DAYS.c[name] + _new.excluded[name] for name in ("replies", "input_tokens", "output_tokens", "cost")},
    ),
    "usage_days.count",
)
_owner: Final = bindparam("owner_id", type_=Id)
_first: Final = bindparam("first", type_=Date)
_last: Final = bindparam("last", type_=Date)
_within: Final = (USAGE_DAYS.c.owner_id == _owner, USAGE_DAYS.c.day >= _first, USAGE_DAYS.c.day <= _last)
_DAYS: Final = Statement(
    select(USAGE_DAYS).where(*_within).order_by(USAGE_DAYS.c.day, USAGE_DAYS.c.agent_id, USAGE_DAYS.c.model), "usage_days.list"
)
_tokens: Final = func.sum(USAGE_DAYS.c.input_tokens + USAGE_DAYS.c.output_tokens).filter(USAGE_DAYS.c.day == _last)
_SPENT: Final = Statement(
    select(
        func.coalesce(_tokens, 0).cast(USAGE_DAYS.c.cost.type).label("tokens"),
        func.coalesce(func.sum(USAGE_DAYS.c.cost), 0).cast(USAGE_DAYS.c.cost.type).label("cost"),
    ).where(*_within),
    "usage_days.spent",
)

_FORGET: Final = Statement(
    delete(USAGE_ENTRIES).where(
        USAGE_ENTRIES.c.owner_id == _owner, USAGE_ENTRIES.c.id == func.any(bindparam("ids", type_=ARRAY(Id)))
    ),
    "usage_entries.forget",
)
FORGET_USAGE: Final = tuple(
    Statement(delete(table).where(table.c.owner_id == bindparam("owner_id")), f"{table.name}.forget_owner")
    for table in (USAGE_ENTRIES, USAGE_DAYS)
)


class PostgresUsage(UsageRepository):
    """The ledger of one owner."""

    def __init__(self, staging: Staging, owner_id: UserId) -> None:
        self._staging, self._owner_id = staging, owner_id

    def book(self, entry: UsageEntry) -> None:
        """Stage the entry and its day's count."""
        self._staging.add(_ENTRY, _entry_columns(entry))
        self._staging.add(_COUNT, {**_shared_columns(entry), "replies": 1})

    def forget(self, entry_ids: Sequence[str]) -> None:
        """Stage the deletion."""
        self._staging.add(_FORGET, {"owner_id": self._owner_id, "ids": list(entry_ids)})


class PostgresUsageReader(UsageReader):
    """Sums by day."""

    def __init__(self, placement: Placement) -> None:
        self._placement = placement

    async def list_days(
        self, owner_id: UserId, first: date, last: date, freshness: Freshness = Tolerance.FRESH
    ) -> Sequence[DayUsage]:
        """Read the sums in their order."""
        rows = await self._placement.of(owner_id, freshness).rows(_DAYS, owner_id=owner_id, first=first, last=last)
        return [
            DayUsage(
                row["day"], row["agent_id"] or None, row["model"], row["replies"],
                Usage(row["input_tokens"], row["output_tokens"]), row["cost"],
            )
            for row in rows
        ]

    async def spent(self, owner_id: UserId, today: date) -> Spent:
        """Sum them once more."""
        row = await self._placement.of(owner_id).row(_SPENT, owner_id=owner_id, first=today.replace(day=1), last=today)
        return Spent() if row is None else Spent(row["tokens"], row["cost"])


def _shared_columns(entry: UsageEntry) -> dict[str, Any]:
    return {
        "owner_id": entry.owner_id, "day": entry.day, "agent_id": entry.agent_id or "", "model": entry.model,
        "bucket": bucket_of(entry.owner_id),
        "input_tokens": entry.usage.input_tokens, "output_tokens": entry.usage.output_tokens, "cost": entry.cost,
    }


def _entry_columns(entry: UsageEntry) -> dict[str, Any]:
    own = {"id": entry.id, "session_id": entry.session_id, "estimated": entry.estimated, "at": entry.at}
    return {**_shared_columns(entry), **own}
