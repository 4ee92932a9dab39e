"""`onelast up`: everything on one machine."""

import socket
import time

import click

from entrypoints.cli.running import run_until_signal
from entrypoints.cli.serving import seed, serve
from entrypoints.http.server import bind
from entrypoints.ioc.backup import backup_loops
from entrypoints.ioc.migrations import MigrationsFailed, migrate_all
from entrypoints.ioc.schema import require_usable
from entrypoints.ioc.servers import embedded_servers
from entrypoints.logging import configure_logging
from entrypoints.settings import Settings, read_settings


@click.command()
def up() -> None:
    """Start database, cache and model where no address is set, and serve the API."""
    settings = read_settings()
    backup_loops(settings)  # what is wrong with their settings is told before anything starts
    configure_logging(settings)
    listener = bind(settings.host, settings.port)
    run_until_signal(_up(settings, listener))
    click.echo("Everything is stopped; your data are kept.")


async def _up(settings: Settings, listener: socket.socket) -> None:
    began = time.monotonic()
    async with embedded_servers(settings) as found:
        await _migrate(found)
        await seed(found)
        await serve(
            found, listener, relays=True, ready=lambda: _tell(settings, listener, time.monotonic() - began),
            also=backup_loops(found),
        )


async def _migrate(settings: Settings) -> None:
    """Bring the schema up to date; who is at home on a shard that is away waits, and nobody else."""
    try:
        await migrate_all(settings)
    except MigrationsFailed as problem:
        click.echo(f"onelast: {problem}", err=True)
    await require_usable(settings)


def _tell(settings: Settings, listener: socket.socket, seconds: float) -> None:
    """Print what runs where, and what to paste."""
    host, port = listener.getsockname()[:2]
    url = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104
    embedded = f"embedded, data in {settings.data_path}"
    yours = "yours, as set"
    click.echo(
        f"One Last AI is up after {seconds:.1f} s: {url}  (its page: {url}/docs)\n"
        f"  PostgreSQL  {yours if settings.catalog else embedded}\n"
        f"  Valkey      {yours if settings.redis_url else embedded}\n"
        f"  Model       {yours if settings.upstream_url else 'SmolLM2-135M on this machine'}\n"
        f"Try it in another terminal:\n"
        f"  curl '{url}/v1/agents/einstein'\n"
        f"  ONELAST_URL={url} sh scripts/chat.sh einstein 'In one sentence: what is time?'\n"
        f"Ctrl-C stops everything."
    )
