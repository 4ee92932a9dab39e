"""What was refused because a process was late, and how late it is."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

# By kind, how often since the start.
ReadShed = Callable[[], Mapping[str, int]]


class ShedRequests(Collector):
    """Reads counts that somebody else keeps when Prometheus asks."""

    def __init__(self, read: ReadShed) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        """Return the counts of now."""
        family = CounterMetricFamily("onelast_shed_requests", "What was refused because the process was late.", labels=["kind"])
        for kind, number in self._read().items():
            family.add_metric([kind], number)
        return [family]
