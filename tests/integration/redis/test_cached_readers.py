import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from adapters.caching.cached_reads import CachedReads
from adapters.caching.shapes import AGENT as SHAPE
from adapters.redis.cache import RedisCache
from application.paging import PageRequest
from application.ports.cache import Hit, Lease
from application.reactions.keys import SCHEMA, actor_key, agent_key
from tests.contracts.ports.cache import HOUR, fill, leased
from tests.integration.redis.conftest import Keyspace
from tests.unit.caching.stored import ACTOR, AGENT, RENAMED, TOKEN, Database, HandClock, Node, StoredAgents

FIRST, SHORT = PageRequest(20), PageRequest(1)
MakeNode = Callable[[Database], Node]


@pytest.fixture
async def node_of(valkey_url: str, keyspace: Keyspace) -> AsyncIterator[MakeNode]:
    """Make processes with connections of their own, whose memory does not grow old by itself."""
    opened: list[RedisCache] = []

    def make(database: Database) -> Node:
        opened.append(RedisCache(valkey_url, prefix=keyspace.prefix, patience=10.0))
        return Node(opened[-1], database, HandClock())

    yield make
    for cache in opened:
        await cache.close()


async def hearing(node: Node) -> None:
    """Return when the node hears what others invalidate, so that it may keep what it reads."""
    while node.cache.peek("warm") is None:
        if isinstance(found := await node.cache.read("warm"), Lease):
            await node.cache.fill("warm", found.token, b"x", HOUR)
        await asyncio.sleep(0.01)


async def test_a_hundred_nodes_that_miss_at_once_make_one_reading(cache: RedisCache) -> None:
    database = Database()
    nodes = [CachedReads(cache, patience=60.0) for _ in range(100)]
    agents = StoredAgents(database)
    found = await asyncio.gather(*[node.read("k", SHAPE, lambda: agents.find("guide")) for node in nodes])
    assert (set(found), database.reads) == ({AGENT}, 1)


async def test_a_thousand_cold_readings_over_three_processes_are_one_reading_of_the_database(
    valkey_url: str, keyspace: Keyspace
) -> None:
    program = Path(__file__).with_name("cold_readers.py")
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, program, valkey_url, keyspace.prefix, "334", stdout=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    told = [(await process.communicate())[0].split() for process in processes]
    assert told == [[b"334", b"found"]] * 3
    assert await keyspace.client.get(keyspace.prefix + "database") == b"1"


async def test_a_hundred_callers_of_one_node_make_one_reading(node_of: MakeNode) -> None:
    node = node_of(Database())
    found = await asyncio.gather(*[node.users.find_actor(TOKEN) for _ in range(100)])
    assert (set(found), node.database.reads) == ({ACTOR}, 1)


async def test_a_reading_that_began_before_a_change_leaves_no_old_value_on_any_node(node_of: MakeNode) -> None:
    database = Database()
    writer, other = node_of(database), node_of(database)
    await hearing(other)
    database.hold()
    slow = [asyncio.create_task(other.agents.find("guide")), asyncio.create_task(other.agents.list_public(FIRST))]
    await database.reach(2)
    await writer.rename_agent()
    database.gate.set()
    await asyncio.gather(*slow)
    for node in (writer, other):
        assert await node.agents.find("guide") == RENAMED
        assert (await node.agents.list_public(FIRST)).items == (RENAMED,)


async def test_when_a_change_is_acknowledged_no_node_remembers_what_was_before(node_of: MakeNode) -> None:
    database = Database()
    nodes = [node_of(database) for _ in range(3)]
    await asyncio.gather(*map(hearing, nodes))
    for node in nodes:
        assert await node.agents.find("guide") == AGENT
        assert node.cache.peek(agent_key("guide")) is not None
    await nodes[0].rename_agent()
    assert [node.cache.peek(agent_key("guide")) for node in nodes] == [None] * 3
    assert [await node.agents.find("guide") for node in nodes] == [RENAMED] * 3


async def test_a_revoked_token_is_refused_at_once_on_every_node(node_of: MakeNode) -> None:
    database = Database()
    writer, other = node_of(database), node_of(database)
    await hearing(other)
    assert [await writer.users.find_actor(TOKEN), await other.users.find_actor(TOKEN)] == [ACTOR, ACTOR]
    await writer.revoke_token()
    assert [await writer.users.find_actor(TOKEN), await other.users.find_actor(TOKEN)] == [None, None]


async def test_a_change_waits_for_a_node_that_hears_nothing_until_its_copy_has_ended(
    node_of: MakeNode, valkey_url: str, keyspace: Keyspace
) -> None:
    database = Database()
    writer = node_of(database)
    await hearing(writer)
    await writer.agents.find("guide")
    key = keyspace.prefix + agent_key("guide")
    seconds, micros = await keyspace.client.time()
    await keyspace.client.hset(key, "nfrozen", seconds * 1_000 + micros // 1_000 + 300)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await writer.rename_agent()
    assert loop.time() - began >= 0.29


async def test_a_node_that_does_not_hear_yet_keeps_no_copies(cache: RedisCache) -> None:
    await fill(cache, "k", b"x")
    cache.listen(lambda _: None)
    assert [one.keep for one in [await cache.read("k")] if isinstance(one, Hit)] == [0]
    while not (isinstance(found := await cache.read("k"), Hit) and found.keep):  # noqa: ASYNC110  (nobody tells us)
        await asyncio.sleep(0.01)
    assert 0 < found.keep <= 1


async def test_all_keys_carry_the_schema_number_and_absence_is_brief(node_of: MakeNode, keyspace: Keyspace) -> None:
    node = node_of(Database())
    await node.agents.find("guide")
    await node.agents.find("nobody")
    await node.agents.list_public(FIRST)
    await node.agents.list_public(SHORT)
    await node.users.find_actor(b"?" * 32)
    lifetimes = await keyspace.lifetimes()
    assert len(lifetimes) == 5
    assert {key.split(":")[0] for key in lifetimes} == {str(SCHEMA)}
    assert 0 < lifetimes[actor_key(b"?" * 32)] <= 1_000
    assert 0 < lifetimes[agent_key("nobody")] <= 2_000 < lifetimes[agent_key("guide")]


async def test_a_value_of_another_schema_is_never_read(node_of: MakeNode, cache: RedisCache) -> None:
    node = node_of(Database())
    await cache.read(agent_key("guide", SCHEMA + 1))
    assert await node.agents.find("guide") == AGENT
    assert node.database.reads == 1


async def test_a_change_forgets_what_nodes_of_the_neighbouring_releases_have_cached(
    node_of: MakeNode, cache: RedisCache
) -> None:
    keys = [agent_key("guide", schema) for schema in (SCHEMA, SCHEMA + 1)]
    leases = [await leased(cache, key) for key in keys]
    await node_of(Database()).rename_agent()
    assert [await cache.fill(key, lease, b"old", HOUR) for key, lease in zip(keys, leases, strict=True)] == [None, None]
