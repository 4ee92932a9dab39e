"""The table for people and the file for programs."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from msgspec import json

from bench.machine import machine, versions
from bench.measurement import Metric
from bench.runner import Outcome

RESULTS = Path(__file__).with_name("results")
_HEAD = f"{'':<46}{'ours':>10}{'reference':>11}   {'ratio (of the rounds)':<24}goal"


def table(outcome: Outcome) -> str:
    """Return the measurement's lines."""
    lines = [f"{outcome.measurement.name}: {outcome.measurement.title}", _HEAD]
    lines += [_line(outcome, metric) for metric in outcome.measurement.metrics]
    usages = [sample.usage for sample in outcome.samples["ours"] if sample.usage is not None]
    if usages:
        middle = sorted(usages, key=lambda usage: usage.client)[len(usages) // 2]
        lines.append(f"  (cores under ours: server {middle.server:.0%}, client {middle.client:.0%}, all load {middle.load:.0%})")
    return "\n".join([*lines, *(f"  ! {warning}" for warning in outcome.warnings())])


def write(outcomes: Sequence[Outcome], at: datetime, settings: dict[str, object]) -> Path:
    """Write the results with all samples; return the file."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{at:%Y-%m-%dT%H%M%S}.json"
    body = {
        "at": at, "settings": settings, "machine": machine(), "versions": versions(),
        "measurements": {outcome.measurement.name: _body(outcome) for outcome in outcomes},
    }
    file.write_bytes(json.format(json.encode(body), indent=1))
    return file


def _line(outcome: Outcome, metric: Metric) -> str:
    ours, reference, ratios = outcome.median("ours", metric), outcome.median("reference", metric), outcome.ratios(metric)
    compared = f"{_number(ours / reference)} {_noise(ratios)}" if ours is not None and reference else "–"
    title = f"{metric.title}, {metric.unit}" if metric.unit[0] != "/" else f"{metric.title}{metric.unit}"
    ratio = ours / reference if ours is not None and reference else None
    return f"  {title:<44}{_number(ours):>10}{_number(reference):>11}   {compared:<24}{_goals(metric, ours, ratio)}"


def _goals(metric: Metric, ours: float | None, ratio: float | None) -> str:
    sign = "≤" if metric.better == "lower" else "≥"
    goals = ((metric.goal, ratio, "× "), (metric.limit, ours, f" {metric.unit} "))
    return "  ".join(
        f"{sign} {bound:g}{unit}{'met' if _meets(metric, value, bound) else 'MISSED'}"
        for bound, value, unit in goals if bound is not None and value is not None
    )


def _meets(metric: Metric, value: float, bound: float) -> bool:
    return value <= bound if metric.better == "lower" else value >= bound


def _noise(ratios: Sequence[float]) -> str:
    return f"({_number(min(ratios))} to {_number(max(ratios))})"


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
                "ours": outcome.median("ours", metric), "reference": outcome.median("reference", metric),
                "ratios": outcome.ratios(metric),
            }
            for metric in outcome.measurement.metrics
        },
        "samples": outcome.samples,
        "warnings": outcome.warnings(),
    }
