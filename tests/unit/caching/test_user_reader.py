import asyncio

from adapters.caching.catalog import InvalidatingCatalog
from adapters.caching.forgetting import ForgettingCache
from adapters.caching.local_reads import LocalReads
from adapters.caching.user_reader import CachedUserReader
from application.paging import PageRequest
from application.reactions.invalidate import InvalidateCaches
from application.reactions.keys import actor_key
from domain.shared.identifiers import UserId
from tests.unit.caching.stored import ACTOR, REVOKED, TOKEN, Database, DictCache, HandClock, Staging, StoredUsers


class Node:
    def __init__(self) -> None:
        self.database, self.shared, self.clock = Database(), DictCache(), HandClock()
        self.local = LocalReads(monotonic=self.clock)
        self.cache = ForgettingCache(self.shared, self.local)
        self.users = CachedUserReader(StoredUsers(self.database), self.cache, self.local)

    async def revoke(self) -> None:
        """Remove the token from the database in a unit of work, with its event."""
        catalog = InvalidatingCatalog(Staging(self.database, {TOKEN: None}), InvalidateCaches(self.cache))
        async with catalog.open() as unit:
            unit.record(REVOKED)
            await unit.commit()


async def test_a_token_is_looked_up_once() -> None:
    node = Node()
    assert [await node.users.find_actor(TOKEN) for _ in range(3)] == [ACTOR] * 3
    assert (node.database.reads, node.shared.reads) == (1, 1)


async def test_an_actor_survives_the_cache_unchanged() -> None:
    node = Node()
    await node.users.find_actor(TOKEN)
    node.clock.now += 1
    assert await node.users.find_actor(TOKEN) == ACTOR
    assert (node.database.reads, node.shared.reads) == (1, 2)


async def test_a_revoked_token_is_refused_at_once_where_it_was_revoked() -> None:
    node = Node()
    await node.users.find_actor(TOKEN)
    await node.revoke()
    assert await node.users.find_actor(TOKEN) is None


async def test_a_revoked_token_is_refused_at_once_even_when_the_cache_is_away() -> None:
    node = Node()
    await node.users.find_actor(TOKEN)
    node.shared.away = True
    await node.revoke()
    assert await node.users.find_actor(TOKEN) is None


async def test_a_look_up_that_began_before_the_revocation_does_not_revive_the_token() -> None:
    node = Node()
    node.database.hold()
    slow = asyncio.create_task(node.users.find_actor(TOKEN))
    await node.database.reach()
    await node.revoke()
    node.database.gate.set()
    assert await slow == ACTOR
    assert await node.users.find_actor(TOKEN) is None


async def test_an_unknown_token_is_remembered_for_about_a_second() -> None:
    node = Node()
    assert [await node.users.find_actor(b"?" * 32) for _ in range(3)] == [None] * 3
    assert node.database.reads == 1
    assert 0.9 <= node.shared.lifetimes[actor_key(b"?" * 32)][0] <= 1.1


async def test_profiles_and_keys_come_from_the_database() -> None:
    node = Node()
    for _ in range(2):
        await node.users.find_user(UserId("user_1"))
        await node.users.list_api_keys(UserId("user_1"), PageRequest())
    assert (node.database.reads, node.shared.reads) == (4, 0)
