import asyncio

from adapters.caching.leased_reads import LeasedReads
from adapters.caching.shapes import AGENT as SHAPE
from application.agents.views import AgentView
from application.ports.cache import Hit, Lease
from tests.unit.caching.stored import AGENT, Database, DictCache, HandClock, StoredAgents

PATIENT = 60.0


class SilentCache(DictCache):
    """Is away, and its callers learn it only after a while."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__()
        self.away, self.clock, self.delay = True, clock, 0.25

    async def read(self, key: str) -> Hit | Lease:
        self.clock.now += self.delay
        return await super().read(key)


async def read(reads: LeasedReads, database: Database) -> AgentView | None:
    return await reads.read("k", SHAPE, lambda: StoredAgents(database).find("guide"))


async def test_who_finds_the_lease_given_waits_for_the_filler() -> None:
    cache, database = DictCache(), Database()
    nodes = [LeasedReads(cache, patience=PATIENT) for _ in range(100)]
    database.hold()
    readers = [asyncio.create_task(read(node, database)) for node in nodes]
    await database.reach()
    database.gate.set()
    assert set(await asyncio.gather(*readers)) == {AGENT}
    assert database.reads == 1


async def test_who_waits_in_vain_reads_the_database_and_fills_nothing() -> None:
    cache, database = DictCache(), Database()
    lease = await cache.read("k")
    assert await read(LeasedReads(cache, patience=0.01), database) == AGENT
    assert cache.values == {}
    assert isinstance(lease, Lease)
    assert lease.token is not None
    assert await cache.fill("k", lease.token, b"the filler's", 1.0)


async def test_after_a_wait_in_vain_nobody_waits_for_a_second() -> None:
    clock, database = HandClock(), Database()
    cache = SilentCache(clock)
    reads = LeasedReads(cache, monotonic=clock)
    await read(reads, database)
    cache.delay = 0.0
    clock.now += 0.9
    await read(reads, database)
    assert (cache.reads, database.reads) == (2, 2)


async def test_who_waits_takes_the_lease_over_when_it_was_taken_away() -> None:
    cache, database = DictCache(), Database()
    await cache.read("k")
    waiting = asyncio.create_task(read(LeasedReads(cache, patience=PATIENT), database))
    await asyncio.sleep(0)
    await cache.invalidate(["k"])
    assert await waiting == AGENT
    assert SHAPE.decode(cache.values["k"]) == AGENT


async def test_a_value_of_another_shape_is_passed_over() -> None:
    cache, database = DictCache(), Database()
    cache.values["1:agent:guide"] = b"\xc1"
    reads = LeasedReads(cache)
    assert await reads.read("1:agent:guide", SHAPE, lambda: StoredAgents(database).find("guide")) == AGENT


async def test_lifetimes_are_spread_by_a_tenth() -> None:
    cache, database = DictCache(), Database()
    for _ in range(200):
        await read(LeasedReads(cache), database)
        await cache.invalidate(["k"])
    lifetimes = cache.lifetimes["k"]
    assert 27.0 <= min(lifetimes) < 28.5 < 31.5 < max(lifetimes) <= 33.0
