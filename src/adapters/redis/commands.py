"""What carries commands, to servers of whatever form."""

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

from adapters.redis.resp import Command


class Commands(Protocol):
    """Connects by itself and sends nothing twice. Each command has one key at most, or several that share a hash tag."""

    @property
    @abstractmethod
    def connected(self) -> bool:
        """Whether `submit` can be called."""

    @property
    @abstractmethod
    def renewed_at(self) -> float:
        """When a connection was last made in the place of another (-inf: never): that server may not know what the other did.

        It is on the loop's clock.
        """

    @abstractmethod
    def keeper(self, key: str) -> str:
        """Return what is the same for keys that one server has, so that what concerns them can fail together and alone."""

    @abstractmethod
    def together(self, keys: Sequence[str]) -> Sequence[Sequence[str]]:
        """Return the keys in groups, in any order, each of which one script may have."""

    @abstractmethod
    async def ask(self, *commands: Command) -> list[Any]:
        """Return the answers; errors of the server are values. Unavailable, also where some of several servers gave none."""

    @abstractmethod
    def submit(self, commands: Sequence[Command]) -> "asyncio.Future[list[Any]]":
        """Send, and return the future of the answers; Unavailable."""

    @abstractmethod
    async def open(self) -> None:
        """Connect if there is no connection; Unavailable."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connections."""
