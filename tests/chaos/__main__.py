"""`python -m tests.chaos`: have everything go wrong for some minutes, and tell whether anybody noticed."""

import argparse
import secrets
import sys
from pathlib import Path

import uvloop

from tests.chaos.checker import violations
from tests.chaos.plan import Plan
from tests.chaos.rehearsal import rehearse
from tests.chaos.report import keep_if_wrong, summary
from tests.support.load_balancers import installed

_SHOWN = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--streams", type=int, default=200, help="conversations at once")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--seed", type=int, default=None, help="what goes wrong, and when (default: anything)")
    parser.add_argument("--forgetful", action="store_true", help="a Valkey that keeps nothing on disk")
    parser.add_argument("--keep", type=Path, default=Path(".onelast/chaos"), help="where the history of a failure goes")
    given = parser.parse_args()
    if not installed("haproxy"):
        parser.error("HAProxy is not installed; on Debian: apt-get install haproxy")
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    return run(Plan(given.minutes * 60, given.streams, given.nodes, seed, given.forgetful), given.keep)


def run(plan: Plan, folder: Path) -> int:
    print(f"chaos with seed {plan.seed} for {plan.seconds:.0f} s …", flush=True)
    history, logs = uvloop.run(rehearse(plan))
    wrong = violations(history)
    print("\n".join(summary(plan, history)))
    if not wrong:
        print("nothing is wrong with the history")
        return 0
    place = keep_if_wrong(folder, plan, history, logs, wrong)
    print(f"{len(wrong)} things are wrong (seed {plan.seed}, history in {place}):")
    print("\n".join(wrong[:_SHOWN]))
    return 1


if __name__ == "__main__":
    sys.exit(main())
