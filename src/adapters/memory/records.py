"""Reading all that a user has out of memory."""

from collections.abc import Sequence
from copy import deepcopy

from adapters.memory.store import MemoryStore
from application.agents.views import AgentView
from application.ports.records import AccountRecords, ConversationRecords, Said
from application.runs.views import RunView
from application.sessions.views import SessionView, ShareView
from domain.analytics.usage import UsageEntry
from domain.sessions.message import text_of
from domain.shared.identifiers import SessionId, UserId
from domain.users.credential import SignIn
from domain.users.identity import Identity


class MemoryAccountRecords(AccountRecords):
    """The catalog's tables."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def list_sign_ins(self, user_id: UserId, after: str, limit: int) -> Sequence[SignIn]:
        """Read copies of a page."""
        rows = (await self._store.read()).sign_ins
        return deepcopy([rows[key] for key in sorted(rows) if key > after and rows[key].user_id == user_id][:limit])

    async def list_agents(self, owner_id: UserId, after: str, limit: int) -> Sequence[AgentView]:
        """Read a page."""
        agents = (await self._store.read()).agents
        return [AgentView.of(agents[key]) for key in sorted(agents) if key > after and agents[key].owner_id == owner_id][:limit]

    async def list_identities(self, user_id: UserId) -> Sequence[Identity]:
        """Read them."""
        rows = (await self._store.read()).identities
        return [rows[key] for key in sorted(rows) if rows[key].user_id == user_id]


class MemoryConversationRecords(ConversationRecords):
    """The shard's tables."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def list_sessions(self, owner_id: UserId, after: str, limit: int) -> Sequence[SessionView]:
        """Read a page."""
        rows = (await self._store.read()).sessions
        return [SessionView.of(rows[key]) for key in sorted(rows) if key > after and rows[key].owner_id == owner_id][:limit]

    async def list_shares(self, owner_id: UserId, session_ids: Sequence[SessionId]) -> Sequence[ShareView]:
        """Read them."""
        rows = (await self._store.read()).shares
        return [ShareView.of(rows[key]) for key in sorted(rows) if rows[key].session_id in session_ids]

    async def read_messages(
        self, owner_id: UserId, session_id: SessionId, after_seq: int, *, limit: int, most_characters: int
    ) -> Sequence[Said]:
        """Read a page."""
        tables = await self._store.read()
        kept, begins_at = list[Said](), 0
        for message in tables.messages.get(session_id, ())[after_seq : after_seq + limit]:
            if begins_at > most_characters:
                break
            kept.append(Said(message, message.id in tables.superseded))
            begins_at += len(text_of(message.content))
        return kept

    async def list_runs(self, owner_id: UserId, session_id: SessionId, after: str, limit: int) -> Sequence[RunView]:
        """Read a page."""
        rows = (await self._store.read()).runs
        return [RunView.of(rows[key]) for key in sorted(rows) if key > after and rows[key].session_id == session_id][:limit]

    async def list_usage(self, owner_id: UserId, after: str, limit: int) -> Sequence[UsageEntry]:
        """Read a page."""
        rows = (await self._store.read()).usage
        return [rows[key] for key in sorted(rows) if key > after and rows[key].owner_id == owner_id][:limit]
