"""How a run's events look to the AI SDK."""

import json
from typing import Any

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
from application.runs.views import RunView
from domain.runs.run import RunError, RunStatus, Usage
from domain.shared.identifiers import RunId, parse_identifier, reply_of
from entrypoints.http.ai_sdk.frames import UiMessageFrames
from tests.support.builders import new_session, new_user_id, replied, said

SESSION = new_session(new_user_id())
MESSAGE, RUN = said(SESSION)
REPLY = replied(SESSION, RUN)
CREATED = RunCreated(RunView.of(RUN), MESSAGE)
WHERE = {"session_id": SESSION.id, "run_id": RUN.id}
START = [{"type": "start", "messageId": reply_of(RUN.id), "messageMetadata": WHERE}, {"type": "start-step"}]
REPLACED = AttemptStarted(2, "provider_lost", keep=False)
DONE = [MessageCompleted(REPLY, Usage(11, 7)), End(RunStatus.COMPLETED)]


def chunks_of(*batches: list[RunEventBody]) -> list[dict[str, Any]]:
    """Return what a viewer gets who hears of the events in these batches."""
    frames, seq, text = UiMessageFrames(RUN.id, SESSION.id), 0, b""
    for batch in batches:
        events = [RunEvent(RUN.id, seq + place, body) for place, body in enumerate(batch, 1)]
        seq += len(batch)
        text += frames(events)
    lines = text.decode().split("\n\n")
    assert lines.pop() == ""
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def text_shown(chunks: list[dict[str, Any]]) -> list[str]:
    """Return the text parts of the step, as the client's `processUIMessageStream` keeps them."""
    parts: dict[str, str] = {}
    for chunk in chunks:
        match chunk["type"]:
            case "text-start":
                parts[chunk["id"]] = ""
            case "text-delta":
                parts[chunk["id"]] += chunk["delta"]
            case "reset-step":
                parts.clear()
    return list(parts.values())


def test_a_reply_is_one_text_part_of_one_step() -> None:
    assert chunks_of([CREATED], [MessageDelta('Say "no" ')], [MessageDelta("more…\n")], DONE) == [
        *START,
        {"type": "text-start", "id": "1"},
        {"type": "text-delta", "id": "1", "delta": 'Say "no" '},
        {"type": "text-delta", "id": "1", "delta": "more…\n"},
        {"type": "text-end", "id": "1"},
        {"type": "finish-step"},
        {"type": "finish", "finishReason": "stop", "messageMetadata": {
            "status": "completed", "usage": {"input_tokens": 11, "output_tokens": 7},
        }},
    ]


def test_it_makes_no_difference_in_which_batches_the_events_come() -> None:
    events = [CREATED, MessageDelta("a"), AttemptStarted(2, "node_lost", keep=True), MessageDelta("b"), *DONE]
    assert chunks_of(events) == chunks_of(*[[event] for event in events])


def test_the_message_is_called_what_the_stored_reply_is_called() -> None:
    name = chunks_of([CREATED])[0]["messageId"]
    assert parse_identifier("message", name, param="id") == name


def test_a_kept_beginning_is_continued_in_the_same_part() -> None:
    chunks = chunks_of([CREATED], [MessageDelta("a ")], [AttemptStarted(2, "node_lost", keep=True)], [MessageDelta("b")], DONE)
    assert text_shown(chunks) == ["a b"]


def test_what_is_replaced_is_taken_back_from_who_has_seen_it() -> None:
    chunks = chunks_of([CREATED], [MessageDelta("wrong")], [REPLACED], [MessageDelta("right")], DONE)
    assert [chunk["type"] for chunk in chunks].count("reset-step") == 1
    assert text_shown(chunks) == ["right"]


def test_each_replacement_takes_back_what_the_one_before_began() -> None:
    chunks = chunks_of([MessageDelta("a")], [REPLACED], [MessageDelta("b")], [REPLACED], [MessageDelta("c")], DONE)
    assert text_shown(chunks) == ["c"]


def test_who_comes_later_is_never_told_what_was_replaced() -> None:
    chunks = chunks_of([CREATED, MessageDelta("wrong"), REPLACED, MessageDelta("right"), *DONE])
    assert "reset-step" not in {chunk["type"] for chunk in chunks}
    assert text_shown(chunks) == ["right"]


def test_who_has_seen_the_beginning_is_told_that_it_is_replaced_in_a_later_batch() -> None:
    chunks = chunks_of([MessageDelta("wrong")], [MessageDelta(" and wrong"), REPLACED, MessageDelta("right"), *DONE])
    assert text_shown(chunks) == ["right"]


def test_nothing_is_taken_back_before_anything_was_told() -> None:
    assert chunks_of([CREATED], [REPLACED]) == START


def test_a_stopped_reply_closes_its_text_and_says_so() -> None:
    assert chunks_of([CREATED], [MessageDelta("a")], [RunCancelled(), End(RunStatus.CANCELLED)])[4:] == [
        {"type": "text-end", "id": "1"},
        {"type": "finish-step"},
        {"type": "abort"},
        {"type": "finish", "finishReason": "other", "messageMetadata": {"status": "cancelled"}},
    ]


def test_a_failure_is_told_in_words_fit_for_the_user() -> None:
    failed = RunFailed(RunError("model_unavailable", "Please try again."))
    assert chunks_of([CREATED, failed, End(RunStatus.FAILED)]) == [*START, {"type": "error", "errorText": "Please try again."}]


def test_a_run_whose_beginning_is_lost_begins_all_the_same() -> None:
    assert chunks_of([MessageDelta("a")])[:2] == START
    assert UiMessageFrames(RunId(RUN.id), SESSION.id)([]) == b""
