"""The shared HTTP caches in front of this application."""

import re
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from domain.shared.errors import Invalid, Unavailable

# Of the edges that we know CloudFront takes the shortest.
LONGEST_KEY: Final = 256
_KEY: Final = re.compile(rf"[!-+\--~]{{1,{LONGEST_KEY}}}")


class PurgeRefused(Invalid):
    """The edge will never take this purge: repeating it cannot help."""

    code = "purge_refused"


class EdgeBusy(Unavailable):
    """The edge takes no purge now; `after` is how many seconds it asks us to wait."""

    def __init__(self, message: str, after: float) -> None:
        super().__init__(message)
        self.after = after


@dataclass(frozen=True, slots=True)
class EdgeDialect:
    """In which header of an answer an edge reads the answer's surrogate keys, and what stands between two of them."""

    header: str
    separator: str = " "


class EdgePurger(Protocol):
    """Purges by surrogate key, as softly as the edge can: what is purged may still be served while the origin is away.

    Whoever makes one is an entry point of the group `onelast.edges`, `open_edge(options: Mapping[str, str]) -> EdgePurger`: the
    options are the settings ONELAST_EDGE_<NAME> by their lower-case names; a ValueError tells in a sentence which one is wrong.
    """

    @property
    @abstractmethod
    def dialect(self) -> EdgeDialect:
        """How answers tell this edge their keys; a class attribute will do."""

    @abstractmethod
    async def purge(self, keys: Sequence[str], purge_id: str) -> None:
        """Put all answers out of date that carry any of the keys; return when the edge has accepted it, within seconds.

        Purging twice equals once; a repetition of a purge that failed bears the same keys and the same `purge_id`. No keys, no
        purge. Unavailable (EdgeBusy if the edge says when) means: repeat it later. PurgeRefused means: never; nothing was purged.
        """

    @abstractmethod
    async def close(self) -> None:
        """Give back what is held open; the purger is not used afterwards."""


def require_keys(keys: Sequence[str]) -> None:
    """Return if each key is 1 to 256 visible ASCII characters without a comma, as all edges can take it; PurgeRefused."""
    for key in keys:
        if _KEY.fullmatch(key) is None:
            rule = f"1 to {LONGEST_KEY} visible ASCII characters without a comma"
            raise PurgeRefused(f"The surrogate key {key[:40]!r} is not {rule}.")
