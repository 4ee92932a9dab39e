"""New work is refused evenly while the loop is late, and what was accepted never is."""

import json
from typing import Any

import pytest

from entrypoints.http.shedding import Shedding, Sheds

LATE, IN_TIME = 0.2, 0.0


def shedding(busy: int = 1_000) -> Shedding:
    return Shedding(0.05, lambda: busy)


def test_a_loop_in_time_refuses_nothing() -> None:
    shed = shedding()
    shed.judge(IN_TIME)
    assert not any(shed.refuses("request") for _ in range(1_000))
    assert shed.counts == {"request": 0, "socket": 0, "message": 0}


def test_a_late_loop_lets_a_share_pass_evenly() -> None:
    shed = shedding()
    shed.judge(0.06)
    refused = [shed.refuses("message") for _ in range(100)]
    assert shed.share == pytest.approx(0.95)
    assert sum(refused) == pytest.approx(5, abs=1)
    assert all(sum(refused[start : start + 20]) <= 3 for start in range(0, 100, 20))
    assert shed.counts["message"] == sum(refused)


def test_the_longer_work_is_late_the_less_passes_but_never_nothing() -> None:
    shed, shares = shedding(), []
    for _ in range(100):
        shed.judge(LATE)
        shares.append(shed.share)
    assert shares == sorted(shares, reverse=True)
    assert not all(shed.refuses("request") for _ in range(100))


def test_the_share_comes_back_little_by_little_when_the_loop_is_in_time() -> None:
    shed = shedding()
    for _ in range(30):
        shed.judge(LATE)
    shares = []
    while shed.share < 1.0:
        shed.judge(IN_TIME)
        shares.append(shed.share)
    assert len(shares) > 10
    assert shares == sorted(shares)
    assert not shed.refuses("request")


def test_a_process_with_little_to_do_refuses_nothing_however_late_it_is() -> None:
    shed = shedding(busy=3)
    shed.judge(LATE)
    assert shed.share == 1.0


def test_the_wait_for_a_connection_counts_and_that_of_the_quickest_database_alone() -> None:
    queues = [(0, 0), (0, 0)]
    shed = Shedding(0.05, lambda: 1_000, lambda: list(queues))
    for now, wait in (
        ([(100, 50), (100, 5_000)], 0.1), ([(200, 0), (100, 5_000)], 0.0),
        ([(200, 0), (200, 500)], 1.0), ([(200, 0), (200, 0)], 0.0),
    ):
        queues[:] = now
        shed.look()
        shed.look()
        assert shed.wait(0.2) == pytest.approx(wait)


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/sessions/session_1/messages", "/v1/chat/completions", "/v1/users"])
async def test_what_is_new_gets_a_503_in_the_envelope_before_its_body_is_read(path: str) -> None:
    answered = await _asked(path)
    start, body = answered
    assert start["status"] == 503
    assert dict(start["headers"])[b"retry-after"] == b"1"
    error = json.loads(body["body"])["error"]
    assert (error["code"], error["request_id"]) == ("overloaded", "req_1")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/docs", "/v1/runs/run_1/events", "/v1/runs/run_1/cancel"])
async def test_probes_and_what_was_accepted_are_never_refused(path: str) -> None:
    assert await _asked(path) == ["served"]


async def _asked(path: str) -> list[Any]:
    """Return what a process that lets nearly nothing pass sends; a body that is asked for fails the test."""
    shed, sent = shedding(), list[Any]()
    for _ in range(100):
        shed.judge(LATE)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        sent.append("served")

    async def receive() -> Any:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "http", "path": path, "state": {"request_id": "req_1"}}
    await Sheds(app, shed)(scope, receive, send)
    return sent
