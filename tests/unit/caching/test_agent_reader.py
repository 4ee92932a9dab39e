import asyncio

import pytest

from application.paging import PageRequest
from application.reactions.keys import agent_key, catalogue_key, keys_of
from domain.shared.errors import Unavailable
from domain.shared.identifiers import UserId
from tests.unit.caching.stored import AGENT, CHANGED, RENAMED, Database, HandClock, Node, SharedCache

FIRST = PageRequest(20)


async def test_a_hundred_cold_readers_make_one_reading(node: Node, database: Database) -> None:
    assert await asyncio.gather(*[node.agents.find("guide") for _ in range(100)]) == [AGENT] * 100
    assert database.reads == 1


async def test_another_node_takes_what_the_first_has_filled(node: Node, other: Node, database: Database) -> None:
    assert await node.agents.find("guide") == await other.agents.find("guide") == AGENT
    assert database.reads == 1


async def test_a_repeated_read_asks_no_server_for_a_second(node: Node, cache: SharedCache, clock: HandClock) -> None:
    await node.agents.find("guide")
    asked = cache.reads
    clock.now += 0.999
    assert await node.agents.find("guide") == AGENT
    assert cache.reads == asked
    clock.now += 0.001
    assert await node.agents.find("guide") == AGENT
    assert cache.reads == asked + 1


async def test_an_absent_agent_is_known_to_be_absent_only_briefly(node: Node, cache: SharedCache, database: Database) -> None:
    assert [await node.agents.find("nobody"), await node.agents.find("nobody")] == [None, None]
    assert database.reads == 1
    assert cache.lifetimes[agent_key("nobody")][0] <= 2.0


async def test_an_agent_made_after_it_was_missed_is_found_at_once_on_every_node(
    node: Node, other: Node, database: Database
) -> None:
    database.rows.clear()
    assert [await node.agents.find("guide"), await other.agents.find("guide")] == [None, None]
    database.rows["guide"] = AGENT
    await node.cache.invalidate(keys_of([CHANGED]))
    assert [await node.agents.find("guide"), await other.agents.find("guide")] == [AGENT, AGENT]


async def test_a_change_is_seen_at_once_on_every_node(
    node: Node, other: Node
) -> None:
    await asyncio.gather(node.agents.find("guide"), other.agents.find("guide"))
    await node.rename_agent()
    assert await node.agents.find("guide") == await node.agents.find(AGENT.id) == RENAMED
    assert await other.agents.find("guide") == RENAMED


async def test_a_read_that_began_before_a_change_leaves_no_old_value_behind(
    node: Node, other: Node, database: Database, cache: SharedCache
) -> None:
    database.hold()
    slow = asyncio.create_task(node.agents.find("guide"))
    await database.reach()
    await node.rename_agent()
    database.gate.set()
    assert await slow == AGENT
    assert [await node.agents.find("guide"), await other.agents.find("guide")] == [RENAMED, RENAMED]


async def test_a_read_during_the_invalidation_leaves_no_old_value_behind(
    node: Node, cache: SharedCache, database: Database, clock: HandClock
) -> None:
    await node.agents.find("guide")
    clock.now += 1
    cache.gate.clear()
    change = asyncio.create_task(node.rename_agent())
    for _ in range(3):
        await asyncio.sleep(0)
    assert await node.agents.find("guide") == AGENT
    cache.gate.set()
    await change
    assert await node.agents.find("guide") == RENAMED


async def test_nobody_joins_a_reading_that_began_before_a_change(node: Node, database: Database) -> None:
    database.hold()
    slow = asyncio.create_task(node.agents.find("guide"))
    await database.reach()
    await node.rename_agent()
    late = asyncio.create_task(node.agents.find("guide"))
    await asyncio.sleep(0)
    database.gate.set()
    assert [await slow, await late] == [AGENT, RENAMED]


async def test_a_first_page_of_the_catalogue_is_read_once(node: Node, other: Node, database: Database) -> None:
    pages = await asyncio.gather(*[node.agents.list_public(FIRST) for _ in range(10)], other.agents.list_public(FIRST))
    assert {page.items for page in pages} == {(AGENT,)}
    assert await other.agents.list_public(FIRST) == pages[0]
    assert database.reads == 1


@pytest.mark.parametrize("page", [PageRequest(60), PageRequest(20, descending=False)])
async def test_pages_of_other_parameters_are_other_pages(node: Node, database: Database, page: PageRequest) -> None:
    await node.agents.list_public(FIRST)
    assert (await node.agents.list_public(page)).has_more == (page.limit < 50)
    assert database.reads == 2


async def test_a_changed_catalogue_is_seen_at_once_on_every_node(
    node: Node, other: Node
) -> None:
    await asyncio.gather(node.agents.list_public(FIRST), other.agents.list_public(FIRST))
    await node.rename_agent()
    assert (await node.agents.list_public(FIRST)).items == (RENAMED,)
    assert (await other.agents.list_public(FIRST)).items == (RENAMED,)


async def test_a_page_read_before_a_change_is_never_served_after_it(node: Node, other: Node, database: Database) -> None:
    database.hold()
    slow = asyncio.create_task(node.agents.list_public(FIRST))
    await database.reach()
    await node.rename_agent()
    database.gate.set()
    assert (await slow).items == (AGENT,)
    for reader in (node, other):
        assert (await reader.agents.list_public(FIRST)).items == (RENAMED,)


async def test_a_page_under_a_generation_that_was_refused_is_not_shared(
    node: Node, other: Node, database: Database, cache: SharedCache
) -> None:
    database.hold()
    slow = asyncio.create_task(node.agents.list_public(FIRST))
    await database.reach()
    await cache.invalidate([catalogue_key()])
    database.rows |= {AGENT.id: RENAMED}
    database.gate.set()
    await slow
    assert (await other.agents.list_public(FIRST)).items == (RENAMED,)


async def test_later_pages_are_joined_but_take_no_room_in_the_cache(node: Node, cache: SharedCache, database: Database) -> None:
    page = PageRequest(20, after="agent_0")
    await asyncio.gather(*[node.agents.list_public(page) for _ in range(10)])
    assert database.reads == 1
    await node.agents.list_public(page)
    assert (database.reads, cache.lifetimes) == (2, {})


async def test_owners_lists_are_read_from_the_database(node: Node, database: Database) -> None:
    for _ in range(2):
        await node.agents.list_for_owner(UserId("user_1"), FIRST)
    assert database.reads == 2


@pytest.mark.parametrize("text", ["", "x" * 65, "Guide", "a b", "gu\nide", "\ud800", "1:catalogue"])
async def test_text_that_is_no_name_of_an_agent_makes_no_key(node: Node, cache: SharedCache, text: str) -> None:
    assert await node.agents.find(text) is None
    assert (cache.reads, cache.lifetimes) == (0, {})


async def test_without_the_cache_identical_reads_are_joined(node: Node, cache: SharedCache, database: Database) -> None:
    cache.away = True
    assert set(await asyncio.gather(*[node.agents.find("guide") for _ in range(100)])) == {AGENT}
    assert database.reads == 1


async def test_a_failing_database_fails_all_who_joined_and_nobody_after_them(node: Node, database: Database) -> None:
    database.failure = Unavailable("down")
    outcomes = await asyncio.gather(*[node.agents.find("guide") for _ in range(5)], return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 5
    database.failure = None
    assert await node.agents.find("guide") == AGENT
