"""Small charts as inline SVG: matplotlib would cost every bundle half a second of import and 60 MB of install.

Pure functions, text out. No script; the colours are the page's (``data/page.css``), light and dark. A chart is as wide
as its place and still read at a phone's width. What has no place in it (not a number, infinite, negative on a
logarithmic axis) is counted in words, never dropped silently.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from edgelm import axes, svg
from edgelm.axes import Axis, Tick
from edgelm.page import Html, escape
from edgelm.svg import EDGE, LINE, SMALL, WIDTH, Box

_PLOT_HEIGHT = 230.0
_BAND = 26.0
"""The height of the dots of a row; its name stands above them."""
_ROW = _BAND + LINE + 9
_BAR_ROW = LINE + 22
_BARS = "bars: long p50, short p95"
_NOTHING = "Nothing to show."
_MOST_MARKED = 30
"""Points of a line that are marked; more would hide it."""
_MOST_LABELS = 24
"""Points of a scatter that are labelled; among more no label would be read."""
_DISTANCES = (7.0, 15.0, 25.0, 37.0, 51.0, 67.0, 85.0)
"""How far a label may stand from its point; from the second on, a line leads to it."""
_DIRECTIONS = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))
_SHAPES = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
    "M-3.6 -3.6h7.2v7.2h-7.2z",
    "M0 -4.6L4.4 3.4H-4.4z",
    "M0 -5L5 0L0 5L-5 0z",
    "M0 4.6L4.4 -3.4H-4.4z",
    "M-1.4 -4.6h2.8v3.2h3.2v2.8h-3.2v3.2h-2.8v-3.2h-3.2v-2.8h3.2z",
    "M-5 -5L0 -1.6L5 -5L1.6 0L5 5L0 1.6L-5 5L-1.6 0z",
    "M-4.8 -1.8h9.6v3.6h-9.6z",
)
"""The marks of lines, one for each of the stylesheet's eight colours: a chart never speaks by colour alone."""


@dataclass(frozen=True)
class Point:
    """One point of a scatter; an empty label is not drawn."""

    label: str
    x: float
    y: float


def strip(series: Mapping[str, Sequence[float]], *, title: str, unit: str, log: bool = False) -> Html:
    """Every value as a dot in its series' row, with p50 and p95 as bars and in words."""
    if not series:
        return _empty(title)
    parts, top = _title(title)
    across = _across([v for values in series.values() for v in values], Box(EDGE, 0, WIDTH - EDGE, 0), log=log)
    told = {name: _summary(values, across, unit) for name, values in series.items()}
    bottom = top + len(series) * _ROW
    parts += _ticks_below(across, Box(EDGE, top, WIDTH - EDGE, bottom))
    for i, (name, values) in enumerate(series.items()):
        parts += _strip_row(name, told[name], values, across, unit, top + i * _ROW)
    foot = bottom + 2 * LINE + 4
    parts.append(svg.words(EDGE, foot, _BARS, "small"))
    parts.append(svg.words(WIDTH - EDGE, foot, _scale(unit, across, 0.5 * WIDTH), "small end"))
    summary = "; ".join(f"{name}: {words}" for name, words in told.items())
    return svg.chart(title, summary, foot + EDGE, parts)


def bars(values: Mapping[str, float], *, title: str, unit: str) -> Html:
    """A bar from zero for each value, and the value in words beside its name."""
    if not values:
        return _empty(title)
    parts, top = _title(title)
    across = _across([0.0, *values.values()], Box(EDGE, 0, WIDTH - EDGE, 0), log=False)
    told = {name: _summary([value], across, unit) for name, value in values.items()}
    bottom = top + len(values) * _BAR_ROW
    parts += _ticks_below(across, Box(EDGE, top, WIDTH - EDGE, bottom))
    for i, (name, value) in enumerate(values.items()):
        parts += _row_words(name, told[name], top + i * _BAR_ROW)
        if across.takes(value):
            y = top + i * _BAR_ROW + LINE + 10
            zero, end = (_between(EDGE, WIDTH - EDGE, across.place(x)) for x in (0.0, value))
            parts.append(svg.rule(zero, y, end, y, "extent"))
    foot = bottom + 2 * LINE
    parts.append(svg.words(WIDTH - EDGE, foot, _scale(unit, across, 0.5 * WIDTH), "small end"))
    summary = "; ".join(f"{name}: {words}" for name, words in told.items())
    return svg.chart(title, summary, foot + EDGE, parts)


def scatter(
    points: Sequence[Point], *, title: str, x_label: str, y_label: str, log_x: bool = False, log_y: bool = False
) -> Html:
    """Every point with its label beside it; labels without room beside theirs are told below the plot."""
    if not points:
        return _empty(title)
    frame = _Frame.around([(p.x, p.y) for p in points], title, (), (x_label, y_label), (log_x, log_y))
    drawn = [(point, frame.place(point.x, point.y)) for point in points if frame.takes(point.x, point.y)]
    labelled = [(point, place) for point, place in drawn if point.label]
    dots = [svg.dot(*place, 4, _told(point)) for point, place in drawn]
    labels, homeless = _labels(
        labelled if len(labelled) <= _MOST_LABELS else [], [place for _, place in drawn], frame.plot
    )
    lost = [point for point in points if not frame.takes(point.x, point.y)]
    summary = "; ".join(map(_told, points)) if len(points) <= _MOST_LABELS else f"{len(points)} points"
    return frame.chart(summary, [*dots, *labels], [*map(_told, homeless), *_without_place(lost)])


def lines(
    series: Mapping[str, Sequence[tuple[float, float]]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    log_x: bool = False,
    log_y: bool = False,
) -> Html:
    """A line for each series through its points in order of x; a point without a place interrupts it."""
    points = [point for values in series.values() for point in values]
    if not points:
        return _empty(title)
    frame = _Frame.around(points, title, tuple(series), (x_label, y_label), (log_x, log_y))
    parts = [part for i, (name, values) in enumerate(series.items()) for part in _line(frame, i, name, values)]
    lost = [Point(name, *point) for name, values in series.items() for point in values if not frame.takes(*point)]
    summary = "; ".join(f"{name}: {_course(values)}" for name, values in series.items())
    return frame.chart(summary, parts, [*_without_place(lost)])


def quantile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of the values do not exceed, interpolated as NumPy does; NaN of none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    i, part = math.floor(place), place - math.floor(place)
    return ordered[i] if part == 0 else ordered[i] * (1 - part) + ordered[i + 1] * part


def figure(value: float) -> str:
    """Three significant digits, without an exponent where that is short."""
    if 100 <= abs(value) < 1e5:
        return f"{value:.0f}"
    mantissa, e, exponent = f"{value:.3g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


# -- what charts share -------------------------------------------------------------------------------------------------


def _title(title: str) -> tuple[list[str], float]:
    """The title's lines, and where what follows them begins."""
    found = svg.wrap(title, WIDTH - 2 * EDGE, svg.TITLE * 1.08)  # bold is wider
    parts = [svg.words(EDGE, 18 + i * 19, line, "title") for i, line in enumerate(found)]
    return parts, 29 + (len(found) - 1) * 19


def _empty(title: str) -> Html:
    parts, top = _title(title)
    return svg.chart(title, _NOTHING, top + LINE + EDGE, [*parts, svg.words(EDGE, top + LINE, _NOTHING, "muted")])


def _across(values: Iterable[float], box: Box, *, log: bool) -> Axis:
    """A horizontal axis whose labels stand apart from each other."""

    def fits(ticks: Sequence[Tick]) -> bool:
        spans = [_span(tick, box) for tick in ticks]
        return all(left[1] + 8 <= right[0] for left, right in itertools.pairwise(spans))

    return axes.axis(values, log=log, fits=fits)


def _span(tick: Tick, box: Box) -> tuple[float, float]:
    """From where to where a horizontal axis' label goes: centred at its tick, but inside the chart."""
    wide = svg.width(tick.label, SMALL)
    left = min(max(_between(box.left, box.right, tick.place) - wide / 2, 2), WIDTH - 2 - wide)
    return left, left + wide


def _ticks_below(across: Axis, box: Box) -> list[str]:
    """The lines of a horizontal axis through the box, and its labels below."""
    parts = []
    for tick in across.ticks:
        x = _between(box.left, box.right, tick.place)
        parts.append(svg.rule(x, box.top, x, box.bottom, "grid"))
        left, right = _span(tick, box)
        parts.append(svg.words((left + right) / 2, box.bottom + LINE - 2, tick.label, "small middle"))
    return parts


def _between(start: float, end: float, share: float) -> float:
    return start + (end - start) * share


def _scale(label: str, along: Axis, room: float = WIDTH - 2 * EDGE) -> str:
    """What an axis measures, as its own line of text."""
    return svg.cut(", ".join(filter(None, (label, "log scale"))) if along.log else label, room, SMALL)


def _told(point: Point) -> str:
    figures = f"{figure(point.x)}, {figure(point.y)}"
    return f"{point.label}: {figures}" if point.label else figures


def _without_place(points: Sequence[Point]) -> Iterator[str]:
    """In words what could not be drawn: by name where those are few."""
    if not points:
        return
    named = ", ".join(_told(point) for point in points) if len(points) <= 3 else f"{len(points)} points"
    yield f"Not drawn, without a place on the axes: {named}"


# -- strips ------------------------------------------------------------------------------------------------------------


def _summary(values: Sequence[float], across: Axis, unit: str) -> str:
    """A row in words: its percentiles, and what it could not draw."""
    drawn = [value for value in values if across.takes(value)]
    parts = []
    if len(drawn) == 1:
        parts = [f"{figure(drawn[0])} {unit}".strip()]
    elif drawn:
        parts = [f"p50 {figure(quantile(drawn, 0.5))}", f"p95 {figure(quantile(drawn, 0.95))} {unit}".strip()]
    if len(drawn) < len(values):
        negative = sum(math.isfinite(value) for value in values) - len(drawn)
        parts += [f"{negative} below zero"] if negative else []
        parts += [f"{len(values) - len(drawn) - negative} not finite"] if negative < len(values) - len(drawn) else []
    return " · ".join(parts) or "no values"


def _row_words(name: str, told: str, top: float) -> Iterator[str]:
    """A row's name at its left, and what it says at its right."""
    told = svg.cut(told, 0.62 * WIDTH)
    yield svg.words(EDGE, top + LINE, svg.cut(name, WIDTH - 3 * EDGE - svg.width(told)))
    yield svg.words(WIDTH - EDGE, top + LINE, told, "muted end")


def _strip_row(name: str, told: str, values: Sequence[float], across: Axis, unit: str, top: float) -> Iterator[str]:
    yield from _row_words(name, told, top)
    middle = top + LINE + 6 + _BAND / 2
    yield svg.rule(EDGE, middle, WIDTH - EDGE, middle, "base")
    drawn = [value for value in values if across.takes(value)]
    for i, value in enumerate(drawn):
        x = _between(EDGE, WIDTH - EDGE, across.place(value))
        # Golden ratio: neighbours in time, which are often neighbours in value, stand far from each other.
        y = middle + (i * 0.618 % 1 - 0.5) * (_BAND - 8) * (len(drawn) > 1)
        yield svg.dot(x, y, 3, f"{figure(value)} {unit}".strip())
    for share, kind, half in ((0.95, "p95", 8.0), (0.5, "p50", _BAND / 2)) if len(drawn) > 1 else ():
        x = _between(EDGE, WIDTH - EDGE, across.place(quantile(drawn, share)))
        yield svg.rule(x, middle - half, x, middle + half, kind)


# -- plots with two axes -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Frame:
    """The axes, title and legend of a plot."""

    title: str
    parts: Sequence[str]
    plot: Box
    across: Axis
    up: Axis

    @classmethod
    def around(
        cls,
        points: Sequence[tuple[float, float]],
        title: str,
        names: Sequence[str],
        labels: tuple[str, str],
        logs: tuple[bool, bool],
    ) -> _Frame:
        """The frame for the points that have a place; ``labels`` and ``logs`` are of x and y."""
        parts, top = _title(title)
        legend, top = _legend(names, top)
        up = axes.axis([y for _, y in points], log=logs[1], fits=lambda _: True)
        left = EDGE + 6 + max(svg.width(tick.label, SMALL) for tick in up.ticks)
        plot = Box(left, top + LINE + 10, WIDTH - EDGE - 4, top + LINE + 10 + _PLOT_HEIGHT)
        across = _across([x for x, _ in points], plot, log=logs[0])
        parts += [*legend, svg.words(EDGE, top + LINE - 4, _scale(labels[1], up), "small")]
        parts += [*_ticks_below(across, plot), *_ticks_beside(up, plot)]
        parts.append(svg.words(plot.right, plot.bottom + 2 * LINE, _scale(labels[0], across), "small end"))
        return cls(title, parts, plot, across, up)

    def takes(self, x: float, y: float) -> bool:
        """Whether a point has a place."""
        return self.across.takes(x) and self.up.takes(y)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point stands."""
        plot = self.plot
        return (
            _between(plot.left, plot.right, self.across.place(x)),
            _between(plot.bottom, plot.top, self.up.place(y)),
        )

    def chart(self, summary: str, parts: Sequence[str], below: Sequence[str]) -> Html:
        """The chart; each text of ``below`` stands under it."""
        foot = self.plot.bottom + 2 * LINE
        found = [line for text in below for line in svg.wrap(text, WIDTH - 2 * EDGE, SMALL)]
        told = [svg.words(EDGE, foot + (i + 1) * LINE, line, "small") for i, line in enumerate(found)]
        return svg.chart(self.title, summary, foot + len(found) * LINE + EDGE, [*self.parts, *parts, *told])


def _ticks_beside(up: Axis, plot: Box) -> list[str]:
    parts = []
    for tick in up.ticks:
        y = _between(plot.bottom, plot.top, tick.place)
        parts.append(svg.rule(plot.left, y, plot.right, y, "grid"))
        parts.append(svg.words(plot.left - 6, y + 4, tick.label, "small end"))
    return parts


def _legend(names: Sequence[str], top: float) -> tuple[list[str], float]:
    """The series' marks and names in as many lines as they need, and where what follows begins."""
    parts: list[str] = []
    x, y = EDGE, top + LINE - 2
    for i, name in enumerate(names):
        text = svg.cut(name, WIDTH - 2 * EDGE - 16)
        if x > EDGE and x + 16 + svg.width(text) > WIDTH - EDGE:
            x, y = EDGE, y + LINE + 2
        parts += [_mark(i, x + 5, y - 4), svg.words(x + 16, y, text)]
        x += 16 + svg.width(text) + 12
    return parts, y + 6 if names else top


def _mark(i: int, x: float, y: float, told: str = "") -> str:
    title = f"<title>{escape(told)}</title>" if told else ""
    place = f'transform="translate({x:.1f} {y:.1f})"'
    shape = _SHAPES[(i + i // 8) % 8]  # the ninth has the first's colour, but not its shape
    return f'<path class="mark s{i % 8}" d="{shape}" {place}>{title}</path>'


def _line(frame: _Frame, i: int, name: str, values: Sequence[tuple[float, float]]) -> Iterator[str]:
    run: list[str] = []
    ordered = sorted(values, key=lambda point: (math.isnan(point[0]), point[0]))
    for point in [*ordered, (math.nan, math.nan)]:
        if frame.takes(*point):
            x, y = frame.place(*point)
            run.append(f"{x:.1f},{y:.1f}")
        elif run:
            yield f'<polyline class="line s{i % 8}" points="{" ".join(run)}"/>'
            run = []
    if len(values) <= _MOST_MARKED:
        marked = [point for point in ordered if frame.takes(*point)]
        yield from (_mark(i, *frame.place(*point), _told(Point(name, *point))) for point in marked)


def _course(values: Sequence[tuple[float, float]]) -> str:
    """A line in words: its ends."""
    if not values:
        return "no points"
    first, last = values[0], values[-1]
    return f"{len(values)} points, {figure(first[1])} at {figure(first[0])} to {figure(last[1])} at {figure(last[0])}"


def _labels(
    points: Sequence[tuple[Point, tuple[float, float]]], dots: Iterable[tuple[float, float]], plot: Box
) -> tuple[list[str], list[Point]]:
    """Labels that meet neither each other nor a dot, and the points whose label found no such place."""
    taken = [Box(x - 5, y - 5, x + 5, y + 5) for x, y in dots]
    room = Box(plot.left + 2, plot.top - 6, WIDTH - 3, plot.bottom - 2)
    named: list[Box] = []
    parts: list[str] = []
    homeless: list[Point] = []
    for point, (x, y) in points:
        text = svg.cut(point.label, 0.6 * WIDTH)
        found = _candidates(x, y, svg.width(text))
        free = [(box, way) for box, way in found if room.holds(box) and not _meet([box], taken)]
        if not free:
            homeless.append(point)
            continue
        box, way = next((one for one in free if not _meet(one[1], named)), free[0])
        parts += [svg.rule(x, y, way[-1].left, way[-1].top, "leader")] if way else []
        parts.append(svg.words(box.left, box.bottom - 4, text))
        named.append(box)
        taken += [box, *way]
    return parts, homeless


def _meet(some: Sequence[Box], others: Sequence[Box]) -> bool:
    return any(one.meets(other) for one in some for other in others)


def _candidates(x: float, y: float, wide: float) -> Iterator[tuple[Box, list[Box]]]:
    """Boxes for a label around a point, nearest first, each with the way that a line to it takes."""
    for distance in _DISTANCES:
        for right, down in _DIRECTIONS:
            left = x + right * distance - (wide if right < 0 else 0 if right > 0 else wide / 2)
            top = y + down * (distance + 8) - 8
            box = Box(left, top, left + wide, top + 16)
            yield box, _way(x, y, box) if distance > _DISTANCES[0] else []


def _way(x: float, y: float, box: Box) -> list[Box]:
    """Specks along the straight line from a point to the nearest place of a box."""
    end_x, end_y = min(max(x, box.left), box.right), min(max(y, box.top), box.bottom)
    places = [(_between(x, end_x, i / 8), _between(y, end_y, i / 8)) for i in range(1, 9)]
    return [Box(at, down, at + 0.1, down + 0.1) for at, down in places]
