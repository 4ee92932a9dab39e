"""Each guard is needed: without it the machine finds somebody who reads what is too old."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import pytest

from adapters.caching.joining import Flights, Known
from adapters.caching.process_layer import ProcessLayer
from adapters.redis.cache_copies import Copies, Copy
from application.ports.cache import Hit
from tests.support.model_store import Hash, Line, ModelStore
from tests.unit.caching.proof.deployment import Deployment
from tests.unit.caching.proof.machine import FaultyMachine, prove

T = TypeVar("T")


class FillsWithoutLooking(ModelStore):
    """Takes a fill whose lease was taken away."""

    def stands(self, found: Hash, lease: str) -> bool:
        return True


class CountsFromTheFill(ModelStore):
    """A value lives from when it was stored, however long ago it was read."""

    def begins(self, found: Hash) -> int:
        return self.now


class ForgetsWhoHasCopies(ModelStore):
    """Tells the first who invalidates of the copies, and nobody who does so while that one still waits."""

    def remember(self, key: str, copies: dict[str, int]) -> None:
        pass


class TellsNobody(Copies):
    """Forgets here, and does not wait for others."""

    async def recall(self, invalidate: Callable[[str], Awaitable[Mapping[Copy, float]]]) -> None:
        await invalidate("ignored - - ")


class WaitsForNobody(Copies):
    """Tells others, and does not wait until they have heard."""

    async def recall(self, invalidate: Callable[[str], Awaitable[Mapping[Copy, float]]]) -> None:
        await invalidate(f"forget {self.name} 0 ")


class BoardsInTheAir(Flights):
    """Lets people join a reading that has begun, as long as nobody was told that it is out of date."""

    async def join(self, key: str, work: Callable[[], Awaitable[T]], known: Known = lambda: None) -> T:
        flight = self._flying.get(key)
        return await super().join(key, work, known) if flight is None else await asyncio.shield(flight.task)


class BoardsOutdated(BoardsInTheAir):
    """Does not part with what is out of date either."""

    def part(self, keys: object) -> None:
        pass


class KeepsForLong(ProcessLayer):
    """Keeps copies for longer than they were given."""

    def _keep(self, key: str, hit: Hit, began: float, reading: object) -> None:
        super()._keep(key, Hit(hit.value, keep=hit.keep * 5), began, reading)


class KeepsWhatWasForgotten(ProcessLayer):
    """Keeps what arrives after its key was forgotten."""

    def _keep(self, key: str, hit: Hit, began: float, reading: object) -> None:
        self._reading.setdefault(key, set()).add(reading)
        super()._keep(key, hit, began, reading)


class ForgetsThatItReconnected(Line):
    """Looks to the cache as if it had had one connection for ever."""

    @property
    def renewed_at(self) -> float:
        return -math.inf

    @renewed_at.setter
    def renewed_at(self, at: float) -> None:
        pass


SLOW, STILL = {"hold_messages"}, {"hold_answers", "answer_slowly_while_somebody_writes"}
# What stands in the place of each guard, and what must go wrong that somebody notices.
GUARDS: dict[str, tuple[dict[str, object], set[str]]] = {
    "the lease": ({"store_type": FillsWithoutLooking}, set()),
    "the beginning of a life": ({"store_type": CountsFromTheFill}, set()),
    "others who wait": ({"store_type": ForgetsWhoHasCopies}, SLOW),
    "telling": ({"copies_type": TellsNobody}, set()),
    "waiting": ({"copies_type": WaitsForNobody}, SLOW),
    "flights that have begun": ({"flights_type": BoardsInTheAir}, {"cut"}),
    "parting": ({"flights_type": BoardsOutdated}, set()),
    "the bound of copies": ({"process_type": KeepsForLong}, SLOW),
    "readings under way": ({"process_type": KeepsWhatWasForgotten}, STILL),
    "the outbox": ({"repeats": False}, set()),
    "what an empty server cannot know": ({"line_type": ForgetsThatItReconnected}, {"restart_the_store"}),
}


@pytest.mark.parametrize("guard", GUARDS)
def test_without_it_somebody_reads_what_is_too_old(guard: str) -> None:
    stand_ins, faults = GUARDS[guard]
    found = found_by(300, faults, type("Unguarded", (Deployment,), stand_ins))
    assert [text for text in found if " read version " in text]


def found_by(examples: int, faults: set[str], deployment_type: type[Deployment]) -> list[str]:
    """Return what somebody read that is too old, also when it is not the same each time."""
    found: list[str] = []
    try:
        prove(FaultyMachine, examples=examples, faults=faults, deployment_type=deployment_type)
    except* AssertionError as failures:
        found += [str(failure) for failure in failures.exceptions]
    return found


@pytest.mark.parametrize("guard", GUARDS)
def test_with_it_nobody_does(guard: str) -> None:
    prove(FaultyMachine, examples=10, faults=GUARDS[guard][1])
