"""What this process read a moment ago, decoded."""

from collections.abc import Callable
from typing import Any, Final

LONGEST_LIFETIME: Final = 1.0


class RecentObjects:
    """At most `most` objects by key, none older than `lifetime` (up to 1 s): the first to expire makes room."""

    def __init__(self, monotonic: Callable[[], float], *, most: int, lifetime: float) -> None:
        self._monotonic, self._most = monotonic, most
        self._lifetime = min(lifetime, LONGEST_LIFETIME)
        self._entries: dict[str, tuple[float, Any]] = {}

    def get(self, key: str) -> Any | None:
        """Return the object, or None when there is none young enough."""
        entry = self._entries.get(key)
        if entry is None or entry[0] <= self._monotonic():
            return None
        return entry[1]

    def put(self, key: str, found: Any, began: float) -> None:
        """Keep what a reading that began at this time of the clock has found."""
        self._entries.pop(key, None)
        self._entries[key] = (began + self._lifetime, found)
        self._make_room()

    def forget(self, key: str) -> None:
        """Keep it no longer."""
        self._entries.pop(key, None)

    def _make_room(self) -> None:
        now = self._monotonic()
        while self._entries:
            oldest = next(iter(self._entries))
            if len(self._entries) <= self._most and self._entries[oldest][0] > now:
                return
            del self._entries[oldest]
