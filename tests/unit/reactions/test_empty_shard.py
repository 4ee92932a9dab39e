import pytest

from adapters.memory.clock import HandClock
from adapters.memory.readers import MemorySessionReader
from adapters.memory.shards import MemoryShards
from adapters.memory.store import MemoryStore
from application.reactions.empty_shard import EmptyShard
from application.reactions.reaction import CommittedEvents
from domain.users.user import UserErased
from tests.support.builders import new_user_id
from tests.support.storing import say, store_session
from tests.unit.caching.stored import CHANGED


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(HandClock())


async def test_a_session_opened_while_its_owner_was_erased_goes_too_and_nobody_elses(store: MemoryStore) -> None:
    shards, sessions = MemoryShards(store), MemorySessionReader(store)
    late, other = [await store_session(shards, new_user_id()) for _ in range(2)]
    await say(shards, late)
    for _ in range(2):
        await EmptyShard(shards).execute(CommittedEvents((CHANGED, UserErased(late.owner_id))))
    assert await sessions.find(late.owner_id, late.id) is None
    assert await sessions.find(other.owner_id, other.id) is not None


async def test_other_events_empty_nothing(store: MemoryStore) -> None:
    shards, sessions = MemoryShards(store), MemorySessionReader(store)
    session = await store_session(shards, new_user_id())
    await EmptyShard(shards).execute(CommittedEvents((CHANGED,)))
    assert await sessions.find(session.owner_id, session.id) is not None
