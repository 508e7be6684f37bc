"""Collects ncnn's layers: the graph's tensors as blobs, its integers as ncnn can hold them.

A blob has up to four axes and no batch: a tensor's first axis, of size 1, is left out. Blobs hold float32. ncnn reads
integers in one place only, the rows that an Embed looks up, and casts none: so the model's int32 inputs, and positions,
which follow from the length alone, are kept as their bits (``bits``), and other integers as floats (``read``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from edgelm.errors import UnsupportedError
from edgelm.graph.ir import BATCH, LENGTH, Graph, GraphError, Node
from edgelm.graph.ops import OPS
from edgelm.types import Array, Dim
from edgelm_converters._ncnn_file import Layer, Param, Weight

_FEATURE_MASK = 31
_EXACT = 1 | 2 | 4
"""Of layers over integers: no float16 arithmetic and no storage in 16 bits, whatever the app allows."""
_SHAPE_KEYS = {1: (0,), 2: (1, 0), 3: (2, 1, 0), 4: (2, 11, 1, 0)}
"""The keys of a blob's sizes, the outermost axis first, by the number of axes."""
_AXES = {1: "w", 2: "hw", 3: "chw", 4: "cdhw"}
"""The names of the same axes in ncnn's expressions."""
_CASTS = np.arange(256, dtype=np.float32)
"""Which integers of an input can be cast: masks and types are small."""


class Emitter:
    """Turns each node into layers; positions are kept up to ``max_length``."""

    def __init__(self, graph: Graph, operators: Mapping[str, Emit], max_length: int) -> None:
        self.graph = graph
        self.operators = operators
        self.max_length = max_length
        self.layers: list[Layer] = []
        self.blobs: set[str] = set()
        self.positions: dict[str, Array] = {}
        """Integers that follow from the length alone, at ``max_length``; a text takes the first of them."""

    def run(self) -> list[Layer]:
        """All layers; UnsupportedError names an operator that ncnn cannot take."""
        for name in self.graph.inputs:
            self.add("Input", (), name)
        for node in self.graph.nodes:
            if node.op not in self.operators:
                raise UnsupportedError(
                    f"ncnn has no layer for operator {node.op} ({node.output}).", hint="Choose another target."
                )
            values = self._positions_of(node)
            if values is None:
                self.operators[node.op](self, node)
            else:
                self.positions[node.output] = values
        for name in self.graph.outputs:
            self.read(name)
        return self.layers

    def add(
        self,
        kind: str,
        inputs: Sequence[str],
        output: str,
        params: Mapping[int, Param] | None = None,
        weights: Sequence[Weight] = (),
    ) -> str:
        """Add one layer with one output, and return that."""
        self.blobs.add(output)
        self.layers.append(Layer(kind, output, tuple(inputs), (output,), params or {}, tuple(weights)))
        return output

    def exact(
        self,
        kind: str,
        inputs: Sequence[str],
        output: str,
        params: Mapping[int, Param] | None = None,
        weights: Sequence[Weight] = (),
    ) -> str:
        """The same over integers, which 16 bits would round."""
        return self.add(kind, inputs, output, {**(params or {}), _FEATURE_MASK: _EXACT}, weights)

    def several(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], params: Mapping[int, Param]) -> None:
        """Add one layer with several outputs."""
        self.blobs.update(outputs)
        self.layers.append(Layer(kind, outputs[0], tuple(inputs), tuple(outputs), params))

    def read(self, name: str, rank: int | None = None) -> str:
        """The blob of a tensor as floats, with axes of 1 before its own where the graph's ``rank`` is higher."""
        tensor = self.graph[name]
        rank = rank or len(tensor.shape)
        if tensor.data is not None:
            return self.constant(name, tensor.numpy(), rank)
        if name in self.positions:
            return self._cropped(name, self.positions[name].astype(np.float32), name)
        if name in self.graph.inputs and tensor.dtype == "int32":
            output = f"{name}/float"
            return output if output in self.blobs else self.look_up(name, tensor.shape, _CASTS, output)
        if rank <= len(tensor.shape):
            return name
        first, *others = tensor.shape
        return self.reshape(name, (first, *[1] * (rank - len(tensor.shape)), *others), f"{name}/rank{rank}")

    def bits(self, name: str) -> str | None:
        """The blob of an integer tensor's int32 bits, or None where it is computed, and held as floats."""
        if name in self.positions:
            return self._cropped(name, self.positions[name].view(np.float32), f"{name}/bits")
        return name if name in self.graph.inputs else None

    def constant(self, name: str, values: Array, rank: int) -> str:
        """A MemoryData, in float32 or of int32 bits, of the graph's ``rank``."""
        blob = f"{name}/rank{rank}"
        if blob not in self.blobs:
            sizes = sizes_of((*[1] * (rank - values.ndim), *values.shape))
            params = dict(zip(_SHAPE_KEYS[len(sizes)], map(int, sizes), strict=True))
            self.add("MemoryData", (), blob, params, [Weight(values, tagged=False)])
        return blob

    def reshape(self, blob: str, shape: Sequence[Dim], output: str) -> str:
        """The blob in another shape of the graph's."""
        sizes = sizes_of(shape)
        if len(sizes) > max(_AXES):
            raise UnsupportedError(f"{output} has {len(sizes)} axes beside the batch; ncnn has at most {max(_AXES)}.")
        if sizes.count(LENGTH) < 2:
            numbers = [-1 if size == LENGTH else int(size) for size in sizes]
            return self.exact("Reshape", [blob], output, dict(zip(_SHAPE_KEYS[len(sizes)], numbers, strict=True)))
        reference, length = self._length()
        expression = ",".join(length if size == LENGTH else str(size) for size in reversed(sizes))
        return self.exact("Reshape", [blob, reference], output, {6: expression})

    def look_up(self, bits: str, shape: Sequence[Dim], column: Array, output: str) -> str:
        """The entry of a column for each of the int32 bits; indices beyond its end take the last."""
        params: dict[int, Param] = {0: 1, 1: len(column), 3: len(column)}
        flat = bits if len(sizes_of(shape)) == 1 else self.flat(bits, output)
        rows = self.exact("Embed", [flat], f"{output}/rows", params, [Weight(column)])
        return self.reshape(rows, shape, output)

    def flat(self, blob: str, output: str) -> str:
        """A blob of integers along one axis, as an Embed reads them."""
        return self.exact("Reshape", [blob], f"{output}/indices", {0: -1})

    def _positions_of(self, node: Node) -> Array | None:
        """What a node computes at ``max_length``, where its integers follow from the length alone."""
        if self.graph[node.output].dtype != "int32":
            return None
        if node.op == "position_ids":
            ids = np.zeros((1, self.max_length), np.int32)
            return None if node.attrs["padding_idx"] is not None else OPS[node.op].run([ids], node.attrs)[0]
        known = [self.positions.get(name, self.graph[name].data) for name in node.inputs]
        operands = [values for values in known if values is not None]
        return OPS[node.op].run(operands, node.attrs)[0] if len(operands) == len(known) else None

    def _cropped(self, name: str, values: Array, output: str) -> str:
        """As much of a constant as the text is long."""
        if output in self.blobs:
            return output
        shape = self.graph[name].shape
        axes = [i for i, size in enumerate(sizes_of(shape)) if size == LENGTH]
        whole = self.constant(f"{output}/whole", values, len(shape))
        reference, length = self._length()
        starts, ends, along = (",".join(part) for part in (["0"] * len(axes), [length] * len(axes), map(str, axes)))
        return self.exact("Crop", [whole, reference], output, {19: starts, 20: ends, 21: along})

    def _length(self) -> tuple[str, str]:
        """A blob as long as the text, and its length as the second blob of an expression."""
        for name in self.graph.inputs:
            sizes = sizes_of(self.graph[name].shape)
            if LENGTH in sizes:
                return name, f"1{_AXES[len(sizes)][sizes.index(LENGTH)]}"
        raise GraphError("no input of the graph is as long as the text")


Emit = Callable[[Emitter, Node], None]


def sizes_of(shape: Sequence[Dim]) -> list[Dim]:
    """A shape of the graph as the blob has it, the outermost axis first; a scalar has one axis."""
    return list(shape[1:] if shape and shape[0] in (BATCH, 1) else shape) or [1]
