"""Idempotency keys hold while Valkey is away, and after it has come back empty."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrypoints.settings import Settings
from tests.contracts.http.idempotency import is_replayed, patiently, refused_as_reused
from tests.contracts.http.keyed_messages import message
from tests.contracts.http.writes import Request, make_key, open_session, refresh
from tests.support.api import Api
from tests.support.application import running_application
from tests.support.valkey_process import ValkeyProcess


@pytest.fixture
def valkey(tmp_path: Path) -> ValkeyProcess:
    return ValkeyProcess(tmp_path)


@pytest.fixture
async def lonely(shared_dsn: str, valkey: ValkeyProcess) -> AsyncIterator[Api]:
    """A node whose Valkey the test may take away."""
    async with running_application(Settings(catalog_dsn=shared_dsn, redis_url=valkey.url)) as running:
        yield running.api
    valkey.kill()


async def test_what_was_done_before_an_outage_is_told_again_during_it_and_after_it(lonely: Api, valkey: ValkeyProcess) -> None:
    requests = [await ready(lonely) for ready in (open_session, make_key, refresh)] + [await message(await lonely.sign_up())]
    told = [(await request.send("k")).text for request in requests]
    valkey.kill()
    await same_again(requests, told)
    valkey.start()
    await same_again(requests, told)


async def test_what_is_done_during_an_outage_is_done_once(lonely: Api, valkey: ValkeyProcess) -> None:
    requests = [await ready(lonely) for ready in (open_session, make_key, refresh)] + [await message(await lonely.sign_up())]
    valkey.kill()
    told = []
    for request in requests:
        await asyncio.gather(*(request.send("k") for _ in range(6)))
        told.append((await patiently(request, "k")).text)
    await same_again(requests, told)
    assert [len((await requests[0].caller.get("/v1/sessions")).json()["data"])] == [1]
    assert [len((await requests[1].caller.get("/v1/api-keys")).json()["data"])] == [1]
    assert len(await requests[3].caller.messages(requests[3].path.split("/")[3])) == 2
    refused_as_reused(await Request("POST", "/v1/sessions", requests[1].caller, {"agent_id": "ada"}).send("k"))
    valkey.start()
    await same_again(requests, told)


async def same_again(requests: list[Request], told: list[str]) -> None:
    """Send each request again and look that it is told what it was told."""
    for request, text in zip(requests, told, strict=True):
        again = await request.send("k")
        assert (again.text, is_replayed(again)) == (text, True)
