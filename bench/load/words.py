"""The report for who looks at the terminal."""

from collections.abc import Iterator

from bench.load.goals import Figures
from bench.load.knee import Knee
from bench.load.rehearsal import Outcome, Phase, whole


def table(outcome: Outcome) -> str:
    """Return the figures of the steady phase and the goals of all."""
    steady = outcome.phases[0]
    lines = [*_doubts(steady)] if steady.doubts else [*_figures(steady.figures)]
    return "\n".join([*lines, "", *_costs(outcome, steady), "", *_goals(steady)])


def verdict(outcome: Outcome, knee: Knee | None) -> tuple[list[str], bool]:
    """Return what is wrong, and whether the figures are void."""
    steady, counts = outcome.phases[0], whole(outcome).counts
    if steady.doubts:
        return ["No latencies: the load client was the bottleneck.", *steady.doubts], True
    found = [f"missed: {goal.name} {goal.reached} (goal {goal.bound})" for goal in steady.goals if not goal.met]
    if counts.get("lost", 0) or counts.get("doubled", 0) or counts.get("wrong replies", 0):
        found += ["Replies were not as they should be:", *whole(outcome).faults]
    found += [f"logged by the server: {line}" for line in outcome.logged[:3]]
    if knee is not None and not (knee.keeps_what_it_accepts and knee.goodput_ratio >= 0.9):
        found.append(f"missed: beyond the knee goodput is {knee.goodput_ratio:.2f} (goal ≥ 0.9), or goals broke there")
    return found, False


def _figures(figures: Figures) -> Iterator[str]:
    yield f"{'ms':<36}{'answers':>9}{'p50':>9}{'p95':>9}{'p99':>9}"
    for name, (count, *times) in figures.api.items():
        yield f"  {name:<34}{count:>9,}" + "".join(f"{time:>9.1f}" for time in times)
    if figures.added is not None:
        yield f"  {'added time to first word':<34}{'':>9}" + "".join(f"{time:>9.1f}" for time in figures.added)
        yield f"    (the upstream by itself: {figures.bare:.1f} ms)"
    if figures.gaps is not None:
        yield f"  {'gap between words':<34}{'':>9}{figures.gaps[0]:>9.1f}{'':>9}{figures.gaps[1]:>9.1f}"
    rates = f"{figures.messages / figures.seconds:.0f} messages/s, {figures.goodput:.0f} whole replies/s"
    events = f"{figures.events / figures.seconds:,.0f} events/s"
    yield f"  {rates}, {events}, {figures.reconnects:,} reconnects in {figures.seconds:.0f} s"
    yield f"  {figures.requests:,} requests, {figures.refused:,} refused, {figures.failed:,} failed"


def _costs(outcome: Outcome, steady: Phase) -> Iterator[str]:
    yield "CPU, share of a core: " + ", ".join(f"{name} {share:.0%}" for name, share in steady.cpu.items())
    for name, size in outcome.full.items():
        yield f"{name}: {size.pss / 1e6:.0f} MB (own {size.uss / 1e6:.0f}), {size.files:,} open files"
    memory, files = per_person(outcome)
    yield f"A person online takes {memory / 1e3:.1f} KB and {files:.2f} open files of our processes."
    yield ", ".join(f"{name}: {_short(value)}" for name, value in steady.counted.items())
    record = steady.record
    told = {**record.refused, **record.failed, **{name: number for name, number in record.counts.items() if "closed" in name}}
    yield f"Refused, failed, closed: {told or 'none'}"


def per_person(outcome: Outcome) -> tuple[float, float]:
    """Return the bytes and files of our processes that a person online takes."""
    full, empty, people = outcome.full.values(), outcome.empty.values(), outcome.load.people
    memory = sum(size.pss for size in full) - sum(size.pss for size in empty)
    return memory / people, (sum(size.files for size in full) - sum(size.files for size in empty)) / people


def _goals(phase: Phase) -> Iterator[str]:
    yield f"{'goal':<36}{'':<14}reached"
    for goal in phase.goals:
        if not phase.doubts or "p99" not in goal.name:
            yield f"  {goal.name:<34}{goal.bound.split(' (')[0]:<14}{goal.reached:<44}{'met' if goal.met else 'MISSED'}"


def _doubts(phase: Phase) -> Iterator[str]:
    yield "No latencies are told: the load client was the bottleneck, for"
    yield from (f"  {doubt}" for doubt in phase.doubts)


def _short(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} {_short(one)}" for name, one in value.items()) + "}"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)
