import asyncio

from application.paging import PageRequest
from application.reactions.keys import actor_key
from domain.shared.identifiers import UserId
from tests.unit.caching.stored import ACTOR, TOKEN, HandClock, Node, SharedCache


async def test_a_token_is_looked_up_once(node: Node, cache: SharedCache) -> None:
    assert [await node.users.find_actor(TOKEN) for _ in range(3)] == [ACTOR] * 3
    assert (node.database.reads, cache.reads) == (1, 1)


async def test_an_actor_survives_the_cache_unchanged(node: Node, cache: SharedCache, clock: HandClock) -> None:
    await node.users.find_actor(TOKEN)
    clock.now += 1
    assert await node.users.find_actor(TOKEN) == ACTOR
    assert (node.database.reads, cache.reads) == (1, 2)


async def test_a_revoked_token_is_refused_at_once_on_every_node(node: Node, other: Node) -> None:
    assert [await one.users.find_actor(TOKEN) for one in (node, other)] == [ACTOR, ACTOR]
    await node.revoke_token()
    assert [await one.users.find_actor(TOKEN) for one in (node, other)] == [None, None]


async def test_a_revoked_token_is_refused_at_once_even_when_the_cache_is_away(node: Node, cache: SharedCache) -> None:
    await node.users.find_actor(TOKEN)
    cache.away = True
    await node.revoke_token()
    assert await node.users.find_actor(TOKEN) is None


async def test_a_look_up_that_began_before_the_revocation_does_not_revive_the_token(node: Node) -> None:
    node.database.hold()
    slow = asyncio.create_task(node.users.find_actor(TOKEN))
    await node.database.reach()
    await node.revoke_token()
    node.database.gate.set()
    assert await slow == ACTOR
    assert await node.users.find_actor(TOKEN) is None


async def test_an_unknown_token_is_remembered_for_about_a_second(node: Node, cache: SharedCache) -> None:
    assert [await node.users.find_actor(b"?" * 32) for _ in range(3)] == [None] * 3
    assert node.database.reads == 1
    assert 0.8 <= cache.lifetimes[actor_key(b"?" * 32)][0] <= 1.0


async def test_profiles_and_keys_come_from_the_database(node: Node, cache: SharedCache) -> None:
    for _ in range(2):
        await node.users.find_user(UserId("user_1"))
        await node.users.list_api_keys(UserId("user_1"), PageRequest())
    assert (node.database.reads, cache.reads) == (4, 0)
