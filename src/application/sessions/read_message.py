"""Read one message."""

from dataclasses import dataclass

from application.actor import Actor
from application.freshness import Freshness, Tolerance
from application.ports.responses import ResponseReader
from domain.sessions.message import Message, MessageNotFound
from domain.shared.identifiers import MessageId, SessionId


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """One message of one of the caller's sessions."""

    responses: ResponseReader

    async def execute(
        self, actor: Actor, session_id: SessionId, message_id: MessageId, freshness: Freshness = Tolerance.FRESH
    ) -> Message:
        """Return the message; MessageNotFound, also when it was taken out or there is no such session."""
        found = await self.responses.find_message(actor.user_id, session_id, message_id, freshness)
        if found is None:
            raise MessageNotFound(f"There is no message {message_id}.")
        return found
