"""The committed figures that later runs are compared with."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import Struct, field, json

from bench.comparison import Change, Figure, compare
from bench.machine import machine, versions
from bench.measurement import Metric
from bench.runner import Outcome

FILE: Final = Path(__file__).with_name("baseline.json")


class Known(Struct):
    """What a run found of a metric: our own value, the reference's, and the ratio of the two, each by its rounds."""

    ours: Figure | None
    reference: Figure | None = None
    ratio: Figure | None = None


class Baseline(Struct):
    """Figures by measurement and metric, and where and with what they were measured last."""

    at: datetime | None = None
    machine: dict[str, object] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    measurements: dict[str, dict[str, Known]] = field(default_factory=dict)

    def change(self, outcome: Outcome, metric: Metric) -> Change | None:
        """Return what has become of a metric; None if it cannot be compared.

        A ratio to the bare reference is compared on every machine, our own value on the same machine alone.
        """
        then, now = self.measurements.get(outcome.measurement.name, {}).get(metric.key), known(outcome, metric)
        if then is None:
            return None
        if metric.compared == "ratio" and now.ratio is not None and then.ratio is not None:
            return compare(now.ratio, then.ratio, metric.better)
        if now.ours is None or then.ours is None or not self._is_from_here():
            return None
        return compare(now.ours, then.ours, metric.better)

    def _is_from_here(self) -> bool:
        here = machine()
        return all(self.machine.get(key) == here[key] for key in ("processor", "cores"))


def known(outcome: Outcome, metric: Metric) -> Known:
    """Return what this run found of a metric."""
    ratio = Figure.of(outcome.ratios(metric))
    return Known(Figure.of(outcome.values("ours", metric)), Figure.of(outcome.values("reference", metric)), ratio)


def read(file: Path = FILE) -> Baseline:
    """Return the baseline; an empty one if there is none."""
    return json.decode(file.read_bytes(), type=Baseline) if file.exists() else Baseline()


def save(outcomes: Iterable[Outcome], at: datetime, file: Path = FILE) -> None:
    """Put these outcomes in place of what is known of their measurements; on another machine, in place of everything."""
    before = read(file)
    kept: Mapping[str, dict[str, Known]] = before.measurements if before.machine == machine() else {}
    measured = {
        outcome.measurement.name: {metric.key: known(outcome, metric) for metric in outcome.measurement.metrics}
        for outcome in outcomes
    }
    after = Baseline(at, machine(), versions(), {**kept, **measured})
    file.write_bytes(json.format(json.encode(after), indent=1) + b"\n")
