"""`onelast db outbox`: the events that got no reaction."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Final

import click
import msgspec

from entrypoints.cli.columns import columns
from entrypoints.ioc.dead_letters import DeadLetters, read_dead_letters, retry_dead_letters
from entrypoints.ioc.located import located
from entrypoints.settings import read_settings

_TITLES: Final = ("database", "event", "kind", "attempts", "set aside", "why")


@click.group()
def outbox() -> None:
    """Look at events that were set aside because no attempt could succeed, and try them again."""


@outbox.command(name="list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Events of each database.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of a table.")
def list_them(limit: int, as_json: bool) -> None:
    """Show the events that were set aside, those first that wait longest; exit with 1 if a database cannot tell."""
    found = asyncio.run(read_dead_letters(located(read_settings()), limit))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    elif rows := [row for one in found for row in _rows(one)]:
        for line in columns([_TITLES, *rows]):
            click.echo(line)
    elif not any(one.problem for one in found):
        click.echo("No event was set aside.")
    _end(found, as_json=as_json)


@outbox.command()
@click.argument("events", nargs=-1)
def retry(events: Sequence[str]) -> None:
    """Have workers try the named EVENTS again, or all that were set aside; exit with 1 if a database cannot be told."""
    found = asyncio.run(retry_dead_letters(located(read_settings()), events))
    revived = sum(one.revived for one in found)
    click.echo("1 event is due again." if revived == 1 else f"{revived} events are due again.")
    _end(found, as_json=False)


def _rows(one: DeadLetters) -> list[tuple[str, ...]]:
    return [
        (one.name, letter.id, letter.kind, str(letter.attempts), f"{letter.died_at:%Y-%m-%d %H:%M:%S}", letter.reason)
        for letter in one.letters
    ]


def _end(found: Sequence[DeadLetters], *, as_json: bool) -> None:
    for one in found:
        if one.problem and not as_json:
            click.echo(f"The {one.name} {one.problem}.")
    sys.exit(1 if any(one.problem for one in found) else 0)
