"""The committed baseline: what it keeps, and what it can be compared with."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import json

from bench.baseline import Baseline, read, save
from bench.measurement import Metric, Sample, Side
from bench.report import rows, summary
from bench.runner import Outcome
from bench.stage import Stage

NOW = datetime(2026, 11, 30, tzinfo=UTC)
CPU = Metric("cpu", "CPU per request", "µs", goal=2.0)
OWN = Metric("own", "beside ourselves", "µs", compared="value")


class Reading:
    """A measurement that is only looked at."""

    title = "something is read"

    def __init__(self, name: str = "reading", *metrics: Metric) -> None:
        self.name, self.metrics = name, metrics or (CPU,)

    @asynccontextmanager
    async def sides(self, stage: Stage) -> AsyncIterator[Mapping[str, Side]]:
        yield {}


def outcome(ours: float, reference: float | None, name: str = "reading", metric: Metric = CPU) -> Outcome:
    """Return five rounds whose values differ a little."""
    near = (0.99, 1.0, 1.01, 1.0, 1.0)
    samples = {"ours": [Sample({metric.key: ours * factor}) for factor in near]}
    if reference is not None:
        samples["reference"] = [Sample({metric.key: reference}) for _ in near]
    return Outcome(Reading(name, metric), samples)


def kept(tmp_path: Path, *outcomes: Outcome) -> Baseline:
    save(outcomes, NOW, tmp_path / "baseline.json")
    return read(tmp_path / "baseline.json")


def elsewhere(baseline: Baseline) -> Baseline:
    baseline.machine["processor"] = "another"
    return baseline


def test_a_ratio_is_compared_with_the_ratio_so_a_slower_moment_of_the_machine_is_no_change(tmp_path: Path) -> None:
    change = kept(tmp_path, outcome(40, 20)).change(outcome(80, 40), CPU)

    assert change is not None
    assert (change.verdict, change.by) == ("same", 0.0)


def test_a_ratio_is_compared_on_another_machine_too(tmp_path: Path) -> None:
    change = elsewhere(kept(tmp_path, outcome(40, 20))).change(outcome(60, 20), CPU)

    assert change is not None
    assert change.verdict == "worse"


def test_a_value_without_a_reference_is_compared_on_the_same_machine_only(tmp_path: Path) -> None:
    change = kept(tmp_path, outcome(40, None)).change(outcome(60, None), CPU)

    assert change is not None
    assert change.verdict == "worse"
    assert elsewhere(kept(tmp_path, outcome(40, None))).change(outcome(60, None), CPU) is None


def test_where_the_reference_is_ours_as_well_our_value_is_compared_for_both_could_have_become_worse(tmp_path: Path) -> None:
    change = kept(tmp_path, outcome(40, 20, metric=OWN)).change(outcome(80, 40, metric=OWN), OWN)

    assert change is not None
    assert change.verdict == "worse"


def test_what_is_new_is_compared_with_nothing(tmp_path: Path) -> None:
    assert kept(tmp_path, outcome(40, 20)).change(outcome(40, 20, name="newer"), CPU) is None
    assert read(tmp_path / "none.json").change(outcome(40, 20), CPU) is None


def test_saving_some_measurements_keeps_the_others(tmp_path: Path) -> None:
    kept(tmp_path, outcome(40, 20), outcome(7, 5, name="writing"))

    after = kept(tmp_path, outcome(50, 20))

    assert sorted(after.measurements) == ["reading", "writing"]
    ratio = after.measurements["reading"]["cpu"].ratio
    assert ratio is not None
    assert (ratio.value, ratio.rounds) == (2.5, 5)


def test_saving_on_another_machine_keeps_nothing_that_was_measured_elsewhere(tmp_path: Path) -> None:
    before, file = elsewhere(kept(tmp_path, outcome(40, 20))), tmp_path / "baseline.json"
    file.write_bytes(json.encode(before))

    after = kept(tmp_path, outcome(7, 5, name="writing"))

    assert sorted(after.measurements) == ["writing"]


def test_the_table_shows_both_values_their_ratio_the_noise_the_change_and_the_goal(tmp_path: Path) -> None:
    title, line = rows(outcome(60, 20), kept(tmp_path, outcome(40, 20))).splitlines()

    assert title == "reading: something is read (5 rounds, 0 s)"
    assert " ".join(line.split()) == "CPU per request, µs 60.0 20.0 3.00 0% +50% worse (±5%) ≤ 2× MISSED"


def test_the_summary_names_missed_goals_and_changes_and_counts_what_did_not_change(tmp_path: Path) -> None:
    before = kept(tmp_path, outcome(40, 20), outcome(40, 20, name="writing"), outcome(40, 20, name="listing"))

    told = summary([outcome(60, 20), outcome(20, 20, name="writing"), outcome(40, 20, name="listing")], before)

    assert "2 of 3 met; missed: reading (CPU per request)." in told
    assert "  reading (CPU per request): +50% worse (±5%)" in told
    assert "  writing (CPU per request): -50% better (±5%)" in told
    assert "no change beyond the noise: 1 of 3 figures" in told


def test_sides_of_other_names_are_columns_and_the_last_is_told_as_a_multiple_of_the_first() -> None:
    sides = Outcome(Reading(), {size: [Sample({"cpu": cpu})] for size, cpu in (("50", 10.0), ("5,000", 12.0), ("50,000", 25.0))})

    _, head, line = rows(sides, Baseline()).splitlines()

    assert head.split() == ["50", "5,000", "50,000", "last", "/", "first"]
    assert line.split() == ["CPU", "per", "request,", "µs", "10.0", "12.0", "25.0", "2.50×"]
