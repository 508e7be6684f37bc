"""Runs a graph in NumPy: the reference every artifact is held against."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from edgelm.errors import UsageError
from edgelm.graph.ir import Graph, GraphError, Node
from edgelm.graph.ops import OPS
from edgelm.types import Array, Tensors


class Constants:
    """What a graph's nodes read beside what was computed; each constant is widened once, on first use."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._widened: dict[str, Array] = {}

    def operands(self, node: Node, values: Tensors) -> list[Array]:
        """The arrays a node runs on: from ``values`` where they are there, else constants."""
        found: list[Array] = []
        for i, name in enumerate(node.inputs):
            if name in values:
                found.append(values[name])
            elif i == 1 and OPS[node.op].takes_integers:
                found.extend(self._integers(name))
            else:
                found.append(self._constant(name))
        return found

    def _constant(self, name: str) -> Array:
        if name not in self._widened:
            self._widened[name] = self.graph[name].numpy()
        return self._widened[name]

    def _integers(self, name: str) -> tuple[Array, Array]:
        """A quantized constant's integers, as float32, and its scales."""
        tensor = self.graph[name]
        if tensor.data is None or tensor.quantization is None:
            raise GraphError(f"{name} is no quantized constant")
        key = f"{name}/integers"
        if key not in self._widened:
            self._widened[key] = tensor.data.astype(np.float32)
        return self._widened[key], tensor.quantization.scale


class Interpreter:
    """A Runner over a graph; quantized and float16 constants are widened once, on first use."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._constants = Constants(graph)
        self._last_use = {name: i for i, node in enumerate(graph.nodes) for name in node.inputs}

    def __call__(self, inputs: Tensors) -> dict[str, Array]:
        """Outputs by name. Missing inputs are a UsageError; intermediate arrays are freed after their last use."""
        values = self.trace(inputs, self.graph.outputs)
        return {name: np.ascontiguousarray(array) for name, array in values.items()}

    def trace(self, inputs: Tensors, names: Collection[str]) -> dict[str, Array]:
        """The tensors of those names, as they are computed on the way to the outputs."""
        values: dict[str, Array] = {}
        for name in self.graph.inputs:
            if name not in inputs:
                raise UsageError(f"input {name} is missing")
            values[name] = np.asarray(inputs[name], dtype=self.graph[name].dtype)
        for i, node in enumerate(self.graph.nodes):
            results = OPS[node.op].run(self._constants.operands(node, values), node.attrs)
            values.update(zip(node.outputs, results, strict=True))
            for name in node.inputs:
                if self._last_use[name] == i and name not in names:
                    values.pop(name, None)
        return {name: values[name] for name in names}
