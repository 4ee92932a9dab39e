"""Server-sent events out of bytes."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.models.event_splitter import EventSplitter

LINES = st.sampled_from([
    b"data: one", b"data:two", b"data: ", b"data", b'data: {"a": 1}', b": a comment", b"event: delta", b"id: 7", b"retry: 9", b"",
    b"x" * 30,
])
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
STREAMS = st.lists(st.tuples(LINES, ENDS), max_size=30).map(lambda lines: b"".join(line + end for line, end in lines))


def split(stream: bytes, cuts: list[int], longest: int) -> tuple[list[bytes], bool]:
    """Return the events and whether one was too long, the stream being fed in pieces that end at the cuts."""
    splitter = EventSplitter(longest)
    borders = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    events = [event for start, end in itertools.pairwise(borders) for event in splitter.feed(stream[start:end])]
    return events, splitter.overflowed


@given(STREAMS, st.lists(st.integers(0, 2_000), max_size=40), st.sampled_from([20, 40, 10_000]))
def test_any_split_of_the_same_bytes_gives_the_same_events(stream: bytes, cuts: list[int], longest: int) -> None:
    assert split(stream, cuts, longest) == split(stream, [], longest)


@given(STREAMS)
def test_single_bytes_give_the_events_of_the_standards_own_algorithm(stream: bytes) -> None:
    lines = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")[:-1]
    expected, data = [], []
    for line in lines:
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif not line:
            expected += [b"\n".join(data)] if b"\n".join(data) else []
            data = []
    assert split(stream, list(range(len(stream))), 10_000) == (expected, False)


@pytest.mark.parametrize(("stream", "events"), [
    (b"data: a\n\n", [b"a"]),
    (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
    (b"data: a\rdata: b\r\r", [b"a\nb"]),
    (b": ping\n\nevent: x\nid: 1\ndata:  a\n\n", [b" a"]),
    (b"data: a\n\ndata: unfinished\n", [b"a"]),
    (b"\n\n\n\ndata: a\n\n\n\n", [b"a"]),
])
def test_events_are_read_as_the_standard_says(stream: bytes, events: list[bytes]) -> None:
    assert split(stream, [], 100) == (events, False)


def test_an_event_is_given_out_as_soon_as_its_last_byte_came() -> None:
    splitter = EventSplitter()
    assert [splitter.feed(piece) for piece in (b"data: a\r\n\r", b"data: b\r", b"\r")] == [[b"a"], [], [b"b"]]


@pytest.mark.parametrize(("size", "overflows"), [(100, False), (101, True)])
@pytest.mark.parametrize("cuts", [[], [105], list(range(110))])
def test_the_longest_event_is_let_through_and_one_byte_more_is_not(size: int, overflows: bool, cuts: list[int]) -> None:
    event = b"data: " + b"x" * (size - 6)
    events, overflowed = split(b"data: first\n\n" + event + b"\n\n", cuts, 100)
    assert (events, overflowed) == ([b"first"] if overflows else [b"first", event[6:]], overflows)


def test_nothing_is_kept_of_an_event_that_never_ends() -> None:
    splitter = EventSplitter(100)
    for _ in range(50):
        assert splitter.feed(b"data: " + b"x" * 50) == []
    assert splitter.overflowed
    assert splitter.feed(b"\n\ndata: a\n\n") == []
