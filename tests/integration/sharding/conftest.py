"""An application over a catalog of its own and three shards."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from entrypoints.settings import Settings
from tests.integration.postgres.own_server import OwnServer
from tests.support.application import Application, running_application
from tests.support.servers import PostgresServer

TABLES = ("sessions", "messages", "runs", "idempotency_keys", "shares")


@dataclass(frozen=True, slots=True)
class Sharded:
    """The application, and the addresses of its databases; the last shard has a server of its own, to be killed."""

    application: Application
    catalog: str
    shards: tuple[str, ...]
    last: OwnServer


@pytest.fixture(scope="module")
async def sharded(
    postgres: PostgresServer, own_valkey_url: Callable[[], str], tmp_path_factory: pytest.TempPathFactory, pattern: Path
) -> AsyncIterator[Sharded]:
    last = OwnServer(tmp_path_factory.mktemp("last"))
    await last.start_as(pattern)
    try:
        catalog = await postgres.database()
        shards = (await postgres.database(), await postgres.database(), await last.database())
        settings = Settings(catalog_dsn=catalog, shard_dsns=shards, redis_url=own_valkey_url())
        async with running_application(settings) as application:
            yield Sharded(application, catalog, shards, last)
    finally:
        await last.stop()
        last.release()


async def owners_by_table(dsn: str) -> dict[str, set[str]]:
    """Return whose rows a shard holds, table by table; a message is its session's owner's."""
    connection = await asyncpg.connect(dsn)
    try:
        owned = [table for table in TABLES if table != "messages"]
        found = {table: await connection.fetch(f"SELECT DISTINCT owner_id FROM shard.{table}") for table in owned}
        found["messages"] = await connection.fetch(
            "SELECT DISTINCT owner_id FROM shard.messages JOIN shard.sessions ON sessions.id = session_id"
        )
        orphans = "SELECT count(*) FROM shard.messages WHERE session_id NOT IN (SELECT id FROM shard.sessions)"
        assert await connection.fetchval(orphans) == 0
        return {table: {row["owner_id"] for row in rows} for table, rows in found.items()}
    finally:
        await connection.close()
