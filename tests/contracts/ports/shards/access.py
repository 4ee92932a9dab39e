"""One reading or one commit each."""

from application.paging import PageRequest
from application.ports.readers import SessionReader
from application.ports.shards import Shards
from domain.runs.run import Run, RunNotFound
from domain.sessions.message import Message
from domain.sessions.session import Session
from domain.shared.identifiers import RunId, SessionId, UserId


async def read_session(shards: Shards, owner_id: UserId, session_id: SessionId) -> Session:
    async with shards.open(owner_id) as unit:
        return await unit.sessions.get(session_id)


async def read_run(shards: Shards, owner_id: UserId, run_id: RunId) -> Run:
    async with shards.open(owner_id) as unit:
        return await unit.runs.get(run_id)


async def save_run(shards: Shards, run: Run) -> None:
    async with shards.open(run.owner_id) as unit:
        unit.runs.save(run)
        await unit.commit()


async def remove_session(shards: Shards, session: Session) -> None:
    async with shards.open(session.owner_id) as unit:
        unit.sessions.remove(session)
        await unit.commit()


async def remove_all(shards: Shards, owner_id: UserId) -> None:
    async with shards.open(owner_id) as unit:
        unit.sessions.remove_all()
        await unit.commit()


async def messages_of(sessions: SessionReader, session: Session) -> list[Message]:
    """Return the first hundred messages, by seq."""
    excerpt = await sessions.read_messages(session.owner_id, session.id, PageRequest(100, descending=False))
    return [] if excerpt is None else list(excerpt.messages.items)


async def left_of(sessions: SessionReader, session: Session) -> list[Message]:
    """Return the messages that are stored for the session, even if it is gone itself."""
    return list(await sessions.recent_messages(session.owner_id, session.id, limit=100, most_characters=1_000_000))


async def is_gone(shards: Shards, run: Run) -> bool:
    """Return whether the owner has no such run."""
    try:
        await read_run(shards, run.owner_id, run.id)
    except RunNotFound:
        return True
    return False
