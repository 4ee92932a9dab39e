"""What becomes of a provider's bytes on their way through."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.models.passed_events import PassedEvents
from domain.runs.run import Usage

TRICKY = ('"usage":{"prompt_tokens":9}', "[DONE]", 'data: {"error":1}', "\n\n", "\r", "é", ',"usage":null', "plain")


def event(content: str, finish: str | None = None, **more: Any) -> bytes:
    """Return an event with text."""
    choices = [{"index": 0, "delta": {"content": content}, "finish_reason": finish}]
    return b"data: " + json.dumps({"choices": choices, **more}, separators=(",", ":")).encode() + b"\n\n"


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """Return the data cut at these places."""
    places = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(places)]


def passed(events: PassedEvents, chunks: list[bytes]) -> list[dict[str, Any]]:
    """Return what comes out, having looked that each piece is whole events."""
    out = [events.feed(chunk) for chunk in chunks]
    assert all(piece.endswith(b"\n\n") for piece in out if piece)
    return [json.loads(one.removeprefix(b"data: ")) for one in b"".join(out).split(b"\n\n") if one.startswith(b"data: ")]


@given(
    st.lists(st.sampled_from(TRICKY) | st.text(max_size=20), max_size=8), st.lists(st.integers(0, 10_000), max_size=12),
    st.sampled_from([b"\n", b"\r\n", b"\r"]), st.booleans(),
)
def test_however_a_stream_is_cut_and_its_lines_end_the_same_events_come_out(
    words: list[str], cuts: list[int], line_end: bytes, comments: bool
) -> None:
    written = [event(word, usage=None) for word in words]
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "more": {"cached": 1}}
    counted = b"data: " + json.dumps({"choices": [], "usage": usage}).encode() + b"\n\n"
    stream = (b": hello\n\n" if comments else b"").join([*written, counted, b"data: [DONE]\n\n"])
    events = PassedEvents()
    out = passed(events, pieces(stream.replace(b"\n", line_end), cuts))
    assert [one["choices"][0]["delta"]["content"] for one in out] == words
    assert all(not one.get("usage") for one in out)
    assert (events.done, events.failure, events.written().reply) == (True, None, "".join(words))
    assert events.usage is not None
    assert (events.usage.counted, json.loads(events.usage.told)) == (Usage(5, 3), usage)


def test_what_comes_alone_and_whole_is_the_very_same_object() -> None:
    chunk = event("Hello")
    assert PassedEvents().feed(chunk) is chunk


def test_usage_among_words_is_taken_out_and_the_words_stay() -> None:
    events = PassedEvents()
    (told,) = passed(events, [event("Hello", "stop", usage={"prompt_tokens": 1, "completion_tokens": 2}, x=1)])
    assert told == {"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": "stop"}], "x": 1}
    assert (events.usage is not None, events.finished) == (True, True)


@pytest.mark.parametrize("error", ['{"error": {"message": "full"}}', '{"error": "full"}', '{"x": 1, "error": "full"}'])
def test_an_error_breaks_the_stream_after_what_came_before_it(error: str) -> None:
    events = PassedEvents()
    out = passed(events, [event("Hel") + f"data: {error}\n\n".encode() + event("lo")])
    assert [one["choices"][0]["delta"]["content"] for one in out][:1] == ["Hel"]
    assert events.failure == "broke off: full"


def test_an_event_without_end_breaks_the_stream() -> None:
    events = PassedEvents()
    for _ in range(300):
        events.feed(b"x" * 1024)
    assert events.failure == "sent an event that is too long"


def test_all_kinds_of_words_count_and_those_of_the_reply_are_what_is_shown() -> None:
    call = {"index": 0, "function": {"name": "weather", "arguments": '{"at":"sea"}'}}
    deltas: list[Any] = [{"reasoning_content": "Hm. "}, {"content": "Yes."}, {"refusal": "No."}, {"tool_calls": [call]}]
    events = PassedEvents()
    for delta in deltas:
        events.feed(b"data: " + json.dumps({"choices": [{"delta": delta}]}).encode() + b"\n\n")
    written = events.written()
    assert (written.reply, written.text) == ("Yes.", 'Yes.Hm. No.weather{"at":"sea"}')
    assert not events.finished


def test_a_long_reply_is_not_kept_twice() -> None:
    events = PassedEvents()
    for number in range(2_000):
        events.feed(event(f"{number} "))
    assert events.written().reply == "".join(f"{number} " for number in range(2_000))
