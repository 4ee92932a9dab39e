"""The files: all figures as JSON, and a page with plots that needs nothing else."""

from dataclasses import asdict
from datetime import datetime
from html import escape

from msgspec import json, structs

from bench.load.knee import Knee, tell_knee
from bench.load.plots import cpu_plot, latency_plot, online_plot, steps_plot
from bench.load.rehearsal import Outcome, Phase
from bench.load.words import per_person, table
from bench.machine import machine, versions

STYLE = "body{font:15px sans-serif;max-width:60em;margin:2em auto;padding:0 1em}pre{background:#f4f4f4;padding:1em}"


def write(outcome: Outcome, knee: Knee | None, at: datetime) -> list[str]:
    """Write both files and return where they are."""
    results = outcome.load.results
    results.mkdir(parents=True, exist_ok=True)
    file = results / f"load-{at:%Y-%m-%dT%H%M%S}.json"
    file.write_bytes(json.format(json.encode(body(outcome, knee, at)), indent=1))
    page = file.with_suffix(".html")
    page.write_text(_page(outcome, knee, at))
    return [str(file), str(page)]


def body(outcome: Outcome, knee: Knee | None, at: datetime) -> dict[str, object]:
    """Return what the file for programs holds; a phase in which the client was the bottleneck has no latencies."""
    memory, files = per_person(outcome)
    return {
        "at": at, "load": {**asdict(outcome.load), "results": str(outcome.load.results)},
        "machine": machine(), "versions": versions(),
        "phases": {phase.name: _phase(phase) for phase in outcome.phases},
        "empty": outcome.empty, "full": outcome.full, "bytes_per_person": memory, "files_per_person": files,
        "cpu": outcome.cpu, "seconds": outcome.seconds, "logged": outcome.logged,
        "knee": None if knee is None else {
            "pace": knee.pace, "held": knee.held.name, "broke": knee.broke and knee.broke.name,
            "goodput_ratio": knee.goodput_ratio, "keeps_what_it_accepts": knee.keeps_what_it_accepts,
        },
    }


def _phase(phase: Phase) -> dict[str, object]:
    record = structs.replace(phase.record, took={})
    return {
        "goals": phase.goals, "doubts": phase.doubts, "cpu": phase.cpu, "counted": phase.counted, "online": phase.online,
        "counts": record.counts, "refused": record.refused, "failed": record.failed, "faults": record.faults,
        "figures": None if phase.doubts else phase.figures,
    }


def _page(outcome: Outcome, knee: Knee | None, at: datetime) -> str:
    load, steady = outcome.load, outcome.phases[0]
    title = f"{load.people:,} people online, {load.workers} serving processes, {at:%Y-%m-%d %H:%M} UTC"
    plots = [online_plot(outcome), cpu_plot(outcome)]
    if not steady.doubts:
        plots += [latency_plot(steady), *([steps_plot(outcome)] if len(outcome.phases) > 1 else [])]
    told = [table(outcome), *([tell_knee(knee)] if knee else []), _lines(machine()), _lines(versions())]
    parts = [f"<pre>{escape(text)}</pre>" for text in told] + [f"<figure>{plot}</figure>" for plot in plots]
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title><style>{STYLE}</style>"
    return f"{head}<h1>{escape(title)}</h1>{''.join(parts)}</html>"


def _lines(facts: dict[str, object] | dict[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in facts.items())
