"""Reading all that a user has, page by page, each page in one statement."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ARRAY, Column, Integer, Table, bindparam, func, select

from adapters.postgres.database import Database
from adapters.postgres.paging import in_range
from adapters.postgres.placement import Placement
from adapters.postgres.rows import agent_view, message_from, run_view, session_view, share_view, sign_in_from
from adapters.postgres.statement import Statement
from adapters.postgres.tables import AGENTS, IDENTITIES, MESSAGES, RUNS, SESSIONS, SHARES, SIGN_INS, USAGE_ENTRIES, Id
from application.agents.views import AgentView
from application.ports.records import AccountRecords, ConversationRecords, Said
from application.runs.views import RunView
from application.sessions.views import SessionView, ShareView
from domain.analytics.usage import UsageEntry
from domain.runs.run import Usage
from domain.shared.identifiers import SessionId, UserId
from domain.users.credential import SignIn
from domain.users.identity import Identity

_limit: Final = bindparam("limit", type_=Integer)
_session: Final = bindparam("session_id", type_=Id)


def _pages(table: Table, group: Column[Any], name: str) -> Statement:
    """Return the reading of rows whose `group` is bound under its name, in the order of `id`."""
    order = (group, table.c.id)
    here = in_range(order, [bindparam(group.name, type_=Id)], bindparam("after", type_=Id), down=False)
    return Statement(select(table).where(*here).order_by(*order).limit(_limit), name)


_SIGN_INS: Final = _pages(SIGN_INS, SIGN_INS.c.user_id, "sign_ins.export")
_AGENTS: Final = _pages(AGENTS, AGENTS.c.owner_id, "agents.export")
_IDENTITIES: Final = Statement(
    select(IDENTITIES).where(IDENTITIES.c.user_id == bindparam("user_id", type_=Id))
    .order_by(IDENTITIES.c.issuer, IDENTITIES.c.subject),
    "identities.export",
)
_SESSIONS: Final = _pages(SESSIONS, SESSIONS.c.owner_id, "sessions.export")
_SHARES: Final = Statement(
    select(SHARES).where(SHARES.c.session_id == func.any(bindparam("session_ids", type_=ARRAY(Id)))).order_by(SHARES.c.id),
    "shares.export",
)
_RUNS: Final = _pages(RUNS, RUNS.c.session_id, "runs.export")
_USAGE: Final = _pages(USAGE_ENTRIES, USAGE_ENTRIES.c.owner_id, "usage_entries.export")
_place: Final = (MESSAGES.c.session_id, MESSAGES.c.seq)
_next: Final = (
    select(MESSAGES).where(*in_range(_place, [_session], bindparam("after", type_=Integer), down=False))
    .order_by(*_place).limit(_limit).subquery("next")
)
_forwards: Final = [_next.c.session_id, _next.c.seq]
_measured: Final = select(
    _next, (func.sum(_next.c.characters).over(order_by=_forwards) - _next.c.characters).label("begins_at")
).subquery("measured")
_MESSAGES: Final = Statement(
    select(_measured).where(_measured.c.begins_at <= bindparam("most_characters", type_=Integer)).order_by(_measured.c.seq),
    "messages.export",
)


class PostgresAccountRecords(AccountRecords):
    """The catalog."""

    def __init__(self, catalog: Database) -> None:
        self._catalog = catalog

    async def list_sign_ins(self, user_id: UserId, after: str, limit: int) -> Sequence[SignIn]:
        """Read a page."""
        return [sign_in_from(row) for row in await self._catalog.rows(_SIGN_INS, user_id=user_id, after=after, limit=limit)]

    async def list_agents(self, owner_id: UserId, after: str, limit: int) -> Sequence[AgentView]:
        """Read a page."""
        return [agent_view(row) for row in await self._catalog.rows(_AGENTS, owner_id=owner_id, after=after, limit=limit)]

    async def list_identities(self, user_id: UserId) -> Sequence[Identity]:
        """Read them."""
        rows = await self._catalog.rows(_IDENTITIES, user_id=user_id)
        return [Identity(row["issuer"], row["subject"], row["user_id"], row["created_at"]) for row in rows]


class PostgresConversationRecords(ConversationRecords):
    """The owner's shard."""

    def __init__(self, placement: Placement) -> None:
        self._placement = placement

    async def list_sessions(self, owner_id: UserId, after: str, limit: int) -> Sequence[SessionView]:
        """Read a page."""
        return [session_view(row) for row in await self._page(_SESSIONS, owner_id, after, limit)]

    async def list_shares(self, owner_id: UserId, session_ids: Sequence[SessionId]) -> Sequence[ShareView]:
        """Read them."""
        rows = await self._placement.of(owner_id).rows(_SHARES, session_ids=list(session_ids))
        return [share_view(row) for row in rows]

    async def read_messages(
        self, owner_id: UserId, session_id: SessionId, after_seq: int, *, limit: int, most_characters: int
    ) -> Sequence[Said]:
        """Read a page."""
        rows = await self._placement.of(owner_id).rows(
            _MESSAGES, session_id=session_id, after=after_seq, limit=limit, most_characters=most_characters
        )
        return [Said(message_from(row), row["superseded"]) for row in rows]

    async def list_runs(self, owner_id: UserId, session_id: SessionId, after: str, limit: int) -> Sequence[RunView]:
        """Read a page."""
        rows = await self._placement.of(owner_id).rows(_RUNS, session_id=session_id, after=after, limit=limit)
        return [run_view(row) for row in rows]

    async def list_usage(self, owner_id: UserId, after: str, limit: int) -> Sequence[UsageEntry]:
        """Read a page."""
        return [_entry_from(row) for row in await self._page(_USAGE, owner_id, after, limit)]

    async def _page(self, statement: Statement, owner_id: UserId, after: str, limit: int) -> Sequence[Mapping[str, Any]]:
        return await self._placement.of(owner_id).rows(statement, owner_id=owner_id, after=after, limit=limit)


def _entry_from(row: Mapping[str, Any]) -> UsageEntry:
    return UsageEntry(
        row["id"], row["owner_id"], row["session_id"], row["agent_id"] or None, row["model"],
        Usage(row["input_tokens"], row["output_tokens"]), row["cost"], row["estimated"], row["at"],
    )
