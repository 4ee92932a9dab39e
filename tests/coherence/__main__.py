"""`python -m tests.coherence`: have everything go wrong for some minutes, and tell whether anybody read what is too old."""

import argparse
import secrets
import sys

import uvloop

from tests.coherence.record import violations
from tests.coherence.rehearsal import Trial, rehearse
from tests.coherence.report import summary
from tests.support.load_balancers import installed

_SHOWN = 30


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.coherence", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--seed", type=int, default=None, help="what goes wrong, and when (default: anything)")
    parser.add_argument("--mild", action="store_true", help="no server and no node is lost")
    given = parser.parse_args()
    if not installed("haproxy"):
        parser.error("HAProxy is not installed; on Debian: apt-get install haproxy")
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    print(f"coherence with seed {seed} for {given.seconds:.0f} s …", flush=True)
    record = uvloop.run(rehearse(Trial(given.seconds, given.people, seed, given.mild)))
    wrong = violations(record)
    print("\n".join([*summary(record), f"{len(wrong)} violations (seed {seed})", *wrong[:_SHOWN]]))
    if wrong:
        print("\n".join(f"{at:.3f} {fault}" for at, fault in record.faults))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
