"""Accounts that are erased while their bucket moves, and what moves have left of them."""

import asyncio

import pytest

from adapters.postgres.erasures import PostgresErasures
from adapters.postgres.moving.work import Attendance
from adapters.postgres.records import PostgresConversationRecords
from adapters.postgres.remains import PostgresRemains
from adapters.postgres.shards import PostgresShards
from adapters.system.clock import SystemClock
from adapters.system.no_replies import NoRepliesHere
from application.erasure.emptying import ShardEmptying
from application.stopping import RunStopper
from domain.shared.errors import Unavailable
from domain.shared.identifiers import UserId, bucket_of
from tests.integration.postgres.moving.world import Node, World, entropy
from tests.support.sharding import owner_on, placed
from tests.support.storing import answer, say, store_session


@pytest.fixture
def owner() -> UserId:
    return owner_on(0, 2)


def emptying_by(node: Node) -> ShardEmptying:
    stopper = RunStopper(node.shards, node.runs, NoRepliesHere(), SystemClock())
    return ShardEmptying(node.shards, PostgresConversationRecords(node.placement), stopper)


def remains_seen_by(node: Node) -> PostgresRemains:
    return PostgresRemains(node.databases[0], node.placement)


async def talk(shards: PostgresShards, owner: UserId) -> None:
    session = await store_session(shards, owner)
    _, run = await say(shards, session)
    await answer(shards, session, run)


@pytest.mark.parametrize("step", ["caught_up", "fenced"])
async def test_an_account_that_is_erased_while_its_bucket_moves_is_erased_at_the_new_home(
    world: World, owner: UserId, step: str
) -> None:
    async with world.nodes(1) as (node,):
        for _ in range(3):
            await talk(node.shards, owner)
        remains, erasing = remains_seen_by(node), list[asyncio.Task[None]]()

        async def erase(reached: str) -> None:
            if reached == step:
                with pytest.raises(Unavailable, match="being moved"):
                    await remains.find(owner)
                erasing.append(asyncio.create_task(emptying_by(node).empty(owner)))
                if step == "caught_up":
                    await erasing[0]

        await world.move([bucket_of(owner)], 0, 1, attendance=Attendance(at=erase))
        await erasing[0]
        assert dict(await remains.find(owner)) == {}
        for shard in (0, 1):
            assert await world.ask(shard, "SELECT count(*) FROM shard.messages") == 0


async def test_what_a_former_home_still_holds_is_found_and_removed_there(world: World, owner: UserId) -> None:
    async with world.nodes(1) as (node,):
        former = PostgresShards(placed(node.databases[2]), entropy)
        await talk(former, owner)
        await talk(node.shards, owner_on(0, 2))
        await emptying_by(node).empty(owner)
        remains = remains_seen_by(node)
        assert dict(await remains.find(owner)) == {"shard 1: sessions": 1, "shard 1: runs": 1}
        await remains.remove(owner)
        assert dict(await remains.find(owner)) == {}
        assert await world.ask(1, "SELECT count(*) FROM shard.messages") == 0
        assert await world.ask(0, "SELECT count(*) FROM shard.messages") == 2


async def test_messages_without_a_session_count_where_the_users_bucket_is(world: World, owner: UserId) -> None:
    async with world.nodes(1) as (node,):
        await talk(node.shards, owner)
        await world.ask(0, "ALTER TABLE shard.sessions DISABLE TRIGGER sessions_emptied")
        await world.ask(0, "DELETE FROM shard.sessions")
        await world.ask(0, "ALTER TABLE shard.sessions ENABLE TRIGGER sessions_emptied")
        remains = remains_seen_by(node)
        assert dict(await remains.find(owner)) == {"shard 0: runs": 1, "shard 0: messages": 2}
        await remains.remove(owner)
        assert dict(await remains.find(owner)) == {}


async def test_with_the_erasure_goes_the_pin_of_the_account(world: World, owner: UserId) -> None:
    async with world.nodes(1) as (node,):
        await world.ask(None, "INSERT INTO catalog.shard_pins (user_id, shard) VALUES ($1, 1)", owner)
        await PostgresErasures(node.databases[0]).finish(owner)
        assert await world.ask(None, "SELECT count(*) FROM catalog.shard_pins") == 0
