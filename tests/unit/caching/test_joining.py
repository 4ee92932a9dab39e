import asyncio

import pytest

from adapters.caching.joining import Flights


class Work:
    """Finds what it is told to, when it is told to."""

    def __init__(self) -> None:
        self.starts = 0
        self.result: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.starts += 1
        return await self.result


async def test_a_cancelled_caller_leaves_the_flight_to_the_others() -> None:
    flights, work, landed = Flights(), Work(), list[str]()
    callers = [asyncio.create_task(flights.join("k", work, landed.append)) for _ in range(3)]
    await asyncio.sleep(0)
    callers[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await callers[0]
    work.result.set_result("found")
    assert await asyncio.gather(*callers[1:]) == ["found", "found"]
    assert (work.starts, landed) == (1, ["found"])


async def test_a_flight_whose_callers_are_all_gone_still_lands() -> None:
    flights, work, landed = Flights(), Work(), list[str]()
    caller = asyncio.create_task(flights.join("k", work, landed.append))
    await asyncio.sleep(0)
    caller.cancel()
    work.result.set_result("found")
    assert await flights.join("k", work, landed.append) == "found"
    assert (work.starts, landed) == (1, ["found"])


async def test_other_keys_fly_by_themselves() -> None:
    flights, work = Flights(), Work()
    callers = [asyncio.create_task(flights.join(key, work, lambda _: None)) for key in "ab"]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    work.result.set_result("found")
    await asyncio.gather(*callers)
    assert work.starts == 2


async def test_a_flight_that_was_parted_with_lands_nowhere_and_leaves_the_new_one_alone() -> None:
    flights, old, new, landed = Flights(), Work(), Work(), list[str]()
    early = asyncio.create_task(flights.join("k", old, landed.append))
    await asyncio.sleep(0)
    flights.part("k")
    late = asyncio.create_task(flights.join("k", new, landed.append))
    await asyncio.sleep(0)
    old.result.set_result("old")
    assert await early == "old"
    later = asyncio.create_task(flights.join("k", old, landed.append))
    await asyncio.sleep(0)
    new.result.set_result("new")
    assert [await late, await later, landed] == ["new", "new", ["new"]]
    assert (old.starts, new.starts) == (1, 1)


async def test_after_a_flight_has_ended_the_next_caller_starts_another() -> None:
    flights, work = Flights(), Work()
    work.result.set_result("found")
    assert [await flights.join("k", work, lambda _: None) for _ in range(2)] == ["found", "found"]
    assert work.starts == 2
