"""Another strategy by a setting: a directory that pins named users to a shard."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from domain.shared.identifiers import BUCKETS, bucket_of
from entrypoints.settings import Settings
from tests.integration.sharding.conftest import owners_by_table
from tests.support.api import Api, Caller
from tests.support.application import running_application
from tests.support.servers import PostgresServer


@pytest.fixture
async def dsns(postgres: PostgresServer) -> list[str]:
    return [await postgres.database() for _ in range(3)]


@pytest.fixture
async def api(dsns: list[str], own_valkey_url: Callable[[], str]) -> AsyncIterator[Api]:
    settings = Settings(
        catalog_dsn=dsns[0], shard_dsns=(dsns[1], dsns[2]), shard_routing="directory", redis_url=own_valkey_url()
    )
    async with running_application(settings) as running:
        yield running.api


async def of_first_shard(api: Api) -> Caller:
    while True:
        caller = await api.sign_up()
        if bucket_of(caller.user["id"]) < BUCKETS // 2:
            return caller


async def pin(catalog: str, caller: Caller, shard: int) -> None:
    connection = await asyncpg.connect(catalog)
    await connection.execute("INSERT INTO catalog.shard_pins (user_id, shard) VALUES ($1, $2)", caller.user["id"], shard)
    newest = "SELECT version + 1, shards FROM catalog.shard_maps ORDER BY version DESC LIMIT 1"
    await connection.execute(f"INSERT INTO catalog.shard_maps (version, shards) {newest}")
    await connection.close()


async def test_a_pinned_user_lives_on_the_named_shard_and_others_where_their_bucket_says(api: Api, dsns: list[str]) -> None:
    large, other = await of_first_shard(api), await of_first_shard(api)
    await pin(dsns[0], large, 1)
    async with asyncio.timeout(20):  # the node takes the new map with its next lease
        while large.user["id"] not in (await owners_by_table(dsns[2]))["sessions"]:
            await large.session()
            await asyncio.sleep(0.2)
    before = await owners_by_table(dsns[1])
    for caller in (large, other):
        session = await caller.session()
        await caller.say(session, "Hello!")
        link = (await caller.post(f"/v1/sessions/{session}/share")).json()
        assert [one["seq"] for one in (await api.http.get(link["path"])).json()["data"]] == [1, 2]
    assert large.user["id"] in (await owners_by_table(dsns[2]))["shares"]
    assert large.user["id"] not in (await owners_by_table(dsns[1]))["messages"]
    assert large.user["id"] in (await owners_by_table(dsns[2]))["messages"]
    assert other.user["id"] not in before["sessions"]
    assert other.user["id"] in (await owners_by_table(dsns[1]))["messages"]
    assert (await large.get("/v1/sessions")).json()["data"]
