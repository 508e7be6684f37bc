"""Charts of any data are well-formed, stay inside their view and say what they could not draw."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelm import axes, charts, svg
from edgelm.charts import Point
from edgelm.svg import Box

NAMESPACE = "{http://www.w3.org/2000/svg}"
FLOATS = st.floats(width=64)  # infinite, not a number and subnormal too
NAMES = st.text(max_size=60)
LOGS = st.booleans()


def parsed(chart: str) -> ElementTree.Element:
    return ElementTree.fromstring(chart)


def text_boxes(root: ElementTree.Element) -> Iterator[tuple[str, Box, str]]:
    """Every text with the box it is thought to take, and its classes."""
    for text in root.iter(f"{NAMESPACE}text"):
        kind = text.get("class", "")
        size = svg.SMALL if "small" in kind else svg.TITLE if "title" in kind else svg.TEXT
        wide, x, y = svg.width(text.text or "", size), float(text.get("x", "nan")), float(text.get("y", "nan"))
        left = x - wide if "end" in kind else x - wide / 2 if "middle" in kind else x
        yield text.text or "", Box(left, y - 0.75 * size, left + wide, y + 0.25 * size), kind


def coordinates(root: ElementTree.Element) -> Iterator[tuple[float, float]]:
    """Corners of all that is drawn."""
    for _, box, _ in text_boxes(root):
        yield box.left, box.top
        yield box.right, box.bottom
    for circle in root.iter(f"{NAMESPACE}circle"):
        x, y, r = (float(circle.get(key, "nan")) for key in ("cx", "cy", "r"))
        yield x - r, y - r
        yield x + r, y + r
    for line in root.iter(f"{NAMESPACE}line"):
        yield float(line.get("x1", "nan")), float(line.get("y1", "nan"))
        yield float(line.get("x2", "nan")), float(line.get("y2", "nan"))
    for line in root.iter(f"{NAMESPACE}polyline"):
        for pair in line.get("points", "").split():
            x, y = pair.split(",")
            yield float(x), float(y)
    for mark in root.iter(f"{NAMESPACE}path"):
        x, y = map(float, re.findall(r"[\d.]+", mark.get("transform", "")))
        yield x - 5, y - 5
        yield x + 5, y + 5


def check_inside(chart: str) -> ElementTree.Element:
    root = parsed(chart)
    _, _, wide, high = map(float, root.get("viewBox", "").split())
    for x, y in coordinates(root):
        assert -0.1 <= x <= wide + 0.1, (x, chart)
        assert -0.1 <= y <= high + 0.1, (y, chart)
    return root


def check_apart(boxes: list[tuple[str, Box, str]]) -> None:
    for (one, a, _), (other, b, _) in itertools.combinations(boxes, 2):
        assert not a.meets(b), (one, other)


def ticks_of(root: ElementTree.Element) -> list[tuple[str, Box, str]]:
    return [found for found in text_boxes(root) if found[2] == "small middle"]


@given(st.dictionaries(NAMES, FLOATS, max_size=5), NAMES)
def test_bars_of_anything_are_well_formed_and_inside_their_view(values: dict[str, float], title: str) -> None:
    check_inside(charts.bars(values, title=title, unit="MB"))


@given(st.dictionaries(NAMES, st.lists(FLOATS, max_size=8), max_size=9), NAMES, NAMES, LOGS)
def test_a_strip_of_anything_is_well_formed_and_inside_its_view(
    series: dict[str, list[float]], title: str, unit: str, log: bool
) -> None:
    root = check_inside(charts.strip(series, title=title, unit=unit, log=log))
    check_apart(ticks_of(root))
    check_apart([found for found in text_boxes(root) if found[2] in ("", "muted end")])


@given(st.lists(st.builds(Point, NAMES, FLOATS, FLOATS), max_size=12), NAMES, NAMES, LOGS, LOGS)
def test_a_scatter_of_anything_is_well_formed_and_inside_its_view(
    points: list[Point], title: str, label: str, log_x: bool, log_y: bool
) -> None:
    root = check_inside(charts.scatter(points, title=title, x_label=label, y_label=label, log_x=log_x, log_y=log_y))
    check_apart(ticks_of(root))
    check_apart([found for found in text_boxes(root) if found[2] == ""])


@given(st.dictionaries(NAMES, st.lists(st.tuples(FLOATS, FLOATS), max_size=6), max_size=9), NAMES, NAMES, LOGS, LOGS)
def test_lines_of_anything_are_well_formed_and_inside_their_view(
    series: dict[str, list[tuple[float, float]]], title: str, label: str, log_x: bool, log_y: bool
) -> None:
    root = check_inside(charts.lines(series, title=title, x_label=label, y_label=label, log_x=log_x, log_y=log_y))
    check_apart(ticks_of(root))
    check_apart([found for found in text_boxes(root) if found[2] == ""])


@given(st.lists(FLOATS, max_size=9), LOGS)
def test_an_axis_has_two_to_seven_ticks_in_order_and_places_for_its_values(values: list[float], log: bool) -> None:
    along = axes.axis(values, log=log, fits=lambda _: True)
    places = [tick.place for tick in along.ticks]
    assert 2 <= len(places) <= 7  # six and a zero
    assert places == sorted(set(places))
    taken = [value for value in values if along.takes(value)]
    ordered = [along.place(value) for value in sorted(taken)]
    assert ordered == sorted(ordered)
    assert all(0 <= place <= 1 for place in ordered)
    assert len(taken) == sum(math.isfinite(value) and not (along.log and value < 0) for value in values)


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=9))
def test_linear_ticks_are_round_and_enclose_the_values(values: list[float]) -> None:
    along = axes.axis(values, log=False, fits=lambda _: True)
    marks = [float(tick.label) for tick in along.ticks]
    assert marks[0] <= min(values) + 1e-300
    assert max(values) - 1e-300 <= marks[-1]
    step = (marks[-1] - marks[0]) / (len(marks) - 1)
    assert f"{step:.3e}"[0] in "125"
    np.testing.assert_allclose(np.diff(marks), step, rtol=1e-6)


def test_a_tick_reads_as_it_is_written_and_not_as_floats_add_up() -> None:
    along = axes.axis([0.0, 0.6], log=False, fits=lambda _: True)
    assert [tick.label for tick in along.ticks] == ["0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6"][
        :: len(along.ticks) % 2 or 2
    ]


@pytest.mark.parametrize(
    ("values", "log", "labels"),
    [
        ([3.0, 28.0], False, ["0", "10", "20", "30"]),
        ([90.0, 96.0], False, ["90", "92", "94", "96"]),
        ([-96.0, -90.0], False, ["-96", "-94", "-92", "-90"]),
        ([-90.0, -3.0], False, ["-100", "-80", "-60", "-40", "-20", "0"]),
        ([4.0], False, ["3.6", "3.8", "4", "4.2", "4.4"]),
        ([0.0], True, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        ([], False, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        ([3e-7, 4e-4], True, ["1e-6", "1e-5", "1e-4"]),
        ([3e-7, 4e-6], True, ["2e-7", "5e-7", "1e-6", "2e-6", "5e-6"]),
        ([0.0, 3e-7, 4e-6], True, ["0", "2e-7", "5e-7", "1e-6", "2e-6", "5e-6"]),
        ([5.0, 5.0], True, ["5", "10"]),
        ([5e-324, 1.7e308], True, ["1e-200", "1", "1e200"]),
        ([-1.7e308, 1.7e308], False, ["-1e300", "-5e299", "0", "5e299", "1e300"]),
    ],
)
def test_the_ticks_of_an_axis(values: list[float], log: bool, labels: list[str]) -> None:
    assert [tick.label for tick in axes.axis(values, log=log, fits=lambda _: True).ticks] == labels


def test_zero_stands_apart_on_a_logarithmic_axis() -> None:
    along = axes.axis([0.0, 1e-7, 1e-5], log=True, fits=lambda _: True)
    assert along.place(0.0) == 0
    assert along.place(1e-7) > 0.1
    assert along.place(1e-5) == 1


def test_ticks_are_fewer_where_their_labels_are_long() -> None:
    root = parsed(charts.strip({"a": [1_000_000_000.0, 1_000_000_005.0]}, title="t", unit=""))
    check_apart(ticks_of(root))
    assert 2 <= len(ticks_of(root)) < 6


def test_a_strip_draws_every_value_and_tells_its_percentiles() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 10.0]
    chart = charts.strip({"model": values}, title="Latency", unit="ms")
    root = parsed(chart)
    circles = list(root.iter(f"{NAMESPACE}circle"))
    assert [circle[0].text for circle in circles] == ["1 ms", "2 ms", "3 ms", "4 ms", "10 ms"]
    assert "p50 3 · p95 8.8 ms" in chart
    kinds = [line.get("class") for line in root.iter(f"{NAMESPACE}line")]
    assert (kinds.count("p50"), kinds.count("p95")) == (1, 1)


def test_places_grow_with_values() -> None:
    root = parsed(charts.strip({"a": [1.0, 5.0, 2.0]}, title="t", unit=""))
    first, second, third = (float(circle.get("cx", "nan")) for circle in root.iter(f"{NAMESPACE}circle"))
    assert first < third < second
    assert (third - first) / (second - first) == pytest.approx(0.25, abs=0.01)


def test_what_cannot_be_drawn_is_told() -> None:
    chart = charts.strip({"a": [1.0, math.nan, math.inf, -1.0]}, title="t", unit="", log=True)
    assert "1 below zero · 2 not finite" in chart
    chart = charts.scatter([Point("gone", math.nan, 1), Point("there", 1, 1)], title="t", x_label="", y_label="")
    assert "Not drawn, without a place on the axes: gone: nan, 1" in chart
    chart = charts.lines({"a": [(0, 1), (1, math.inf), (2, 1), (3, 2)]}, title="t", x_label="", y_label="")
    assert "a: 1, inf" in chart
    assert len(list(parsed(chart).iter(f"{NAMESPACE}polyline"))) == 2


@pytest.mark.parametrize(
    "chart",
    [
        charts.strip({}, title="Nothing", unit="ms"),
        charts.scatter([], title="Nothing", x_label="", y_label=""),
        charts.lines({"a": []}, title="Nothing", x_label="", y_label=""),
    ],
)
def test_a_chart_of_nothing_says_so(chart: str) -> None:
    assert "Nothing to show." in chart


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=8, max_size=8))
def test_eight_labels_find_room_wherever_their_points_are(places: list[tuple[float, float]]) -> None:
    points = [Point(f"target-{i}", x, y) for i, (x, y) in enumerate(places)]
    root = check_inside(charts.scatter(points, title="t", x_label="", y_label=""))
    labels = [found for found in text_boxes(root) if found[2] == ""]
    check_apart(labels)
    told_below = [text for text, _, kind in text_boxes(root) if kind == "small"]
    assert all(
        any(text.startswith(point.label) for text, _, _ in labels) or any(point.label in t for t in told_below)
        for point in points
    )


def test_eight_labels_of_one_place_all_stand_beside_it() -> None:
    points = [Point(f"target-{i}", 1, 1) for i in range(8)]
    labels = [
        text
        for text, _, kind in text_boxes(parsed(charts.scatter(points, title="", x_label="", y_label="")))
        if not kind
    ]
    assert labels == [point.label for point in points]


def test_a_chart_is_named_and_described() -> None:
    root = parsed(charts.lines({"onnx": [(8, 1.5), (16, 3.0)]}, title="By length", x_label="tokens", y_label="ms"))
    assert root.get("role") == "img"
    assert root[0].tag.endswith("title")
    assert root[0].text == "By length"
    assert root[1].tag.endswith("desc")
    assert root[1].text == "onnx: 2 points, 1.5 at 8 to 3 at 16"


def test_lines_differ_by_shape_as_well_as_by_colour() -> None:
    series = {str(i): [(0.0, float(i)), (1.0, float(i))] for i in range(8)}
    root = parsed(charts.lines(series, title="t", x_label="", y_label=""))
    marks = {(mark.get("class"), mark.get("d")) for mark in root.iter(f"{NAMESPACE}path")}
    assert len(marks) == len({kind for kind, _ in marks}) == len({shape for _, shape in marks}) == 8
    more = {str(i): [(0.0, float(i))] for i in range(64)}
    root = parsed(charts.lines(more, title="t", x_label="", y_label=""))
    assert len({(mark.get("class"), mark.get("d")) for mark in root.iter(f"{NAMESPACE}path")}) == 64


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.sampled_from([0.0, 0.5, 0.95, 1.0]))
def test_quantiles_are_numpys(values: list[float], share: float) -> None:
    assert charts.quantile(values, share) == pytest.approx(
        float(np.percentile(values, 100 * share)), rel=1e-9, abs=1e-6
    )


def test_figures_have_three_digits() -> None:
    values = [0.0, 1.0, 4.125, 15.29, 1234.5, 2.0863e-7, 1e-300, math.inf, math.nan, -0.5]
    assert list(map(charts.figure, values)) == [
        "0",
        "1",
        "4.12",
        "15.3",
        "1234",
        "2.09e-7",
        "1e-300",
        "inf",
        "nan",
        "-0.5",
    ]
