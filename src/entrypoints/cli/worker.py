"""`onelast worker`: what no request waits for."""

import click

from entrypoints.cli.running import run_until_signal
from entrypoints.cli.serving import run_worker
from entrypoints.ioc.schema import require_current
from entrypoints.logging import configure_logging
from entrypoints.settings import Settings, read_settings


@click.command()
def worker() -> None:
    """Give committed events their reactions; any number of workers may run."""
    settings = read_settings()
    settings.require_catalog()
    settings.require_redis()
    configure_logging(settings)
    run_until_signal(_work(settings))


async def _work(settings: Settings) -> None:
    await require_current(settings)
    click.echo("working", err=True)
    await run_worker(settings)
