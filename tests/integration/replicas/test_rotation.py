"""Which replicas are read from: those that answer, follow the source and are not far behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import literal_column, select, text

from adapters.postgres.database import Database
from adapters.postgres.replicas import Replica, Replicas
from adapters.postgres.statement import Statement
from tests.integration.replicas.conftest import Pair

IN_RECOVERY = Statement(select(literal_column("pg_is_in_recovery()").label("standby")), "test.in_recovery")
NOTE = Statement(text("SELECT pg_logical_emit_message(false, 'test', 'something')"), "test.note")
MOST_LAG = 1.0


@pytest.fixture
async def replicas(pair: Pair) -> AsyncIterator[Replicas]:
    source, replica = Database(pair.source, name="source"), Database(pair.replica, name="replica", statement_timeout=2)
    yield Replicas(source, [replica], most_lag=MOST_LAG)
    await source.close()
    await replica.close()


async def looked(
    replicas: Replicas, wanted: Callable[[Replica], bool], before: Callable[[], Awaitable[object]] | None = None
) -> Replica:
    """Look until the replica is as wanted, doing something before each look."""
    (replica,) = replicas.all
    async with asyncio.timeout(30):
        while True:
            if before is not None:
                await before()
            await replicas.look()
            if wanted(replica):
                return replica
            await asyncio.sleep(0.05)


async def is_standby(replicas: Replicas) -> bool | None:
    rows = await replicas.read(IN_RECOVERY, {}, reached=0)
    return None if rows is None else bool(rows[0]["standby"])


async def test_nobody_reads_from_a_replica_that_was_never_looked_at(replicas: Replicas) -> None:
    assert await is_standby(replicas) is None


async def test_a_replica_that_keeps_up_is_read_from(replicas: Replicas) -> None:
    await looked(replicas, lambda replica: replica.usable)
    assert await is_standby(replicas) is True


async def test_a_replica_that_stays_behind_leaves_the_rotation_and_comes_back_by_itself(pair: Pair, replicas: Replicas) -> None:
    await looked(replicas, lambda replica: replica.usable)
    await pair.standby.pause()
    try:
        behind = await looked(replicas, lambda replica: not replica.usable, lambda: replicas.source.take(NOTE))
        assert behind.lag_seconds is not None
        assert behind.lag_seconds > MOST_LAG
        assert await is_standby(replicas) is None
    finally:
        await pair.standby.resume()
    await looked(replicas, lambda replica: replica.usable)
    assert await is_standby(replicas) is True


async def test_an_idle_source_makes_no_lag(pair: Pair, replicas: Replicas) -> None:
    await looked(replicas, lambda replica: replica.usable and replica.lag_seconds == 0)
    await pair.standby.pause()
    try:
        await asyncio.sleep(1.5 * MOST_LAG)
        await looked(replicas, lambda replica: replica.usable)
    finally:
        await pair.standby.resume()


async def test_a_dead_replica_leaves_the_rotation_at_its_first_failure_and_comes_back(pair: Pair, replicas: Replicas) -> None:
    await looked(replicas, lambda replica: replica.usable)
    await pair.standby.kill()
    try:
        assert await is_standby(replicas) is None
        assert not replicas.all[0].usable
        await replicas.look()
        assert await is_standby(replicas) is None
    finally:
        await pair.standby.start()
    await looked(replicas, lambda replica: replica.usable)
    assert await is_standby(replicas) is True


async def test_a_server_that_is_no_replica_is_not_read_from(pair: Pair) -> None:
    source, other = Database(pair.source, name="source"), Database(pair.source, name="promoted")
    replicas = Replicas(source, [other])
    await replicas.look()
    assert await is_standby(replicas) is None
    await source.close()
    await other.close()


async def test_a_replica_whose_source_was_never_seen_is_not_read_from(pair: Pair) -> None:
    source, replica = Database("postgresql://nobody@127.0.0.1:1/nothing", name="source"), Database(pair.replica, name="replica")
    replicas = Replicas(source, [replica])
    await pair.standby.forget_source()
    try:
        await replicas.look()
        assert await is_standby(replicas) is None
    finally:
        await pair.standby.follow_source()
    await source.close()
    await replica.close()


async def test_a_source_that_has_become_a_standby_stops_nobody_from_reading(pair: Pair) -> None:
    source, replica = Database(pair.replica, name="source"), Database(pair.replica, name="replica")
    replicas = Replicas(source, [replica])
    await replicas.look()
    assert await is_standby(replicas) is None, "without a source nobody knows what the replica lacks"
    await source.close()
    await replica.close()


async def test_a_replica_that_has_not_this_schema_yet_leaves_the_reading_to_the_source(replicas: Replicas) -> None:
    await looked(replicas, lambda replica: replica.usable)
    missing = Statement(text("SELECT something FROM shard.of_a_later_release"), "test.later")
    assert await replicas.read(missing, {}, reached=0) is None
    assert not replicas.all[0].usable


async def test_a_position_that_the_replica_has_not_reached_is_waited_for_a_moment_only(pair: Pair, replicas: Replicas) -> None:
    await looked(replicas, lambda replica: replica.usable)
    await pair.standby.pause()
    try:
        await replicas.source.take(NOTE)
        await replicas.look()
        ahead = replicas.all[0].reached + 1_000_000
        assert await replicas.read(IN_RECOVERY, {}, reached=ahead) is None
        assert replicas.all[0].usable
    finally:
        await pair.standby.resume()
