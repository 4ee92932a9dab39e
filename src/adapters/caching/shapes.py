"""How cached values look in bytes, and how long they live."""

import random
from typing import Any, Final, Generic, TypeVar

from msgspec import msgpack

from application.actor import Actor
from application.agents.views import AgentView
from application.paging import Page

T = TypeVar("T")
_SPREAD: Final = 0.1
_ENCODER: Final = msgpack.Encoder()


class Shape(Generic[T]):
    """MessagePack of one type; lifetimes are in seconds, `absent` is that of a None."""

    def __init__(self, kind: Any, *, lifetime: float, absent: float = 0.0) -> None:
        self._decoder: msgpack.Decoder[T] = msgpack.Decoder(kind)
        self._lifetime, self._absent = lifetime, absent

    def encode(self, value: T) -> bytes:
        """Return the value in bytes."""
        return _ENCODER.encode(value)

    def decode(self, stored: bytes) -> T:
        """Return the value; msgspec.DecodeError when the bytes are none of this shape."""
        return self._decoder.decode(stored)

    def lifetime_of(self, value: T) -> float:
        """Return how long to keep it, spread by a tenth either way so that what was filled together expires apart."""
        return (self._absent if value is None else self._lifetime) * random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311


# Invalidation makes changes seen at once; lifetimes bound how long a change goes unseen whose invalidation was lost.
ACTOR: Final = Shape[Actor | None](Actor | None, lifetime=10.0, absent=1.0)
AGENT: Final = Shape[AgentView | None](AgentView | None, lifetime=30.0, absent=2.0)
CATALOGUE: Final = Shape[str](str, lifetime=30.0)
CATALOGUE_PAGE: Final = Shape[Page[AgentView]](Page[AgentView], lifetime=10.0)
