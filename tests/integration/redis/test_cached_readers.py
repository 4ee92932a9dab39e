import asyncio

from adapters.caching.agent_reader import CachedAgentReader
from adapters.caching.catalog import InvalidatingCatalog
from adapters.caching.forgetting import ForgettingCache
from adapters.caching.leased_reads import LeasedReads
from adapters.caching.local_reads import LocalReads
from adapters.caching.shapes import AGENT as SHAPE
from adapters.caching.user_reader import CachedUserReader
from adapters.redis.cache import RedisCache
from application.paging import PageRequest
from application.reactions.invalidate import InvalidateCaches
from application.reactions.keys import SCHEMA, actor_key, agent_key
from tests.integration.redis.conftest import Keyspace
from tests.unit.caching.stored import (
    ACTOR,
    AGENT,
    CHANGED,
    RENAMED,
    REVOKED,
    TOKEN,
    Database,
    HandClock,
    Staging,
    StoredAgents,
    StoredUsers,
)

FIRST = PageRequest(20)


class Node:
    """One of several processes in front of one server and one database."""

    def __init__(self, cache: RedisCache, database: Database) -> None:
        self.clock, self.database = HandClock(), database
        self.local = LocalReads(monotonic=self.clock)
        self.cache = ForgettingCache(cache, self.local)
        self.agents = CachedAgentReader(StoredAgents(database), self.cache, self.local)
        self.users = CachedUserReader(StoredUsers(database), self.cache, self.local)

    async def rename_agent(self) -> None:
        await self._commit({AGENT.id: RENAMED, AGENT.slug: RENAMED}, CHANGED)

    async def revoke_token(self) -> None:
        await self._commit({TOKEN: None}, REVOKED)

    async def _commit(self, change: dict[object, object], event: object) -> None:
        catalog = InvalidatingCatalog(Staging(self.database, change), InvalidateCaches(self.cache))
        async with catalog.open() as unit:
            unit.record(event)
            await unit.commit()


async def test_a_hundred_nodes_that_miss_at_once_make_one_reading(cache: RedisCache) -> None:
    database = Database()
    nodes = [LeasedReads(cache, patience=60.0) for _ in range(100)]
    agents = StoredAgents(database)
    found = await asyncio.gather(*[node.read("k", SHAPE, lambda: agents.find("guide")) for node in nodes])
    assert (set(found), database.reads) == ({AGENT}, 1)


async def test_a_hundred_callers_of_one_node_make_one_reading(cache: RedisCache) -> None:
    node = Node(cache, Database())
    found = await asyncio.gather(*[node.users.find_actor(TOKEN) for _ in range(100)])
    assert (set(found), node.database.reads) == ({ACTOR}, 1)


async def test_a_reading_that_began_before_a_change_leaves_no_old_value_on_any_node(cache: RedisCache) -> None:
    database = Database()
    writer, other = Node(cache, database), Node(cache, database)
    database.hold()
    slow = [asyncio.create_task(other.agents.find("guide")), asyncio.create_task(other.agents.list_public(FIRST))]
    await database.reach(2)
    await writer.rename_agent()
    database.gate.set()
    await asyncio.gather(*slow)
    other.clock.now += 1
    for node in (writer, other):
        assert await node.agents.find("guide") == RENAMED
        assert (await node.agents.list_public(FIRST)).items == (RENAMED,)


async def test_a_revoked_token_is_refused_at_once_here_and_within_a_second_elsewhere(cache: RedisCache) -> None:
    database = Database()
    writer, other = Node(cache, database), Node(cache, database)
    assert [await writer.users.find_actor(TOKEN), await other.users.find_actor(TOKEN)] == [ACTOR, ACTOR]
    await writer.revoke_token()
    assert await writer.users.find_actor(TOKEN) is None
    other.clock.now += 1
    assert await other.users.find_actor(TOKEN) is None


async def test_all_keys_carry_the_schema_number_and_absence_is_brief(cache: RedisCache, keyspace: Keyspace) -> None:
    node = Node(cache, Database())
    await node.agents.find("guide")
    await node.agents.find("nobody")
    await node.agents.list_public(FIRST)
    await node.users.find_actor(b"?" * 32)
    lifetimes = await keyspace.lifetimes()
    assert len(lifetimes) == 5
    assert {key.split(":")[0] for key in lifetimes} == {str(SCHEMA)}
    assert 0 < lifetimes[actor_key(b"?" * 32)] <= 1_100
    assert 0 < lifetimes[agent_key("nobody")] <= 2_200 < lifetimes[agent_key("guide")]


async def test_a_value_of_another_schema_is_never_read(cache: RedisCache) -> None:
    node = Node(cache, Database())
    await cache.read(agent_key("guide", SCHEMA + 1))
    assert await node.agents.find("guide") == AGENT
    assert node.database.reads == 1


async def test_a_change_forgets_what_nodes_of_the_neighbouring_releases_have_cached(cache: RedisCache) -> None:
    keys = [agent_key("guide", schema) for schema in (SCHEMA - 1, SCHEMA, SCHEMA + 1)]
    leases = [await cache.read(key) for key in keys]
    await Node(cache, Database()).rename_agent()
    assert not any([await cache.fill(key, lease.token, b"old", 60) for key, lease in zip(keys, leases, strict=True)])
