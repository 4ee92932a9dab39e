"""How often each layer of cache answered by itself."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

# By layer and outcome, how often since the start.
ReadCounts = Callable[[], Mapping[tuple[str, str], int]]


class CacheReads(Collector):
    """Reads counts that somebody else keeps when Prometheus asks: counting is on the fastest path there is."""

    def __init__(self, read: ReadCounts) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        """Return the family without samples, so that registering asks for no counts."""
        return [self._family()]

    def collect(self) -> Iterable[Metric]:
        """Return the counts of now."""
        family = self._family()
        for (layer, outcome), number in self._read().items():
            family.add_metric([layer, outcome], number)
        return [family]

    @staticmethod
    def _family() -> CounterMetricFamily:
        told = "What was asked of each layer of cache."
        return CounterMetricFamily("onelast_cache_operations", told, labels=["layer", "outcome"])
