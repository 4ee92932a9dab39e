"""`onelast migrate`: the databases' schema."""

import asyncio

import click

from entrypoints.cli.serving import seed
from entrypoints.ioc.migrations import OTHERS_SECONDS, MigrationsFailed, migrate_all
from entrypoints.logging import configure_logging
from entrypoints.settings import Settings, read_settings


@click.command()
@click.option(
    "--wait", type=click.FloatRange(min=0), default=OTHERS_SECONDS, show_default=True,
    help="Seconds to wait for a migration that somebody else has begun.",
)
def migrate(wait: float) -> None:
    """Bring the catalog, then every shard to this release's schema, and the built-in agents up to date.

    Running it again does what is left to do; exit with 2 if something is.
    """
    settings = read_settings()
    settings.require_catalog()
    settings.require_redis()  # agents that change are cached ones
    configure_logging(settings)
    asyncio.run(_migrate(settings, wait))


async def _migrate(settings: Settings, wait: float) -> None:
    failed = None
    try:
        await migrate_all(settings, click.echo, wait=wait)
    except MigrationsFailed as problem:
        failed = problem
    click.echo(f"{await seed(settings)} built-in agents were added or changed.")
    if failed is not None:
        raise failed
