"""How cached values look in bytes, and how long they live."""

import random
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from msgspec import msgpack

from application.actor import Actor
from application.agents.views import AgentView
from application.paging import Page
from application.ports.cache import Lifetime
from application.sessions.views import SessionView
from domain.sessions.message import Message

T = TypeVar("T")
_SPREAD: Final = 0.1
# The last part of a life, in which a value that is used is refreshed.
_STALE: Final = 0.3
_ENCODER: Final = msgpack.Encoder()


@dataclass(frozen=True, slots=True)
class Shelf(Generic[T]):
    """What lies under a list's key: the page called `name`, and the generation of all others (none where nothing is cached)."""

    generation: str
    name: str
    page: T


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies under a session's key: the session, and with it the page of its messages called `name`, if it was asked for."""

    session: SessionView
    name: str = ""
    messages: Page[Message] | None = None


class Shape(Generic[T]):
    """MessagePack of one type; lifetimes are in seconds and the bound of what may be seen, `absent` is that of a None."""

    def __init__(self, kind: Any, *, lifetime: float, absent: float = 0.0) -> None:
        self._decoder: msgpack.Decoder[T] = msgpack.Decoder(kind)
        self.longest, self._absent = lifetime, absent

    def encode(self, value: T) -> bytes:
        """Return the value in bytes."""
        return _ENCODER.encode(value)

    def decode(self, stored: bytes) -> T:
        """Return the value; msgspec.DecodeError when the bytes are none of this shape."""
        return self._decoder.decode(stored)

    def lifetime_of(self, value: T) -> Lifetime:
        """Return how long to keep it, up to a fifth less at random so that what was filled together expires apart."""
        seconds = (self._absent if value is None else self.longest) * random.uniform(1 - 2 * _SPREAD, 1)  # noqa: S311
        return Lifetime(seconds, 0.0 if value is None else seconds * _STALE)


# Invalidation makes changes seen at once; lifetimes bound how long a change goes unseen whose invalidation was lost.
ACTOR: Final = Shape[Actor | None](Actor | None, lifetime=60.0, absent=1.0)
AGENT: Final = Shape[AgentView | None](AgentView | None, lifetime=30.0, absent=2.0)
CATALOGUE: Final = Shape[Shelf[Page[AgentView]]](Shelf[Page[AgentView]], lifetime=10.0)
CATALOGUE_PAGE: Final = Shape[Page[AgentView]](Page[AgentView], lifetime=10.0)
SESSION: Final = Shape[Desk | None](Desk | None, lifetime=30.0, absent=2.0)
SESSIONS: Final = Shape[Shelf[Page[SessionView]]](Shelf[Page[SessionView]], lifetime=30.0)
SESSION_PAGE: Final = Shape[Page[SessionView]](Page[SessionView], lifetime=30.0)
MESSAGE_PAGE: Final = Shape[Page[Message] | None](Page[Message] | None, lifetime=30.0, absent=2.0)
