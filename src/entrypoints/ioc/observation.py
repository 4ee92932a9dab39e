"""What happens to every use case: it is timed and counted, by name and outcome; never its body."""

import time
from typing import Any

from adapters.telemetry.metrics import Metrics
from domain.shared.errors import DomainError


class Observed:
    """Stands in for a use case; the outcome is "ok", the code of a domain error, or "crash"."""

    def __init__(self, use_case: Any, metrics: Metrics) -> None:
        self._execute = use_case.execute
        self._name = type(use_case).__name__
        self._metrics = metrics

    async def execute(self, *args: Any, **named: Any) -> Any:
        """Execute the use case."""
        started, outcome = time.perf_counter(), "crash"
        try:
            result = await self._execute(*args, **named)
        except DomainError as error:
            outcome = error.code
            raise
        else:
            outcome = "ok"
            return result
        finally:
            self._metrics.use_case(self._name, outcome, time.perf_counter() - started)
