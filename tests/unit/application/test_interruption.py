"""Ending a block of work early."""

import asyncio
from itertools import count

import pytest

from application.runs.interruption import Interruption


class Work:
    """A task that works within an interruption and then stores what there is, noting how far it came."""

    def __init__(self) -> None:
        self.interruption = Interruption()
        self.notes: list[str] = []
        self.go_on = asyncio.Event()
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async with self.interruption:
            self.notes.append("working")
            await self.go_on.wait()
            self.notes.append("done")
        await asyncio.sleep(0)
        self.notes.append("stored")

    async def reaches(self, note: str) -> None:
        for _ in count():
            if note in self.notes:
                return
            await asyncio.sleep(0)


async def test_a_request_ends_the_block_and_what_follows_it_runs() -> None:
    work = Work()
    await work.reaches("working")
    work.interruption.request()
    await work.task
    assert work.notes == ["working", "stored"]
    assert work.task.cancelling() == 0


async def test_without_a_request_the_block_runs_to_its_end() -> None:
    work = Work()
    work.go_on.set()
    await work.task
    assert work.notes == ["working", "done", "stored"]
    assert not work.interruption.requested


async def test_a_request_before_the_block_ends_it_at_its_first_wait() -> None:
    work = Work()
    work.interruption.request()
    await work.task
    assert work.notes == ["working", "stored"]


async def test_further_requests_change_nothing() -> None:
    work = Work()
    await work.reaches("working")
    for _ in range(3):
        work.interruption.request()
    await work.task
    assert work.notes == ["working", "stored"]


async def test_a_request_after_the_block_is_noted_and_ends_nothing() -> None:
    work = Work()
    work.go_on.set()
    await work.reaches("done")
    work.interruption.request()
    await work.task
    assert (work.notes[-1], work.interruption.requested) == ("stored", True)


async def test_a_cancellation_from_outside_passes() -> None:
    work = Work()
    await work.reaches("working")
    work.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work.task
    assert work.notes == ["working"]


@pytest.mark.parametrize("outer_first", [False, True])
async def test_a_cancellation_from_outside_passes_though_a_request_came_too(outer_first: bool) -> None:
    work = Work()
    await work.reaches("working")
    if outer_first:
        work.task.cancel()
    work.interruption.request()
    if not outer_first:
        work.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work.task
    assert work.notes == ["working"]


async def test_a_request_for_a_block_that_never_waits_does_not_end_what_follows() -> None:
    interruption = Interruption()
    interruption.request()
    async with interruption:
        pass
    await asyncio.sleep(0)
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]


async def test_an_error_of_the_block_passes_and_leaves_no_cancellation_behind() -> None:
    interruption = Interruption()
    interruption.request()
    with pytest.raises(ValueError, match="wrong"):
        async with interruption:
            raise ValueError("wrong")
    await asyncio.sleep(0)


async def test_a_cancellation_from_outside_passes_though_the_block_never_waited() -> None:
    interruption = Interruption()
    interruption.request()
    asyncio.get_running_loop().call_soon(asyncio.current_task().cancel)  # type: ignore[union-attr]
    with pytest.raises(asyncio.CancelledError):
        async with interruption:
            pass
    asyncio.current_task().uncancel()  # type: ignore[union-attr]


async def test_a_time_limit_around_the_block_still_works() -> None:
    interruption = Interruption()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0), interruption:
            await asyncio.Event().wait()
    assert not interruption.requested
