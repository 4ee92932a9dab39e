import pytest
from hypothesis import HealthCheck, settings

# Suites and builders are no test modules; without this their failed asserts would show no values.
pytest.register_assert_rewrite("tests.contracts", "tests.support")

# Nothing is timed in tests: how long an example takes tells of the machine and who shares it.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
