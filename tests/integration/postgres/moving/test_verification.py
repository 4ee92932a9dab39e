"""What was moved is compared with what was there: a difference is told, and the source keeps its rows."""

import asyncpg
import pytest

from adapters.postgres.moving.problems import MoveProblem
from adapters.postgres.moving.work import Attendance
from domain.sessions.session import Session
from domain.shared.bucket_move import Phase
from domain.shared.identifiers import UserId, bucket_of
from tests.integration.postgres.moving.test_crashes import Crash, dying
from tests.integration.postgres.moving.test_moves import owners_on
from tests.integration.postgres.moving.world import Node, World
from tests.support.storing import say, store_session


@pytest.fixture
def owner() -> UserId:
    return owners_on(0, 1)[0]


async def spoken(node: Node, owner: UserId) -> Session:
    """Return a session with three messages."""
    session = await store_session(node.shards, owner)
    for _ in range(3):
        await say(node.shards, session)
    return session


async def spoil(world: World, statement: str) -> None:
    """Change the target behind everybody's back."""
    connection = await asyncpg.connect(world.shards[1])
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("fault", [
    "DELETE FROM shard.messages WHERE seq = 2", "UPDATE shard.messages SET characters = characters + 1 WHERE seq = 2",
    (
        "INSERT INTO shard.messages SELECT session_id, 99, id || 'x', bucket, role, content, characters, run_id, status,"
        " created_at FROM shard.messages LIMIT 1"
    ),
    "UPDATE shard.runs SET losses = 7 WHERE message_seq = 1",
])
async def test_a_difference_is_told_and_the_source_keeps_everything_until_somebody_has_mended_it(
    world: World, owner: UserId, fault: str
) -> None:
    async with world.nodes(1) as (node,):
        await spoken(node, owner)

        async def lose(reached: str) -> None:
            if reached == "fenced":
                await spoil(world, fault)

        with pytest.raises(MoveProblem, match="MISMATCH"):
            await world.move([bucket_of(owner)], 0, 1, attendance=Attendance(at=lose))
        assert await world.ask(None, "SELECT phase FROM catalog.shard_moves") == "mismatch"
        assert await world.ask(0, "SELECT count(*) FROM shard.messages") == 3
        source = await asyncpg.connect(world.shards[0])
        rows = [tuple(row) for row in await source.fetch("SELECT * FROM shard.messages")]
        runs = [tuple(row) for row in await source.fetch("SELECT * FROM shard.runs")]
        await source.close()
        await spoil(world, "DELETE FROM shard.messages; DELETE FROM shard.runs")
        with pytest.raises(MoveProblem, match="missing"):
            await world.resume()
        target = await asyncpg.connect(world.shards[1])
        await target.copy_records_to_table("messages", schema_name="shard", records=rows)
        await target.copy_records_to_table("runs", schema_name="shard", records=runs)
        await target.close()
        mover = await world.resume()
        assert mover.move.phase is Phase.DONE
        assert await world.ask(0, "SELECT count(*) FROM shard.messages") == 0
        assert await world.ask(1, "SELECT count(*) FROM shard.messages") == 3


async def test_after_a_crash_behind_the_flip_later_versions_are_right_and_lost_rows_are_not(world: World, owner: UserId) -> None:
    async with world.nodes(1) as (node,):
        session = await spoken(node, owner)
        with pytest.raises(Crash):
            await world.move([bucket_of(owner)], 0, 1, attendance=dying(world, "welcomed"))
        await say(node.shards, session)
        await spoil(world, "DELETE FROM shard.messages WHERE seq = 2")
        with pytest.raises(MoveProblem, match="is missing"):
            await world.resume(accept_gone=True)
        assert await world.ask(0, "SELECT count(*) FROM shard.messages") == 3


async def test_a_session_that_is_gone_after_a_crash_needs_somebody_to_say_that_it_was_deleted(
    world: World, owner: UserId
) -> None:
    async with world.nodes(1) as (node,):
        session, kept = await spoken(node, owner), await spoken(node, owner)
        with pytest.raises(Crash):
            await world.move([bucket_of(owner)], 0, 1, attendance=dying(world, "welcomed"))
        async with node.shards.open(owner) as unit:
            unit.sessions.remove(await unit.sessions.get(session.id))
            await unit.commit()
        with pytest.raises(MoveProblem, match="are gone"):
            await world.resume()
        assert await world.ask(0, "SELECT count(*) FROM shard.messages") == 6
        mover = await world.resume(accept_gone=True)
        assert mover.move.phase is Phase.DONE
        await say(node.shards, kept)
        assert await world.ask(1, "SELECT count(*) FROM shard.messages") == 4
