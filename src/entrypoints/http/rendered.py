"""Bodies that are encoded once, and compressed once for each coding, for as long as what they show stays the same object."""

import hashlib
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from cachebox import LRUCache

from entrypoints.http.codings import IDENTITY, LEAST_BYTES, compress_to_keep
from entrypoints.http.negotiation import Choice

V = TypeVar("V")
_MOST_BYTES: Final = 8_388_608
# What an entry weighs beside its body and its view: the objects around them.
_AROUND: Final = 1_024


class RenderedAnswer:
    """A body with its entity tag, which is weak: all codings of the body share it."""

    __slots__ = ("_encoded", "_etag", "body")

    def __init__(self, body: bytes) -> None:
        self.body: Final = body
        self._etag: str | None = None
        self._encoded: dict[str, bytes] = {IDENTITY: body}

    @property
    def etag(self) -> str:
        """The entity tag, made when it is first asked for."""
        if self._etag is None:
            self._etag = f'W/"{hashlib.blake2b(self.body, digest_size=12).hexdigest()}"'
        return self._etag

    def encoded(self, coding: str) -> bytes:
        """Return the body in a coding, compressed at most once."""
        known = self._encoded.get(coding)
        if known is None:
            known = self._encoded[coding] = compress_to_keep(coding, self.body)
        return known

    def chosen(self, choice: Choice) -> tuple[str, bytes]:
        """Return the coding and the body for a caller; one that takes the bare body gets it where a coding gains nothing."""
        if choice.coding == IDENTITY or (len(self.body) < LEAST_BYTES and not choice.must):
            return IDENTITY, self.body
        encoded = self.encoded(choice.coding)
        if len(encoded) >= len(self.body) and not choice.must:
            return IDENTITY, self.body
        return choice.coding, encoded


class _Entry(Generic[V]):
    __slots__ = ("answer", "view")

    def __init__(self, view: V, answer: RenderedAnswer) -> None:
        self.view, self.answer = view, answer


class Rendered(Generic[V]):
    """Remembers answers by key while the view is the very same object; over so many bytes the least recently used goes.

    The readers behind hand out the same frozen view until it changes, so identity tells what is current. For one thread.
    """

    def __init__(self, encode: Callable[[V], bytes], most_bytes: int = _MOST_BYTES) -> None:
        self._encode, self._most = encode, most_bytes
        self._entries: LRUCache[Hashable, _Entry[V]] = LRUCache(most_bytes, getsizeof=_weight)

    def render(self, key: Hashable, view: V) -> RenderedAnswer:
        """Return the answer that shows the view; remembered under the key if it fits."""
        known = self._entries.get(key)
        if known is not None and known.view is view:  # type: ignore[redundant-expr]  # cachebox forgets that it may be None
            return known.answer
        entry = _Entry(view, RenderedAnswer(self._encode(view)))
        if _weight(key, entry) <= self._most:
            self._entries.insert(key, entry)
        return entry.answer

    @property
    def bytes(self) -> int:
        """How much is remembered, about."""
        return self._entries.current_size()


def _weight(_: Hashable, entry: _Entry[V]) -> int:
    """Return a bound that holds when all codings have been asked for."""
    return 4 * len(entry.answer.body) + _AROUND
