import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.caching.cached_reads import CachedReads
from adapters.caching.process_layer import ProcessLayer
from adapters.caching.user_reader import CachedUserReader
from adapters.redis.cache import RedisCache
from application.circuit_breaker import CircuitBreaker
from application.ports.cache import Hit, Lease, Miss
from application.reactions.keys import keys_of
from domain.shared.errors import Unavailable
from tests.contracts.ports.cache import HOUR
from tests.support.valkey_process import ValkeyProcess, free_port
from tests.unit.caching.stored import ACTOR, REVOKED, TOKEN, Database, HandClock, StoredUsers

FAILURES = 3


class Node:
    """One process with a cache server of its own; the breaker's clock is moved by hand."""

    def __init__(self, url: str) -> None:
        self.clock, self.database = HandClock(), Database()
        self.redis = RedisCache(url, breaker=CircuitBreaker(failures=FAILURES, rest=2.0, monotonic=self.clock))
        self.cache = ProcessLayer(self.redis, monotonic=self.clock)
        self.users = CachedUserReader(StoredUsers(self.database), CachedReads(self.cache))

    async def fill(self, key: str) -> None:
        lease = await self.redis.read(key)
        assert isinstance(lease, Lease)
        assert await self.redis.fill(key, lease.token, b"x", HOUR)

    async def exhaust(self) -> None:
        """Fail until the breaker is open."""
        for _ in range(FAILURES):
            assert await self.redis.read("k") is Miss.AWAY


@pytest.fixture
async def node(own_valkey: ValkeyProcess) -> AsyncIterator[Node]:
    node = Node(own_valkey.url)
    yield node
    await node.redis.close()


async def rest(node: Node) -> None:
    """Let the breaker and the connection rest until they try again."""
    node.clock.now += 2
    await asyncio.sleep(0.15)


async def fails_as_promised(node: Node) -> None:
    """Look at all operations while the server is away."""
    assert await node.redis.read("k") is Miss.AWAY
    assert not await node.redis.fill("k", "lease", b"x", HOUR)
    for question in (node.redis.invalidate(["k"]), node.redis.ping()):
        with pytest.raises(Unavailable):
            await question


async def test_a_killed_server_is_bypassed_and_used_again_when_it_is_back(own_valkey: ValkeyProcess, node: Node) -> None:
    await node.fill("k")
    own_valkey.kill()
    await fails_as_promised(node)
    assert await node.users.find_actor(TOKEN) == ACTOR
    own_valkey.start()
    await rest(node)
    await node.fill("k")
    assert await node.redis.read("k") == Hit(b"x")


async def test_a_frozen_server_is_bypassed_and_used_again_when_it_is_thawed(own_valkey: ValkeyProcess, node: Node) -> None:
    await node.fill("k")
    own_valkey.freeze()
    await fails_as_promised(node)
    assert await node.users.find_actor(TOKEN) == ACTOR
    own_valkey.thaw()
    await rest(node)
    await node.redis.ping()
    await node.fill("another")


async def test_an_open_breaker_does_not_ask_the_server(own_valkey: ValkeyProcess, node: Node) -> None:
    await node.fill("k")
    own_valkey.freeze()
    await node.exhaust()
    own_valkey.thaw()
    await fails_as_promised(node)
    await rest(node)
    assert await node.redis.read("k") == Hit(b"x")
    assert await node.redis.read("k") == Hit(b"x")


async def test_many_callers_of_a_frozen_server_all_get_an_answer_from_one_database_read(
    own_valkey: ValkeyProcess, node: Node
) -> None:
    await node.redis.ping()
    own_valkey.freeze()
    found = await asyncio.gather(*[node.users.find_actor(TOKEN) for _ in range(100)])
    assert (set(found), node.database.reads) == ({ACTOR}, 1)


async def test_a_token_revoked_while_the_server_is_frozen_is_refused_at_once(own_valkey: ValkeyProcess, node: Node) -> None:
    assert await node.users.find_actor(TOKEN) == ACTOR
    own_valkey.freeze()
    node.database.rows[TOKEN] = None
    with pytest.raises(Unavailable):
        await node.cache.invalidate(keys_of([REVOKED]))
    assert await node.users.find_actor(TOKEN) is None


async def test_a_frozen_server_does_not_hold_up_the_closing(own_valkey: ValkeyProcess, node: Node) -> None:
    await asyncio.gather(*[node.redis.read("k") for _ in range(4)])
    own_valkey.freeze()
    await node.redis.close()


async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()
    await writer.wait_closed()


async def test_an_address_where_nobody_answers_is_a_miss() -> None:
    silent = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    for port in (silent.sockets[0].getsockname()[1], free_port()):
        cache = RedisCache(f"redis://127.0.0.1:{port}")
        assert await cache.read("k") is Miss.AWAY
        with pytest.raises(Unavailable):
            await cache.ping()
        await cache.close()
    silent.close()


async def test_a_wrong_password_is_unavailability_and_not_a_crash(own_valkey: ValkeyProcess) -> None:
    cache = RedisCache(own_valkey.url.replace("//", "//nobody:wrong@"))
    assert await cache.read("k") is Miss.AWAY
    with pytest.raises(Unavailable):
        await cache.ping()
    await cache.close()
