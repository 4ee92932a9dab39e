"""Moves of buckets between two shards on servers of their own."""

import random
from statistics import quantiles

import pytest

from domain.shared.identifiers import UserId, bucket_of
from tests.contracts.ports.shares import store_share
from tests.integration.postgres.moving.traffic import Traffic
from tests.integration.postgres.moving.world import World
from tests.support.sharding import owner_on
from tests.support.storing import say, store_session


def owners_on(shard: int, count: int) -> list[UserId]:
    """Return owners of different buckets."""
    found: dict[int, UserId] = {}
    while len(found) < count:
        owner = owner_on(shard, 2)
        found[bucket_of(owner)] = owner
    return list(found.values())


async def test_a_bucket_moves_with_all_its_rows_and_nothing_is_left_behind(world: World) -> None:
    async with world.nodes(2) as (first, second):
        owner, other = owners_on(0, 2)
        session, stays = [await store_session(first.shards, one) for one in (owner, other)]
        for _ in range(5):
            await say(first.shards, session)
            await say(first.shards, stays)
        share, _ = [await store_share(first.shards, one) for one in (session, stays)]
        before = await world.picture()
        await world.move([bucket_of(owner)], 0, 1)
        after = await world.picture()
        assert after["1 left"] == after["0 left"] == before["0 left"]
        assert after["0 fences"] == [bucket_of(owner)]
        assert after["1 fences"] is None
        await say(second.shards, session)
        assert await world.ask(1, "SELECT count(*) FROM shard.messages WHERE session_id = $1", session.id) == 6
        assert await world.ask(0, "SELECT count(DISTINCT session_id) FROM shard.messages") == 1
        for node in (first, second):
            shared = await node.shares.read_shared(share.id, 0, 10)
            assert shared is not None
            assert [message.seq for message in shared.messages.items] == [1, 2, 3, 4, 5]
        assert await world.ask(0, "SELECT count(*) FROM shard.shares") == 1
        await world.move([bucket_of(owner)], 1, 0)
        assert await world.ask(0, "SELECT count(*) FROM shard.messages WHERE session_id = $1", session.id) == 6
        assert (await world.picture())["map"] == before["map"]
        assert (await world.picture())["0 fences"] is None


@pytest.mark.timeout(300)
async def test_of_a_dozen_moves_back_and_forth_under_constant_writes_none_loses_or_doubles_anything(world: World) -> None:
    owners = owners_on(0, 6)
    homes = [0] * len(owners)
    fenced: list[float] = []
    async with world.nodes(3) as nodes:
        async with Traffic.of(nodes, owners) as traffic:
            for _ in range(12):
                source = random.choice(sorted(set(homes)))
                there = [place for place, home in enumerate(homes) if home == source]
                chosen = random.sample(there, random.randint(1, min(3, len(there))))
                mover = await world.move([bucket_of(owners[place]) for place in chosen], source, 1 - source)
                fenced.append(mover.fenced_seconds)
                for place in chosen:
                    homes[place] = 1 - source
        await traffic.require_exact(world, homes)
    assert traffic.acknowledged > 500
    assert traffic.unsure == 0, "somebody was refused although the fence stood for moments"
    cuts = quantiles(fenced, n=100)
    fence = f"fence p50 {cuts[49]:.3f} s, p99 {cuts[98]:.3f} s"
    print(f"{len(fenced)} moves, {traffic.acknowledged} writes, {traffic.looks} looks; {fence}")
