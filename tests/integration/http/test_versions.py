"""Releases that live together: this code on the oldest schema that it takes, and on one that a later release has expanded."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from adapters.models.scripted import Script
from adapters.postgres.migrate import upgrade
from adapters.postgres.revisions import OLDEST, Tree, current, head
from entrypoints.ioc.schema import SchemaProblem, require_usable
from entrypoints.settings import Settings
from tests.support.api import Api, error_of, text_of
from tests.support.application import running_application
from tests.support.later_revisions import EXPAND, LaterRevisions
from tests.support.servers import PostgresServer

TREES: tuple[Tree, ...] = ("catalog", "shard")
INDEX = {
    "catalog": 'plan.create_index_concurrently("users_motto_idx", "catalog.users", "motto")',
    "shard": 'plan.create_index_concurrently("sessions_mood_idx", "shard.sessions", "mood")',
}


@pytest.fixture
async def oldest_dsn(postgres: PostgresServer) -> str:
    dsn = await postgres.empty_database()
    for tree in TREES:
        await upgrade(dsn, tree, OLDEST[tree])
        assert await current(dsn, tree) == OLDEST[tree]
    return dsn


@pytest.fixture
async def expanded_dsn(postgres: PostgresServer, tmp_path: Path) -> str:
    dsn = await postgres.database()
    for tree in TREES:
        later = LaterRevisions(tmp_path / tree, tree)
        later.add_statements(*EXPAND[tree])
        newest = later.add(INDEX[tree])
        await upgrade(dsn, tree, more=[later.folder])
        assert await current(dsn, tree) == newest > head(tree)
    return dsn


@pytest.fixture(params=["oldest_dsn", "expanded_dsn"])
async def api(
    request: pytest.FixtureRequest, oldest_dsn: str, expanded_dsn: str, own_valkey_url: Callable[[], str]
) -> AsyncIterator[Api]:
    dsn = oldest_dsn if request.param == "oldest_dsn" else expanded_dsn
    settings = Settings(catalog_dsn=dsn, redis_url=own_valkey_url())
    await require_usable(settings)
    async with running_application(settings) as running:
        yield running.api


async def test_a_conversation_is_led_from_signing_up_to_the_end_of_the_account(api: Api) -> None:
    caller = await api.sign_up()
    assert (await caller.request("PATCH", "/v1/users/me", json={"name": "Somebody else"})).status_code == 200
    assert (await caller.post("/v1/api-keys", {"name": "laptop"})).status_code == 201
    session = await caller.session()
    message, once = {"content": "What is time?"}, {"idempotency-key": "once"}
    said = (await caller.post(f"/v1/sessions/{session}/messages", message, headers=once)).json()
    assert said["reply"]["content"][0]["text"] == Script().text
    assert await caller.messages(session) == [said["message"], said["reply"]]
    assert [one["id"] for one in (await caller.get("/v1/sessions", params={"archived": "false"})).json()["data"]] == [session]
    assert (await caller.get("/v1/users/me/agents")).status_code == 200
    assert (await caller.request("DELETE", f"/v1/sessions/{session}")).json()["deleted"] is True
    error_of(await caller.get(f"/v1/sessions/{session}"), 404)
    assert (await caller.request("DELETE", "/v1/users/me")).status_code == 200
    error_of(await caller.get("/v1/users/me"), 401)


async def test_a_reply_is_followed_cancelled_and_kept(api: Api) -> None:
    caller = await api.sign_up()
    session = await caller.session(await caller.agent("scripted-stalls"))
    run = await caller.begin(session)
    following = asyncio.create_task(caller.events(run))
    waiting = await caller.begin(session, "And then?", on_active="enqueue")
    for each in (waiting, run):
        assert (await caller.post(f"/v1/runs/{each}/cancel")).json()["status"] == "cancelled"
    events = await following
    assert events[-1]["status"] == "cancelled"
    assert [message["status"] for message in await caller.messages(session)][-1] in {"cancelled", "completed"}
    assert text_of(events) in "Well, let me "


async def test_a_schema_before_the_oldest_stops_the_start(postgres: PostgresServer, valkey_url: str) -> None:
    dsn = await postgres.empty_database()
    await upgrade(dsn, "catalog")
    await upgrade(dsn, "shard", "shard_0003")
    with pytest.raises(SchemaProblem, match=f"shard 0 is at revision shard_0003, .* needs {OLDEST['shard']}.*`onelast migrate`"):
        await require_usable(Settings(catalog_dsn=dsn, redis_url=valkey_url))


async def test_a_schema_from_which_a_later_release_took_something_away_stops_the_start(
    own_dsn: str, valkey_url: str, tmp_path: Path
) -> None:
    later = LaterRevisions(tmp_path / "later", "shard")
    expand = later.add_statements(*EXPAND["shard"])
    later.add_statements("ALTER TABLE shard.sessions DROP COLUMN metadata", requires=expand)
    await upgrade(own_dsn, "shard", more=[later.folder])
    with pytest.raises(SchemaProblem, match=f"wants a release that knows {expand}"):
        await require_usable(Settings(catalog_dsn=own_dsn, redis_url=valkey_url))
