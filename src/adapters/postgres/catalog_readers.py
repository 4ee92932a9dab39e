"""Reading the catalog: agents, users, who a token stands for."""

from typing import Final

from sqlalchemy import bindparam, null, or_, select, union_all

from adapters.postgres.database import Database
from adapters.postgres.paging import PagedReading
from adapters.postgres.rows import actor_from, agent_view, api_key_from, user_view
from adapters.postgres.statement import Statement
from adapters.postgres.tables import AGENTS, API_KEYS, SIGN_INS, USERS, Id
from application.actor import Actor
from application.agents.views import AgentView
from application.paging import Page, PageRequest, page_of
from application.ports.readers import AgentReader, UserReader
from application.users.views import UserView
from domain.shared.identifiers import UserId
from domain.users.credential import ApiKey

_in_service: Final = AGENTS.c.retired_at.is_(None)
_name: Final = bindparam("name", type_=Id)
_AGENT: Final = Statement(
    select(AGENTS).where(or_(AGENTS.c.id == _name, (AGENTS.c.slug == _name) & _in_service)), "agents.find"
)
_PUBLIC: Final = PagedReading(
    select(AGENTS).where(_in_service, AGENTS.c.visibility == "public"), AGENTS.c.id, "agents.list_public"
)
_OWN: Final = PagedReading(select(AGENTS).where(_in_service), AGENTS.c.id, "agents.list_own", [AGENTS.c.owner_id])
_USER: Final = Statement(select(USERS).where(USERS.c.id == bindparam("id")), "users.find")
_fingerprint: Final = bindparam("fingerprint", type_=SIGN_INS.c.access.type)
_HELD: Final = (USERS.c.id, USERS.c.plan, USERS.c.role, USERS.c.limits, USERS.c.monthly_budget)
_all: Final = null().cast(API_KEYS.c.scopes.type)
_ACTOR: Final = Statement(
    union_all(
        select(*_HELD, SIGN_INS.c.id.label("sign_in_id"), SIGN_INS.c.access_expires_at.label("expires_at"), _all.label("scopes"))
        .join(USERS, USERS.c.id == SIGN_INS.c.user_id).where(SIGN_INS.c.access == _fingerprint),
        select(*_HELD, null().cast(Id), API_KEYS.c.expires_at, API_KEYS.c.scopes)
        .select_from(API_KEYS).join(USERS, USERS.c.id == API_KEYS.c.user_id).where(API_KEYS.c.fingerprint == _fingerprint),
    ),
    "users.find_actor",
)
_KEYS: Final = PagedReading(select(API_KEYS), API_KEYS.c.id, "api_keys.list", [API_KEYS.c.user_id])


class PostgresAgentReader(AgentReader):
    """Agents."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, id_or_slug: str) -> AgentView | None:
        """Read the agent; slugs have no '_' and identifiers have one, so at most one row fits."""
        if "\x00" in id_or_slug:  # which Postgres refuses in any text
            return None
        row = await self._database.row(_AGENT, name=id_or_slug)
        return None if row is None else agent_view(row)

    async def list_public(self, page: PageRequest) -> Page[AgentView]:
        """Read a page of the public catalogue."""
        statement, values = _PUBLIC.for_page(page)
        return page_of([agent_view(row) for row in await self._database.rows(statement, **values)], page)

    async def list_for_owner(self, owner_id: UserId, page: PageRequest) -> Page[AgentView]:
        """Read a page of the owner's agents."""
        statement, values = _OWN.for_page(page)
        return page_of([agent_view(row) for row in await self._database.rows(statement, owner_id=owner_id, **values)], page)


class PostgresUserReader(UserReader):
    """Users."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_user(self, user_id: UserId) -> UserView | None:
        """Read the user."""
        row = await self._database.row(_USER, id=user_id)
        return None if row is None else user_view(row)

    async def find_actor(self, fingerprint: bytes) -> Actor | None:
        """Read who the token or key stands for, in one statement over both."""
        row = await self._database.row(_ACTOR, fingerprint=fingerprint)
        return None if row is None else actor_from(row)

    async def list_api_keys(self, user_id: UserId, page: PageRequest) -> Page[ApiKey]:
        """Read a page of the user's keys."""
        statement, values = _KEYS.for_page(page)
        return page_of([api_key_from(row) for row in await self._database.rows(statement, user_id=user_id, **values)], page)
