"""The check is not fooled by what happens while it looks: real conversations on two shards."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from application.consistency.check_consistency import Finding, Patience
from application.ports.consistency import Kind
from entrypoints.ioc.consistency import CheckOptions, check_consistency
from entrypoints.settings import Settings
from tests.support.api import Caller
from tests.support.application import Application, running_application
from tests.support.servers import PostgresServer

TALKERS = 4
CHECKS = 5
WHILE_TALKING = CheckOptions(batch=25, pause=0.005, patience=Patience(usual=1.0, unmade=5.0))


@pytest.fixture
async def settings(postgres: PostgresServer, valkey_url: str) -> Settings:
    return Settings(shard_dsns=(await postgres.database(), await postgres.database()), redis_url=valkey_url)


@pytest.fixture
async def application(settings: Settings) -> AsyncIterator[Application]:
    async with running_application(settings) as running:
        yield running


async def live(application: Application, choices: random.Random) -> int:
    """Sign up, talk in every way there is, delete a session, erase the account; return how many messages were accepted."""
    caller, accepted = await application.api.sign_up(), 0
    sessions = [await caller.session() for _ in range(2)]
    for _ in range(choices.randint(3, 8)):
        accepted += await talk(caller, choices.choice(sessions), choices)
    if choices.random() < 0.5:
        await caller.request("DELETE", f"/v1/sessions/{sessions[0]}")
    if choices.random() < 0.3:
        await caller.request("DELETE", "/v1/users/me")
    return accepted


async def talk(caller: Caller, session: str, choices: random.Random) -> bool:
    """Share the session perhaps; say something, wait for the reply or not, stop it or not."""
    if choices.random() < 0.2:
        await caller.request(choices.choice(["POST", "POST", "DELETE"]), f"/v1/sessions/{session}/share")
    how = choices.choice(["wait", "enqueue", "interrupt", "cancel"])
    if how == "wait":
        return (await caller.say(session, "Hello!", on_active="enqueue")).status_code == 201
    answer = await caller.post(
        f"/v1/sessions/{session}/messages", {"content": "Hello!", "on_active": "interrupt" if how == "interrupt" else "enqueue"},
        headers={"prefer": "respond-async", "idempotency-key": f"key-{choices.random()}"},
    )
    if how == "cancel" and answer.status_code == 202:
        await caller.post(f"/v1/runs/{answer.json()['run']['id']}/cancel")
    return answer.status_code == 202


async def test_constant_conversations_are_no_fault(application: Application, settings: Settings) -> None:
    found: list[Finding] = []
    stopped, accepted = asyncio.Event(), 0

    async def talker(seed: int) -> int:
        choices, said = random.Random(seed), 0
        while not stopped.is_set():
            said += await live(application, choices)
        return said

    talkers = [asyncio.create_task(talker(seed)) for seed in range(TALKERS)]
    try:
        reports = [await check_consistency(settings, WHILE_TALKING, found.append) for _ in range(CHECKS)]
    finally:
        stopped.set()
        accepted = sum(await asyncio.gather(*talkers))
    assert found == []
    assert accepted > 100
    assert reports[-1].checked[Kind.MESSAGES] > 100
    await check_consistency(settings, WHILE_TALKING, found.append)
    assert found == []

