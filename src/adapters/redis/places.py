"""Where to connect now."""

from abc import abstractmethod
from typing import Protocol

from adapters.redis.addresses import many_hosts, parse_address
from adapters.redis.cluster_map import ClusterMap
from adapters.redis.sentinels import SentinelMaster


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
    return (SentinelMaster if address.form == "sentinel" else ClusterMap)(address, patience=patience)
