"""The operators: for each its shape rule and its NumPy semantics; attributes stand with the table at the end."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgelm.errors import UsageError
from edgelm.graph import numeric
from edgelm.graph.ir import GraphError, Tensor
from edgelm.types import Array, Dim

Attrs = Mapping[str, Any]
Spec = tuple[str, tuple[Dim, ...]]
Infer = Callable[[Sequence[Tensor], Attrs], list[Spec]]
Run = Callable[[Sequence[Array], Attrs], tuple[Array, ...]]


@dataclass(frozen=True)
class Op:
    """``infer`` maps input tensors to output (dtype, shape); ``run`` maps input arrays to output arrays.

    Where ``takes_integers``, ``run`` is given the second input, a quantized constant, as two arrays: its integers in
    float32, and its scales.
    """

    infer: Infer
    run: Run
    takes_integers: bool = False


def broadcast(left: tuple[Dim, ...], right: tuple[Dim, ...]) -> tuple[Dim, ...]:
    """NumPy's broadcasting over known and named sizes; a name only goes with itself or 1."""
    rank = max(len(left), len(right))
    padded = [(1,) * (rank - len(shape)) + shape for shape in (left, right)]
    sizes: list[Dim] = []
    for a, b in zip(*padded, strict=True):
        if a != b and 1 not in (a, b):
            raise GraphError(f"cannot broadcast {left} with {right}")
        sizes.append(b if a == 1 else a)
    return tuple(sizes)


def reshaped(shape: tuple[Dim, ...], target: Sequence[int]) -> tuple[Dim, ...]:
    """ONNX's Reshape: 0 copies the size at that place, one -1 takes what is left."""
    sizes: list[Dim] = [shape[i] if size == 0 else size for i, size in enumerate(target)]
    names = [size for size in shape if isinstance(size, str)]
    for size in sizes:
        if isinstance(size, str):
            names.remove(size)
    known, asked = _elements(shape), _elements(sizes)
    left = names[0] if names and known == asked else known // asked if not names and asked else None
    if -1 in sizes and len(names) <= 1 and left is not None:
        sizes[sizes.index(-1)] = left
        names = []
    if names or -1 in sizes or _elements(sizes) != known:
        raise GraphError(f"cannot reshape {shape} to {tuple(target)}")
    return tuple(sizes)


def _elements(sizes: Sequence[Dim]) -> int:
    """The product of the known sizes."""
    return math.prod(size for size in sizes if isinstance(size, int) and size != -1)


def _same(inputs: Sequence[Tensor], _: Attrs) -> list[Spec]:
    return [(inputs[0].dtype, inputs[0].shape)]


def _elementwise(inputs: Sequence[Tensor], _: Attrs) -> list[Spec]:
    left, right = inputs
    if left.dtype != right.dtype:
        raise GraphError(f"{left.name} is {left.dtype}, {right.name} is {right.dtype}")
    return [(left.dtype, broadcast(left.shape, right.shape))]


def _reduce(inputs: Sequence[Tensor], attrs: Attrs) -> list[Spec]:
    shape = list(inputs[0].shape)
    axis = attrs["axis"] % len(shape)
    shape[axis : axis + 1] = [1] if attrs["keepdims"] else []
    return [(inputs[0].dtype, tuple(shape))]


def _linear(inputs: Sequence[Tensor], _: Attrs) -> list[Spec]:
    x, weight, *bias = inputs
    out, inner = weight.shape
    if x.shape[-1] != inner or any(b.shape != (out,) for b in bias):
        raise GraphError(f"{_shapes(inputs)} do not fit")
    return [("float32", (*x.shape[:-1], out))]


def _matmul(inputs: Sequence[Tensor], attrs: Attrs) -> list[Spec]:
    left, right = inputs
    rows, inner = left.shape[-2:]
    first, second = right.shape[-2:]
    columns, depth = (first, second) if attrs["transpose_b"] else (second, first)
    if inner != depth:
        raise GraphError(f"{_shapes(inputs)} do not fit")
    return [("float32", (*broadcast(left.shape[:-2], right.shape[:-2]), rows, columns))]


def _layer_norm(inputs: Sequence[Tensor], _: Attrs) -> list[Spec]:
    x, weight, bias = inputs
    if weight.shape != x.shape[-1:] or bias.shape != x.shape[-1:]:
        raise GraphError(f"{_shapes(inputs)} do not fit")
    return [(x.dtype, x.shape)]


def _gather(inputs: Sequence[Tensor], _: Attrs) -> list[Spec]:
    table, indices = inputs
    if indices.dtype != "int32":
        raise GraphError(f"{indices.name} is {indices.dtype}, not int32")
    return [("int32" if table.dtype == "int32" else "float32", (*indices.shape, *table.shape[1:]))]


def _gather_columns(inputs: Sequence[Tensor], _: Attrs) -> list[Spec]:
    x, indices = inputs
    if indices.dtype != "int32" or len(indices.shape) != 2 or indices.shape[0] != x.shape[-2]:
        raise GraphError(f"{_shapes(inputs)} do not fit, or {indices.name} is not int32")
    return [(x.dtype, (*x.shape[:-1], indices.shape[1]))]


def _position_ids(inputs: Sequence[Tensor], attrs: Attrs) -> list[Spec]:
    batch, length = inputs[0].shape
    return [("int32", (1 if attrs["padding_idx"] is None else batch, length))]


def _slice(inputs: Sequence[Tensor], attrs: Attrs) -> list[Spec]:
    shape = list(inputs[0].shape)
    axis, start, stop = attrs["axis"] % len(shape), attrs["start"], attrs["stop"]
    size = shape[axis]
    if not 0 <= start < stop or (isinstance(size, int) and stop > size):
        raise GraphError(f"{start} to {stop} is outside axis {axis} of {_shapes(inputs)}")
    shape[axis] = stop - start
    return [(inputs[0].dtype, tuple(shape))]


def _split(inputs: Sequence[Tensor], attrs: Attrs) -> list[Spec]:
    shape = list(inputs[0].shape)
    axis = attrs["axis"] % len(shape)
    if sum(attrs["sizes"]) != shape[axis]:
        raise GraphError(f"{attrs['sizes']} do not add up to {shape[axis]}")
    return [(inputs[0].dtype, (*shape[:axis], size, *shape[axis + 1 :])) for size in attrs["sizes"]]


def _concat(inputs: Sequence[Tensor], attrs: Attrs) -> list[Spec]:
    shape = list(inputs[0].shape)
    axis = attrs["axis"] % len(shape)
    sizes = [tensor.shape[axis] for tensor in inputs]
    others = {(tensor.dtype, *tensor.shape[:axis], *tensor.shape[axis + 1 :]) for tensor in inputs}
    if len(others) > 1 or any(isinstance(size, str) for size in sizes):
        raise GraphError(f"{_shapes(inputs)} cannot be joined along axis {axis}")
    shape[axis] = sum(int(size) for size in sizes)
    return [(inputs[0].dtype, tuple(shape))]


def _squeeze(inputs: Sequence[Tensor], attrs: Attrs) -> list[Spec]:
    shape = list(inputs[0].shape)
    if shape.pop(attrs["axis"]) != 1:
        raise GraphError(f"axis {attrs['axis']} of {_shapes(inputs)} is not 1")
    return [(inputs[0].dtype, tuple(shape))]


def _unsqueeze(inputs: Sequence[Tensor], attrs: Attrs) -> list[Spec]:
    shape = list(inputs[0].shape)
    shape.insert(attrs["axis"], 1)
    return [(inputs[0].dtype, tuple(shape))]


def _shapes(tensors: Sequence[Tensor]) -> str:
    """Names and shapes, for messages."""
    return ", ".join(f"{tensor.name} {tensor.shape}" for tensor in tensors)


def _run_linear(x: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    scheme = attrs.get("activations", "float32")
    left = x[0] if scheme == "float32" else numeric.fake_quantize_token(x[0], scheme)
    # NumPy multiplies [batch, length, k] row of the batch by row; as one matrix it is several times faster.
    product = (left.reshape(-1, left.shape[-1]) @ x[1].T).reshape(*left.shape[:-1], len(x[1]))
    return (product + x[2] if len(x) == 3 else product,)


def _run_quantized_linear(x: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    """Integers are multiplied as float32, which is exact: a sum stays below 2**24 in all but contrived weights."""
    left, weight, scales, *bias = x
    steps = numeric.static_steps(left, attrs["scale"], attrs["zero_point"])
    scale = np.float32(attrs["scale"]) * scales
    result = (steps.reshape(-1, steps.shape[-1]) @ weight.T) * scale
    is_integer = attrs.get("output_scale") is not None
    if bias:
        result = result + (np.rint(bias[0] / scale) * scale if is_integer else bias[0])
    if is_integer:
        output = attrs["output_scale"], attrs["output_zero_point"]
        result = numeric.static_steps(result, *output) * np.float32(output[0])
    return (result.reshape(*left.shape[:-1], len(weight)),)


def _run_gather(x: Sequence[Array], _: Attrs) -> tuple[Array, ...]:
    table, indices = x
    if indices.size and not 0 <= indices.min() <= indices.max() < len(table):
        wrong = indices.max() if indices.min() >= 0 else indices.min()
        raise UsageError(
            f"Index {wrong} is outside a table of {len(table)} rows.",
            hint="Does the tokenizer belong to the model, and is the text cut to the maximum length?",
        )
    return (table[indices],)


def _run_gather_columns(x: Sequence[Array], _: Attrs) -> tuple[Array, ...]:
    values, indices = x
    return (np.take_along_axis(values, np.broadcast_to(indices, (*values.shape[:-1], indices.shape[1])), axis=-1),)


def _run_position_ids(x: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    (ids,) = x
    padding = attrs["padding_idx"]
    if padding is None:
        return (np.arange(ids.shape[1], dtype=np.int32)[None, :],)
    real = (ids != padding).astype(np.int32)
    return ((np.cumsum(real, axis=1) * real + padding).astype(np.int32),)


def _run_slice(x: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    index = [slice(None)] * x[0].ndim
    index[attrs["axis"]] = slice(attrs["start"], attrs["stop"])
    return (x[0][tuple(index)],)


def _run_l2_normalize(x: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    norm = np.sqrt(np.square(x[0]).sum(axis=-1, keepdims=True))
    return (x[0] / np.maximum(norm, np.float32(attrs["epsilon"])),)


def _of(function: Callable[..., Array]) -> Run:
    """A run function of operators without attributes."""
    return lambda x, _: (function(*x),)


OPS: Mapping[str, Op] = {
    # elementwise, two inputs, NumPy broadcasting
    "add": Op(_elementwise, _of(np.add)),
    "sub": Op(_elementwise, _of(np.subtract)),
    "mul": Op(_elementwise, _of(np.multiply)),
    "div": Op(_elementwise, _of(np.divide)),
    "maximum": Op(_elementwise, _of(np.maximum)),
    # elementwise, one input
    "sqrt": Op(_same, _of(np.sqrt)),
    "tanh": Op(_same, _of(np.tanh)),
    "sigmoid": Op(_same, _of(numeric.sigmoid)),
    "relu": Op(_same, _of(lambda x: np.maximum(x, np.float32(0)))),
    "gelu": Op(_same, lambda x, a: (numeric.gelu(x[0], a["approximate"]),)),  # approximate: none | tanh
    "cast": Op(lambda t, a: [(a["dtype"], t[0].shape)], lambda x, a: (x[0].astype(a["dtype"]),)),  # dtype
    # matrix products; linear: x [..., in], weight [out, in], bias [out]; activations: a Scheme's, absent means float32
    "linear": Op(_linear, _run_linear),
    # the same over int8 weights and one fixed range of x: scale, zero_point; where the kernel writes integers also
    # output_scale and output_zero_point, and its bias is in whole steps of the products; real = (integer - zero_point)
    # * scale, integers within [-128, 127]
    "quantized_linear": Op(_linear, _run_quantized_linear, takes_integers=True),
    "matmul": Op(  # transpose_b: bool
        _matmul, lambda x, a: (np.matmul(x[0], np.swapaxes(x[1], -1, -2) if a["transpose_b"] else x[1]),)
    ),
    # over the last axis; layer_norm: x, weight, bias
    "softmax": Op(_same, _of(numeric.softmax)),
    "layer_norm": Op(_layer_norm, lambda x, a: (numeric.layer_norm(x[0], x[1], x[2], a["epsilon"]),)),
    "l2_normalize": Op(_same, _run_l2_normalize),  # epsilon: x / max(|x|, epsilon), as torch's normalize
    # reductions; axis: int, keepdims: bool
    "reduce_sum": Op(_reduce, lambda x, a: (x[0].sum(axis=a["axis"], keepdims=a["keepdims"]),)),
    "reduce_max": Op(_reduce, lambda x, a: (x[0].max(axis=a["axis"], keepdims=a["keepdims"]),)),
    # look-ups; gather: table [rows, ...], int32 indices; gather_columns: x [..., rows, columns], int32 indices
    # [rows, picks], for all of x the same: y[..., i, j] = x[..., i, indices[i, j]]; position_ids: input_ids [batch,
    # length] -> 0, 1, 2, ... as [1, length], or with padding_idx RoBERTa's cumsum(ids != padding) * (ids != padding) +
    # padding_idx
    "gather": Op(_gather, _run_gather),
    "gather_columns": Op(_gather_columns, _run_gather_columns),
    "position_ids": Op(_position_ids, _run_position_ids),
    # shape
    "reshape": Op(  # shape: ONNX's, 0 copies and one -1 infers
        lambda t, a: [(t[0].dtype, reshaped(t[0].shape, a["shape"]))],
        lambda x, a: (x[0].reshape([x[0].shape[i] if size == 0 else size for i, size in enumerate(a["shape"])]),),
    ),
    "transpose": Op(  # perm
        lambda t, a: [(t[0].dtype, tuple(t[0].shape[i] for i in a["perm"]))],
        lambda x, a: (x[0].transpose(a["perm"]),),
    ),
    "squeeze": Op(_squeeze, lambda x, a: (np.squeeze(x[0], axis=a["axis"]),)),  # axis >= 0
    "unsqueeze": Op(_unsqueeze, lambda x, a: (np.expand_dims(x[0], axis=a["axis"]),)),  # axis >= 0
    "slice": Op(_slice, _run_slice),  # axis, start, stop
    "split": Op(  # axis, sizes
        _split, lambda x, a: tuple(np.split(x[0], np.cumsum(a["sizes"])[:-1], axis=a["axis"]))
    ),
    "concat": Op(_concat, lambda x, a: (np.concatenate(x, axis=a["axis"]),)),  # axis
}
