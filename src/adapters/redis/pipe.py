"""Commands of a whole process: what is asked together leaves together, and nothing is sent twice."""

import asyncio
from collections.abc import Sequence
from typing import Any

from adapters.redis.addresses import many_hosts, parse_address
from adapters.redis.commands import Commands
from adapters.redis.places import place_of
from adapters.redis.resp import Command
from adapters.redis.server_pipe import ServerPipe


class Pipe(Commands):
    """Goes to the server, the sentinels' master or the cluster of a URL; an answer may take `patience` seconds."""

    def __init__(self, url: str, *, patience: float = 1.0) -> None:
        self._commands = _commands(url, patience)

    @property
    def connected(self) -> bool:
        """Whether `submit` can be called."""
        return self._commands.connected

    @property
    def renewed_at(self) -> float:
        """When a connection was last made in the place of another."""
        return self._commands.renewed_at

    def keeper(self, key: str) -> str:
        """Return the same for keys that one server has."""
        return self._commands.keeper(key)

    def together(self, keys: Sequence[str]) -> Sequence[Sequence[str]]:
        """Return the keys in groups, each of which one script may have."""
        return self._commands.together(keys)

    async def ask(self, *commands: Command) -> list[Any]:
        """Return the answers; errors of the server are values. Unavailable."""
        return await self._commands.ask(*commands)

    def submit(self, commands: Sequence[Command]) -> "asyncio.Future[list[Any]]":
        """Send, and return the future of the answers; Unavailable."""
        return self._commands.submit(commands)

    async def open(self) -> None:
        """Connect if there is no connection; Unavailable."""
        await self._commands.open()

    async def close(self) -> None:
        """Close the connections."""
        await self._commands.close()


def _commands(url: str, patience: float) -> Commands:
    if many_hosts(url) and (address := parse_address(url)).form == "cluster":
        # As in places.py: only a cluster needs redis-py.
        from adapters.redis.cluster_map import ClusterMap  # noqa: PLC0415
        from adapters.redis.cluster_pipe import ClusterPipe  # noqa: PLC0415

        return ClusterPipe(ClusterMap(address, patience=patience), patience=patience)
    return ServerPipe(place_of(url, patience=patience), patience=patience)
