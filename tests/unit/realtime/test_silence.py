"""A viewer of a run that says nothing for long."""

import asyncio
from collections.abc import Sequence

from adapters.memory.clock import HandClock
from application.ports.run_log import MessageDelta, RunEvent
from application.runs.transcript import Transcript, Transcripts
from application.runs.watching import WatchedFeed
from domain.shared.identifiers import RunId
from tests.unit.runs.node_life import HandLoop


async def pass_by(clock: HandClock, seconds: int) -> None:
    """Let the time go by, a second at a time."""
    for _ in range(seconds):
        await settled()
        clock.advance(1)
    await settled()


async def settled() -> None:
    """Let everybody go on who can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def silence(clock: HandClock, transcript: Transcript) -> list[float]:
    """Return when the database was asked: during 50 silent seconds, and during ten after a word."""
    asked: list[float] = []

    async def remainder(_: int) -> Sequence[RunEvent]:
        asked.append(clock.monotonic())
        return ()

    feed = WatchedFeed(transcript.feed(0), 0, remainder)
    waiting = asyncio.create_task(feed.next(1_000))
    await pass_by(clock, 50)
    transcript.extend(1, [MessageDelta("a")])
    assert len(await waiting) == 1
    waiting = asyncio.create_task(feed.next(1_000))
    await pass_by(clock, 10)
    feed.close()
    await waiting
    return asked


def test_the_database_is_asked_ever_more_rarely_until_something_is_told_again() -> None:
    clock, transcript = HandClock(), Transcripts().open(RunId("run_one"))
    with asyncio.Runner(loop_factory=lambda: HandLoop(clock)) as runner:
        assert runner.run(silence(clock, transcript)) == [3, 9, 21, 45, 53, 59]
