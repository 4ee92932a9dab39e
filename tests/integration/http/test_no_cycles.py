"""What a request leaves is freed at once, for the garbage collector comes seldom (docs/adr/0037-a-seldom-collector.md)."""

import gc
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from tests.support.api import Caller
from tests.support.memory import NOWHERE, Memory
from tests.support.realtime import Node, listening, stream_of

OURS = ("uvicorn", "entrypoints", "application", "adapters", "domain")


@pytest.fixture(scope="module")
async def node() -> AsyncIterator[Node]:
    async with listening(NOWHERE, Memory()) as node:
        yield node


@contextmanager
def garbage() -> Iterator[Counter[str]]:
    """Count by class, in the end, what only the collector would free of what was made meanwhile."""
    found = Counter[str]()
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        names = (f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.garbage)
        found.update(name for name in names if name.startswith(OURS))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def talk(caller: Caller, session: str) -> None:
    """Say something and follow the reply, and look at lists as a page does that shows them."""
    async with stream_of(caller, session) as lines:
        assert [line async for line in lines]
    for path in ("/v1/sessions", f"/v1/sessions/{session}/messages", "/v1/agents", "/v1/users/me", "/v1/usage"):
        assert (await caller.get(path)).status_code == 200
    assert (await caller.get("/v1/nowhere")).status_code == 404
    assert (await caller.get(f"/v1/sessions/{session}", headers={"authorization": "Bearer x"})).status_code == 401


async def test_requests_leave_nothing_to_the_collector(node: Node) -> None:
    caller = await node.api.sign_up()
    session = await caller.session()
    await talk(caller, session)
    with garbage() as left:
        for _ in range(5):
            await talk(caller, session)
    assert left == {}


async def test_replies_over_a_socket_leave_nothing_to_the_collector(node: Node) -> None:
    caller = await node.api.sign_up()
    session = await caller.session()
    with garbage() as left:
        for _ in range(3):
            async with node.tab(caller) as tab:
                await tab.tell("message.create", session_id=session, content="Hi", event_id="one")
                await tab.to_the_end_of((await tab.until("run.created"))["run_id"])
            await node.serves(feeds=0, sockets=0)
    assert left == {}
