"""Whatever clients send, the socket stays open and the node goes on."""

import json
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from tests.support.api import Caller
from tests.support.realtime import Node

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
NAMES = ("session_id", "content", "on_active", "client_message_id", "run_id", "starting_after", "event_id", "more")
TYPES = ("message.create", "run.follow", "run.cancel", "ping")
FRAMES = st.fixed_dictionaries({"type": st.sampled_from(TYPES) | VALUES}, optional=dict.fromkeys(NAMES, VALUES))
# Text that is no Unicode, no JSON number, or deeper than anybody reads.
ODD = st.sampled_from([
    b"\xed\xa0\x80",
    b'{"type":"ping","event_id":"\xed\xa0\x80"}', '{"type":"ping","event_id":"\\ud800"}',
    '{"type":"message.create","content":"\\udfff\\ud800"}', '{"type":"run.follow","starting_after":1e400}',
    '{"type":"run.follow","starting_after":NaN}', '{"type":"ping","type":"pong"}', "[" * 20_000,
    '{"a":' * 20_000,
    '{"type":' + "[" * 5_000 + "]" * 5_000 + "}", "9" * 10_000, "x" * 200_000,
    b"\x00" * 200_000, '{"type":"ping"}\x00', "\ufeff{}",
])
SENT = st.lists(
    ODD | st.text(max_size=200) | st.binary(max_size=200) | VALUES.map(json.dumps) | FRAMES.map(json.dumps), max_size=12
)


class FuzzSuite:
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
    @given(SENT)
    async def test_no_frame_ends_the_socket(self, near: Node, somebody: Caller, sent: list[Any]) -> None:
        async with near.tab(somebody) as tab:
            for frame in sent:
                await tab.connection.send(frame)
            await tab.quiet()
        answers = tab.frames[:-1]
        assert len(answers) == len(sent)
        assert {answer["type"] for answer in answers} <= {"error", "pong"}
        assert "internal_error" not in {answer["error"]["code"] for answer in answers if answer["type"] == "error"}
