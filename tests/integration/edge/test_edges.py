"""HAProxy and nginx with the configurations that operators use."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.integration.edge.conftest import Edge
from tests.support.api import Caller, text_of
from tests.support.processes import until
from tests.support.realtime import Tab, seqs

BEGINNING, WHOLE = "Well, let me ", "Well, let me think about that for a moment. "


@asynccontextmanager
async def stream(caller: Caller, session: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """Say something, and yield the events of the reply as they come."""
    path, body = f"/v1/sessions/{session}/messages", {"content": "Hi", "stream": True}
    async with caller.http.stream("POST", path, json=body, headers={"authorization": f"Bearer {caller.token}"}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield (json.loads(line.removeprefix("data: ")) async for line in answer.aiter_lines() if line.startswith("data: "))


async def beginning_of(events: AsyncIterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events of a reply that has stalled after its first words."""
    seen = [await anext(events)]
    while text_of(seen) != BEGINNING:
        seen.append(await anext(events))
    return seen


async def test_events_arrive_while_the_model_still_thinks_and_the_rest_when_it_goes_on(edge: Edge) -> None:
    async with edge.caller() as caller:
        session = await caller.session(await caller.agent("scripted-stalls"))
        async with stream(caller, session) as events:
            seen = await beginning_of(events)
            assert edge.first.scripted.active + edge.second.scripted.active == 1
            edge.first.scripted.release()
            edge.second.scripted.release()
            seen += [event async for event in events]
    assert seqs(seen) == list(range(1, len(seen) + 1))
    assert text_of(seen) == WHOLE
    assert seen[-1]["type"] == "end"


async def test_streams_are_spread_over_the_nodes(edge: Edge) -> None:
    async with AsyncExitStack() as stack:
        streams = []
        for _ in range(4):
            caller = await stack.enter_async_context(edge.caller())
            session = await caller.session(await caller.agent("scripted-stalls"))
            streams.append(await stack.enter_async_context(stream(caller, session)))
            await beginning_of(streams[-1])
        await edge.first.serves(2, 0)
        await edge.second.serves(2, 0)
        edge.first.scripted.release()
        edge.second.scripted.release()


async def test_a_socket_goes_through(edge: Edge) -> None:
    async with edge.caller() as caller:
        session = await caller.session()
        headers = {"authorization": f"Bearer {caller.token}"}
        async with connect(f"ws://127.0.0.1:{edge.port}/v1/realtime", additional_headers=headers, proxy=None) as connection:
            tab = Tab(connection)
            await tab.quiet()
            await tab.tell("message.create", session_id=session, content="Hi")
            end = await tab.until("end")
            assert text_of(tab.events_of(end["run_id"])) == WHOLE


async def test_a_node_that_is_gone_is_missed_by_nobody(edge: Edge) -> None:
    async with edge.caller() as caller:
        session = await caller.session()
        await edge.lose_the_second()
        for number in range(12):
            async with edge.visitor() as api:
                said = await Caller(api.http, caller.signed_up, caller.email).say(session, f"sentence {number}")
            assert said.status_code == 201, said.text
        assert len(await caller.messages(session)) == 24


async def test_measurements_are_for_the_inside_only(edge: Edge) -> None:
    async with edge.visitor() as api:
        assert (await api.http.get("/metrics")).status_code == 404
        assert (await api.http.get("/livez")).status_code == 200


@pytest.mark.parametrize("edge", ["haproxy"], indirect=True)
async def test_a_node_that_answers_no_more_is_taken_out_and_comes_back(edge: Edge) -> None:
    async def answers_everybody() -> bool:
        async with edge.visitor() as api:
            answers = await asyncio.gather(*(api.http.get("/livez", timeout=2) for _ in range(8)), return_exceptions=True)
        return all(isinstance(answer, httpx.Response) and answer.status_code == 200 for answer in answers)

    async def reaches_both() -> bool:
        requests = [_requests(await node.metrics()) for node in (edge.first, edge.second)]
        async with edge.visitor() as api:
            for _ in range(4):
                await api.http.get("/v1/agents")
        now = [_requests(await node.metrics()) for node in (edge.first, edge.second)]
        return all(many > before for many, before in zip(now, requests, strict=True))

    edge.line.silent = True
    await until(answers_everybody, within=60)
    edge.line.silent = False
    await until(reaches_both, within=60)


def _requests(metrics: bytes) -> int:
    """Return how many requests for the list of agents a node has answered."""
    lines = [line for line in metrics.decode().splitlines() if "_count{" in line and '"/v1/agents"' in line]
    return sum(int(float(line.rpartition(" ")[2])) for line in lines)
