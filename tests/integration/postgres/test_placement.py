"""Several databases: each owner lives in one of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import bindparam, insert

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.database import Database
from adapters.postgres.outbox import PostgresOutbox
from adapters.postgres.placement import Placement, ShardsMissing
from adapters.postgres.routing import BucketRouting, load_or_create_map
from adapters.postgres.shard_readers import PostgresRunReader, PostgresSessionReader
from adapters.postgres.shards import PostgresShards
from adapters.postgres.statement import Statement
from adapters.postgres.tables import SHARD_MAPS
from domain.sessions.session import SessionNotFound
from domain.shared.identifiers import UserId
from domain.shared.shard_map import ShardMap
from domain.users.user import UserErased
from tests.contracts.ports.shards.access import messages_of, read_session
from tests.integration.postgres.conftest import PATIENCE
from tests.support.servers import PostgresServer
from tests.support.sharding import owner_on, placed
from tests.support.storing import say, store_session


@pytest.fixture(scope="module")
async def two(postgres: PostgresServer) -> AsyncIterator[list[Database]]:
    databases = [Database(await postgres.database(), name=f"shard {number}", patience=PATIENCE) for number in range(2)]
    yield databases
    for database in databases:
        await database.close()


@pytest.fixture
def placement(two: list[Database]) -> Placement:
    return placed(*two)


@pytest.fixture
def owners() -> tuple[UserId, UserId]:
    """One owner of each shard."""
    return owner_on(0, 2), owner_on(1, 2)


async def test_each_owner_is_stored_and_read_in_the_shard_of_the_bucket(
    two: list[Database], shards: PostgresShards, sessions: PostgresSessionReader, runs: PostgresRunReader,
    owners: tuple[UserId, UserId], entropy: MemoryEntropy,
) -> None:
    for owner, home, other in zip(owners, two, two[::-1], strict=True):
        session = await store_session(shards, owner)
        message, run = await say(shards, session, client_message_id="c-1")
        assert await messages_of(sessions, session) == [message]
        assert list(await sessions.recent_messages(session.owner_id, session.id, limit=1, most_characters=0)) == [message]
        assert await sessions.find_message_run(session.owner_id, session.id, "c-1") is not None
        assert await runs.find(owner, run.id) is not None
        alone = [PostgresShards(placed(database), entropy) for database in (home, other)]
        assert await read_session(alone[0], owner, session.id) == session
        with pytest.raises(SessionNotFound):
            await read_session(alone[1], owner, session.id)


async def test_events_are_delivered_from_every_shard_and_the_catalog(
    two: list[Database], emptied_database: Database, shards: PostgresShards, entropy: MemoryEntropy,
    owners: tuple[UserId, UserId],
) -> None:
    outbox = PostgresOutbox(emptied_database, two)
    for owner in owners:
        async with shards.open(owner) as unit:
            unit.record(UserErased(owner))
            await unit.commit()
    async with PostgresCatalog(emptied_database, entropy).open() as catalog_unit:
        catalog_unit.record(UserErased(UserId("user_of_catalog")))
        await catalog_unit.commit()
    claimed = await outbox.claim(10)
    assert {(envelope.place, envelope.event) for envelope in claimed} == {
        ("catalog", UserErased(UserId("user_of_catalog"))),
        ("shard-0", UserErased(owners[0])), ("shard-1", UserErased(owners[1])),
    }
    await outbox.done(claimed)
    await outbox.retry_later(claimed, 0)
    assert list(await outbox.claim(10)) == []


async def test_a_map_that_names_more_shards_than_there_are_is_refused(two: list[Database]) -> None:
    with pytest.raises(ShardsMissing, match="needs 3 shards"):
        Placement(BucketRouting(ShardMap.even(3)), two)


async def test_of_twenty_nodes_that_make_the_first_map_one_wins_and_all_have_it(own_database: Database) -> None:
    maps = await asyncio.gather(*(load_or_create_map(own_database, 1 + number % 4) for number in range(20)))
    assert len(set(maps)) == 1
    assert maps[0].version == 1
    assert await load_or_create_map(own_database, 8) == maps[0]


async def test_the_newest_map_counts(own_database: Database) -> None:
    first = await load_or_create_map(own_database, 2)
    moved = ShardMap(2, (1, *first.shards[1:]))
    insertion = Statement(insert(SHARD_MAPS).values(version=bindparam("version"), shards=bindparam("shards")), "test.add_map")
    await own_database.take(insertion, version=moved.version, shards=list(moved.shards))
    assert await load_or_create_map(own_database, 2) == moved
