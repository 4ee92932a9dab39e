"""What a vendor's cache remembers."""

from collections.abc import Iterable, Sequence


class EdgeCache:
    """Answers under addresses with their surrogate keys; `purges` are the keys of each request that was carried out."""

    def __init__(self, *, cases_differ: bool) -> None:
        self._cases_differ = cases_differ
        self._keys: dict[str, set[str]] = {}
        self._fresh: set[str] = set()
        self.purges: list[list[str]] = []

    async def store(self, address: str, keys: Sequence[str]) -> None:
        """Store a fresh answer."""
        self._keys[address] = set(map(self._key, keys))
        self._fresh.add(address)

    async def serves(self, address: str) -> bool:
        """Whether there is a fresh answer."""
        return address in self._fresh

    def purge(self, keys: Iterable[str]) -> None:
        """Put out of date what bears one of the keys."""
        self.purges.append(list(keys))
        purged = set(map(self._key, self.purges[-1]))
        self._fresh -= {address for address, borne in self._keys.items() if borne & purged}

    @property
    def purged(self) -> set[str]:
        """All keys that were purged."""
        return {key for purge in self.purges for key in purge}

    def _key(self, key: str) -> str:
        return key if self._cases_differ else key.lower()
