"""The files: all samples and verdicts as JSON, and a page with plots that needs nothing else."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape

from msgspec import json

from bench.load.report import STYLE
from bench.machine import machine, versions
from bench.soak.judging import Verdict
from bench.soak.options import Soak
from bench.soak.period import Period
from bench.soak.plots import plots
from bench.soak.series import Book


@dataclass(frozen=True, slots=True)
class Findings:
    """All that came of it."""

    soak: Soak
    at: datetime
    book: Book
    period: Period
    verdicts: Sequence[Verdict]
    problems: Sequence[str]
    doubts: Sequence[str]
    counts: dict[str, int]
    failed: dict[str, int]


def write(found: Findings, told: str) -> list[str]:
    """Write both files and return where they are."""
    results = found.soak.results
    results.mkdir(parents=True, exist_ok=True)
    file = results / f"soak-{found.at:%Y-%m-%dT%H%M%S}.json"
    file.write_bytes(json.format(json.encode(_body(found)), indent=1))
    page = file.with_suffix(".html")
    page.write_text(_page(found, told))
    return [str(file), str(page)]


def _body(found: Findings) -> dict[str, object]:
    return {
        "at": found.at, "soak": {**asdict(found.soak), "results": str(found.soak.results)},
        "machine": machine(), "versions": versions(), "period": found.period, "problems": found.problems, "doubts": found.doubts,
        "verdicts": [{**asdict(one), "is_level": one.is_level} for one in found.verdicts],
        "counts": found.counts, "failed": found.failed,
        "series": {kind: dict(found.book.of(kind)) for kind in found.book.kinds()},
    }


def _page(found: Findings, told: str) -> str:
    soak = found.soak
    title = f"Soak: {soak.people:,} people for {soak.minutes:g} minutes, {found.at:%Y-%m-%d %H:%M} UTC"
    facts = "\n".join(f"{name}: {value}" for name, value in {**machine(), **versions()}.items())
    parts = [f"<pre>{escape(text)}</pre>" for text in (told, facts)]
    parts += [f"<figure>{plot}</figure>" for plot in plots(found.book, found.period.restarts)]
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title><style>{STYLE}</style>"
    return f"{head}<h1>{escape(title)}</h1>{''.join(parts)}</html>"
