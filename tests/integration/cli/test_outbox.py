"""`onelast db outbox` shows the events that were set aside and brings them back; `onelast doctor` tells that there are any."""

import json
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.integration.cli.conftest import Environment
from tests.integration.cli.test_doctor import findings
from tests.support.processes import run_onelast
from tests.support.servers import PostgresServer

DEAD = """
INSERT INTO {}.dead_letters (id, kind, payload, attempts, reason) VALUES ($1, 'UserErased', '{{"user_id": "secret"}}', 9, $2)
"""
WHY = "PurgeRefused: The key is too long."


@pytest.fixture
async def dsn(postgres: PostgresServer) -> str:
    return await postgres.database()


@pytest.fixture
async def database(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A database with a dead letter in the catalog and two on the shard."""
    connection = await asyncpg.connect(dsn)
    for tree, name in (("catalog", "event_1"), ("shard", "event_2"), ("shard", "event_3")):
        await connection.execute(DEAD.format(tree), name, WHY)
    yield connection
    await connection.close()


async def waiting(database: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    rows = await database.fetch("SELECT id FROM catalog.outbox UNION ALL SELECT id FROM shard.outbox ORDER BY id")
    return [row["id"] for row in rows]


@pytest.mark.usefixtures("database")
async def test_they_are_listed_with_their_reasons_and_without_what_is_in_them(dsn: str) -> None:
    settings = {"ONELAST_CATALOG_DSN": dsn}
    table = await run_onelast("db", "outbox", "list", environment=settings)
    assert (table.status, table.err) == (0, "")
    assert all(name in table.out for name in ("event_1", "event_2", "event_3"))
    assert table.out.count(WHY) == 3
    assert "secret" not in table.out
    told = json.loads((await run_onelast("db", "outbox", "list", "--json", environment=settings)).out)
    assert [(one["name"], [letter["id"] for letter in one["letters"]]) for one in told] == [
        ("catalog", ["event_1"]), ("shard 0", ["event_2", "event_3"])
    ]


async def test_those_that_are_named_or_all_are_tried_again(
    database: "asyncpg.Connection[asyncpg.Record]", dsn: str
) -> None:
    settings = {"ONELAST_CATALOG_DSN": dsn}
    assert (await run_onelast("db", "outbox", "retry", "event_3", environment=settings)).out == "1 event is due again.\n"
    assert await waiting(database) == ["event_3"]
    assert (await run_onelast("db", "outbox", "retry", environment=settings)).out == "2 events are due again.\n"
    assert await waiting(database) == ["event_1", "event_2", "event_3"]
    assert (await run_onelast("db", "outbox", "list", environment=settings)).out == "No event was set aside.\n"


async def test_a_database_that_is_away_is_told(dsn: str) -> None:
    settings = {"ONELAST_CATALOG_DSN": dsn, "ONELAST_SHARD_DSNS": "postgresql://onelast:sesame@127.0.0.1:1/x"}
    for command in ("list", "retry"):
        ended = await run_onelast("db", "outbox", command, environment=settings)
        assert (ended.status, "The shard 0 cannot be reached" in ended.out) == (1, True)


@pytest.mark.usefixtures("database")
async def test_the_doctor_tells_that_there_are_any_and_what_to_do(deployment: Environment, dsn: str) -> None:
    found = findings(await run_onelast("doctor", environment=deployment | {"ONELAST_CATALOG_DSN": dsn}))
    assert {part for part, (ok, _) in found.items() if not ok} == {"catalog", "shard 0"}
    assert "has 1 event " in found["catalog"][1]
    assert "has 2 events " in found["shard 0"][1]
    assert "`onelast db outbox retry`" in found["shard 0"][1]
