"""Owners are pinned to a shard of choice before they have anything."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.moving.connections import connected
from adapters.postgres.moving.opening import only_mover
from adapters.postgres.moving.pace import Pace
from adapters.postgres.moving.pinning import Pinning
from adapters.postgres.moving.problems import MoveProblem
from domain.shared.identifiers import BUCKETS, UserId, bucket_of
from tests.integration.postgres.moving.world import BRISK, Node, World
from tests.support.storing import say, store_session, store_user

entropy = MemoryEntropy(seed=21)


async def user_on(node: Node, shard: int) -> UserId:
    """Return an account whose bucket lives on the shard."""
    while True:
        user = await store_user(PostgresCatalog(node.databases[0], entropy))
        if bucket_of(user.id) * 2 // BUCKETS == shard:
            return user.id


async def pin(world: World, user_id: UserId, target: int, pace: Pace = BRISK) -> None:
    async with only_mover(world.addresses, within=20) as catalog, AsyncExitStack() as stack:
        shards = [await stack.enter_async_context(connected(dsn, "shard")) for dsn in world.shards]
        await Pinning(catalog, shards, user_id, target, pace).execute()


async def directory_node(world: World) -> Node:
    node = await world.node(routing="directory")
    await node.wake()
    return node


async def test_a_pinned_owner_lives_on_the_shard_of_choice_and_nothing_is_left_behind(world: World) -> None:
    node = await directory_node(world)
    try:
        owner = await user_on(node, 0)
        before = await world.picture()
        await pin(world, owner, 1)
        assert {k: v for k, v in (await world.picture()).items() if k != "map"} == {k: v for k, v in before.items() if k != "map"}
        session = await store_session(node.shards, owner)
        await say(node.shards, session)
        assert await world.ask(1, "SELECT count(*) FROM shard.messages") == 1
        assert await world.ask(0, "SELECT count(*) FROM shard.messages") == 0
        with pytest.raises(MoveProblem, match="lives on shard 1 already"):
            await pin(world, owner, 1)
        with pytest.raises(MoveProblem, match="has something on shard 1 already"):
            await pin(world, owner, 0)
    finally:
        await node.close()


async def test_who_has_something_or_is_nobody_is_not_pinned(world: World) -> None:
    node = await directory_node(world)
    try:
        owner = await user_on(node, 0)
        await store_session(node.shards, owner)
        with pytest.raises(MoveProblem, match="has something on shard 0 already"):
            await pin(world, owner, 1)
        with pytest.raises(MoveProblem, match="There is no user"):
            await pin(world, UserId("user_0000000000000000000000000x"), 1)
        assert await world.ask(None, "SELECT count(*) FROM catalog.shard_pins") == 0
    finally:
        await node.close()


async def test_what_is_stored_while_nodes_learn_of_the_pin_takes_it_back_and_is_not_lost(world: World) -> None:
    node = await directory_node(world)
    other = await directory_node(world)
    try:
        owner = await user_on(node, 0)
        await other.sleep()  # it goes by the old map for as long as its lease lasts
        pinning = asyncio.create_task(pin(world, owner, 1))
        async with asyncio.timeout(20):
            while not await world.ask(None, "SELECT count(*) FROM catalog.shard_pins"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        session = await store_session(other.shards, owner)
        with pytest.raises(MoveProblem, match="has something on shard 0 already"):
            await pinning
        assert await world.ask(None, "SELECT count(*) FROM catalog.shard_pins") == 0
        await say(node.shards, session)
        assert await world.ask(0, "SELECT count(*) FROM shard.messages") == 1
        assert await world.ask(1, "SELECT count(*) FROM shard.fences") == 0
    finally:
        await node.close()
        await other.close()
