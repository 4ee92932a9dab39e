"""The layers of cache, and around the readers and units of work what keeps them right."""

from collections.abc import AsyncIterator, Sequence

from dishka import Provider, Scope, decorate, provide

from adapters.caching.agent_reader import CachedAgentReader
from adapters.caching.cached_reads import CachedReads
from adapters.caching.catalog import InvalidatingCatalog
from adapters.caching.session_reader import CachedSessionReader
from adapters.caching.shards import InvalidatingShards
from adapters.caching.user_reader import CachedUserReader
from application.ports.cache import Cache
from application.ports.catalog import Catalog
from application.ports.readers import AgentReader, SessionReader, UserReader
from application.ports.shards import Shards
from application.reactions.invalidate import InvalidateCaches
from application.reactions.reaction import Reaction
from entrypoints.ioc.cache_layers import LayerCounts, open_layers
from entrypoints.settings import Settings


class CacheProvider(Provider):
    """The cache, and what a change sets off."""

    scope = Scope.APP
    invalidation = provide(InvalidateCaches)

    @provide
    def counts(self) -> LayerCounts:
        """Return where the layers of this process are counted."""
        return LayerCounts([])

    @provide
    async def cache(self, settings: Settings, counts: LayerCounts) -> AsyncIterator[Cache]:
        """Open the layers that the settings name."""
        async with open_layers(settings, counts) as cache:
            yield cache

    @provide
    async def reads(self, cache: Cache) -> AsyncIterator[CachedReads]:
        """Return what all cached readers of this process read with."""
        reads = CachedReads(cache)
        yield reads
        await reads.close()

    @provide
    def reactions(self, invalidation: InvalidateCaches) -> Sequence[Reaction]:
        """Return all that follows from committed events, repeated by the outbox until it is done."""
        return (invalidation,)


class CachingDecorators(Provider):
    """Comes last, so that adapters which override others are cached as well."""

    scope = Scope.APP

    @decorate
    def agents(self, agents: AgentReader, reads: CachedReads) -> AgentReader:
        """Read agents through the cache."""
        return CachedAgentReader(agents, reads)

    @decorate
    def users(self, users: UserReader, reads: CachedReads) -> UserReader:
        """Read through the cache who a token stands for."""
        return CachedUserReader(users, reads)

    @decorate
    def sessions(self, sessions: SessionReader, reads: CachedReads) -> SessionReader:
        """Read sessions and their newest messages through the cache."""
        return CachedSessionReader(sessions, reads)

    @decorate
    def catalog(self, catalog: Catalog, invalidation: InvalidateCaches) -> Catalog:
        """Invalidate after each commit."""
        return InvalidatingCatalog(catalog, invalidation)

    @decorate
    def shards(self, shards: Shards, invalidation: InvalidateCaches) -> Shards:
        """Invalidate after each commit."""
        return InvalidatingShards(shards, invalidation)
