"""What every bell does; `bell` and `other` are those of two nodes (or of one, where there can be no second)."""

import asyncio
from collections.abc import Sequence

from application.ports.run_bell import BellFeed, RunBell
from domain.shared.identifiers import RunId
from tests.support.builders import new_user_id


async def heard(feed: BellFeed, count: int) -> list[RunId]:
    """Return the next runs that ring."""
    runs: list[RunId] = []
    async with asyncio.timeout(20):
        while len(runs) < count:
            runs += await feed.next(5)
    return runs


def runs(*names: str) -> Sequence[RunId]:
    """Return runs with these names."""
    return [RunId(f"run_{name}") for name in names]


class RunBellSuite:
    async def test_whoever_listens_hears_all_that_rings_from_then_on(self, bell: RunBell, other: RunBell) -> None:
        owner, (before, one, two) = new_user_id(), runs("before", "one", "two")
        other.ring(owner, before)
        here = await bell.listen(owner)
        await heard_nothing_but(here, before)
        there = await other.listen(owner)
        bell.ring(owner, one)
        assert await heard(here, 1) == await heard(there, 1) == [one]
        other.ring(owner, two)
        assert await heard(here, 1) == await heard(there, 1) == [two]
        here.close()
        there.close()

    async def test_listeners_of_one_owner_hear_nothing_of_anothers(self, bell: RunBell, other: RunBell) -> None:
        owner, neighbour = new_user_id(), new_user_id()
        feed = await bell.listen(owner)
        await bell.listen(neighbour)
        other.ring(neighbour, runs("foreign")[0])
        other.ring(owner, runs("own")[0])
        assert await heard(feed, 1) == runs("own")

    async def test_a_listener_that_left_does_not_silence_the_others(self, bell: RunBell, other: RunBell) -> None:
        owner = new_user_id()
        leaving, staying = await bell.listen(owner), await bell.listen(owner)
        leaving.close()
        leaving.close()
        other.ring(owner, runs("one")[0])
        assert await heard(staying, 1) == runs("one")
        staying.close()
        again = await bell.listen(owner)
        other.ring(owner, runs("two")[0])
        assert await heard(again, 1) == runs("two")

    async def test_waiting_ends_with_patience_or_with_the_close(self, bell: RunBell) -> None:
        feed = await bell.listen(new_user_id())
        assert list(await feed.next(0.02)) == []
        waiting = asyncio.create_task(feed.next(30))
        await asyncio.sleep(0)
        feed.close()
        assert list(await waiting) == []


async def heard_nothing_but(feed: BellFeed, run: RunId) -> None:
    """Let what rang before the listening began pass: it may or may not be heard."""
    assert set(await feed.next(0.2)) <= {run}
