"""Nodes that stand still while buckets move, and what they had in hand when they stood still."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import pytest

from adapters.postgres.database import Database
from adapters.postgres.moving.pace import Pace
from adapters.postgres.moving.problems import MoveProblem
from adapters.postgres.moving.work import Attendance
from adapters.postgres.placement import Placement
from adapters.postgres.routing import BucketRouting
from adapters.postgres.shard_readers import PostgresSessionReader
from adapters.postgres.shards import PostgresShards
from adapters.postgres.statement import Statement
from application.paging import PageRequest
from domain.sessions.session import Session
from domain.shared.errors import StaleWrite, Unavailable
from domain.shared.identifiers import UserId, bucket_of
from domain.shared.shard_map import ShardMap
from tests.integration.postgres.moving.test_moves import owners_on
from tests.integration.postgres.moving.world import BRISK, Node, World, entropy
from tests.support.storing import say, store_session

OLD = BucketRouting(ShardMap.even(2))
# For nodes that say nothing: as long as any may go by a map that it has not asked about.
CAREFUL = Pace()


@pytest.fixture
def owner() -> UserId:
    return owners_on(0, 1)[0]


def of_yesterday(node: Node, *, shard: int = 0) -> PostgresShards:
    """Return what a process would do that chose the shard long ago and only now goes on."""
    places = node.placement.databases if shard == 0 else node.placement.databases[::-1]
    return PostgresShards(Placement(OLD, places, patience=0.1), entropy)


async def seqs(node: Node, session: Session) -> list[int]:
    excerpt = await node.sessions.read_messages(session.owner_id, session.id, PageRequest(100))
    assert excerpt is not None
    return [message.seq for message in excerpt.messages.items]


async def test_a_node_that_stood_still_through_a_move_reads_and_writes_at_the_new_home(world: World, owner: UserId) -> None:
    async with world.nodes(2) as (awake, frozen):
        session = await store_session(awake.shards, owner)
        await say(frozen.shards, session)
        await frozen.sleep()
        await world.move([bucket_of(owner)], 0, 1, pace=CAREFUL)
        await say(awake.shards, session)
        assert await seqs(frozen, session) == [2, 1]
        await say(frozen.shards, session)
        assert await seqs(awake, session) == [3, 2, 1]


async def test_a_node_that_lives_and_does_not_take_the_map_holds_up_the_flip_and_is_named(world: World, owner: UserId) -> None:
    async with world.nodes(1) as (node,):
        session = await store_session(node.shards, owner)
        await say(node.shards, session)
        before = await world.picture()
        stubborn = entropy.identifier("node", 0)
        await world.ask(
            0, f"INSERT INTO shard.nodes (id, alive_until, map_version, shards) VALUES ('{stubborn}', 'infinity', 1, 2)"
        )
        with pytest.raises(MoveProblem, match=stubborn):
            await world.move([bucket_of(owner)], 0, 1, pace=Pace(trusted=0, margin=0.1, nodes=1.0))
        await say(node.shards, session)
        await world.resume(abort=True)
        await world.ask(0, f"DELETE FROM shard.nodes WHERE id = '{stubborn}'")
        after = await world.picture()
        assert {name: value for name, value in after.items() if not name.startswith("0 ")} == {
            name: value for name, value in before.items() if not name.startswith("0 ")
        }
        assert (after["0 left"], after["0 fences"]) == (before["0 left"], None)


async def test_what_comes_late_to_the_old_home_is_refused_for_ever_and_not_acknowledged(world: World, owner: UserId) -> None:
    async with world.nodes(1) as (node,):
        session = await store_session(node.shards, owner)
        await world.move([bucket_of(owner)], 0, 1)
        late = of_yesterday(node)
        with pytest.raises(Unavailable, match="being moved"):
            await store_session(late, owner)
        with pytest.raises(StaleWrite):
            await say(late, session)
        async with late.open(owner) as unit:
            unit.sessions.remove_all()
            with pytest.raises(Unavailable, match="being moved"):
                await unit.commit()
        assert await world.ask(0, "SELECT count(*) FROM shard.sessions") == 0
        assert await world.ask(1, "SELECT count(*) FROM shard.sessions") == 1


@pytest.mark.parametrize("step", ["caught_up", "known", "fenced", "applied"])
async def test_what_comes_early_to_the_new_home_is_refused_too(world: World, owner: UserId, step: str) -> None:
    """It may come from a process that stood still since the buckets lived there last."""
    refused = []
    async with world.nodes(1) as (node,):
        session = await store_session(node.shards, owner)

        async def write_early(reached: str) -> None:
            if reached == step:
                early = of_yesterday(node, shard=1)
                with pytest.raises(Unavailable, match="being moved"):
                    await say(early, Session(**{name: getattr(session, name) for name in Session.__dataclass_fields__}))
                with pytest.raises(Unavailable, match="being moved"):
                    await store_session(early, owner)
                refused.append(reached)

        await world.move([bucket_of(owner)], 0, 1, attendance=Attendance(at=write_early))
        assert refused == [step]
        await say(node.shards, session)
        assert await seqs(node, session) == [1]
        assert await world.ask(1, "SELECT count(*) FROM shard.sessions") == 1


class Dawdling(Database):
    """Brings its answers after more than two seconds, and so a whole move later."""

    answered: asyncio.Event

    async def rows(self, statement: Statement, /, **values: Any) -> Sequence[Mapping[str, Any]]:
        found = await super().rows(statement, **values)
        self.answered.set()
        await asyncio.sleep(2.1)
        return found


async def test_a_reading_that_takes_long_is_made_anew_where_the_map_has_changed_meanwhile(world: World, owner: UserId) -> None:
    async with world.nodes(1) as (node,):
        session = await store_session(node.shards, owner)
        slow = Dawdling(world.shards[0], name="slow", patience=2.0)
        slow.answered = asyncio.Event()
        catalog, _, target = node.databases
        placement = Placement(
            node.placement.routing, [slow, target], catalog=catalog, reload=node.placement._reload
        )
        reading = asyncio.create_task(
            PostgresSessionReader(placement).read_messages(owner, session.id, PageRequest(10))
        )
        await slow.answered.wait()
        await world.move([bucket_of(owner)], 0, 1, pace=Pace(trusted=0, margin=0))
        message, _ = await say(node.shards, session)
        excerpt = await reading
        assert excerpt is not None
        assert list(excerpt.messages.items) == [message]
        await slow.close()


async def test_of_two_who_read_the_map_at_once_the_slower_does_not_bring_back_the_older(world: World) -> None:
    """What was told with a lease, that this process goes by the newer map, stays true."""
    async with world.nodes(1) as (node,):
        first, entered, released = OLD.shard_map, asyncio.Event(), asyncio.Event()
        brought = iter([first.announcing({1}), first.announcing({1}).announcing({2})])

        async def reload() -> BucketRouting:
            routing = BucketRouting(next(brought))
            if routing.version == 2:
                entered.set()
                await released.wait()
            return routing

        placement = Placement(OLD, node.placement.databases, catalog=node.databases[0], reload=reload)
        await world.ask(None, "INSERT INTO catalog.shard_maps (version, shards) SELECT 9, shards FROM catalog.shard_maps LIMIT 1")
        slower = asyncio.create_task(placement.refresh())
        await entered.wait()
        await placement.refresh()
        released.set()
        await slower
        assert placement.version == 3


async def test_runs_that_are_being_copied_are_claimed_by_nobody_there(world: World, owner: UserId) -> None:
    """Their maker is dead; on the source they are claimed as ever, on the target they would be made twice."""
    claimed: list[str] = []
    async with world.nodes(1) as (node,):
        session = await store_session(node.shards, owner)
        _, run = await say(node.shards, session)

        async def claim(reached: str) -> None:
            if reached == "caught_up":
                for shard in (0, 1):
                    await world.ask(shard, "INSERT INTO shard.nodes (id, alive_until) VALUES ('node_of_test', '-infinity')")
                claimed.extend(str(one.id) for one in await node.leases.claim(10))

        await world.move([bucket_of(owner)], 0, 1, attendance=Attendance(at=claim))
        assert claimed == [run.id]
        stored = await world.ask(1, "SELECT (attempt, node)::text FROM shard.runs WHERE id = $1", run.id)
        assert stored == f"(2,{node.id})"


async def test_changes_of_every_kind_made_while_rows_are_copied_arrive(world: World, owner: UserId) -> None:
    async with world.nodes(1) as (node,):
        bucket = bucket_of(owner)
        for _ in range(3):
            session = await store_session(node.shards, owner)
            await say(node.shards, session)
            async with node.shards.open(owner) as unit:
                unit.keys.add(owner, f"key of {session.id}", b"request", {"answer": session.id})
                await unit.commit()

        async def change(reached: str) -> None:
            if reached in {"subscribed", "caught_up"}:
                connection = await asyncpg.connect(world.shards[0])
                await connection.execute(
                    f"UPDATE shard.sessions SET title = '{reached}' WHERE bucket = {bucket};"
                    f"UPDATE shard.runs SET losses = losses + 1 WHERE bucket = {bucket};"
                    f"UPDATE shard.idempotency_keys SET answer = '[\"{reached}\"]' WHERE bucket = {bucket};"
                    "DELETE FROM shard.idempotency_keys"
                    f" WHERE key = (SELECT min(key) FROM shard.idempotency_keys WHERE bucket = {bucket});"
                    f"DELETE FROM shard.sessions WHERE id = (SELECT min(id) FROM shard.sessions WHERE bucket = {bucket})"
                )
                await connection.close()

        await world.move([bucket], 0, 1, pace=BRISK, attendance=Attendance(at=change))
        for table in ("sessions", "runs", "messages", "idempotency_keys"):
            assert await world.ask(1, f"SELECT count(*) FROM shard.{table}") == 1, table
        assert await world.ask(1, "SELECT title FROM shard.sessions") == "caught_up"
        assert await world.ask(1, "SELECT losses FROM shard.runs") == 2
