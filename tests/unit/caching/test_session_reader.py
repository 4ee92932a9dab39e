import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.caching.cached_reads import CachedReads
from adapters.caching.process_layer import ProcessLayer
from adapters.caching.session_reader import CachedSessionReader
from adapters.caching.shards import InvalidatingShards
from adapters.memory.clock import HandClock as WallClock
from adapters.memory.readers import MemorySessionReader
from adapters.memory.shards import MemoryShards
from adapters.memory.store import MemoryStore
from application.freshness import Freshness, Position, Tolerance
from application.paging import Page, PageRequest
from application.ports.readers import SessionReader
from application.ports.shards import Shards
from application.reactions.invalidate import InvalidateCaches
from application.sessions.views import Excerpt, SessionView
from domain.sessions.message import Message
from domain.sessions.session import Session
from domain.shared.identifiers import SessionId, UserId
from tests.support.builders import LATER, new_session, new_user_id, said
from tests.unit.caching.stored import HandClock, SharedCache

FIRST = PageRequest(20)
BEHIND = Position(1, 0, 7)


class CountedSessions(MemorySessionReader):
    """The stored sessions, and how new each reading of them wanted to be."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.asked: list[Freshness] = []

    async def find(
        self, owner_id: UserId, session_id: SessionId, freshness: Freshness = Tolerance.FRESH
    ) -> SessionView | None:
        self.asked.append(freshness)
        return await super().find(owner_id, session_id, freshness)

    async def list_for_owner(
        self, owner_id: UserId, page: PageRequest, archived: bool | None, freshness: Freshness = Tolerance.FRESH
    ) -> Page[SessionView]:
        self.asked.append(freshness)
        return await super().list_for_owner(owner_id, page, archived, freshness)

    async def read_messages(
        self, owner_id: UserId, session_id: SessionId, page: PageRequest, freshness: Freshness = Tolerance.FRESH
    ) -> Excerpt | None:
        self.asked.append(freshness)
        return await super().read_messages(owner_id, session_id, page, freshness)


class Nodes:
    """Two processes over one cache, and the session that they read."""

    def __init__(self, cache: SharedCache, clock: HandClock) -> None:
        store = MemoryStore(WallClock())
        self.stored = CountedSessions(store)
        layers = [ProcessLayer(cache, monotonic=clock) for _ in range(2)]
        self.readers: list[SessionReader] = [CachedSessionReader(self.stored, CachedReads(layer)) for layer in layers]
        self.shards: Shards = InvalidatingShards(MemoryShards(store), InvalidateCaches(layers[0]))
        self.session: Session = new_session(new_user_id())
        self.owner = self.session.owner_id

    async def open(self) -> None:
        async with self.shards.open(self.owner) as unit:
            unit.sessions.add(self.session)
            unit.record(self.session.changed())
            await unit.commit()

    async def retitle(self, title: str) -> None:
        self.session.retitle(title, now=LATER)
        async with self.shards.open(self.owner) as unit:
            unit.sessions.save(self.session)
            unit.record(self.session.changed())
            await unit.commit()

    async def say(self, text: str) -> Message:
        message, run = said(self.session, text)
        async with self.shards.open(self.owner) as unit:
            unit.sessions.save(self.session)
            unit.messages.add(message)
            unit.runs.add(run)
            unit.record(self.session.changed())
            await unit.commit()
        return message

    async def remove(self) -> None:
        async with self.shards.open(self.owner) as unit:
            unit.sessions.remove(await unit.sessions.get(self.session.id))
            unit.record(self.session.changed())
            await unit.commit()


@pytest.fixture
async def nodes(cache: SharedCache, clock: HandClock) -> Nodes:
    nodes = Nodes(cache, clock)
    await nodes.open()
    return nodes


def found_by(nodes: Nodes) -> Callable[[SessionReader], Awaitable[SessionView | None]]:
    return lambda reader: reader.find(nodes.owner, nodes.session.id)


async def test_a_session_is_read_once_for_all_nodes(nodes: Nodes) -> None:
    for reader in nodes.readers * 3:
        assert await found_by(nodes)(reader) == SessionView.of(nodes.session)
    assert len(nodes.stored.asked) == 1


async def test_a_change_is_seen_at_once_on_every_node_and_in_every_list(nodes: Nodes) -> None:
    for reader in nodes.readers:
        await found_by(nodes)(reader)
        await reader.list_for_owner(nodes.owner, FIRST, None)
        await reader.list_for_owner(nodes.owner, PageRequest(5), False)
    await nodes.retitle("Anew")
    for reader in nodes.readers:
        changed = SessionView.of(nodes.session)
        assert await found_by(nodes)(reader) == changed
        assert (await reader.list_for_owner(nodes.owner, FIRST, None)).items == (changed,)
        assert (await reader.list_for_owner(nodes.owner, PageRequest(5), False)).items == (changed,)


async def test_a_removed_session_is_gone_at_once_on_every_node(nodes: Nodes) -> None:
    for reader in nodes.readers:
        excerpt = await reader.read_messages(nodes.owner, nodes.session.id, FIRST)
        assert excerpt == Excerpt(SessionView.of(nodes.session), Page((), False))
    await nodes.remove()
    for reader in nodes.readers:
        assert await found_by(nodes)(reader) is None
        assert await reader.read_messages(nodes.owner, nodes.session.id, FIRST) is None
        assert (await reader.list_for_owner(nodes.owner, FIRST, None)).items == ()


async def test_nobody_finds_anothers_session_in_the_cache(nodes: Nodes) -> None:
    stranger = new_user_id()
    await found_by(nodes)(nodes.readers[0])
    for reader in nodes.readers:
        assert await reader.find(stranger, nodes.session.id) is None
        assert await reader.read_messages(stranger, nodes.session.id, FIRST) is None
        assert (await reader.list_for_owner(stranger, FIRST, None)).items == ()


@pytest.mark.parametrize("freshness", [Tolerance.ANY, BEHIND])
async def test_who_tolerates_a_replica_fills_the_cache_from_the_primary_all_the_same(nodes: Nodes, freshness: Freshness) -> None:
    await nodes.readers[0].find(nodes.owner, nodes.session.id, freshness)
    assert nodes.stored.asked == [Tolerance.FRESH]


@pytest.mark.parametrize("freshness", [Tolerance.ANY, BEHIND, Tolerance.FRESH])
async def test_without_the_cache_a_reading_is_as_new_as_it_asks_for(
    nodes: Nodes, cache: SharedCache, freshness: Freshness
) -> None:
    cache.away = True
    await nodes.readers[0].find(nodes.owner, nodes.session.id, freshness)
    await nodes.readers[0].list_for_owner(nodes.owner, FIRST, None, freshness)
    assert nodes.stored.asked == [freshness] * 2


@pytest.mark.parametrize("away", [False, True])
async def test_a_session_and_its_page_are_read_together(nodes: Nodes, cache: SharedCache, away: bool) -> None:
    cache.away = away
    for title in ("One", "Another"):
        await nodes.retitle(title)
        nodes.stored.asked.clear()
        for reader in nodes.readers:
            excerpt = await reader.read_messages(nodes.owner, nodes.session.id, FIRST)
            assert excerpt is not None
            assert excerpt.session.title == title
        assert len(nodes.stored.asked) == (2 if away else 1)


@pytest.mark.parametrize("characters", [100, 100_000])
async def test_what_is_read_first_takes_one_reading_of_the_shared_layer_unless_it_is_long(
    nodes: Nodes, cache: SharedCache, characters: int
) -> None:
    message = await nodes.say("x" * characters)
    for reader in nodes.readers:
        cache.reads = 0
        assert (await reader.list_for_owner(nodes.owner, FIRST, None)).items == (SessionView.of(nodes.session),)
        excerpt = await reader.read_messages(nodes.owner, nodes.session.id, FIRST)
        assert excerpt == Excerpt(SessionView.of(nodes.session), Page((message,), False))
        assert cache.reads == (2 if characters == 100 else 3)
    assert len(nodes.stored.asked) == 2


async def test_another_page_than_the_one_that_lies_with_the_session_is_read_and_kept_by_itself(nodes: Nodes) -> None:
    messages = [await nodes.say(text) for text in ("One", "Two", "Three")]
    for reader in nodes.readers * 2:
        for limit in (1, 2, 20):
            excerpt = await reader.read_messages(nodes.owner, nodes.session.id, PageRequest(limit))
            assert excerpt is not None
            assert list(excerpt.messages.items) == messages[: -1 - limit : -1]
            assert excerpt.messages.has_more == (limit < 3)
            listed = await reader.list_for_owner(nodes.owner, PageRequest(limit), None)
            assert listed.items == (SessionView.of(nodes.session),)
    assert len(nodes.stored.asked) == 6


async def test_of_a_session_that_is_known_the_page_alone_is_read(nodes: Nodes) -> None:
    await found_by(nodes)(nodes.readers[0])
    for reader in nodes.readers * 2:
        excerpt = await reader.read_messages(nodes.owner, nodes.session.id, FIRST)
        assert excerpt == Excerpt(SessionView.of(nodes.session), Page((), False))
    assert len(nodes.stored.asked) == 2


async def test_without_the_cache_identical_lists_are_one_reading(nodes: Nodes, cache: SharedCache) -> None:
    cache.away = True
    lists = [nodes.readers[0].list_for_owner(nodes.owner, FIRST, None) for _ in range(50)]
    assert await asyncio.gather(*lists) == [Page((SessionView.of(nodes.session),), False)] * 50
    assert len(nodes.stored.asked) == 1
