"""`onelast db slow` tells which queries take the time, by name, and never what was asked."""

import json
from pathlib import Path

import asyncpg
import pytest

from adapters.embedded.folder import DataFolder
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.catalog_readers import PostgresUserReader
from adapters.postgres.database import Database
from domain.users.user import User
from tests.support.processes import run_onelast
from tests.support.servers import PostgresServer
from tests.support.storing import store_user


async def use(dsn: str) -> User:
    """Have a user stored, read and looked for on the database, as the application does."""
    database = Database(dsn, name="used", patience=20)
    user = await store_user(PostgresCatalog(database, MemoryEntropy(seed=3)))
    for _ in range(3):
        await PostgresUserReader(database).find_user(user.id)
    await database.close()
    return user


async def test_each_query_is_told_by_its_name_and_without_its_values(postgres: PostgresServer) -> None:
    dsn = await postgres.database()
    user = await use(dsn)
    plain = await asyncpg.connect(dsn)
    await plain.execute("SELECT 'a word that nobody may read'")
    await plain.close()
    table = await run_onelast("db", "slow", environment={"ONELAST_CATALOG_DSN": dsn})
    assert (table.status, table.err) == (0, "")
    lines = {line.split()[0]: line.split() for line in table.out.splitlines()}
    assert lines["users.find"][1] == "3"
    assert lines["users.add"][1] == "1"
    assert "(others)" in lines
    assert not any(word in table.out for word in ("nobody", user.id, user.email))


async def test_the_list_for_programs_says_the_same_and_no_more_than_was_wanted(postgres: PostgresServer) -> None:
    dsn = await postgres.database()
    await use(dsn)
    told = await run_onelast("db", "slow", "--json", "--limit", "1000", environment={"ONELAST_CATALOG_DSN": dsn})
    (catalog,) = json.loads(told.out)
    found = {query["name"]: query for query in catalog["queries"]}
    assert (catalog["name"], catalog["problem"]) == ("catalog", None)
    assert (found["users.find"]["calls"], found["users.find"]["rows"]) == (3, 3)
    assert sum(query["share"] for query in found.values()) == pytest.approx(1)
    assert found["users.find"]["blocks_hit"] > 0
    first = await run_onelast("db", "slow", "--json", "--limit", "1", environment={"ONELAST_CATALOG_DSN": dsn})
    assert len(json.loads(first.out)[0]["queries"]) == 1


async def test_a_database_that_two_names_stand_for_is_told_once_and_another_shard_beside_it(postgres: PostgresServer) -> None:
    one, other = await postgres.database(), await postgres.database()
    told = await run_onelast("db", "slow", "--json", environment={"ONELAST_SHARD_DSNS": f"{one},{other}"})
    assert [database["name"] for database in json.loads(told.out)] == ["catalog", "shard 1"]


async def test_a_server_that_does_not_count_is_told_how_to(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    server = await EmbeddedPostgres.start(folder, settings={"shared_preload_libraries": "", "fsync": "off"})
    try:
        told = await run_onelast("db", "slow", environment={"ONELAST_CATALOG_DSN": server.dsn})
    finally:
        await server.stop()
        folder.release()
    assert (told.status, told.err) == (1, "")
    assert told.out.startswith("The catalog does not count its statements: add pg_stat_statements to")


async def test_who_may_not_make_the_extension_is_told_who_may(postgres: PostgresServer) -> None:
    dsn = await postgres.empty_database()
    owner = await asyncpg.connect(dsn)
    await owner.execute("CREATE ROLE nobody_special LOGIN PASSWORD 'a-password'")
    try:
        address = f"postgresql://nobody_special:a-password@{dsn.partition('@')[2]}"
        told = await run_onelast("db", "slow", environment={"ONELAST_CATALOG_DSN": address})
    finally:
        await owner.execute("DROP ROLE nobody_special")
        await owner.close()
    assert told.status == 1
    assert "as a superuser" in told.out
    assert "nobody_special" not in told.out


async def test_a_database_that_is_away_is_told_without_its_address() -> None:
    told = await run_onelast("db", "slow", environment={"ONELAST_CATALOG_DSN": "postgresql://someone:secret@127.0.0.1:1/nothing"})
    assert told.status == 1
    assert told.out.startswith("The catalog cannot be reached")
    assert "secret" not in told.out + told.err
