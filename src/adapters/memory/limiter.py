"""Limits counted in this process: the fake of tests, and each node's share while the common count is away."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from application.limits.counting import DAY_MICROS, Counted, admission_of, interval_of, micros_of, rescaled, share_of
from application.ports.clock import Clock
from application.ports.limiter import (
    COUNT_AGES_AFTER_SECONDS,
    NOT_LIMITED,
    SLOT_LEASE_SECONDS,
    Admission,
    Allowance,
    Limit,
    Limiter,
    Slot,
)
from application.ports.readers import UsageReader
from domain.analytics.usage import NOTHING_SPENT, Spent
from domain.shared.identifiers import UserId
from domain.users.limits import Limits

_NEVER: Final = -(10**18)


@dataclass(slots=True)
class _Count:
    """One owner's: `ledger` is what the database had at `read_at`, `tokens` and `cost` what was settled since."""

    day: date
    tat: int = 0
    interval: int = 0
    requests: int = 0
    ledger: Spent = NOTHING_SPENT
    tokens: int = 0
    cost: int = 0
    read_at: int = _NEVER
    readings: int = 0
    slots: dict[str, tuple[int, int]] = field(default_factory=dict)

    def roll(self, today: date) -> None:
        """Begin a new day, or month."""
        same_month = (self.day.year, self.day.month) == (today.year, today.month)
        kept = self.ledger.cost + self.cost if same_month else 0
        self.day, self.requests, self.tokens, self.cost, self.ledger = today, 0, 0, 0, Spent(0, kept)

    @property
    def taken(self) -> int:
        """The day's tokens, those set aside included."""
        return self.ledger.tokens + self.tokens + sum(tokens for _, tokens in self.slots.values())


class MemoryLimiter(Limiter):
    """Gives out one of `parts` equal parts of every limit; of tokens and money, of what the ledger leaves of it."""

    def __init__(self, clock: Clock, usage: UsageReader, *, parts: int = 1) -> None:
        self._clock, self._usage, self._parts = clock, usage, parts
        self._counts: dict[UserId, _Count] = {}
        self._today = clock.now().date()

    async def admit(self, allowance: Allowance, slot: Slot | None = None) -> Admission:
        """Count, after a look at the ledger if the last one was long ago."""
        if slot is not None:
            await self._read(allowance.owner_id)
        limits, count = share_of(allowance.limits, self._parts), self._count(allowance.owner_id)
        now, interval = micros_of(self._clock.now()), interval_of(limits.requests_per_minute)
        tat = now + rescaled(max(count.tat - now, 0), count.interval, limits.requests_per_minute)
        refused = _over_requests(limits, count, tat + interval - now)
        if refused is None and slot is not None:
            refused = self._over(allowance, limits, count, slot)
        if refused is None:
            tat += interval
            count.tat, count.interval, count.requests = tat, interval, count.requests + 1
            if slot is not None:
                self._take(count, slot, now)
        return admission_of(limits, Counted(tat - now, count.requests, count.taken, DAY_MICROS - now % DAY_MICROS), refused)

    def settle(self, slot: Slot, spent: Spent) -> None:
        """Count it."""
        count = self._count(slot.owner_id)
        count.slots.pop(slot.id, None)
        count.tokens += spent.tokens
        count.cost += spent.cost

    def release(self, slot: Slot) -> None:
        """Forget it."""
        self._count(slot.owner_id).slots.pop(slot.id, None)

    def renew(self, slots: Collection[Slot]) -> None:
        """Take them again."""
        now = micros_of(self._clock.now())
        for slot in slots:
            self._take(self._count(slot.owner_id), slot, now)

    def _take(self, count: _Count, slot: Slot, now: int) -> None:
        count.slots[slot.id] = (now + round(SLOT_LEASE_SECONDS * 1_000_000), slot.tokens)

    def _over(self, allowance: Allowance, limits: Limits, count: _Count, slot: Slot) -> Limit | None:
        """Return which limit the slot would pass."""
        budget, cost = allowance.monthly_budget, count.ledger.cost
        if budget != NOT_LIMITED and cost + count.cost >= self._part(budget, cost):
            return Limit.MONTHLY_BUDGET
        if count.taken + min(slot.tokens, limits.tokens_per_day) > self._part(limits.tokens_per_day, count.ledger.tokens):
            return Limit.TOKENS_PER_DAY
        return Limit.CONCURRENT_STREAMS if len(count.slots) >= limits.concurrent_streams else None

    def _part(self, most: int, gone: int) -> int:
        """Return how far this part may go, when of `most` so much is gone."""
        return gone + -(-max(most - gone, 0) // self._parts)

    def _count(self, owner_id: UserId) -> _Count:
        now = self._clock.now()
        if now.date() != self._today:
            self._today = now.date()
            self._counts = {owner: count for owner, count in self._counts.items() if count.slots}
        count = self._counts.get(owner_id)
        if count is None:
            count = self._counts[owner_id] = _Count(self._today)
        if count.day != self._today:
            count.roll(self._today)
        if count.slots:
            moment = micros_of(now)
            count.slots = {name: held for name, held in count.slots.items() if held[0] > moment}
        return count

    async def _read(self, owner_id: UserId) -> None:
        count = self._count(owner_id)
        now = micros_of(self._clock.now())
        if now - count.read_at < COUNT_AGES_AFTER_SECONDS * 1_000_000:
            return
        day, tokens, cost, reading = count.day, count.tokens, count.cost, count.readings
        found = await self._usage.spent(owner_id, day)
        if (count.day, count.readings) == (day, reading):
            # What was settled since the reading began may not be in it.
            count.ledger, count.tokens, count.cost = found, count.tokens - tokens, count.cost - cost
            count.read_at, count.readings = now, reading + 1


def _over_requests(limits: Limits, count: _Count, ahead: int) -> Limit | None:
    if ahead > limits.requests_per_minute * interval_of(limits.requests_per_minute):
        return Limit.REQUESTS_PER_MINUTE
    return Limit.REQUESTS_PER_DAY if count.requests >= limits.requests_per_day else None
