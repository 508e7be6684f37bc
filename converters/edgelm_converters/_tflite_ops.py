"""Lowers each operator of the graph to TFLite's built-in operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from edgelm.errors import UnsupportedError
from edgelm.graph.ir import BATCH, LENGTH, Graph, GraphError, Node, Quantization, Tensor
from edgelm.types import Array, Dim
from edgelm_converters import _tflite_weights
from edgelm_converters._tflite_file import Subgraph

_FULLY_CONNECTED: Mapping[str, int] = {
    "float32": 5,
    "float16": 5,
    "int8": 12,
    "int4": 14,
    "integers": 10,
}
"""Versions by the dtype of the weights over float32 inputs, and of int8 weights over int8 inputs."""
_ONE_STEP = Quantization(np.ones(1, np.float32), axis=0)


class Lowering:
    """Writes one graph into one subgraph, at one fixed length or, with ``length=None``, at any; the batch is always 1.

    ``per_channel`` gives int8 linear layers their scales directly. TFLite before 2.17 ignores all but the first and
    answers nonsense; without it each such layer counts in steps of 1 and is multiplied by its scales afterwards.
    """

    def __init__(self, graph: Graph, subgraph: Subgraph, length: int | None, per_channel: bool) -> None:
        self.graph = graph
        self.subgraph = subgraph
        self.length = length
        self.per_channel = per_channel
        self._index: dict[str, int] = {}

    def run(self) -> None:
        """Add every tensor and operator, and declare the signature."""
        for name in self.graph.inputs:
            self.subgraph.inputs[name] = self.tensor(name)
        for node in self.graph.nodes:
            LOWERINGS[node.op](self, node)
        for name in self.graph.outputs:
            self.subgraph.outputs[name] = self.tensor(name)

    def sizes(self, shape: Sequence[Dim]) -> list[int]:
        """A shape in numbers: -1 for a length known only at run time."""
        named = {BATCH: 1, LENGTH: -1 if self.length is None else self.length}
        return [size if isinstance(size, int) else named[size] for size in shape]

    def tensor(self, name: str, use: str = "float32") -> int:
        """The index of a graph tensor; a float16 constant is widened by a DEQUANTIZE of its own for every ``use``.

        XNNPACK unpacks a widened weight when it loads the model, unless a kernel outside it reads the same tensor.
        """
        tensor = self.graph[name]
        key = f"{name}/{use}" if tensor.dtype == "float16" else name
        if key not in self._index:
            if tensor.data is None:
                self._index[key] = self.subgraph.activation(name, tensor.dtype, self.sizes(tensor.shape))
            elif tensor.dtype == "float16":
                stored = self.subgraph.constant(name, tensor.data)
                self._index[key] = self.emit("DEQUANTIZE", [stored], key, "float32", tensor.shape, version=3)
            elif tensor.dtype == "int4":
                self._index[key] = self.subgraph.blocks(name, *_tflite_weights.in_blocks(tensor))
            else:
                self._index[key] = self.subgraph.constant(name, tensor.data, tensor.quantization)
        return self._index[key]

    def integers(self, name: str, scale: float, zero_point: int) -> int:
        """A float32 tensor in int8, quantized once for all that read it so."""
        key = f"{name}/int8/{scale}/{zero_point}"
        if key not in self._index:
            shape = self.sizes(self.graph[name].shape)
            self._index[key] = self.subgraph.integers(f"{name}/int8", shape, scale, zero_point)
            self.subgraph.op("QUANTIZE", [self.tensor(name)], [self._index[key]])
        return self._index[key]

    def raised(self, name: str) -> int:
        """A tensor behind one more axis, of size 1, once for all that read it so."""
        key, tensor = f"{name}/raised", self.graph[name]
        if key not in self._index:
            inputs = [self.tensor(name), self.scalar(0, "int32")]
            self._index[key] = self.emit("EXPAND_DIMS", inputs, key, tensor.dtype, (1, *tensor.shape))
        return self._index[key]

    def constant(self, name: str, data: Array) -> int:
        """The index of a constant that the graph does not have, one for each name."""
        if name not in self._index:
            self._index[name] = self.subgraph.constant(name, data)
        return self._index[name]

    def stand_for(self, name: str, index: int) -> None:
        """Use another tensor in the place of a graph tensor."""
        self._index[name] = index

    def vector(self, values: Sequence[int]) -> int:
        """The index of an int32 vector, named by its values."""
        return self.constant(f"int32[{','.join(map(str, values))}]", np.asarray(values, np.int32))

    def scalar(self, value: float, dtype: str = "float32") -> int:
        """The index of a scalar, named by its value."""
        return self.constant(f"{dtype}({value!r})", np.asarray(value, dtype))

    def steps(self, tensor: Tensor) -> int:
        """A quantized constant in units of its scales: the same buffer, declared with the one scale 1."""
        key = f"{tensor.name}/steps"
        if key not in self._index:
            self._index[key] = self.subgraph.constant(tensor.name, _tflite_weights.stored(tensor)[0], _ONE_STEP)
        return self._index[key]

    def scales(self, tensor: Tensor, rank: int) -> int:
        """The scales of a quantized constant, of shape [rows, 1, ...] and ``rank``."""
        key = f"{tensor.name}/scale/{rank}"
        if key not in self._index:
            _, quantization = _tflite_weights.stored(tensor)
            if quantization.axis != 0 or quantization.block:
                raise GraphError(f"{tensor.name} has not one scale for each index of its first axis")
            data = quantization.scale.reshape(-1, *[1] * (rank - 1))
            self._index[key] = self.subgraph.constant(f"{tensor.name}/scale", data)
        return self._index[key]

    def emit(self, op: str, inputs: Sequence[int], name: str, dtype: str, shape: Sequence[Dim], **options: Any) -> int:
        """Add an operator that writes an intermediate tensor of its own, and return that tensor."""
        output = self.subgraph.activation(name, dtype, self.sizes(shape))
        self.subgraph.op(op, inputs, [output], **options)
        return output

    def finish(self, node: Node, op: str, inputs: Sequence[int], **options: Any) -> None:
        """Add the operator that writes the node's own outputs."""
        self.subgraph.op(op, inputs, [self.tensor(name) for name in node.outputs], **options)


Lower = Callable[[Lowering, Node], None]


def _builtin(op: str, **options: Any) -> Lower:
    """A graph operator that one built-in operator computes from the same inputs."""

    def lower(to: Lowering, node: Node) -> None:
        to.finish(node, op, [to.tensor(name) for name in node.inputs], **options)

    return lower


def _gelu(to: Lowering, node: Node) -> None:
    to.finish(node, "GELU", [to.tensor(node.inputs[0])], approximate=node.attrs["approximate"] == "tanh")


def _linear(to: Lowering, node: Node) -> None:
    """FULLY_CONNECTED over the last axis; over int8 weights its kernel quantizes every token as it comes."""
    x, weight = to.tensor(node.inputs[0]), to.graph[node.inputs[1]]
    bias = node.inputs[2] if len(node.inputs) == 3 else None
    if weight.dtype != "int8" or to.per_channel:
        inputs = [x, to.tensor(weight.name), -1 if bias is None else to.tensor(bias)]
        to.finish(node, "FULLY_CONNECTED", inputs, version=_FULLY_CONNECTED[weight.dtype], keepNumDims=True,
                  asymmetricQuantizeInputs=weight.quantization is not None)  # fmt: skip
        return
    inputs = [x, to.steps(weight), -1]
    if bias is not None:
        _, quantization = _tflite_weights.stored(weight)
        inputs[2] = to.constant(f"{bias}/{weight.name}/scale", to.graph[bias].numpy() / quantization.scale)
    steps = to.emit("FULLY_CONNECTED", inputs, f"{node.output}/steps", "float32", to.graph[node.output].shape,
                    version=9, keepNumDims=True, asymmetricQuantizeInputs=True)  # fmt: skip
    to.finish(node, "MUL", [steps, to.scales(weight, rank=1)])


def _quantized_linear(to: Lowering, node: Node) -> None:
    """QUANTIZE, one for all readers of x; FULLY_CONNECTED over integers, with an int32 bias; DEQUANTIZE."""
    x, name, *bias = node.inputs
    output, scale, output_scale = node.output, node.attrs["scale"], node.attrs["output_scale"]
    offsets = to.graph[bias[0]].numpy() if bias else np.zeros(1, np.float32)
    data, quantization = _tflite_weights.for_integers(to.graph[name], offsets, scale, output_scale)
    as_stored = data is to.graph[name].data
    weight = to.tensor(name) if as_stored else to.subgraph.constant(f"{output}/weight", data, quantization)
    inputs = [to.integers(x, scale, node.attrs["zero_point"]), weight, -1]
    if bias:
        step = np.float32(scale) * quantization.scale
        steps = np.rint(offsets / step).astype(np.int32)
        inputs[2] = to.subgraph.constant(f"{output}/bias", steps, Quantization(step, axis=0))
    shape = to.sizes(to.graph[output].shape)
    rounded = to.subgraph.integers(f"{output}/int8", shape, output_scale, node.attrs["output_zero_point"])
    to.subgraph.op("FULLY_CONNECTED", inputs, [rounded], version=_FULLY_CONNECTED["integers"], keepNumDims=True)
    to.finish(node, "DEQUANTIZE", [rounded], version=2)


def _matmul(to: Lowering, node: Node) -> None:
    to.finish(node, "BATCH_MATMUL", [to.tensor(name) for name in node.inputs], adjY=node.attrs["transpose_b"])


def _layer_norm(to: Lowering, node: Node) -> None:
    """(x - mean) * rsqrt(variance + epsilon) * weight + bias, in operators that XNNPACK has."""
    name, shape = node.output, to.graph[node.output].shape
    column = (*shape[:-1], 1)
    x, weight, bias = (to.tensor(operand) for operand in node.inputs)
    axis, epsilon = to.vector([-1]), to.scalar(node.attrs["epsilon"])
    mean = to.emit("MEAN", [x, axis], f"{name}/mean", "float32", column, keepDims=True)
    centred = to.emit("SUB", [x, mean], f"{name}/centred", "float32", shape)
    squares = to.emit("MUL", [centred, centred], f"{name}/squares", "float32", shape)
    variance = to.emit("MEAN", [squares, axis], f"{name}/variance", "float32", column, keepDims=True)
    variance = to.emit("ADD", [variance, epsilon], f"{name}/variance+epsilon", "float32", column)
    scale = to.emit("RSQRT", [variance], f"{name}/scale", "float32", column)
    normal = to.emit("MUL", [centred, scale], f"{name}/normal", "float32", shape)
    weighted = to.emit("MUL", [normal, weight], f"{name}/weighted", "float32", shape)
    to.finish(node, "ADD", [weighted, bias])


def _l2_normalize(to: Lowering, node: Node) -> None:
    """x / max(|x|, epsilon); the built-in L2_NORMALIZATION has an epsilon of its own."""
    name, shape = node.output, to.graph[node.output].shape
    column = (*shape[:-1], 1)
    x, axis, epsilon = to.tensor(node.inputs[0]), to.vector([-1]), to.scalar(node.attrs["epsilon"])
    squares = to.emit("MUL", [x, x], f"{name}/squares", "float32", shape)
    total = to.emit("SUM", [squares, axis], f"{name}/sum", "float32", column, keepDims=True)
    norm = to.emit("SQRT", [total], f"{name}/norm", "float32", column)
    norm = to.emit("MAXIMUM", [norm, epsilon], f"{name}/clamped", "float32", column)
    to.finish(node, "DIV", [x, norm])


def _reduce(op: str) -> Lower:
    def lower(to: Lowering, node: Node) -> None:
        to.finish(
            node, op, [to.tensor(node.inputs[0]), to.vector([node.attrs["axis"]])], keepDims=node.attrs["keepdims"]
        )

    return lower


def _gather(to: Lowering, node: Node) -> None:
    """A GATHER; an int8 table's rows and their scales are looked up apart and multiplied, which is exact everywhere."""
    table, ids = to.graph[node.inputs[0]], to.tensor(node.inputs[1])
    if table.quantization is None:
        to.finish(node, "GATHER", [to.tensor(table.name, use="table"), ids])
        return
    name, shape, rank = node.output, to.graph[node.output].shape, len(table.shape)
    scale_shape = (*to.graph[node.inputs[1]].shape, *[1] * (rank - 1))
    rows = to.emit("GATHER", [to.steps(table), ids], f"{name}/int8", "int8", shape, version=2)
    rows = to.emit("CAST", [rows], f"{name}/steps", "float32", shape)
    scales = to.emit("GATHER", [to.scales(table, rank), ids], f"{name}/scale", "float32", scale_shape)
    to.finish(node, "MUL", [rows, scales])


def _gather_columns(to: Lowering, node: Node) -> None:
    """A GATHER of [1, rows, columns, heads], whose batch is the rows: the indices of one head are those of all."""
    name, (_, heads, rows, columns) = node.output, to.graph[node.inputs[0]].shape
    picks = to.graph[name].shape[-1]
    x = [to.tensor(node.inputs[0]), to.vector([0, 2, 3, 1])]
    by_row = to.emit("TRANSPOSE", x, f"{name}/by_row", "float32", (1, rows, columns, heads))
    picked = to.emit("GATHER", [by_row, to.raised(node.inputs[1])], f"{name}/picked", "float32",
                     (1, rows, picks, heads), version=5, axis=2, batchDims=2)  # fmt: skip
    to.finish(node, "TRANSPOSE", [picked, to.vector([0, 3, 1, 2])])


def _position_ids(to: Lowering, node: Node) -> None:
    """Constants at a fixed length, else counted with CUMSUM: SHAPE or RANGE would stop the XNNPACK delegate."""
    name, padding = node.output, node.attrs["padding_idx"]
    if padding is None and to.length is not None:
        positions = to.constant(f"positions[{to.length}]", np.arange(to.length, dtype=np.int32)[None, :])
        to.stand_for(name, positions)
        return
    ids, axis, shape = to.tensor(node.inputs[0]), to.scalar(1, "int32"), to.graph[node.inputs[0]].shape
    if padding is None:
        zeros = to.emit("MUL", [ids, to.scalar(0, "int32")], f"{name}/zeros", "int32", shape)
        ones = to.emit("ADD", [zeros, to.scalar(1, "int32")], f"{name}/ones", "int32", shape)
        to.finish(node, "CUMSUM", [ones, axis], exclusive=True)
        return
    real = to.emit("NOT_EQUAL", [ids, to.scalar(padding, "int32")], f"{name}/bool", "bool", shape)
    real = to.emit("CAST", [real], f"{name}/real", "int32", shape)
    count = to.emit("CUMSUM", [real, axis], f"{name}/count", "int32", shape)
    count = to.emit("MUL", [count, real], f"{name}/masked", "int32", shape)
    to.finish(node, "ADD", [count, to.scalar(padding, "int32")])


def _reshape(to: Lowering, node: Node) -> None:
    """RESHAPE to the output's sizes, of which one may be known only at run time."""
    target = to.sizes(to.graph[node.output].shape)
    if target.count(-1) > 1:
        raise UnsupportedError(f"{node.output}: TFLite cannot reshape to two unknown sizes, {target}.",
                               hint="Use fixed lengths.")  # fmt: skip
    inputs = [to.tensor(node.inputs[0]), to.vector(target)]
    to.finish(node, "RESHAPE", inputs, newShape=np.asarray(target, np.int32))


def _unsqueeze(to: Lowering, node: Node) -> None:
    """RESHAPE, which more delegates have than EXPAND_DIMS, where the sizes allow it."""
    if to.sizes(to.graph[node.output].shape).count(-1) <= 1:
        _reshape(to, node)
    else:
        to.finish(node, "EXPAND_DIMS", [to.tensor(node.inputs[0]), to.scalar(node.attrs["axis"], "int32")])


def _squeeze(to: Lowering, node: Node) -> None:
    """RESHAPE, which more delegates have than SQUEEZE, where the sizes allow it."""
    if to.sizes(to.graph[node.output].shape).count(-1) <= 1:
        _reshape(to, node)
    else:
        to.finish(node, "SQUEEZE", [to.tensor(node.inputs[0])], squeezeDims=np.asarray([node.attrs["axis"]], np.int32))


def _transpose(to: Lowering, node: Node) -> None:
    perm = node.attrs["perm"]
    to.finish(node, "TRANSPOSE", [to.tensor(node.inputs[0]), to.vector(perm)], version=4 if len(perm) > 4 else 1)


def _slice(to: Lowering, node: Node) -> None:
    """SLICE with constant bounds; XNNPACK wants every size spelt out, so only an unknown one is -1."""
    source, size = to.graph[node.inputs[0]], to.sizes(to.graph[node.output].shape)
    begin = [0] * len(size)
    begin[node.attrs["axis"]] = node.attrs["start"]
    to.finish(node, "SLICE", [to.tensor(source.name), to.vector(begin), to.vector(size)])


def _split(to: Lowering, node: Node) -> None:
    """SPLIT into equal parts, else SPLIT_V, which XNNPACK lacks."""
    x, sizes, axis = to.tensor(node.inputs[0]), node.attrs["sizes"], to.scalar(node.attrs["axis"], "int32")
    if len(set(sizes)) == 1:
        to.finish(node, "SPLIT", [axis, x], numSplits=len(sizes))
    else:
        to.finish(node, "SPLIT_V", [x, to.vector(sizes), axis], numSplits=len(sizes))


def _concat(to: Lowering, node: Node) -> None:
    to.finish(node, "CONCATENATION", [to.tensor(name) for name in node.inputs], axis=node.attrs["axis"])


LOWERINGS: Mapping[str, Lower] = {
    "add": _builtin("ADD"),
    "sub": _builtin("SUB"),
    "mul": _builtin("MUL"),
    "div": _builtin("DIV"),
    "maximum": _builtin("MAXIMUM"),
    "sqrt": _builtin("SQRT"),
    "tanh": _builtin("TANH"),
    "sigmoid": _builtin("LOGISTIC"),
    "relu": _builtin("RELU"),
    "gelu": _gelu,
    "cast": _builtin("CAST"),
    "linear": _linear,
    "quantized_linear": _quantized_linear,
    "matmul": _matmul,
    "softmax": _builtin("SOFTMAX", beta=1.0),
    "layer_norm": _layer_norm,
    "l2_normalize": _l2_normalize,
    "reduce_sum": _reduce("SUM"),
    "reduce_max": _reduce("REDUCE_MAX"),
    "gather": _gather,
    "gather_columns": _gather_columns,
    "position_ids": _position_ids,
    "reshape": _reshape,
    "transpose": _transpose,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "slice": _slice,
    "split": _split,
    "concat": _concat,
}
"""How each operator of ``edgelm.graph.ops`` is written."""
