"""The numerical functions NumPy lacks, and the rounding rules of quantization."""

from __future__ import annotations

import numpy as np

from edgelm.types import Array

_SMALLEST_SCALE = np.finfo(np.float32).tiny
"""Below float32's smallest normal number a scale cannot hold its 8 bits, and many runtimes flush it to zero."""

# Rational approximation of erf on [-4, 4] in float32, as Eigen and XLA compute it
# (Eigen/src/SpecialFunctions, "generic_fast_erf_float"); largest error about 3e-7.
_ERF_NUMERATOR = (
    -2.72614225801306e-10,
    2.77068142495902e-08,
    -2.10102402082508e-06,
    -5.69250639462346e-05,
    -7.34990630326855e-04,
    -2.95459980854025e-03,
    -1.60960333262415e-02,
)
_ERF_DENOMINATOR = (
    -1.45660718464996e-05,
    -2.13374055278905e-04,
    -1.68282697438203e-03,
    -7.37332916720468e-03,
    -1.42647390514189e-02,
)


def erf(x: Array) -> Array:
    """The error function of a float32 array, elementwise."""
    x = np.clip(x, np.float32(-4.0), np.float32(4.0))
    square = x * x
    return x * _horner(square, _ERF_NUMERATOR) / _horner(square, _ERF_DENOMINATOR)


def gelu(x: Array, approximate: str) -> Array:
    """GELU (Hendrycks & Gimpel 2016): ``none`` is x * Phi(x) with erf, ``tanh`` the paper's tanh approximation."""
    if approximate == "tanh":
        curve: Array = np.tanh(np.float32(np.sqrt(2 / np.pi)) * (x + np.float32(0.044715) * x * x * x))
    else:
        curve = erf(x * np.float32(np.sqrt(0.5)))
    gated: Array = np.float32(0.5) * x * (np.float32(1) + curve)
    return gated


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow for large negative x."""
    small = np.exp(-np.abs(x))
    result: Array = np.where(x >= 0, np.float32(1), small) / (np.float32(1) + small)
    return result


def softmax(x: Array) -> Array:
    """Softmax over the last axis."""
    shifted: Array = np.exp(x - x.max(axis=-1, keepdims=True))
    probabilities: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return probabilities


def layer_norm(x: Array, weight: Array, bias: Array, epsilon: float) -> Array:
    """Layer normalisation over the last axis (Ba et al. 2016) with the biased variance."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    scaled: Array = centred / np.sqrt(variance + np.float32(epsilon)) * weight + bias
    return scaled


def quantize_symmetric(x: Array, axis: int) -> tuple[Array, Array]:
    """Symmetric int8 with one scale per index of ``axis``.

    Returns ``(int8 values in [-127, 127], float32 scales of shape [x.shape[axis]])``; a channel of zeros, or of values
    whose scale would not be a normal number, gets scale 1 and becomes zero.
    """
    others = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
    peak = np.abs(x).max(axis=others).astype(np.float32)
    scale = _scale_or_one(peak / np.float32(127))
    shape = [1] * x.ndim
    shape[axis] = -1
    values = np.clip(np.rint(x / scale.reshape(shape)), -127, 127).astype(np.int8)
    return values, scale


INT4_BLOCK = 32
_SHRINK = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75)
"""Of a block's range: what is tried; values outside are cut, and the rest gets finer steps."""


def quantize_blocks(x: Array) -> tuple[Array, Array]:
    """Symmetric int4 of a float32 matrix, one scale for every 32 columns of a row, of several the one of least error.

    Returns ``(int8 array of values in [-8, 7], float32 scales [rows, columns / 32])``; the scales are whole bfloat16
    values, as which XNNPACK keeps them.
    """
    blocks = x.reshape(len(x), -1, INT4_BLOCK)
    peak = np.abs(blocks).max(axis=2).astype(np.float32)
    best = np.full(peak.shape, np.inf, np.float32)
    scales = np.ones_like(peak)
    for shrink in _SHRINK:
        scale = from_bfloat16(to_bfloat16(_scale_or_one(peak * np.float32(shrink / 7))))
        error = np.square(_int4(blocks, scale) * scale[:, :, None] - blocks).sum(axis=2)
        scales = np.where(error < best, scale, scales)
        best = np.minimum(error, best)
    return _int4(blocks, scales).astype(np.int8).reshape(x.shape), scales


def _int4(blocks: Array, scale: Array) -> Array:
    integers: Array = np.clip(np.rint(blocks / scale[:, :, None]), -8, 7)
    return integers


def to_bfloat16(x: Array) -> Array:
    """float32 rounded to nearest even and cut to its upper half, as uint16; finite values only."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    rounded: Array = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return rounded


def from_bfloat16(x: Array) -> Array:
    """float32 of what ``to_bfloat16`` gives."""
    wide: Array = (x.astype(np.uint32) << 16).view(np.float32)
    return wide


def scale_and_zero_point(low: float, high: float) -> tuple[float, int]:
    """Of asymmetric int8 over [low, high], which is widened to hold 0 exactly: the scale is a float32's value.

    ``integer = clip(round(real / scale) + zero_point, -128, 127)``.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    scale = _scale_or_one(np.asarray((high - low) / 255, np.float32))
    return float(scale), int(np.clip(np.rint(-128 - np.float32(low) / scale), -128, 127))


def static_steps(x: Array, scale: float, zero_point: int) -> Array:
    """Asymmetric int8 of one fixed range, less its zero point: whole numbers in float32, to be multiplied by scale."""
    steps: Array = np.clip(np.rint(x / np.float32(scale)) + np.float32(zero_point), -128, 127) - np.float32(zero_point)
    return steps


DYNAMIC_BLOCK = 64
"""Columns that share a scale in ``dynamic_block_symmetric``."""


def fake_quantize_token(x: Array, scheme: str) -> Array:
    """Quantize each row of the last axis to int8 and back, as a runtime's dynamic quantization does.

    ``dynamic_token_symmetric``: scale = max|x| / 127. ``dynamic_block_symmetric``: the same for every 64 columns of a
    row, as ncnn's Gemm over weights in blocks does. ``dynamic_token_asymmetric``: the range [min(x, 0), max(x, 0)]
    over 256 steps with an integer zero point, as XNNPACK's ``qd8`` does. ``dynamic_tensor_asymmetric``: the same with
    one range for the whole tensor, ONNX's DynamicQuantizeLinear; a row then depends on the rows beside it.
    """
    if scheme == "dynamic_block_symmetric":
        blocks = np.split(x, range(DYNAMIC_BLOCK, x.shape[-1], DYNAMIC_BLOCK), axis=-1)
        return np.concatenate([fake_quantize_token(block, "dynamic_token_symmetric") for block in blocks], axis=-1)
    if scheme == "dynamic_token_symmetric":
        scale = _scale_or_one(np.abs(x).max(axis=-1, keepdims=True) / np.float32(127))
        rounded: Array = np.clip(np.rint(x / scale), -127, 127) * scale
        return rounded
    axis = None if scheme == "dynamic_tensor_asymmetric" else -1
    low = np.minimum(x.min(axis=axis, keepdims=True), 0)
    high = np.maximum(x.max(axis=axis, keepdims=True), 0)
    scale = _scale_or_one((high - low) / np.float32(255))
    zero = np.clip(np.rint(-128 - low / scale), -128, 127)
    steps: Array = np.clip(np.rint(x / scale) + zero, -128, 127) - zero
    return np.asarray(steps * scale)


def _scale_or_one(scale: Array) -> Array:
    return np.where(scale >= _SMALLEST_SCALE, scale, np.float32(1)).astype(np.float32)


def _horner(x: Array, coefficients: tuple[float, ...]) -> Array:
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total *= x
        total += np.float32(coefficient)
    return total
