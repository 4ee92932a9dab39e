"""`onelast doctor` tells whether all nodes' connections fit, and whether what comes through a pooler is bounded."""

import asyncpg

from tests.integration.cli.conftest import Environment
from tests.integration.cli.test_doctor import faults
from tests.support.pgbouncer import pgbouncer
from tests.support.servers import PostgresServer

BOUNDS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


async def test_more_connections_than_the_server_admits_are_told_of(deployment: Environment, postgres: PostgresServer) -> None:
    crowded = await postgres.database()
    connection = await asyncpg.connect(crowded)
    thirty = "SELECT 'node_' || n, now() + interval '1 hour' FROM generate_series(1, 30) AS n"
    await connection.execute(f"INSERT INTO shard.nodes (id, alive_until) {thirty}")
    await connection.close()
    wide = {"ONELAST_POOL_SIZE": "10"}
    said, seen, fitting = await faults(
        deployment | wide | {"ONELAST_NODES": "40"}, deployment | wide | {"ONELAST_CATALOG_DSN": crowded},
        deployment | {"ONELAST_NODES": "40"},
    )
    assert set(said) == set(seen) == {"catalog", "shard 0"}
    assert "40 nodes may open 10 connections each, 400 in all, and it admits 187" in said["catalog"]
    assert "30 nodes may open 10 connections each, 300 in all, and it admits 187" in seen["shard 0"]
    assert fitting == {}


async def test_behind_a_pooler_the_bounds_must_be_the_databases_own(deployment: Environment, postgres: PostgresServer) -> None:
    unbounded, bounded = await postgres.database(), await postgres.database()
    connection = await asyncpg.connect(bounded)
    for name in BOUNDS:
        await connection.execute(f'ALTER DATABASE "{bounded.rpartition("/")[2]}" SET {name} = \'5s\'')
    await connection.close()
    async with pgbouncer(unbounded) as pooler:
        settings = [deployment | {"ONELAST_CATALOG_DSN": pooler.before(dsn)} for dsn in (unbounded, bounded)]
        told = {"ONELAST_POOLER": "pgbouncer"}
        untold, missing, fine = await faults(settings[1], settings[0] | told, settings[1] | told)
    assert set(untold) == set(missing) == {"catalog", "shard 0"}
    assert "ONELAST_POOLER=pgbouncer" in untold["catalog"]
    assert all(name in missing["catalog"] for name in BOUNDS)
    assert fine == {}
