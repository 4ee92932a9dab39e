"""What a run of chaos is to be like."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """`streams` conversations at once on `nodes` nodes, with faults for `seconds`; the seed decides what goes wrong.

    A `forgetful` Valkey keeps nothing on disk, so that each restart loses all run logs.
    """

    seconds: float = 120.0
    streams: int = 200
    nodes: int = 3
    seed: int = 0
    forgetful: bool = False
