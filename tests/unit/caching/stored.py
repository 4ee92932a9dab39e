"""What the cached readers stand in front of, with a gate that holds a reading after it has seen its value."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from adapters.caching.agent_reader import CachedAgentReader
from adapters.caching.cached_reads import CachedReads
from adapters.caching.catalog import InvalidatingCatalog
from adapters.caching.process_layer import ProcessLayer
from adapters.caching.user_reader import CachedUserReader
from adapters.memory.cache import MemoryCache
from application.actor import Actor
from application.agents.views import AgentView
from application.paging import Page, PageRequest
from application.ports.cache import Cache, Hit, Lease, Lifetime, Miss
from application.ports.readers import AgentReader, UserReader
from application.reactions.invalidate import InvalidateCaches
from domain.agents.agent import AgentChanged, Sampling, Visibility
from domain.shared.errors import Unavailable
from domain.shared.events import DomainEvent
from domain.shared.identifiers import AgentId, SignInId, UserId
from domain.users.credential import TokensRevoked
from domain.users.plan import Plan

_BORN = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
TOKEN = b"\x07" * 32
ACTOR = Actor(UserId("user_1"), Plan.PRO, SignInId("signin_1"), _BORN)
AGENT = AgentView(
    AgentId("agent_1"), None, "guide", "Guide", "Knows the way", "You are a guide.", "small", Sampling(0.5, None, 300),
    Visibility.PUBLIC, 1, _BORN, _BORN, False,
)
RENAMED = replace(AGENT, name="Pathfinder", version=2)
CHANGED = AgentChanged(AGENT.id, AGENT.slug, True)
REVOKED = TokensRevoked((TOKEN,))


class HandClock:
    """A monotonic clock that only tests move."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class SharedCache(MemoryCache):
    """The layer that nodes share, watched; `away` makes it unreachable, `gate` holds invalidations."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(monotonic=clock)
        self.lifetimes: dict[str, list[float]] = {}
        self.reads = 0
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    def peek(self, key: str) -> Hit | None:
        """Return nothing, as a server does."""

    async def read(self, key: str) -> Hit | Lease | Miss:
        self.reads += 1
        return Miss.AWAY if self.away else await super().read(key)

    async def fill(self, key: str, lease: str, value: bytes, lifetime: Lifetime, cost: float = 0.0) -> Hit | None:
        if self.away:
            return None
        self.lifetimes.setdefault(key, []).append(lifetime.seconds)
        return await super().fill(key, lease, value, lifetime, cost)

    async def invalidate(self, keys: Sequence[str]) -> None:
        await self.gate.wait()
        if self.away:
            raise Unavailable("away")
        await super().invalidate(keys)

    async def ping(self) -> None:
        if self.away:
            raise Unavailable("away")


class Node:
    """One process in front of the shared layer and the database."""

    def __init__(self, cache: Cache, database: "Database", clock: HandClock) -> None:
        self.database = database
        self.cache = ProcessLayer(cache, monotonic=clock)
        self.reads = CachedReads(self.cache)
        self.agents = CachedAgentReader(StoredAgents(database), self.reads)
        self.users = CachedUserReader(StoredUsers(database), self.reads)

    async def change(self, rows: dict[Any, Any], event: DomainEvent) -> None:
        """Change the database in a unit of work, with its event."""
        async with InvalidatingCatalog(Staging(self.database, rows), InvalidateCaches(self.cache)).open() as unit:
            unit.record(event)
            await unit.commit()

    async def rename_agent(self) -> None:
        """Give the agent its new name."""
        await self.change({AGENT.id: RENAMED, AGENT.slug: RENAMED}, CHANGED)

    async def revoke_token(self) -> None:
        """Remove the token."""
        await self.change({TOKEN: None}, REVOKED)


class Database:
    """Rows, how often they were read, and the gate."""

    def __init__(self) -> None:
        self.rows: dict[Any, Any] = {AGENT.id: AGENT, AGENT.slug: AGENT, TOKEN: ACTOR}
        self.reads = 0
        self.gate, self.reached = asyncio.Event(), asyncio.Semaphore(0)
        self.gate.set()
        self.failure: Exception | None = None

    async def read(self, key: Any) -> Any:
        self.reads += 1
        seen = self.rows.get(key)
        self.reached.release()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return seen

    def hold(self) -> None:
        """Let readings see what is stored now and wait with it."""
        self.gate.clear()

    async def reach(self, readings: int = 1) -> None:
        """Wait until so many more readings have seen their value."""
        for _ in range(readings):
            await self.reached.acquire()



class StoredAgents(AgentReader):
    def __init__(self, database: Database) -> None:
        self.database = database

    async def find(self, id_or_slug: str) -> AgentView | None:
        found: AgentView | None = await self.database.read(id_or_slug)
        return found

    async def list_public(self, page: PageRequest) -> Page[AgentView]:
        return Page((await self.database.read(AGENT.id),), page.limit < 50)

    async def list_for_owner(self, owner_id: UserId, page: PageRequest) -> Page[AgentView]:
        return Page((await self.database.read(AGENT.id),), False)


class StoredUsers(UserReader):
    def __init__(self, database: Database) -> None:
        self.database = database

    async def find_user(self, user_id: UserId) -> Any:
        return await self.database.read(user_id)

    async def find_actor(self, fingerprint: bytes) -> Actor | None:
        found: Actor | None = await self.database.read(fingerprint)
        return found

    async def list_api_keys(self, user_id: UserId, page: PageRequest) -> Any:
        return await self.database.read((user_id, page))


class StagingUnit:
    """Stages one change of rows and applies it on commit; `lost` makes the commit fail."""

    users = sign_ins = api_keys = agents = sessions = messages = runs = shares = keys = None
    mailed_tokens = audit = identities = erasures = usage = None

    def __init__(self, database: Database, change: dict[Any, Any], *, lost: bool) -> None:
        self._database, self._change, self._lost = database, change, lost
        self.outbox: list[DomainEvent] = []

    def record(self, event: DomainEvent) -> None:
        self.outbox.append(event)

    async def commit(self) -> None:
        await asyncio.sleep(0)
        if self._lost:
            raise Unavailable("the database went away")
        self._database.rows |= self._change


class Staging:
    """Units of work whose commit stores `change`; the last unit's outbox can be looked at."""

    def __init__(self, database: Database, change: dict[Any, Any], *, lost: bool = False) -> None:
        self.unit = StagingUnit(database, change, lost=lost)

    @asynccontextmanager
    async def open(self, *owner: UserId) -> AsyncIterator[Any]:
        yield self.unit
