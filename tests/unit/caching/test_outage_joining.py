import asyncio

from application.paging import PageRequest
from tests.unit.caching.stored import AGENT, Database, Node, SharedCache

FIRST = PageRequest(20)


async def test_a_hundred_who_want_the_catalogue_while_the_cache_is_away_read_the_database_twice_at_most(
    node: Node, cache: SharedCache, database: Database
) -> None:
    cache.away = True
    database.hold()
    early = asyncio.create_task(node.agents.list_public(FIRST))
    await database.reach()
    late = [asyncio.create_task(node.agents.list_public(FIRST)) for _ in range(100)]
    await asyncio.sleep(0.01)
    database.gate.set()
    assert {(await one).items for one in [early, *late]} == {(AGENT,)}
    assert database.reads == 2
