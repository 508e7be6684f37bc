"""A graph and texts in, a calibration out: every group of layers at its best, and those that hurt back in float32."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgelm.calibrate.layers import Choice, choose, groups, see
from edgelm.calibrate.observers import extremes
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import Graph
from edgelm.graph.quantize import Calibration, apply_scheme, gated_tensors, quantized_linears, with_unit_rows
from edgelm.types import Array, Scheme, Tensors

_ENOUGH = 0.002
"""Squared error of the outputs, as a share of their squares, at which nothing is returned to float32: a cosine of 0.999
and 27 dB."""
MOST_RETURNED = 0.125
"""Of the weights that are multiplied in integers."""
_SENSITIVITY_FEEDS = 8
_PER_TENSOR = ("static_tensor_asymmetric", "dynamic_tensor_asymmetric")


@dataclass(frozen=True)
class Calibrated:
    """What was found for one scheme and graph."""

    scheme: Scheme
    """With the weights that were returned to float32."""
    calibration: Calibration
    choices: tuple[Choice, ...]
    """Of the groups that stayed quantized, in the graph's order."""
    error: float
    """Squared error of the outputs on the calibration texts, as a share of their squares; NaN where not measured."""


def calibrate(graph: Graph, feeds: Sequence[Tensors], scheme: Scheme) -> Calibrated:
    """What makes a scheme err least on those inputs, each a text alone without padding.

    ``graph`` is rewritten as it will be shipped, and not quantized yet. Each group of linear layers that read one
    tensor gets the range (static schemes), smoothing, bias correction and output factors by which its own outputs err
    least. A static scheme whose outputs then err too much has the groups that hurt most returned to float32, by what
    each does to the outputs on its own.
    """
    unit_rows, whole = _with_unit_rows(graph, scheme)
    found = groups(whole, quantized_linears(whole, scheme))
    seen = see(whole, feeds, [group.tensor for group in found])
    choices = [choose(whole, group, seen[group.tensor], scheme) for group in found]
    if not scheme.is_static:
        return Calibrated(scheme, _calibration(choices, unit_rows), tuple(choices), float("nan"))
    return _Search(graph, whole, feeds[:_SENSITIVITY_FEEDS], scheme, choices, unit_rows).run()


def rough(graph: Graph, feeds: Sequence[Tensors], scheme: Scheme) -> Calibration:
    """A calibration that costs as much at run time as ``calibrate``'s, and errs more: extremes, and factors of 1.

    For timing encoders of random weights, which have nothing to calibrate on.
    """
    unit_rows, whole = _with_unit_rows(graph, scheme)
    found = groups(whole, quantized_linears(whole, scheme))
    own = [group for group in found if not group.is_shared]
    writes = scheme.outputs == "int8"

    def ones(names: Iterable[str]) -> dict[str, Array]:
        return {name: np.ones(int(whole[name].shape[-1]), np.float32) for name in names}

    inputs = [group.tensor for group in found]
    outputs = [node.output for group in found for node in group.nodes] if writes else []
    return Calibration(
        extremes(whole, feeds, (*inputs, *outputs)),
        ones(group.tensor for group in own),
        ones(node.output for group in own for node in group.nodes) if writes else {},
        unit_rows=unit_rows,
    )


def _with_unit_rows(graph: Graph, scheme: Scheme) -> tuple[tuple[str, ...], Graph]:
    """The tensors whose rows are divided by their peaks where one range serves a whole tensor, and the graph then."""
    if scheme.activations not in _PER_TENSOR:
        return (), graph
    linears = quantized_linears(graph, scheme)
    unit_rows = tuple(gated_tensors(graph, linears))
    return unit_rows, with_unit_rows(graph, linears, unit_rows)


def _calibration(choices: Collection[Choice], unit_rows: Sequence[str]) -> Calibration:
    ranges = {choice.group.tensor: choice.range for choice in choices}
    for choice in choices:
        ranges |= choice.outputs
    return Calibration(
        ranges,
        {choice.group.tensor: choice.factors for choice in choices if choice.factors is not None},
        {name: factors for choice in choices for name, factors in choice.output_factors.items()},
        {name: missing for choice in choices for name, missing in choice.corrections.items()},
        tuple(unit_rows),
    )


def _together(choices: Sequence[Choice]) -> list[tuple[str, ...]]:
    """The tensors of groups that can only be returned at once, for they use one weight."""
    found: list[tuple[frozenset[str], tuple[str, ...]]] = []
    for choice in choices:
        weights = choice.group.weights
        tensors: tuple[str, ...] = (choice.group.tensor,)
        joined = [one for one in found if one[0] & weights]
        found = [one for one in found if one not in joined]
        for others, more in joined:
            weights, tensors = weights | others, (*more, *tensors)
        found.append((weights, tensors))
    return [tensors for _, tensors in found]


class _Search:
    """Returns groups to float32 until the outputs are near enough, or as many as may be are."""

    def __init__(
        self,
        graph: Graph,
        whole: Graph,
        feeds: Sequence[Tensors],
        scheme: Scheme,
        choices: Sequence[Choice],
        unit_rows: Sequence[str],
    ) -> None:
        self.graph, self.whole, self.feeds, self.scheme = graph, whole, feeds, scheme
        self.choices, self.unit_rows = choices, unit_rows
        self.wanted = self._outputs(graph)

    def run(self) -> Calibrated:
        """The groups by what each costs the outputs per weight, from the worst on; those whose return helps."""
        found = self._without(())
        if found.error <= _ENOUGH:
            return found
        most = MOST_RETURNED * self._size([choice.group.tensor for choice in self.choices])
        parts = _together(self.choices)
        costs = {part: self._cost(part) / self._size(part) for part in parts}
        returned: tuple[str, ...] = ()
        for part in sorted(parts, key=lambda one: -costs[one]):
            if found.error <= _ENOUGH:
                break
            tried = (*returned, *part)
            if self._size(tried) <= most and (without := self._without(tried)).error < found.error:
                returned, found = tried, without
        return found

    def _cost(self, part: Collection[str]) -> float:
        """The error of the outputs when those groups alone are quantized."""
        scheme = replace(self.scheme, embeddings="float32")
        others = [choice.group.tensor for choice in self.choices if choice.group.tensor not in part]
        return self._without(others, scheme).error

    def _without(self, returned: Collection[str], scheme: Scheme | None = None) -> Calibrated:
        """The calibration with those groups in float32, and how far its graph is from the original."""
        scheme = scheme or self.scheme
        kept = [choice for choice in self.choices if choice.group.tensor not in returned]
        scheme = replace(scheme, float_tensors=tuple(sorted({*scheme.float_tensors, *self._weights(returned)})))
        calibration = _calibration(kept, [name for name in self.unit_rows if f"{name}.unit" not in returned])
        outputs = self._outputs(apply_scheme(self.graph, scheme, calibration))
        missing = sum(_squares(a, b) for a, b in zip(self.wanted, outputs, strict=True))
        size = sum(float(np.square(x).sum()) for output in self.wanted for x in output.values())
        return Calibrated(scheme, calibration, tuple(kept), missing / size)

    def _outputs(self, graph: Graph) -> list[dict[str, Array]]:
        run = Interpreter(graph)
        return [run(feed) for feed in self.feeds]

    def _weights(self, tensors: Collection[str]) -> frozenset[str]:
        """Of the groups that read those."""
        groups = (choice.group for choice in self.choices if choice.group.tensor in tensors)
        return frozenset[str]().union(*(group.weights for group in groups))

    def _size(self, tensors: Collection[str]) -> int:
        """Elements of those groups' weights."""
        return sum(math.prod(map(int, self.whole[name].shape)) for name in self._weights(tensors))


def _squares(wanted: Mapping[str, Array], found: Mapping[str, Array]) -> float:
    return sum(float(np.square(found[name] - x).sum()) for name, x in wanted.items())
