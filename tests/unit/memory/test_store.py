import asyncio

import pytest

from adapters.memory.catalog import MemoryCatalog
from adapters.memory.constraints import DuplicateKey
from adapters.memory.shards import MemoryShards
from adapters.memory.store import MemoryStore
from adapters.memory.tables import Tables
from tests.support.builders import new_user
from tests.support.storing import say, store_api_key, store_session, store_sign_in, store_user


async def test_a_reading_goes_on_seeing_the_state_in_which_it_began(store: MemoryStore, catalog: MemoryCatalog) -> None:
    before = await store.read()
    user = await store_user(catalog)
    assert (before.users, (await store.read()).users) == ({}, {user.id: user})


async def test_a_change_that_fails_leaves_nothing_behind(store: MemoryStore) -> None:
    user = new_user()

    def stumble(tables: Tables) -> None:
        tables.users[user.id] = user
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.change(stumble)
    assert (await store.read()).users == {}


async def test_others_run_before_a_reading_and_before_a_change(store: MemoryStore) -> None:
    order = list[str]()

    async def note(name: str) -> None:
        order.append(f"{name} begins")
        await (store.read() if name == "reading" else store.change(lambda tables: None))
        order.append(f"{name} ends")

    await asyncio.gather(note("reading"), note("change"))
    assert order == ["reading begins", "change begins", "reading ends", "change ends"]


async def test_two_rows_with_one_identifier_or_secret_are_a_mistake_of_the_program(
    catalog: MemoryCatalog, shards: MemoryShards
) -> None:
    user = await store_user(catalog)
    sign_in, key = await store_sign_in(catalog, user), await store_api_key(catalog, user)
    async with catalog.open() as unit:
        unit.sign_ins.add(sign_in)
        with pytest.raises(DuplicateKey):
            await unit.commit()
    async with catalog.open() as unit:
        unit.api_keys.add(key)
        with pytest.raises(DuplicateKey):
            await unit.commit()
    session = await store_session(shards)
    _, run = await say(shards, session)
    async with shards.open(session.owner_id) as shard:
        shard.runs.add(run)
        with pytest.raises(DuplicateKey):
            await shard.commit()
