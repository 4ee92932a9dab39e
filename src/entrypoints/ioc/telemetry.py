"""Measurements and the state of what this node depends on."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from dishka import Provider, Scope, provide

from adapters.caching.counts import outcomes_of
from adapters.system.task_dispatcher import TaskRunDispatcher
from adapters.telemetry.caches import CacheReads
from adapters.telemetry.metrics import Metrics
from adapters.telemetry.pools import PoolMeasurements
from adapters.telemetry.queries import QueryTimes
from adapters.telemetry.refusals import Refusals
from adapters.telemetry.shedding import ShedRequests
from application.ports.cache import Cache
from application.ports.chat_model import ChatModel
from domain.shared.errors import Unavailable
from entrypoints.access_log import AccessLog
from entrypoints.http.event_stream import OpenStreams
from entrypoints.http.health import ReadComponents
from entrypoints.http.shedding import Shedding
from entrypoints.http.wire import ComponentOut
from entrypoints.ioc.cache_layers import LayerCounts
from entrypoints.ioc.postgres import Databases
from entrypoints.settings import Settings

Ping = Callable[[], Awaitable[object]]


class TelemetryProvider(Provider):
    """Prometheus' registry and the probes."""

    scope = Scope.APP
    pools = provide(PoolMeasurements)

    @provide
    def access_log(self, settings: Settings) -> Iterator[AccessLog]:
        """Return the log of requests; what it holds is written in the end."""
        log = AccessLog(settings)
        yield log
        log.close()

    @provide
    def shedding(self, settings: Settings, tasks: TaskRunDispatcher, pools: PoolMeasurements) -> Shedding:
        """Return what refuses new work while this process is late."""
        return Shedding(settings.most_lag, lambda: len(tasks.making), pools.queues)

    @provide
    def queries(self, settings: Settings) -> QueryTimes:
        """Return the times of the databases' statements."""
        return QueryTimes(settings.slow_query_seconds)

    @provide
    def metrics(
        self, streams: OpenStreams, tasks: TaskRunDispatcher, queries: QueryTimes, pools: PoolMeasurements, layers: LayerCounts,
        refusals: Refusals, shedding: Shedding,
    ) -> Metrics:
        """Return the registry with this process's gauges."""
        metrics = Metrics()
        metrics.publish(queries.histogram)
        metrics.publish(pools)
        metrics.publish(refusals.counter)
        metrics.publish(ShedRequests(lambda: shedding.counts))
        metrics.publish(CacheReads(lambda: outcomes_of(layers)))
        metrics.gauge("onelast_open_streams", "Event streams being served.", lambda: len(streams))
        metrics.gauge("onelast_open_sockets", "WebSockets being served.", lambda: streams.sockets)
        metrics.gauge("onelast_lag_seconds", "How late work is: event loop, and wait for a database.", lambda: shedding.lag)
        metrics.gauge("onelast_admitted_share", "The share of new work that is let in.", lambda: shedding.share)
        metrics.gauge("onelast_active_runs", "Replies being made.", lambda: len(tasks.making))
        metrics.gauge("onelast_tasks", "Tasks of the event loop.", lambda: len(asyncio.all_tasks()))
        return metrics

    @provide
    def components(self, databases: Databases, cache: Cache, models: ChatModel) -> ReadComponents:
        """Return the reading of every dependency's state."""
        pings: dict[str, Ping] = {database.name: database.ping for database in databases.all()}
        shards = databases.placement.databases
        if len(shards) > 1:  # one that shares the catalog's database counts as a shard as well
            pings |= {f"shard {number}": shard.ping for number, shard in enumerate(shards)}
        return components_of(pings | {"cache": cache.ping, "models": models.list})


def components_of(pings: Mapping[str, Ping]) -> ReadComponents:
    """Return a reading that asks all of them at once."""

    async def read() -> Sequence[ComponentOut]:
        return await asyncio.gather(*(_component(name, ping) for name, ping in pings.items()))

    return read


async def _component(name: str, ping: Ping) -> ComponentOut:
    try:
        await ping()
    except Unavailable:
        return ComponentOut(name, False, "gives no answer")
    return ComponentOut(name, True, "works")
