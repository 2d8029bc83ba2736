"""What is drawn. Each chart has the width of a phone, so it is read there as it is elsewhere."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, DateFormatter, DayLocator
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from provender_ops.catalog import Row
from provender_ops.report.distributions import Distribution
from provender_ops.report.lineage import Lineage, Node
from provender_ops.report.svg import COLOURS, STYLE, inline, plain
from provender_ops.report.timeline import Timeline
from provender_ops.standing import Standing

WIDTH = 330  # units of the SVG, CSS pixels where it is as wide as on a phone
BOX, BOX_GAP, ROW = 172, 40, 34  # of lineage: width of a box, between boxes, height of a row
Stop = tuple[str, int]  # a node, or what comes from it, in a layer
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def draw_age(view: Standing, timeline: Timeline, since: datetime) -> Markup:
    """Draw the age of a view over time, with its SLA and ttl where they are in sight."""
    sla, ttl = view.sla.total_seconds(), view.ttl.total_seconds()
    worst = max(age for _, age in timeline.points)
    top = 1.15 * max(worst, sla)
    size, unit = next((size, unit) for size, unit in UNITS if top >= 2 * size or size == 1)
    ages = [age / size for _, age in timeline.points]
    times: Any = [at for at, _ in timeline.points]  # matplotlib takes them, its types do not
    with _axes(120, left=40) as (figure, axes):
        axes.fill_between(times, ages, color=COLOURS["now-soft"], linewidth=0, step="pre")
        axes.step(times, ages, where="pre", color=COLOURS["now"], linewidth=1.4)
        axes.axhline(sla / size, color=COLOURS["warn"], linewidth=1.1, linestyle=(0, (5, 3)))
        if ttl <= top:
            axes.axhline(ttl / size, color=COLOURS["bad"], linewidth=1.1)
        axes.set_ylim(0, top / size)
        axes.set_xlim(min(since, times[0]), times[-1])
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} {unit}"))
        _date_axis(axes)
        axes.grid(axis="y")
        return inline(figure, f"Age of {view.label} over time, beside its SLA and ttl")


def draw_distribution(found: Distribution) -> Markup:
    """Draw shares then, filled, and now, as a line; categories as pairs of bars."""
    title = f"Values of {plain(found.drift['feature'])}: trained on, and served now"
    if found.labels:
        return _draw_categories(found, title)
    with _axes(120, left=8) as (figure, axes):
        edges = list(found.edges)
        axes.stairs(found.trained, edges, fill=True, color=COLOURS["then"], alpha=0.55)
        axes.stairs(found.served, edges, color=COLOURS["now"], linewidth=1.8, baseline=0)
        if len(edges) == 2:  # one value: a bar, not a wall
            axes.set_xlim(edges[0] - 2, edges[1] + 2)
        axes.set_ylim(0, 1.1 * max(*found.trained, *found.served, 0.01))
        axes.set_yticks([])
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))
        return inline(figure, title)


def _draw_categories(found: Distribution, title: str) -> Markup:
    places = range(len(found.labels))
    with _axes(26 * len(found.labels) + 26, left=120) as (figure, axes):
        for shares, shift, colour in ((found.trained, -0.19, "then"), (found.served, 0.19, "now")):
            axes.barh([p + shift for p in places], shares, 0.36, color=COLOURS[colour])
        axes.set_yticks(list(places), [plain(label, 17) for label in found.labels])
        axes.invert_yaxis()
        _percent_axis(axes)
        return inline(figure, title)


def draw_latency(service: str, days: Sequence[Row]) -> Markup:
    """Draw p50 and p99 of the reads of each day, with the budget."""
    times = [row["starts_at"] for row in days]
    budget = days[0]["latency_budget_ms"]
    with _axes(120, left=44) as (figure, axes):
        for name, colour in (("p99_ms", "now"), ("p50_ms", "muted")):
            axes.plot(
                times,
                [row[name] for row in days],
                color=COLOURS[colour],
                marker="o",
                markersize=3.5,
            )
        top = max(row["p99_ms"] for row in days)
        if budget:
            axes.axhline(budget, color=COLOURS["bad"], linewidth=1.1, linestyle=(0, (5, 3)))
            top = max(top, budget)
        axes.set_ylim(0, 1.15 * top)
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} ms"))
        _day_axis(axes, times[0].date(), times[-1].date())
        axes.grid(axis="y")
        return inline(figure, f"p50 and p99 of reads of {plain(service)} by day, and the budget")


def draw_volume(service: str, days: Sequence[tuple[date, int]]) -> Markup:
    """Draw the decisions of a service by day."""
    with _axes(110, left=44) as (figure, axes):
        axes.bar([day for day, _ in days], [n for _, n in days], 0.7, color=COLOURS["now"])  # type: ignore[arg-type]
        axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        _day_axis(axes, days[0][0], days[-1][0])
        axes.grid(axis="y")
        return inline(figure, f"Decisions of {plain(service)} by day")


def draw_lineage(lineage: Lineage) -> Markup:
    """Draw boxes in layers, sources at the left, with a line from each to what is built on it."""
    lines = [_way(lineage, above, below) for above, below in lineage.edges]
    layers = _ordered(lineage, lines)
    height = ROW * max(len(layer) for layer in layers)
    width = len(layers) * (BOX + BOX_GAP) - BOX_GAP
    places = {
        stop: (x * (BOX + BOX_GAP), (y + 0.5) * height / len(layer))
        for x, layer in enumerate(layers)
        for y, stop in enumerate(layer)
    }
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=((width + 4) / 72, (height + 4) / 72))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(-2, width + 2)
        axes.set_ylim(height + 2, -2)
        drawn = {step for line in lines for step in pairwise(line)}
        for start, end in sorted(drawn):
            _draw_step(axes, places[start], places[end])
        for stop in sorted({stop for line in lines for stop in line[1:-1]}):
            x, y = places[stop]  # past the boxes of that layer
            axes.plot((x, x + BOX), (y, y), color=COLOURS["then"], linewidth=1)
        for node in lineage.nodes:
            _draw_node(axes, node, *places[node.unique_id, node.layer])
        return inline(figure, f"What {plain(lineage.name)} is built on, from the sources on")


def _way(lineage: Lineage, above: str, below: str) -> list[Stop]:
    """Return the stops of an edge; what one node gives to many layers runs in one line."""
    layers = {node.unique_id: node.layer for node in lineage.nodes}
    passed = range(layers[above], layers[below])
    return [*((above, layer) for layer in passed), (below, layers[below])]


def _ordered(lineage: Lineage, lines: Sequence[Sequence[Stop]]) -> list[list[Stop]]:
    """Return the stops of each layer, in the order of those before: so fewer lines cross."""
    stops = {(node.unique_id, node.layer) for node in lineage.nodes}
    stops |= {stop for line in lines for stop in line}
    before: dict[Stop, set[Stop]] = {stop: set() for stop in stops}
    for line in lines:
        for start, end in pairwise(line):
            before[end].add(start)
    places: dict[Stop, float] = {}
    layers: list[list[Stop]] = []
    for number in range(1 + max(layer for _, layer in stops)):
        ranked = sorted(
            (_mean([places[start] for start in before[stop]]), stop)
            for stop in stops
            if stop[1] == number
        )
        layers.append([stop for _, stop in ranked])
        places |= {stop: (y + 0.5) / len(ranked) for y, (_, stop) in enumerate(ranked)}
    return layers


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.5


def _draw_step(axes: Axes, before: tuple[float, float], after: tuple[float, float]) -> None:
    """Draw a curve from the right of a place to the left of one in the next layer."""
    start, bend = (before[0] + BOX, before[1]), BOX_GAP / 2
    path = mpl.path.Path(
        [start, (start[0] + bend, start[1]), (after[0] - bend, after[1]), after],
        [mpl.path.Path.MOVETO, *[mpl.path.Path.CURVE4] * 3],
    )
    axes.add_patch(
        mpl.patches.PathPatch(path, facecolor="none", edgecolor=COLOURS["then"], linewidth=1)
    )


def _draw_node(axes: Axes, node: Node, x: float, y: float) -> None:
    fill, edge = {
        "source": ("surface", "then"),
        "model": ("surface", "line"),
        "view": ("now-soft", "now"),
        "service": ("ok-soft", "ok"),
    }[node.kind]
    axes.add_patch(
        FancyBboxPatch(
            (x + 3, y - ROW / 2 + 7),
            BOX - 6,
            ROW - 14,
            boxstyle="round,pad=3,rounding_size=5",
            facecolor=COLOURS[fill],
            edgecolor=COLOURS[edge],
            linewidth=1,
        )
    )
    axes.text(x + BOX / 2, y, plain(node.name, 26), ha="center", va="center")


@contextmanager
def _axes(height: int, left: int) -> Iterator[tuple[Figure, Axes]]:
    """Yield a figure of a chart's width with one axes, whose margins are in the SVG's units."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / 72, height / 72))
        axes = figure.add_axes(
            (left / WIDTH, 22 / height, (WIDTH - left - 18) / WIDTH, (height - 28) / height)
        )
        axes.set_axisbelow(True)
        yield figure, axes


def _date_axis(axes: Axes) -> None:
    locator = AutoDateLocator(minticks=3, maxticks=5)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))


def _day_axis(axes: Axes, first: date, last: date) -> None:
    """Show whole days, a week of them at least: one day is not as wide as many."""
    first = min(first, last - timedelta(days=6))
    half = timedelta(hours=12)
    midnight = time()
    axes.set_xlim(
        datetime.combine(first, midnight) - half,  # type: ignore[arg-type]
        datetime.combine(last, midnight) + half,  # type: ignore[arg-type]
    )
    axes.xaxis.set_major_locator(DayLocator(interval=1 + (last - first).days // 4))
    axes.xaxis.set_major_formatter(DateFormatter("%d %b"))


def _percent_axis(axes: Axes) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    axes.grid(axis="x")
