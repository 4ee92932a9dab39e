"""`make drill`: lose a database server with all its data under constant writes, bring it back, and measure what that cost.

A real PostgreSQL with durable commits is filled, backed up, written to and shipped as a worker does it. Then it is killed with
all its processes, its data folder is removed, and `onelast backup restore` with a start of the server brings it back.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.embedded.folder import EmbeddedProblem
from bench.drill.loss import Loss, lose_and_restore
from bench.drill.report import table
from domain.backups.problems import BackupProblem
from entrypoints.cli.running import run_until_signal


def main() -> None:
    given = _parse()
    logging.basicConfig(level=logging.ERROR)
    try:
        run_until_signal(_drill(given.messages, given.seconds, given.folder))
    except (BackupProblem, EmbeddedProblem) as problem:
        print("The drill is void:", problem, file=sys.stderr)
        sys.exit(1)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench.drill", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--messages", type=_numbers, default=[20_000, 400_000, 1_600_000], help="sizes (20000,400000,1600000)")
    parser.add_argument("--seconds", type=float, default=12.0, help="how long is written before the loss (12)")
    parser.add_argument("--folder", type=Path, default=None, help="where there is room for some gigabytes (the temporary folder)")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(item) for item in text.split(",")]


async def _drill(sizes: Sequence[int], seconds: float, folder: Path | None) -> None:
    losses: list[Loss] = []
    for messages in sizes:
        print(f"{messages:,} messages: filling, backing up, writing, losing, restoring …", flush=True)
        with TemporaryDirectory(prefix="onelast-loss-", dir=folder) as place:
            losses.append(await lose_and_restore(Path(place), messages, seconds))
        await asyncio.sleep(0)
    print(table(losses))


main()
