"""The present master of a service, as its sentinels know it."""

import asyncio
from contextlib import aclosing
from typing import Any

from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from adapters.redis.addresses import Address


class SentinelMaster:
    """Asks one sentinel after the other, the one that knew it last first; together they have `patience` seconds."""

    def __init__(self, address: Address, *, patience: float) -> None:
        self._address, self._patience = address, patience
        self._hosts = list(address.hosts)

    async def locate(self) -> str:
        """Return the master's address; OSError when no sentinel knows a living one."""
        async with aclosing(self._sentinels()) as sentinels:
            try:
                async with asyncio.timeout(self._patience):
                    host, port = await sentinels.discover_master(self._address.service)
            except RedisError as failure:
                raise ConnectionError(f"no sentinel names a master: {type(failure).__name__}") from failure
            kwargs = sentinels.sentinels[0].connection_pool.connection_kwargs
        first = (kwargs["host"], kwargs["port"])
        self._hosts.sort(key=lambda one: one != first)
        return self._address.of_server(host, port)

    def _sentinels(self) -> Sentinel:
        each = self._patience / (len(self._hosts) + 1)
        options: dict[str, Any] = {
            "socket_timeout": each, "socket_connect_timeout": each, "retry": Retry(NoBackoff(), 0), "ssl": self._address.secure,
            "username": self._address.sentinel_username, "password": self._address.sentinel_password,
        }
        return Sentinel(self._hosts, sentinel_kwargs=options)  # type: ignore[no-untyped-call]
