"""A move that cannot be made is refused with the reason, before anything is changed."""

from dataclasses import replace
from urllib.parse import urlsplit

import asyncpg
import pytest

from adapters.postgres.moving.opening import Addresses
from adapters.postgres.moving.problems import MoveProblem
from domain.shared.identifiers import UserId, bucket_of
from tests.integration.postgres.moving.test_moves import owners_on
from tests.integration.postgres.moving.world import World
from tests.support.storing import say, store_session


@pytest.fixture
def owner() -> UserId:
    return owners_on(0, 1)[0]


async def refused(world: World, bucket: int, reason: str, *, directory: bool = False) -> None:
    before = await world.picture()
    with pytest.raises(MoveProblem, match=reason):
        await world.move([bucket], 0, 1, directory=directory)
    assert await world.picture() == before
    assert await world.ask(None, "SELECT count(*) FROM catalog.shard_moves") == 0


async def test_a_bucket_that_the_source_does_not_hold(world: World) -> None:
    async with world.nodes(1):
        await refused(world, 4000, "Shard 0 does not hold bucket 4000 by version 1")


async def test_a_map_that_nobody_has_made(world: World) -> None:
    await refused_without_map(world)


async def refused_without_map(world: World) -> None:
    with pytest.raises(MoveProblem, match="no shard map yet"):
        await world.move([7], 0, 1)


async def test_rows_of_the_bucket_on_the_target(world: World, owner: UserId) -> None:
    async with world.nodes(1) as (node,):
        session = await store_session(node.shards, owner)
        await say(node.shards, session)
        bucket = bucket_of(owner)
        await world.ask(
            1, "INSERT INTO shard.idempotency_keys (owner_id, key, bucket, request, answer) VALUES ('u', 'k', $1, '', '{}')",
            bucket,
        )
        await refused(world, bucket, r"has rows of bucket \d+ already \(1 idempotency_keys\)")


async def test_two_shards_that_are_one_database(world: World) -> None:
    twins = replace(world, shards=(world.shards[0], world.shards[0] + "?application_name=twin"))
    async with world.nodes(1):
        with pytest.raises(MoveProblem, match="are one database"):
            await twins.move([7], 0, 1)


async def test_a_shard_that_there_is_not(world: World) -> None:
    async with world.nodes(1):
        with pytest.raises(MoveProblem, match="There is no shard 2"):
            await world.move([7], 0, 2)


async def test_a_node_that_does_not_know_the_target(world: World) -> None:
    node = await world.node(shards=1)
    try:
        await node.wake()
        await refused(world, 7, f"Nodes have no shard 1 in their settings: {node.id}")
    finally:
        await node.close()


async def test_a_target_at_another_revision(world: World) -> None:
    async with world.nodes(1):
        await world.ask(1, "UPDATE shard.alembic_version SET version_num = 'shard_0003'")
        await refused(world, 7, "at revision shard_.* and shard 1 at shard_0003; run `onelast migrate`")


async def test_a_role_that_may_not(world: World, owner: UserId) -> None:
    limited: list[tuple[str, str]] = [
        ("", "may not create in the database of shard 0"),
        ("GRANT CREATE ON DATABASE {database} TO {role}", "does not own the tables"),
        ("GRANT {owner} TO {role}", "may not replicate from shard 0"),
    ]
    async with world.nodes(1):
        password, database = "sesame", urlsplit(world.shards[0]).path[1:]
        role, own = f"limited_{database}", str(urlsplit(world.shards[0]).username)
        await world.ask(0, f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
        await world.ask(0, f"GRANT USAGE ON SCHEMA shard TO {role}")
        await world.ask(0, f"GRANT SELECT ON ALL TABLES IN SCHEMA shard TO {role}")
        parts = urlsplit(world.shards[0])
        dsn = parts._replace(netloc=f"{role}:{password}@{parts.hostname}:{parts.port}").geturl()
        for grant, reason in limited:
            if grant:
                await world.ask(0, grant.format(database=database, role=role, owner=own))
            await refused(replace(world, shards=(dsn, world.shards[1])), 7, reason)


class Misled(World):
    """Its shards do not reach each other."""

    @property
    def addresses(self) -> Addresses:
        return Addresses(self.catalog, self.shards, ("postgresql://nobody:sesame@127.0.0.1:1/nothing",) * 2)


async def test_a_source_that_the_target_does_not_reach(world: World) -> None:
    async with world.nodes(1):
        with pytest.raises(MoveProblem, match=r"Shard 1 cannot subscribe to shard 0.*ONELAST_MOVE_DSNS") as told:
            await Misled(world.catalog, world.shards).move([7], 0, 1)
        assert "sesame" not in str(told.value)
        assert await world.ask(None, "SELECT count(*) FROM catalog.shard_moves") == 0


@pytest.mark.parametrize("shard", [0, 1])
async def test_an_owner_of_the_bucket_who_is_pinned_to_either_shard(world: World, owner: UserId, shard: int) -> None:
    async with world.nodes(1):
        await world.ask(None, "INSERT INTO catalog.shard_pins (user_id, shard) VALUES ($1, $2)", owner, shard)
        await refused(world, bucket_of(owner), "1 owners of these buckets are pinned to shard 0 or 1", directory=True)


async def test_a_second_move_beside_an_open_one(world: World) -> None:
    async with world.nodes(1):
        await world.ask(
            None, "INSERT INTO catalog.shard_moves (id, buckets, source, target, phase) VALUES ('move_1', '{9}', 0, 1, 'planned')"
        )
        with pytest.raises(MoveProblem, match="open already"):
            await world.move([7], 0, 1)


async def test_two_movers_at_once(world: World) -> None:
    async with world.nodes(1):
        other = await asyncpg.connect(world.catalog)
        await other.execute("SELECT pg_advisory_lock(5261004)")
        with pytest.raises(MoveProblem, match="Another `onelast shards` is at work"):
            await world.move([7], 0, 1)
        await other.close()


