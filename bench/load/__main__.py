"""`make load`."""

import sys

from adapters.embedded.folder import EmbeddedProblem
from bench.load.crowds import CrowdLost
from bench.load.drive import drive
from bench.load.files import TooFewFiles
from bench.load.options import read_options
from bench.wire import WrongAnswer
from entrypoints.cli.running import run_until_signal


def main() -> None:
    load, status = read_options(), 130

    async def run() -> None:
        nonlocal status
        status = await drive(load)

    try:
        run_until_signal(run())
    except (WrongAnswer, EmbeddedProblem, CrowdLost, TooFewFiles) as problem:
        print("The load could not be put on:", problem, *getattr(problem, "__notes__", ()), sep="\n", file=sys.stderr)
        status = 2
    sys.exit(status)


if __name__ == "__main__":
    main()
