"""`make soak`."""

import sys

from adapters.embedded.folder import EmbeddedProblem
from bench.load.crowds import CrowdLost
from bench.load.files import TooFewFiles
from bench.soak.drive import drive
from bench.soak.options import read_options
from bench.wire import WrongAnswer
from entrypoints.cli.running import run_until_signal


def main() -> None:
    asked, status = read_options(), 130

    async def run() -> None:
        nonlocal status
        status = await drive(asked)

    try:
        run_until_signal(run())
    except (WrongAnswer, EmbeddedProblem, CrowdLost, TooFewFiles) as problem:
        print("The soak came to nothing:", problem, *getattr(problem, "__notes__", ()), sep="\n", file=sys.stderr)
        status = 2
    sys.exit(status)


if __name__ == "__main__":
    main()
