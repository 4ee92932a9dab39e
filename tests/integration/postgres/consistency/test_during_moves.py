"""The check is not fooled by buckets that move between shards under constant writes."""

import asyncio
from itertools import count

import asyncpg
import pytest

from application.consistency.check_consistency import Finding, Patience
from application.ports.consistency import Kind
from domain.shared.identifiers import UserId, bucket_of
from entrypoints.ioc.consistency import CheckOptions, check_consistency
from entrypoints.settings import Settings
from tests.integration.postgres.moving.traffic import Traffic
from tests.integration.postgres.moving.world import World
from tests.support.sharding import owner_on

OWNERS, MOVES, CHECKS = 4, 4, 3
# Who makes these runs is no node: a run has the longer while to be concluded.
WHILE_MOVING = CheckOptions(batch=500, patience=Patience(usual=0.5, unmade=3.0))
KNOWN = """
INSERT INTO catalog.users (id, email, name, plan, password_hash, created_at, updated_at, version)
SELECT id, id, 'Ada', 'free', '', now(), now(), 0 FROM unnest($1::text[]) id
"""


async def known_owners(world: World) -> list[UserId]:
    """Return owners of shard 0 whom the catalog knows."""
    owners = [owner_on(0, 2) for _ in range(OWNERS)]
    connection = await asyncpg.connect(world.catalog)
    await connection.execute(KNOWN, owners)
    await connection.close()
    return owners


@pytest.mark.timeout(300)
async def test_moves_under_constant_writes_are_no_fault(world: World) -> None:
    settings = Settings(catalog_dsn=world.catalog, shard_dsns=world.shards)
    owners, found, checks, enough = await known_owners(world), list[Finding](), 0, asyncio.Event()
    async with world.nodes(2) as nodes, Traffic.of(nodes, owners) as traffic:
        moving = asyncio.create_task(move_to_and_fro(world, owners, enough))
        while not moving.done():
            await check_consistency(settings, WHILE_MOVING, found.append)
            checks += 1
            if checks == CHECKS:
                enough.set()
        await moving
        report = await check_consistency(settings, WHILE_MOVING, found.append)
    assert [finding for finding in found if not finding.fault.code.remark] == []
    assert checks >= CHECKS
    assert traffic.acknowledged > 100
    assert report.checked[Kind.MESSAGES] > 100


async def move_to_and_fro(world: World, owners: list[UserId], enough: asyncio.Event) -> None:
    """Move the buckets some times at least, and until there were enough checks."""
    for number in count():
        if number >= MOVES and enough.is_set():
            return
        await world.move([bucket_of(owner) for owner in owners[:3]], number % 2, 1 - number % 2)
