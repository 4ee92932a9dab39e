"""A plot of every series over time, with a line at each restart."""

from collections.abc import Sequence

from bench.load.plots import svg, thinned, xy
from bench.soak.restarts import Restart
from bench.soak.series import Book

_BYTES = frozenset({"own memory", "memory", "bytes of data", "table bytes"})
_FEW = 12


def plots(book: Book, restarts: Sequence[Restart]) -> list[str]:
    """Return an SVG for each kind; where there are many series, the small ones have another plot."""
    found: list[str] = []
    for kind in book.kinds():
        series = sorted(book.of(kind), key=lambda pair: -max(value for _, value in pair[1]))
        found += [_plot(kind, series[first : first + _FEW], restarts) for first in range(0, len(series), _FEW)]
    return found


def _plot(kind: str, series: Sequence[tuple[str, list[tuple[float, float]]]], restarts: Sequence[Restart]) -> str:
    unit, scale = ("MB", 1e-6) if kind in _BYTES else ("", 1.0)
    chart = xy(kind, "seconds", unit)
    top = max((value * scale for _, points in series for _, value in points), default=0.0)
    for how in ("SIGHUP", "kill -9"):
        chart.add(how, _marks([one.began for one in restarts if one.how == how], top), show_dots=False, allow_interruptions=True)
    for name, points in series:
        chart.add(name, thinned([(at, value * scale) for at, value in points]))
    return svg(chart)


def _marks(times: Sequence[float], top: float) -> list[tuple[float, float] | None]:
    """Return a line from the bottom to the top at each of these times, with nothing between them."""
    return [point for at in times for point in ((at, 0.0), (at, top), None)]
