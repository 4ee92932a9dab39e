"""What caches are told, over the memory adapters."""

from tests.contracts.http.caching import CachingSuite


class TestCaching(CachingSuite): ...
