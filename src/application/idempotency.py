"""A request with an `Idempotency-Key` is carried out once; who repeats it is told the same again.

A use case lets `carry_out` attempt it. An attempt asks `recall` before it does anything and lets `remember` store its answer in
the commit of its effect. Of two that run at once one loses its commit, starts over, and then recalls the other's answer.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from application.ports.idempotency import IdempotencyRepository, Remembered
from application.retrying import again_when_stale
from domain.shared.errors import Conflict, Invalid, NotFound
from domain.shared.identifiers import UserId

T = TypeVar("T")


class KeyReused(Invalid):
    """The key came with another request before."""

    code = "idempotency_key_reused"


class RequestInProgress(Conflict):
    """The request with this key is still being answered."""

    code = "idempotency_in_progress"
    repeatable = True


class SecretGone(Conflict):
    """The secret that was handed out can be told to nobody but who asked for it."""

    code = "idempotency_secret_gone"


@dataclass(slots=True)
class Once:
    """The key of a request, unique for its user, and the fingerprint by which a repetition is known.

    `seed` is made of a secret of the caller's and is never stored: secrets that the request hands out follow from it. `replayed`
    is set when the request turns out to be a repetition.
    """

    key: str
    request: bytes
    seed: bytes = b""
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The answer of use cases that have nothing to tell."""


async def carry_out(once: Once | None, attempt: Callable[[], Awaitable[T]]) -> T:
    """Run an attempt, again when it loses a race.

    What it finds gone or taken may be the doing of the same request at the same moment: it looks again, and then recalls that.
    """
    try:
        return await again_when_stale(attempt)
    except (NotFound, Conflict):
        if once is None or once.replayed:
            raise
        return await again_when_stale(attempt)


async def recall(keys: IdempotencyRepository, once: Once | None, owner_id: UserId, kind: type[T]) -> T | None:
    """Return what the same request was answered before, or None; KeyReused when it was another request, AnswerGone."""
    found = None if once is None else await keys.find(owner_id, once.key)
    if found is None or once is None:
        return None
    require_same(found, once)
    once.replayed = True
    return found.answer(kind)


def remember(keys: IdempotencyRepository, once: Once | None, owner_id: UserId, answer: object) -> None:
    """Store the answer on commit; StaleWrite there when the request was answered meanwhile."""
    if once is not None:
        keys.add(owner_id, once.key, once.request, answer)


def require_same(found: Remembered, once: Once) -> None:
    """Return if the key came with the same request before; KeyReused."""
    if found.request != once.request:
        raise KeyReused("This key came with another request before; give each request a key of its own.", param="Idempotency-Key")
