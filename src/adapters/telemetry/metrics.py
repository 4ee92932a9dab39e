"""Prometheus measurements of one process."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.registry import Collector

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 60, 300)


class Metrics:
    """Counters with resolved children (labels are looked up once per combination, not once per request)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "onelast_http_request_seconds", "Time to the end of the answer.", ("method", "path"),
            buckets=_BUCKETS, registry=self.registry,
        )
        self._answers = Counter(
            "onelast_http_answers", "Answers by status.", ("method", "path", "status"), registry=self.registry
        )
        self._use_cases = Histogram(
            "onelast_use_case_seconds", "Time of a use case.", ("use_case", "outcome"), buckets=_BUCKETS, registry=self.registry
        )
        self._children: dict[tuple[str, ...], tuple[Histogram, Counter]] = {}
        self._cases: dict[tuple[str, str], Histogram] = {}

    def request(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        key = (method, path, str(status))
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = (self._seconds.labels(method, path), self._answers.labels(*key))
        child[0].observe(seconds)
        child[1].inc()

    def use_case(self, name: str, outcome: str, seconds: float) -> None:
        """Count one execution; `outcome` is "ok" or the error's code."""
        child = self._cases.get((name, outcome))
        if child is None:
            child = self._cases[(name, outcome)] = self._use_cases.labels(name, outcome)
        child.observe(seconds)

    def gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Publish a value that is read when it is asked for."""
        Gauge(name, help_text, registry=self.registry).set_function(read)

    def publish(self, measurement: Collector) -> None:
        """Render what somebody else measures with the rest."""
        self.registry.register(measurement)

    def render(self) -> bytes:
        """Return the text format."""
        return generate_latest(self.registry)
