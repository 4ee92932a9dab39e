"""All processes of a run of chaos."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError

from adapters.embedded.child import free_port
from adapters.embedded.folder import DataFolder
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from tests.chaos.node import Node
from tests.chaos.plan import Plan
from tests.support.fault_proxy import FaultProxy
from tests.support.load_balancers import haproxy
from tests.support.processes import run_onelast, running, until

# What is acknowledged is with the operating system: a server that is killed loses nothing.
_SAFE_FROM_KILLS = {"fsync": "off", "full_page_writes": "off"}
_REMEMBERING = {"appendonly": "yes", "appendfsync": "no", "maxmemory-policy": "noeviction", "maxmemory": "1gb"}
_FORGETTING = {"maxmemory-policy": "noeviction", "maxmemory": "1gb"}


class Postgres:
    """A server on a port that stays its own."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder, self._port = folder, free_port()
        self._server: EmbeddedPostgres | None = None

    async def start(self) -> str:
        """Start it, and return the address of its database."""
        self._server = await EmbeddedPostgres.start(self._folder, port=self._port, settings=_SAFE_FROM_KILLS)
        return self._server.dsn

    async def stop(self) -> None:
        """Have it end in due form."""
        if self._server is not None:
            await self._server.stop()

    async def kill(self) -> None:
        """End it as the loss of its process would."""
        assert self._server is not None
        self._server.kill()
        await self._server.stop()


class Valkey:
    """A server on a port that stays its own."""

    def __init__(self, folder: DataFolder, *, forgetful: bool) -> None:
        self._folder, self._port = folder, free_port()
        self._settings = _FORGETTING if forgetful else _REMEMBERING
        self._server: EmbeddedValkey | None = None

    async def start(self) -> str:
        """Start it, and return its address when it has read what it kept."""
        self._server = await EmbeddedValkey.start(self._folder, port=self._port, settings=self._settings)
        async with Redis.from_url(self._server.url.replace("valkey://", "redis://")) as client:
            await until(lambda: _has_loaded(client))
        return self._server.url

    async def stop(self) -> None:
        """Have it end in due form."""
        if self._server is not None:
            await self._server.stop()

    async def kill(self) -> None:
        """End it as the loss of its process would."""
        assert self._server is not None
        self._server._child.process.kill()
        await self._server._child.process.wait()


class Cluster:
    """Nodes, the servers under them, and the ways in: through the load balancer, or to a node itself."""

    def __init__(
        self, nodes: list[Node], postgres: Postgres, valkey: Valkey, dsn: str, front: FaultProxy, sides: list[FaultProxy]
    ) -> None:
        self.nodes, self.postgres, self.valkey, self.dsn = nodes, postgres, valkey, dsn
        self.front, self.sides = front, sides

    @property
    def entrances(self) -> list[FaultProxy]:
        """Every way in, through a proxy each."""
        return [self.front, *self.sides]

    @property
    def front_url(self) -> str:
        """The address that people use."""
        return f"http://127.0.0.1:{self.front.port}"

    @property
    def urls(self) -> list[str]:
        """All addresses at which somebody may ask."""
        return [f"http://127.0.0.1:{entrance.port}" for entrance in self.entrances]


@asynccontextmanager
async def running_cluster(plan: Plan) -> AsyncIterator[Cluster]:
    """Start everything, migrated, and leave nothing of it in the end."""
    with TemporaryDirectory(prefix="onelast-chaos-") as path:
        async with AsyncExitStack() as stack:
            folder = DataFolder(Path(path))
            stack.callback(folder.release)
            postgres, valkey = Postgres(folder), Valkey(folder, forgetful=plan.forgetful)
            stack.push_async_callback(postgres.stop)
            stack.push_async_callback(valkey.stop)
            dsn, valkey_url, model_url = await asyncio.gather(postgres.start(), valkey.start(), _model(stack))
            settings = _settings(dsn, valkey_url, model_url)
            migrated = await run_onelast("migrate", environment=settings)
            assert migrated.status == 0, migrated.err
            nodes = [await _node(number, settings, stack) for number in range(1, plan.nodes + 1)]
            await asyncio.gather(*(node.start() for node in nodes))
            balancer = await stack.enter_async_context(haproxy([node.port for node in nodes]))
            front = await stack.enter_async_context(FaultProxy.before(balancer))
            sides = [await stack.enter_async_context(FaultProxy.before(node.port)) for node in nodes]
            yield Cluster(nodes, postgres, valkey, dsn, front, sides)


async def _has_loaded(client: Redis) -> bool:
    with suppress(BusyLoadingError):
        return bool(await client.ping())
    return False


async def _model(stack: AsyncExitStack) -> str:
    program = await stack.enter_async_context(running(sys.executable, "-m", "bench.upstream"))
    await program.says("/v1")
    return program.out.strip()


async def _node(number: int, settings: dict[str, str], stack: AsyncExitStack) -> Node:
    """Return a node that does not run yet; in the end nothing of it will."""
    postgres, dsn = await _through_proxy(settings["ONELAST_CATALOG_DSN"], stack)
    valkey, valkey_url = await _through_proxy(settings["ONELAST_REDIS_URL"], stack)
    port = free_port()
    own = {"ONELAST_PORT": str(port), "ONELAST_CATALOG_DSN": dsn, "ONELAST_REDIS_URL": valkey_url}
    node = Node(f"node {number}", port, settings | own, postgres, valkey)
    stack.push_async_callback(node.clear_away)
    return node


async def _through_proxy(url: str, stack: AsyncExitStack) -> tuple[FaultProxy, str]:
    """Return a proxy before the server of this address, and the address that leads through it."""
    port = urlsplit(url).port
    assert port is not None
    proxy = await stack.enter_async_context(FaultProxy.before(port))
    return proxy, url.replace(f":{port}/", f":{proxy.port}/")


def _settings(dsn: str, valkey_url: str, model_url: str) -> dict[str, str]:
    return {
        "ONELAST_PORT": "0", "ONELAST_CATALOG_DSN": dsn, "ONELAST_REDIS_URL": valkey_url, "ONELAST_UPSTREAM_URL": model_url,
        "ONELAST_UPSTREAM_API_KEY": "key-of-the-models", "ONELAST_UPSTREAM_CONTINUES": "true",
        "ONELAST_DEFAULT_MODEL": "scripted-50", "ONELAST_SIGNUP_PLAN": "enterprise", "ONELAST_LOG_LEVEL": "WARNING",
    }
