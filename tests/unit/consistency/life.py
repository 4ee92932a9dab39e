"""A session as the domain's own rules change it, with all its messages and runs, and the facts that a check would read."""

from dataclasses import dataclass, field

from adapters.memory.entropy import MemoryEntropy
from domain.consistency.conversation import MessageFacts, RunFacts, SessionFacts
from domain.consistency.facts import Facts
from domain.consistency.whereabouts import Lodging, Whereabouts
from domain.runs.run import Run, RunError, RunStatus, Usage
from domain.sessions.message import Message, MessageStatus, Role, TextPart
from domain.sessions.session import Session
from domain.shared.identifiers import BUCKETS, MessageId, UserId, bucket_of
from tests.support.builders import LATER, NODE, new_session, new_user_id, replied, said

_entropy = MemoryEntropy(seed=32)
EVERYTHING_HERE = Whereabouts(1, (0,) * BUCKETS, 1)


@dataclass(slots=True)
class Life:
    """What is stored of one session."""

    session: Session = field(default_factory=lambda: new_session(UserId(new_user_id())))
    messages: list[Message] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    def say(self) -> None:
        """Say something; it waits if a reply is being made."""
        message, run = said(self.session)
        self.messages.append(message)
        self.runs.append(run)

    def end(self, how: RunStatus) -> None:
        """End the reply that is being made, if one is, and begin the next that waits."""
        streaming = next((run for run in self.runs if run.status is RunStatus.STREAMING), None)
        if streaming is None:
            return
        following = next((run for run in self.runs if run.status is RunStatus.QUEUED), None)
        self._store_end(streaming, how, following)
        if following is not None:
            following.start(NODE)

    def give_up_waiting(self) -> None:
        """End the last run that waits, if one does."""
        waiting = [run for run in self.runs if run.status is RunStatus.QUEUED]
        if waiting:
            waiting[-1].cancel(None, last_seq=3, now=LATER)
            self.session.unqueue(now=LATER)

    def facts(self) -> list[Facts]:
        """Return everything that a check would read."""
        return [self.session_facts(), *map(self.message_facts, self.messages), *map(self.run_facts, self.runs)]

    def session_facts(self) -> SessionFacts:
        """Return what is known of the session."""
        session = self.session
        active = next((run.status.value for run in self.runs if run.id == session.active_run_id), None)
        return SessionFacts(
            self._lodging(session.id), session.agent_id, session.head_seq, max((one.seq for one in self.messages), default=0),
            session.active_run_id, active, session.waiting, sum(run.status is RunStatus.QUEUED for run in self.runs), True, True,
        )

    def message_facts(self, message: Message) -> MessageFacts:
        """Return what is known of a message."""
        before = max((one.seq for one in self.messages if one.seq < message.seq), default=0)
        has_run = any(run.id == message.run_id for run in self.runs)
        lodging = self._lodging(message.id)
        return MessageFacts(lodging, self.session.id, message.seq, before, message.role, message.run_id, has_run)

    def run_facts(self, run: Run) -> RunFacts:
        """Return what is known of a run, whose node lives."""
        return RunFacts(
            self._lodging(run.id), self.session.id, self.session.owner_id, self.session.active_run_id, run.status, run.node,
            kept=run.node is not None, any_node=True, finished=run.finished_at is not None, counted=run.usage is not None,
            error_code=run.error.code if run.error else None,
            has_message=any((one.id, one.seq) == (run.message_id, run.message_seq) for one in self.messages),
            replies=sum(one.role is Role.ASSISTANT for one in self.messages if one.run_id == run.id),
        )

    def _store_end(self, run: Run, how: RunStatus, following: Run | None) -> None:
        if how is RunStatus.COMPLETED:
            self.messages.append(replied(self.session, run, following=following.id if following else None))
            return
        if how is RunStatus.CANCELLED:
            message_id = MessageId(_entropy.identifier("message", bucket_of(self.session.owner_id)))
            part = (TextPart("Hel"),)
            self.messages.append(self.session.reply(message_id, part, run.id, MessageStatus.CANCELLED, now=LATER))
            run.cancel(Usage(1, 1), last_seq=4, now=LATER)
        else:
            run.fail(RunError("empty_reply", "The model sent no text."), Usage(1, 0), last_seq=3, now=LATER)
        self.session.release(run.id, following.id if following else None, now=LATER)

    def _lodging(self, identifier: str) -> Lodging:
        return Lodging(identifier, bucket_of(identifier), self.session.owner_id, 0)
