"""What callers see of a store that loses a commit."""

import pytest

from adapters.memory.catalog import MemoryCatalog
from adapters.memory.clock import HandClock
from adapters.memory.readers import MemoryUserReader
from adapters.memory.shards import MemoryShards
from application.users.views import UserView
from domain.shared.errors import StaleWrite, Unavailable
from domain.users.user import EmailTaken
from tests.contracts.ports.catalog.access import add_user
from tests.contracts.ports.shards.access import read_session
from tests.support.builders import LATER, new_user
from tests.support.losing import LosingStore
from tests.support.storing import save_session, store_session


@pytest.fixture
def store(clock: HandClock) -> LosingStore:
    return LosingStore(clock)


async def test_a_lost_commit_is_told_and_may_be_tried_again(
    store: LosingStore, catalog: MemoryCatalog, users: MemoryUserReader
) -> None:
    user = new_user()
    store.lose()
    with pytest.raises(Unavailable):
        await add_user(catalog, user)
    assert await users.find_user(user.id) is None
    await add_user(catalog, user)
    assert await users.find_user(user.id) == UserView.of(user)


async def test_a_new_row_whose_acknowledgement_is_lost_is_stored_once(
    store: LosingStore, catalog: MemoryCatalog, users: MemoryUserReader
) -> None:
    user = new_user()
    store.lose(stored=True)
    with pytest.raises(Unavailable):
        await add_user(catalog, user)
    assert await users.find_user(user.id) == UserView.of(user)
    with pytest.raises(EmailTaken):
        await add_user(catalog, new_user(user.email))


async def test_a_change_is_lost_as_often_as_is_said(store: LosingStore, shards: MemoryShards) -> None:
    session = await store_session(shards)
    session.retitle("Another", now=LATER)
    store.lose(times=2)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await save_session(shards, session)
    await save_session(shards, session)
    assert await read_session(shards, session.owner_id, session.id) == session


async def test_a_change_whose_acknowledgement_is_lost_is_refused_when_it_is_tried_again(
    store: LosingStore, shards: MemoryShards
) -> None:
    session = await store_session(shards)
    session.retitle("Another", now=LATER)
    store.lose(stored=True)
    with pytest.raises(Unavailable):
        await save_session(shards, session)
    assert (await read_session(shards, session.owner_id, session.id)).title == "Another"
    with pytest.raises(StaleWrite):
        await save_session(shards, session)
