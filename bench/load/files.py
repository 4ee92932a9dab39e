"""Open files: every connection takes one at each end, and a balancer takes two."""

import resource
from math import ceil

from bench.load.options import Load

# Beside the people's connections: libraries, pools, upstream connections, and what comes back before the old is gone.
_BESIDE = 1_000


class TooFewFiles(Exception):
    """The limit of open files is too low; the message tells what to set, and what the present one is good for."""


def raise_limit(load: Load) -> int:
    """Raise the limit as far as it may go, for the servers too, and return it; TooFewFiles if that does not do."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _beyond(needed(load), most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most < needed(load):
        raise TooFewFiles(
            f"{load.people} people need {needed(load)} open files in one process, and the hard limit is {most}: run"
            f" `ulimit -Hn {needed(load)}` as root first (in a unit of systemd LimitNOFILE={needed(load)}, in Docker --ulimit"
            f" nofile={needed(load)}), or ask for at most {enough_for(load, most)} people, for whom the present limit does."
        )
    return most


def needed(load: Load) -> int:
    """Return how many files the fullest process has open."""
    return ceil(_each(load) * load.people) + _BESIDE


def enough_for(load: Load, limit: int) -> int:
    """Return for how many people this limit does."""
    return max(0, int((limit - _BESIDE) / _each(load)))


def _each(load: Load) -> float:
    """Return the files that a person takes in the fullest process: a balancer has both ends, and the kernel spreads unevenly."""
    return 2.0 if load.balancer != "none" else max(1.2 / load.workers, 1 / load.client_processes)


def _beyond(wanted: int, most: int) -> int:
    """Return the hard limit, raised where this process may raise it."""
    if wanted <= most:
        return most
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except (ValueError, OSError):
        return most
    return wanted
