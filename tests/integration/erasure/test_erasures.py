"""Erasures by real processes whose databases go away, and which are killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import asyncpg
import pytest

from tests.integration.cli.conftest import settings_of
from tests.integration.cli.nodes import Node, serving
from tests.integration.postgres.own_server import OwnServer
from tests.support.api import Caller, error_of
from tests.support.processes import ONELAST, Program, run_onelast, running, until
from tests.support.servers import PostgresServer

HELD = "SELECT (SELECT count(*) FROM shard.sessions WHERE owner_id = $1) + (SELECT count(*) FROM shard.runs WHERE owner_id = $1)"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A node whose one shard has a server of its own, to be stopped."""

    environment: dict[str, str]
    node: Node
    catalog: str
    shard: str
    server: OwnServer

    async def ask(self, dsn: str, query: str, *arguments: object) -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            await connection.close()

    async def held_of(self, caller: Caller) -> object:
        """Return how many sessions and runs of the caller's the shard has."""
        return await self.ask(self.shard, HELD, caller.user["id"])

    async def step_of(self, caller: Caller) -> object:
        """Return where the erasure stands, or None when it is done."""
        return await self.ask(self.catalog, "SELECT step FROM catalog.erasures WHERE user_id = $1", caller.user["id"])

    async def make_due(self) -> None:
        """Let as much time pass as workers wait for."""
        await self.ask(self.catalog, "UPDATE catalog.erasures SET due_at = now()")

    async def emptied(self, caller: Caller) -> None:
        """Return when the shard has nothing of the caller's."""

        async def empty() -> bool:
            return await self.held_of(caller) == 0

        await until(empty)

    async def tried(self, caller: Caller) -> None:
        """Return when a worker has tried in vain."""
        attempts = "SELECT count(*) FROM catalog.erasures WHERE user_id = $1 AND attempts > 0"

        async def attempted() -> bool:
            return await self.ask(self.catalog, attempts, caller.user["id"]) == 1

        await until(attempted)

    async def stands_at(self, caller: Caller, step: str | None) -> None:
        """Return when the erasure stands there."""

        async def there() -> bool:
            return await self.step_of(caller) == step

        await until(there)


@pytest.fixture(scope="module")
async def deployment(
    postgres: PostgresServer, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Deployment]:
    server = OwnServer(tmp_path_factory.mktemp("shard"))
    await server.start()
    try:
        await server.prepare()
        catalog, shard = await postgres.database(), await server.database()
        environment = settings_of(catalog, f"{valkey_url.rpartition('/')[0]}/13", "http://127.0.0.1:9/v1")
        environment |= {"ONELAST_SHARD_DSNS": shard, "ONELAST_UPSTREAM_MODELS": "nothing"}
        assert (await run_onelast("migrate", environment=environment)).status == 0
        async with serving(environment) as node:
            yield Deployment(environment, node, catalog, shard, server)
    finally:
        await server.restore()
        await server.stop()
        server.release()


async def somebody(deployment: Deployment) -> Caller:
    """Return a user with two sessions, one of them shared."""
    caller = await deployment.node.api.sign_up()
    session = await caller.session()
    await caller.session()
    assert (await caller.post(f"/v1/sessions/{session}/share")).status_code == 201
    return caller


async def test_a_shard_that_is_away_only_delays_the_erasure(deployment: Deployment) -> None:
    caller = await somebody(deployment)
    async with worker(deployment) as program:
        await program.says("working")
        await deployment.server.stop()
        assert (await caller.request("DELETE", "/v1/users/me")).json()["deleted"] is True
        error_of(await caller.get("/v1/users/me"), 401)
        await deployment.make_due()
        await deployment.tried(caller)
        assert await deployment.step_of(caller) == "shard"
        await deployment.server.start()
        assert await deployment.held_of(caller) == 2
        await deployment.make_due()
        await deployment.emptied(caller)
        await deployment.stands_at(caller, "check")
        await deployment.make_due()
        await deployment.stands_at(caller, None)


async def test_a_worker_that_is_killed_in_the_middle_is_followed_by_another(deployment: Deployment) -> None:
    caller = await somebody(deployment)
    holder = await asyncpg.connect(deployment.shard)
    try:
        held = holder.transaction()
        await held.start()
        await holder.execute("SELECT FROM shard.sessions WHERE owner_id = $1 FOR UPDATE", caller.user["id"])
        deletion = asyncio.create_task(caller.request("DELETE", "/v1/users/me"))
        async with worker(deployment) as first:
            assert (await deletion).status_code == 200
            await deployment.make_due()
            await blocked(deployment)
            for process in first.family():
                process.kill()
            await held.rollback()
        assert await deployment.step_of(caller) == "shard"
    finally:
        await holder.close()
    async with worker(deployment):
        await deployment.make_due()
        await deployment.emptied(caller)
        await deployment.stands_at(caller, "check")
        await deployment.make_due()
        await deployment.stands_at(caller, None)


async def blocked(deployment: Deployment) -> None:
    """Return when somebody waits for a row of the shard."""

    async def waiting() -> bool:
        locks = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return await deployment.ask(deployment.shard, locks) != 0

    await until(waiting)


def worker(deployment: Deployment) -> AbstractAsyncContextManager[Program]:
    """Run `onelast worker`."""
    return running(ONELAST, "worker", environment=deployment.environment)
