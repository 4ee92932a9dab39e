"""An ended run told again from what is stored, to viewers who have seen any part of it live."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.ports.run_log import (
    AttemptStarted,
    End,
    MessageCompleted,
    MessageDelta,
    RunCancelled,
    RunCreated,
    RunEvent,
    RunEventBody,
    RunFailed,
)
from application.runs.replay import StoredFeed, last_events, stored_events
from application.runs.views import RunView
from domain.runs.run import RunError, RunStatus, Usage
from domain.sessions.message import Message, MessageStatus, Role, TextPart
from domain.shared.identifiers import MessageId, RunId, SessionId
from tests.support.builders import LATER, NOW

RUN, SESSION = RunId("run_1"), SessionId("session_1")
USAGE, ERROR = Usage(7, 2), RunError("model_unavailable", "Please try again.")
PIECES = st.lists(st.text("ab ", min_size=1, max_size=3).map(MessageDelta), max_size=5)
ATTEMPTS = st.lists(st.tuples(st.booleans(), PIECES), max_size=2)


def message(seq: int, role: Role, text: str, status: MessageStatus = MessageStatus.COMPLETED) -> Message:
    return Message(MessageId(f"message_{seq}"), SESSION, seq, role, (TextPart(text),), RUN, status, NOW)


def seen(bodies: Sequence[RunEventBody]) -> str:
    """Return the text that somebody has before the eyes who was told this."""
    text = ""
    for body in bodies:
        if isinstance(body, MessageDelta):
            text += body.text
        elif isinstance(body, AttemptStarted) and not body.keep:
            text = ""
    return text


@dataclass
class Told:
    """A run as its viewers were told it live, and what is stored of it."""

    run: RunView
    log: list[RunEventBody]
    exchange: list[Message]

    def replay(self, cursor: int) -> Sequence[RunEvent]:
        return stored_events(self.run, self.exchange, cursor)

    def bodies(self, cursor: int) -> list[RunEventBody]:
        return [event.body for event in self.replay(cursor)]


def told(status: RunStatus, streamed: Sequence[RunEventBody]) -> Told:
    """Return the run that streamed this and then ended so."""
    said, text = message(1, Role.USER, "Hello!"), seen(streamed)
    reply = message(2, Role.ASSISTANT, text, MessageStatus(status.value)) if text else None
    last_seq = len(streamed) + 3
    error = ERROR if status is RunStatus.FAILED else None
    run = RunView(RUN, SESSION, status, 3, USAGE, error, NOW, LATER, last_seq)
    outcomes: dict[RunStatus, RunEventBody] = {RunStatus.CANCELLED: RunCancelled(), RunStatus.FAILED: RunFailed(ERROR)}
    if reply is not None:
        outcomes[RunStatus.COMPLETED] = MessageCompleted(reply, USAGE)
    log = [RunCreated(run, said), *streamed, outcomes[status], End(status)]
    return Told(run, log, [said] if reply is None else [said, reply])


@st.composite
def tellings(draw: st.DrawFn) -> Told:
    """Runs of one or several attempts that ended in any way."""
    streamed: list[RunEventBody] = list(draw(PIECES))
    for number, (keep, pieces) in enumerate(draw(ATTEMPTS), 2):
        streamed += [AttemptStarted(number, "node_lost", keep=keep), *pieces]
    endings = [RunStatus.CANCELLED, RunStatus.FAILED, *([RunStatus.COMPLETED] if seen(streamed) else [])]
    return told(draw(st.sampled_from(endings)), streamed)


@given(tellings(), st.data())
def test_a_viewer_anywhere_gets_the_next_numbers_and_the_end_and_has_the_stored_text(run: Told, data: st.DataObject) -> None:
    cursor = data.draw(st.integers(0, run.run.last_seq - 1))
    events = run.replay(cursor)
    assert [event.seq for event in events] == list(range(cursor + 1, cursor + 1 + len(events)))
    assert {event.run_id for event in events} == {RUN}
    assert [isinstance(event.body, End) for event in events] == [False] * (len(events) - 1) + [True]
    assert seen([*run.log[:cursor], *run.bodies(cursor)]) == seen(run.log)


@given(tellings(), st.data())
def test_a_replay_that_breaks_anywhere_is_mended_by_the_next(run: Told, data: st.DataObject) -> None:
    had, cursor = list(run.log), data.draw(st.integers(0, run.run.last_seq))
    had = had[:cursor]
    for _ in range(3):
        part = run.bodies(cursor)[: data.draw(st.integers(0, 3))]
        had, cursor = [*had, *part], cursor + len(part)
    assert seen([*had, *run.bodies(cursor)]) == seen(run.log)


@given(tellings())
def test_a_viewer_from_the_start_is_told_the_run_without_its_detours(run: Told) -> None:
    text = seen(run.log)
    assert run.bodies(0) == [run.log[0], *([MessageDelta(text)] if text else []), *run.log[-2:]]


@given(tellings(), st.integers(0, 9))
def test_who_was_told_all_the_text_gets_the_rest_as_it_is_numbered_in_the_log(run: Told, past: int) -> None:
    cursor = run.run.last_seq - 2 + past
    events = last_events(run.run, run.exchange, cursor)
    assert [(event.seq, event.body) for event in events] == list(enumerate(run.log, 1))[-2 + min(past, 1) :]


@pytest.mark.parametrize("cursor", [1, 2, 3, 4, 5, 6])
def test_who_has_seen_a_part_is_told_that_it_is_replaced(cursor: int) -> None:
    run = told(RunStatus.COMPLETED, [MessageDelta("Hel"), MessageDelta("l"), MessageDelta("o")])
    assert run.bodies(cursor) == [
        AttemptStarted(3, "log_expired", keep=False), MessageDelta("Hello"), MessageCompleted(run.exchange[1], USAGE),
        End(RunStatus.COMPLETED),
    ]


def test_a_run_that_was_stopped_before_its_turn_is_told_in_three_events() -> None:
    run = told(RunStatus.CANCELLED, [])
    assert run.bodies(0) == run.log


def test_a_message_that_was_deleted_is_left_out() -> None:
    run = told(RunStatus.COMPLETED, [MessageDelta("Hello")])
    run.exchange.clear()
    assert run.bodies(0) == [End(RunStatus.COMPLETED)]


async def test_a_feed_of_stored_events_gives_them_once() -> None:
    events = told(RunStatus.FAILED, [MessageDelta("Hello")]).replay(0)
    feed = StoredFeed(events)
    assert [await feed.next(0), await feed.next(0)] == [events, ()]
    feed.close()
