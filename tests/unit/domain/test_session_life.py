"""The life of a session with its runs, against what was said and what waits, in plain lists."""

from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.runs.run import Run, RunEnded, RunError, RunStatus, Usage
from domain.sessions.message import Message, MessageStatus, TextPart
from domain.sessions.session import RunActive, SessionArchived
from domain.shared.errors import Invalid
from domain.shared.identifiers import MessageId, NodeId, RunId
from tests.support.builders import LATER, new_session, new_user_id

NODE = NodeId("node_1")
ENDINGS = st.sampled_from([RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED])


class SessionLife(RuleBasedStateMachine):
    """What a user, the nodes and a stop button may do to one session, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.session = new_session(new_user_id())
        self.log: list[Message] = []
        self.open: list[Run] = []
        self.ended: list[Run] = []
        self.numbers = count(1)

    @rule(may_wait=st.booleans(), text=st.sampled_from(["Hello!", " ", ""]))
    def say(self, may_wait: bool, text: str) -> None:
        message_id, run_id = self._message_id(), RunId(f"run_{next(self.numbers)}")
        if refusal := self._refusal(text, may_wait):
            with pytest.raises(refusal):
                self.session.receive(message_id, (TextPart(text),), run_id, now=LATER, may_wait=may_wait)
            return
        message = self.session.receive(message_id, (TextPart(text),), run_id, now=LATER, may_wait=may_wait)
        self.log.append(message)
        session = self.session
        run = Run(run_id, session.id, session.owner_id, session.agent_id, "small", message.id, message.seq, LATER)
        self.open.append(run)
        if len(self.open) == 1:
            run.start(NODE)

    @rule(archived=st.booleans())
    def archive(self, archived: bool) -> None:
        self.session.archive(archived, now=LATER)

    @precondition(lambda self: self.open)
    @rule(ending=ENDINGS, text=st.sampled_from(["", "Hi!"]))
    def end(self, ending: RunStatus, text: str) -> None:
        run, *waiting = self.open
        if text:
            status = MessageStatus(ending.value)
            self.log.append(self.session.reply(self._message_id(), (TextPart(text),), run.id, status, now=LATER))
        self._end(run, ending)
        self.session.release(run.id, waiting[0].id if waiting else None, now=LATER)
        if waiting:
            waiting[0].start(NODE)

    @precondition(lambda self: len(self.open) > 1)
    @rule(place=st.integers(1, 5))
    def stop_one_that_waits(self, place: int) -> None:
        self._end(self.open[1 + place % (len(self.open) - 1)], RunStatus.CANCELLED)
        self.session.unqueue(now=LATER)

    @precondition(lambda self: self.open)
    @rule(lost=st.booleans())
    def lose_the_node(self, lost: bool) -> None:
        attempt = self.open[0].attempt
        self.open[0].take_over(NodeId("node_2"), lost=lost)
        assert self.open[0].attempt == attempt + 1

    @precondition(lambda self: self.ended)
    @rule(ending=ENDINGS, place=st.integers(0, 9))
    def end_one_that_has_ended(self, ending: RunStatus, place: int) -> None:
        run = self.ended[place % len(self.ended)]
        before = run.status
        with pytest.raises(RunEnded):
            self._conclude(run, ending)
        self.session.release(run.id, None, now=LATER)
        assert run.status is before

    @invariant()
    def messages_are_numbered_from_one_without_gaps(self) -> None:
        assert [message.seq for message in self.log] == list(range(1, len(self.log) + 1))
        assert self.session.head_seq == len(self.log)

    @invariant()
    def one_run_streams_and_the_others_wait(self) -> None:
        assert [run.status for run in self.open] == [RunStatus.STREAMING, *[RunStatus.QUEUED] * 99][: len(self.open)]
        assert self.session.active_run_id == (self.open[0].id if self.open else None)
        assert self.session.waiting == max(len(self.open) - 1, 0)

    def _refusal(self, text: str, may_wait: bool) -> type[Exception] | None:
        if self.session.archived:
            return SessionArchived
        if not text.strip():
            return Invalid
        return RunActive if self.open and not may_wait else None

    def _end(self, run: Run, ending: RunStatus) -> None:
        self._conclude(run, ending)
        self.open.remove(run)
        self.ended.append(run)

    def _message_id(self) -> MessageId:
        return MessageId(f"message_{next(self.numbers)}")

    @staticmethod
    def _conclude(run: Run, ending: RunStatus) -> None:
        if ending is RunStatus.COMPLETED:
            run.complete(Usage(1, 1), last_seq=9, now=LATER)
        elif ending is RunStatus.FAILED:
            run.fail(RunError("model_unavailable", "Please try again."), None, last_seq=9, now=LATER)
        else:
            run.cancel(None, last_seq=9, now=LATER)


class TestSessionLife(SessionLife.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(max_examples=100, stateful_step_count=40)
