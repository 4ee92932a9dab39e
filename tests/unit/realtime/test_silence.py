"""A viewer of a run that says nothing for long."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters.memory.clock import HandClock
from application.ports.run_log import End, MessageDelta, RunEvent
from application.runs.transcript import Transcript, Transcripts
from application.runs.watching import WatchedFeed
from domain.runs.run import RunStatus
from domain.shared.errors import Unavailable
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


async def outage(clock: HandClock, transcript: Transcript, text_told_at: int | None) -> list[float]:
    """Return when a database that is away was asked, until the log went on after ten seconds."""
    asked: list[float] = []

    async def remainder(_: int) -> Sequence[RunEvent]:
        asked.append(clock.monotonic())
        raise Unavailable("There is no database.")

    feed = WatchedFeed(transcript.feed(0), 0, remainder, text_told_at)
    waiting = asyncio.create_task(feed.next(1_000))
    await pass_by(clock, 10)
    transcript.extend(1, [End(RunStatus.COMPLETED)])
    assert [event.body for event in await waiting] == [End(RunStatus.COMPLETED)]
    assert list(await feed.next(1_000)) == []
    return asked


@pytest.mark.parametrize(("text_told_at", "asked"), [(None, [3, 9]), (0, [1, 7])])
def test_while_the_database_is_away_the_viewer_waits_for_the_log(text_told_at: int | None, asked: list[float]) -> None:
    clock, transcript = HandClock(), Transcripts().open(RunId("run_one"))
    with asyncio.Runner(loop_factory=lambda: HandLoop(clock)) as runner:
        assert runner.run(outage(clock, transcript, text_told_at)) == asked
