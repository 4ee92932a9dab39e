"""Layers of cache change the speed of the API and never its results."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from adapters.models.scripted import Script
from entrypoints.settings import Settings
from tests.support.api import Api, Caller
from tests.support.application import running_application

COMPOSITIONS: list[tuple[str, ...]] = [(), ("process",), ("redis",), ("process", "redis")]
_PASSING = re.compile(r"[a-z]+_[0-9a-z]{26}|\d{4}-\d\d-\d\dT[\d:.]+Z|req_\w+")


@pytest.fixture(params=COMPOSITIONS, ids=lambda layers: "+".join(layers) or "none")
async def node(request: pytest.FixtureRequest, own_dsn: str, own_valkey_url: Callable[[], str]) -> AsyncIterator[Api]:
    settings = Settings(catalog_dsn=own_dsn, redis_url=own_valkey_url(), cache_layers=request.param)
    async with running_application(settings) as running:
        yield running.api


async def seen(caller: Caller, session: str) -> list[Any]:
    """Return everything that is read through the cache, twice, for the second reading is the one that the cache may answer."""
    paths = ["/v1/agents/einstein", "/v1/sessions", f"/v1/sessions/{session}", f"/v1/sessions/{session}/messages"]
    answers = [await caller.get(path) for _ in range(2) for path in paths]
    return [(answer.status_code, _PASSING.sub("…", answer.text)) for answer in answers]


async def lived(api: Api) -> list[Any]:
    """Return what somebody sees after each thing that they do; nothing of it may depend on the cache."""
    caller = await api.sign_up()
    session = await caller.session()
    told = [await seen(caller, session)]
    for change in ({"title": "Time"}, {"archived": True}, {"archived": False, "metadata": {"shelf": "physics"}}):
        await caller.request("PATCH", f"/v1/sessions/{session}", json=change)
        told.append(await seen(caller, session))
    await caller.say(session)
    told.append(await seen(caller, session))
    await caller.request("DELETE", f"/v1/sessions/{session}")
    return [*told, await seen(caller, session)]


async def test_all_compositions_show_the_same_and_every_change_at_once(node: Api, memory_of_lives: list[list[Any]]) -> None:
    told = await lived(node)
    fresh, titled, archived, unarchived, talked, deleted = told
    assert [view[:4] == view[4:] for view in told] == [True] * 6
    assert '"title":null' in fresh[2][1]
    assert all('"title":"Time"' in view[place][1] for view in (titled, archived, unarchived, talked) for place in (1, 2))
    assert ['"archived":true' in view[2][1] for view in (titled, archived, unarchived)] == [False, True, False]
    assert Script().text in talked[3][1]
    assert [status for status, _ in deleted[:4]] == [200, 200, 404, 404]
    memory_of_lives.append(told)
    assert all(life == told for life in memory_of_lives)


@pytest.fixture(scope="module")
def memory_of_lives() -> list[list[Any]]:
    """What was seen over the compositions so far."""
    return []


async def test_a_token_that_is_taken_back_opens_nothing_more(node: Api) -> None:
    caller = await node.sign_up()
    assert [(await caller.get("/v1/users/me")).status_code for _ in range(3)] == [200] * 3
    await caller.request("DELETE", "/v1/users/me")
    assert (await caller.get("/v1/users/me")).status_code == 401
