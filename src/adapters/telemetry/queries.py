"""What each statement of the databases takes: a histogram by its name, and a line in the log for a slow one."""

import logging
from collections.abc import Callable
from typing import Final

from prometheus_client import Histogram

_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10)
_log = logging.getLogger(__name__)


class QueryTimes:
    """Times by database, name and outcome ("ok", "failed"); neither values nor texts are ever told.

    They include the wait for a connection: it is what the caller waited for.
    """

    def __init__(self, slow_seconds: float) -> None:
        self._slow = slow_seconds
        self.histogram = Histogram(
            "onelast_query_seconds", "Time of a statement, with the wait for a connection.", ("database", "query", "outcome"),
            buckets=_BUCKETS, registry=None,
        )

    def observer(self, database: str) -> Callable[[str, float, int, bool], None]:
        """Return what is told of each statement of a database: name, seconds, rows, and whether it succeeded."""
        children: dict[tuple[str, bool], Histogram] = {}

        def observe(name: str, seconds: float, rows: int, ok: bool) -> None:
            child = children.get((name, ok))
            if child is None:
                child = children[(name, ok)] = self.histogram.labels(database, name, "ok" if ok else "failed")
            child.observe(seconds)
            if seconds >= self._slow:
                _tell(database, name, seconds, rows)

        return observe


def _tell(database: str, name: str, seconds: float, rows: int) -> None:
    _log.warning("slow query", extra={"query": name, "database": database, "ms": round(seconds * 1000, 1), "rows": rows})
