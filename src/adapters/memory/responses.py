"""Reading single replies and messages out of memory."""

from adapters.memory.store import MemoryStore
from application.freshness import Freshness, Tolerance
from application.ports.responses import ResponseReader
from application.runs.views import ResponseView, RunView
from domain.sessions.message import Message, Role
from domain.shared.identifiers import MessageId, RunId, SessionId, UserId


class MemoryResponseReader(ResponseReader):
    """Runs with their messages, and messages."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def find(
        self, owner_id: UserId, run_id: RunId, freshness: Freshness = Tolerance.FRESH
    ) -> ResponseView | None:
        """Read the run and its messages."""
        tables = await self._store.read()
        run = tables.runs.get(run_id)
        if run is None or run.owner_id != owner_id:
            return None
        shown = tables.shown(run.session_id)
        said = next((message for message in shown if message.id == run.message_id), None)
        if said is None:
            return None
        reply = next((message for message in shown if message.run_id == run_id and message.role is Role.ASSISTANT), None)
        return ResponseView(RunView.of(run), run.agent_id, run.model, run.options, said, reply)

    async def find_message(
        self, owner_id: UserId, session_id: SessionId, message_id: MessageId, freshness: Freshness = Tolerance.FRESH
    ) -> Message | None:
        """Read the message."""
        tables = await self._store.read()
        session = tables.sessions.get(session_id)
        if session is None or session.owner_id != owner_id:
            return None
        return next((message for message in tables.shown(session_id) if message.id == message_id), None)
