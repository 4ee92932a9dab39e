"""`onelast worker` gives committed events their reactions."""

import signal

import asyncpg

from tests.integration.cli.conftest import Environment
from tests.integration.cli.nodes import serving
from tests.support.processes import ONELAST, running, until

# What opened something once, and is remembered for no purpose any more.
ENDED = """
WITH spent AS (INSERT INTO catalog.spent_refreshes (refresh, sign_in_id, spent_at)
    SELECT '\\x01', id, now() - interval '31 days' FROM catalog.sign_ins WHERE user_id = $1),
ended AS (INSERT INTO catalog.sign_ins (id, user_id, access, access_expires_at, refresh, expires_at, created_at, version)
    VALUES ('signin_ended', $1, '\\x02', now(), '\\x03', now() - interval '61 days', now(), 0))
INSERT INTO catalog.mailed_tokens (fingerprint, user_id, purpose, email, expires_at)
VALUES ('\\x04', $1, 'reset_password', 'a@example.com', now() - interval '1 minute')
"""
LEFT = """
SELECT (SELECT count(*) FROM catalog.spent_refreshes WHERE refresh = '\\x01') +
    (SELECT count(*) FROM catalog.sign_ins WHERE id = 'signin_ended') +
    (SELECT count(*) FROM catalog.mailed_tokens WHERE fingerprint = '\\x04')
"""
WAITING = "(SELECT count(*) FROM catalog.outbox) + (SELECT count(*) FROM shard.outbox)"


async def test_a_worker_drains_the_outboxes_forgets_what_has_ended_and_ends_when_told(deployment: Environment) -> None:
    database = await asyncpg.connect(deployment["ONELAST_CATALOG_DSN"])

    async def drained() -> bool:
        return bool(await database.fetchval(f"SELECT {WAITING} = 0"))

    async def forgotten() -> bool:
        return await database.fetchval(LEFT) == 0

    try:
        async with serving(deployment) as node:
            caller = await node.api.sign_up()
            assert (await caller.say(await caller.session(await caller.agent("scripted-50")))).status_code == 201
        assert await database.fetchval("SELECT count(*) FROM catalog.outbox") > 0
        assert await database.fetchval("SELECT count(*) FROM shard.outbox") > 0
        await database.execute(ENDED, caller.user["id"])
        assert await database.fetchval(LEFT) == 3
        async with running(ONELAST, "worker", environment=deployment) as worker:
            await worker.says("working")
            await until(drained)
            await until(forgotten)
            ended = await worker.end(signal.SIGTERM)
        assert await database.fetchval("SELECT count(*) FROM catalog.sign_ins WHERE user_id = $1", caller.user["id"]) == 1
        # Without a mail server letters are written down.
        assert (ended.status, ended.out, ended.err.splitlines()[0]) == (0, "", "working")
        assert all("a letter" in line for line in ended.err.splitlines()[1:])
    finally:
        await database.close()
