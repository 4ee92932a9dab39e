import asyncio

import pytest

from adapters.caching.joining import Flights
from tests.unit.caching.stored import HandClock


class Work:
    """Finds what it is told to, when it is told to."""

    def __init__(self) -> None:
        self.starts = 0
        self.result: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.starts += 1
        return await self.result


async def test_a_cancelled_caller_leaves_the_flight_to_the_others() -> None:
    flights, work = Flights(), Work()
    callers = [asyncio.create_task(flights.join("k", work)) for _ in range(3)]
    await asyncio.sleep(0)
    callers[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await callers[0]
    work.result.set_result("found")
    assert await asyncio.gather(*callers[1:]) == ["found", "found"]
    assert work.starts == 1


async def test_a_flight_whose_callers_are_all_gone_still_lands() -> None:
    flights, work = Flights(), Work()
    caller = asyncio.create_task(flights.join("k", work))
    await asyncio.sleep(0)
    caller.cancel()
    work.result.set_result("found")
    assert await flights.join("k", work) == "found"
    assert work.starts == 1


async def test_other_keys_fly_by_themselves() -> None:
    flights, work = Flights(), Work()
    callers = [asyncio.create_task(flights.join(key, work)) for key in "ab"]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    work.result.set_result("found")
    await asyncio.gather(*callers)
    assert work.starts == 2


async def test_a_flight_that_was_parted_with_leaves_the_new_one_alone() -> None:
    flights, old, new = Flights(), Work(), Work()
    early = asyncio.create_task(flights.join("k", old))
    await asyncio.sleep(0)
    flights.part(["k"])
    late = asyncio.create_task(flights.join("k", new))
    await asyncio.sleep(0)
    old.result.set_result("old")
    assert await early == "old"
    later = asyncio.create_task(flights.join("k", new))
    await asyncio.sleep(0)
    assert new.starts == 1
    new.result.set_result("new")
    assert [await late, await later] == ["new", "new"]


async def test_who_comes_after_a_flight_took_off_takes_the_next_one_with_all_who_waited() -> None:
    flights, old, new = Flights(), Work(), Work()
    early = asyncio.create_task(flights.join("k", old))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    late = [asyncio.create_task(flights.join("k", new)) for _ in range(10)]
    await asyncio.sleep(0)
    old.result.set_result("old")
    new.result.set_result("new")
    assert [await early, *await asyncio.gather(*late)] == ["old", *["new"] * 10]
    assert new.starts == 1


async def test_who_waited_takes_what_is_known_by_then() -> None:
    flights, work, known = Flights(), Work(), list[tuple[str]]()
    early = asyncio.create_task(flights.join("k", work))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    late = [asyncio.create_task(flights.join("k", work, lambda: known[0] if known else None)) for _ in range(10)]
    await asyncio.sleep(0)
    known.append(("kept",))
    work.result.set_result("found")
    assert [await early, *await asyncio.gather(*late)] == ["found", *["kept"] * 10]
    assert work.starts == 1


async def test_who_waits_for_a_flight_that_is_parted_with_waits_no_longer() -> None:
    flights, old, new = Flights(), Work(), Work()
    early = asyncio.create_task(flights.join("k", old))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    late = asyncio.create_task(flights.join("k", new))
    await asyncio.sleep(0)
    flights.part(["k"])
    new.result.set_result("new")
    assert await late == "new"
    old.result.set_result("old")
    assert await early == "old"


async def test_after_a_flight_has_ended_the_next_caller_starts_another() -> None:
    flights, work = Flights(), Work()
    work.result.set_result("found")
    assert [await flights.join("k", work) for _ in range(2)] == ["found", "found"]
    assert work.starts == 2


async def test_a_flight_that_has_flown_for_a_second_is_waited_for_no_more() -> None:
    clock = HandClock()
    flights, old, new = Flights(clock), Work(), Work()
    early = asyncio.create_task(flights.join("k", old))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    clock.now += 1
    late = asyncio.create_task(flights.join("k", new))
    new.result.set_result("new")
    assert await late == "new"
    old.result.set_result("old")
    assert await early == "old"
