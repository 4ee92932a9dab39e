"""A run's events as those of a streamed response: numbers, cursors, and what OpenAI's own client makes of them."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import omit
from openai._models import construct_type_unchecked
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import ResponseStreamEvent

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
from application.runs.replay import stored_events
from application.runs.views import ResponseView, RunView
from domain.agents.agent import Sampling
from domain.runs.run import Run, RunError, RunOptions, RunStatus, Usage
from domain.sessions.message import Message, text_of
from domain.sessions.session import Session
from entrypoints.http.openai.response_events import ResponseEvents
from tests.support.builders import LATER, new_session, new_user_id, replied, said

LOST = RunError("model_unavailable", "The model could not finish.")


def asked(options: RunOptions | None = None) -> tuple[Session, Message, Run]:
    """Return a session in which something was said, and the run that answers it."""
    session = new_session(new_user_id())
    message, run = said(session)
    run.options = options or run.options
    return session, message, run


def numbered(run: Run, bodies: Sequence[RunEventBody]) -> list[RunEvent]:
    return [RunEvent(run.id, seq, body) for seq, body in enumerate(bodies, 1)]


def told(view: ResponseView, events: Sequence[RunEvent], after: int = -1, size: int = 1_000) -> list[dict[str, Any]]:
    """Return what a viewer at this cursor is told, in batches of this size, having looked at each frame."""
    encode = ResponseEvents(view, after)
    found = []
    for frame in b"".join(encode(events[start : start + size]) for start in range(0, len(events), size)).split(b"\n\n")[:-1]:
        kind, data = frame.decode().split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert kind == f"event: {event['type']}"
        found.append(event)
    return found


def accepted(events: Sequence[dict[str, Any]]) -> ResponseStreamState[Any]:
    """Return what OpenAI's client has made of the events, which refuses what does not go together."""
    state: ResponseStreamState[Any] = ResponseStreamState(text_format=omit, input_tools=omit)
    for event in events:
        state.handle_event(construct_type_unchecked(type_=ResponseStreamEvent, value=event))
    return state


@st.composite
def lives(draw: st.DrawFn) -> list[RunEventBody]:
    """A reply in pieces, made anew any number of times, kept or replaced, and how it ends."""
    pieces = st.text(min_size=1, max_size=4).map(MessageDelta)
    anew = st.booleans().map(lambda keep: AttemptStarted(2, "node_lost", keep=keep))
    session, message, run = asked()
    bodies: list[RunEventBody] = [RunCreated(RunView.of(run), message), *draw(st.lists(pieces | anew, max_size=12))]
    end = draw(st.sampled_from(["completed", "failed", "cancelled"]))
    text = standing(bodies)
    if end == "completed" and text:
        return [*bodies, MessageCompleted(replied(session, run, text), Usage(3, 4)), End(RunStatus.COMPLETED)]
    if end == "cancelled":
        return [*bodies, RunCancelled(), End(RunStatus.CANCELLED)]
    return [*bodies, RunFailed(LOST), End(RunStatus.FAILED)]


def standing(bodies: Sequence[RunEventBody]) -> str:
    """Return the text that is not replaced."""
    text = ""
    for body in bodies:
        if isinstance(body, MessageDelta):
            text += body.text
        elif isinstance(body, AttemptStarted) and not body.keep:
            text = ""
    return text


@given(lives(), st.integers(1, 5))
def test_every_cursor_gets_exactly_the_rest_whatever_the_batches(bodies: list[RunEventBody], size: int) -> None:
    _, message, run = asked()
    view, events = ResponseView.of(run, message), numbered(run, bodies)
    whole = told(view, events)
    assert [event["sequence_number"] for event in whole] == list(range(len(whole)))
    for cursor in range(-1, len(whole) - 1):
        assert told(view, events, cursor, size) == whole[cursor + 1 :]


@given(lives())
def test_the_official_client_takes_every_life_and_the_end_has_the_text_that_stands(bodies: list[RunEventBody]) -> None:
    _, message, run = asked()
    events = told(ResponseView.of(run, message), numbered(run, bodies))
    accepted(events)
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    final = events[-1]["response"]
    assert events[-1]["type"] in ("response.completed", "response.failed", "response.incomplete")
    assert "".join(part["text"] for item in final["output"] for part in item["content"]) == standing(bodies)
    added = [event["item"]["id"] for event in events if event["type"] == "response.output_item.added"]
    done = [event["item"]["id"] for event in events if event["type"] == "response.output_item.done"]
    assert added == done
    assert len(set(added)) == len(added)


@given(lives(), st.integers(0, 40))
def test_a_cursor_beyond_the_end_is_told_the_end_once_more_numbered_on(bodies: list[RunEventBody], beyond: int) -> None:
    _, message, run = asked()
    view, events = ResponseView.of(run, message), numbered(run, bodies)
    whole = told(view, events)
    again = told(view, events, len(whole) - 1 + beyond)
    assert again == [{**whole[-1], "sequence_number": len(whole) + beyond}]


def test_text_that_is_replaced_is_an_item_of_its_own_which_does_not_stand() -> None:
    session, message, run = asked()
    reply = replied(session, run, "New")
    bodies = [
        RunCreated(RunView.of(run), message), MessageDelta("Old"), AttemptStarted(2, "node_lost", keep=False),
        MessageDelta("New"), MessageCompleted(reply, Usage(1, 1)), End(RunStatus.COMPLETED),
    ]
    events = told(ResponseView(RunView.of(run), run.agent_id, run.model, run.options, message, reply), numbered(run, bodies))
    items = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert [(item["id"], item["status"], item["content"][0]["text"]) for item in items] == [
        (reply.id, "incomplete", "Old"), (f"{reply.id}_2", "completed", "New"),
    ]
    assert [event["output_index"] for event in events if "delta" in event] == [0, 1]
    assert [(item["id"], item["content"][0]["text"]) for item in events[-1]["response"]["output"]] == [(reply.id, "New")]


def test_text_that_is_kept_goes_on_in_its_item_and_no_event_tells_of_it() -> None:
    session, message, run = asked()
    reply = replied(session, run, "Half whole")
    bodies = [
        RunCreated(RunView.of(run), message), MessageDelta("Half "), AttemptStarted(2, "node_lost", keep=True),
        MessageDelta("whole"), MessageCompleted(reply, Usage(1, 1)), End(RunStatus.COMPLETED),
    ]
    kinds = [event["type"].removeprefix("response.") for event in told(ResponseView.of(run, message), numbered(run, bodies))]
    assert kinds == [
        "created", "in_progress", "output_item.added", "content_part.added", "output_text.delta", "output_text.delta",
        "output_text.done", "content_part.done", "output_item.done", "completed",
    ]


def test_a_viewer_whose_log_is_gone_is_told_the_rest_and_no_text_twice() -> None:
    session, message, run = asked()
    reply = replied(session, run, "All of it")
    view = ResponseView(RunView.of(run), run.agent_id, run.model, run.options, message, reply)
    rebuilt = stored_events(RunView.of(run), [message, reply], 0)
    for cursor in (4, 6, 7, 8, 30):
        events = told(view, rebuilt, cursor)
        assert [event["sequence_number"] for event in events] == list(range(cursor + 1, cursor + 1 + len(events)))
        assert not [event for event in events if "delta" in event]
        assert events[-1]["response"]["output"][0]["content"][0]["text"] == text_of(reply.content)


@pytest.mark.parametrize(("tokens", "status"), [(7, "incomplete"), (6, "completed")])
def test_a_reply_that_took_all_tokens_it_might_is_incomplete(tokens: int, status: str) -> None:
    session, message, run = asked(RunOptions(sampling=Sampling(max_tokens=7)))
    reply = replied(session, run, "Cut")
    bodies = [
        RunCreated(RunView.of(run), message), MessageDelta("Cut"), MessageCompleted(reply, Usage(1, tokens)),
        End(RunStatus.COMPLETED),
    ]
    last = told(ResponseView.of(run, message), numbered(run, bodies))[-1]
    assert (last["type"], last["response"]["status"]) == (f"response.{status}", status)
    assert (last["response"]["incomplete_details"] is None) == (status == "completed")
    assert last["response"]["completed_at"] == int(LATER.timestamp())


def test_a_failure_is_told_in_words_with_the_text_so_far() -> None:
    _, message, run = asked()
    bodies = [RunCreated(RunView.of(run), message), MessageDelta("Half"), RunFailed(LOST), End(RunStatus.FAILED)]
    last = told(ResponseView.of(run, message), numbered(run, bodies))[-1]
    assert (last["type"], last["response"]["status"]) == ("response.failed", "failed")
    assert last["response"]["error"] == {"code": "server_error", "message": LOST.message}
    assert [(item["status"], item["content"][0]["text"]) for item in last["response"]["output"]] == [("incomplete", "Half")]
