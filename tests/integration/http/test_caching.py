"""What caches are told, over real Postgres and Valkey."""

from tests.contracts.http.caching import CachingSuite


class TestCaching(CachingSuite): ...
