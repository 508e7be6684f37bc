"""What range of a tensor's values its 256 steps should cover: four observers, of which a caller keeps the best.

Each maps a histogram to (low, high). Values outside are cut to it, and the rest gets finer steps.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import Graph
from edgelm.types import Array, Tensors

Range = tuple[float, float]

_BINS = 4096
_LEVELS = 256
_TAILS = (1e-5, 1e-4, 1e-3)
"""Shares of all values that a percentile may leave outside, on each side half."""
_SHARES = tuple(float(share) for share in np.geomspace(1.0, 0.05, 24))
"""Of the full range on one side: what the searching observers try."""


@dataclass(frozen=True)
class Histogram:
    """How often a tensor's values fall into each of equal bins between its extremes."""

    low: float
    high: float
    counts: Array
    """int64 [bins]."""

    @classmethod
    def of(cls, values: Array) -> Histogram:
        """Of any array; one of a single value has a bin of no width."""
        low, high = float(values.min()), float(values.max())
        counts, _ = np.histogram(values.astype(np.float64), _BINS, (low, high)) if high > low else ([values.size], None)
        return cls(low, high, np.asarray(counts))

    @property
    def centres(self) -> Array:
        """float64 [bins]."""
        edges = np.linspace(self.low, self.high, len(self.counts) + 1)
        return (edges[:-1] + edges[1:]) / 2


def min_max(histogram: Histogram) -> list[Range]:
    """Everything that was seen."""
    return [(histogram.low, histogram.high)]


def percentile(histogram: Histogram) -> list[Range]:
    """All but a few of the values, for each of several shares."""
    below = np.cumsum(histogram.counts) / max(1, histogram.counts.sum())
    centres = histogram.centres
    last = len(centres) - 1
    ends = [np.searchsorted(below, (tail / 2, 1 - tail / 2)) for tail in _TAILS]
    return [(float(centres[first]), float(centres[min(int(end), last)])) for first, end in ends]


def mean_squared_error(histogram: Histogram) -> list[Range]:
    """The range whose rounding and cutting errs least, searched on one side after the other."""
    centres, weights = histogram.centres, histogram.counts

    def error(low: float, high: float) -> float:
        step = max(high - low, 1e-30) / (_LEVELS - 1)
        rounded = low + np.rint((np.clip(centres, low, high) - low) / step) * step
        return float((np.square(rounded - centres) * weights).sum())

    return [_searched(histogram, error)]


def entropy(histogram: Histogram) -> list[Range]:
    """The range that loses the least information, searched likewise (Kullback-Leibler; Migacz 2017, TensorRT)."""
    centres, counts = histogram.centres, histogram.counts.astype(np.float64)

    def divergence(low: float, high: float) -> float:
        inside = (centres >= low) & (centres <= high)
        if not counts[inside].sum():
            return float("inf")
        actual = counts[inside].copy()
        actual[0] += counts[centres < low].sum()
        actual[-1] += counts[centres > high].sum()
        level = np.minimum((np.arange(len(actual)) * _LEVELS) // len(actual), _LEVELS - 1)
        is_seen = counts[inside] > 0
        total = np.bincount(level, counts[inside], _LEVELS)
        seen = np.bincount(level, is_seen, _LEVELS)
        spread = np.where(is_seen, (total / np.maximum(seen, 1))[level], 0.0)
        p, q = actual / actual.sum(), spread / spread.sum()
        both = (p > 0) & (q > 0)
        missed = p[(p > 0) & (q == 0)].sum()
        return float((p[both] * np.log(p[both] / q[both])).sum() + missed)

    return [_searched(histogram, divergence)]


OBSERVERS: Mapping[str, Callable[[Histogram], list[Range]]] = {
    "min-max": min_max,
    "percentile": percentile,
    "mse": mean_squared_error,
    "entropy": entropy,
}


def candidates(values: Array) -> list[Range]:
    """Every observer's ranges of an array, each once; the full one first."""
    histogram = Histogram.of(values)
    return list(dict.fromkeys(ends for observe in OBSERVERS.values() for ends in observe(histogram)))


def extremes(graph: Graph, feeds: Iterable[Tensors], names: Collection[str]) -> Mapping[str, Range]:
    """(lowest, highest) of each of those tensors over all feeds."""
    run = Interpreter(graph)
    found: dict[str, Range] = {}
    for feed in feeds:
        for name, x in run.trace(feed, names).items():
            low, high = found.get(name, (np.inf, -np.inf))
            found[name] = min(low, float(x.min())), max(high, float(x.max()))
    return found


def _searched(histogram: Histogram, cost: Callable[[float, float], float]) -> Range:
    """The high end first, then the low end; neither beyond what was seen, nor across zero."""
    low, high = histogram.low, histogram.high
    high = min((high * share for share in _SHARES), key=lambda end: cost(low, end)) if high > 0 else high
    low = min((low * share for share in _SHARES), key=lambda end: cost(end, high)) if low < 0 else low
    return low, high
