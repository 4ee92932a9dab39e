"""`onelast serve`: the production form."""

import asyncio
import os
import signal
import socket
from functools import partial
from pathlib import Path

import click

from entrypoints.cli.running import run_until_signal
from entrypoints.cli.serving import serve as serve_until_cancelled
from entrypoints.cli.workers import supervise
from entrypoints.http.server import adopt, bind, bind_several
from entrypoints.ioc.schema import require_usable
from entrypoints.logging import configure_logging
from entrypoints.settings import Settings, read_settings


@click.command()
@click.option("--listener", type=int, hidden=True, help="The file descriptor of an open listener.")
@click.option("--line", type=int, hidden=True, help="The file descriptor of the line to who started this process.")
@click.option("--place", type=click.Path(path_type=Path), hidden=True, help="Where this process and its siblings meet.")
def serve(listener: int | None, line: int | None, place: Path | None) -> None:
    """Serve the API over the servers that the settings name; start none of them.

    With ONELAST_WORKERS over 1 that many processes serve on the port, and SIGHUP replaces them one after the other.
    """
    settings = read_settings()
    for required in (settings.require_catalog, settings.require_redis, settings.require_upstreams):
        required()
    configure_logging(settings)
    if listener is not None and line is not None:
        run_until_signal(_serve_seat(settings, adopt(listener), socket.socket(fileno=line), place))
    elif settings.workers == 1:
        run_until_signal(_serve(settings, bind(settings.host, settings.port)))
    else:
        listeners = bind_several(settings.host, settings.port, settings.workers)
        run_until_signal(supervise(settings, listeners, partial(_tell, listeners[0], f" with {settings.workers} processes")))


async def _serve(settings: Settings, listener: socket.socket) -> None:
    await require_usable(settings)
    await serve_until_cancelled(settings, listener, relays=False, ready=partial(_tell, listener))


async def _serve_seat(settings: Settings, listener: socket.socket, line: socket.socket, place: Path | None) -> None:
    """Serve as one of several; who started us is told when we are ready, and we leave when they are gone."""
    await require_usable(settings)
    await serve_until_cancelled(
        settings, listener, relays=False, ready=partial(line.send, b"."), place=place, also=[partial(_leave_with, line)]
    )


async def _leave_with(line: socket.socket) -> None:
    line.setblocking(False)
    await asyncio.get_running_loop().sock_recv(line, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _tell(listener: socket.socket, more: str = "") -> None:
    host, port = listener.getsockname()[:2]
    click.echo(f"serving on http://{host}:{port}{more}", err=True)
