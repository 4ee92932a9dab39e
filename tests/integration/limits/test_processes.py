"""Limits over four real processes that share one Valkey."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from tests.integration.cli.nodes import Node, serving
from tests.support.api import Caller
from tests.support.processes import run_onelast, running, until
from tests.support.servers import PostgresServer
from tests.support.valkey_process import ValkeyProcess

PER_MINUTE, SECONDS, NODES = 300, 4.0, 4


@dataclass(frozen=True, slots=True)
class Fleet:
    """The nodes, and the server that they count on."""

    nodes: list[Node]
    valkey: ValkeyProcess

    def callers(self, caller: Caller) -> list[Caller]:
        """Return the same user's clients, one at each node."""
        return [Caller(node.api.http, caller.signed_up, caller.email) for node in self.nodes]


@pytest.fixture(scope="module")
async def fleet(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    valkey = ValkeyProcess(tmp_path_factory.mktemp("valkey"))
    async with AsyncExitStack() as stack:
        stack.callback(valkey.kill)
        models = await stack.enter_async_context(running(sys.executable, "-m", "bench.upstream"))
        await models.says("/v1")
        settings = {
            "ONELAST_PORT": "0", "ONELAST_CATALOG_DSN": await postgres.empty_database(), "ONELAST_REDIS_URL": valkey.url,
            "ONELAST_UPSTREAM_URL": models.out.strip(), "ONELAST_NODES": str(NODES), "ONELAST_SIGNUP_PLAN": "free",
            "ONELAST_PLAN_FREE_REQUESTS_PER_MINUTE": str(PER_MINUTE), "ONELAST_PLAN_FREE_CONCURRENT_STREAMS": "2",
            "ONELAST_PLAN_FREE_REQUESTS_PER_DAY": "100000", "ONELAST_LOG_LEVEL": "WARNING",
        }
        assert (await run_onelast("migrate", environment=settings)).status == 0
        starting = [stack.enter_async_context(serving(settings)) for _ in range(NODES)]
        yield Fleet([await start for start in starting], valkey)


async def hammered(callers: list[Caller], seconds: float) -> tuple[int, float, float]:
    """Return how many requests passed, and between which lengths the time lies in which they did."""
    loop, passed = asyncio.get_running_loop(), 0
    began = loop.time()
    (await callers[0].get("/v1/users/me")).raise_for_status()
    counted_from, passed, sent = loop.time(), 1, 0.0

    async def hammer(caller: Caller) -> None:
        nonlocal passed, sent
        while loop.time() < began + seconds:
            sent = loop.time()
            answer = await caller.get("/v1/users/me")
            assert answer.status_code in (200, 429)
            passed += answer.status_code == 200

    await asyncio.gather(*[hammer(caller) for caller in callers for _ in range(2)])
    return passed, sent - counted_from, loop.time() - began


async def test_four_processes_together_let_pass_what_the_limit_says_and_no_more(fleet: Fleet) -> None:
    caller = await fleet.nodes[0].api.sign_up()
    passed, shortest, longest = await hammered(fleet.callers(caller), SECONDS)
    assert 0.99 * (PER_MINUTE + shortest * PER_MINUTE / 60) - 1 <= passed <= PER_MINUTE + longest * PER_MINUTE / 60


async def test_the_streams_of_a_node_that_was_killed_are_free_within_ten_seconds(fleet: Fleet) -> None:
    """What streams without a run is taken over by nobody; the lease is that of production."""
    caller = await fleet.nodes[0].api.sign_up()
    doomed, survivor = fleet.nodes[-1], fleet.callers(caller)[0]
    body = {"model": "scripted-stalls-at-10", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    readings: list[AsyncIterator[bytes]] = []  # one that is let go closes its connection
    async with AsyncExitStack() as stack:
        for _ in range(2):
            headers = {"authorization": f"Bearer {caller.token}"}
            opened = doomed.api.http.stream("POST", "/v1/chat/completions", json=body, headers=headers)
            answer = await stack.enter_async_context(opened)
            assert answer.status_code == 200
            readings.append(answer.aiter_bytes())
            await anext(readings[-1])
        quick = body | {"model": "scripted-50"}
        for second in range(11):
            # Longer than a lease: the slots are renewed for as long as their node lives.
            refused = await survivor.post("/v1/chat/completions", quick)
            assert refused.status_code == 429, (second, refused.text)
            await asyncio.sleep(1)
        doomed.program.send(signal.SIGKILL)
        loop = asyncio.get_running_loop()
        killed = loop.time()
        while (answer := await survivor.post("/v1/chat/completions", quick)).status_code == 429:
            assert loop.time() < killed + 10
            await asyncio.sleep(0.2)
        assert answer.status_code == 200
        stack.pop_all()  # the other end is gone


@pytest.mark.parametrize("away", ["killed", "frozen"])
async def test_without_valkey_each_node_gives_out_its_share_and_comes_back_to_the_whole(
    fleet: Fleet, away: str
) -> None:
    nodes = fleet.nodes[:2]
    callers = fleet.callers(await nodes[0].api.sign_up())[:2]
    limit, share = str(PER_MINUTE), str(PER_MINUTE // NODES)
    assert {(await one.get("/v1/users/me")).headers["x-ratelimit-limit-requests"] for one in callers} == {limit}
    if away == "killed":
        fleet.valkey.kill()
    else:
        fleet.valkey.freeze()
    for caller in callers:
        answers = [await caller.get("/v1/users/me") for _ in range(PER_MINUTE // NODES + 40)]
        assert {answer.headers["x-ratelimit-limit-requests"] for answer in answers[10:]} == {share}
        passed = [answer.status_code for answer in answers].count(200)
        assert passed < len(answers)
        assert passed >= PER_MINUTE // NODES
    if away == "killed":
        fleet.valkey.start()
    else:
        fleet.valkey.thaw()

    async def whole_again() -> bool:
        answers = [await caller.get("/v1/users/me") for caller in callers]
        return {answer.headers["x-ratelimit-limit-requests"] for answer in answers} == {limit}

    await until(whole_again, within=15)
