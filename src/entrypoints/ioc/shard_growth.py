"""More shards, and owners on a shard of choice."""

from collections.abc import Callable

from adapters.postgres import migrate
from adapters.postgres.migration_lock import MigrationProblem
from adapters.postgres.moving.connections import connected
from adapters.postgres.moving.journal import MoveJournal
from adapters.postgres.moving.opening import only_mover
from adapters.postgres.moving.pace import Pace
from adapters.postgres.moving.pinning import Pinning
from adapters.postgres.moving.survey import has_owners, living_nodes
from domain.shared.errors import Invalid
from domain.shared.identifiers import parse_identifier
from entrypoints.ioc.moving import ShardsProblem, addresses_of, told
from entrypoints.ioc.schema import CANNOT_ASK, reason
from entrypoints.ioc.shard_status import everything
from entrypoints.settings import Settings

Tell = Callable[[str], None]


async def add_shards(settings: Settings, tell: Tell) -> None:
    """Prepare the shards that no bucket lives on yet: reachable, migrated, empty; tell which nodes do not know them."""
    addresses = addresses_of(settings)
    async with told():
        async with connected(addresses.catalog, "catalog") as catalog:
            used = max((await MoveJournal(catalog).newest_map()).shards) + 1
        if used >= len(addresses.shards):
            raise ShardsProblem(
                f"ONELAST_SHARD_DSNS names {len(addresses.shards)} shards, and all of them are in use: append the new one's DSN."
            )
        for number in range(used, len(addresses.shards)):
            await _prepare(addresses.shards[number], number, tell)
    await _tell_ignorant(settings, len(addresses.shards), tell)
    tell("`onelast shards rebalance --dry-run` shows what would move there.")


async def _prepare(dsn: str, number: int, tell: Tell) -> None:
    async with connected(dsn, f"shard {number}"):
        pass
    try:
        await migrate.upgrade(dsn, "shard", tell=lambda words: tell(f"Shard {number}: {words}."))
    except MigrationProblem as problem:
        raise ShardsProblem(f"Shard {number} could not be migrated: {problem}.") from problem
    except CANNOT_ASK as error:
        raise ShardsProblem(f"Shard {number} could not be migrated: {reason(error)}.") from error
    async with connected(dsn, f"shard {number}") as shard:
        if await has_owners(shard):
            raise ShardsProblem(f"Shard {number} is to be new, and has rows of owners: is its DSN right?")
    tell(f"Shard {number} is migrated and empty.")


async def _tell_ignorant(settings: Settings, count: int, tell: Tell) -> None:
    async with told(), everything(settings) as (_, shards):
        nodes = {node.id: node for shard in shards for node in await living_nodes(shard)}
    ignorant = [node for _, node in sorted(nodes.items()) if node.shards < count]
    for node in ignorant:
        tell(f"Node {node.id} knows {node.shards} shards: restart it with the new ONELAST_SHARD_DSNS before anything moves.")
    if not ignorant:
        tell(f"All {len(nodes)} living nodes know {count} shards.")


async def pin(settings: Settings, user_id: str, target: int, tell: Tell, *, pace: Pace | None = None) -> None:
    """Pin an owner who has nothing yet to a shard; ShardsProblem."""
    if settings.shard_routing != "directory":
        raise ShardsProblem("Pins count with ONELAST_SHARD_ROUTING=directory alone, on all nodes.")
    if not 0 <= target < len(settings.shards):
        raise ShardsProblem(
            f"--to: there is no shard {target}; ONELAST_SHARD_DSNS has the shards 0 to {len(settings.shards) - 1}."
        )
    try:
        parse_identifier("user", user_id, param="USER_ID")
    except Invalid as wrong:
        raise ShardsProblem(wrong.message) from wrong
    async with told(), only_mover(addresses_of(settings)), everything(settings) as (catalog, shards):
        await Pinning(catalog, shards, user_id, target, pace or Pace()).execute()
    tell(f"{user_id} lives on shard {target} from now on.")
