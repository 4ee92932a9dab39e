"""What replies took and what they cost: a ledger by reply, and its sums by day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from domain.runs.run import Usage
from domain.shared.errors import Invalid
from domain.shared.identifiers import AgentId, SessionId, UserId

_PER_TOKENS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens read and written cost, in billionths of a dollar."""

    input: int
    output: int

    def __post_init__(self) -> None:
        if min(self.input, self.output) < 0:
            raise Invalid("A price must not be negative.", param="prices")

    def of(self, usage: Usage) -> int:
        """Return the cost in billionths of a dollar, rounded up."""
        millionths = usage.input_tokens * self.input + usage.output_tokens * self.output
        return -(-millionths // _PER_TOKENS)


FREE_OF_CHARGE: Final = Price(0, 0)


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices by model; '*' is that of every model without one of its own, and nothing costs anything where neither stands."""

    prices: Mapping[str, Price]

    def cost(self, model: str, usage: Usage) -> int:
        """Return what the tokens cost, in billionths of a dollar."""
        price = self.prices.get(model) or self.prices.get("*", FREE_OF_CHARGE)
        return price.of(usage)


@dataclass(frozen=True, slots=True)
class UsageEntry:
    """What one reply took, booked once: `id` is that of its run (or of the completion, if nothing was stored).

    `agent_id` is None for a model that was asked without an agent; `estimated` tells that the provider sent no count.
    """

    id: str
    owner_id: UserId
    session_id: SessionId | None
    agent_id: AgentId | None
    model: str
    usage: Usage
    cost: int
    estimated: bool
    at: datetime

    @property
    def day(self) -> date:
        """The UTC day that it counts for."""
        return self.at.date()


@dataclass(frozen=True, slots=True)
class DayUsage:
    """The sums of a day by agent and model; cost in billionths of a dollar."""

    day: date
    agent_id: AgentId | None
    model: str
    replies: int
    usage: Usage
    cost: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What a user has taken: tokens on a UTC day, and in its month until that day billionths of a dollar."""

    tokens: int = 0
    cost: int = 0


NOTHING_SPENT: Final = Spent()
