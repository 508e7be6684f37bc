"""A graph and texts in, a calibration out: every group of layers at its best, and those that hurt back in float32."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgelm.calibrate.layers import Choice, Group, choose, groups, see
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
    found = groups(quantized_linears(whole, scheme))
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
    found = groups(quantized_linears(whole, scheme))
    outputs = [node.output for group in found for node in group.nodes] if scheme.outputs == "int8" else []
    names = [group.tensor for group in found]
    factors = {name: np.ones(int(whole[name].shape[-1]), np.float32) for name in (*names, *outputs)}
    return Calibration(
        extremes(whole, feeds, (*names, *outputs)),
        {name: factors[name] for name in names},
        {name: factors[name] for name in outputs},
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
        """The groups by what each costs the outputs per weight, from the worst on."""
        found = self._without(())
        if found.error <= _ENOUGH:
            return found
        total = sum(self._size(choice.group) for choice in self.choices)
        costs = {choice.group.tensor: self._cost(choice) / self._size(choice.group) for choice in self.choices}
        ranked = sorted(self.choices, key=lambda one: -costs[one.group.tensor])
        returned: list[str] = []
        size = 0
        for choice in ranked:
            own = self._size(choice.group)
            if found.error <= _ENOUGH:
                break
            if size + own > MOST_RETURNED * total:
                continue
            size += own
            returned.append(choice.group.tensor)
            found = min(found, self._without(returned), key=lambda one: one.error)
        return found

    def _cost(self, choice: Choice) -> float:
        """The error of the outputs when that group alone is quantized."""
        scheme = replace(self.scheme, embeddings="float32")
        others = [other.group.tensor for other in self.choices if other is not choice]
        return self._without(others, scheme).error

    def _without(self, returned: Collection[str], scheme: Scheme | None = None) -> Calibrated:
        """The calibration with those groups in float32, and how far its graph is from the original."""
        scheme = scheme or self.scheme
        kept = [choice for choice in self.choices if choice.group.tensor not in returned]
        weights = {node.inputs[1] for choice in self.choices if choice not in kept for node in choice.group.nodes} - {
            node.inputs[1] for choice in kept for node in choice.group.nodes
        }
        scheme = replace(scheme, float_tensors=tuple(sorted({*scheme.float_tensors, *weights})))
        calibration = _calibration(kept, [name for name in self.unit_rows if f"{name}.unit" not in returned])
        outputs = self._outputs(apply_scheme(self.graph, scheme, calibration))
        missing = sum(_squares(a, b) for a, b in zip(self.wanted, outputs, strict=True))
        size = sum(float(np.square(x).sum()) for output in self.wanted for x in output.values())
        return Calibrated(scheme, calibration, tuple(kept), missing / size)

    def _outputs(self, graph: Graph) -> list[dict[str, Array]]:
        run = Interpreter(graph)
        return [run(feed) for feed in self.feeds]

    def _size(self, group: Group) -> int:
        return sum(math.prod(map(int, self.whole[node.inputs[1]].shape)) for node in group.nodes)


def _squares(wanted: Mapping[str, Array], found: Mapping[str, Array]) -> float:
    return sum(float(np.square(found[name] - x).sum()) for name, x in wanted.items())
