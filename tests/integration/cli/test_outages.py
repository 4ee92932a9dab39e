"""Postgres and Valkey go away under a running node, and come back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from adapters.embedded.child import free_port
from adapters.embedded.folder import DataFolder
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from bench.upstream import TEXT
from tests.integration.cli.conftest import settings_of
from tests.integration.cli.nodes import Node, serving
from tests.integration.cli.talking import begin_stream, require_unavailable
from tests.support.api import Caller, text_of
from tests.support.processes import run_onelast, until


class Servers:
    """A Postgres and a Valkey on ports that stay theirs."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._ports = free_port(), free_port()

    async def start_postgres(self) -> None:
        self.postgres = await EmbeddedPostgres.start(self._folder, port=self._ports[0])

    async def start_valkey(self) -> None:
        self.valkey = await EmbeddedValkey.start(self._folder, port=self._ports[1])

    async def stop(self) -> None:
        await asyncio.gather(self.postgres.stop(), self.valkey.stop())


@dataclass(frozen=True, slots=True)
class Site:
    """A node and the servers under it."""

    node: Node
    servers: Servers

    async def component(self, name: str) -> tuple[int, bool]:
        """Return the probe's status, and whether it says that the part works."""
        ready = await self.node.api.http.get("/readyz")
        return ready.status_code, {part["name"]: part["ok"] for part in ready.json()["components"]}[name]


@pytest.fixture(scope="module")
async def site(model_url: str) -> AsyncIterator[Site]:
    with TemporaryDirectory(prefix="onelast-servers-") as path:
        async with AsyncExitStack() as stack:
            folder = DataFolder(Path(path))
            stack.callback(folder.release)
            servers = Servers(folder)
            await asyncio.gather(servers.start_postgres(), servers.start_valkey())
            stack.push_async_callback(servers.stop)
            settings = settings_of(servers.postgres.dsn, servers.valkey.url, model_url)
            assert (await run_onelast("migrate", environment=settings)).status == 0
            yield Site(await stack.enter_async_context(serving(settings)), servers)


@dataclass(slots=True)
class Talk:
    """Somebody who says one thing after another, each again until it is acknowledged, and what came of it."""

    caller: Caller
    session: str
    statuses: list[int] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)

    async def go_on(self) -> None:
        """Talk until this task is cancelled."""
        while True:
            text = f"sentence {len(self.acknowledged)}"
            answer = await self.caller.say(self.session, text, client_message_id=text)
            self.statuses.append(answer.status_code)
            if answer.status_code == 201:
                self.acknowledged.append(text)
            else:
                require_unavailable(answer)
                await asyncio.sleep(0.05)

    async def said(self) -> list[str]:
        """Return what is kept of it, oldest first."""
        texts, more, place = list[str](), True, {"order": "asc", "limit": "100"}
        while more:
            page = (await self.caller.get(f"/v1/sessions/{self.session}/messages", params=place)).json()
            texts += [one["content"][0]["text"] for one in page["data"] if one["role"] == "user"]
            more, place["after"] = page["has_more"], page["last_id"]
        return texts


@asynccontextmanager
async def talking(site: Site) -> AsyncIterator[list[Talk]]:
    """Have three people talk; in the end nobody may have seen anything but success and unavailability."""
    callers = [await site.node.api.sign_up() for _ in range(3)]
    talks = [Talk(caller, await caller.session()) for caller in callers]
    tasks = [asyncio.create_task(talk.go_on()) for talk in talks]
    try:
        yield talks
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes), outcomes


async def go_on(talks: list[Talk]) -> None:
    """Return when each of them has been acknowledged three times more."""
    wanted = [len(talk.acknowledged) + 3 for talk in talks]

    async def reached() -> bool:
        return all(len(talk.acknowledged) >= most for talk, most in zip(talks, wanted, strict=True))

    await until(reached)


@pytest.mark.parametrize("way", ["stopped", "killed"])
async def test_while_postgres_is_away_it_says_so_and_goes_on_without_a_restart_or_a_loss(site: Site, way: str) -> None:
    caller = await site.node.api.sign_up()
    session, paced = await caller.session(), await caller.session(await caller.agent("scripted-50-20ms"))
    async with talking(site) as talks, begin_stream(caller, paced, "Hello!") as stream:
        await go_on(talks)
        await stream.until("message.delta")
        if way == "killed":
            site.servers.postgres.kill()
        await site.servers.postgres.stop()
        for refused in (await caller.get("/v1/sessions"), await caller.say(session), await caller.get("/v1/users/me")):
            require_unavailable(refused)
        assert await site.component("catalog") == (503, False)
        assert (await site.node.api.http.get("/livez")).status_code == 200
        await site.servers.start_postgres()
        await go_on(talks)
        events = await stream.to_its_close()
    assert (text_of(events), events[-1]["status"]) == (TEXT, "completed")
    assert [message["content"][0]["text"] for message in await caller.messages(paced)] == ["Hello!", TEXT]
    assert await site.component("catalog") == (200, True)
    for talk in talks:
        said = await talk.said()
        assert said[: len(talk.acknowledged)] == talk.acknowledged
        assert len(said) == len(set(said))


async def test_while_valkey_is_away_everything_is_answered(site: Site) -> None:
    caller = await site.node.api.sign_up()

    async def look() -> None:
        for path in ("/v1/agents", "/v1/agents/einstein", "/v1/sessions", "/v1/users/me"):
            assert (await caller.get(path)).status_code == 200, path

    async def back() -> bool:
        await look()
        return await site.component("cache") == (200, True)

    async with talking(site) as talks:
        await go_on(talks)
        await look()
        await site.servers.valkey.stop()
        await go_on(talks)
        await look()
        assert await site.component("cache") == (200, False)
        newcomer = await site.node.api.sign_up()
        assert (await newcomer.post("/v1/auth/logout")).status_code == 204
        assert (await newcomer.get("/v1/users/me")).status_code == 401
        await site.servers.start_valkey()
        await until(back)
    assert {status for talk in talks for status in talk.statuses} == {201}
