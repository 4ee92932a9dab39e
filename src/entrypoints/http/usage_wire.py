"""The wire of usage."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

from application.analytics.read_usage import UsageReport
from domain.analytics.usage import DayUsage
from domain.shared.money import dollars_of
from entrypoints.http.wire import Out


class UsageSum(Out, frozen=True):
    """Replies, their tokens, and what they cost in dollars, exact to a billionth."""

    replies: int
    input_tokens: int
    output_tokens: int
    cost_usd: str

    @classmethod
    def of(cls, days: Iterable[DayUsage]) -> "UsageSum":
        """Return the sum of these."""
        known = tuple(days)
        return cls(
            sum(one.replies for one in known), sum(one.usage.input_tokens for one in known),
            sum(one.usage.output_tokens for one in known), dollars_of(sum(one.cost for one in known)),
        )


class UsageDayOut(Out, frozen=True):
    """A UTC day's sums for one agent (null: a model was asked without one) and model."""

    date: date
    agent_id: str | None
    model: str
    replies: int
    input_tokens: int
    output_tokens: int
    cost_usd: str
    object: Literal["usage.day"] = "usage.day"

    @classmethod
    def of(cls, day: DayUsage) -> "UsageDayOut":
        """Return the shape of a view."""
        usage = day.usage
        return cls(
            day.day, day.agent_id, day.model, day.replies, usage.input_tokens, usage.output_tokens, dollars_of(day.cost)
        )


class UsageOut(Out, frozen=True, rename={"first": "from", "last": "to"}):
    """The days from `from` to `to`, both included, and their sum."""

    first: date
    last: date
    data: Sequence[UsageDayOut]
    total: UsageSum
    object: Literal["usage"] = "usage"

    @classmethod
    def of(cls, report: UsageReport) -> "UsageOut":
        """Return the shape of a report."""
        return cls(report.first, report.last, [UsageDayOut.of(day) for day in report.days], UsageSum.of(report.days))
