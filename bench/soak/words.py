"""The report for who looks at the terminal."""

from collections.abc import Iterator, Sequence

from bench.load.goals import figures_of
from bench.load.record import Record
from bench.soak.judging import Verdict
from bench.soak.period import Period
from bench.soak.series import Book, between, growth

_BYTES = frozenset({"own memory", "memory", "bytes of data", "table bytes"})


def table(verdicts: Sequence[Verdict]) -> str:
    """Return every series with what it grew by; what is empty and stays so is counted only."""
    shown = [one for one in verdicts if one.base or one.grew]
    lines = [f"{'what':<16}{'whose':<30}{'level':>14}{'grew':>14}{'allowed':>14}"]
    for one in sorted(shown, key=lambda verdict: (verdict.is_level, verdict.kind, verdict.name)):
        figures = (f"{amount(one.kind, value):>14}" for value in (one.base, one.grew, one.allowed))
        lines.append(f"{one.kind:<16}{one.name:<30}{''.join(figures)}{'' if one.is_level else '  GREW'}")
    return "\n".join([*lines, f"{len(verdicts) - len(shown)} more are empty and stay so."])


def summary(record: Record, book: Book, period: Period) -> Iterator[str]:
    """Yield what was done, and what a turn costs."""
    figures = figures_of(record)
    yield f"{period.people:,} people for {period.ended - period.began:.0f} s, {len(period.restarts)} restarts"
    yield (
        f"{figures.messages:,} messages, {figures.replies:,} whole replies, {figures.events:,} events: {figures.lost} lost,"
        f" {figures.doubled} doubled, {figures.wrong} replies wrong;"
        f" {figures.reconnects:,} reconnects, {figures.refused:,} refused, {figures.failed:,} failed"
    )
    sent = between(book.series.get(("turns", "sent"), []), period.began, period.ended)
    turns = sent[-1][1] - sent[0][1] if sent else 0.0
    for name, points in book.of("table bytes"):
        grew = growth(between(points, period.began, period.ended))
        if turns and grew / turns > 1:
            yield f"A turn adds {grew / turns:,.0f} bytes to {name}."


def amount(kind: str, value: float) -> str:
    """Return a value in its unit."""
    return f"{value / 1e6:,.1f} MB" if kind in _BYTES else f"{value:,.0f}"
