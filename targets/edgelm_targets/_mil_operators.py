"""The operators of MIL in NumPy, after coremltools' operator reference: float32 in, float32 out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from edgelm.errors import UnsupportedError, UsageError
from edgelm.types import Array

Arguments = Mapping[str, Any]
"""Of one operation, by its parameters' names."""


def _erf(x: Array) -> Any:
    """Abramowitz & Stegun 7.1.26, absolute error at most 1.5e-7 beside float32's own."""
    magnitude = np.abs(x)
    t = 1 / (1 + 0.3275911 * magnitude)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1 - series * np.exp(-np.square(magnitude)))


def _gelu(a: Arguments) -> Any:
    x = a["x"]
    if a["mode"] == "TANH_APPROXIMATION":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    if a["mode"] != "EXACT":
        raise UnsupportedError(f"MIL gelu mode {a['mode']} has no evaluation in edgelm.")
    return 0.5 * x * (1 + _erf(x / math.sqrt(2)))


def _layer_norm(a: Arguments) -> Any:
    axes = tuple(a["axes"].tolist())
    centred = a["x"] - a["x"].mean(axis=axes, keepdims=True)
    normal = centred / np.sqrt(np.square(centred).mean(axis=axes, keepdims=True) + a["epsilon"])
    return normal * a.get("gamma", 1) + a.get("beta", 0)


def _softmax(a: Arguments) -> Any:
    axis = int(a["axis"])
    shifted = np.exp(a["x"] - a["x"].max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


def _linear(a: Arguments) -> Any:
    return a["x"] @ a["weight"].T + a.get("bias", 0)


def _matmul(a: Arguments) -> Any:
    x = np.swapaxes(a["x"], -1, -2) if a.get("transpose_x", False) else a["x"]
    y = np.swapaxes(a["y"], -1, -2) if a.get("transpose_y", False) else a["y"]
    return np.matmul(x, y)


def _gather(a: Arguments) -> Any:
    if int(a.get("batch_dims", 0)):
        raise UnsupportedError("MIL gather with batch_dims has no evaluation in edgelm.")
    axis, indices = int(a["axis"]), a["indices"].astype(np.int64)
    size = a["x"].shape[axis]
    if indices.size and not -size <= indices.min() <= indices.max() < size:
        raise UsageError(f"MIL gather reads row {indices.min()} to {indices.max()} of a table of {size}.")
    return np.take(a["x"], indices, axis=axis)


def _gather_along_axis(a: Arguments) -> Any:
    return np.take_along_axis(a["x"], a["indices"].astype(np.int64), axis=int(a["axis"]))


def _slice_by_index(a: Arguments) -> Any:
    """begin, end, stride by axis; masks open a begin or an end, or take one index and drop its axis."""
    x = a["x"]
    index: list[Any] = []
    for axis in range(x.ndim):
        begin, end, stride = (_at(a, key, axis, default) for key, default in (("begin", 0), ("end", 0), ("stride", 1)))
        if _at(a, "squeeze_mask", axis, False):
            index.append(int(begin))
            continue
        start = None if _at(a, "begin_mask", axis, False) else int(begin)
        stop = None if _at(a, "end_mask", axis, False) else int(end)
        index.append(slice(start, stop, int(stride)))
    return np.asarray(x[tuple(index)])


def _at(a: Arguments, key: str, axis: int, default: Any) -> Any:
    return a[key][axis] if key in a else default


def _split(a: Arguments) -> list[Array]:
    axis = int(a["axis"])
    if "split_sizes" in a:
        return list(np.split(a["x"], np.cumsum(a["split_sizes"])[:-1], axis=axis))
    return list(np.split(a["x"], int(a["num_splits"]), axis=axis))


def _reshape(a: Arguments) -> Any:
    """0 copies the size at that place, -1 infers."""
    shape = [a["x"].shape[i] if size == 0 else int(size) for i, size in enumerate(a["shape"])]
    return np.asarray(a["x"].reshape(shape))


def _cumsum(a: Arguments) -> Any:
    axis = int(a["axis"])
    x = np.flip(a["x"], axis) if a.get("reverse", False) else a["x"]
    total = np.cumsum(x, axis=axis) - (x if a.get("exclusive", False) else 0)
    return np.flip(total, axis) if a.get("reverse", False) else total


def _reduce(function: Callable[..., Any]) -> Callable[[Arguments], Any]:
    def run(a: Arguments) -> Any:
        axes = tuple(np.atleast_1d(a["axes"]).tolist()) if "axes" in a else None
        return np.asarray(function(a["x"], axis=axes, keepdims=bool(a.get("keep_dims", False))))

    return run


def _l2(x: Array, axis: Any, keepdims: bool) -> Any:
    return np.sqrt(np.square(x).sum(axis=axis, keepdims=keepdims))


def _concat(a: Arguments) -> Any:
    values = a["values"] if isinstance(a["values"], list) else [a["values"]]
    return np.concatenate([np.atleast_1d(value) for value in values], axis=int(a["axis"]))


def _affine_dequantize(a: Arguments) -> Any:
    """(quantized - zero_point) * scale, both by index of ``axis`` (iOS 16)."""
    data = a["quantized_data"].astype(np.float32)
    shape = [1] * data.ndim
    shape[int(a["axis"])] = -1
    zero, scale = (np.asarray(a[key], np.float32) for key in ("zero_point", "scale"))
    return (data - (zero.reshape(shape) if zero.ndim else zero)) * (scale.reshape(shape) if scale.ndim else scale)


def _quantize(a: Arguments) -> Any:
    """clip(round(input / scale) + zero_point), half to even, in the integers of ``output_dtype`` (iOS 17)."""
    scale, zero = (_along(a, key) for key in ("scale", "zero_point"))
    bounds = np.iinfo(a["output_dtype"])
    return np.clip(np.rint(a["input"] / scale) + zero, bounds.min, bounds.max)


def _dequantize(a: Arguments) -> Any:
    """scale * (input - zero_point) (iOS 17)."""
    return _along(a, "scale") * (a["input"].astype(np.float32) - _along(a, "zero_point"))


def _along(a: Arguments, key: str) -> Array:
    """A parameter of the whole input, or of each index of its axis; 0 where it is left out."""
    values = np.asarray(a.get(key, 0), np.float32)
    if not values.ndim:
        return values
    shape = [1] * a["input"].ndim
    shape[int(a["axis"])] = -1
    return values.reshape(shape)


def _blockwise_shift_scale(a: Arguments) -> Any:
    """(data - offset) * scale, each repeated to the data's shape in blocks (iOS 18)."""
    data = a["data"].astype(np.float32)
    scale, offset = (_blocks(a.get(key), data.shape) for key in ("scale", "offset"))
    return (data - (0 if offset is None else offset)) * (1 if scale is None else scale)


def _blocks(values: Any, shape: Sequence[int]) -> Array | None:
    if values is None:
        return None
    found: Array = np.asarray(values, np.float32)
    for axis, size in enumerate(shape):
        found = np.repeat(found, size // found.shape[axis], axis=axis)
    return found


def _two(function: Callable[[Any, Any], Any]) -> Callable[[Arguments], Any]:
    return lambda a: np.asarray(function(a["x"], a["y"]))


def _one(function: Callable[[Any], Any]) -> Callable[[Arguments], Any]:
    return lambda a: np.asarray(function(a["x"]))


CONSTEXPR: Mapping[str, Callable[[Arguments], Any]] = {
    "constexpr_affine_dequantize": _affine_dequantize,
    "constexpr_blockwise_shift_scale": _blockwise_shift_scale,
    "constexpr_cast": lambda a: np.asarray(a["source_val"]),
}
"""Of what is stored."""

OPERATORS: Mapping[str, Callable[[Arguments], Any]] = {
    "identity": _one(lambda x: x),
    "cast": _one(lambda x: x),  # the declared result dtype does it
    "add": _two(np.add),
    "sub": _two(np.subtract),
    "mul": _two(np.multiply),
    "real_div": _two(np.divide),
    "maximum": _two(np.maximum),
    "minimum": _two(np.minimum),
    "equal": _two(np.equal),
    "not_equal": _two(np.not_equal),
    "greater_equal": _two(np.greater_equal),
    "less": _two(np.less),
    "logical_not": _one(np.logical_not),
    "select": lambda a: np.where(a["cond"], a["a"], a["b"]),
    "sqrt": _one(np.sqrt),
    "rsqrt": lambda a: 1 / np.sqrt(a["x"] + a.get("epsilon", 0)),
    "inverse": lambda a: 1 / (a["x"] + a.get("epsilon", 0)),
    "square": _one(np.square),
    "exp": _one(np.exp),
    "erf": _one(_erf),
    "tanh": _one(np.tanh),
    "sigmoid": _one(lambda x: 1 / (1 + np.exp(-x))),
    "relu": _one(lambda x: np.maximum(x, 0)),
    "silu": _one(lambda x: x / (1 + np.exp(-x))),
    "gelu": _gelu,
    "clip": lambda a: np.clip(a["x"], a["alpha"], a["beta"]),
    "linear": _linear,
    "matmul": _matmul,
    "softmax": _softmax,
    "layer_norm": _layer_norm,
    "reduce_sum": _reduce(np.sum),
    "reduce_mean": _reduce(np.mean),
    "reduce_max": _reduce(np.max),
    "reduce_l2_norm": _reduce(_l2),
    "quantize": _quantize,
    "dequantize": _dequantize,
    "gather": _gather,
    "gather_along_axis": _gather_along_axis,
    "range_1d": lambda a: np.arange(a["start"], a["end"], a["step"]),
    "shape": _one(lambda x: np.asarray(x.shape, np.int32)),
    "fill": lambda a: np.full(a["shape"].tolist(), a["value"]),
    "tile": lambda a: np.tile(a["x"], a["reps"].tolist()),
    "cumsum": _cumsum,
    "reshape": _reshape,
    "transpose": lambda a: np.transpose(a["x"], a["perm"].tolist()),
    "squeeze": lambda a: np.squeeze(a["x"], tuple(a["axes"].tolist()) if "axes" in a else None),
    "expand_dims": lambda a: np.expand_dims(a["x"], tuple(a["axes"].tolist())),
    "slice_by_index": _slice_by_index,
    "split": _split,
    "concat": _concat,
}
"""Of what is computed."""
