"""`onelast worker` gives committed events their reactions."""

import signal

import asyncpg

from tests.integration.cli.conftest import Environment
from tests.integration.cli.nodes import serving
from tests.support.processes import ONELAST, running, until

WAITING = "(SELECT count(*) FROM catalog.outbox) + (SELECT count(*) FROM shard.outbox)"


async def test_a_worker_drains_the_outboxes_and_ends_when_told(deployment: Environment) -> None:
    database = await asyncpg.connect(deployment["ONELAST_CATALOG_DSN"])

    async def drained() -> bool:
        return bool(await database.fetchval(f"SELECT {WAITING} = 0"))

    try:
        async with serving(deployment) as node:
            caller = await node.api.sign_up()
            assert (await caller.say(await caller.session(await caller.agent("scripted-50")))).status_code == 201
        assert await database.fetchval("SELECT count(*) FROM catalog.outbox") > 0
        assert await database.fetchval("SELECT count(*) FROM shard.outbox") > 0
        async with running(ONELAST, "worker", environment=deployment) as worker:
            await worker.says("working")
            await until(drained)
            ended = await worker.end(signal.SIGTERM)
        assert (ended.status, ended.out, ended.err) == (0, "", "working\n")
    finally:
        await database.close()
