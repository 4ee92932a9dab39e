"""Which content coding a caller gets (RFC 9110, section 12.5.3)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from entrypoints.http.codings import CODINGS, IDENTITY

_MOST_REMEMBERED_LENGTH: Final = 200
_WEIGHT: Final = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)
# Acceptable unless it is refused, but not asked for: whatever is asked for comes first.
_UNASKED: Final = 0.0001


@dataclass(frozen=True, slots=True)
class Choice:
    """The coding for a body; `must` when the caller refuses the bare body, however small it is."""

    coding: str
    must: bool


_BARE: Final = Choice(IDENTITY, must=False)


def choice_of(headers: Iterable[tuple[bytes, bytes]]) -> Choice:
    """Return the choice for a request with these headers."""
    lines = [value for name, value in headers if name == b"accept-encoding"]
    if not lines:
        return _BARE
    text = lines[0] if len(lines) == 1 else b",".join(lines)
    return _remembered(text) if len(text) <= _MOST_REMEMBERED_LENGTH else negotiate(text.decode("latin-1"))


def negotiate(accept: str) -> Choice:
    """Return the coding with the highest weight, of equal ones the one that we like best, for an `Accept-Encoding`.

    No coding with q=0 is chosen, nor one that is not named and has no `*`; where nothing is acceptable, the bare body it is.
    """
    weights = _weights(accept)
    anything = weights.get("*", 0.0)
    best = max(CODINGS, key=lambda coding: weights.get(coding, anything))
    weight, bare = weights.get(best, anything), weights.get(IDENTITY, weights.get("*", _UNASKED))
    if weight <= 0 or bare > weight:
        return _BARE
    return Choice(best, must=bare <= 0)


@lru_cache(256)
def _remembered(text: bytes) -> Choice:
    return negotiate(text.decode("latin-1"))


def _weights(accept: str) -> dict[str, float]:
    """Return each coding's weight; one that cannot be read is 0, and of two for one coding the lower counts."""
    weights: dict[str, float] = {}
    for item in accept.split(","):
        name, _, parameter = (part.strip(" \t") for part in item.lower().partition(";"))
        if name:
            coding = "gzip" if name == "x-gzip" else name
            weights[coding] = min(weights.get(coding, 1.0), _weight(parameter))
    return weights


def _weight(parameter: str) -> float:
    if not parameter:
        return 1.0
    found = _WEIGHT.fullmatch(parameter)
    return float(found[1]) if found else 0.0
