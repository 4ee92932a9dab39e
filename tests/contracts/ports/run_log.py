"""What every run log keeps, on one node and on several."""

import asyncio
from datetime import UTC, datetime

import pytest

from application.ports.run_log import (
    AttemptStarted,
    End,
    FencedOut,
    MessageDelta,
    RunCreated,
    RunEvent,
    RunFeed,
    RunLog,
    RunWriter,
)
from application.runs.reply import text_told
from application.runs.views import RunView
from domain.runs.run import RunStatus
from domain.sessions.message import Message, MessageStatus, Role, TextPart
from domain.shared.identifiers import MessageId, RunId, SessionId, make_identifier

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
_numbers = iter(range(1, 1_000_000))


def new_run() -> RunCreated:
    """Return the first event of a run that no other test has."""
    run_id = RunId(make_identifier("run", millis=1_700_000_000_000, bucket=7, entropy=next(_numbers)))
    session = SessionId("session_1")
    message = Message(
        MessageId("message_1"), session, 1, Role.USER, (TextPart("Hi ✓"),), run_id, MessageStatus.COMPLETED, NOW, "client-1"
    )
    return RunCreated(RunView(run_id, session, RunStatus.STREAMING, 1, None, None, NOW, None, 0), message)


def opening(attempt: int, *, keep: bool = False) -> AttemptStarted:
    """Return the first event of a later attempt."""
    return AttemptStarted(attempt, "node_lost", keep=keep)


async def read_to_end(feed: RunFeed) -> list[RunEvent]:
    """Return all that comes until the end."""
    events: list[RunEvent] = []
    while not (events and isinstance(events[-1].body, End)):
        news = await feed.next(5.0)
        assert news, f"nothing followed {events[-3:]}"
        events += news
    feed.close()
    return events


def seqs(events: list[RunEvent]) -> list[int]:
    return [event.seq for event in events]


class RunLogSuite:
    """`log` and `other` are two nodes' views of one log (in memory the same object)."""

    @pytest.fixture
    def created(self) -> RunCreated:
        return new_run()

    async def write(self, writer: RunWriter, created: RunCreated, *texts: str) -> None:
        writer.tell(created)
        for text in texts:
            writer.tell(MessageDelta(text))
            await writer.settle()

    async def finish(self, writer: RunWriter) -> int:
        writer.tell(End(RunStatus.COMPLETED))
        return await writer.settle()

    async def test_events_are_numbered_from_one_without_gaps(self, log: RunLog, created: RunCreated) -> None:
        feed = await log.feed(created.run.id, 0)
        writer = log.begin(created.run.id)
        await self.write(writer, created, "a", "b", "c")
        last = await self.finish(writer)
        events = await read_to_end(feed)
        assert seqs(events) == list(range(1, last + 1))
        assert events[0].body == created
        assert text_told(events) == "abc"
        assert await log.last_seq(created.run.id) == last

    async def test_an_unknown_log_has_no_events(self, log: RunLog, created: RunCreated) -> None:
        assert await log.last_seq(created.run.id) == 0
        feed = await log.feed(created.run.id, 0)
        assert list(await feed.next(0.01)) == []
        feed.close()

    async def test_a_viewer_on_another_node_sees_the_same(self, log: RunLog, other: RunLog, created: RunCreated) -> None:
        writer = log.begin(created.run.id)
        early = await other.feed(created.run.id, 0)
        await self.write(writer, created, "a", "b")
        middle = await other.feed(created.run.id, 2)
        await self.write(writer, created, "c")
        await self.finish(writer)
        late = await other.feed(created.run.id, 1)
        whole = await read_to_end(early)
        assert seqs(whole) == list(range(1, len(whole) + 1))
        assert await read_to_end(middle) == whole[2:]
        assert await read_to_end(late) == whole[1:]
        assert await read_to_end(await log.feed(created.run.id, 0)) == whole

    async def test_a_closed_feed_gives_nothing_more(self, log: RunLog, created: RunCreated) -> None:
        writer = log.begin(created.run.id)
        feed = await log.feed(created.run.id, 0)
        waiting = asyncio.create_task(feed.next(30))
        await asyncio.sleep(0)
        feed.close()
        assert list(await waiting) == []
        await self.write(writer, created, "a")
        assert list(await feed.next(0)) == []

    async def test_waiting_for_news_ends_with_patience(self, log: RunLog, created: RunCreated) -> None:
        writer = log.begin(created.run.id)
        await self.write(writer, created)
        feed = await log.feed(created.run.id, 1)
        assert list(await feed.next(0.02)) == []
        writer.tell(MessageDelta("a"))
        assert [event.body for event in await feed.next(5)] == [MessageDelta("a")]
        feed.close()

    async def test_a_later_attempt_goes_on_behind_what_was_written(self, log: RunLog, other: RunLog, created: RunCreated) -> None:
        feed = await log.feed(created.run.id, 0)
        await self.write(log.begin(created.run.id), created, "a", "b")
        opened = await other.take_over(created, opening(2, keep=True))
        assert text_told(list(opened.written)) == "ab"
        opened.writer.tell(MessageDelta("c"))
        last = await self.finish(opened.writer)
        events = await read_to_end(feed)
        assert seqs(events) == list(range(1, last + 1))
        assert text_told(events) == "abc"

    async def test_a_later_attempt_of_a_run_without_events_tells_what_it_is_about(
        self, log: RunLog, other: RunLog, created: RunCreated
    ) -> None:
        opened = await other.take_over(created, opening(2))
        assert list(opened.written) == []
        await self.finish(opened.writer)
        events = await read_to_end(await log.feed(created.run.id, 0))
        assert [event.body for event in events] == [created, opening(2), End(RunStatus.COMPLETED)]

    async def test_an_overtaken_writer_is_refused_and_its_viewers_see_the_new_attempt(
        self, log: RunLog, other: RunLog, created: RunCreated
    ) -> None:
        old = log.begin(created.run.id)
        await self.write(old, created, "a")
        feed = await log.feed(created.run.id, 0)
        opened = await other.take_over(created, opening(2))
        with pytest.raises(FencedOut):
            await self.write(old, created, "lost")
        with pytest.raises(FencedOut):
            old.tell(MessageDelta("lost too"))
        opened.writer.tell(MessageDelta("b"))
        await self.finish(opened.writer)
        events = await read_to_end(feed)
        assert seqs(events) == list(range(1, len(events) + 1))
        assert text_told(events) == "b"
        assert "lost" not in "".join(event.body.text for event in events if isinstance(event.body, MessageDelta))

    async def test_of_two_who_take_over_the_later_attempt_wins(self, log: RunLog, other: RunLog, created: RunCreated) -> None:
        await self.write(log.begin(created.run.id), created, "a")
        third = await log.take_over(created, opening(3))
        with pytest.raises(FencedOut):
            await other.take_over(created, opening(2))
        await self.finish(third.writer)

    async def test_racing_attempts_leave_one_story_for_every_viewer(
        self, log: RunLog, other: RunLog, created: RunCreated
    ) -> None:
        feeds = [await log.feed(created.run.id, 0), await other.feed(created.run.id, 0)]
        all_began = asyncio.Event()

        async def make(node: RunLog, attempt: int) -> None:
            try:
                if attempt == 1:
                    writer = node.begin(created.run.id)
                    writer.tell(created)
                else:
                    writer = (await node.take_over(created, opening(attempt))).writer
                if attempt == 4:
                    all_began.set()  # nobody takes over what has ended
                for number in range(40):
                    writer.tell(MessageDelta(f"{attempt}.{number} "))
                    if number % 5 == 0:
                        await writer.settle()
                    await asyncio.sleep(0)
                await all_began.wait()
                await self.finish(writer)
            except FencedOut:
                return

        makers = [asyncio.create_task(make(log, 1))]
        for attempt in (2, 3, 4):
            await asyncio.sleep(0.002)
            makers.append(asyncio.create_task(make((log, other)[attempt % 2], attempt)))
        await asyncio.gather(*makers)
        stories = [await read_to_end(feed) for feed in feeds]
        assert seqs(stories[0]) == list(range(1, len(stories[0]) + 1))
        assert stories[0] == stories[1] == await read_to_end(await other.feed(created.run.id, 0))
        attempts = [event.body.attempt for event in stories[0] if isinstance(event.body, AttemptStarted)]
        assert attempts == sorted(set(attempts))
        assert attempts[-1] == 4
        assert text_told(stories[0]).split() == [f"4.{number}" for number in range(40)]
