"""A node goes on with the next primary, and nothing that was acknowledged is lost (docs/how-to/run-with-patroni.md)."""

import asyncio

from adapters.postgres.primary import Primary
from tests.integration.cli.nodes import Node
from tests.integration.failover.members import PatroniCluster
from tests.integration.failover.writers import writing
from tests.support.processes import run_onelast

WRITERS = 4
# Patroni notices within its `loop_wait` that a server died, and after its `ttl` that a machine did.
SERVER_SECONDS = 10
MACHINE_SECONDS = 60
# A statement that waits in vain for a standby is given up after six seconds.
SILENT_SECONDS = 20


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_whoever_writes_is_led_past_the_standbys(cluster: PatroniCluster, settings: dict[str, str]) -> None:
    primary = await cluster.whole()
    standbys = [member for member in cluster.members if member is not primary]
    connection = await Primary(cluster.dsn_of("onelast", "onelast", *standbys, primary), timeout=20).connect()
    assert not await connection.fetchval("SELECT pg_is_in_recovery()")
    await connection.close()
    only_standbys = settings | {"ONELAST_CATALOG_DSN": cluster.dsn_of("onelast", "onelast", *standbys)}
    told = await run_onelast("doctor", environment=only_standbys)
    assert "BAD  catalog: cannot be reached: none of its 2 hosts is a primary that answers" in told.out
    assert (await run_onelast("doctor", environment=settings)).status == 0


async def test_a_server_that_is_killed_is_replaced_within_seconds(cluster: PatroniCluster, node: Node) -> None:
    old = await cluster.whole()
    async with writing(node, WRITERS) as writers:
        killed = now()
        old.kill_server()
        async with asyncio.timeout(SERVER_SECONDS):
            again = await writers.any_heard(since=killed)
        print(f"\nfirst write {again - killed:.1f} s after the server was killed")
        await writers.each_heard(3, since=again)
    assert await cluster.primary() is not old
    await writers.require_all_kept_once(cluster)


async def test_a_switchover_loses_nothing(cluster: PatroniCluster, node: Node) -> None:
    old = await cluster.whole()
    async with writing(node, WRITERS) as writers:
        begun = now()
        told = await old.control("switchover", "onelast", "--leader", old.name, "--force")
        assert told.status == 0, told.out + told.err
        await cluster.replaced(old)
        switched = now()
        async with asyncio.timeout(SERVER_SECONDS):
            again = await writers.any_heard(since=switched)
        print(f"\nfirst write {again - begun:.1f} s after the switchover was asked for")
        await writers.each_heard(3, since=again)
    await writers.require_all_kept_once(cluster)


async def test_a_machine_that_is_lost_is_replaced_and_comes_back_as_a_standby(cluster: PatroniCluster, node: Node) -> None:
    old = await cluster.whole()
    async with writing(node, WRITERS) as writers:
        killed = now()
        await old.kill()
        async with asyncio.timeout(MACHINE_SECONDS):
            again = await writers.any_heard(since=killed)
        print(f"\nfirst write {again - killed:.1f} s after the machine was lost")
        await old.start()
        assert await cluster.whole() is not old
        await writers.each_heard(3, since=again)
    await writers.require_all_kept_once(cluster)


async def test_a_primary_that_nobody_keeps_any_more_is_left_though_it_lives(cluster: PatroniCluster, node: Node) -> None:
    old = await cluster.whole()
    async with writing(node, WRITERS) as writers:
        await old.kill_patroni()
        await cluster.replaced(old)
        replaced = now()
        async with asyncio.timeout(SILENT_SECONDS):
            again = await writers.any_heard(since=replaced)
        print(f"\nfirst write {again - replaced:.1f} s after another became the primary beside one that lives")
        await writers.each_heard(3, since=again)
    await writers.require_all_kept_once(cluster)
