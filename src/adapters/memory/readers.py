"""Reading views out of memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from adapters.memory.paging import page_by
from adapters.memory.store import MemoryStore
from application.actor import Actor
from application.agents.views import AgentView
from application.freshness import Freshness, Tolerance
from application.paging import Page, PageRequest
from application.ports.readers import AgentReader, RunReader, SessionReader, UsageReader, UserReader
from application.runs.views import RunView
from application.sessions.views import Excerpt, SessionView
from application.users.views import UserView
from domain.agents.agent import Agent, Visibility
from domain.analytics.usage import DayUsage, Spent, UsageEntry
from domain.runs.run import Usage
from domain.sessions.message import Message, text_of
from domain.shared.errors import Invalid
from domain.shared.identifiers import RunId, SessionId, SignInId, UserId
from domain.users.credential import ApiKey
from domain.users.user import User


class MemoryAgentReader(AgentReader):
    """Agents."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def find(self, id_or_slug: str) -> AgentView | None:
        """Read the agent."""
        agents = (await self._store.read()).agents.values()
        found = (agent for agent in agents if agent.id == id_or_slug or (agent.profile.slug == id_or_slug and _in_service(agent)))
        return next(map(AgentView.of, found), None)

    async def list_public(self, page: PageRequest) -> Page[AgentView]:
        """Read a page of the public catalogue."""
        agents = await self._in_service()
        return _by_id([view for view in agents if view.visibility is Visibility.PUBLIC], page)

    async def list_for_owner(self, owner_id: UserId, page: PageRequest) -> Page[AgentView]:
        """Read a page of the owner's agents."""
        return _by_id([view for view in await self._in_service() if view.owner_id == owner_id], page)

    async def _in_service(self) -> list[AgentView]:
        return [AgentView.of(agent) for agent in (await self._store.read()).agents.values() if _in_service(agent)]


class MemoryUserReader(UserReader):
    """Users."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def find_user(self, user_id: UserId) -> UserView | None:
        """Read the user."""
        user = (await self._store.read()).users.get(user_id)
        return None if user is None else UserView.of(user)

    async def find_actor(self, fingerprint: bytes) -> Actor | None:
        """Read who the token or key stands for."""
        tables = await self._store.read()
        for sign_in in tables.sign_ins.values():
            if sign_in.access == fingerprint:
                return _actor(tables.users[sign_in.user_id], sign_in.id, sign_in.access_expires_at, None)
        for key in tables.api_keys.values():
            if key.fingerprint == fingerprint:
                return _actor(tables.users[key.user_id], None, key.expires_at, key.scopes)
        return None

    async def list_api_keys(self, user_id: UserId, page: PageRequest) -> Page[ApiKey]:
        """Read a page of the user's keys."""
        keys = [key for key in (await self._store.read()).api_keys.values() if key.user_id == user_id]
        return page_by(keys, page, lambda key: str(key.id), page.cursor)


class MemorySessionReader(SessionReader):
    """Sessions and their messages."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def find(
        self, owner_id: UserId, session_id: SessionId, freshness: Freshness = Tolerance.FRESH
    ) -> SessionView | None:
        """Read the session."""
        session = (await self._store.read()).sessions.get(session_id)
        return None if session is None or session.owner_id != owner_id else SessionView.of(session)

    async def list_for_owner(
        self, owner_id: UserId, page: PageRequest, archived: bool | None, freshness: Freshness = Tolerance.FRESH
    ) -> Page[SessionView]:
        """Read a page of the owner's sessions."""
        own = [session for session in (await self._store.read()).sessions.values() if session.owner_id == owner_id]
        views = [SessionView.of(session) for session in own if archived is None or session.archived == archived]
        return page_by(views, page, lambda view: str(view.id), page.cursor)

    async def read_messages(
        self, owner_id: UserId, session_id: SessionId, page: PageRequest, freshness: Freshness = Tolerance.FRESH
    ) -> Excerpt | None:
        """Read the session and a page of its messages."""
        tables = await self._store.read()
        session, messages = tables.sessions.get(session_id), tables.shown(session_id)
        if session is None or session.owner_id != owner_id:
            return None
        return Excerpt(SessionView.of(session), page_by(messages, page, lambda message: message.seq, _seq_of(page, messages)))

    async def recent_messages(
        self, owner_id: UserId, session_id: SessionId, *, limit: int, most_characters: int
    ) -> Sequence[Message]:
        """Read the newest messages that fit."""
        kept, begins_at = list[Message](), 0
        for message in reversed((await self._store.read()).shown(session_id)[-limit:]):
            if begins_at > most_characters:
                break
            kept.append(message)
            begins_at += len(text_of(message.content))
        return kept[::-1]

    async def find_by_chat(self, owner_id: UserId, client_chat_id: str) -> SessionView | None:
        """Read the session."""
        own = [session for session in (await self._store.read()).sessions.values() if session.owner_id == owner_id]
        return next((SessionView.of(one) for one in own if one.client_chat_id == client_chat_id), None)

    async def find_message_run(
        self, owner_id: UserId, session_id: SessionId, client_message_id: str
    ) -> tuple[Message, RunView] | None:
        """Read the message and its run."""
        tables = await self._store.read()
        for message in tables.messages.get(session_id, ()):
            if message.client_message_id == client_message_id and message.run_id in tables.runs:
                return message, RunView.of(tables.runs[message.run_id])
        return None


class MemoryUsageReader(UsageReader):
    """The ledger, summed."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def list_days(
        self, owner_id: UserId, first: date, last: date, freshness: Freshness = Tolerance.FRESH
    ) -> Sequence[DayUsage]:
        """Sum by day, agent and model."""
        sums: dict[tuple[date, str, str], DayUsage] = {}
        for entry in await self._of(owner_id, first, last):
            key = (entry.day, entry.agent_id or "", entry.model)
            known = sums.get(key, DayUsage(entry.day, entry.agent_id, entry.model, 0, Usage(0, 0), 0))
            sums[key] = replace(
                known, replies=known.replies + 1, usage=known.usage.plus(entry.usage), cost=known.cost + entry.cost
            )
        return [sums[key] for key in sorted(sums)]

    async def spent(self, owner_id: UserId, today: date) -> Spent:
        """Sum the day's tokens and the month's cost."""
        month = await self._of(owner_id, today.replace(day=1), today)
        tokens = sum(one.usage.total for one in month if one.day == today)
        return Spent(tokens, sum(entry.cost for entry in month))

    async def _of(self, owner_id: UserId, first: date, last: date) -> list[UsageEntry]:
        entries = (await self._store.read()).usage.values()
        return [entry for entry in entries if entry.owner_id == owner_id and first <= entry.day <= last]


class MemoryRunReader(RunReader):
    """Runs."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def find(self, owner_id: UserId, run_id: RunId, freshness: Freshness = Tolerance.FRESH) -> RunView | None:
        """Read the run."""
        run = (await self._store.read()).runs.get(run_id)
        return None if run is None or run.owner_id != owner_id else RunView.of(run)

    async def read_exchange(self, owner_id: UserId, run_id: RunId) -> Sequence[Message]:
        """Read the run's messages."""
        tables = await self._store.read()
        run = tables.runs.get(run_id)
        if run is None or run.owner_id != owner_id:
            return []
        messages = tables.messages.get(run.session_id, ())
        return [message for message in messages if message.run_id == run_id or message.id == run.message_id]


def _actor(
    user: User, sign_in_id: SignInId | None, expires_at: datetime | None, scopes: tuple[str, ...] | None
) -> Actor:
    return Actor(user.id, user.plan, sign_in_id, expires_at, user.role, user.limits, user.monthly_budget, scopes)


def _in_service(agent: Agent) -> bool:
    return agent.retired_at is None


def _by_id(views: Sequence[AgentView], page: PageRequest) -> Page[AgentView]:
    return page_by(views, page, lambda view: str(view.id), page.cursor)


def _seq_of(page: PageRequest, messages: Sequence[Message]) -> int | None:
    """Return the seq of the message that the page begins beyond; Invalid when it is not of this session."""
    if page.cursor is None:
        return None
    for message in messages:
        if message.id == page.cursor:
            return message.seq
    param = "after" if page.before is None else "before"
    raise Invalid(f"'{param}' is not a message of this session.", param=param)
