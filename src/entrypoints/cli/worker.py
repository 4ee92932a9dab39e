"""`onelast worker`: what no request waits for."""

from collections.abc import Sequence

import click

from entrypoints.cli.running import run_until_signal
from entrypoints.cli.serving import Loop, run_worker
from entrypoints.ioc.backup import backup_loops
from entrypoints.ioc.schema import require_usable
from entrypoints.logging import configure_logging
from entrypoints.settings import Settings, read_settings


@click.command()
def worker() -> None:
    """Give committed events their reactions; any number of workers may run."""
    settings = read_settings()
    settings.require_catalog()
    settings.require_redis()
    also = backup_loops(settings)
    configure_logging(settings)
    run_until_signal(_work(settings, also))


async def _work(settings: Settings, also: Sequence[Loop]) -> None:
    await require_usable(settings)
    click.echo("working", err=True)
    await run_worker(settings, also)
