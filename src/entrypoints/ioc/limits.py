"""What callers may take, counted over all nodes."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, decorate, provide

from adapters.memory.limiter import MemoryLimiter
from adapters.redis.limiter import RedisLimiter
from adapters.telemetry.refusals import CountedLimiter, Refusals
from application.limits.allowances import Allowances
from application.limits.stream_slots import StreamSlots
from application.ports.clock import Clock
from application.ports.limiter import Limiter
from application.ports.readers import UsageReader
from domain.shared.identifiers import NodeId
from entrypoints.settings import Settings


class LimitsProvider(Provider):
    """The limiter, and the streams that this node holds."""

    scope = Scope.APP
    allowances = provide(Allowances)
    refusals = provide(Refusals)

    @provide
    async def limiter(self, settings: Settings, usage: UsageReader, clock: Clock) -> AsyncIterator[Limiter]:
        """Return the count on Redis or Valkey; while that is away this node gives out its share alone."""
        share = MemoryLimiter(clock, usage, parts=settings.nodes)
        limiter = RedisLimiter(settings.require_redis(), usage, share)
        yield limiter
        await limiter.close()

    @provide
    def slots(self, limiter: Limiter, node: NodeId) -> StreamSlots:
        """Return the streams of this process, none yet."""
        return StreamSlots(limiter, node)


class CountingRefusals(Provider):
    """Comes after the overrides, so that what overrides the limiter is counted too."""

    scope = Scope.APP

    @decorate
    def limiter(self, limiter: Limiter, refusals: Refusals) -> Limiter:
        """Count what is refused."""
        return CountedLimiter(limiter, refusals)
