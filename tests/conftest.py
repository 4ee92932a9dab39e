import gc
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Suites and builders are no test modules; without this their failed asserts would show no values.
pytest.register_assert_rewrite("tests.contracts", "tests.support")

# Nothing is timed in tests: how long an example takes tells of the machine and who shares it.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Folders whose files take long; they are begun first, so that in the end no worker is left alone with one of them.
_TESTS = Path(__file__).parent
_FIRST = [
    _TESTS / "integration" / folder
    for folder in ("failover", "schema", "postgres/moving", "cli", "backup", "limits", "chaos", "coherence", "load", "plans",
                   "postgres/consistency", "runs", "clients", "edge", "redis", "postgres", "http", "models")
]


# As a serving node does it: looking through all that was imported again and again costs a tenth of all the work.
gc.set_threshold(20_000, 20, 50)


def pytest_collection_finish() -> None:
    """What is there now stays to the end."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of those folders in front; the order within a folder stays."""
    items.sort(key=lambda item: _place(item.path.parents))


def _place(folders: Sequence[Path]) -> int:
    """Return the place of the innermost of these folders that has one; all others come behind."""
    return next((_FIRST.index(folder) for folder in folders if folder in _FIRST), len(_FIRST))
