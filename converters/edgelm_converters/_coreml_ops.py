"""How each operator of the graph is spelled in MIL, Core ML's intermediate language; one function for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from edgelm.errors import UnsupportedError
from edgelm.graph.ir import BATCH, LENGTH, Graph, GraphError, Node, Quantization, Tensor
from edgelm.types import Array, Dim

BLOCKWISE_SINCE = 18
"""The iOS whose programs store integer weights as ``constexpr_blockwise_shift_scale``, the only form of int4."""
_DTYPES: Mapping[str, Any] = {"fp16": np.float16, "fp32": np.float32}
_SMALLEST_EPSILON = float(np.finfo(np.float16).smallest_subnormal)
_SMALLEST_SCALAR = float(np.finfo(np.float16).tiny)


class Lowering:
    """Adds a graph to the MIL function that is being built, at one fixed ``length`` or, with None, at any.

    ``compute`` is ``fp16`` or ``fp32``: the type of all arithmetic but the final normalisation, which is float32. In
    ``fp16`` no constant overflows (UnsupportedError) and none that guards a division becomes zero.
    """

    def __init__(self, graph: Graph, builder: Any, compute: str, minimum_ios: int, length: int | None) -> None:
        self.graph = graph
        self.builder = builder
        self.compute = compute
        self.minimum_ios = minimum_ios
        self.length = length
        self.values: dict[str, Any] = {}
        self._names: set[str] = set()

    def run(self, inputs: Mapping[str, Any]) -> list[Any]:
        """The outputs, float32 and under their own names."""
        self.values.update(inputs)
        self._names.update((*inputs, *self.graph.outputs))
        for node in self.graph.nodes:
            if node.op not in _EMIT:
                raise GraphError(f"the coreml converter does not know operator {node.op}")
            self.values.update(zip(node.outputs, _EMIT[node.op](self, node), strict=True))
        return [self._output(name) for name in self.graph.outputs]

    def add(self, op: str, name: str, **operands: Any) -> Any:
        """The value of one new MIL operation."""
        return getattr(self.builder, op)(name=self._unique(name), **operands)

    def read(self, name: str, dtype: str | None = None) -> Any:
        """A tensor's value: integers as they are, anything else as ``dtype``, by default ``compute``."""
        tensor = self.graph[name]
        if name not in self.values:
            self.values[name] = self._constant(tensor)
        return self.values[name] if tensor.dtype == "int32" else self.cast(name, dtype or self.compute)

    def cast(self, name: str, dtype: str) -> Any:
        """A float value as fp16 or fp32."""
        value = self.values[name]
        if value.dtype.__name__ == dtype:
            return value
        key = f"{name}_as_{dtype}"
        if key not in self.values:
            self.values[key] = self.add("cast", key, x=value, dtype=dtype)
        return self.values[key]

    def quantized(self, name: str, scale: float, zero_point: int) -> Any:
        """A tensor's value rounded to int8 and back, once for all that read it so."""
        key = f"{name}_in_steps_of_{scale!r}_from_{zero_point}"
        if key not in self.values:
            step = self.number(max(scale, _SMALLEST_EPSILON))
            integers = self.add(
                "quantize", f"{name}_int8", input=self.read(name), zero_point=np.int8(zero_point), scale=step,
                output_dtype="int8",
            )  # fmt: skip
            self.values[key] = self.add(
                "dequantize", f"{name}_of_int8", input=integers, zero_point=np.int8(zero_point), scale=step
            )
        return self.values[key]

    def number(self, value: float) -> Any:
        """A scalar operand of the computing type."""
        return _DTYPES[self.compute](value)

    def shape(self, name: str) -> list[int]:
        """A tensor's shape as reshape takes it; a length that varies is -1."""
        sizes: dict[Dim, int] = {BATCH: 1, LENGTH: -1 if self.length is None else self.length}
        return [sizes[size] if size in sizes else int(size) for size in self.graph[name].shape]

    def _constant(self, tensor: Tensor) -> Any:
        data = tensor.data
        if data is None:
            raise GraphError(f"nothing writes {tensor.name}")
        if tensor.quantization is not None:
            return self._dequantized(tensor, data, tensor.quantization)
        if data.dtype.kind != "f":
            return self.add("const", tensor.name, val=data)
        return self.add("const", tensor.name, val=self._stored(tensor.name, data))

    def _stored(self, name: str, data: Array) -> Array:
        """A constant in the computing type."""
        dtype = _DTYPES[self.compute]
        if data.dtype == dtype:
            return data
        if np.abs(data).max(initial=0) > np.finfo(dtype).max:
            raise UnsupportedError(f"{name} does not fit float16.", hint="Use --precision fp32.")
        stored = data.astype(dtype)
        vanished = data.ndim == 0 and data != 0 and abs(float(stored)) < _SMALLEST_SCALAR
        return np.asarray(np.copysign(_SMALLEST_SCALAR, data), dtype) if vanished else stored

    def _dequantized(self, tensor: Tensor, data: Array, quantization: Quantization) -> Any:
        """Core ML's own stored form of integer weights: a scale for each index of axis 0, or of int4 for each block."""
        scale = self._stored(f"{tensor.name}.scale", quantization.scale)
        if quantization.block:
            from coremltools.converters.mil.mil import types

            integers = data.astype(types.np_int4_dtype)
            return self.add("constexpr_blockwise_shift_scale", tensor.name, data=integers, scale=scale)
        if self.minimum_ios >= BLOCKWISE_SINCE:
            column = scale.reshape(-1, *[1] * (data.ndim - 1))
            return self.add("constexpr_blockwise_shift_scale", tensor.name, data=data, scale=column)
        zeros = np.zeros(len(scale), np.int8)
        return self.add(
            "constexpr_affine_dequantize", tensor.name, quantized_data=data, zero_point=zeros, scale=scale, axis=0
        )

    def _output(self, name: str) -> Any:
        value = self.values[name]
        if value.dtype.__name__ == "fp16":
            value = self.builder.cast(x=value, dtype="fp32", name=name)
        value.set_name(name)
        return value

    def _unique(self, name: str) -> str:
        """An identifier as MIL wants it, for which no other operation stands."""
        identifier = re.sub(r"[^A-Za-z0-9_]", "_", name)
        while identifier in self._names:
            identifier += "_"
        self._names.add(identifier)
        return identifier


Emit = Callable[[Lowering, Node], Sequence[Any]]


def _unary(op: str) -> Emit:
    return lambda e, node: [e.add(op, node.output, x=e.read(node.inputs[0]))]


def _binary(op: str) -> Emit:
    return lambda e, node: [e.add(op, node.output, x=e.read(node.inputs[0]), y=e.read(node.inputs[1]))]


def _reduce(op: str) -> Emit:
    return lambda e, node: [
        e.add(op, node.output, x=e.read(node.inputs[0]), axes=[node.attrs["axis"]], keep_dims=node.attrs["keepdims"])
    ]


def _over_axes(op: str) -> Emit:
    return lambda e, node: [e.add(op, node.output, x=e.read(node.inputs[0]), axes=[node.attrs["axis"]])]


def _gelu(e: Lowering, node: Node) -> Sequence[Any]:
    mode = {"none": "EXACT", "tanh": "TANH_APPROXIMATION"}[node.attrs["approximate"]]
    return [e.add("gelu", node.output, x=e.read(node.inputs[0]), mode=mode)]


def _cast(e: Lowering, node: Node) -> Sequence[Any]:
    dtype = e.compute if node.attrs["dtype"] == "float32" else node.attrs["dtype"]
    return [e.add("cast", node.output, x=e.read(node.inputs[0]), dtype=dtype)]


def _linear(e: Lowering, node: Node) -> Sequence[Any]:
    x, weight, *bias = (e.read(name) for name in node.inputs)
    return [e.add("linear", node.output, x=x, weight=weight, bias=bias[0] if bias else None)]


def _quantized_linear(e: Lowering, node: Node) -> Sequence[Any]:
    x, *constants = node.inputs
    weight, *bias = (e.read(name) for name in constants)
    x = e.quantized(x, node.attrs["scale"], node.attrs["zero_point"])
    return [e.add("linear", node.output, x=x, weight=weight, bias=bias[0] if bias else None)]


def _matmul(e: Lowering, node: Node) -> Sequence[Any]:
    x, y = (e.read(name) for name in node.inputs)
    return [e.add("matmul", node.output, x=x, y=y, transpose_y=node.attrs["transpose_b"])]


def _layer_norm(e: Lowering, node: Node) -> Sequence[Any]:
    """The epsilon stays positive in float16, at the cost of being 6e-8 where BERT has 1e-12."""
    x, gamma, beta = (e.read(name) for name in node.inputs)
    smallest = _SMALLEST_EPSILON if e.compute == "fp16" else 0.0
    epsilon = e.number(max(node.attrs["epsilon"], smallest))
    return [e.add("layer_norm", node.output, x=x, axes=[-1], gamma=gamma, beta=beta, epsilon=epsilon)]


def _l2_normalize(e: Lowering, node: Node) -> Sequence[Any]:
    """In float32 always: squares of a vector's values soon leave float16's range, and 1e-12 is outside it."""
    x, out = e.read(node.inputs[0], "fp32"), node.output
    norm = e.add("reduce_l2_norm", f"{out}_norm", x=x, axes=[-1], keep_dims=True)
    floor = e.add("maximum", f"{out}_floor", x=norm, y=np.float32(node.attrs["epsilon"]))
    return [e.add("real_div", out, x=x, y=floor)]


def _gather(e: Lowering, node: Node) -> Sequence[Any]:
    table, indices = (e.read(name) for name in node.inputs)
    return [e.add("gather", node.output, x=table, indices=indices, axis=0)]


def _gather_columns(e: Lowering, node: Node) -> Sequence[Any]:
    """gather_along_axis, whose indices are repeated for every head: once for all such nodes."""
    x, indices = node.inputs
    others = e.shape(x)[:-2]
    tiled = f"{indices}_{'x'.join(map(str, others))}"
    if tiled not in e.values:
        columns = e.add("expand_dims", f"{tiled}_of", x=e.read(indices), axes=list(range(len(others))))
        e.values[tiled] = e.add("tile", tiled, x=columns, reps=[*others, 1, 1])
    return [e.add("gather_along_axis", node.output, x=e.read(x), indices=e.values[tiled], axis=-1)]


def _position_ids(e: Lowering, node: Node) -> Sequence[Any]:
    """Sums along the row rather than a range of the length: no shape then depends on a value."""
    ids, out, padding = e.read(node.inputs[0]), node.output, node.attrs["padding_idx"]
    if padding is None and e.length is not None:
        return [e.add("const", out, val=np.arange(e.length, dtype=np.int32)[None, :])]
    if padding is None:
        zeros = e.add("mul", f"{out}_zeros", x=ids, y=np.int32(0))
        ones = e.add("add", f"{out}_ones", x=zeros, y=np.int32(1))
        counted = e.add("cumsum", f"{out}_counted", x=ones, axis=1)
        return [e.add("sub", out, x=counted, y=np.int32(1))]
    real = e.add("not_equal", f"{out}_real", x=ids, y=np.int32(padding))
    ones = e.add("cast", f"{out}_ones", x=real, dtype="int32")
    counted = e.add("cumsum", f"{out}_counted", x=ones, axis=1)
    masked = e.add("mul", f"{out}_masked", x=counted, y=ones)
    return [e.add("add", out, x=masked, y=np.int32(padding))]


def _reshape(e: Lowering, node: Node) -> Sequence[Any]:
    return [e.add("reshape", node.output, x=e.read(node.inputs[0]), shape=e.shape(node.output))]


def _transpose(e: Lowering, node: Node) -> Sequence[Any]:
    return [e.add("transpose", node.output, x=e.read(node.inputs[0]), perm=list(node.attrs["perm"]))]


def _slice(e: Lowering, node: Node) -> Sequence[Any]:
    (name,), rank = node.inputs, len(e.graph[node.inputs[0]].shape)
    axis = node.attrs["axis"] % rank
    whole = [i != axis for i in range(rank)]
    begin, end = ([0 if keep else node.attrs[key] for keep in whole] for key in ("start", "stop"))
    return [
        e.add("slice_by_index", node.output, x=e.read(name), begin=begin, end=end, begin_mask=whole, end_mask=whole)
    ]


def _split(e: Lowering, node: Node) -> Sequence[Any]:
    parts = e.add(
        "split",
        node.outputs[0],
        x=e.read(node.inputs[0]),
        split_sizes=list(node.attrs["sizes"]),
        axis=node.attrs["axis"],
    )
    return list(parts) if isinstance(parts, (tuple, list)) else [parts]


def _concat(e: Lowering, node: Node) -> Sequence[Any]:
    return [e.add("concat", node.output, values=[e.read(name) for name in node.inputs], axis=node.attrs["axis"])]


_EMIT: Mapping[str, Emit] = {
    "add": _binary("add"),
    "sub": _binary("sub"),
    "mul": _binary("mul"),
    "div": _binary("real_div"),
    "maximum": _binary("maximum"),
    "sqrt": _unary("sqrt"),
    "tanh": _unary("tanh"),
    "sigmoid": _unary("sigmoid"),
    "relu": _unary("relu"),
    "gelu": _gelu,
    "cast": _cast,
    "linear": _linear,
    "quantized_linear": _quantized_linear,
    "matmul": _matmul,
    "softmax": lambda e, node: [e.add("softmax", node.output, x=e.read(node.inputs[0]), axis=-1)],
    "layer_norm": _layer_norm,
    "l2_normalize": _l2_normalize,
    "reduce_sum": _reduce("reduce_sum"),
    "reduce_max": _reduce("reduce_max"),
    "gather": _gather,
    "gather_columns": _gather_columns,
    "position_ids": _position_ids,
    "reshape": _reshape,
    "transpose": _transpose,
    "squeeze": _over_axes("squeeze"),
    "unsqueeze": _over_axes("expand_dims"),
    "slice": _slice,
    "split": _split,
    "concat": _concat,
}
