"""The catalog and the shards on Postgres."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from dishka import Provider, Scope, provide

from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.catalog_readers import PostgresAgentReader, PostgresUserReader
from adapters.postgres.database import Database
from adapters.postgres.expired_api_keys import PostgresExpiredApiKeys
from adapters.postgres.expired_tokens import PostgresExpiredTokens
from adapters.postgres.idempotency import PostgresExpiredKeys
from adapters.postgres.leases import PostgresRunLeases
from adapters.postgres.link_seeds import PostgresLinkSeeds
from adapters.postgres.moving.healer import PostgresStrandedFences
from adapters.postgres.outbox import PostgresOutbox
from adapters.postgres.placement import Placement, ShardsMissing
from adapters.postgres.positions import PostgresPositions
from adapters.postgres.primary import dsns_of
from adapters.postgres.replicas import Replicas, ReplicaWatch
from adapters.postgres.response_reader import PostgresResponseReader
from adapters.postgres.routing import LOADERS
from adapters.postgres.shard_readers import PostgresRunReader, PostgresSessionReader
from adapters.postgres.shards import PostgresShards
from adapters.postgres.share_reader import PostgresShareReader
from adapters.postgres.usage import PostgresUsageReader
from adapters.postgres.user_directory import PostgresUserDirectory
from adapters.telemetry.pools import PoolMeasurements
from adapters.telemetry.queries import QueryTimes
from application.ports.catalog import Catalog
from application.ports.entropy import Entropy
from application.ports.expired_api_keys import ExpiredApiKeys
from application.ports.expired_tokens import ExpiredTokens
from application.ports.idempotency import ExpiredKeys
from application.ports.link_seeds import LinkSeeds
from application.ports.outbox import Outbox
from application.ports.positions import Positions
from application.ports.readers import AgentReader, RunReader, SessionReader, ShareReader, UsageReader, UserReader
from application.ports.responses import ResponseReader
from application.ports.run_leases import RunLeases
from application.ports.shards import Shards
from application.ports.stranded_fences import StrandedFences
from application.ports.user_directory import UserDirectory
from domain.shared.identifiers import NodeId
from entrypoints.ioc.pools import Pools
from entrypoints.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Databases:
    """The pools of this process; a shard with the catalog's DSN shares the catalog's pool."""

    catalog: Database
    placement: Placement

    def all(self) -> tuple[Database, ...]:
        """Return each database once."""
        return tuple(dict.fromkeys((self.catalog, *self.placement.databases)))


class PostgresProvider(Provider):
    """Units of work and readers over the databases that the settings name."""

    scope = Scope.APP

    @provide
    async def pools(self, settings: Settings, times: QueryTimes, measurements: PoolMeasurements) -> AsyncIterator[Pools]:
        """Return what opens databases; it closes them in the end."""
        pools = Pools(settings, times, measurements)
        yield pools
        await pools.close()

    @provide
    async def databases(self, settings: Settings, pools: Pools) -> AsyncIterator[Databases]:
        """Open the databases, fit their pools to the servers, and read the shard map."""
        opened = {dsn: pools.open(dsn, name) for dsn, name in _names(settings).items()}
        catalog, shards = opened[settings.require_catalog()], [opened[dsn] for dsn in settings.shards]
        replicas = {
            number: Replicas(shards[number], [
                pools.open(one, f"replica {place} of shard {number}")
                for place, one in enumerate(one for dsn in dsns for one in dsns_of(dsn))
            ])
            for number, dsns in settings.replicas.items()
        }
        await pools.fit()
        watch = ReplicaWatch(tuple(replicas.values()))
        try:
            placement = await _placement(settings, catalog, shards, replicas)
            await watch.begin()
            yield Databases(catalog, placement)
        finally:
            await watch.end()

    @provide
    def catalog(self, databases: Databases, entropy: Entropy) -> Catalog:
        """Return the catalog's units of work."""
        return PostgresCatalog(databases.catalog, entropy)

    @provide
    def shards(self, databases: Databases, entropy: Entropy) -> Shards:
        """Return the shards' units of work."""
        return PostgresShards(databases.placement, entropy)

    @provide
    def leases(self, databases: Databases, node: NodeId) -> RunLeases:
        """Return this node's lease on its runs."""
        return PostgresRunLeases(databases.placement, node)

    @provide
    def positions(self, databases: Databases) -> Positions:
        """Return how far owners' changes reach."""
        return PostgresPositions(databases.placement)

    @provide
    def agents(self, databases: Databases) -> AgentReader:
        """Return the reader of agents."""
        return PostgresAgentReader(databases.catalog)

    @provide
    def users(self, databases: Databases) -> UserReader:
        """Return the reader of users."""
        return PostgresUserReader(databases.catalog)

    @provide
    def sessions(self, databases: Databases) -> SessionReader:
        """Return the reader of sessions."""
        return PostgresSessionReader(databases.placement)

    @provide
    def runs(self, databases: Databases) -> RunReader:
        """Return the reader of runs."""
        return PostgresRunReader(databases.placement)

    @provide
    def responses(self, databases: Databases) -> ResponseReader:
        """Return the reader of single replies and messages."""
        return PostgresResponseReader(databases.placement)

    @provide
    def shares(self, databases: Databases) -> ShareReader:
        """Return the reader of shares."""
        return PostgresShareReader(databases.placement)

    @provide
    def usage(self, databases: Databases) -> UsageReader:
        """Return the reader of the ledger."""
        return PostgresUsageReader(databases.placement)

    @provide
    def link_seeds(self, databases: Databases, entropy: Entropy) -> LinkSeeds:
        """Return what owners' links follow from."""
        return PostgresLinkSeeds(databases.catalog, entropy)

    @provide
    def outbox(self, databases: Databases) -> Outbox:
        """Return the outboxes of all databases."""
        return PostgresOutbox(databases.catalog, databases.placement.databases)

    @provide
    def expired_keys(self, databases: Databases) -> ExpiredKeys:
        """Return the old idempotency keys of all databases."""
        return PostgresExpiredKeys(databases.catalog, databases.placement.databases)

    @provide
    def expired_api_keys(self, databases: Databases) -> ExpiredApiKeys:
        """Return the API keys that have ended."""
        return PostgresExpiredApiKeys(databases.catalog)

    @provide
    def expired_tokens(self, databases: Databases) -> ExpiredTokens:
        """Return the tokens that have ended."""
        return PostgresExpiredTokens(databases.catalog)

    @provide
    def directory(self, databases: Databases) -> UserDirectory:
        """Return the reader of all users."""
        return PostgresUserDirectory(databases.catalog)

    @provide
    def stranded_fences(self, databases: Databases) -> StrandedFences:
        """Return the fences of dead movers."""
        return PostgresStrandedFences(databases.catalog, databases.placement.databases)


async def _placement(
    settings: Settings, catalog: Database, shards: Sequence[Database], replicas: Mapping[int, Replicas]
) -> Placement:
    load = partial(LOADERS[settings.shard_routing], catalog, len(shards))
    try:
        return Placement(await load(), shards, catalog=catalog, reload=load, replicas=replicas)
    except ShardsMissing as missing:
        raise SettingsError(str(missing)) from missing


def _names(settings: Settings) -> dict[str, str]:
    """Return each DSN with the name that its database has in messages."""
    shards = {dsn: f"shard {number}" for number, dsn in enumerate(settings.shards)}
    return shards | {settings.require_catalog(): "catalog"}
