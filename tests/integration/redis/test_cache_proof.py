"""The machine of tests/unit/caching/proof over a real server, for whose scripts a model stands there."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import rule

from adapters.caching.process_layer import ProcessLayer
from adapters.redis.cache import RedisCache
from adapters.redis.cache_copies import Copies
from application.ports.cache import Lease
from domain.shared.errors import Unavailable
from tests.contracts.ports.cache import HOUR
from tests.integration.redis.conftest import Keyspace
from tests.support.model_store import ModelStore
from tests.support.processes import until
from tests.support.valkey_process import ValkeyProcess
from tests.unit.caching.proof.deployment import Deployment, Node
from tests.unit.caching.proof.machine import CacheMachine, numbers, prove

_TURNS = 8


class HeldCopies(Copies):
    """Messages wait while `slow`; until somebody has them arrive, or loses them."""

    slow = False

    def hold(self) -> None:
        self.slow, self.mail = True, list[bytes]()

    def arrive(self) -> None:
        self.slow = False
        for message in self.mail:
            super()._heard(message)
        self.mail.clear()

    def _heard(self, message: bytes) -> None:
        if self.slow:
            self.mail.append(message)
        else:
            super()._heard(message)


class RealDeployment(Deployment):
    """Real time goes by, and more of it when it is told to: what is stored is made older."""

    def __init__(self, url: str, layers: tuple[str, ...]) -> None:
        self._url, self._layers, self._skipped = url, layers, 0.0
        self.runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self.store = ModelStore(self.monotonic)
        self.caches: list[RedisCache] = []

    def monotonic(self) -> float:
        return time.monotonic() + self._skipped

    async def open(self) -> list[Node]:
        self._space = Keyspace(self._url)
        nodes = [self._open(layers) for layers in self._layers]
        for cache in self.caches:
            await cache.ping()
            while not cache._copies.field():  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        return nodes

    async def settle(self) -> None:
        for _ in range(_TURNS):
            await asyncio.sleep(0.001)

    async def advance(self, seconds: float) -> None:
        self._skipped += seconds
        await self._space.age(seconds)

    def close(self) -> None:
        self.runner.run(self._close())
        super().close()

    def _open(self, layers: str) -> Node:
        cache = RedisCache(self._url, prefix=self._space.prefix, patience=10.0)
        cache._copies = HeldCopies(cache._subscription, cache._publish, prefix=self._space.prefix)
        self.caches.append(cache)
        return Node(cache if layers == "redis" else ProcessLayer(cache, monotonic=self.monotonic), self.monotonic)

    async def _close(self) -> None:
        for cache in self.caches:
            await cache.close()
        await self._space.client.aclose()


class RealMachine(CacheMachine):
    """With messages that come late or never."""

    @rule(at=numbers, held=st.booleans(), lost=st.booleans())
    def hold_messages(self, at: int, held: bool, lost: bool) -> None:
        copies = self.deployment.caches[at]._copies
        if held:
            copies.hold()
        elif copies.slow:
            self._begin(self._let_arrive(copies, lost=lost))

    async def _let_arrive(self, copies: HeldCopies, *, lost: bool) -> None:
        if lost:
            copies.mail.clear()
        copies.arrive()


async def test_who_invalidates_while_another_waits_for_a_copy_waits_for_it_too(own_valkey: ValkeyProcess) -> None:
    async with caches(own_valkey, 3) as (holder, first, second):
        layer = await keeping(holder)
        holder._copies.hold()
        waiting = [asyncio.create_task(cache.invalidate(["k"])) for cache in (first, second)]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert done
        assert layer.peek("k") is None
        await asyncio.gather(*waiting)


async def test_after_valkey_came_back_empty_a_write_outlives_the_copies_that_nobody_knows_of(own_valkey: ValkeyProcess) -> None:
    async with caches(own_valkey, 2) as (holder, writer):
        await writer.ping()
        layer = await keeping(holder)
        own_valkey.kill()
        own_valkey.start()
        await until(lambda: done(writer))
        assert layer.peek("k") is None


@asynccontextmanager
async def caches(server: ValkeyProcess, count: int) -> AsyncIterator[list[RedisCache]]:
    """Open caches that are patient, and whose messages can be held."""
    opened = [RedisCache(server.url, patience=10.0) for _ in range(count)]
    for cache in opened:
        cache._copies = HeldCopies(cache._subscription, cache._publish, prefix=cache._prefix)
    try:
        yield opened
    finally:
        for cache in opened:
            await cache.close()


async def keeping(cache: RedisCache) -> ProcessLayer:
    """Return a layer that has a fresh copy of `k`."""
    layer = ProcessLayer(cache)

    async def kept() -> bool:
        if isinstance(found := await layer.read("k"), Lease):
            await layer.fill("k", found.token, b"old", HOUR)
        return layer.peek("k") is not None

    await until(kept)
    return layer


async def done(cache: RedisCache) -> bool:
    """Invalidate `k`, unless the server cannot be reached."""
    try:
        await cache.invalidate(["k"])
    except Unavailable:
        return False
    return True


def test_nobody_reads_what_is_too_old_over_a_real_server(own_valkey: ValkeyProcess) -> None:
    made = partial(RealDeployment, own_valkey.url)
    prove(RealMachine, examples=12, steps=25, deployment_type=made, layers=("process,redis", "process,redis", "redis"))
