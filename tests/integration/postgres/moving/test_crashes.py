"""A mover that dies: whatever the step, somebody goes on with its move or takes it back, and nothing is lost meanwhile."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from adapters.postgres.moving.connections import APPLICATION_NAME
from adapters.postgres.moving.healer import PostgresStrandedFences
from adapters.postgres.moving.problems import MoveProblem
from adapters.postgres.moving.work import Attendance
from domain.shared.bucket_move import Phase
from domain.shared.identifiers import UserId, bucket_of
from tests.integration.postgres.moving.test_moves import owners_on
from tests.integration.postgres.moving.traffic import Traffic
from tests.integration.postgres.moving.world import World
from tests.support.storing import say, store_session

BEFORE_FLIP = [
    "copying", "published", "subscribed", "caught_up", "announced", "known", "fencing", "fenced", "applied",
]
AFTER_FLIP = ["flipped", "welcomed", "torn down", "verified", "settled", "emptied"]
ABORTING = ["aborting", "calmed", "copy removed"]


class Crash(Exception):
    """The mover is gone, with its connections."""


def dying(world: World, step: str) -> Attendance:
    """Return an attendance under which the mover dies at this step: before it can do anything more, its connections are cut."""

    async def at(reached: str) -> None:
        if reached == step:
            for dsn in (world.catalog, *world.shards):
                await cut_connections(dsn)
            raise Crash(step)

    return Attendance(at=at)


async def cut_connections(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = $1"
            " AND datname = current_database()", APPLICATION_NAME,
        )
    finally:
        await connection.close()


@pytest.fixture
async def healed(world: World) -> AsyncIterator[None]:
    """A worker that looks after fences."""
    node = await world.node()
    fences = PostgresStrandedFences(node.databases[0], node.databases[1:])

    async def heal() -> None:
        while True:
            await fences.lower()
            await asyncio.sleep(0.2)

    healing = asyncio.create_task(heal())
    yield
    healing.cancel()
    await asyncio.gather(healing, return_exceptions=True)
    await node.close()


@pytest.fixture
def owners() -> list[UserId]:
    """Two whose buckets move and one whose bucket stays."""
    return owners_on(0, 3)


@pytest.mark.parametrize("step", [*BEFORE_FLIP, *AFTER_FLIP])
async def test_a_move_whose_mover_died_is_finished_by_another(
    world: World, healed: None, owners: list[UserId], step: str
) -> None:
    buckets = [bucket_of(owner) for owner in owners[:2]]
    async with world.nodes(2) as nodes:
        async with Traffic.of(nodes, owners) as traffic:
            with pytest.raises(Crash):
                await world.move(buckets, 0, 1, attendance=dying(world, step))
            await traffic_goes_on(traffic)
            mover = await world.resume(accept_gone=True)  # these owners delete sessions, also after the flip
            await traffic_goes_on(traffic)
        assert mover.move.phase is Phase.DONE
        await traffic.require_exact(world, [1, 1, 0])
    assert traffic.unsure == 0
    left = await world.picture()
    assert left["0 left"] == left["1 left"] == "{0,0,0,0,0,0}"
    assert left["0 fences"] == sorted(buckets)
    assert left["1 fences"] is None


@pytest.mark.parametrize("step", BEFORE_FLIP)
async def test_a_move_whose_mover_died_is_taken_back_and_all_is_as_it_was(
    world: World, owners: list[UserId], step: str
) -> None:
    async with world.nodes(1) as (node,):
        sessions = [await store_session(node.shards, owner) for owner in owners]
        for session in sessions:
            await say(node.shards, session)
        before = await world.picture()
        with pytest.raises(Crash):
            await world.move([bucket_of(owner) for owner in owners[:2]], 0, 1, attendance=dying(world, step))
        mover = await world.resume(abort=True)
        assert mover.move.phase is Phase.ABORTED
        assert await world.picture() == before
        for session in sessions:
            await say(node.shards, session)


@pytest.mark.parametrize("step", ABORTING)
async def test_taking_back_that_was_interrupted_is_finished_by_going_on(world: World, owners: list[UserId], step: str) -> None:
    async with world.nodes(1) as (node,):
        await say(node.shards, await store_session(node.shards, owners[0]))
        before = await world.picture()
        with pytest.raises(Crash):
            await world.move([bucket_of(owners[0])], 0, 1, attendance=dying(world, "announced"))
        with pytest.raises(Crash):
            await world.resume(abort=True, attendance=dying(world, step))
        mover = await world.resume()
        assert mover.move.phase is Phase.ABORTED
        assert await world.picture() == before


async def test_after_the_flip_a_move_cannot_be_taken_back(world: World, owners: list[UserId]) -> None:
    async with world.nodes(1) as (node,):
        await store_session(node.shards, owners[0])
        with pytest.raises(Crash):
            await world.move([bucket_of(owners[0])], 0, 1, attendance=dying(world, "flipped"))
        with pytest.raises(MoveProblem, match="live there already"):
            await world.resume(abort=True)


async def test_a_mover_that_was_believed_dead_cannot_flip_behind_a_fence_that_was_taken_down(
    world: World, healed: None, owners: list[UserId]
) -> None:
    async with world.nodes(2) as nodes:

        async def lose_the_lock(reached: str) -> None:
            """Let the healer believe that nobody holds the lock, while the mover stands right in front of the flip."""
            if reached == "applied":
                await cut_connections(world.catalog)
                await until_unfenced(world)

        async with Traffic.of(nodes, owners[:1]) as traffic:
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
                await world.move([bucket_of(owners[0])], 0, 1, attendance=Attendance(at=lose_the_lock))
            await traffic_goes_on(traffic)
        assert traffic.unsure == 0
        await world.resume(abort=True)
        await traffic.require_exact(world, [0])


@pytest.mark.parametrize("given_up", ["phase = 'caught_up'", "fence = 'of another mover'"])
async def test_a_flip_asks_whether_its_own_fence_still_counts(world: World, owners: list[UserId], given_up: str) -> None:
    """The mover has lost nothing and notices nothing: somebody took its fence down, and writes went on."""
    async with world.nodes(1) as (node,):
        session = await store_session(node.shards, owners[0])

        async def take_down(reached: str) -> None:
            if reached == "applied":
                await world.ask(None, f"UPDATE catalog.shard_moves SET {given_up}")
                await world.ask(0, "DELETE FROM shard.fences")
                await say(node.shards, session)

        with pytest.raises(MoveProblem, match="not in phase fencing any more"):
            await world.move([bucket_of(owners[0])], 0, 1, attendance=Attendance(at=take_down))
        assert await world.ask(None, "SELECT max(version) FROM catalog.shard_maps") == 2, "it was announced and never flipped"
        await world.resume(abort=True)
        assert await world.ask(0, "SELECT count(*) FROM shard.messages") == 1


async def until_unfenced(world: World) -> None:
    async with asyncio.timeout(20):
        while await world.ask(0, "SELECT count(*) FROM shard.fences"):  # noqa: ASYNC110  (nobody tells us)
            await asyncio.sleep(0.05)


async def traffic_goes_on(traffic: Traffic) -> None:
    """Return when each of the owners has been acknowledged something new."""
    counts = [len(owner.acknowledged) for owner in traffic.owners]
    async with asyncio.timeout(20):
        while any(len(owner.acknowledged) <= count for owner, count in zip(traffic.owners, counts, strict=True)):  # noqa: ASYNC110  (nobody tells us)
            await asyncio.sleep(0.02)
