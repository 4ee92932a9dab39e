"""Waits that share one timer."""

import asyncio

from application.alarm import Alarm


async def test_an_alarm_rings_at_the_time_for_which_it_was_set_last_be_it_sooner_or_later() -> None:
    loop, rung = asyncio.get_running_loop(), asyncio.Event()
    alarm = Alarm(rung.set)
    for before, last in ((600.0, 0.05), (0.01, 0.05)):
        alarm.set(before)
        alarm.set(last)
        began = loop.time()
        async with asyncio.timeout(20):
            await rung.wait()
        assert loop.time() - began > 0.049
        rung.clear()


async def test_one_that_is_stopped_rings_only_when_it_is_set_again() -> None:
    rung = asyncio.Event()
    alarm = Alarm(rung.set)
    alarm.set(0.01)
    alarm.stop()
    await asyncio.sleep(0.05)
    assert not rung.is_set()
    alarm.set(0.01)
    async with asyncio.timeout(20):
        await rung.wait()
