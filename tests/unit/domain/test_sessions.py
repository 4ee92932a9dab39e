"""The head of a conversation."""

import pytest

from domain.sessions.message import MessageStatus, Role, TextPart
from domain.sessions.session import MOST_WAITING, RunActive, Session, SessionArchived, SessionChanged
from domain.shared.errors import DomainError, Invalid
from domain.shared.identifiers import AgentId, MessageId, RunId, SessionId
from tests.support.builders import LATER, NOW, new_session, new_user_id, said

SAID = (TextPart("Hello!"),)
FIRST, SECOND, THIRD = RunId("run_1"), RunId("run_2"), RunId("run_3")


def receive(session: Session, run_id: RunId, *, may_wait: bool = False) -> int:
    """Let the session receive a message; return its number."""
    return session.receive(MessageId("message_1"), SAID, run_id, now=LATER, may_wait=may_wait).seq


def opened(title: str | None = None, metadata: dict[str, str] | None = None) -> Session:
    return Session.open(
        SessionId("session_1"), new_user_id(), AgentId("agent_1"), title=title, metadata=metadata or {}, now=NOW
    )


@pytest.mark.parametrize(("written", "kept"), [(None, None), (" Time ", "Time"), ("x" * 200, "x" * 200)])
def test_a_new_session_is_empty_and_idle(written: str | None, kept: str | None) -> None:
    session = opened(written, {"shelf": "physics"})
    assert (session.title, session.metadata) == (kept, {"shelf": "physics"})
    assert (session.head_seq, session.archived, session.active_run_id, session.waiting) == (0, False, None, 0)
    assert (session.created_at, session.updated_at) == (NOW, NOW)


@pytest.mark.parametrize("title", ["", "  ", "x" * 201, "\0"])
def test_a_bad_title_is_refused_by_name_and_the_old_one_stays(title: str) -> None:
    session = opened("Time")
    for attempt in (lambda: opened(title), lambda: session.retitle(title, now=LATER)):
        with pytest.raises(Invalid) as refused:
            attempt()
        assert refused.value.param == "title"
    assert (session.title, session.updated_at) == ("Time", NOW)


def test_bad_metadata_are_refused_by_name_and_the_old_ones_stay() -> None:
    session = opened(metadata={"shelf": "physics"})
    with pytest.raises(Invalid) as refused:
        session.annotate({"": "x"}, now=LATER)
    assert refused.value.param == "metadata"
    assert (session.metadata, session.updated_at) == ({"shelf": "physics"}, NOW)


def test_what_the_caller_edits_is_changed_with_the_time() -> None:
    session = opened("Time")
    session.retitle(None, now=LATER)
    session.annotate({"shelf": "art"}, now=LATER)
    assert (session.title, session.metadata, session.updated_at) == (None, {"shelf": "art"}, LATER)


def test_what_is_said_and_replied_is_numbered_on_and_told_whole() -> None:
    session = opened()
    message = session.receive(MessageId("message_1"), SAID, FIRST, now=LATER, client_message_id="mine")
    reply = session.reply(MessageId("message_2"), (TextPart("Hi"),), FIRST, MessageStatus.CANCELLED, now=LATER)
    assert (message.seq, message.role, message.status) == (1, Role.USER, MessageStatus.COMPLETED)
    assert (message.session_id, message.run_id, message.content, message.client_message_id) == (session.id, FIRST, SAID, "mine")
    assert (reply.seq, reply.role, reply.status) == (2, Role.ASSISTANT, MessageStatus.CANCELLED)
    assert (reply.run_id, reply.client_message_id, reply.created_at) == (FIRST, None, LATER)
    assert (session.head_seq, session.updated_at) == (2, LATER)


def test_a_second_message_during_a_run_is_refused_and_changes_nothing() -> None:
    session = opened()
    receive(session, FIRST)
    with pytest.raises(RunActive, match="run_1 is still active") as refused:
        receive(session, SECOND)
    assert refused.value.repeatable
    assert (session.head_seq, session.active_run_id, session.waiting) == (1, FIRST, 0)


def test_messages_that_may_wait_are_numbered_on_and_their_runs_wait() -> None:
    session = opened()
    assert [receive(session, run, may_wait=True) for run in (FIRST, SECOND, THIRD)] == [1, 2, 3]
    assert (session.active_run_id, session.waiting) == (FIRST, 2)


def test_no_more_wait_than_may() -> None:
    session = new_session(new_user_id())
    for number in range(MOST_WAITING + 1):
        receive(session, RunId(f"run_{number}"), may_wait=True)
    with pytest.raises(RunActive):
        receive(session, RunId("run_too_many"), may_wait=True)
    assert (session.waiting, session.head_seq) == (MOST_WAITING, MOST_WAITING + 1)


def test_the_end_of_a_run_makes_the_next_one_active() -> None:
    session = opened()
    for run in (FIRST, SECOND):
        receive(session, run, may_wait=True)
    session.release(FIRST, SECOND, now=LATER)
    assert (session.active_run_id, session.waiting) == (SECOND, 0)
    session.release(SECOND, None, now=LATER)
    assert (session.active_run_id, session.waiting) == (None, 0)
    assert receive(session, THIRD) == 3


def test_a_run_that_is_not_the_active_one_releases_nothing() -> None:
    session = opened()
    for run in (FIRST, SECOND):
        receive(session, run, may_wait=True)
    session.release(THIRD, SECOND, now=LATER)
    assert (session.active_run_id, session.waiting) == (FIRST, 1)


def test_a_run_that_ends_before_its_turn_waits_no_more() -> None:
    session = opened()
    for run in (FIRST, SECOND):
        receive(session, run, may_wait=True)
    session.unqueue(now=LATER)
    assert (session.active_run_id, session.waiting) == (FIRST, 0)


@pytest.mark.parametrize("may_wait", [False, True])
def test_an_archived_session_takes_no_messages_until_it_is_taken_out_again(may_wait: bool) -> None:
    session = opened()
    session.archive(True, now=LATER)
    with pytest.raises(SessionArchived) as refused:
        receive(session, FIRST, may_wait=may_wait)
    assert not refused.value.repeatable
    assert (session.head_seq, session.active_run_id) == (0, None)
    session.archive(False, now=LATER)
    assert receive(session, FIRST) == 1


def test_a_reply_that_is_under_way_still_comes_when_its_session_is_archived() -> None:
    session = opened()
    receive(session, FIRST)
    session.archive(True, now=LATER)
    assert session.reply(MessageId("message_2"), SAID, FIRST, MessageStatus.COMPLETED, now=LATER).seq == 2


@pytest.mark.parametrize("may_wait", [False, True])
def test_bad_content_changes_nothing(may_wait: bool) -> None:
    session = new_session(new_user_id())
    with pytest.raises(DomainError) as refused:
        session.receive(MessageId("message_1"), (TextPart(" "),), FIRST, now=LATER, may_wait=may_wait)
    assert refused.value.param == "content"
    assert (session.head_seq, session.active_run_id, session.waiting, session.updated_at) == (0, None, 0, NOW)


def test_a_change_tells_which_session_and_whose() -> None:
    session = new_session(new_user_id())
    said(session)
    assert session.changed() == SessionChanged(session.id, session.owner_id)
