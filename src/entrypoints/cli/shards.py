"""`onelast shards`: what lives where, and moving it while it is in use."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import click
import msgspec

from entrypoints.cli.copying import CopyBar
from entrypoints.cli.running import run_until_signal
from entrypoints.cli.shard_words import about_balance, about_status
from entrypoints.ioc import moving, shard_growth, shard_status
from entrypoints.ioc.located import located
from entrypoints.ioc.moving import Batching, MoveStopped, Watch
from entrypoints.settings import Settings, read_settings

_INTERRUPTED: Final = 130
_MOST_AT_ONCE: Final = 512


class Buckets(click.ParamType[tuple[int, ...]]):
    """Buckets as `7`, `0-63` or `0-63,77`."""

    name = "buckets"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Return the buckets, in order."""
        found: set[int] = set()
        for part in value.split(","):
            first, dash, last = part.partition("-")
            if not first.isdecimal() or (dash and not last.isdecimal()):
                self.fail(f"{part!r} is no bucket and no range of buckets like 0-63.", param, ctx)
            found |= set(range(int(first), int(last if dash else first) + 1))
        if not found or max(found) > 4095:
            self.fail(f"{value!r}: buckets are numbered 0 to 4095.", param, ctx)
        return tuple(sorted(found))


_batch = click.option(
    "--batch", type=click.IntRange(1, _MOST_AT_ONCE), default=64, show_default=True, help="Buckets that move at once."
)
_rate = click.option("--rate", type=click.FloatRange(0.001), help="Megabytes a second on the average, by rests between batches.")
_json = click.option("--json", "as_json", is_flag=True, help="Print a JSON document instead of a table.")


@click.group()
def shards() -> None:
    """Look at the shards, and move buckets of users between them while they are in use."""


@shards.command()
@_json
def status(as_json: bool) -> None:
    """Show each shard's buckets, rows and nodes, and the move that is open."""
    found = asyncio.run(shard_status.read_shards(_settings()))
    _print(found, about_status(found), as_json=as_json)


@shards.command()
def add() -> None:
    """Prepare the shards that were appended to ONELAST_SHARD_DSNS: migrate them, and tell which nodes do not know them."""
    asyncio.run(shard_growth.add_shards(_settings(), click.echo))


@shards.command()
@click.argument("buckets", type=Buckets())
@click.option("--to", "target", type=click.IntRange(0), required=True, help="The shard they go to.")
@_batch
@_rate
def move(buckets: tuple[int, ...], target: int, batch: int, rate: float | None) -> None:
    """Move BUCKETS (0-63,77) to a shard. Ctrl-C stops at the next safe point; `resume` goes on."""
    settings = _settings()

    async def work(watch: Watch) -> None:
        plan = await moving.holders_of(settings, buckets, target)
        await moving.relocate(settings, plan, Batching(batch, rate), watch)

    _carry_out(work)


@shards.command()
@click.option("--dry-run", is_flag=True, help="Show the plan and move nothing.")
@click.option("--by", type=click.Choice(["bytes", "rows"]), default="bytes", show_default=True, help="What is to be even.")
@_batch
@_rate
@_json
def rebalance(dry_run: bool, by: shard_status.Measure, batch: int, rate: float | None, as_json: bool) -> None:
    """Make the shards even with the fewest moves."""
    settings = _settings()
    balance = asyncio.run(shard_status.plan_balance(settings, by))
    _print(balance, about_balance(balance), as_json=as_json)
    if balance.plan and not dry_run:
        _carry_out(lambda watch: moving.relocate(settings, balance.plan, Batching(batch, rate), watch))


@shards.command()
def verify() -> None:
    """Compare what is stored with the shard map, and look for what moves have left; exit with 1 if anything is wrong."""
    wrong = asyncio.run(shard_status.contradictions(_settings()))
    for sentence in wrong or ["Rows, fences and the shard map agree."]:
        click.echo(sentence)
    sys.exit(1 if wrong else 0)


@shards.command()
@click.option("--accept-gone", is_flag=True, help="Sessions that are missing after an interruption were deleted by their owners.")
def resume(accept_gone: bool) -> None:
    """Go on with the open move, whatever it was interrupted by."""
    settings = _settings()
    _carry_out(lambda watch: moving.resume(settings, watch, accept_gone=accept_gone))


@shards.command()
def abort() -> None:
    """Take the open move back; not possible any more once its buckets live on the other shard."""
    settings = _settings()
    _carry_out(lambda watch: moving.abort(settings, watch))


@shards.command()
@click.argument("user_id")
@click.option("--to", "target", type=click.IntRange(0), required=True, help="The shard of choice.")
def pin(user_id: str, target: int) -> None:
    """Let a user who has nothing stored yet live on a shard of choice (ONELAST_SHARD_ROUTING=directory)."""
    asyncio.run(shard_growth.pin(_settings(), user_id, target, click.echo))


def _settings() -> Settings:
    settings = located(read_settings())
    settings.require_catalog()
    return settings


def _print(document: object, lines: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(document)).decode())
    else:
        click.echo("\n".join(lines))


def _carry_out(work: Callable[[Watch], Coroutine[Any, Any, None]]) -> None:
    """Do it to its end; a first signal stops it at the next safe point, a second one at once."""
    stopped: list[MoveStopped] = []

    async def watched() -> None:
        bar = CopyBar()
        watch = Watch(bar.tell, bar.copied)
        working = asyncio.create_task(work(watch))
        try:
            await asyncio.shield(working)
        except asyncio.CancelledError:
            bar.tell("Stopping at the next safe point; a second signal ends it at once.")
            watch.stop.set()
            await _ended(working, stopped)
        except MoveStopped as stop:
            stopped.append(stop)

    run_until_signal(watched())
    if stopped:
        click.echo(str(stopped[0]), err=True)
        sys.exit(_INTERRUPTED)


async def _ended(working: "asyncio.Task[None]", stopped: list[MoveStopped]) -> None:
    try:
        await working
    except MoveStopped as stop:
        stopped.append(stop)
