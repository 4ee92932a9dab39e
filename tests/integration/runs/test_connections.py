"""No database connection is held while tokens flow."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from entrypoints.settings import Settings
from tests.support.api import Caller
from tests.support.processes import until
from tests.support.realtime import Node, listening

STREAMS = 500
POOL = 2
# As many as have a connection or may wait for one however slowly the queue moves, beside what the node does by itself: a machine
# that stood still for a third of a second had the pool refuse some of ten.
AT_ONCE = POOL + 1


async def opened(node: Node, caller: Caller, session: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return the connection of a stream whose first event has come."""
    body = json.dumps({"content": "Hi", "stream": True})
    head = (
        f"POST /v1/sessions/{session}/messages HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {caller.token}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    writer.write((head + body).encode())
    async with asyncio.timeout(60):
        await reader.readuntil(b"event: run.created\n")
    return reader, writer


async def rest_of(reader: asyncio.StreamReader) -> str:
    async with asyncio.timeout(60):
        return (await reader.read()).decode()


async def test_with_two_connections_and_five_hundred_open_streams_the_api_answers(
    own_dsn: str, own_valkey_url: Callable[[], str]
) -> None:
    settings = Settings(catalog_dsn=own_dsn, redis_url=own_valkey_url(), pool_size=POOL)
    async with listening(settings) as node:
        caller = await node.api.sign_up()
        slug = await caller.agent("scripted-stalls")
        sessions = [await caller.session(slug) for _ in range(STREAMS)]
        streams: list[Any] = []
        for start in range(0, STREAMS, AT_ONCE):
            some = sessions[start : start + AT_ONCE]
            streams += await asyncio.gather(*(opened(node, caller, session) for session in some))
        assert node.scripted.active == STREAMS
        assert len(node.streams) == STREAMS

        async def nothing_is_held() -> bool:
            return b'onelast_pool_busy{database="catalog"} 0.0\n' in await node.metrics()

        await until(nothing_is_held)
        assert node.scripted.active == STREAMS
        answers = [await caller.get("/v1/sessions"), await caller.get(f"/v1/sessions/{sessions[0]}/messages")]
        answers.append(await caller.post("/v1/sessions", {"agent_id": "einstein"}))
        answers.append(await caller.say(answers[-1].json()["id"], "Still there?"))
        assert [answer.status_code for answer in answers] == [200, 200, 201, 201]
        node.scripted.release()
        for reader, writer in streams:
            text = await rest_of(reader)
            assert '"status":"completed"' in text
            writer.close()
