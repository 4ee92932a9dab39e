"""The HTTP server: uvicorn on a socket that is bound before anything else starts."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import uvicorn
from litestar.types import ASGIApp

from entrypoints.http.connections import HttpConnection, WebSocketConnection
from entrypoints.problems import OperatorProblem

_MOST_FRAME_BYTES: Final = 262_144
_PING_SECONDS: Final = 20.0
# What the kernel takes for a viewer that does not read; by default it takes megabytes, before anybody notices.
_MOST_UNSENT_BYTES: Final = 65_536


class AddressTaken(OperatorProblem):
    """Nobody can listen there; the message says what to do."""


def bind_several(host: str, port: int, count: int) -> list[socket.socket]:
    """Return sockets that share the address; the kernel spreads connections over them. AddressTaken."""
    with bind(host, port) as alone:  # a socket that shares is let in beside others that do, whosever they are
        taken: int = alone.getsockname()[1]
    return [bind(host, taken, shared=True) for _ in range(count)]


def adopt(descriptor: int) -> socket.socket:
    """Return the bound socket that another process handed over."""
    return socket.socket(fileno=descriptor)


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a socket bound to the address (port 0: a free one); AddressTaken when that cannot be."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_UNSENT_BYTES)
        listener.bind(address)
    except OSError as error:
        raise _taken(host, port, error) from error
    return listener


def _taken(host: str, port: int, error: OSError) -> AddressTaken:
    why = error.strerror
    return AddressTaken(f"Cannot listen on {host}:{port} ({why}). Set ONELAST_PORT or ONELAST_HOST to another address.")


class _Server(uvicorn.Server):
    """Leaves signals to the command line, and has what is `leaving` done first when it shuts down."""

    def __init__(
        self, config: uvicorn.Config, listener: socket.socket, *, ready: Callable[[], object],
        leaving: Callable[[], Awaitable[None]], relieved: bool,
    ) -> None:
        super().__init__(config)
        self._listener, self._ready, self._leaving, self._relieved = listener, ready, leaving, relieved

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Catch none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the doors and say so; AddressTaken where another process that bound the address as well was faster."""
        try:
            self._listener.listen()  # uvloop would not tell
        except OSError as error:
            await self._leaving()
            host, port = self._listener.getsockname()[:2]
            raise _taken(host, port, error) from error
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take leave, then close; where another process takes what comes to the address, that is left to it at once."""
        if self._relieved:
            for server in self.servers:
                server.close()
        await self._leaving()
        await super().shutdown(sockets)


async def serve_http(
    app: ASGIApp, listener: socket.socket, *, ready: Callable[[], object], leaving: Callable[[], Awaitable[None]],
    relieved: bool = False, connection: type[HttpConnection] = HttpConnection,
) -> None:
    """Serve until this task is cancelled, then let requests under way end within five seconds.

    `ready` is told when the doors are open, `leaving` is awaited when they close; `relieved` tells that others serve the address.
    """
    config = uvicorn.Config(
        app,
        lifespan="on", access_log=False, log_config=None, log_level="warning", server_header=False,
        timeout_graceful_shutdown=5, timeout_keep_alive=75, proxy_headers=False, http=connection,
        ws=WebSocketConnection, ws_max_size=_MOST_FRAME_BYTES, ws_per_message_deflate=False,
        ws_ping_interval=_PING_SECONDS, ws_ping_timeout=_PING_SECONDS,
    )
    server = _Server(config, listener, ready=ready, leaving=leaving, relieved=relieved)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving
