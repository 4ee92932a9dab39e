"""Take a message out of a session."""

from dataclasses import dataclass

from application.actor import Actor
from application.idempotency import Once, carry_out, recall, remember
from application.ports.clock import Clock
from application.ports.responses import ResponseReader
from application.ports.shards import Shards
from application.sessions.views import SessionView
from domain.sessions.message import MessageNotFound
from domain.shared.identifiers import MessageId, SessionId


@dataclass(frozen=True, slots=True)
class RemoveMessageCommand:
    """Which message."""

    actor: Actor
    session_id: SessionId
    message_id: MessageId
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class RemoveMessage:
    """Takes a message out of one of the caller's sessions: it is shown to nobody and no model; its number stays taken."""

    shards: Shards
    responses: ResponseReader
    clock: Clock

    async def execute(self, command: RemoveMessageCommand) -> SessionView:
        """Return the session; SessionNotFound, MessageNotFound, RunActive."""
        return await carry_out(command.once, lambda: self._remove(command))

    async def _remove(self, command: RemoveMessageCommand) -> SessionView:
        owner, once = command.actor.user_id, command.once
        async with self.shards.open(owner) as unit:
            before = await recall(unit.keys, once, owner, SessionView)
            if before is not None:
                return before
            session = await unit.sessions.get(command.session_id)
            message = await self.responses.find_message(owner, session.id, command.message_id)
            if message is None:
                raise MessageNotFound(f"There is no message {command.message_id}.")
            session.take_out(now=self.clock.now())
            unit.messages.supersede(message)
            unit.sessions.save(session)
            unit.record(session.changed())
            remember(unit.keys, once, owner, SessionView.of(session))
            await unit.commit()
        return SessionView.of(session)
