"""Dead letters in Postgres: what an operator sees of them, and how they come back."""

import asyncpg
import pytest

from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.database import Database
from adapters.postgres.dead_letters import count_dead_letters, list_dead_letters, revive_dead_letters
from adapters.postgres.migrate import downgrade
from adapters.postgres.outbox import PostgresOutbox
from adapters.postgres.placement import Placement
from adapters.postgres.shards import PostgresShards
from tests.contracts.ports.outbox import commit, commit_to_shard, erased, events_of
from tests.integration.postgres.conftest import PATIENCE

WHY = "PurgeRefused: The key is too long."


@pytest.fixture
def database(own_database: Database) -> Database:
    return own_database


async def bury_all(outbox: PostgresOutbox) -> list[str]:
    claimed = await outbox.claim(10)
    await outbox.bury(claimed, WHY)
    return [envelope.id for envelope in claimed]


async def test_they_are_listed_by_place_with_their_reason(
    catalog: PostgresCatalog, shards: PostgresShards, outbox: PostgresOutbox, own_dsn: str
) -> None:
    await commit(catalog, erased(1))
    await commit_to_shard(shards, erased(2))
    first, second = await bury_all(outbox)
    (in_catalog,) = await list_dead_letters(own_dsn, "catalog", 10, patience=PATIENCE)
    (in_shard,) = await list_dead_letters(own_dsn, "shard", 10, patience=PATIENCE)
    assert [in_catalog.id, in_shard.id] == [first, second]
    assert (in_shard.kind, in_shard.attempts, in_shard.reason) == ("UserErased", 1, WHY)


async def test_they_come_back_as_they_were_and_as_if_never_tried(
    catalog: PostgresCatalog, outbox: PostgresOutbox, own_dsn: str
) -> None:
    await commit(catalog, erased(1), erased(2))
    dead = await bury_all(outbox)
    assert await revive_dead_letters(own_dsn, "catalog", None, patience=PATIENCE) == 2
    assert await revive_dead_letters(own_dsn, "catalog", None, patience=PATIENCE) == 0
    again = await outbox.claim(10)
    assert events_of(again) == [erased(1), erased(2)]
    assert ([one.id for one in again], [one.attempts for one in again]) == (dead, [1, 1])


async def test_one_comes_back_alone_by_its_name(catalog: PostgresCatalog, outbox: PostgresOutbox, own_dsn: str) -> None:
    await commit(catalog, erased(1), erased(2))
    first, second = await bury_all(outbox)
    assert await revive_dead_letters(own_dsn, "catalog", [second, "event_nobody"], patience=PATIENCE) == 1
    assert [one.id for one in await outbox.claim(10)] == [second]
    assert [one.id for one in await list_dead_letters(own_dsn, "catalog", 10, patience=PATIENCE)] == [first]


async def test_a_schema_that_is_older_than_they_are_has_none(own_dsn: str, placement: Placement) -> None:
    await downgrade(own_dsn, "catalog", "catalog_0005")
    connection = await asyncpg.connect(own_dsn)
    assert await count_dead_letters(connection, "catalog") == 0
    assert await count_dead_letters(connection, "shard") == 0
    await connection.close()
