"""Finds the first operator at which an artifact leaves the reference: each is computed from the artifact's own values.

The error of an operator then stays its own, and its limit can be that of its own roundings, whatever the precision: a
wrong matrix is not hidden in the noise that ten quantized layers before it have added up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edgelm.graph.interpreter import Constants
from edgelm.graph.ir import Graph, Node
from edgelm.graph.ops import OPS, Attrs
from edgelm.types import Array, Runner, Tensors, Verdict
from edgelm.validate.parity import Difference

SMALLEST_SHARE = 0.8
"""Of the operators must be seen on their own; a green figure over fewer would say little."""


@dataclass(frozen=True)
class Rounding:
    """How far two right computations of one operator may be apart, value by value: the sum of the three."""

    relative: float
    """Of the value's scale: the size of what was added up or multiplied to make it (see ``_SCALES``)."""
    absolute: float = 1e-7
    steps: float = 0.0
    """Of a linear layer that quantizes its input: of the step's size times the length of the output's weight row.

    Rounding a value to the other side moves it by a step; one right runtime does so to a few, another to none.
    """


LIMITS: Mapping[str, Rounding] = {
    "float32": Rounding(2e-5),
    "float16": Rounding(2e-3, absolute=3e-7),
    "dynamic_tensor_asymmetric": Rounding(2e-5, steps=1.0),
    "dynamic_token_asymmetric": Rounding(2e-5, steps=1.0),
    "dynamic_token_symmetric": Rounding(2e-5, steps=1.0),
    "dynamic_block_symmetric": Rounding(2e-5, steps=1.0),
    "static_tensor_asymmetric": Rounding(2e-5, steps=1.0),
}
"""By a scheme's ``activations``, which says what the operators compute in."""


@dataclass(frozen=True)
class Finding:
    """One operator held against the reference; several where the artifact does not show what is between them."""

    names: tuple[str, ...]
    """What each operator writes; the last is what was compared."""
    ops: tuple[str, ...]
    max_abs: float
    """Where the difference is largest beside its limit; infinite where the shapes differ."""
    limit: float
    sqnr_db: float
    where: str
    """The feed it was found on."""

    @property
    def verdict(self) -> Verdict:
        """Fail when the difference is beyond the limit, or not a number."""
        return Verdict.PASS if self.max_abs <= self.limit else Verdict.FAIL

    @property
    def title(self) -> str:
        """The operator as people call it, with what else it may have been."""
        *before, last = (f"{name} ({op})" for name, op in zip(self.names, self.ops, strict=True))
        return f"{last}, or before it {', '.join(before)}" if before else last


@dataclass(frozen=True)
class Bisection:
    """Every operator that was compared, in the graph's order."""

    findings: tuple[Finding, ...]
    operators: int
    """How many the graph has."""
    shown: int
    """Of how many the artifact shows the result."""
    feeds: int

    @property
    def first(self) -> Finding | None:
        """The first operator that leaves the reference."""
        return next((finding for finding in self.findings if finding.verdict is Verdict.FAIL), None)

    @property
    def verdict(self) -> Verdict:
        """Unmeasured when nothing leaves the reference, but too little was seen to say so."""
        if self.first is not None:
            return Verdict.FAIL
        return Verdict.PASS if self.shown >= SMALLEST_SHARE * self.operators else Verdict.UNMEASURED


def bisect(graph: Graph, trace: Runner, feeds: Mapping[str, Tensors], rounding: Rounding) -> Bisection:
    """Hold every operator of an artifact against the reference on every feed.

    ``graph`` is the one the artifact was made from, rewritten and stored as its scheme says; ``trace`` is a target's.
    """
    walk = _Walk(graph, rounding)
    for name, feed in feeds.items():
        with np.errstate(all="ignore"):  # a broken artifact's infinities are figures here, not warnings
            walk.run(name, trace(feed))
    findings = tuple(tally.finding() for tally in walk.tallies.values())
    return Bisection(findings, len(graph.nodes), len(walk.shown), len(feeds))


@dataclass
class _Tally:
    """What the feeds so far say of one operator."""

    nodes: Sequence[Node]
    excess: float = -1.0
    max_abs: float = 0.0
    limit: float = 0.0
    where: str = ""
    difference: Difference = field(default_factory=Difference)

    def add(self, where: str, expected: Array, actual: Array, limit: Array) -> None:
        self.difference.add(expected, actual)
        if expected.shape != actual.shape:
            self._note(float("inf"), float("inf"), 0.0, where)
            return
        error = np.abs(actual.astype(np.float64) - expected)
        limit = np.broadcast_to(limit, error.shape)
        excess = np.nan_to_num(error / limit, nan=np.inf)
        worst = np.unravel_index(int(excess.argmax()), excess.shape)
        self._note(float(excess[worst]), float(error[worst]), float(limit[worst]), where)

    def finding(self) -> Finding:
        names, ops = tuple(node.output for node in self.nodes), tuple(node.op for node in self.nodes)
        return Finding(names, ops, self.max_abs, self.limit, self.difference.sqnr_db, self.where)

    def _note(self, excess: float, max_abs: float, limit: float, where: str) -> None:
        if excess > self.excess:
            self.excess, self.max_abs, self.limit, self.where = excess, max_abs, limit, where


class _Walk:
    """Walks the graph once for each feed, with one tally for each operator or stretch of operators."""

    def __init__(self, graph: Graph, rounding: Rounding) -> None:
        self.graph, self.rounding = graph, rounding
        self.tallies: dict[tuple[str, ...], _Tally] = {}
        self.shown: set[str] = set()
        self._nodes = graph.producers()
        self._constants = Constants(graph)

    def run(self, where: str, traced: Tensors) -> None:
        """Compare what one feed's trace shows."""
        known = {name: traced[name].astype(self.graph[name].dtype) for name in self.graph.inputs}
        hidden: dict[str, dict[str, float]] = {}
        for node in self.graph.nodes:
            operands = self._constants.operands(node, known)
            stretch = {name: slack for operand in node.inputs for name, slack in hidden.get(operand, {}).items()}
            results = OPS[node.op].run(operands, node.attrs)
            for name, expected in zip(node.outputs, results, strict=True):
                limit = _limit(node, operands, expected, self.rounding)
                known[name] = expected
                if name in traced:
                    actual = traced[name].astype(expected.dtype)
                    self._tally(node, stretch).add(where, expected, actual, limit + sum(stretch.values()))
                    known[name] = _passed_on(expected, actual)
                else:
                    hidden[name] = {**stretch, node.output: float(np.max(limit))}

    def _tally(self, node: Node, stretch: Mapping[str, float]) -> _Tally:
        self.shown.add(node.output)
        key = (*stretch, node.output)
        return self.tallies.setdefault(key, _Tally([self._nodes[name] for name in key]))


def _passed_on(expected: Array, actual: Array) -> Array:
    """What the next operators compute from: the artifact's own value, unless they could not.

    A wrong index may be outside its table, and a wrong shape fits nothing.
    """
    usable = actual.shape == expected.shape and (actual.dtype.kind == "f" or np.array_equal(actual, expected))
    return actual if usable else expected


def _limit(node: Node, operands: Sequence[Array], result: Array, rounding: Rounding) -> Array:
    """By how much each value may differ."""
    if result.dtype.kind != "f":
        return np.asarray(rounding.absolute)
    scale = _SCALES.get(node.op, _magnitude)(operands, node.attrs, result)
    limit: Array = rounding.relative * scale + rounding.absolute
    if node.op == "quantized_linear":
        row = operands[2] * np.linalg.norm(operands[1], axis=-1)
        limit = limit + rounding.steps * (node.attrs["scale"] * row + (node.attrs.get("output_scale") or 0.0))
    scheme = node.attrs.get("activations", "float32")
    if scheme != "float32":
        limit = limit + rounding.steps * _step(operands[0], scheme) * np.linalg.norm(operands[1], axis=-1)
    return limit


def _step(x: Array, scheme: str) -> Any:
    """The size of the largest steps a row's values are quantized to, of shape [..., 1]."""
    if scheme in ("dynamic_token_symmetric", "dynamic_block_symmetric"):
        return np.abs(x).max(axis=-1, keepdims=True) / 127
    axis = None if scheme == "dynamic_tensor_asymmetric" else -1
    spread = np.maximum(x.max(axis=axis, keepdims=True), 0) - np.minimum(x.min(axis=axis, keepdims=True), 0)
    return spread / 255


def _magnitude(_: Sequence[Array], __: Attrs, result: Array) -> Array:
    return np.abs(result)


def _sum_of_magnitudes(x: Sequence[Array], _: Attrs, __: Array) -> Array:
    return np.abs(x[0]) + np.abs(x[1])


def _gelu(x: Sequence[Array], _: Attrs, result: Array) -> Array:
    """On the negative side 1 + erf cancels, and what is left of its rounding is multiplied by x."""
    return np.abs(result) + _GELU_SHARE * np.abs(x[0])


def _linear(x: Sequence[Array], _: Attrs, result: Array) -> Array:
    """Roundings of many terms add up as their root sum of squares does."""
    terms = np.square(x[0]).reshape(-1, x[0].shape[-1]) @ np.square(x[1]).T
    bias = np.abs(x[2]) if len(x) == 3 else 0
    scale: Array = np.sqrt(terms).reshape(result.shape) + bias + np.abs(result)
    return scale


def _quantized_linear(x: Sequence[Array], attrs: Attrs, result: Array) -> Array:
    left, integers, scales, *bias = x
    return _linear([left, integers * scales[:, None], *bias], attrs, result)


def _matmul(x: Sequence[Array], attrs: Attrs, result: Array) -> Array:
    (terms,) = OPS["matmul"].run([np.square(x[0]), np.square(x[1])], attrs)
    return np.sqrt(terms) + np.abs(result)


def _layer_norm(x: Sequence[Array], attrs: Attrs, _: Array) -> Array:
    """The mean is taken away, and the larger it is beside the spread, the more of the digits go with it."""
    values, weight, bias = x
    mean = values.mean(axis=-1, keepdims=True)
    spread = np.sqrt(np.square(values - mean).mean(axis=-1, keepdims=True) + attrs["epsilon"])
    scale: Array = (np.abs(values) + np.abs(mean)) / spread * np.abs(weight) + np.abs(bias)
    return scale


def _reduce_sum(x: Sequence[Array], attrs: Attrs, _: Array) -> Array:
    total: Array = np.abs(x[0]).sum(axis=attrs["axis"], keepdims=attrs["keepdims"])
    return total


_GELU_SHARE = 0.05
_SCALES: Mapping[str, Callable[[Sequence[Array], Attrs, Array], Array]] = {
    "add": _sum_of_magnitudes,
    "sub": _sum_of_magnitudes,
    "gelu": _gelu,
    "linear": _linear,
    "quantized_linear": _quantized_linear,
    "matmul": _matmul,
    "layer_norm": _layer_norm,
    "reduce_sum": _reduce_sum,
}
"""What an operator's roundings are in proportion to, value by value; of all others the value's own magnitude."""
