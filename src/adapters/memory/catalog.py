"""Units of work on the catalog, in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy

from adapters.memory.audit_log import MemoryAuditLog
from adapters.memory.constraints import (
    DuplicateKey,
    require_as_read,
    require_free_email,
    require_free_slug,
    require_new,
    require_user,
)
from adapters.memory.erasures import MemoryErasureRepository
from adapters.memory.idempotency import MemoryKeys
from adapters.memory.identities import MemoryIdentities
from adapters.memory.mailed_tokens import MemoryMailedTokens
from adapters.memory.staging import Staging
from adapters.memory.store import MemoryStore
from adapters.memory.tables import Tables, drop_where
from application.ports.catalog import (
    AgentRepository,
    ApiKeyRepository,
    Catalog,
    CatalogUnitOfWork,
    SignInRepository,
    UserRepository,
)
from domain.agents.agent import Agent, AgentNotFound
from domain.shared.errors import StaleWrite
from domain.shared.events import DomainEvent
from domain.shared.identifiers import AgentId, ApiKeyId, SignInId, UserId
from domain.users.credential import ApiKey, ApiKeyNotFound, Credential, SignIn
from domain.users.user import User, UserNotFound


class MemoryUsers(UserRepository):
    """Users with their passwords."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    async def get(self, user_id: UserId) -> User:
        """Read a copy now."""
        user = (await self._staging.store.read()).users.get(user_id)
        if user is None:
            raise UserNotFound("The account is gone.")
        return deepcopy(user)

    async def find_credential(self, email: str) -> Credential | None:
        """Read the password's hash now."""
        tables = await self._staging.store.read()
        return next((tables.credentials[user.id] for user in tables.users.values() if user.email == email), None)

    def add(self, user: User, credential: Credential) -> None:
        """Stage a copy."""
        fresh = deepcopy(user)

        def insert(tables: Tables) -> None:
            require_new(tables.users, fresh.id)
            require_free_email(tables, fresh)
            tables.users[fresh.id], tables.credentials[fresh.id] = fresh, credential

        self._staging.add(insert)

    def save(self, user: User, credential: Credential | None = None) -> None:
        """Stage a copy."""
        self._staging.save(lambda tables: tables.users, user.id, user, require_free_email)
        if credential is not None:
            self._staging.add(lambda tables: tables.credentials.update({user.id: credential}))

    def require(self, credential: Credential) -> None:
        """Stage a look at the password."""

        def look(tables: Tables) -> None:
            if tables.credentials.get(credential.user_id) != credential:
                raise StaleWrite("Somebody else changed it at the same moment.")

        self._staging.begin_with(look)

    def remove(self, user: User) -> None:
        """Stage the deletion with all that hangs on the user."""
        user_id, version = user.id, user.version

        def delete(tables: Tables) -> None:
            require_as_read(tables.users, user_id, version)
            tables.drop_user(user_id)

        self._staging.remove(delete)


class MemorySignIns(SignInRepository):
    """Sign-ins and the tokens they have spent."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    async def find(self, sign_in_id: SignInId) -> SignIn | None:
        """Read a copy now."""
        return deepcopy((await self._staging.store.read()).sign_ins.get(sign_in_id))

    async def find_by_refresh(self, refresh: bytes) -> tuple[SignIn, bool] | None:
        """Read a copy now, by its good or a spent token."""
        tables = await self._staging.store.read()
        if refresh in tables.spent_refreshes:
            return deepcopy(tables.sign_ins[tables.spent_refreshes[refresh][0]]), True
        found = next((sign_in for sign_in in tables.sign_ins.values() if sign_in.refresh == refresh), None)
        return None if found is None else (deepcopy(found), False)

    def add(self, sign_in: SignIn) -> None:
        """Stage a copy."""
        fresh = deepcopy(sign_in)

        def insert(tables: Tables) -> None:
            require_new(tables.sign_ins, fresh.id)
            if any({one.access, one.refresh} & {fresh.access, fresh.refresh} for one in tables.sign_ins.values()):
                raise DuplicateKey("two sign-ins have one token")
            tables.sign_ins[fresh.id] = fresh

        self._staging.add(insert)
        self._staging.require(lambda tables: require_user(tables, fresh.user_id))

    def save(self, sign_in: SignIn, spent: bytes) -> None:
        """Stage a copy and the token that was spent."""
        sign_in_id, at = sign_in.id, sign_in.renewed_at or sign_in.created_at

        def spend(tables: Tables) -> None:
            if spent in tables.spent_refreshes:
                raise StaleWrite("Somebody else was faster.")
            tables.spent_refreshes[spent] = sign_in_id, at

        self._staging.save(lambda tables: tables.sign_ins, sign_in_id, sign_in)
        self._staging.add(spend)

    def remove(self, sign_in: SignIn) -> None:
        """Stage the deletion."""
        sign_in_id, version = sign_in.id, sign_in.version

        def delete(tables: Tables) -> None:
            require_as_read(tables.sign_ins, sign_in_id, version)
            tables.drop_sign_in(sign_in_id)

        self._staging.remove(delete)

    async def fingerprints_of(self, user_id: UserId) -> tuple[bytes, ...]:
        """Read the fingerprints now."""
        tables = await self._staging.store.read()
        tokens = [sign_in.access for sign_in in tables.sign_ins.values() if sign_in.user_id == user_id]
        return (*tokens, *[key.fingerprint for key in tables.api_keys.values() if key.user_id == user_id])


class MemoryApiKeys(ApiKeyRepository):
    """API keys."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    async def get(self, key_id: ApiKeyId) -> ApiKey:
        """Read the key now."""
        key = (await self._staging.store.read()).api_keys.get(key_id)
        if key is None:
            raise ApiKeyNotFound(f"There is no API key {key_id}.")
        return key

    def add(self, key: ApiKey) -> None:
        """Stage the key."""

        def insert(tables: Tables) -> None:
            require_new(tables.api_keys, key.id)
            if any(one.fingerprint == key.fingerprint for one in tables.api_keys.values()):
                raise DuplicateKey("two keys have one secret")
            tables.api_keys[key.id] = key

        self._staging.add(insert)
        self._staging.require(lambda tables: require_user(tables, key.user_id))

    def remove(self, key: ApiKey) -> None:
        """Stage the deletion."""

        def delete(tables: Tables) -> None:
            if tables.api_keys.pop(key.id, None) is None:
                raise StaleWrite("Somebody else removed it at the same moment.")

        self._staging.remove(delete)

    def remove_all_of(self, user_id: UserId) -> None:
        """Stage the deletions."""
        self._staging.add(lambda tables: drop_where(tables.api_keys, lambda key: key.user_id == user_id))


class MemoryAgents(AgentRepository):
    """Agents."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    async def get(self, agent_id: AgentId) -> Agent:
        """Read a copy now."""
        agent = (await self._staging.store.read()).agents.get(agent_id)
        if agent is None:
            raise AgentNotFound(f"There is no agent {agent_id}.")
        return deepcopy(agent)

    async def find_by_slug(self, slug: str) -> Agent | None:
        """Read a copy now."""
        agents = (await self._staging.store.read()).agents.values()
        return deepcopy(next((agent for agent in agents if agent.profile.slug == slug and agent.retired_at is None), None))

    def add(self, agent: Agent) -> None:
        """Stage a copy."""
        fresh = deepcopy(agent)

        def insert(tables: Tables) -> None:
            require_new(tables.agents, fresh.id)
            require_free_slug(tables, fresh)
            tables.agents[fresh.id] = fresh

        self._staging.add(insert)
        self._staging.require(lambda tables: require_user(tables, fresh.owner_id))

    def save(self, agent: Agent) -> None:
        """Stage a copy."""
        self._staging.save(lambda tables: tables.agents, agent.id, agent, require_free_slug)


class MemoryCatalogKeys(MemoryKeys):
    """Keys of users: they go with their user."""

    def __init__(self, staging: Staging) -> None:
        super().__init__(staging, lambda tables: tables.catalog_keys)

    def add(self, owner_id: UserId, key: str, request: bytes, answer: object) -> None:
        """Stage a copy."""
        super().add(owner_id, key, request, answer)
        self._staging.require(lambda tables: require_user(tables, owner_id))


class MemoryCatalogUnitOfWork(CatalogUnitOfWork):
    """Collects; commits at once."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self.users, self.sign_ins = MemoryUsers(staging), MemorySignIns(staging)
        self.api_keys, self.agents = MemoryApiKeys(staging), MemoryAgents(staging)
        self.identities = MemoryIdentities(staging)
        self.mailed_tokens = MemoryMailedTokens(staging)
        self.audit = MemoryAuditLog(staging)
        self.erasures = MemoryErasureRepository(staging)
        self.keys = MemoryCatalogKeys(staging)

    def record(self, event: DomainEvent) -> None:
        """Stage an event."""
        self._staging.record(event)

    async def commit(self) -> None:
        """Store it all."""
        await self._staging.commit()


class MemoryCatalog(Catalog):
    """The catalog's part of the store."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    @asynccontextmanager
    async def open(self) -> AsyncIterator[CatalogUnitOfWork]:
        """Begin a unit of work."""
        yield MemoryCatalogUnitOfWork(Staging(self._store, "catalog"))
