"""Collects the nodes of an OpenVINO model, and widens the constants that a graph stores in fewer bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from edgelm.graph.ir import Graph, GraphError, Node, Quantization, Tensor
from edgelm.types import Array

_MARK = "decompression_0"
"""The runtime attribute of a Convert that widens a compressed constant."""
_TYPES = {
    "float32": "f32",
    "float16": "f16",
    "bfloat16": "bf16",
    "int4": "i4",
    "int8": "i8",
    "int32": "i64",
    "int64": "i64",
}


class Emitter:
    """Turns each node into OpenVINO nodes; ``ports`` holds the output port of every tensor and constant so far."""

    def __init__(self, graph: Graph, openvino: Any, operators: Mapping[str, Emit]) -> None:
        self.graph = graph
        self.operators = operators
        self.openvino = openvino
        self.opset = openvino.opset8
        self.types = {dtype: getattr(openvino.Type, name) for dtype, name in _TYPES.items()}
        self.ports: dict[str, Any] = {}
        self.names: set[str] = set()
        self.arrays: list[Array] = []
        self.static_inputs: dict[tuple[str, float, int], Any] = {}
        self._marked: Any = None

    def model(self) -> Any:
        """The openvino.Model; its constants are views of the graph's, read when the model is written."""
        parameters = [self._parameter(self.graph[name]) for name in self.graph.inputs]
        for node in self.graph.nodes:
            if node.op not in self.operators:
                raise GraphError(f"the openvino converter does not know operator {node.op}")
            self.ports.update(zip(node.outputs, self.operators[node.op](self, node), strict=True))
        results = [self._result(name) for name in self.graph.outputs]
        return self.openvino.Model(results, parameters, "edgelm")

    def add(self, op: str, inputs: Sequence[Any], name: str, *args: Any) -> Any:
        """The output port of one new node, whose operator is a function of the opset; ``args`` follow its inputs."""
        return self.named(getattr(self.opset, op)(*inputs, *args), name).output(0)

    def named(self, node: Any, name: str) -> Any:
        """The node under a unique name of ours: OpenVINO's count on through a process, so that no two files agree."""
        if name in self.names:
            raise GraphError(f"two OpenVINO nodes are called {name}")
        self.names.add(name)
        node.set_friendly_name(name)
        return node

    def constant(self, name: str, values: Array, dtype: str = "", shape: Sequence[int] = ()) -> Any:
        """A constant's port, one per name; int32 becomes int64, the type of every index here.

        ``dtype`` and ``shape`` say what the bytes are where NumPy has no such type.
        """
        if name not in self.ports:
            values = np.asarray(values, np.int64 if values.dtype == np.int32 else values.dtype, order="C")
            self.arrays.append(values)
            kind = self.types[dtype or str(values.dtype)]
            shared = self.openvino.Tensor(values, list(shape or values.shape), kind)
            self.ports[name] = self.named(self.openvino.op.Constant(shared, shared_memory=True), name).output(0)
        return self.ports[name]

    def ints(self, *values: int) -> Any:
        """A 1-D int64 constant, named by its values."""
        return self.constant(f"ints.{'_'.join(map(str, values))}", np.asarray(values, np.int64))

    def int(self, value: int) -> Any:
        """A scalar int64 constant, named by its value."""
        return self.constant(f"int.{value}", np.asarray(value, np.int64))

    def float(self, value: float) -> Any:
        """A scalar float32 constant, named by its value."""
        return self.constant(f"float.{value!r}", np.asarray(value, np.float32))

    def read(self, name: str) -> Any:
        """The port of a tensor in float32 (or int64): a constant is stored as its dtype says and widened."""
        tensor = self.graph[name]
        if tensor.data is None:
            return self.ports[name]
        if tensor.dtype not in _COMPRESSED:
            return self.constant(name, tensor.data)
        real = f"{name}/real"
        if real not in self.ports:
            self.ports[real] = _COMPRESSED[tensor.dtype](self, tensor)
        return self.ports[real]

    def stored(self, tensor: Tensor) -> Any:
        """The port of a constant's bytes."""
        return self.constant(tensor.name, _data(tensor), tensor.dtype)

    def scales(self, tensor: Tensor) -> Any:
        """The scales of an int8 constant, a column."""
        column = (-1, *[1] * (len(tensor.shape) - 1))
        return self.constant(f"{tensor.name}/scales", _quantization(tensor).scale.reshape(column))

    def mark(self, port: Any) -> Any:
        """The port of a Convert, with the mark that OpenVINO's own compression leaves, so that it is not folded."""
        self._marked = self._marked or _marked_convert(self.openvino)
        port.get_node().set_rt_info(self._marked.get_rt_info()[_MARK], _MARK)
        return port

    def _parameter(self, tensor: Tensor) -> Any:
        node = self.named(self.opset.parameter([-1] * len(tensor.shape), self.types[tensor.dtype]), tensor.name)
        self.ports[tensor.name] = node.output(0)
        node.output(0).set_names({tensor.name})
        return node

    def _result(self, name: str) -> Any:
        self.ports[name].set_names({name})
        return self.named(self.opset.result(self.ports[name]), f"{name}/result")


def _marked_convert(openvino: Any) -> Any:
    """A node that carries the mark: it has no Python class, so OpenVINO's compression is run over a single constant."""
    from openvino._offline_transformations import compress_model_transformation

    opset = openvino.opset8
    model = openvino.Model([opset.relu(opset.constant(np.ones(1, np.float32)))], [], "marked")
    compress_model_transformation(model)
    return next(node for node in model.get_ops() if _MARK in node.get_rt_info())


def _data(tensor: Tensor) -> Array:
    if tensor.data is None:
        raise GraphError(f"{tensor.name} is no constant")
    return tensor.data


def _quantization(tensor: Tensor) -> Quantization:
    if tensor.quantization is None:
        raise GraphError(f"{tensor.name} is not quantized")
    return tensor.quantization


def _widened(e: Emitter, tensor: Tensor) -> Any:
    """A marked Convert."""
    return e.mark(e.add("convert", [e.stored(tensor)], f"{tensor.name}/real", e.types["float32"]))


def _channels(e: Emitter, tensor: Tensor) -> Any:
    """int8: Convert, then Multiply by the scales, the pattern that plugins recognise and keep compressed."""
    wide = e.add("convert", [e.stored(tensor)], f"{tensor.name}/convert", e.types["float32"])
    return e.add("multiply", [wide, e.scales(tensor)], f"{tensor.name}/real")


def _blocks(e: Emitter, tensor: Tensor) -> Any:
    """int4: the same over [rows, blocks, columns of a block], then a Reshape to the matrix."""
    scale, (rows, columns) = _quantization(tensor).scale, _data(tensor).shape
    nibbles = _data(tensor).view(np.uint8) & 15
    pairs = nibbles[:, ::2] | nibbles[:, 1::2] << 4  # the first of two in the lower half
    stored = e.constant(tensor.name, pairs, "int4", (*scale.shape, columns // scale.shape[1]))
    wide = e.add("convert", [stored], f"{tensor.name}/convert", e.types["float32"])
    scales = e.constant(f"{tensor.name}/scales", scale[:, :, None])
    scaled = e.add("multiply", [wide, scales], f"{tensor.name}/scaled")
    return e.add("reshape", [scaled, e.ints(rows, columns)], f"{tensor.name}/real", False)


_COMPRESSED: Mapping[str, Callable[[Emitter, Tensor], Any]] = {
    "float16": _widened,
    "bfloat16": _widened,
    "int8": _channels,
    "int4": _blocks,
}
"""Float32 ports over constants of other dtypes."""

Emit = Callable[[Emitter, Node], Sequence[Any]]
