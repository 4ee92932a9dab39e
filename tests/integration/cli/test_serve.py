"""`onelast migrate` and `onelast serve`: the production form, and how it ends."""

import asyncio
import signal

import asyncpg

from adapters.embedded.child import free_port
from bench.upstream import TEXT
from tests.integration.cli.conftest import Environment
from tests.integration.cli.nodes import SERVING, serving
from tests.integration.cli.talking import begin_stream, require_unavailable
from tests.support.api import events_of, text_of
from tests.support.processes import ONELAST, run, run_onelast, running, until
from tests.support.servers import PostgresServer

PACED = "scripted-50-20ms"


async def test_a_database_is_served_once_it_is_migrated(fresh: Environment) -> None:
    refused = await run_onelast("serve", environment=fresh, afresh=True)
    assert (refused.status, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert "`onelast migrate`" in refused.err
    for said in ("was migrated from none to", "is at"):
        migrated = await run_onelast("migrate", environment=fresh, afresh=True)
        assert (migrated.status, migrated.err) == (0, "")
        assert all(f"The {name} {said}" in migrated.out for name in ("catalog", "shard 0"))
    assert "0 built-in agents were added or changed" in migrated.out
    async with serving(fresh, afresh=True) as node:
        assert (await node.api.http.get("/readyz")).status_code == 200
        agents = (await node.api.http.get("/v1/agents?limit=100")).json()["data"]
        assert "einstein" in [agent["slug"] for agent in agents]
        chat = ("sh", "scripts/chat.sh", "einstein", r'Is "\\" a word?')
        assert text_of(events_of((await run(*chat, environment={"ONELAST_URL": node.url})).out)) == TEXT


async def test_of_two_that_start_at_once_on_one_port_one_is_refused_in_a_sentence(deployment: Environment) -> None:
    settings = deployment | {"ONELAST_PORT": str(free_port())}
    async with running(ONELAST, "serve", environment=settings) as one, running(ONELAST, "serve", environment=settings) as other:

        async def decided() -> bool:
            return not (one.running and other.running)

        await until(decided)
        loser, winner = (other, one) if one.running else (one, other)
        await winner.says(SERVING)
        refused = await loser.end()
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "ONELAST_PORT" in refused.err


async def test_a_shard_map_with_more_shards_than_the_settings_is_told(postgres: PostgresServer, deployment: Environment) -> None:
    dsn = await postgres.database()
    catalog = await asyncpg.connect(dsn)
    await catalog.execute("INSERT INTO catalog.shard_maps (version, shards) VALUES (1, array_fill(1, ARRAY[4096]))")
    await catalog.close()
    refused = await run_onelast("serve", environment=deployment | {"ONELAST_CATALOG_DSN": dsn})
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "ONELAST_SHARD_DSNS" in refused.err


async def test_a_terminated_node_sends_its_viewers_elsewhere_without_an_end(deployment: Environment) -> None:
    async with serving(deployment) as node:
        caller = await node.api.sign_up()
        session = await caller.session(await caller.agent(PACED))
        async with begin_stream(caller, session, "Hello!") as stream:
            run = (await stream.until("message.delta"))["run_id"]
            node.program.send(signal.SIGTERM)
            seen = await stream.to_its_close()
        assert (await node.program.end()).status == 0
        assert "end" not in [event["type"] for event in seen]
        assert len(text_of(seen)) < len(TEXT)
    async with serving(deployment) as node:
        caller.http = node.api.http
        events = seen + await caller.events(run, headers={"last-event-id": str(seen[-1]["seq"])})
        assert (events[-1]["type"], events[-1]["status"]) == ("end", "completed")
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert text_of(events) == text_of(await caller.events(run)) == TEXT
        assert [message["content"][0]["text"] for message in await caller.messages(session)] == ["Hello!", TEXT]


async def test_a_terminated_node_answers_who_waits_for_a_reply_that_the_next_one_makes(deployment: Environment) -> None:
    async with serving(deployment) as node:
        caller = await node.api.sign_up()
        session = await caller.session(await caller.agent(PACED))

        async def stored() -> bool:
            return bool(await caller.messages(session))

        asked = asyncio.create_task(caller.say(session, "Hello!", client_message_id="once"))
        await until(stored)
        assert (await node.program.end(signal.SIGTERM)).status == 0
        require_unavailable(await asked)
    async with serving(deployment) as node:
        caller.http = node.api.http
        again = await caller.say(session, "Hello!", client_message_id="once")
        assert (again.status_code, again.json()["reply"]["content"][0]["text"]) == (201, TEXT)
        assert len(await caller.messages(session)) == 2


async def test_kill_9_loses_no_message_and_the_reply_is_made_by_the_next_node(deployment: Environment) -> None:
    async with serving(deployment) as node:
        caller = await node.api.sign_up()
        session = await caller.session(await caller.agent(PACED))
        run = await caller.begin(session, "Hello!")
        await node.program.end(signal.SIGKILL)
    async with serving(deployment) as node:
        caller.http = node.api.http
        events = await caller.events(run)
        assert (events[-1]["status"], text_of(events)) == ("completed", TEXT)
        assert [message["content"][0]["text"] for message in await caller.messages(session)] == ["Hello!", TEXT]
        assert (await caller.get(f"/v1/runs/{run}")).json()["attempt"] == 2
