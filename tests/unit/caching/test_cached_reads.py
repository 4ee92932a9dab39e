import asyncio

from adapters.caching.cached_reads import CachedReads
from adapters.caching.no_cache import NoCache
from adapters.caching.shapes import AGENT as SHAPE
from application.agents.views import AgentView
from application.ports.cache import Hit, Lease, Lifetime, Miss
from domain.shared.errors import Unavailable
from tests.contracts.ports.cache import HOUR, leased
from tests.unit.caching.stored import AGENT, RENAMED, Database, HandClock, Node, SharedCache, StoredAgents

PATIENT = 60.0
SOON_STALE = Lifetime(100, stale=60)


async def read(reads: CachedReads, database: Database, key: str = "k") -> AgentView | None:
    return await reads.read(key, SHAPE, lambda: StoredAgents(database).find("guide"))


async def test_who_finds_the_lease_given_waits_for_the_filler(cache: SharedCache, database: Database) -> None:
    nodes = [CachedReads(cache, patience=PATIENT) for _ in range(100)]
    database.hold()
    readers = [asyncio.create_task(read(node, database)) for node in nodes]
    await database.reach()
    database.gate.set()
    assert set(await asyncio.gather(*readers)) == {AGENT}
    assert database.reads == 1


async def test_who_waits_in_vain_reads_the_database_and_fills_nothing(cache: SharedCache, database: Database) -> None:
    lease = await leased(cache, "k")
    assert await read(CachedReads(cache, patience=0.01), database) == AGENT
    assert cache.lifetimes == {}
    assert await cache.fill("k", lease, b"the filler's", HOUR)


async def test_who_waits_takes_the_lease_over_when_it_was_taken_away(cache: SharedCache, database: Database) -> None:
    await leased(cache, "k")
    waiting = asyncio.create_task(read(CachedReads(cache, patience=PATIENT), database))
    await asyncio.sleep(0)
    await cache.invalidate(["k"])
    assert await waiting == AGENT
    assert await cache.read("k") == Hit(SHAPE.encode(AGENT))


async def test_without_the_cache_nobody_waits(cache: SharedCache, database: Database) -> None:
    await leased(cache, "k")
    cache.away = True
    assert await read(CachedReads(cache, patience=PATIENT), database) == AGENT
    assert cache.reads == 2


async def test_a_value_of_another_shape_is_passed_over(cache: SharedCache, database: Database) -> None:
    await cache.fill("1:agent:guide", await leased(cache, "1:agent:guide"), b"\xc1", HOUR)
    assert await read(CachedReads(cache), database, "1:agent:guide") == AGENT


async def test_lifetimes_are_spread_and_never_longer_than_declared(cache: SharedCache, database: Database) -> None:
    reads = CachedReads(cache)
    for _ in range(200):
        await read(reads, database)
        await cache.invalidate(["k"])
    assert 24.0 <= min(cache.lifetimes["k"]) < 25.5 < 28.5 < max(cache.lifetimes["k"]) <= 30.0


async def test_a_stale_value_is_served_while_one_reader_refreshes_it_behind(
    cache: SharedCache, database: Database, clock: HandClock
) -> None:
    await cache.fill("k", await leased(cache, "k"), SHAPE.encode(AGENT), SOON_STALE)
    database.rows["guide"] = RENAMED
    clock.now += 50
    nodes = [CachedReads(cache) for _ in range(10)]
    database.hold()
    assert {await read(node, database) for node in nodes} == {AGENT}
    await database.reach()
    database.gate.set()
    while await cache.read("k") == Hit(SHAPE.encode(AGENT)):  # noqa: ASYNC110  (nobody tells us)
        await asyncio.sleep(0)
    assert [await read(node, database) for node in nodes] == [RENAMED] * 10
    assert database.reads == 1


async def test_a_refresh_that_fails_leaves_the_value_and_its_bound(
    cache: SharedCache, database: Database, clock: HandClock
) -> None:
    await cache.fill("k", await leased(cache, "k"), SHAPE.encode(AGENT), SOON_STALE)
    database.failure = Unavailable("down")
    clock.now += 50
    reads = CachedReads(cache)
    assert await read(reads, database) == AGENT
    await database.reach()
    await asyncio.sleep(0)
    assert await read(reads, database) == AGENT
    clock.now += 50
    database.failure = None
    database.rows["guide"] = RENAMED
    assert await read(reads, database) == RENAMED


async def test_a_node_answers_for_a_second_without_asking_and_gives_the_same_object(
    node: Node, cache: SharedCache, clock: HandClock
) -> None:
    first = await node.agents.find("guide")
    asked = cache.reads
    clock.now += 0.999
    assert await node.agents.find("guide") is first
    assert cache.reads == asked
    clock.now += 0.001
    assert await node.agents.find("guide") == first
    assert cache.reads == asked + 1


async def test_without_any_layer_identical_reads_are_joined_and_a_change_parts_them(database: Database) -> None:
    none = NoCache()
    reads = CachedReads(none)
    database.hold()
    early = [asyncio.create_task(read(reads, database)) for _ in range(10)]
    await database.reach()
    database.rows["guide"] = RENAMED
    await none.invalidate(["k"])
    late = asyncio.create_task(read(reads, database))
    await asyncio.sleep(0)
    database.gate.set()
    assert set(await asyncio.gather(*early)) == {AGENT}
    assert await late == RENAMED
    assert database.reads == 2


async def test_no_cache_takes_nothing() -> None:
    none = NoCache()
    assert await none.fill("k", "lease", b"x", HOUR) is None
    assert [await none.read("k"), none.peek("k")] == [Miss.AWAY, None]
    assert not isinstance(await none.read("k"), Lease)
