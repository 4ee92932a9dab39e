"""`onelast db slow`: which queries take the databases' time."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Final

import click
import msgspec

from entrypoints.cli.columns import columns
from entrypoints.ioc.located import located
from entrypoints.ioc.slow import Query, read_slow
from entrypoints.settings import read_settings

_TITLES: Final = ("query", "calls", "mean ms", "max ms", "share", "rows", "blocks hit", "read")


@click.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Queries of each database.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of tables.")
def slow(limit: int, as_json: bool) -> None:
    """Show which queries take each database's time, by name and without values; exit with 1 if one cannot tell."""
    found = asyncio.run(read_slow(located(read_settings()), limit))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        for number, one in enumerate(found):
            click.echo(("\n" if number else "") + (f"The {one.name} {one.problem}." if one.problem else f"{one.name}:"))
            for line in columns([_TITLES, *map(_row, one.queries)]) if one.queries else ():
                click.echo(line)
    sys.exit(1 if any(one.problem for one in found) else 0)


def _row(one: Query) -> Sequence[str]:
    return (
        one.name, str(one.calls), f"{one.mean_ms:.2f}", f"{one.longest_ms:.1f}", f"{one.share:.1%}", str(one.rows),
        str(one.blocks_hit), str(one.blocks_read),
    )
