"""The catalog and the shards on Postgres."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from dishka import Provider, Scope, provide

from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.catalog_readers import PostgresAgentReader, PostgresUserReader
from adapters.postgres.database import Database
from adapters.postgres.idempotency import PostgresExpiredKeys
from adapters.postgres.leases import PostgresRunLeases
from adapters.postgres.outbox import PostgresOutbox
from adapters.postgres.placement import Placement, ShardsMissing, load_or_create_map
from adapters.postgres.shard_readers import PostgresRunReader, PostgresSessionReader
from adapters.postgres.shards import PostgresShards
from application.ports.catalog import Catalog
from application.ports.entropy import Entropy
from application.ports.idempotency import ExpiredKeys
from application.ports.outbox import Outbox
from application.ports.readers import AgentReader, RunReader, SessionReader, UserReader
from application.ports.run_leases import RunLeases
from application.ports.shards import Shards
from domain.shared.identifiers import NodeId
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
    async def databases(self, settings: Settings) -> AsyncIterator[Databases]:
        """Open the pools, read the shard map, and close the pools in the end."""
        pools = {dsn: Database(dsn, name=name, size=settings.pool_size) for dsn, name in _names(settings).items()}
        catalog, shards = pools[settings.require_catalog()], [pools[dsn] for dsn in settings.shards]
        try:
            yield Databases(catalog, await _placement(catalog, shards))
        finally:
            for pool in pools.values():
                await pool.close()

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
        return PostgresRunLeases(databases.placement.databases, node)

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
    def outbox(self, databases: Databases) -> Outbox:
        """Return the outboxes of all databases."""
        return PostgresOutbox(databases.catalog, databases.placement.databases)

    @provide
    def expired_keys(self, databases: Databases) -> ExpiredKeys:
        """Return the old idempotency keys of all databases."""
        return PostgresExpiredKeys(databases.catalog, databases.placement.databases)


async def _placement(catalog: Database, shards: Sequence[Database]) -> Placement:
    try:
        return Placement(await load_or_create_map(catalog, len(shards)), shards)
    except ShardsMissing as missing:
        raise SettingsError(str(missing)) from missing


def _names(settings: Settings) -> dict[str, str]:
    """Return each DSN with the name that its database has in messages."""
    shards = {dsn: f"shard {number}" for number, dsn in enumerate(settings.shards)}
    return shards | {settings.require_catalog(): "catalog"}
