"""Idempotency keys in Postgres."""

from datetime import timedelta

import asyncpg
import pytest

from adapters.postgres.database import Database
from adapters.postgres.idempotency import PostgresExpiredKeys
from adapters.postgres.shards import PostgresShards
from application.ports.catalog import Catalog
from domain.shared.identifiers import UserId
from tests.contracts.ports.idempotency import FIRST, Age, KeysSuite, KeysWithEffectsSuite, Told, unit_with_key
from tests.support.builders import new_agent, new_session, new_user_id
from tests.support.storing import store_user


@pytest.fixture
def database(own_database: Database) -> Database:
    """Old keys are everybody's: each test has a database of its own."""
    return own_database


@pytest.fixture
def age(own_dsn: str) -> Age:
    async def make_older(owner_id: UserId, time: timedelta) -> None:
        connection = await asyncpg.connect(own_dsn)
        for schema in ("catalog", "shard"):
            statement = f"UPDATE {schema}.idempotency_keys SET created_at = created_at - $1::interval WHERE owner_id = $2"
            await connection.execute(statement, time, owner_id)
        await connection.close()

    return make_older


@pytest.fixture
def expired(database: Database) -> PostgresExpiredKeys:
    return PostgresExpiredKeys(database, [database, database])


class TestPostgresKeys(KeysSuite):
    """Keys in Postgres."""


class TestPostgresKeysWithEffects(KeysWithEffectsSuite):
    """Keys and their effects in Postgres."""


async def test_a_key_and_its_effect_are_of_one_transaction(catalog: Catalog, shards: PostgresShards, own_dsn: str) -> None:
    user_id, owner = (await store_user(catalog)).id, new_user_id()
    async with unit_with_key(catalog, user_id) as unit:
        unit.agents.add(new_agent(user_id))
        await unit.commit()
    async with shards.open(owner) as shard:
        shard.sessions.add(new_session(owner))
        shard.keys.add(owner, "k", FIRST, Told(1))
        await shard.commit()
    connection = await asyncpg.connect(own_dsn)
    for effect, schema in (("catalog.agents", "catalog"), ("shard.sessions", "shard")):
        transactions = f"SELECT xmin FROM {effect} UNION SELECT xmin FROM {schema}.idempotency_keys"
        assert await connection.fetchval(f"SELECT count(*) FROM ({transactions}) AS transactions") == 1
    await connection.close()
