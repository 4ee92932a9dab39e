"""How much a caller may take, counted over all nodes."""

from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from domain.analytics.usage import Spent
from domain.shared.identifiers import UserId
from domain.users.limits import Limits

# A slot whose node has not renewed it for so long is free again.
SLOT_LEASE_SECONDS: Final = 9.0
# What was counted without the database's word is compared with it after so long.
COUNT_AGES_AFTER_SECONDS: Final = 60.0
MINUTE_MICROS: Final = 60_000_000
NOT_LIMITED: Final = -1


class Limit(StrEnum):
    """What can be used up."""

    REQUESTS_PER_MINUTE = "requests_per_minute"
    REQUESTS_PER_DAY = "requests_per_day"
    MONTHLY_BUDGET = "monthly_budget"
    TOKENS_PER_DAY = "tokens_per_day"
    CONCURRENT_STREAMS = "concurrent_streams"


@dataclass(frozen=True, slots=True)
class Slot:
    """One of the owner's streams, with the tokens that are set aside for it; `id` is unique among the owner's."""

    owner_id: UserId
    id: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the owner may take: the limits, and in a month billionths of a dollar (-1: no bound)."""

    owner_id: UserId
    limits: Limits
    monthly_budget: int = NOT_LIMITED


@dataclass(frozen=True, slots=True)
class Standing:
    """How far something is used up: `remaining` of `limit`, and the seconds until all of it is there again."""

    limit: int
    remaining: int
    reset: float


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a request may pass (`refused` is None), else what is used up and in how many seconds to try again."""

    requests: Standing
    tokens: Standing
    refused: Limit | None = None
    retry_after: float = 0.0


class Held(Protocol):
    """A slot that somebody holds until the first `settle` or `release`; what comes after changes nothing."""

    @abstractmethod
    def settle(self, spent: Spent) -> None:
        """Give it back with what was booked."""

    @abstractmethod
    def release(self) -> None:
        """Give it back."""


class Limiter(Protocol):
    """Counts for all nodes what owners take; over a limit nothing is taken at all.

    Requests: as many as the minute's limit at once, and from then on one each time a minute divided by the limit has gone by
    (GCRA; in any t seconds at most limit + t * limit / 60); besides a number for each UTC day. Streams: slots, each free again
    when it is not renewed for SLOT_LEASE_SECONDS. Tokens of a UTC day and money of a month: what the ledger has, what was settled
    since, and what slots have set aside; the last replies may take more than that.
    """

    @abstractmethod
    async def admit(self, allowance: Allowance, slot: Slot | None = None) -> Admission:
        """Take one request, and with `slot` also a stream and its tokens; Unavailable when the ledger cannot be read.

        Budget, tokens and streams are looked at only for a slot.
        """

    @abstractmethod
    def settle(self, slot: Slot, spent: Spent) -> None:
        """Give the slot back, and count what was booked in the ledger, without waiting. Once for each slot."""

    @abstractmethod
    def release(self, slot: Slot) -> None:
        """Give the slot back, for nothing was booked, without waiting; nothing if it is free already."""

    @abstractmethod
    def renew(self, slots: Collection[Slot]) -> None:
        """Keep the slots for another lease, without waiting; one that is not taken is taken, whatever the limit."""
