"""The watch over sends that do not come through."""

import asyncio

from entrypoints.http.stall_watch import StallWatch


async def test_a_send_that_does_not_come_through_is_noticed() -> None:
    stalled = asyncio.Event()
    watch = StallWatch(0.02, stalled.set)
    watch.begin()
    async with asyncio.timeout(20):
        await stalled.wait()


async def test_many_sends_that_come_through_are_no_stall_however_long_they_take_together() -> None:
    calls: list[str] = []
    watch = StallWatch(0.02, lambda: calls.append("stalled"))
    for _ in range(20):
        watch.begin()
        watch.end()
        await asyncio.sleep(0.005)
    assert calls == []


async def test_a_later_send_has_all_the_patience_and_is_noticed_all_the_same() -> None:
    loop, stalled = asyncio.get_running_loop(), asyncio.Event()
    watch = StallWatch(0.1, stalled.set)
    watch.begin()
    watch.end()
    await asyncio.sleep(0.05)
    watch.begin()
    began = loop.time()
    async with asyncio.timeout(20):
        await stalled.wait()
    assert loop.time() - began > 0.099


async def test_a_closed_watch_notices_nothing() -> None:
    calls: list[str] = []
    watch = StallWatch(0.01, lambda: calls.append("stalled"))
    watch.close()
    watch.begin()
    watch.close()
    await asyncio.sleep(0.05)
    assert calls == []
