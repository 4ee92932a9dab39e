"""The cache on a Redis or Valkey server.

One key holds either `V` and a value or `L` and a lease's token, so that deleting it takes both away.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from secrets import token_hex
from typing import Any, Final

from redis.exceptions import RedisError

from adapters.redis.connecting import open_client
from adapters.redis.scripts import Script
from application.circuit_breaker import CircuitBreaker
from application.ports.cache import Cache, Hit, Lease
from domain.shared.errors import Unavailable

_LEASE_MILLIS: Final = 10_000
_CLOSING_SECONDS: Final = 1.0
_VALUE: Final = b"V"
_LEASE: Final = b"L"
_READ: Final = Script("""
local stored = redis.call('GET', KEYS[1])
if not stored then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return stored
""")
_FILL: Final = Script("""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
""")


class RedisCache(Cache):
    """Waits `patience` seconds for an answer, a free connection included; the breaker keeps callers from a server that is away.

    Lifetimes are kept exactly (in milliseconds): whoever fills spreads them. All keys lie under `prefix`.
    """

    def __init__(
        self, url: str, *, prefix: str = "onelast:cache:", patience: float = 0.25, connections: int = 16,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._client = open_client(url, patience=patience, connections=connections)
        self._connections = asyncio.Semaphore(connections)
        self._prefix, self._patience = prefix, patience
        self._breaker = breaker or CircuitBreaker()

    async def read(self, key: str) -> Hit | Lease:
        """Return the value, or a lease that only one caller in ten seconds gets."""
        name, token = self._prefix + key, token_hex(8)
        try:
            stored = await self._ask(lambda: _READ.run(self._client, name, _LEASE + token.encode(), _LEASE_MILLIS))
        except Unavailable:
            return Lease(None)
        if stored is None:
            return Lease(token)
        return Hit(stored[1:]) if stored[:1] == _VALUE else Lease(None)

    async def fill(self, key: str, lease: str, value: bytes, lifetime: float) -> bool:
        """Put the value where the lease still lies."""
        name, millis = self._prefix + key, max(1, round(lifetime * 1_000))
        try:
            stored = await self._ask(lambda: _FILL.run(self._client, name, _LEASE + lease.encode(), _VALUE + value, millis))
        except Unavailable:
            return False
        return bool(stored)

    async def invalidate(self, keys: Sequence[str]) -> None:
        """Delete values and leases in one command."""
        if keys:
            await self._ask(lambda: self._client.unlink(*[self._prefix + key for key in keys]))

    async def ping(self) -> None:
        """Ask the server for a sign of life; while the breaker is open this may be its trial."""
        await self._ask(self._client.ping)

    async def close(self) -> None:
        """Close the connections, within a second whatever the server does."""
        with suppress(RedisError, OSError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._client.aclose()

    async def _ask(self, command: Callable[[], Awaitable[Any]]) -> Any:
        if not self._breaker.allows():
            raise Unavailable("The cache is away.")
        try:
            async with asyncio.timeout(self._patience), self._connections:
                answer = await command()
        except (RedisError, OSError) as failure:  # OSError: asyncio's TimeoutError is one
            self._breaker.failed()
            raise Unavailable("The cache gave no answer.") from failure
        self._breaker.succeeded()
        return answer
