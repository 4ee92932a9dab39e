"""Runs while Valkey is away: what works goes on, what cannot says so, and everything heals by itself."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from entrypoints.settings import Settings
from tests.support.api import Caller, error_of, text_of
from tests.support.realtime import Node, first_events, listening, seqs
from tests.support.valkey_process import ValkeyProcess

WHOLE = "Well, let me think about that for a moment. "


class Nodes:
    """Two nodes, the Valkey they share, and a user with a client at each."""

    def __init__(self, first: Node, second: Node, valkey: ValkeyProcess, here: Caller) -> None:
        self.first, self.second, self.valkey, self.here = first, second, valkey, here
        self.there = second.of(here)


@pytest.fixture
async def nodes(own_dsn: str, own_valkey: ValkeyProcess) -> AsyncIterator[Nodes]:
    settings = Settings(catalog_dsn=own_dsn, redis_url=own_valkey.url)
    async with listening(settings) as first, listening(settings) as second:
        yield Nodes(first, second, own_valkey, await first.api.sign_up())


async def stalled(nodes: Nodes) -> tuple[str, str]:
    """Return a session and its run, which has told a part of its reply at the first node."""
    session = await nodes.here.session(await nodes.here.agent("scripted-stalls"))
    seen = await first_events(nodes.here, session, 2)
    return session, str(seen[0]["run_id"])


async def ended(caller: Caller, run: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            found: dict[str, Any] = (await caller.get(f"/v1/runs/{run}")).json()
            if found["finished_at"] is not None:
                return found
            await asyncio.sleep(0.05)


async def followed(caller: Caller, run: str, **named: Any) -> list[dict[str, Any]]:
    """Return a run's events, asking again for as long as the log is out of reach."""
    async with asyncio.timeout(30):
        while (answer := await caller.get(f"/v1/runs/{run}/events", **named)).status_code == 503:
            assert int(answer.headers["retry-after"]) <= 120
            await asyncio.sleep(0.1)
    return await caller.events(run, **named)


async def made_whole(caller: Caller, run: str, events: list[dict[str, Any]]) -> None:
    """Wait until the log has these events again; before that the reply is told from what is stored."""
    async with asyncio.timeout(10):
        while (told := await followed(caller, run)) != events:
            assert text_of(told) == text_of(events)
            await asyncio.sleep(0.05)


async def test_a_running_reply_and_its_viewer_on_the_node_go_on(nodes: Nodes) -> None:
    session, run = await stalled(nodes)
    viewer = asyncio.create_task(nodes.here.events(run))
    await asyncio.sleep(0.1)
    nodes.valkey.kill()
    nodes.first.scripted.release()
    events = await viewer
    assert seqs(events) == list(range(1, len(events) + 1))
    assert text_of(events) == WHOLE
    nodes.valkey.start()
    assert (await ended(nodes.there, run))["status"] == "completed"
    await made_whole(nodes.there, run, events)
    assert [message["content"][0]["text"] for message in await nodes.there.messages(session)] == ["Hi", WHOLE]


async def test_a_new_message_is_answered(nodes: Nodes) -> None:
    session = await nodes.here.session()
    nodes.valkey.kill()
    first = await nodes.here.say(session, "one")
    second = await nodes.here.say(session, "two")
    assert [answer.status_code for answer in (first, second)] == [201, 201]
    nodes.valkey.start()
    assert [message["seq"] for message in await nodes.there.messages(session)] == [1, 2, 3, 4]
    events = await followed(nodes.there, second.json()["run"]["id"])
    assert text_of(events) == WHOLE
    assert seqs(events) == list(range(1, len(events) + 1))


async def test_a_viewer_on_another_node_is_told_to_come_back_and_then_sees_everything(nodes: Nodes) -> None:
    _, run = await stalled(nodes)
    nodes.valkey.kill()
    refused = await nodes.there.get(f"/v1/runs/{run}/events")
    error_of(refused, 503)
    assert int(refused.headers["retry-after"]) <= 120
    nodes.first.scripted.release()
    assert (await ended(nodes.here, run))["status"] == "completed"
    nodes.valkey.start()
    events = await followed(nodes.there, run)
    assert text_of(events) == WHOLE
    assert seqs(events) == list(range(1, len(events) + 1))


async def test_a_viewer_on_another_node_who_was_there_before_sees_everything_once(nodes: Nodes) -> None:
    _, run = await stalled(nodes)
    viewer = asyncio.create_task(nodes.there.events(run))
    await asyncio.sleep(0.3)
    nodes.valkey.kill()
    await asyncio.sleep(0.3)
    nodes.valkey.start()
    nodes.first.scripted.release()
    events = await viewer
    assert seqs(events) == list(range(1, len(events) + 1))
    assert text_of(events) == WHOLE


async def test_a_frozen_valkey_holds_nobody_up(nodes: Nodes) -> None:
    session = await nodes.here.session()
    await nodes.here.say(session, "one")
    nodes.valkey.freeze()
    answer = await nodes.here.say(session, "two")
    assert answer.status_code == 201
    nodes.valkey.thaw()
    assert text_of(await followed(nodes.there, answer.json()["run"]["id"])) == WHOLE


async def test_a_valkey_that_comes_back_empty_gets_the_running_log_again(nodes: Nodes) -> None:
    _, run = await stalled(nodes)
    before = asyncio.create_task(nodes.there.events(run, params={"starting_after": 1}))
    await asyncio.sleep(0.3)
    nodes.valkey.kill()
    nodes.valkey.start()
    nodes.first.scripted.release()
    late = await followed(nodes.there, run)
    assert text_of(late) == WHOLE
    assert await before == late[1:]
