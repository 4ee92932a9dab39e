"""What was asked for on the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.report import RESULTS

_ABOUT = """`make load`: thousands of people online against real servers, on this machine: are they served as they should be?

Half of them hold a connection over which event streams come, half a realtime socket; each talks every 30 to 60 seconds in a
session with a history, reads a list and a page in between, and now and then loses the connection in the middle of a reply.
Ends with 0 if all goals are met, 1 if one is missed, 2 if the figures cannot be trusted or the load could not be put on.
"""


@dataclass(frozen=True, slots=True)
class Load:
    """People, minutes at full number, serving processes, and what stands before them ("haproxy", "nginx" or "none").

    `model` is the scripted one, `shortest` and `longest` bound the seconds between a person's messages, `dropping` is the share
    of replies in which the connection is lost, `ramp` the seconds in which people come (None: 250 a second), `clients` the
    processes of the load client (None: one, and two from 6,000 people on). With `knee` the load is then raised until a goal
    breaks, with `profile` a serving process is recorded. `cache_memory` bounds the cache of a process (None: as by default);
    `history` messages are there before the first.
    """

    people: int = 10_000
    minutes: float = 1.0
    workers: int = 2
    balancer: str = "none"
    model: str = "scripted-50-20ms"
    shortest: float = 30.0
    longest: float = 60.0
    dropping: float = 0.05
    ramp: float | None = None
    clients: int | None = None
    knee: bool = False
    profile: bool = False
    results: Path = RESULTS
    cache_memory: int | None = None
    history: int = 20

    @property
    def ramp_seconds(self) -> float:
        """The seconds in which people come."""
        return self.people / 250 if self.ramp is None else self.ramp

    @property
    def client_processes(self) -> int:
        """The processes of the load client."""
        return (2 if self.people >= 6_000 else 1) if self.clients is None else self.clients


def read_options(arguments: Sequence[str] | None = None) -> Load:
    """Return what is asked for; wrong arguments end the program."""
    plain = Load()
    parser = argparse.ArgumentParser("python -m bench.load", description=_ABOUT, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=plain.people, help=f"people online ({plain.people})")
    parser.add_argument("--minutes", type=float, default=plain.minutes, help="of steady load behind the ramp (1)")
    parser.add_argument("--workers", type=int, default=plain.workers, help="serving processes (2)")
    parser.add_argument("--balancer", choices=["haproxy", "nginx", "none"], default=plain.balancer, help="before them")
    parser.add_argument("--model", default=plain.model, help=f"the scripted model ({plain.model})")
    parser.add_argument("--shortest", type=float, default=plain.shortest, help="seconds between two messages at least (30)")
    parser.add_argument("--longest", type=float, default=plain.longest, help="seconds between two messages at most (60)")
    parser.add_argument("--dropping", type=float, default=plain.dropping, help="share of replies that are cut off (0.05)")
    parser.add_argument("--ramp", type=float, default=None, help="seconds in which people come (250 a second)")
    parser.add_argument("--clients", type=int, default=None, help="processes of the load client (1, from 6,000 people on 2)")
    parser.add_argument("--knee", action="store_true", help="then raise the load until a goal breaks, and go to twice that")
    parser.add_argument("--profile", action="store_true", help="record the serving processes with py-spy under the steady load")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for the report")
    given = Load(**vars(parser.parse_args(arguments)))
    if given.people < 2 or given.workers < 1 or given.minutes <= 0 or not 0 < given.shortest <= given.longest:
        parser.error("people: at least 2; workers: at least 1; minutes: over 0; shortest: over 0 and not over longest")
    return given
