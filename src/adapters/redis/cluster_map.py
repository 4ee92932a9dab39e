"""Which server of a cluster is the master of which slots."""

import asyncio
from contextlib import suppress
from typing import Final

from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError
from redis.maint_notifications import MaintNotificationsConfig

from adapters.redis.addresses import Address, Host

_REST_SECONDS: Final = 0.1


class ClusterMap:
    """Read from any server of the cluster, of which more are known after each reading; `masters` is by slot."""

    def __init__(self, address: Address, *, patience: float) -> None:
        self._address, self._patience = address, patience
        self._hosts = address.hosts
        self._reading: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._turn = 0
        self.masters: dict[int, str] = {}

    async def locate(self) -> str:
        """Return another server's address each time: for what any of them can do."""
        with suppress(OSError):
            await self.refresh()
        self._turn += 1
        return self._address.of_server(*self._hosts[self._turn % len(self._hosts)])

    async def refresh(self) -> None:
        """Read the map, unless it was read a moment ago; whoever comes meanwhile waits along. OSError."""
        if self._reading is None:
            if asyncio.get_running_loop().time() < self._not_before:
                return
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(self._done)
        await asyncio.shield(self._reading)

    def at(self, host: str, port: int) -> str:
        """Return the address of a server that another one named."""
        return self._address.of_server(host, port)

    async def close(self) -> None:
        """Read no longer."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})

    def _done(self, reading: "asyncio.Task[None]") -> None:
        self._reading, self._not_before = None, asyncio.get_running_loop().time() + _REST_SECONDS
        if not reading.cancelled():
            reading.exception()

    async def _read(self) -> None:
        nodes = self._client().nodes_manager
        try:
            async with asyncio.timeout(self._patience):
                await nodes.initialize()
            self.masters = {slot: self.at(*_host(found[0])) for slot, found in nodes.slots_cache.items()}
            self._hosts = tuple(dict.fromkeys([*map(_host, nodes.nodes_cache.values()), *self._address.hosts]))
        except (RedisClusterException, RedisError, IndexError) as failure:
            raise ConnectionError(f"no server tells of the cluster: {type(failure).__name__}") from failure
        finally:
            await nodes.aclose()
            await nodes.aclose("startup_nodes")

    def _client(self) -> RedisCluster:
        """Return redis-py's client, of which only the discovery is used."""
        return RedisCluster(
            startup_nodes=[ClusterNode(*host) for host in self._hosts], require_full_coverage=False,
            username=self._address.username, password=self._address.password, ssl=self._address.secure,
            socket_timeout=self._patience / 3, socket_connect_timeout=self._patience / 3, retry=Retry(NoBackoff(), 0),
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )


def _host(node: ClusterNode) -> Host:
    return node.host, int(node.port)
