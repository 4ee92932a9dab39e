"""Two nodes behind each of the load balancers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from entrypoints.settings import Settings
from tests.support.api import Api, Caller
from tests.support.fault_proxy import FaultProxy
from tests.support.load_balancers import LoadBalancer, haproxy, installed, nginx
from tests.support.realtime import Node, listening

_LOAD_BALANCERS: dict[str, LoadBalancer] = {"haproxy": haproxy, "nginx": nginx}


@dataclass(frozen=True, slots=True)
class Edge:
    """The way in; the second node stands behind a line that can be cut, and that is gone after `lose_the_second`."""

    port: int
    first: Node
    second: Node
    line: FaultProxy
    _second_line: AsyncExitStack

    async def lose_the_second(self) -> None:
        """Let nobody listen any more where the second node was."""
        self.line.cut()
        await self._second_line.aclose()

    @asynccontextmanager
    async def visitor(self) -> AsyncIterator[Api]:
        """Yield a client with connections of its own."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=30) as http:
            yield Api(http)

    @asynccontextmanager
    async def caller(self) -> AsyncIterator[Caller]:
        """Yield a new user's client with connections of its own."""
        async with self.visitor() as api:
            yield await api.sign_up()


@pytest.fixture(params=_LOAD_BALANCERS)
async def edge(request: pytest.FixtureRequest, shared_dsn: str, valkey_url: str) -> AsyncIterator[Edge]:
    """Yield the way in, by each load balancer that is installed."""
    if not installed(request.param):
        pytest.skip(f"{request.param} is not installed")
    settings = Settings(catalog_dsn=shared_dsn, redis_url=valkey_url)
    async with listening(settings) as first, listening(settings) as second, AsyncExitStack() as second_line:
        line = await second_line.enter_async_context(FaultProxy.before(second.port))
        async with _LOAD_BALANCERS[request.param]([first.port, line.port]) as port:
            yield Edge(port, first, second, line, second_line)
