"""A provider's events under our names."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.ports.chat_model import ModelFailed
from domain.runs.run import Usage
from entrypoints.http.openai.relabelling import Relabelled

WORDS = st.text(max_size=12) | st.sampled_from(['"id":"theirs"', '"model":"inner"', "data: ", "\n\n", "theirs"])
NAMES = st.sampled_from(["theirs", "", 'x"y', "é", "a/b"])


def written(spaced: bool, **body: Any) -> bytes:
    """Return an event as a provider writes it."""
    return b"data: " + json.dumps(body, separators=None if spaced else (",", ":")).encode() + b"\n\n"


def read(data: bytes) -> list[dict[str, Any]]:
    """Return the events."""
    return [json.loads(one.removeprefix(b"data: ")) for one in data.split(b"\n\n") if one]


@given(
    st.lists(st.tuples(WORDS, NAMES, NAMES), min_size=1, max_size=6), st.booleans(), st.booleans(), st.booleans(), st.booleans()
)
def test_every_event_bears_our_names_and_is_the_same_otherwise(
    told: list[tuple[str, str, str]], spaced: bool, together: bool, behind: bool, named: bool
) -> None:
    bodies: list[dict[str, Any]] = []
    for text, name, model in told:
        names = {"id": name, "model": model} if named else {}
        call = {"id": "theirs", "function": {"arguments": text}}
        choices = {"created": 7, "choices": [{"delta": {"content": text, "tool_calls": [call]}}]}
        bodies.append(choices | names if behind else names | choices)
    ours, events = Relabelled("chatcmpl-1", "einstein", 1), [written(spaced, **body) for body in bodies]
    out = ours.events(b"".join(events)) if together else b"".join(map(ours.events, events))
    assert read(out) == [body | {"id": "chatcmpl-1", "model": "einstein"} for body in bodies]
    assert ours.created == 7


def test_comments_between_events_do_no_harm() -> None:
    ours, one = Relabelled("chatcmpl-1", "m", 1), written(False, id="a", model="b", choices=[])
    assert len(read(ours.events(one) + ours.events(b": ping\n\n" + one + b": ping\n\n") + ours.events(one))) == 3


@pytest.mark.parametrize("event", [b"data: {oops\n\n", b"data: 3\n\n", b"data: [1]\n\n"])
def test_what_is_no_object_is_a_failure_also_after_good_events(event: bytes) -> None:
    ours = Relabelled("chatcmpl-1", "m", 1)
    ours.events(written(False, id="a", model="b", choices=[]))
    with pytest.raises(ModelFailed):
        ours.events(event)


def test_a_whole_completion_keeps_all_but_names_and_has_a_usage() -> None:
    ours = Relabelled("chatcmpl-1", "m", 1)
    body = {"id": "a", "model": "b", "choices": [], "x": {"y": 1.5}}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    assert json.loads(ours.whole(json.dumps(body).encode(), Usage(3, 4))) == {
        **body, "id": "chatcmpl-1", "model": "m", "usage": usage
    }
    told = body | {"usage": {"prompt_tokens": 1}}
    assert json.loads(ours.whole(json.dumps(told).encode(), Usage(3, 4)))["usage"] == {"prompt_tokens": 1}
