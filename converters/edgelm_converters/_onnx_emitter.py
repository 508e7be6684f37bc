"""Collects the nodes and initializers of an ONNX model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from edgelm.graph.ir import Graph, GraphError, Node, Tensor
from edgelm.types import Array

OPSET = 17
"""The first with LayerNormalization; read by onnxruntime 1.12 and later, its mobile and web builds included."""
IR_VERSION = 8
_CONTRIB = "com.microsoft"
"""The domain of onnxruntime's own operators."""


def _data(tensor: Tensor) -> Array:
    if tensor.data is None:
        raise GraphError(f"{tensor.name} is no constant")
    return tensor.data


class Emitter:
    """Turns each node into ONNX nodes; initializers are added on first use, under the constant's own name."""

    def __init__(self, graph: Graph, operators: Mapping[str, Callable[[Emitter, Node], None]]) -> None:
        from onnx import TensorProto, helper

        self.graph = graph
        self.operators = operators
        self.helper = helper
        self.types = {
            "float32": TensorProto.FLOAT,
            "float16": TensorProto.FLOAT16,
            "bfloat16": TensorProto.BFLOAT16,
            "uint16": TensorProto.BFLOAT16,  # NumPy has no bfloat16: the graph holds its bits
            "int8": TensorProto.INT8,
            "uint8": TensorProto.UINT8,
            "int32": TensorProto.INT64,
            "int64": TensorProto.INT64,
            "bool": TensorProto.BOOL,
        }
        self.nodes: list[Any] = []
        self.initializers: dict[str, Array] = {}
        self.derived: set[str] = set()
        self.dynamic_inputs: dict[str, tuple[str, str, str]] = {}
        self.static_inputs: dict[tuple[str, float, int], str] = {}
        self.tables = {node.inputs[0] for node in graph.nodes if node.op == "gather"}

    def model(self) -> Any:
        """The ModelProto, but for ``initializers``."""
        for node in self.graph.nodes:
            if node.op not in self.operators:
                raise GraphError(f"the onnx converter does not know operator {node.op}")
            self.operators[node.op](self, node)
        values = [
            [self._value(self.graph[name]) for name in names] for names in (self.graph.inputs, self.graph.outputs)
        ]
        graph = self.helper.make_graph(self.nodes, "edgelm", *values)
        opsets = [self.helper.make_opsetid("", OPSET)]
        if any(node.domain == _CONTRIB for node in self.nodes):
            opsets.append(self.helper.make_opsetid(_CONTRIB, 1))
        return self.helper.make_model(graph, producer_name="edgelm", opset_imports=opsets, ir_version=IR_VERSION)

    def add(self, op: str, inputs: Sequence[str], output: str, **attrs: Any) -> str:
        """Add one ONNX node with one output."""
        self.nodes.append(self.helper.make_node(op, inputs, [output], name=f"{output}/{op}", **attrs))
        return output

    def contrib(self, op: str, inputs: Sequence[str], output: str, **attrs: Any) -> str:
        """Add one node of an operator that only onnxruntime has."""
        return self.add(op, inputs, output, domain=_CONTRIB, **attrs)

    def constant(self, name: str, values: Array) -> str:
        """An initializer; int32 becomes int64, the type of every index here."""
        if name not in self.initializers:
            self.initializers[name] = values.astype(np.int64) if values.dtype == np.int32 else values
        return name

    def ints(self, *values: int) -> str:
        """A 1-D int64 initializer, named by its values."""
        return self.constant(f"ints.{'_'.join(map(str, values))}", np.asarray(values, np.int64))

    def float(self, value: float) -> str:
        """A scalar float32 initializer, named by its value."""
        return self.constant(f"float.{value!r}", np.asarray(value, np.float32))

    def read(self, name: str) -> str:
        """The ONNX name of a tensor in float32 (or int64): a constant is stored as its dtype says and cast."""
        tensor = self.graph[name]
        if tensor.data is None:
            return name
        self.stored(tensor)
        if tensor.quantization is not None:
            return self.once("Mul", [self.widened(name), self.scales(tensor, column=True)], f"{name}.real")
        return self.widened(name) if tensor.dtype in ("float16", "bfloat16") else name

    def widened(self, name: str) -> str:
        """A constant of the file cast to float32, which onnxruntime does once, on loading."""
        return self.once("Cast", [name], f"{name}.float32", to=self.types["float32"])

    def stored(self, tensor: Tensor) -> str:
        """The initializer of a constant as it is stored; int4 as pairs in bytes."""
        return self.constant(tensor.name, packed(tensor) if tensor.dtype == "int4" else _data(tensor))

    def scales(self, tensor: Tensor, *, column: bool) -> str:
        """The scales of an int8 constant, as [n, 1] for a table's rows or [n] for a matrix product's columns."""
        if tensor.quantization is None or tensor.quantization.block:
            raise GraphError(f"{tensor.name} is not quantized per channel")
        scale = tensor.quantization.scale
        name = f"{tensor.name}.scale{'s' if column else ''}"
        return self.constant(name, scale[:, None] if column else scale)

    def transposed(self, tensor: Tensor) -> str:
        """A linear weight as [in, out]; a table that is also a weight is stored once and transposed on loading."""
        if tensor.name in self.tables:
            stored = self.stored(tensor)
            return self.once("Transpose", [stored], f"{tensor.name}.T", perm=[1, 0])
        return self.constant(f"{tensor.name}.T", _data(tensor).T)

    def once(self, op: str, inputs: Sequence[str], output: str, **attrs: Any) -> str:
        """Add a node that several others share, on first use; onnxruntime folds those over constants on loading."""
        if output not in self.derived:
            self.derived.add(output)
            self.add(op, inputs, output, **attrs)
        return output

    def _value(self, tensor: Tensor) -> Any:
        return self.helper.make_tensor_value_info(tensor.name, self.types[tensor.dtype], tensor.shape)


def packed(tensor: Tensor) -> Array:
    """An int4 matrix as uint8 [rows, columns / 2]: two columns a byte, the first in the low half, each plus 8."""
    codes = (_data(tensor) + 8).astype(np.uint8)
    return codes[:, ::2] | codes[:, 1::2] << 4
