"""Plots as SVG that stands in the page itself: there is nothing to fetch."""

from collections.abc import Iterable

import pygal
from pygal.style import Style

from bench.load.rehearsal import Outcome, Phase

_MOST_POINTS = 120
_STYLE = Style(background="white", plot_background="white", font_family="sans-serif")
_SHARES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999)


def cpu_plot(outcome: Outcome) -> str:
    """Return the CPU of each process over time."""
    chart = xy("CPU, share of a core", "seconds", "%")
    for name, shares in outcome.cpu.items():
        points = list(zip(outcome.seconds, (share * 100 for share in shares), strict=False))
        chart.add(name, thinned(points))
    return svg(chart)


def online_plot(outcome: Outcome) -> str:
    """Return what our processes hold, before anybody came and under the load."""
    chart = pygal.Bar(title="Memory of our processes (PSS), MB", js=[], style=_STYLE, height=320)
    chart.x_labels = ["nobody online", "under load"]
    for name, size in outcome.full.items():
        before = outcome.empty.get(name)
        chart.add(name, [None if before is None else round(before.pss / 1e6, 1), round(size.pss / 1e6, 1)])
    return svg(chart)


def latency_plot(phase: Phase) -> str:
    """Return the share of answers that came within a time, by endpoint."""
    chart = xy(f"Time to answer, {phase.name}", "share of answers, %", "ms", logarithmic=True)
    for name in [*phase.figures.api, "first"]:
        values = sorted(phase.record.values(name))
        if values:
            title = "first word (with the upstream's own time)" if name == "first" else name
            at = [(share * 100, max(0.1, values[min(len(values) - 1, int(share * len(values)))])) for share in _SHARES]
            chart.add(title, at)
    return svg(chart)


def steps_plot(outcome: Outcome) -> str:
    """Return what came of each step on the way to the knee and beyond."""
    chart = xy("Steps: messages sent a second", "messages/s", "")
    phases = [phase for phase in outcome.phases if phase.figures.seconds]
    rates = [phase.figures.messages / phase.figures.seconds for phase in phases]
    chart.add("whole replies/s", [(rate, phase.figures.goodput) for rate, phase in zip(rates, phases, strict=True)])
    refused = [phase.figures.refused / phase.figures.seconds for phase in phases]
    chart.add("refused/s", list(zip(rates, refused, strict=True)))
    added = [(rate, phase.figures.added[2]) for rate, phase in zip(rates, phases, strict=True) if phase.figures.added]
    chart.add("added to first word, p99 ms", added)
    return svg(chart)


def xy(title: str, across: str, up: str, *, logarithmic: bool = False) -> pygal.XY:
    """Return an empty chart."""
    return pygal.XY(
        title=title, x_title=across, y_title=up, js=[], style=_STYLE, height=420, dots_size=2, logarithmic=logarithmic,
        show_x_guides=False, truncate_legend=-1,
    )


def thinned(points: list[tuple[float, float]]) -> Iterable[tuple[float, float]]:
    """Return as many of the points as can be told apart."""
    return points[:: max(1, len(points) // _MOST_POINTS)]


def svg(chart: "pygal.graph.graph.Graph") -> str:
    """Return the chart as it stands in a page."""
    drawn: str = chart.render(is_unicode=True, disable_xml_declaration=True)
    return drawn
