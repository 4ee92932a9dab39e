"""Where to connect now."""

from abc import abstractmethod
from typing import Protocol

from adapters.redis.addresses import many_hosts, parse_address


class Place(Protocol):
    """Asked before each connection."""

    @abstractmethod
    async def locate(self) -> str:
        """Return the redis:// or rediss:// address of a server that will do; OSError when nobody knows one."""


class OneServer(Place):
    """A server that stays where it is."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def locate(self) -> str:
        """Return its address."""
        return self._url


def place_of(url: str, *, patience: float) -> Place:
    """Return where to connect for a URL of any form: the server, the present master, any server of the cluster."""
    if not many_hosts(url):
        return OneServer(url)
    address = parse_address(url)
    # redis-py takes 20 MB, and a single server needs none of it.
    if address.form == "sentinel":
        from adapters.redis.sentinels import SentinelMaster  # noqa: PLC0415

        return SentinelMaster(address, patience=patience)
    from adapters.redis.cluster_map import ClusterMap  # noqa: PLC0415

    return ClusterMap(address, patience=patience)
