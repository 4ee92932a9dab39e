"""Reading single replies and messages, as clients of OpenAI's dialect ask for them."""

from abc import abstractmethod
from typing import Protocol

from application.freshness import Freshness, Tolerance
from application.runs.views import ResponseView
from domain.sessions.message import Message
from domain.shared.identifiers import MessageId, RunId, SessionId, UserId


class ResponseReader(Protocol):
    """Runs with their messages, and messages; what others replaced, or was taken out, is not there.

    `freshness` is how new they have to be; without it, as new as can be.
    """

    @abstractmethod
    async def find(
        self, owner_id: UserId, run_id: RunId, freshness: Freshness = Tolerance.FRESH
    ) -> ResponseView | None:
        """Return the run with what it answers and its reply, or None; also when what it answers is not shown any more."""

    @abstractmethod
    async def find_message(
        self, owner_id: UserId, session_id: SessionId, message_id: MessageId, freshness: Freshness = Tolerance.FRESH
    ) -> Message | None:
        """Return the message of the owner's session, or None."""
