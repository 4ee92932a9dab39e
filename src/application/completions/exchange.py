"""An exchange that is kept: a new session with what the user said and what the model replied, stored when both are known."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from application.ports.entropy import Entropy
from application.ports.shards import ShardUnitOfWork
from domain.runs.run import Run, RunError, RunStatus, Usage
from domain.sessions.message import Content, Message, MessageStatus, TextPart
from domain.sessions.session import Session
from domain.shared.identifiers import AgentId, MessageId, NodeId, RunId, SessionId, UserId, bucket_of, reply_of
from domain.shared.rules import Metadata

# Created, text, outcome, end: what a viewer of the run would have seen.
_EVENTS: Final = 4
_LOST: Final = RunError("model_unavailable", "The model could not finish its reply. Please try again.")
_EMPTY: Final = RunError("empty_reply", "The model sent no text.")


@dataclass(slots=True)
class Exchange:
    """One turn of a session of its own; the reply is there once the exchange has ended with a text."""

    session: Session
    said: Message
    run: Run
    reply: Message | None = None

    def end(self, status: RunStatus, usage: Usage, text: str, node: NodeId, *, now: datetime) -> None:
        """Note how it ended; a reply without text counts as failed."""
        run = self.run
        run.start(node)
        if text:
            self.reply = self.session.reply(reply_of(run.id), (TextPart(text),), run.id, MessageStatus(status.value), now=now)
        events = _EVENTS if text else _EVENTS - 1
        if status is RunStatus.CANCELLED:
            run.cancel(usage, last_seq=events, now=now)
        elif status is RunStatus.COMPLETED and text:
            run.complete(usage, last_seq=events, now=now)
        else:
            run.fail(_EMPTY if status is RunStatus.COMPLETED else _LOST, usage, last_seq=events, now=now)
        self.session.release(run.id, None, now=now)

    def add_to(self, unit: ShardUnitOfWork) -> None:
        """Store all of it on commit."""
        unit.sessions.add(self.session)
        unit.messages.add(self.said)
        unit.runs.add(self.run)
        if self.reply is not None:
            unit.messages.add(self.reply)
        unit.record(self.session.changed())
        unit.record(self.run.finished())


def begin_exchange(
    entropy: Entropy, owner_id: UserId, agent_id: AgentId, model: str, said: Content, metadata: Metadata, *, now: datetime
) -> Exchange:
    """Return the exchange with what the user said; Invalid if that, or the metadata, cannot be kept."""
    bucket = bucket_of(owner_id)
    session = Session.open(
        SessionId(entropy.identifier("session", bucket)), owner_id, agent_id, title=None, metadata=metadata, now=now
    )
    run_id = RunId(entropy.identifier("run", bucket))
    message = session.receive(MessageId(entropy.identifier("message", bucket)), said, run_id, now=now)
    run = Run(run_id, session.id, owner_id, agent_id, model, message.id, message.seq, now)
    return Exchange(session, message, run)
