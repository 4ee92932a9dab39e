from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from adapters.redis.cache import RedisCache
from tests.support.valkey_forms import ValkeyForm, client_of


@pytest.fixture(scope="session")
def valkey_url(valkey_form: ValkeyForm) -> str:
    """The address of servers of each form; each test keeps to keys of its own."""
    return valkey_form.url


class Keyspace:
    """What a test's caches have in the server, under a prefix of its own."""

    def __init__(self, url: str) -> None:
        self.prefix = f"test:{uuid4()}:"
        self.client = client_of(url)

    async def lifetimes(self) -> dict[str, int]:
        """Return the milliseconds that each key still has, by its name without the prefix."""
        names = [name async for name in self.client.scan_iter(match=self.prefix + "*")]
        return {name.decode().removeprefix(self.prefix): await self.client.pttl(name) for name in names}

    async def age(self, seconds: float) -> None:
        """Have everything become so much older: move every moment that the cache has written down, and every key's end."""
        millis = round(seconds * 1_000)
        for key, left in (await self.lifetimes()).items():
            stored = await self.client.hgetall(self.prefix + key)
            moments = {
                field: int(float(at)) - millis for field, at in stored.items() if field in {b"s", b"u"} or field[:1] == b"n"
            }
            if moments:
                await self.client.hset(self.prefix + key, mapping=moments)
            await self.client.pexpire(self.prefix + key, left - millis)


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
