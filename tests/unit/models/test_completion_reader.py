"""Chat completions out of bytes."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.models.completion_reader import CompletionReader
from domain.runs.run import Usage


def event(**body: Any) -> bytes:
    """Return the body as an event."""
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def text(content: str | None, **more: Any) -> bytes:
    """Return a chunk with this text."""
    return event(choices=[{"index": 0, "delta": {"content": content}, **more}])


WHOLE = (
    event(choices=[{"delta": {"role": "assistant", "content": ""}}]) + text("Grüße, ") + b": still here\r\n\r\n" + text("Welt 🌍")
    + event(choices=[{"delta": {}, "finish_reason": "stop"}], usage=None)
    + event(choices=[], usage={"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}) + b"data: [DONE]\n\n"
)


@given(st.lists(st.integers(0, len(WHOLE))))
def test_a_reply_reads_the_same_wherever_its_bytes_are_cut(cuts: list[int]) -> None:
    reader, borders = CompletionReader(), [0, *sorted(cuts), len(WHOLE)]
    read = "".join(reader.feed(WHOLE[start:end]) or "" for start, end in itertools.pairwise(borders))
    assert (read, reader.usage, reader.done, reader.failure) == ("Grüße, Welt 🌍", Usage(3, 2), True, None)


def test_bytes_without_an_event_are_told_from_events_without_text() -> None:
    reader = CompletionReader()
    assert [reader.feed(piece) for piece in (b": ping\n\n", b"data: {", b"}\n\n", text(None))] == [None, None, "", ""]


def test_a_finish_reason_makes_the_reply_whole_without_done() -> None:
    reader = CompletionReader()
    reader.feed(text("a", finish_reason="length"))
    assert (reader.finished, reader.done) == (True, False)


def test_what_follows_done_is_not_read() -> None:
    reader = CompletionReader()
    assert reader.feed(text("a") + b"data: [DONE]\n\n" + text("b") + b"data: junk\n\n") == "a"
    assert reader.failure is None


@pytest.mark.parametrize(("bad", "failure"), [
    (event(error={"message": "out of memory", "code": 500}), "broke off: out of memory"),
    (event(error="out of memory"), "broke off: out of memory"),
    (b"data: {nonsense\n\n", "sent an event that is not a completion chunk"),
    (b'data: {"choices": 7}\n\n', "sent an event that is not a completion chunk"),
    (b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n', "sent an event that is not a completion chunk"),
    (b"data: " + b"x" * 300_000, "sent an event that is too long"),
])
def test_the_text_before_a_fault_in_the_same_bytes_is_kept_and_the_text_after_it_is_not(bad: bytes, failure: str) -> None:
    reader = CompletionReader()
    assert reader.feed(text("before") + bad + text("after")) == "before"
    assert reader.failure == failure
    assert not reader.finished
