"""The table for people and the file for programs."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import json

from bench.baseline import Baseline
from bench.comparison import Change, Figure
from bench.machine import machine, versions
from bench.measurement import Metric
from bench.runner import Outcome

RESULTS = Path(__file__).with_name("results")
_TITLE: Final = 52
HEAD: Final = f"{'':<{_TITLE + 2}}{'ours':>9}{'reference':>11}{'ratio':>8}{'± 1 σ':>8}  {'since the baseline':<26}goal"


def rows(outcome: Outcome, baseline: Baseline) -> str:
    """Return the measurement's part of the table."""
    rounds = max(map(len, outcome.samples.values()))
    lines = [f"{outcome.measurement.name}: {outcome.measurement.title} ({rounds} rounds, {outcome.seconds:.0f} s)"]
    if "ours" in outcome.samples:
        lines += [_line(outcome, metric, baseline.change(outcome, metric)) for metric in outcome.measurement.metrics]
    else:
        lines += _columns(outcome)
    return "\n".join([*lines, *(f"  ! {warning}" for warning in outcome.warnings())])


def summary(outcomes: Sequence[Outcome], baseline: Baseline) -> str:
    """Return which goals were missed, and what has changed since the baseline and what has not."""
    found = [(outcome, metric) for outcome in outcomes if "ours" in outcome.samples for metric in outcome.measurement.metrics]
    judged = [(_named(*one), met) for one in found for *_, met in _bounds(*one)]
    missed = dict.fromkeys(name for name, met in judged if not met)
    kept = sum(met for _, met in judged)
    lines = [f"Goals: {kept} of {len(judged)} met; missed: {', '.join(missed) or 'none'}."] if judged else []
    changes = [(outcome, metric, change) for outcome, metric in found if (change := baseline.change(outcome, metric)) is not None]
    if baseline.at is None or not changes:
        return "\n".join([*lines, "There is no baseline to compare with (--save-baseline makes one)."])
    lines.append(f"Since the baseline of {baseline.at:%Y-%m-%d %H:%M} ({baseline.versions.get('commit', '?')}):")
    for verdict in ("worse", "better"):
        of_these = [each for each in changes if each[2].verdict == verdict]
        told = [f"  {_named(outcome, metric)}: {tell(change)}" for outcome, metric, change in of_these]
        lines += told or [f"  nothing is {verdict}"]
    same = sum(change.verdict == "same" for _, _, change in changes)
    return "\n".join([*lines, f"  no change beyond the noise: {same} of {len(changes)} figures"])


def tell(change: Change | None) -> str:
    """Return a change in words."""
    if change is None:
        return "–"
    if change.verdict == "unknown":
        return f"{change.by:+.0%}, noise unknown"
    if change.verdict == "same":
        return f"same ({change.by:+.0%} of ±{change.noise:.0%})"
    return f"{change.by:+.0%} {change.verdict} (±{change.noise:.0%})"


def write(outcomes: Sequence[Outcome], at: datetime, settings: Mapping[str, object]) -> Path:
    """Write the results with all samples; return the file."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{at:%Y-%m-%dT%H%M%S}.json"
    body = {
        "at": at, "settings": settings, "machine": machine(), "versions": versions(),
        "measurements": {outcome.measurement.name: _body(outcome) for outcome in outcomes},
    }
    file.write_bytes(json.format(json.encode(body), indent=1))
    return file


def _line(outcome: Outcome, metric: Metric, change: Change | None) -> str:
    ours, reference = outcome.median("ours", metric), outcome.median("reference", metric)
    ratio, of_rounds = _ratio(outcome, metric), Figure.of(outcome.ratios(metric)) or Figure.of(outcome.values("ours", metric))
    noise = "–" if of_rounds is None or of_rounds.rounds < 2 else f"{of_rounds.spread:.0%}"
    told = f"  {_titled(metric):<{_TITLE}}{_number(ours):>9}{_number(reference):>11}{_number(ratio):>8}{noise:>8}"
    return f"{told}  {tell(change):<26}{_goals(outcome, metric)}".rstrip()


def _columns(outcome: Outcome) -> Iterable[str]:
    """Yield a table with a column for each side, and the last as a multiple of the first."""
    sides = list(outcome.samples)
    yield f"{'':<{_TITLE + 2}}" + "".join(f"{side:>14}" for side in sides) + f"{'last / first':>15}"
    for metric in outcome.measurement.metrics:
        values = [outcome.median(side, metric) for side in sides]
        first, last = values[0], values[-1]
        factor = last / first if first and last is not None else None
        cells = "".join(f"{_number(value):>14}" for value in values)
        yield f"  {_titled(metric):<{_TITLE}}{cells}{_number(factor):>14}×"


def _named(outcome: Outcome, metric: Metric) -> str:
    return f"{outcome.measurement.name} ({metric.title})"


def _titled(metric: Metric) -> str:
    return f"{metric.title}, {metric.unit}" if metric.unit[0] != "/" else f"{metric.title}{metric.unit}"


def _ratio(outcome: Outcome, metric: Metric) -> float | None:
    ours, reference = outcome.median("ours", metric), outcome.median("reference", metric)
    return ours / reference if ours is not None and reference else None


def _bounds(outcome: Outcome, metric: Metric) -> Iterable[tuple[float, str, bool]]:
    """Yield each bound that can be judged, its unit, and whether it was kept."""
    for bound, value, unit in (
        (metric.goal, _ratio(outcome, metric), "×"), (metric.limit, outcome.median("ours", metric), f" {metric.unit}"),
    ):
        if bound is not None and value is not None:
            yield bound, unit, value <= bound if metric.better == "lower" else value >= bound


def _goals(outcome: Outcome, metric: Metric) -> str:
    sign = "≤" if metric.better == "lower" else "≥"
    return "  ".join(f"{sign} {bound:g}{unit} {'met' if met else 'MISSED'}" for bound, unit, met in _bounds(outcome, metric))


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _body(outcome: Outcome) -> dict[str, object]:
    return {
        "title": outcome.measurement.title,
        "metrics": {
            metric.key: {
                "title": metric.title, "unit": metric.unit, "goal": metric.goal, "limit": metric.limit,
                "medians": {side: outcome.median(side, metric) for side in outcome.samples}, "ratios": outcome.ratios(metric),
            }
            for metric in outcome.measurement.metrics
        },
        "seconds": outcome.seconds,
        "samples": outcome.samples,
        "warnings": outcome.warnings(),
    }
