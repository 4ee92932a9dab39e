"""Over HTTP with a replica: one's own changes are always seen, others' changes may come a little later."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from entrypoints.http.positions import POSITION_COOKIE, POSITION_HEADER
from entrypoints.ioc.postgres import Databases
from entrypoints.settings import Settings
from tests.integration.replicas.conftest import Pair
from tests.support.api import Api, Caller, error_of, events_of
from tests.support.application import Application, running_application


@dataclass
class Reader:
    """A caller that carries its position, as a client does."""

    caller: Caller
    position: str | None = None

    async def request(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        sent = {POSITION_HEADER: self.position} if self.position else {}
        answer = await self.caller.request(method, path, json=body, headers=sent | headers)
        self.position = answer.headers.get(POSITION_HEADER, self.position)
        return answer

    async def open(self) -> str:
        answer = await self.request("POST", "/v1/sessions", {"agent_id": "einstein"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def titles(self, **headers: str) -> list[str]:
        answer = await self.request("GET", "/v1/sessions?limit=100", **headers)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["data"]]

    async def messages(self, session: str, **headers: str) -> list[str]:
        answer = await self.request("GET", f"/v1/sessions/{session}/messages?order=asc", **headers)
        assert answer.status_code == 200, answer.text
        return [message["role"] for message in answer.json()["data"]]


@pytest.fixture(scope="module")
async def application(pair: Pair, valkey_url: str) -> AsyncIterator[Application]:
    # Whatever is cached is newer than any position: what replicas answer shows without a cache.
    settings = Settings(catalog_dsn=pair.source, redis_url=valkey_url, cache_layers=(), replica_dsns=(f"0={pair.replica}",))
    async with running_application(settings) as running:
        yield running


@pytest.fixture
def api(application: Application) -> Api:
    return application.api


@pytest.fixture
async def reader(api: Api) -> Reader:
    return Reader(await api.sign_up())


@pytest.fixture
async def replica(application: Application, pair: Pair) -> AsyncIterator[None]:
    """The replica in the rotation, before and after."""
    (one,) = (await application.container.get(Databases)).placement.replicas[0].all
    async with asyncio.timeout(30):
        while not one.usable:  # noqa: ASYNC110  (nobody tells us)
            await asyncio.sleep(0.05)
    yield
    await pair.standby.resume()


async def statements_on_replica(application: Application) -> int:
    """Return how many readings of sessions the replica has answered."""
    (one,) = (await application.container.get(Databases)).placement.replicas[0].all
    return one.answered


@pytest.mark.usefixtures("replica")
async def test_five_hundred_readings_right_after_a_write_see_it_also_from_the_replica(
    application: Application, reader: Reader
) -> None:
    before, stale = await statements_on_replica(application), 0
    for _ in range(500):
        session = await reader.open()
        stale += session not in await reader.titles()
    assert stale == 0
    assert await statements_on_replica(application) > before


@pytest.mark.usefixtures("replica")
async def test_own_writes_are_seen_while_the_replica_stands_still(pair: Pair, reader: Reader) -> None:
    old = await reader.open()
    assert old in await reader.titles()
    await pair.standby.pause()
    for _ in range(5):
        new = await reader.open()
        assert new in await reader.titles()
        assert (await reader.request("GET", f"/v1/sessions/{new}")).status_code == 200


@pytest.mark.usefixtures("replica")
async def test_who_takes_anything_is_answered_by_the_replica_even_when_it_is_behind(pair: Pair, reader: Reader) -> None:
    await reader.open()
    await pair.standby.pause()
    new = await reader.open()
    assert new not in await reader.titles(**{POSITION_HEADER: "any"})
    assert new in await reader.titles(**{POSITION_HEADER: "fresh"})
    await pair.standby.resume()
    async with asyncio.timeout(20):
        while new not in await reader.titles(**{POSITION_HEADER: "any"}):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("replica")
async def test_who_sends_no_position_reads_what_is_newest(pair: Pair, reader: Reader) -> None:
    await pair.standby.pause()
    new = await reader.open()
    reader.position = None
    assert new in await reader.titles()


@pytest.mark.usefixtures("replica")
async def test_the_reply_that_was_streamed_is_seen_by_who_heard_its_end(pair: Pair, reader: Reader) -> None:
    session = await reader.open()
    await pair.standby.pause()
    answer = await reader.request("POST", f"/v1/sessions/{session}/messages", {"content": "Hello!", "stream": True})
    assert [event["type"] for event in events_of(answer.text)][-1] == "end"
    assert reader.position is not None
    assert ".run_" in reader.position
    assert await reader.messages(session) == ["user", "assistant"]
    assert ".run_" not in reader.position, "the run has ended, so the position is settled"
    assert await reader.messages(session) == ["user", "assistant"]
    await pair.standby.resume()


@pytest.mark.usefixtures("replica")
async def test_a_browser_carries_its_position_in_a_cookie(api: Api, pair: Pair) -> None:
    caller = await api.sign_up()
    login = await api.http.post("/v1/auth/login", json={"email": caller.email, "password": "correct horse battery"})
    browser = {name: login.cookies[name] for name in ("ola_session", "ola_csrf")}
    await pair.standby.pause()

    async def ask(method: str, **more: Any) -> httpx.Response:
        api.http.cookies.clear()
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in browser.items()), "x-csrf-token": browser["ola_csrf"]}
        answer = await api.http.request(method, "/v1/sessions", headers=headers, **more)
        browser.update({name: value for name, value in answer.cookies.items() if name == POSITION_COOKIE})
        api.http.cookies.clear()
        return answer

    opened = await ask("POST", json={"agent_id": "einstein"})
    assert opened.status_code == 201, opened.text
    assert "HttpOnly" in opened.headers["set-cookie"]
    assert [one["id"] for one in (await ask("GET")).json()["data"]] == [opened.json()["id"]]
    browser[POSITION_COOKIE] = "any"
    assert (await ask("GET")).json()["data"] == []


@pytest.mark.usefixtures("replica")
async def test_a_position_that_is_none_is_refused_by_its_name(reader: Reader) -> None:
    answer = await reader.caller.get("/v1/sessions", headers={POSITION_HEADER: "yesterday"})
    error = error_of(answer, 422)
    assert (error["code"], error["param"]) == ("malformed_position", POSITION_HEADER)


@pytest.mark.usefixtures("replica")
async def test_a_position_noted_on_another_shard_or_map_says_nothing_here(pair: Pair, reader: Reader) -> None:
    await pair.standby.pause()
    new = await reader.open()
    for old in ("1.7.1", "9.0.1"):
        assert new in await reader.titles(**{POSITION_HEADER: old})


async def test_a_replica_that_dies_is_not_missed(application: Application, pair: Pair, reader: Reader, replica: None) -> None:
    session = await reader.open()
    await pair.standby.kill()
    try:
        for _ in range(3):
            assert session in await reader.titles()
            assert session in await reader.titles(**{POSITION_HEADER: "any"})
    finally:
        await pair.standby.start()
    before = await statements_on_replica(application)
    async with asyncio.timeout(30):
        while await statements_on_replica(application) == before:
            assert session in await reader.titles(**{POSITION_HEADER: "any"})
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("replica")
async def test_a_replica_that_hangs_keeps_nobody_waiting_for_long(pair: Pair, reader: Reader) -> None:
    session = await reader.open()
    pair.standby.freeze()
    try:
        async with asyncio.timeout(20):
            for tolerance in ("any", reader.position or "", "any"):
                assert session in await reader.titles(**{POSITION_HEADER: tolerance})
    finally:
        pair.standby.thaw()
