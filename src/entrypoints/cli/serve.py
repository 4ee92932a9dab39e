"""`onelast serve`: the production form."""

import socket

import click

from entrypoints.cli.running import run_until_signal
from entrypoints.cli.serving import serve as serve_until_cancelled
from entrypoints.http.server import bind
from entrypoints.ioc.schema import require_usable
from entrypoints.logging import configure_logging
from entrypoints.settings import Settings, read_settings


@click.command()
def serve() -> None:
    """Serve the API over the servers that the settings name; start none of them."""
    settings = read_settings()
    for required in (settings.require_catalog, settings.require_redis, settings.require_upstreams):
        required()
    configure_logging(settings)
    listener = bind(settings.host, settings.port)
    run_until_signal(_serve(settings, listener))


async def _serve(settings: Settings, listener: socket.socket) -> None:
    await require_usable(settings)
    host, port = listener.getsockname()[:2]
    await serve_until_cancelled(
        settings, listener, relays=False, ready=lambda: click.echo(f"serving on http://{host}:{port}", err=True)
    )
