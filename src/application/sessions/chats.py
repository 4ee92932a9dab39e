"""Chats as clients call them: by a session's identifier, or by a name of their own."""

from application.ports.readers import SessionReader
from application.sessions.views import SessionView
from domain.sessions.session import SessionNotFound
from domain.shared.identifiers import MalformedIdentifier, SessionId, UserId, parse_identifier
from domain.shared.rules import bounded_text

_NAME_LONGEST = 255


async def find_chat(sessions: SessionReader, owner_id: UserId, chat: str) -> SessionView | None:
    """Return the owner's session; None for a name that is new.

    What begins like a session's identifier is one: SessionNotFound when the owner has no such session.
    """
    name = bounded_text(chat, param="id", longest=_NAME_LONGEST)
    if not name.startswith("session_"):
        return await sessions.find_by_chat(owner_id, name)
    try:
        found = await sessions.find(owner_id, SessionId(parse_identifier("session", name, param="id")))
    except MalformedIdentifier:
        found = None
    if found is None:
        raise SessionNotFound(f"There is no session {name!r}.")
    return found
