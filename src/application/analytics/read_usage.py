"""See what one's replies took."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from application.actor import Actor
from application.freshness import Freshness, Tolerance
from application.ports.clock import Clock
from application.ports.readers import UsageReader
from domain.analytics.usage import DayUsage
from domain.shared.errors import Invalid

_MOST_DAYS: Final = 92


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The sums of the days from `first` to `last`, both included, by day, agent and model."""

    first: date
    last: date
    days: Sequence[DayUsage]


@dataclass(frozen=True, slots=True)
class ReadUsage:
    """The caller's own usage: of this UTC month, unless days are named."""

    usage: UsageReader
    clock: Clock

    async def execute(
        self, actor: Actor, first: date | None, last: date | None, freshness: Freshness = Tolerance.FRESH
    ) -> UsageReport:
        """Return the report of at most 92 days; Invalid names the day that is wrong."""
        until = last or max(self.clock.now().date(), first or date.min)
        since = first or until.replace(day=1)
        if since > until:
            raise Invalid("'from' must not lie after 'to'.", param="from")
        if (until - since).days >= _MOST_DAYS:
            raise Invalid(f"'from' and 'to' may name {_MOST_DAYS} days at most.", param="from")
        return UsageReport(since, until, await self.usage.list_days(actor.user_id, since, until, freshness))
