"""`onelast db`: a look at the databases."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Final

import click
import msgspec

from entrypoints.cli.columns import columns
from entrypoints.cli.outbox import outbox
from entrypoints.cli.slow import slow
from entrypoints.ioc.located import located
from entrypoints.ioc.status import DatabaseStatus, read_status
from entrypoints.settings import read_settings

_TITLES: Final = ("database", "server", "role", "revision", "head", "oldest", "pending", "migrating", "size", "connections")
_UNKNOWN: Final = "–"


@click.group()
def db() -> None:
    """Look at the catalog and the shards."""


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of a table.")
def status(as_json: bool) -> None:
    """Show each database's server and schema; exit with 1 if one is away, behind or not fit for this release."""
    found = asyncio.run(read_status(located(read_settings())))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        for line in columns([_TITLES, *map(_row, found)]):
            click.echo(line)
        for one in found:
            if one.problem:
                click.echo(f"The {one.name} {one.problem}.")
    sys.exit(0 if all(one.ok for one in found) else 1)


def _row(one: DatabaseStatus) -> Sequence[str]:
    if not one.reachable:
        return (one.name, "away", *[_UNKNOWN] * 2, one.head, one.oldest, *[_UNKNOWN] * 4)
    return (
        one.name, one.server_version or _UNKNOWN, one.role or _UNKNOWN, one.revision or "none", one.head, one.oldest,
        str(len(one.pending)), "yes" if one.migrating else "no", _size(one.size_bytes or 0),
        f"{one.connections} of {one.max_connections}",
    )


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} TB"


db.add_command(slow)
db.add_command(outbox)
