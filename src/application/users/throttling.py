"""Slowing down who guesses, without locking out whom it is guessed about (docs/adr/0029-throttling-without-lock-out.md)."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from weakref import WeakValueDictionary

from application.ports.attempts import Attempts
from application.ports.clock import Clock
from domain.users.attempts import Patience, TooManyAttempts, network_of

_WITH_ONE_ACCOUNT: Final = Patience(5)
_FROM_ONE_PLACE: Final = Patience(50)
# All places from which the account was never used share one: it slows them, and nobody else.
_FROM_STRANGE_PLACES: Final = Patience(20)


@dataclass(frozen=True, slots=True)
class Mark:
    """A counter that an attempt is counted with, and how patient we are with it."""

    name: str
    patience: Patience


class Throttle:
    """Hears attempts, counts those that were wrong, and sends away who comes too early."""

    def __init__(self, attempts: Attempts, clock: Clock) -> None:
        self._attempts, self._clock = attempts, clock
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, marks: Sequence[Mark]) -> AsyncIterator[None]:
        """Let this node hear one attempt at a time with the first mark, so that many at once are no more than one by one."""
        lock = self._turns.setdefault(marks[0].name, asyncio.Lock())
        async with lock:
            await self.require_patience(marks)
            yield

    async def require_patience(self, marks: Sequence[Mark]) -> None:
        """Return if an attempt may be made now; TooManyAttempts."""
        tallies, now = await self._attempts.tallies([mark.name for mark in marks]), self._clock.now()
        wait = max(mark.patience.wait(tally, now) for mark, tally in zip(marks, tallies, strict=True))
        if wait > 0:
            raise TooManyAttempts(wait)

    async def count(self, marks: Sequence[Mark]) -> Sequence[int]:
        """Count an attempt that was wrong, or one of a kind that is always counted; return what each has come to."""
        return await self._attempts.add([mark.name for mark in marks])

    async def clear(self, marks: Sequence[Mark]) -> None:
        """Begin anew: who was right has proven to be the owner."""
        await self._attempts.forget([mark.name for mark in marks])


def account_marks(kind: str, email: str, address: str | None, known: Collection[str]) -> tuple[Mark, ...]:
    """Return the marks of an attempt on an account; `known` are the addresses that its owner has signed in from.

    From such a place only what came from there before can slow it down.
    """
    place = network_of(address)
    here = Mark(_name(kind, email, place), _WITH_ONE_ACCOUNT)
    if address is not None and any(network_of(one) == place for one in known):
        return (here,)
    return here, Mark(_name(f"{kind}-anywhere", email), _FROM_STRANGE_PLACES), place_mark(address)


def place_mark(address: str | None) -> Mark:
    """Return the mark of all that comes from one place."""
    return Mark(_name("place", network_of(address)), _FROM_ONE_PLACE)


def own_mark(kind: str, of: str) -> Mark:
    """Return the mark of what somebody who is signed in does to the own account."""
    return Mark(_name(kind, of), _WITH_ONE_ACCOUNT)


def _name(kind: str, *of: str) -> str:
    """Return a name that tells nobody whom it is about."""
    return f"{kind}:{sha256(' '.join(of).encode(errors='replace')).hexdigest()[:32]}"
