"""From a change at the API to what strangers see at Varnish: the application, a worker, the edge."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import asyncpg
import httpx
import pytest
from dishka import Provider
from websockets.asyncio.client import connect

from adapters.embedded.child import free_port
from application.reactions.relay import RelayOutbox
from entrypoints.ioc.container import build_container
from entrypoints.settings import Settings
from entrypoints.worker.loop import work
from tests.support.api import Api, Caller, text_of
from tests.support.processes import until
from tests.support.realtime import Node, Tab, listening, stream_of
from tests.support.varnish import SECRET, varnish, varnish_missing

MISSING = varnish_missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
WHOLE = "Well, let me think about that for a moment. "


@dataclass(frozen=True, slots=True)
class Site:
    """The application, and the way in that strangers use."""

    node: Node
    edge: Api
    port: int
    dsn: str

    async def settled(self) -> None:
        """Return when the worker has nothing left to purge."""
        database = await asyncpg.connect(self.dsn)

        async def drained() -> bool:
            return bool(await database.fetchval("SELECT count(*) = 0 FROM catalog.outbox"))

        try:
            await until(drained)
        finally:
            await database.close()

    def through(self, caller: Caller) -> Caller:
        """Return the user's client at the edge."""
        return Caller(self.edge.http, caller.signed_up, caller.email)

    async def publish(self, caller: Caller, slug: str) -> str:
        """Make a public agent, at the node itself, and return its identifier."""
        body = {"slug": slug, "name": "First", "persona": "You are.", "model": "scripted", "visibility": "public"}
        answer = await self.node.of(caller).post("/v1/agents", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def name_of(self, agent: str) -> str | None:
        """Return what strangers see at the edge, None if they see no such agent."""
        answer = await self.edge.http.get(f"/v1/agents/{agent}")
        return str(answer.json()["name"]) if answer.status_code == 200 else None


@asynccontextmanager
async def working(settings: Settings, *overrides: Provider) -> AsyncIterator[None]:
    """Do a worker's work."""
    container = build_container(settings, *overrides)
    relaying = asyncio.create_task(work((await container.get(RelayOutbox)).execute))
    try:
        yield
    finally:
        relaying.cancel()
        with suppress(asyncio.CancelledError):
            await relaying
        await container.close()


@pytest.fixture
async def site(own_dsn: str, own_valkey_url: Callable[[], str]) -> AsyncIterator[Site]:
    port = free_port()
    options = {"url": f"http://127.0.0.1:{port}", "token": SECRET}
    settings = Settings(catalog_dsn=own_dsn, redis_url=own_valkey_url(), edge="varnish", edge_options=options)
    async with (
        listening(settings) as node, varnish(node.port, port=port), working(settings),
        httpx.AsyncClient(base_url=options["url"], timeout=30) as http,
    ):
        yield Site(node, Api(http), port, own_dsn)


async def test_a_change_is_seen_at_the_edge_by_everybody_within_seconds(site: Site) -> None:
    owner = await site.node.api.sign_up()
    agent = await site.publish(owner, "chain-edited")
    assert await site.name_of(agent) == await site.name_of("chain-edited") == "First"
    await site.edge.http.get("/v1/agents?limit=100")
    assert (await site.node.of(owner).request("PATCH", f"/v1/agents/{agent}", json={"name": "Second"})).status_code == 200

    async def seen() -> bool:
        listed = (await site.edge.http.get("/v1/agents?limit=100")).json()["data"]
        named = [await site.name_of(agent), await site.name_of("chain-edited")]
        return {*named, *(one["name"] for one in listed if one["id"] == agent)} == {"Second"}

    await until(seen, within=10)


async def test_an_agent_that_is_public_no_longer_is_gone_from_the_edge_within_seconds(site: Site) -> None:
    owner = await site.node.api.sign_up()
    agent = await site.publish(owner, "chain-hidden")
    assert await site.name_of("chain-hidden") == "First"
    hidden = await site.node.of(owner).request("PATCH", f"/v1/agents/{agent}", json={"visibility": "private"})
    assert hidden.status_code == 200

    async def gone() -> bool:
        return await site.name_of("chain-hidden") is None

    await until(gone, within=10)
    assert (await site.through(owner).get("/v1/agents/chain-hidden")).json()["name"] == "First"


async def test_the_catalogue_is_answered_at_the_edge_without_asking_the_application(site: Site) -> None:
    await site.settled()
    first = await site.edge.http.get("/v1/agents")
    before = _requests(await site.node.metrics())
    answers = await asyncio.gather(*(site.edge.http.get("/v1/agents") for _ in range(100)))
    assert {answer.headers["x-cache"] for answer in answers} == {"hit"}
    assert {answer.content for answer in answers} == {first.content}
    assert _requests(await site.node.metrics()) == before
    assert "xkey" not in first.headers


async def test_what_is_private_is_never_kept_at_the_edge(site: Site) -> None:
    one, other = await site.node.api.sign_up(), await site.node.api.sign_up()
    for path in ("/v1/users/me", "/v1/sessions", "/v1/agents/einstein"):
        for caller in (one, other, one):
            assert (await site.through(caller).get(path)).headers["x-cache"] == "bypass"
    ids = [(await site.through(caller).get("/v1/users/me")).json()["id"] for caller in (one, other)]
    assert ids == [one.user["id"], other.user["id"]]
    assert (await site.edge.http.get("/v1/users/me")).status_code == 401


async def test_events_come_through_while_the_model_still_thinks(site: Site) -> None:
    caller = site.through(await site.node.api.sign_up())
    session = await caller.session(await caller.agent("scripted-stalls"))
    async with stream_of(caller, session) as lines:
        said = ""
        while "Well, let me" not in said:
            said += await anext(lines)
        assert site.node.scripted.active == 1
        run = said.partition('"run_id":"')[2].partition('"')[0]
        signed_in = {"authorization": f"Bearer {caller.token}"}
        async with caller.http.stream("GET", f"/v1/runs/{run}/events", headers=signed_in) as more:
            assert "run.created" in await anext(more.aiter_text())
            assert site.node.scripted.active == 1
        site.node.scripted.release()
        async for line in lines:
            said += line
    assert "event: end" in said


async def test_a_socket_goes_through(site: Site) -> None:
    caller = site.through(await site.node.api.sign_up())
    session = await caller.session()
    headers = {"authorization": f"Bearer {caller.token}"}
    async with connect(f"ws://127.0.0.1:{site.port}/v1/realtime", additional_headers=headers, proxy=None) as connection:
        tab = Tab(connection)
        await tab.quiet()
        await tab.tell("message.create", session_id=session, content="Hi")
        end = await tab.until("end")
        assert text_of(tab.events_of(end["run_id"])) == WHOLE


def _requests(metrics: bytes) -> int:
    """Return how many requests for the catalogue the application has answered."""
    lines = [line for line in metrics.decode().splitlines() if "_count{" in line and '"/v1/agents"' in line]
    return sum(int(float(line.rpartition(" ")[2])) for line in lines)
