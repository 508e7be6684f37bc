"""One group of linear layers at a time: which range, smoothing and correction makes them err least on real text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgelm.calibrate.observers import Range, candidates
from edgelm.graph import numeric
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import Graph, Node, Tensor
from edgelm.graph.quantize import as_stored
from edgelm.types import Array, Scheme, Tensors

_MOST_ROWS = 512
"""Token positions that a tensor is judged on; taken evenly from all texts."""
_STRENGTHS = (0.35, 0.5, 0.65, 0.8)
"""Of the smoothing: which part of a channel's size goes into the weights (SmoothQuant's alpha)."""
_GAIN_OF_SMOOTHING = 0.8
"""It is one more multiplication at run time, so it must bring the squared error below this share."""
_GAIN_OF_CUTTING = 0.9
"""A range that cuts may meet larger values in other texts."""
_GAIN_OF_FACTORS = 0.5
"""They too are one more multiplication."""
_HEADROOM = 1.25
"""Of an output's range, in units of the largest value seen of each channel."""
_SMALLEST_FACTOR = 1e-3


@dataclass(frozen=True)
class Group:
    """The linear layers that read one tensor."""

    tensor: str
    nodes: tuple[Node, ...]
    is_shared: bool
    """Whether others use a weight of theirs, as layers of ALBERT or a tied table: factors would make it one more."""

    @property
    def weights(self) -> frozenset[str]:
        """By name."""
        return frozenset(node.inputs[1] for node in self.nodes)


@dataclass(frozen=True)
class Seen:
    """What a tensor held on real text."""

    rows: Array
    """float32 [rows, channels], evenly taken."""
    low: Array
    """float32 [channels], of all rows."""
    high: Array

    def over(self, factors: Array | None) -> Seen:
        """The same divided by a factor for each channel."""
        return self if factors is None else Seen(self.rows / factors, self.low / factors, self.high / factors)

    @property
    def full_range(self) -> Range:
        """Of all values, those between the rows that were taken among them."""
        return float(self.low.min()), float(self.high.max())


@dataclass(frozen=True)
class Choice:
    """What was decided for a group, and what it costs on its own."""

    group: Group
    range: Range
    error: float
    """Squared error of the group's outputs, as a share of their squares."""
    factors: Array | None
    corrections: Mapping[str, Array]
    outputs: Mapping[str, Range]
    output_factors: Mapping[str, Array]


@dataclass(frozen=True)
class _Case:
    """A way to quantize a group: its divided input, and its weights multiplied likewise and rounded."""

    factors: Array | None
    seen: Seen
    weights: tuple[Array, ...]


def groups(graph: Graph, linears: Iterable[Node]) -> list[Group]:
    """In the graph's order."""
    found: dict[str, list[Node]] = {}
    for node in linears:
        found.setdefault(node.inputs[0], []).append(node)
    readers = graph.consumers()
    return [
        Group(tensor, tuple(nodes), any(len(readers[node.inputs[1]]) > 1 for node in nodes))
        for tensor, nodes in found.items()
    ]


def see(graph: Graph, feeds: Sequence[Tensors], names: Sequence[str]) -> dict[str, Seen]:
    """What each of those tensors holds, evenly over the feeds; feeds must hold no padding."""
    run = Interpreter(graph)
    share = max(1, _MOST_ROWS // len(feeds))
    parts: dict[str, list[Array]] = {name: [] for name in names}
    ends: dict[str, list[Array]] = {name: [] for name in names}
    for feed in feeds:
        for name, x in run.trace(feed, names).items():
            rows = x.reshape(-1, x.shape[-1])
            kept = np.unique(np.linspace(0, len(rows) - 1, share).round().astype(int))
            parts[name].append(rows[kept])
            ends[name] += [rows.min(axis=0), rows.max(axis=0)]
    return {
        name: Seen(np.concatenate(parts[name]), np.min(ends[name], axis=0), np.max(ends[name], axis=0))
        for name in names
    }


def choose(graph: Graph, group: Group, seen: Seen, scheme: Scheme) -> Choice:
    """The best smoothing strength for one group, and for that the best range, by the error of its outputs."""
    weights = [graph[node.inputs[1]].numpy() for node in group.nodes]
    wanted = [seen.rows @ weight.T for weight in weights]
    total = sum(float(np.square(y).sum()) for y in wanted) or 1.0

    def error_of(case: _Case, ends: Range) -> float:
        products = _products(case, ends, scheme)
        return sum(float(np.square(y - found).sum()) for y, found in zip(wanted, products, strict=True)) / total

    best = _case(seen, weights, scheme, None)
    error = error_of(best, seen.full_range)
    for strength in () if group.is_shared else _STRENGTHS:
        case = _case(seen, weights, scheme, strength)
        found = error_of(case, case.seen.full_range)
        if found < error * (_GAIN_OF_SMOOTHING if best.factors is None else 1.0):
            best, error = case, found
    full = ends = best.seen.full_range
    for other in candidates(best.seen.rows) if scheme.is_static else ():
        found = error_of(best, other)
        if found < error * (_GAIN_OF_CUTTING if ends == full else 1.0):
            ends, error = other, found
    found_products = _products(best, ends, scheme)
    corrections: dict[str, Array] = {}
    outputs: dict[str, Range] = {}
    output_factors: dict[str, Array] = {}
    error = 0.0
    for node, y, product in zip(group.nodes, wanted, found_products, strict=True):
        correction = _correction(y - product)
        if correction is not None:
            corrections[node.output] = correction
            product = product + correction
        error += float(np.square(y - product).sum()) / total
        if scheme.outputs == "int8":
            bias = graph[node.inputs[2]].numpy() if len(node.inputs) == 3 else np.float32(0)
            outputs[node.output], factors = _output(y + bias, by_channel=not group.is_shared)
            if factors is not None:
                output_factors[node.output] = factors
    return Choice(group, ends, error, best.factors, corrections, outputs, output_factors)


def _case(seen: Seen, weights: Sequence[Array], scheme: Scheme, strength: float | None) -> _Case:
    factors = None if strength is None else _factors(seen, weights, strength)
    scaled = weights if factors is None else [weight * factors for weight in weights]
    rounded = (as_stored(Tensor("", "float32", one.shape, one), scheme.weights).numpy() for one in scaled)
    return _Case(factors, seen.over(factors), tuple(rounded))


def _factors(seen: Seen, weights: Sequence[Array], strength: float) -> Array:
    """max|x|^a / max|w|^(1 - a) by channel, around 1 (Xiao et al. 2023, equation 4)."""
    of_input = np.maximum(np.abs(seen.low), np.abs(seen.high))
    of_weights = np.max([np.abs(weight).max(axis=0) for weight in weights], axis=0)
    factors = np.maximum(of_input, 1e-6) ** strength / np.maximum(of_weights, 1e-6) ** (1 - strength)
    factors = factors / np.exp(np.log(factors).mean())
    clipped: Array = np.clip(factors, _SMALLEST_FACTOR, 1 / _SMALLEST_FACTOR).astype(np.float32)
    return clipped


def _products(case: _Case, ends: Range, scheme: Scheme) -> list[Array]:
    x = case.seen.rows
    if scheme.is_static:
        scale, zero_point = numeric.scale_and_zero_point(*ends)
        x = numeric.static_steps(x, scale, zero_point) * np.float32(scale)
    elif scheme.activations.startswith("dynamic"):
        x = numeric.fake_quantize_token(x, scheme.activations)
    return [x @ weight.T for weight in case.weights]


def _correction(missing: Array) -> Array | None:
    """The mean of what is missing, by output; None where half of the rows shows that it does not help the other."""
    learned, held_out = missing[::2], missing[1::2]
    if not len(held_out):
        return None
    helps = np.square(held_out - learned.mean(axis=0)).sum() < np.square(held_out).sum()
    return missing.mean(axis=0).astype(np.float32) if helps else None


def _output(values: Array, *, by_channel: bool) -> tuple[Range, Array | None]:
    """The range of what a layer writes, and the factors that make its channels equally wide where that pays."""

    def error(ends: Range, by: Array | None) -> float:
        scale, zero_point = numeric.scale_and_zero_point(*ends)
        factors = np.float32(1) if by is None else by
        found = numeric.static_steps(values / factors, scale, zero_point) * np.float32(scale) * factors
        return float(np.square(found - values).sum())

    plain = min(candidates(values), key=lambda ends: error(ends, None))
    factors = np.maximum(np.abs(values).max(axis=0), _SMALLEST_FACTOR).astype(np.float32)
    even = (-_HEADROOM, _HEADROOM)
    pays = by_channel and error(even, factors) < _GAIN_OF_FACTORS * error(plain, None)
    return (even, factors) if pays else (plain, None)
