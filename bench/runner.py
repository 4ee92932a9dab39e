"""Runs any measurement: a warm-up, then rounds in which the sides take turns, and what came of it."""

from dataclasses import dataclass
from statistics import median

from bench.cpu import Usage
from bench.measurement import Measurement, Metric, Sample
from bench.stage import Stage

_FULL = 0.9


@dataclass(frozen=True, slots=True)
class Outcome:
    """The samples of each side, round by round."""

    measurement: Measurement
    samples: dict[str, list[Sample]]

    def median(self, side: str, metric: Metric) -> float | None:
        """Return a side's median; None if the measurement has no such side, or the side no such figure."""
        values = [sample.values[metric.key] for sample in self.samples.get(side, ()) if metric.key in sample.values]
        return median(values) if values else None

    def ratios(self, metric: Metric) -> list[float]:
        """Return ours to the reference, round by round; nothing without a reference."""
        pairs = zip(self.samples["ours"], self.samples.get("reference", ()), strict=False)
        return [
            ours.values[metric.key] / reference.values[metric.key] for ours, reference in pairs if metric.key in reference.values
        ]

    def warnings(self) -> list[str]:
        """Return what makes the figures doubtful."""
        return [
            f"{self.measurement.name}, {side}: {sentence}"
            for side, samples in self.samples.items()
            for sentence in _doubts([sample.usage for sample in samples if sample.usage is not None])
        ]


async def measure(measurement: Measurement, stage: Stage, rounds: int) -> Outcome:
    """Return the outcome; what goes wrong in any round is raised."""
    async with measurement.sides(stage) as sides:
        for sample in sides.values():
            await sample()
        taken: dict[str, list[Sample]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, sample in sides.items():
                taken[name].append(await sample())
    return Outcome(measurement, taken)


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
