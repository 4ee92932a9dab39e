"""Changing what a user may do: of two equal requests at once one is carried out, and the other is told the same."""

import pytest

from adapters.memory.catalog import MemoryCatalog
from adapters.memory.clock import HandClock
from adapters.memory.entropy import MemoryEntropy
from adapters.memory.store import MemoryStore
from application.actor import Actor
from application.idempotency import Once
from application.users.change_standing import ChangeStanding, ChangeStandingCommand
from domain.users.plan import Plan
from tests.support.builders import LATER, credential_of, new_user
from tests.unit.application.overtaken import OvertakenCatalog

USER = new_user()


@pytest.fixture
async def store() -> MemoryStore:
    store = MemoryStore(HandClock(LATER))
    async with MemoryCatalog(store).open() as unit:
        unit.users.add(USER, credential_of(USER))
        await unit.commit()
    return store


async def change(catalog: MemoryCatalog, key: str) -> Once:
    """Give the user another plan."""
    once, actor = Once(key, b"the same request"), Actor(USER.id, USER.plan)
    use_case = ChangeStanding(catalog, HandClock(LATER), MemoryEntropy())
    view = await use_case.execute(ChangeStandingCommand(actor, USER.id, plan=Plan.ENTERPRISE, once=once))
    assert view.plan is Plan.ENTERPRISE
    return once


async def test_a_request_that_its_like_has_overtaken_is_a_repetition(store: MemoryStore) -> None:
    async def its_like() -> None:
        assert not (await change(MemoryCatalog(store), "k")).replayed

    assert (await change(OvertakenCatalog(store, its_like), "k")).replayed


async def test_a_request_that_changes_nothing_is_known_when_it_comes_again(store: MemoryStore) -> None:
    await change(MemoryCatalog(store), "another")
    assert [(await change(MemoryCatalog(store), "k")).replayed for _ in range(2)] == [False, True]
