from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from adapters.redis.cache import RedisCache
from adapters.redis.connecting import open_client


class Keyspace:
    """What a test's caches have in the server, under a prefix of its own."""

    def __init__(self, url: str) -> None:
        self.prefix = f"test:{uuid4()}:"
        self.client = open_client(url, patience=5.0, connections=1)

    async def lifetimes(self) -> dict[str, int]:
        """Return the milliseconds that each key still has, by its name without the prefix."""
        names = [name async for name in self.client.scan_iter(match=self.prefix + "*")]
        return {name.decode().removeprefix(self.prefix): await self.client.pttl(name) for name in names}


@pytest.fixture
async def keyspace(valkey_url: str) -> AsyncIterator[Keyspace]:
    space = Keyspace(valkey_url)
    yield space
    await space.client.aclose()


@pytest.fixture
async def cache(valkey_url: str, keyspace: Keyspace) -> AsyncIterator[RedisCache]:
    # A busy machine may stall for longer than the patience that suits production.
    cache = RedisCache(valkey_url, prefix=keyspace.prefix, patience=10.0)
    yield cache
    await cache.close()
