"""What callers see of stores that lose a commit."""

import pytest

from adapters.memory.catalog import MemoryCatalog
from adapters.memory.readers import MemoryUserReader
from adapters.memory.shards import MemoryShards
from application.users.views import UserView
from domain.shared.errors import StaleWrite, Unavailable
from domain.users.user import EmailTaken
from tests.contracts.ports.catalog.access import add_user
from tests.contracts.ports.shards.access import read_session
from tests.support.builders import LATER, new_user
from tests.support.losing import LosingCatalog, LosingShards
from tests.support.storing import save_session, store_session


async def test_a_lost_commit_is_told_and_may_be_tried_again(catalog: MemoryCatalog, users: MemoryUserReader) -> None:
    losing, user = LosingCatalog(catalog), new_user()
    with pytest.raises(Unavailable):
        await add_user(losing, user)
    assert await users.find_user(user.id) is None
    await add_user(losing, user)
    assert await users.find_user(user.id) == UserView.of(user)


async def test_a_lost_acknowledgement_is_told_and_the_second_try_is_refused(
    catalog: MemoryCatalog, users: MemoryUserReader
) -> None:
    losing, user = LosingCatalog(catalog, stored=True), new_user()
    with pytest.raises(Unavailable):
        await add_user(losing, user)
    assert await users.find_user(user.id) == UserView.of(user)
    with pytest.raises(EmailTaken):
        await add_user(losing, new_user(user.email))


async def test_a_change_is_lost_as_often_as_is_said(shards: MemoryShards) -> None:
    session = await store_session(shards)
    losing = LosingShards(shards, times=2)
    session.retitle("Another", now=LATER)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await save_session(losing, session)
    await save_session(losing, session)
    assert await read_session(shards, session.owner_id, session.id) == session


async def test_a_change_whose_acknowledgement_is_lost_is_refused_when_it_is_tried_again(shards: MemoryShards) -> None:
    session = await store_session(shards)
    losing = LosingShards(shards, stored=True)
    session.retitle("Another", now=LATER)
    with pytest.raises(Unavailable):
        await save_session(losing, session)
    assert (await read_session(shards, session.owner_id, session.id)).title == "Another"
    with pytest.raises(StaleWrite):
        await save_session(losing, session)
