"""What is taken into a session from elsewhere, and taken out."""

import pytest

from domain.sessions.message import Role, TextPart
from domain.sessions.session import RunActive, SessionArchived
from domain.shared.errors import Invalid
from domain.shared.identifiers import MessageId, RunId
from tests.support.builders import LATER, NOW, new_session, new_user_id, said

CONTENT = (TextPart("Hello!"),)
MESSAGE, RUN = MessageId("message_of_test"), RunId("run_of_test")


def test_what_is_taken_in_is_numbered_like_all_messages_and_nobody_replies() -> None:
    session = new_session(new_user_id())
    taken = [session.take_in(MESSAGE, role, CONTENT, RUN, now=LATER) for role in (Role.ASSISTANT, Role.USER)]
    assert [(one.seq, one.role) for one in taken] == [(1, Role.ASSISTANT), (2, Role.USER)]
    assert (session.head_seq, session.active_run_id, session.updated_at) == (2, None, LATER)


def test_nothing_is_taken_in_or_out_while_a_reply_is_made() -> None:
    session = new_session(new_user_id())
    said(session)
    with pytest.raises(RunActive):
        session.take_in(MESSAGE, Role.USER, CONTENT, RUN, now=LATER)
    with pytest.raises(RunActive):
        session.take_out(now=LATER)
    assert session.head_seq == 1


def test_an_archived_session_takes_nothing_in() -> None:
    session = new_session(new_user_id())
    session.archive(True, now=NOW)
    with pytest.raises(SessionArchived):
        session.take_in(MESSAGE, Role.USER, CONTENT, RUN, now=LATER)


def test_what_is_taken_in_must_be_text() -> None:
    with pytest.raises(Invalid):
        new_session(new_user_id()).take_in(MESSAGE, Role.USER, (TextPart(" "),), RUN, now=LATER)


def test_taking_out_makes_the_session_newer_even_when_the_clock_stands() -> None:
    session = new_session(new_user_id())
    moments = [session.updated_at]
    for now in (NOW, NOW, LATER, NOW):
        session.take_out(now=now)
        moments.append(session.updated_at)
    assert moments == sorted(set(moments))
