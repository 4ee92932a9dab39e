"""`onelast check`: whether everything that is stored agrees."""

import asyncio
import sys

import click

from application.consistency.check_consistency import Report
from entrypoints.cli.findings import Document, Sentences, Teller
from entrypoints.ioc.consistency import CheckOptions, check_consistency
from entrypoints.settings import read_settings


@click.command()
@click.option("--repair", is_flag=True, help="Mend what is safe to mend; the rest is only told.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of sentences.")
@click.option("--shard", "shards", type=click.IntRange(0), multiple=True, help="Only this shard; may be given again.")
@click.option("--batch", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="Rows read at once.")
@click.option("--pause", type=click.FloatRange(0, 60), default=0.0, show_default=True, help="Seconds of rest after each batch.")
@click.option("--deep", is_flag=True, help="Also look into the indexes, with PostgreSQL's extension amcheck.")
@click.option("--at-rest", is_flag=True, help="Nothing serves here, as after a restore: events that wait are no fault.")
def check(
    repair: bool, as_json: bool, shards: tuple[int, ...], batch: int, pause: float, deep: bool, at_rest: bool
) -> None:
    """Look for rows that contradict each other, while they are in use; exit with 1 if a fault is left."""
    options = CheckOptions(shards, batch, pause, repair, deep, at_rest)
    report = asyncio.run(_check(options, Document() if as_json else Sentences()))
    sys.exit(0 if report.clean else 1)


async def _check(options: CheckOptions, teller: Teller) -> Report:
    settings, report = read_settings(), None
    teller.begin()
    try:
        report = await check_consistency(settings, options, teller.tell)
        return report
    finally:
        teller.end(report)
