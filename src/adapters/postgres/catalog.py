"""Units of work on the catalog."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import BindParameter, bindparam, delete, literal, select, union_all

from adapters.postgres.audit_log import PostgresAuditLog
from adapters.postgres.database import Database
from adapters.postgres.erasures import PostgresErasureRepository
from adapters.postgres.idempotency import CATALOG_STATEMENTS, PostgresKeys
from adapters.postgres.identities import PostgresIdentities
from adapters.postgres.mailed_tokens import PostgresMailedTokens
from adapters.postgres.rows import (
    agent_columns,
    agent_from,
    api_key_columns,
    api_key_from,
    sign_in_columns,
    sign_in_from,
    user_columns,
    user_from,
)
from adapters.postgres.staging import Staging, insertion, removal, replacement
from adapters.postgres.statement import Statement
from adapters.postgres.tables import AGENTS, API_KEYS, CATALOG_OUTBOX, SIGN_INS, SPENT_REFRESHES, USERS
from application.ports.catalog import (
    AgentRepository,
    ApiKeyRepository,
    Catalog,
    CatalogUnitOfWork,
    SignInRepository,
    UserRepository,
)
from application.ports.entropy import Entropy
from domain.agents.agent import Agent, AgentNotFound
from domain.shared.events import DomainEvent
from domain.shared.identifiers import AgentId, ApiKeyId, SignInId, UserId
from domain.users.credential import ApiKey, ApiKeyNotFound, Credential, SignIn
from domain.users.user import User, UserNotFound

_id: Final[BindParameter[str]] = bindparam("id")
_USER: Final = Statement(select(USERS).where(USERS.c.id == _id), "users.get")
_CREDENTIAL: Final = Statement(
    select(USERS.c.id, USERS.c.password_hash).where(USERS.c.email == bindparam("email")), "users.find_credential"
)
_ADD_USER: Final = insertion(USERS)
_USER_EDITS: Final = ("email", "name", "plan", "updated_at", "role", "limits", "monthly_budget", "email_verified_at")
_SAVE_USER: Final = replacement(USERS, *_USER_EDITS)
_SAVE_PASSWORD: Final = replacement(USERS, *_USER_EDITS, "password_hash", name="users.save_password")
_hash: Final[BindParameter[str]] = bindparam("password_hash", type_=USERS.c.password_hash.type)
# Locked, so that who changes the password meanwhile comes after us and finds what we have added.
_REQUIRE_PASSWORD: Final = Statement(
    select(literal(1))
    .where(USERS.c.id == _id, USERS.c.password_hash.is_not_distinct_from(_hash))
    .with_for_update(read=True),
    "users.require_password",
)
_REMOVE_USER: Final = removal(USERS)

_SIGN_IN: Final = Statement(select(SIGN_INS).where(SIGN_INS.c.id == _id), "sign_ins.find")
_SIGN_IN_BY_REFRESH: Final = Statement(
    union_all(
        select(SIGN_INS, literal(False).label("spent")).where(SIGN_INS.c.refresh == bindparam("refresh")),
        select(SIGN_INS, literal(True).label("spent"))
        .join(SPENT_REFRESHES, SPENT_REFRESHES.c.sign_in_id == SIGN_INS.c.id)
        .where(SPENT_REFRESHES.c.refresh == bindparam("refresh")),
    ),
    "sign_ins.find_by_refresh",
)
_FINGERPRINTS: Final = Statement(
    union_all(
        select(SIGN_INS.c.access.label("fingerprint")).where(SIGN_INS.c.user_id == bindparam("user_id")),
        select(API_KEYS.c.fingerprint).where(API_KEYS.c.user_id == bindparam("user_id")),
    ),
    "sign_ins.fingerprints",
)
_ADD_SIGN_IN: Final = insertion(SIGN_INS)
_SAVE_SIGN_IN: Final = replacement(
    SIGN_INS, "access", "access_expires_at", "refresh", "expires_at", "address", "device", "renewed_at"
)
_SPEND: Final = insertion(SPENT_REFRESHES)
_REMOVE_SIGN_IN: Final = removal(SIGN_INS)

_API_KEY: Final = Statement(select(API_KEYS).where(API_KEYS.c.id == _id), "api_keys.get")
_ADD_API_KEY: Final = insertion(API_KEYS)
_REMOVE_API_KEY: Final = removal(API_KEYS, versioned=False)
_REMOVE_API_KEYS: Final = Statement(delete(API_KEYS).where(API_KEYS.c.user_id == bindparam("user_id")), "api_keys.remove_all")

_AGENT: Final = Statement(select(AGENTS).where(AGENTS.c.id == _id), "agents.get")
_AGENT_BY_SLUG: Final = Statement(
    select(AGENTS).where(AGENTS.c.slug == bindparam("slug"), AGENTS.c.retired_at.is_(None)), "agents.find_by_slug"
)
_ADD_AGENT: Final = insertion(AGENTS)
_AGENT_EDITS: Final = tuple(name for name in AGENTS.c.keys() if name not in ("id", "owner_id", "created_at", "version"))  # noqa: SIM118
_SAVE_AGENT: Final = replacement(AGENTS, *_AGENT_EDITS)
_OUTBOX: Final = insertion(CATALOG_OUTBOX, "id", "kind", "payload", area="catalog_outbox")


class PostgresUsers(UserRepository):
    """Users with their passwords in one row."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    async def get(self, user_id: UserId) -> User:
        """Read the user now."""
        row = await self._staging.database.row(_USER, id=user_id)
        if row is None:
            raise UserNotFound("The account is gone.")
        return user_from(row)

    async def find_credential(self, email: str) -> Credential | None:
        """Read the password's hash now."""
        row = await self._staging.database.row(_CREDENTIAL, email=email)
        return None if row is None else Credential(row["id"], row["password_hash"])

    def add(self, user: User, credential: Credential) -> None:
        """Stage the row."""
        self._staging.add(_ADD_USER, {**user_columns(user), "password_hash": credential.password_hash})

    def save(self, user: User, credential: Credential | None = None) -> None:
        """Stage the new values."""
        if credential is None:
            self._staging.save(_SAVE_USER, user.id, user, user_columns(user))
        else:
            values = {**user_columns(user), "password_hash": credential.password_hash}
            self._staging.save(_SAVE_PASSWORD, user.id, user, values)

    def require(self, credential: Credential) -> None:
        """Stage a look at the password, under a lock."""
        self._staging.begin_with(_REQUIRE_PASSWORD, {"id": credential.user_id, "password_hash": credential.password_hash})

    def remove(self, user: User) -> None:
        """Stage the deletion; foreign keys take all else along."""
        self._staging.remove(_REMOVE_USER, user.id, user.version)


class PostgresSignIns(SignInRepository):
    """Sign-ins; spent refresh tokens go with them."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    async def find(self, sign_in_id: SignInId) -> SignIn | None:
        """Read the sign-in now."""
        row = await self._staging.database.row(_SIGN_IN, id=sign_in_id)
        return None if row is None else sign_in_from(row)

    async def find_by_refresh(self, refresh: bytes) -> tuple[SignIn, bool] | None:
        """Read the sign-in now, by its good or a spent token."""
        row = await self._staging.database.row(_SIGN_IN_BY_REFRESH, refresh=refresh)
        return None if row is None else (sign_in_from(row), row["spent"])

    def add(self, sign_in: SignIn) -> None:
        """Stage the row."""
        self._staging.add(_ADD_SIGN_IN, sign_in_columns(sign_in))

    def save(self, sign_in: SignIn, spent: bytes) -> None:
        """Stage the rotation and the token that it spent."""
        self._staging.save(_SAVE_SIGN_IN, sign_in.id, sign_in, sign_in_columns(sign_in))
        spent_at = sign_in.renewed_at or sign_in.created_at
        self._staging.add(_SPEND, {"refresh": spent, "sign_in_id": sign_in.id, "spent_at": spent_at})

    def remove(self, sign_in: SignIn) -> None:
        """Stage the deletion."""
        self._staging.remove(_REMOVE_SIGN_IN, sign_in.id, sign_in.version)

    async def fingerprints_of(self, user_id: UserId) -> tuple[bytes, ...]:
        """Read the fingerprints now."""
        return tuple(row["fingerprint"] for row in await self._staging.database.rows(_FINGERPRINTS, user_id=user_id))


class PostgresApiKeys(ApiKeyRepository):
    """API keys."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    async def get(self, key_id: ApiKeyId) -> ApiKey:
        """Read the key now."""
        row = await self._staging.database.row(_API_KEY, id=key_id)
        if row is None:
            raise ApiKeyNotFound(f"There is no API key {key_id}.")
        return api_key_from(row)

    def add(self, key: ApiKey) -> None:
        """Stage the row."""
        self._staging.add(_ADD_API_KEY, api_key_columns(key))

    def remove(self, key: ApiKey) -> None:
        """Stage the deletion."""
        self._staging.remove(_REMOVE_API_KEY, key.id)

    def remove_all_of(self, user_id: UserId) -> None:
        """Stage the deletions."""
        self._staging.add(_REMOVE_API_KEYS, {"user_id": user_id})


class PostgresAgents(AgentRepository):
    """Agents."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    async def get(self, agent_id: AgentId) -> Agent:
        """Read the agent now."""
        row = await self._staging.database.row(_AGENT, id=agent_id)
        if row is None:
            raise AgentNotFound(f"There is no agent {agent_id}.")
        return agent_from(row)

    async def find_by_slug(self, slug: str) -> Agent | None:
        """Read the agent now."""
        row = await self._staging.database.row(_AGENT_BY_SLUG, slug=slug)
        return None if row is None else agent_from(row)

    def add(self, agent: Agent) -> None:
        """Stage the row."""
        self._staging.add(_ADD_AGENT, agent_columns(agent))

    def save(self, agent: Agent) -> None:
        """Stage the new values."""
        self._staging.save(_SAVE_AGENT, agent.id, agent, agent_columns(agent))


class PostgresCatalogUnitOfWork(CatalogUnitOfWork):
    """Collects; commits in one statement."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self.users, self.sign_ins = PostgresUsers(staging), PostgresSignIns(staging)
        self.api_keys, self.agents = PostgresApiKeys(staging), PostgresAgents(staging)
        self.identities = PostgresIdentities(staging)
        self.mailed_tokens = PostgresMailedTokens(staging)
        self.audit = PostgresAuditLog(staging)
        self.erasures = PostgresErasureRepository(staging)
        self.keys = PostgresKeys(staging, CATALOG_STATEMENTS)

    def record(self, event: DomainEvent) -> None:
        """Stage an event."""
        self._staging.record(event)

    async def commit(self) -> None:
        """Write it all."""
        await self._staging.commit()


class PostgresCatalog(Catalog):
    """The catalog's database."""

    def __init__(self, database: Database, entropy: Entropy) -> None:
        self._database, self._entropy = database, entropy

    @asynccontextmanager
    async def open(self) -> AsyncIterator[CatalogUnitOfWork]:
        """Begin a unit of work; nothing is held until the commit."""
        yield PostgresCatalogUnitOfWork(Staging(self._database, _OUTBOX, "catalog", self._entropy))
