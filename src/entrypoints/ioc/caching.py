"""The layers of cache: a server, and around the readers and units of work what keeps them right."""

from collections.abc import AsyncIterator, Sequence

from dishka import Provider, Scope, decorate, provide

from adapters.caching.agent_reader import CachedAgentReader
from adapters.caching.catalog import InvalidatingCatalog
from adapters.caching.forgetting import ForgettingCache
from adapters.caching.local_reads import LocalReads
from adapters.caching.shards import InvalidatingShards
from adapters.caching.user_reader import CachedUserReader
from adapters.redis.cache import RedisCache
from application.ports.cache import Cache
from application.ports.catalog import Catalog
from application.ports.readers import AgentReader, UserReader
from application.ports.shards import Shards
from application.reactions.empty_shard import EmptyShard
from application.reactions.invalidate import InvalidateCaches
from application.reactions.reaction import Reaction
from entrypoints.settings import Settings


class CacheProvider(Provider):
    """The cache server, and what a change sets off."""

    scope = Scope.APP
    invalidation = provide(InvalidateCaches)
    emptying = provide(EmptyShard)

    @provide
    async def cache(self, settings: Settings) -> AsyncIterator[Cache]:
        """Return the cache on Redis or Valkey; it connects when it is first used."""
        cache = RedisCache(settings.require_redis())
        yield cache
        await cache.close()

    @provide
    def local_reads(self) -> LocalReads:
        """Return what this process remembers."""
        return LocalReads()

    @provide
    def reactions(self, invalidation: InvalidateCaches, emptying: EmptyShard) -> Sequence[Reaction]:
        """Return all that follows from committed events, repeated by the outbox until it is done."""
        return (invalidation, emptying)


class CachingDecorators(Provider):
    """Comes last, so that adapters which override others are cached as well."""

    scope = Scope.APP

    @decorate
    def forgetting(self, cache: Cache, local: LocalReads) -> Cache:
        """Have invalidations reach this process's memory too."""
        return ForgettingCache(cache, local)

    @decorate
    def agents(self, agents: AgentReader, cache: Cache, local: LocalReads) -> AgentReader:
        """Read agents through the cache."""
        return CachedAgentReader(agents, cache, local)

    @decorate
    def users(self, users: UserReader, cache: Cache, local: LocalReads) -> UserReader:
        """Read through the cache who a token stands for."""
        return CachedUserReader(users, cache, local)

    @decorate
    def catalog(self, catalog: Catalog, invalidation: InvalidateCaches) -> Catalog:
        """Invalidate after each commit."""
        return InvalidatingCatalog(catalog, invalidation)

    @decorate
    def shards(self, shards: Shards, invalidation: InvalidateCaches) -> Shards:
        """Invalidate after each commit."""
        return InvalidatingShards(shards, invalidation)
