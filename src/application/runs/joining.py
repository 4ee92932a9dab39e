"""Where a response goes on: in a session of the caller's, or after an earlier response."""

from dataclasses import dataclass

from application.ports.readers import SessionReader
from application.ports.responses import ResponseReader
from application.ports.shards import ShardUnitOfWork
from application.runs.views import ResponseView
from domain.sessions.message import Message
from domain.sessions.session import Session
from domain.shared.errors import Invalid
from domain.shared.identifiers import RunId, SessionId, UserId


class PreviousNotFound(Invalid):
    """There is no such response to go on after, or not for this caller."""

    code = "previous_response_not_found"


class NotTheLast(Invalid):
    """More was said since that response, and a session has no branches."""

    code = "previous_response_not_last"


@dataclass(frozen=True, slots=True)
class Joined:
    """The session that a response goes on in, if there is one yet, and what the system has said in it so far."""

    session: Session | None
    standing: str = ""


@dataclass(frozen=True, slots=True)
class Joining:
    """Finds the place. It is read after the session: whoever adds to it meanwhile makes the commit start over."""

    sessions: SessionReader
    responses: ResponseReader

    async def find(
        self, unit: ShardUnitOfWork, owner_id: UserId, conversation: SessionId | None, previous: RunId | None
    ) -> Joined:
        """Return the place; SessionNotFound, PreviousNotFound, NotTheLast."""
        if conversation is not None:
            session = await unit.sessions.get(conversation)
            last = await self._last(session)
            told = None if last is None else await self.responses.find(owner_id, last.run_id)
            return Joined(session, _standing(told))
        if previous is None:
            return Joined(None)
        found = await self.responses.find(owner_id, previous)
        if found is None:
            raise PreviousNotFound(f"There is no response {previous}.", param="previous_response_id")
        session = await unit.sessions.get(found.run.session_id)
        last = await self._last(session)
        if last is None or (last.run_id != previous and last.id != found.said.id):
            raise NotTheLast(
                f"{previous} is not the last response of its conversation, and branches are not supported: go on after the last "
                "one, or begin a new conversation.", param="previous_response_id",
            )
        return Joined(session, _standing(found))

    async def _last(self, session: Session) -> Message | None:
        shown = await self.sessions.recent_messages(session.owner_id, session.id, limit=1, most_characters=0)
        return shown[0] if shown else None


def _standing(response: ResponseView | None) -> str:
    asked = None if response is None else response.options.asked
    return "" if asked is None else asked.standing
