"""A viewer whose log has turned it away."""

import asyncio
from collections.abc import Sequence

from application.ports.run_log import MessageDelta, RunEvent
from application.runs.transcript import Transcripts
from application.runs.watching import WatchedFeed
from domain.shared.identifiers import RunId


async def test_a_viewer_that_is_turned_away_knows_at_once_and_asks_the_database_nothing() -> None:
    asked: list[int] = []

    async def remainder(cursor: int) -> Sequence[RunEvent]:
        asked.append(cursor)
        return ()

    transcript = Transcripts().open(RunId("run_one"))
    transcript.extend(1, [MessageDelta("a")])
    feed = WatchedFeed(transcript.feed(0), 0, remainder)
    assert len(await feed.next(5)) == 1
    waiting = asyncio.create_task(feed.next(600))
    await asyncio.sleep(0)
    transcript.turn_away()
    assert list(await asyncio.wait_for(waiting, 20)) == []
    assert (feed.closed, asked) == (True, [])
