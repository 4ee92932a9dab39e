"""What every ledger does. The fixtures: `shards` to book, `usage` to read."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from application.ports.readers import UsageReader
from application.ports.shards import Shards
from domain.analytics.usage import DayUsage, Spent, UsageEntry
from domain.runs.run import Usage
from domain.shared.errors import StaleWrite
from domain.shared.identifiers import AgentId, UserId
from tests.support.builders import NOW, new_run_id, new_user_id

_DAY = NOW.date()


def _entry(owner_id: UserId, **changes: object) -> UsageEntry:
    entry = UsageEntry(
        new_run_id(owner_id), owner_id, None, AgentId("agent_of_test"), "small", Usage(10, 5), 1_500, estimated=False, at=NOW
    )
    return replace(entry, **changes)  # type: ignore[arg-type]


async def _book(shards: Shards, *entries: UsageEntry) -> None:
    for entry in entries:
        async with shards.open(entry.owner_id) as unit:
            unit.usage.book(entry)
            await unit.commit()


class LedgerSuite:
    async def test_entries_are_summed_by_day_agent_and_model(self, shards: Shards, usage: UsageReader) -> None:
        owner = new_user_id()
        await _book(
            shards, _entry(owner), _entry(owner, usage=Usage(1, 2), cost=7), _entry(owner, agent_id=None),
            _entry(owner, model="large"), _entry(owner, at=NOW + timedelta(days=1)), _entry(new_user_id()),
        )
        agent = AgentId("agent_of_test")
        assert list(await usage.list_days(owner, _DAY, _DAY + timedelta(days=1))) == [
            DayUsage(_DAY, None, "small", 1, Usage(10, 5), 1_500),
            DayUsage(_DAY, agent, "large", 1, Usage(10, 5), 1_500),
            DayUsage(_DAY, agent, "small", 2, Usage(11, 7), 1_507),
            DayUsage(_DAY + timedelta(days=1), agent, "small", 1, Usage(10, 5), 1_500),
        ]
        assert list(await usage.list_days(owner, _DAY + timedelta(days=2), _DAY + timedelta(days=9))) == []

    async def test_what_was_spent_is_the_days_tokens_and_the_months_cost(self, shards: Shards, usage: UsageReader) -> None:
        owner, today = new_user_id(), date(2026, 1, 31)
        at = NOW.replace(day=31)
        assert await usage.spent(owner, today) == Spent(0, 0)
        await _book(
            shards, _entry(owner, at=at), _entry(owner, at=at, usage=Usage(1, 1), cost=5), _entry(owner, cost=100),
            _entry(owner, at=at + timedelta(days=1), cost=10**6), _entry(owner, at=NOW.replace(year=2025), cost=10**6),
        )
        assert await usage.spent(owner, today) == Spent(17, 1_605)

    async def test_an_entry_is_booked_once(self, shards: Shards, usage: UsageReader) -> None:
        owner = new_user_id()
        entry = _entry(owner)
        await _book(shards, entry)
        with pytest.raises(StaleWrite):
            await _book(shards, entry)
        assert await usage.spent(owner, _DAY) == Spent(15, 1_500)

    async def test_what_is_not_committed_is_not_booked(self, shards: Shards, usage: UsageReader) -> None:
        owner = new_user_id()
        async with shards.open(owner) as unit:
            unit.usage.book(_entry(owner))
        assert await usage.spent(owner, _DAY) == Spent(0, 0)

    async def test_the_ledger_goes_with_all_that_the_owner_has(self, shards: Shards, usage: UsageReader) -> None:
        owner, other = new_user_id(), new_user_id()
        await _book(shards, _entry(owner), _entry(other))
        async with shards.open(owner) as unit:
            unit.sessions.remove_all()
            await unit.commit()
        assert await usage.spent(owner, _DAY) == Spent(0, 0)
        assert await usage.spent(other, _DAY) == Spent(15, 1_500)
