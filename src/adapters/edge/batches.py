"""Splitting a purge into requests that a vendor takes."""

from collections.abc import Iterable, Sequence
from typing import Final

_SEPARATOR: Final = 1


def batches(keys: Iterable[str], most: int, longest: int | None = None) -> Sequence[Sequence[str]]:
    """Return the keys, each once and in order, at most `most` together and at most `longest` bytes with a separator each.

    The same keys make the same batches in whatever order they come. No key is longer than `longest`.
    """
    found: list[list[str]] = []
    room = 0
    for key in sorted(set(keys)):
        room -= len(key) + _SEPARATOR
        if not found or len(found[-1]) == most or (longest is not None and room < 0):
            found.append([])
            room = (longest or 0) - len(key)
        found[-1].append(key)
    return found
