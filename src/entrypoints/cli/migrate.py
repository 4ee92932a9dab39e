"""`onelast migrate`: the databases' schema."""

import asyncio

import click

from entrypoints.cli.serving import seed
from entrypoints.ioc.migrations import migrate_all
from entrypoints.logging import configure_logging
from entrypoints.settings import Settings, read_settings


@click.command()
def migrate() -> None:
    """Bring the catalog and every shard to this release's schema, and the built-in agents up to date."""
    settings = read_settings()
    settings.require_catalog()
    settings.require_redis()  # agents that change are cached ones
    configure_logging(settings)
    asyncio.run(_migrate(settings))


async def _migrate(settings: Settings) -> None:
    for sentence in await migrate_all(settings):
        click.echo(sentence)
    click.echo(f"{await seed(settings)} built-in agents were added or changed.")
