"""Every observer's range holds what it must, and is better than the full one where that is easy to see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgelm.calibrate.observers import OBSERVERS, Histogram, candidates, extremes
from edgelm.graph import numeric
from edgelm.graph.builder import GraphBuilder
from edgelm.graph.ir import BATCH, LENGTH
from edgelm.types import Array

values = hnp.arrays(np.float32, st.integers(1, 400), elements=st.floats(-1e4, 1e4, width=32))


def squared_error(x: Array, ends: tuple[float, float]) -> float:
    scale, zero_point = numeric.scale_and_zero_point(*ends)
    return float(np.square(numeric.static_steps(x, scale, zero_point) * scale - x).sum())


@given(x=values)
def test_ranges_lie_within_what_was_seen(x: Array) -> None:
    for observe in OBSERVERS.values():
        for low, high in observe(Histogram.of(x)):
            assert np.isfinite([low, high]).all()
            assert low <= high
            assert min(x.min(), 0) - 1e-3 * abs(x.min()) <= low
            assert high <= max(x.max(), 0) + 1e-3 * abs(x.max())


@given(x=values)
def test_the_full_range_is_always_a_candidate(x: Array) -> None:
    assert candidates(x)[0] == (float(x.min()), float(x.max()))


def test_a_histogram_counts_everything_once() -> None:
    x = np.random.default_rng(0).normal(0, 1, (30, 40)).astype(np.float32)
    histogram = Histogram.of(x)
    assert histogram.counts.sum() == x.size
    assert np.average(histogram.centres, weights=histogram.counts) == pytest.approx(x.mean(), abs=1e-3)


@pytest.mark.parametrize("name", ["percentile", "entropy"])
def test_an_outlier_does_not_take_all_steps(name: str) -> None:
    """100,000 values near zero and one far away: cutting that one leaves the others their steps."""
    rng = np.random.default_rng(0)
    x = np.append(rng.normal(0, 1, 100_000), 400).astype(np.float32)
    ends = min(OBSERVERS[name](Histogram.of(x)), key=lambda one: squared_error(x[:-1], one))
    assert squared_error(x[:-1], ends) < 0.2 * squared_error(x[:-1], (float(x.min()), float(x.max())))


def test_the_mean_squared_error_observer_finds_nearly_the_least_error() -> None:
    x = np.random.default_rng(1).standard_t(3, 50_000).astype(np.float32)
    (ends,) = OBSERVERS["mse"](Histogram.of(x))
    full = (float(x.min()), float(x.max()))
    tried = [(full[0] * low, full[1] * high) for low in np.linspace(0.1, 1, 19) for high in np.linspace(0.1, 1, 19)]
    assert squared_error(x, ends) < squared_error(x, full)
    assert squared_error(x, ends) <= 1.1 * min(squared_error(x, one) for one in tried)


def test_extremes_are_those_of_all_feeds() -> None:
    builder = GraphBuilder()
    builder.input("x", "float32", (BATCH, LENGTH))
    builder.op("relu", "x", name="y")
    graph = builder.build(["y"])
    feeds = [{"x": np.asarray([[-3.0, 2.0]], np.float32)}, {"x": np.asarray([[1.0, 5.0, -8.0]], np.float32)}]
    assert extremes(graph, feeds, ["y"]) == {"y": (0.0, 5.0)}
