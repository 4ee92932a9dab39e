"""Runs: what may happen in which state."""

from collections.abc import Callable
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.runs.run import MOST_LOSSES, Run, RunEnded, RunError, RunFinished, RunStatus, Usage
from domain.shared.identifiers import AgentId, MessageId, NodeId, RunId, SessionId
from tests.support.builders import LATER, NOW, new_user_id

NODE, OTHER = NodeId("node_1"), NodeId("node_2")
USAGE, ERROR = Usage(7, 2), RunError("model_unavailable", "Please try again.")
Deed = Callable[[Run], None]
DEEDS: dict[str, Deed] = {
    "start": lambda run: run.start(NODE),
    "take_over": lambda run: run.take_over(OTHER, lost=True),
    "hand_over": lambda run: run.take_over(OTHER, lost=False),
    "restart": lambda run: run.restart(),
    "request_cancel": lambda run: run.request_cancel(),
    "complete": lambda run: run.complete(USAGE, last_seq=9, now=LATER),
    "cancel": lambda run: run.cancel(USAGE, last_seq=9, now=LATER),
    "fail": lambda run: run.fail(ERROR, None, last_seq=9, now=LATER),
}
ENDINGS = {"complete": RunStatus.COMPLETED, "cancel": RunStatus.CANCELLED, "fail": RunStatus.FAILED}
ENDED = pytest.mark.parametrize("ending", ENDINGS)


def queued() -> Run:
    return Run(
        RunId("run_1"), SessionId("session_1"), new_user_id(), AgentId("agent_1"), "small", MessageId("message_1"), 1, NOW
    )


def streaming() -> Run:
    run = queued()
    run.start(NODE)
    return run


def ended(ending: str) -> Run:
    run = streaming()
    DEEDS[ending](run)
    return run


def test_a_new_run_waits() -> None:
    run = queued()
    assert (run.status, run.attempt, run.node, run.losses, run.cancel_requested) == (RunStatus.QUEUED, 1, None, 0, False)
    assert (run.usage, run.error, run.finished_at, run.last_seq) == (None, None, None, 0)


def test_a_run_streams_once_a_node_starts_it() -> None:
    run = streaming()
    assert (run.status, run.node, run.attempt) == (RunStatus.STREAMING, NODE, 1)


def test_a_run_that_streams_is_not_started_again() -> None:
    run = streaming()
    with pytest.raises(RunEnded, match="is streaming, not queued"):
        run.start(OTHER)
    assert run.node == NODE


@ENDED
def test_a_run_that_streams_ends_in_any_way(ending: str) -> None:
    run = ended(ending)
    assert (run.status, run.last_seq, run.finished_at) == (ENDINGS[ending], 9, LATER)
    assert run.usage == (None if ending == "fail" else USAGE)
    assert run.error == (ERROR if ending == "fail" else None)
    assert run.finished() == RunFinished(run.id, run.session_id, run.owner_id, ENDINGS[ending])


@pytest.mark.parametrize("ending", ["cancel", "fail"])
def test_a_run_that_waits_may_end_without_ever_streaming(ending: str) -> None:
    run = queued()
    DEEDS[ending](run)
    assert run.status is ENDINGS[ending]


@ENDED
@pytest.mark.parametrize("deed", DEEDS)
def test_whatever_is_tried_on_a_run_that_has_ended_is_refused_and_changes_nothing(ending: str, deed: str) -> None:
    run = ended(ending)
    before = asdict(run)
    with pytest.raises(RunEnded) as refused:
        DEEDS[deed](run)
    assert (refused.value.code, refused.value.repeatable) == ("run_ended", False)
    assert asdict(run) == before


@given(st.lists(st.sampled_from(list(DEEDS)), max_size=12))
def test_whatever_order_things_are_tried_in_a_run_ends_once_and_stays_as_it_ended(deeds: list[str]) -> None:
    run, end = streaming(), None
    for deed in deeds:
        try:
            DEEDS[deed](run)
        except RunEnded:
            assert end is not None or deed == "start"
        end = end or (asdict(run) if run.status.terminal else None)
    assert end is None or asdict(run) == end
    assert run.status.terminal == (run.finished_at is not None) == bool(set(deeds) & ENDINGS.keys())


@given(st.lists(st.sampled_from(["take_over", "hand_over", "restart"]), max_size=12))
def test_each_new_beginning_is_another_attempt_and_losses_are_counted_apart(deeds: list[str]) -> None:
    run = streaming()
    for deed in deeds:
        DEEDS[deed](run)
    assert (run.attempt, run.losses, run.status) == (1 + len(deeds), deeds.count("take_over"), RunStatus.STREAMING)
    assert run.hopeless == (deeds.count("take_over") >= MOST_LOSSES)
    assert run.node == (NODE if set(deeds) <= {"restart"} else OTHER)


def test_a_wish_to_stop_is_noted_and_ends_nothing_by_itself() -> None:
    run = streaming()
    run.request_cancel()
    assert (run.cancel_requested, run.status) == (True, RunStatus.STREAMING)


@pytest.mark.parametrize("status", RunStatus)
def test_all_but_waiting_and_streaming_is_terminal(status: RunStatus) -> None:
    assert status.terminal == (status in {RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED})
