"""Runs any measurement: a warm-up, then rounds in which the sides take turns, and what came of it."""

from dataclasses import dataclass
from math import inf
from statistics import median
from time import perf_counter

from bench.cpu import Usage
from bench.measurement import Measurement, Metric, Sample
from bench.stage import Stage

_FULL = 0.9
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """The samples of each side, round by round, and the seconds that it all took, servers' starts included."""

    measurement: Measurement
    samples: dict[str, list[Sample]]
    seconds: float = 0.0

    def values(self, side: str, metric: Metric) -> list[float]:
        """Return a side's values, round by round; none if it lacks the figure."""
        return [sample.values[metric.key] for sample in self.samples.get(side, ()) if metric.key in sample.values]

    def median(self, side: str, metric: Metric) -> float | None:
        """Return a side's median; None if the measurement has no such side, or the side no such figure."""
        values = self.values(side, metric)
        return median(values) if values else None

    def ratios(self, metric: Metric) -> list[float]:
        """Return ours to the reference, round by round; nothing without a reference."""
        pairs = zip(self.samples.get("ours", ()), self.samples.get("reference", ()), strict=False)
        return [ours.values[metric.key] / bare.values[metric.key] for ours, bare in pairs if bare.values.get(metric.key)]

    def warnings(self) -> list[str]:
        """Return what makes the figures doubtful."""
        return [
            f"{self.measurement.name}, {side}: {sentence}"
            for side, samples in self.samples.items()
            for sentence in _doubts([sample.usage for sample in samples if sample.usage is not None])
        ]


async def measure(measurement: Measurement, stage: Stage, rounds: int, seconds: float = inf) -> Outcome:
    """Return the outcome; what goes wrong in any round is raised.

    There are as many rounds as are asked for, or fewer, but three, where those took longer than `seconds`.
    """
    began = perf_counter()
    async with measurement.sides(stage) as sides:
        for sample in sides.values():
            await sample()
        taken: dict[str, list[Sample]] = {name: [] for name in sides}
        ends_at = perf_counter() + seconds
        for number in range(rounds):
            if number >= _FEWEST and perf_counter() > ends_at:
                break
            for name, sample in sides.items():
                taken[name].append(await sample())
    return Outcome(measurement, taken, perf_counter() - began)


def _doubts(usages: list[Usage]) -> list[str]:
    if not usages:
        return []
    server, client, load, others = (
        median(getattr(usage, name) for usage in usages) for name in ("server", "client", "load", "others")
    )
    found = []
    if server < _FULL and client > _FULL:
        found.append(f"the client filled its core ({client:.0%}), the server did not ({server:.0%}): the rate is the client's.")
    elif server < _FULL and load > _FULL:
        found.append(
            f"client, upstream and database filled their core ({load:.0%}) and the server did not ({server:.0%}): "
            "trust the CPU, the rate could be higher."
        )
    if others > 0.05:
        found.append(f"something else took {others:.0%} of the server's core.")
    return found
