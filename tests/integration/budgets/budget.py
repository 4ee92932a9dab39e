"""What a route may cost, and how it is asked."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.api import Caller


@dataclass(frozen=True, slots=True)
class Asked:
    """A path with its parameters filled in, and a body."""

    path: str
    body: Any = None


Prepare = Callable[[Caller, Caller], Awaitable[Asked]]


def fixed(path: str, body: Any = None) -> Prepare:
    """Prepare nothing."""

    async def prepare(_: Caller, __: Caller) -> Asked:
        return Asked(path, body)

    return prepare


@dataclass(frozen=True, slots=True)
class Budget:
    """How to ask, and how many statements that costs where nothing is cached, and where the caller is known.

    A `repeated` statement counts once: it is asked again and again while the request waits. With `mailed` the body gets the
    token from the last letter with a link to that page; with `administrator` the callers are administrators.
    """

    prepare: Prepare
    cold: int
    warm: int
    repeated: str | None = None
    mailed: str | None = None
    administrator: bool = False

    def spent_on(self, statements: Sequence[str]) -> int:
        """Return how many statements count."""
        waiting = max(0, statements.count(self.repeated) - 1) if self.repeated else 0
        return len(statements) - waiting


Budgets = Mapping[tuple[str, str], Budget]
