"""Several serving processes on one port."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import psutil

from adapters.embedded.child import free_port
from tests.integration.cli.conftest import Environment
from tests.integration.cli.nodes import Node, serving
from tests.support.processes import ONELAST, run, until

_WORKER = re.compile(r'worker="(\d+)"')


def _workers(node: Node) -> set[int]:
    """Return the processes that serve."""
    return {process.pid for process in node.program.family() if "--listener" in process.cmdline()}


async def _measured(node: Node) -> set[int]:
    """Return the processes whose measurements are told."""
    return {int(number) for number in _WORKER.findall((await node.api.http.get("/metrics")).text)}


@asynccontextmanager
async def _two(deployment: Environment) -> AsyncIterator[Node]:
    async with serving(deployment | {"ONELAST_WORKERS": "2", "ONELAST_PORT": str(free_port())}) as node:
        assert "with 2 processes" in node.program.err
        yield node


async def test_two_processes_serve_and_tell_the_measurements_of_both(deployment: Environment) -> None:
    async with _two(deployment) as node:
        caller = await node.api.sign_up()
        assert (await caller.say(await caller.session())).status_code == 201
        workers = _workers(node)
        assert len(workers) == 2
        assert await _measured(node) == workers
        text = (await node.api.http.get("/metrics")).text
        assert text.count("# TYPE onelast_open_streams ") == 1
        assert len(re.findall(r'^onelast_open_streams\{worker="\d+"\} 0\.0$', text, re.MULTILINE)) == 2
        assert (await node.program.end(signal.SIGTERM)).status == 0
        await node.program.leaves_nothing()


async def test_a_process_that_dies_is_replaced(deployment: Environment) -> None:
    async with _two(deployment) as node:
        before = _workers(node)
        victim = before.pop()
        psutil.Process(victim).kill()

        async def replaced() -> bool:
            now = _workers(node)
            return victim not in now and len(now) == 2 and await _measured_if_up(node) == now

        await until(replaced)
        assert before < _workers(node)
        assert "a serving process died" in node.program.err


async def test_a_hangup_replaces_all_processes_and_no_request_notices(deployment: Environment) -> None:
    async with _two(deployment) as node, httpx.AsyncClient(base_url=node.url, timeout=30) as http:
        before, done, statuses = _workers(node), asyncio.Event(), list[int]()

        async def ask() -> None:
            while not done.is_set():
                statuses.append((await http.get("/v1/agents", headers={"connection": "close"})).status_code)

        asking = [asyncio.create_task(ask()) for _ in range(4)]
        node.program.send(signal.SIGHUP)
        await node.program.says("the serving processes were replaced")
        done.set()
        await asyncio.gather(*asking)
        assert set(statuses) == {200}
        assert len(_workers(node)) == 2
        assert not before & _workers(node)


async def test_when_the_first_process_is_killed_none_stays_behind(deployment: Environment) -> None:
    async with _two(deployment) as node:
        assert len(node.program.family()) >= 3
        node.program.itself.kill()
        await node.program.leaves_nothing()


async def test_what_stops_all_of_them_is_told_once(deployment: Environment) -> None:
    async with serving(deployment) as node:
        port = node.url.rpartition(":")[2]
        taken = await run(ONELAST, "serve", environment=deployment | {"ONELAST_WORKERS": "2", "ONELAST_PORT": port})
        assert (taken.status, taken.err.count("\n"), "ONELAST_PORT" in taken.err) == (2, 1, True)
    nowhere = deployment | {"ONELAST_WORKERS": "2", "ONELAST_CATALOG_DSN": "postgresql://127.0.0.1:1/none"}
    refused = await run(ONELAST, "serve", environment=nowhere)
    assert (refused.status, refused.err.count("cannot be reached")) == (2, 1), refused.err


async def _measured_if_up(node: Node) -> set[int]:
    try:
        return await _measured(node)
    except httpx.TransportError:
        return set()
