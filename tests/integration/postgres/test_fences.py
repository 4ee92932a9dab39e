"""A bucket that leaves its shard: nothing is written behind the fence, and nothing that was read there is old."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import asyncpg
import pytest

from adapters.memory.entropy import MemoryEntropy
from adapters.postgres.database import Database
from adapters.postgres.placement import Placement
from adapters.postgres.routing import LOADERS
from adapters.postgres.shard_readers import PostgresSessionReader
from adapters.postgres.shards import PostgresShards
from application.paging import PageRequest
from domain.sessions.session import Session
from domain.shared.errors import Unavailable
from domain.shared.identifiers import UserId, bucket_of
from tests.integration.postgres.conftest import PATIENCE
from tests.support.servers import PostgresServer
from tests.support.sharding import owner_on
from tests.support.storing import say, store_session

TABLES = ("sessions", "messages", "runs", "idempotency_keys", "shares")


class World:
    """Two shards with the catalog on the first, a node, and what a mover does to them."""

    def __init__(self, dsns: list[str], databases: list[Database], placement: Placement) -> None:
        self._dsns, self.databases, self.placement = dsns, databases, placement

    async def fence(self, owner: UserId) -> None:
        switch = [f"ALTER TABLE shard.{table} ENABLE TRIGGER {table}_unfenced" for table in TABLES]
        await self.run(0, *switch, f"INSERT INTO shard.fences (bucket, move_id) VALUES ({bucket_of(owner)}, 'move')")

    async def publish(self, shards: str, moving: str = "{}") -> None:
        await self.run(
            0,
            f"INSERT INTO catalog.shard_maps (version, shards, moving) SELECT version + 1, {shards}, '{moving}' "
            "FROM catalog.shard_maps ORDER BY version DESC LIMIT 1",
        )

    async def announce(self, owner: UserId) -> None:
        await self.publish("shards", f"{{{bucket_of(owner)}}}")

    async def flip(self, owner: UserId) -> None:
        place = bucket_of(owner) + 1
        await self.publish(f"shards[:{place - 1}] || 1::smallint || shards[{place + 1}:]")

    async def copy(self, owner: UserId) -> None:
        """Have on the second shard what the owner has on the first."""
        source, target = [await asyncpg.connect(dsn) for dsn in self._dsns]
        for table in TABLES:
            rows = await source.fetch(f"SELECT * FROM shard.{table} WHERE bucket = $1", bucket_of(owner))
            await target.copy_records_to_table(table, schema_name="shard", records=[tuple(row) for row in rows])
        await source.close()
        await target.close()

    async def run(self, shard: int, *statements: str) -> None:
        connection = await asyncpg.connect(self._dsns[shard])
        for statement in statements:
            await connection.execute(statement)
        await connection.close()


@pytest.fixture
async def world(postgres: PostgresServer) -> AsyncIterator[World]:
    dsns = [await postgres.database() for _ in range(2)]
    databases = [Database(dsn, name=f"shard {number}", patience=PATIENCE) for number, dsn in enumerate(dsns)]
    load = partial(LOADERS["buckets"], databases[0], 2)
    yield World(dsns, databases, Placement(await load(), databases, catalog=databases[0], reload=load))
    for database in databases:
        await database.close()


@pytest.fixture
def shards(world: World, entropy: MemoryEntropy) -> PostgresShards:
    return PostgresShards(world.placement, entropy)


@pytest.fixture
async def session(shards: PostgresShards) -> Session:
    return await store_session(shards, owner_on(0, 2))


async def test_nothing_is_written_behind_the_fence(world: World, shards: PostgresShards, session: Session) -> None:
    await world.fence(session.owner_id)
    writing = asyncio.create_task(say(shards, session))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(writing), 0.5)
    reader = PostgresSessionReader(world.placement)
    excerpt = await reader.read_messages(session.owner_id, session.id, PageRequest(10))
    assert excerpt is not None
    assert list(excerpt.messages.items) == []
    await world.run(0, "DELETE FROM shard.fences")
    message, _ = await writing
    excerpt = await reader.read_messages(session.owner_id, session.id, PageRequest(10))
    assert excerpt is not None
    assert list(excerpt.messages.items) == [message]


async def test_other_buckets_of_the_shard_go_on(world: World, shards: PostgresShards, session: Session) -> None:
    await world.fence(session.owner_id)
    other = next(one for one in iter(partial(owner_on, 0, 2), None) if bucket_of(one) != bucket_of(session.owner_id))
    await say(shards, await store_session(shards, other))


async def test_a_write_that_met_the_fence_is_made_once_at_the_new_home(
    world: World, shards: PostgresShards, session: Session
) -> None:
    first, _ = await say(shards, session)
    await world.announce(session.owner_id)
    await world.fence(session.owner_id)
    writing = asyncio.create_task(say(shards, session))
    await asyncio.sleep(0.2)
    await world.copy(session.owner_id)
    await world.flip(session.owner_id)
    second, _ = await writing
    assert await messages_on(world.databases[1], session) == [first.id, second.id]
    assert await messages_on(world.databases[0], session) == [first.id]


async def test_what_is_read_of_a_leaving_bucket_is_read_anew_where_the_fence_stands(
    world: World, shards: PostgresShards, session: Session
) -> None:
    await world.announce(session.owner_id)
    await world.placement.refresh()
    await world.fence(session.owner_id)
    reader = PostgresSessionReader(world.placement)
    reading = asyncio.create_task(reader.find(session.owner_id, session.id))
    await asyncio.sleep(0.2)
    assert not reading.done(), "whether it is still true cannot be known before the new map"
    await world.copy(session.owner_id)
    await world.run(1, "UPDATE shard.sessions SET title = 'changed at the new home'")
    await world.flip(session.owner_id)
    view = await reading
    assert view is not None
    assert view.title == "changed at the new home"


async def test_a_fence_that_stands_for_long_is_told_as_unavailable(
    world: World, session: Session, entropy: MemoryEntropy
) -> None:
    await world.fence(session.owner_id)
    impatient = Placement(world.placement.routing, world.databases, patience=0.1)
    with pytest.raises(Unavailable, match="being moved"):
        await say(PostgresShards(impatient, entropy), session)
    assert await messages_on(world.databases[0], session) == []


async def test_while_the_catalog_is_away_the_map_that_is_known_stays_good(world: World) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/nothing", name="catalog")
    reload = partial(LOADERS["buckets"], away, 2)
    placement = Placement(world.placement.routing, world.databases, catalog=away, reload=reload)
    await placement.refresh()
    assert placement.version == world.placement.version


async def messages_on(database: Database, session: Session) -> list[str]:
    rows = await database.pool.fetch(
        "SELECT id FROM shard.messages WHERE session_id = $1 ORDER BY seq", [session.id], patience=PATIENCE, within=PATIENCE
    )
    return [row["id"] for row in rows]
