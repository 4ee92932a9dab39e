"""A bare connection to a Redis or Valkey server, for what redis-py is too slow for (docs/adr/0011-run-log-on-valkey.md).

hiredis packs and parses; this adds the socket.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import hiredis

from adapters.redis.addresses import Address, parse_address

Word = bytes | str | int
Command = tuple[Word, ...]


class RespConnection(asyncio.Protocol):
    """Tells each reply to `heard` (errors are hiredis.ReplyError values), and to `lost` that nothing more will come."""

    transport: asyncio.Transport

    def __init__(self, heard: Callable[[Any], None], lost: Callable[[], None]) -> None:
        self._reader = hiredis.Reader()
        self._heard, self._lost = heard, lost
        self._unsent: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport  # type: ignore[assignment]  # uvloop's has the methods, but not the class

    def data_received(self, data: bytes) -> None:
        """Parse whole replies."""
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            self._heard(reply)

    def connection_lost(self, _: Exception | None) -> None:
        """Say so."""
        self._lost()

    def send(self, *commands: Command, at_once: bool = True) -> None:
        """Write commands in one go; nothing when the connection is closing, of which `lost` is about to be told.

        What need not leave `at_once` leaves with all that is sent until the event loop has come round: a write costs more than
        the commands in it, here and at the server.
        """
        packed = [hiredis.pack_command(command) for command in commands]  # type: ignore[arg-type]
        if not at_once and not self._unsent:
            asyncio.get_running_loop().call_soon(self._leave)
        self._unsent += packed
        if at_once:
            self._leave()

    def _leave(self) -> None:
        unsent, self._unsent = self._unsent, []
        if unsent and not self.transport.is_closing():
            self.transport.write(b"".join(unsent))

    def abort(self) -> None:
        """Close at once."""
        self.transport.abort()


async def connect(url: str, heard: Callable[[Any], None], lost: Callable[[], None], *, patience: float) -> RespConnection:
    """Return a connection, signed in and at its database; OSError, or TimeoutError after `patience` seconds."""
    replies: list[Any] = []
    arrived = asyncio.Event()
    greeted = False

    def listen(reply: Any) -> None:
        if greeted:
            heard(reply)
        else:
            replies.append(reply)
            arrived.set()

    address = parse_address(url)
    [(host, port)] = address.hosts
    greeting = _greeting(address)
    async with asyncio.timeout(patience):
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: RespConnection(listen, lambda: lost() if greeted else arrived.set()), host, port,
            ssl=True if address.secure else None,
        )
        connection.send(*greeting)
        try:
            while len(replies) < len(greeting) and not connection.transport.is_closing():
                arrived.clear()
                await arrived.wait()
        except BaseException:
            connection.abort()
            raise
    refused = next((reply for reply in replies if isinstance(reply, hiredis.ReplyError)), None)
    if refused is not None or connection.transport.is_closing():
        connection.abort()
        raise ConnectionRefusedError(f"the server refused the connection: {refused or 'it closed it'}")
    greeted = True
    return connection


def _greeting(address: Address) -> list[Command]:
    """Return the commands that sign in and choose the database; PING when neither is needed."""
    commands: list[Command] = []
    if address.password:
        commands.append(("AUTH", *([address.username] if address.username else []), address.password))
    if address.database:
        commands.append(("SELECT", address.database))
    return commands or [("PING",)]
