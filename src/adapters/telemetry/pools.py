"""What the pools of database connections count about themselves, read when Prometheus asks."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

_GAUGES = {
    "size": "Connections that the pool may open.",
    "open": "Connections that are open or being opened.",
    "busy": "Connections that run a statement or are being opened.",
    "waiting": "Callers who wait for a connection.",
}
_COUNTERS = {
    "connects": "Connections opened, or tried to be.",
    "timeouts": "Callers who waited for a connection in vain.",
    "refusals": "Callers who were refused at once, for the queue was too long.",
}


@dataclass(frozen=True, slots=True)
class PoolReading:
    """A pool at one moment; `waits` has for each bound in seconds how many had a connection within it, infinity last."""

    size: int
    open: int
    busy: int
    waiting: int
    connects: int
    timeouts: int
    refusals: int
    waits: Sequence[tuple[float, int]]
    seconds_waited: float


class PoolMeasurements(Collector):
    """`onelast_pool_…` by database; nothing is measured before somebody asks."""

    def __init__(self) -> None:
        self._pools: dict[str, Callable[[], PoolReading]] = {}

    def watch(self, database: str, read: Callable[[], PoolReading]) -> None:
        """Publish the pool of a database from now on."""
        self._pools[database] = read

    def queues(self) -> Sequence[tuple[int, int]]:
        """Return for each pool how many had a connection so far, and how many wait for one now."""
        readings = [read() for read in self._pools.values()]
        return [(reading.waits[-1][1], reading.waiting) for reading in readings]

    def collect(self) -> Iterable[Metric]:
        """Read all pools."""
        readings = {database: read() for database, read in self._pools.items()}
        for name, text in _GAUGES.items():
            yield _family(GaugeMetricFamily, name, text, readings)
        for name, text in _COUNTERS.items():
            yield _family(CounterMetricFamily, name, text, readings)
        waits = HistogramMetricFamily("onelast_pool_wait_seconds", "Time until a caller has a connection.", labels=["database"])
        for database, reading in readings.items():
            waits.add_metric([database], list(_buckets(reading)), reading.seconds_waited)
        yield waits


def _family(
    kind: type[GaugeMetricFamily] | type[CounterMetricFamily], name: str, text: str, readings: dict[str, PoolReading]
) -> Metric:
    family = kind(f"onelast_pool_{name}", text, labels=["database"])
    for database, reading in readings.items():
        family.add_metric([database], getattr(reading, name))
    return family


def _buckets(reading: PoolReading) -> Iterator[tuple[str, float]]:
    return ((str(bound) if isfinite(bound) else "+Inf", count) for bound, count in reading.waits)
