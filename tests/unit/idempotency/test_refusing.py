"""A key that another request has used in the other store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.memory.catalog import MemoryCatalog
from adapters.memory.clock import HandClock
from adapters.memory.shards import MemoryShards
from adapters.memory.store import MemoryStore
from application.idempotency import Done, KeyReused, Once
from application.ports.catalog import Catalog
from application.refuse_reused_key import RefuseReusedKey, RefuseReusedKeyCommand, Store
from domain.shared.errors import Unavailable
from domain.shared.identifiers import UserId
from tests.support.builders import new_user_id
from tests.support.storing import store_user

FIRST, SECOND = b"\x01" * 32, b"\x02" * 32


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(HandClock())


@pytest.fixture
def catalog(store: MemoryStore) -> MemoryCatalog:
    return MemoryCatalog(store)


@pytest.fixture
def shards(store: MemoryStore) -> MemoryShards:
    return MemoryShards(store)


class _AwayKeys:
    async def find(self, owner_id: UserId, key: str) -> None:
        raise Unavailable("The database catalog gives no answer.")


class AwayCatalog(Catalog):
    """A catalog whose database is away."""

    keys = _AwayKeys()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        yield self


def command(owner: UserId, home: Store, request: bytes = SECOND) -> RefuseReusedKeyCommand:
    return RefuseReusedKeyCommand(owner, Once("k", request), home)


@pytest.mark.parametrize(("used_in", "home"), [("catalog", "shard"), ("shard", "catalog")])
async def test_a_key_is_refused_that_the_other_store_knows_from_another_request(
    catalog: MemoryCatalog, shards: MemoryShards, used_in: Store, home: Store
) -> None:
    owner = (await store_user(catalog)).id
    async with catalog.open() as unit, shards.open(owner) as shard:
        for one in [unit if used_in == "catalog" else shard]:
            one.keys.add(owner, "k", FIRST, Done())
            await one.commit()
    refusing = RefuseReusedKey(catalog, shards)
    with pytest.raises(KeyReused):
        await refusing.execute(command(owner, home))
    await refusing.execute(command(owner, home, FIRST))
    await refusing.execute(command(new_user_id(), home))
    await refusing.execute(command(owner, used_in))  # the use case itself looks there


async def test_a_store_that_is_away_holds_up_no_request_of_the_other(shards: MemoryShards) -> None:
    await RefuseReusedKey(AwayCatalog(), shards).execute(command(new_user_id(), "shard"))
