"""The one shape of all measurements."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from bench.cpu import Usage
from bench.stage import Stage


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a measurement; a goal is a bound on the ratio to the reference, a `limit` one on our own value.

    `compared` tells what a later run is held against: the ratio, or our own value where the reference is ours as well.
    """

    key: str
    title: str
    unit: str
    better: Literal["lower", "higher"] = "lower"
    goal: float | None = None
    limit: float | None = None
    compared: Literal["ratio", "value"] = "ratio"


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one side: a value for each metric's key (the reference may lack some), and what a load took."""

    values: Mapping[str, float]
    usage: Usage | None = None


Side = Callable[[], Awaitable[Sample]]


class Measurement(Protocol):
    """Something measured: `sides` holds the servers it needs and gives one sampler per side.

    The sides are "ours" and mostly "reference"; or any others, which are shown in columns, the last beside the first.
    """

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        ...

    @property
    def title(self) -> str:
        """What is done, in one line."""
        ...

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The figures, in the order in which they are shown."""
        ...

    def sides(self, stage: Stage) -> AbstractAsyncContextManager[Mapping[str, Side]]:
        """Prepare all sides; the samplers are then called in turn, first once each to warm up."""
        ...
