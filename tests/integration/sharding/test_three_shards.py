"""Three shards and a catalog apart: everything of an owner's is on the owner's shard, and nowhere else."""

import asyncio

import asyncpg
import pytest

from domain.shared.identifiers import BUCKETS, bucket_of
from tests.integration.sharding.conftest import TABLES, Sharded, owners_by_table
from tests.support.api import Api, Caller, error_of, events_of, text_of


@pytest.fixture
def api(sharded: Sharded) -> Api:
    return sharded.application.api


def home_of(caller: Caller) -> int:
    return bucket_of(caller.user["id"]) * 3 // BUCKETS


async def one_on_each_shard(api: Api) -> list[Caller]:
    found: dict[int, Caller] = {}
    while len(found) < 3:
        caller = await api.sign_up()
        found.setdefault(home_of(caller), caller)
    return [found[shard] for shard in range(3)]


async def converse(caller: Caller) -> str:
    """Leave something in every table of the caller's shard."""
    opened = await caller.post("/v1/sessions", {"agent_id": "einstein"}, headers={"idempotency-key": "opening"})
    assert opened.status_code == 201, opened.text
    session = str(opened.json()["id"])
    answer = await caller.say(session, "Hello there!", stream=True)
    assert text_of(events_of(answer.text))
    assert (await caller.post(f"/v1/sessions/{session}/share")).status_code == 201
    return session


async def shared_by(caller: Caller, session: str) -> str:
    """Return the path of the session's link."""
    return str((await caller.get(f"/v1/sessions/{session}/share")).json()["path"])


async def test_each_row_is_on_the_shard_of_its_owner_and_nowhere_else(sharded: Sharded, api: Api) -> None:
    callers = await one_on_each_shard(api)
    await asyncio.gather(*(converse(caller) for caller in callers))
    mine = {caller.user["id"] for caller in callers}
    for shard, (dsn, caller) in enumerate(zip(sharded.shards, callers, strict=True)):
        for table, owners in (await owners_by_table(dsn)).items():
            assert owners & mine == {caller.user["id"]}, (shard, table)
    elsewhere = await owners_by_table(sharded.catalog)
    assert elsewhere == {table: set() for table in TABLES}


async def test_a_link_finds_its_shard_by_itself(api: Api) -> None:
    for caller in await one_on_each_shard(api):
        page = await api.http.get(await shared_by(caller, await converse(caller)))
        assert (page.status_code, [one["seq"] for one in page.json()["data"]]) == (200, [1, 2])


async def test_accounts_are_in_the_catalog_and_on_no_shard(sharded: Sharded, api: Api) -> None:
    caller = await api.sign_up()
    for dsn, wanted in ((sharded.catalog, 1), *((shard, 0) for shard in sharded.shards)):
        connection = await asyncpg.connect(dsn)
        found = await connection.fetchval("SELECT count(*) FROM catalog.users WHERE id = $1", caller.user["id"])
        await connection.close()
        assert found == wanted


async def test_an_account_on_any_shard_can_be_erased_with_all_that_it_has(sharded: Sharded, api: Api) -> None:
    callers = await one_on_each_shard(api)
    for caller in callers:
        await converse(caller)
        assert (await caller.request("DELETE", "/v1/users/me")).status_code < 300
    for dsn, caller in zip(sharded.shards, callers, strict=True):
        assert all(caller.user["id"] not in owners for owners in (await owners_by_table(dsn)).values())


async def test_a_shard_that_is_away_takes_its_own_users_with_it_and_nobody_else(sharded: Sharded, api: Api) -> None:
    callers = await one_on_each_shard(api)
    sessions = [await converse(caller) for caller in callers]
    await sharded.last.kill()
    try:
        for caller, session in zip(callers[:2], sessions[:2], strict=True):
            assert (await caller.get(f"/v1/sessions/{session}/messages")).status_code == 200
            assert (await caller.say(session, "And again!")).status_code == 201
        for path in ("/v1/sessions", f"/v1/sessions/{sessions[2]}", f"/v1/sessions/{sessions[2]}/messages"):
            answer = await callers[2].get(path)
            assert error_of(answer, 503)["code"] == "overloaded"
            assert int(answer.headers["retry-after"]) <= 120
        assert error_of(await callers[2].say(sessions[2], "Anybody?"), 503)["code"] == "overloaded"
        assert (await callers[2].get("/v1/users/me")).status_code == 200
        ready = await api.http.get("/readyz")
        assert (ready.status_code, [one["name"] for one in ready.json()["components"] if not one["ok"]]) == (200, ["shard 2"])
    finally:
        await sharded.last.restore()
    async with asyncio.timeout(30):
        while (await callers[2].get("/v1/sessions")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert (await callers[2].say(sessions[2], "Here again!")).status_code == 201
    assert [message["seq"] for message in await callers[2].messages(sessions[2])] == [1, 2, 3, 4]
