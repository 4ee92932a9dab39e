"""Idempotency keys: what was answered to a request, kept for a day beside its effect."""

from abc import abstractmethod
from typing import Protocol, TypeVar

from domain.shared.errors import Conflict
from domain.shared.identifiers import UserId

T = TypeVar("T")


class AnswerGone(Conflict):
    """The request was carried out, and its answer can no longer be told."""

    code = "idempotency_answer_gone"


class Remembered(Protocol):
    """A request that was answered."""

    @property
    @abstractmethod
    def request(self) -> bytes:
        """Return the fingerprint of the request."""

    @abstractmethod
    def answer(self, kind: type[T]) -> T:
        """Return the answer; AnswerGone when it is of another kind (a release of another age may have stored it)."""


class IdempotencyRepository(Protocol):
    """Answers by owner and key; one that is over 24 hours old counts as missing."""

    @abstractmethod
    async def find(self, owner_id: UserId, key: str) -> Remembered | None:
        """Return what was answered to the owner's request with this key, or None."""

    @abstractmethod
    def add(self, owner_id: UserId, key: str, request: bytes, answer: object) -> None:
        """Store an answer, which is a dataclass, on commit; StaleWrite there if the key has an answer already.

        A key that is taken is told before anything else that is wrong with the commit.
        """


class ExpiredKeys(Protocol):
    """The keys that are over 24 hours old, in the catalog and on all shards."""

    @abstractmethod
    async def remove(self, limit: int) -> int:
        """Remove up to `limit` of them per database, the oldest first, and return how many that were.

        A database that is away is passed over; Unavailable when none answers.
        """
