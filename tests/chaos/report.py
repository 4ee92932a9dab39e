"""What a run of chaos has to say."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.chaos.history import History
from tests.chaos.plan import Plan

_LOSSES = ("kill", "freeze")


def summary(plan: Plan, history: History) -> Iterator[str]:
    """Yield lines: what was done, and how long the takeovers were."""
    faults = Counter(fault.split()[0] for _, fault in history.faults)
    statuses, attempts = Counter(run.status for run in history.runs), Counter(run.attempt for run in history.runs)
    events = sum(len(viewing.events) for viewing in history.viewings)
    reconnections = sum(max(0, len([one for one in v.connections if one.startswith("http")]) - 1) for v in history.viewings)
    yield f"seed {plan.seed}, {plan.nodes} nodes, {plan.streams} conversations, {plan.seconds:.0f} s"
    yield f"faults: {_counted(faults)}"
    yield f"messages: {len(history.said)}; runs: {_counted(statuses)}; by attempts: {_counted(attempts)}"
    yield f"viewers: {len(history.viewings)}; events seen: {events}; reconnections: {reconnections}"
    yield f"takeover, from the loss of a node to the next attempt on a viewer's screen: {_spread(takeovers(history))}"
    yield f"pause of those viewers: {_spread(pauses(history))}"


def takeovers(history: History) -> list[float]:
    """Return for each reply that lost its node how many seconds after a loss the next attempt was seen first."""
    losses = [at for at, fault in history.faults if fault.startswith(_LOSSES)]
    seen: dict[tuple[str, int | None], float] = {}
    for viewing in history.viewings:
        for event in viewing.events:
            if event.kind == "attempt" and event.reason == "node_lost":
                key = (viewing.run_id, event.attempt)
                seen[key] = min(event.at, seen.get(key, event.at))
    return sorted(at - max(lost for lost in losses if lost < at) for at in seen.values() if any(lost < at for lost in losses))


def pauses(history: History) -> list[float]:
    """Return how long viewers who were there before saw nothing until the next attempt."""
    return sorted(
        later.at - earlier.at for viewing in history.viewings for earlier, later in pairwise(viewing.events)
        if later.kind == "attempt" and later.reason == "node_lost"
    )


def keep_if_wrong(place: Path, plan: Plan, history: History, logs: Mapping[str, str], wrong: Sequence[str]) -> Path:
    """Write the history and the logs of a failure into a folder named by the seed, and return it."""
    folder = place / f"seed-{plan.seed}"
    if wrong:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, plan, history, logs, wrong)
    return folder


def _write(folder: Path, plan: Plan, history: History, logs: Mapping[str, str], wrong: Sequence[str]) -> None:
    (folder / "violations.txt").write_text("\n".join([f"seed {plan.seed}", *wrong]) + "\n")
    for name in ("said", "viewings", "runs", "messages"):
        lines = [json.dumps(asdict(row), ensure_ascii=False) for row in getattr(history, name)]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "faults.txt").write_text("".join(f"{at:.3f} {fault}\n" for at, fault in history.faults))
    for name, log in logs.items():
        (folder / f"{name}.log").write_text(log)


def _counted(counts: Counter[Any]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items(), key=lambda item: str(item[0]))) or "none"


def _spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none"
    middle, high = seconds[len(seconds) // 2], seconds[len(seconds) * 95 // 100]
    return f"{len(seconds)}, median {middle:.2f} s, 95 % {high:.2f} s, longest {seconds[-1]:.2f} s"
