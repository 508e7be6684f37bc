"""Quantized weights as TFLite's kernels can hold them: coarser where a scale is out of their reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgelm.errors import UnsupportedError
from edgelm.graph.ir import GraphError, Quantization, Tensor
from edgelm.types import Array

_MOST_STEPS = 2**30
"""Of an int32 bias; and XNNPACK scales a sum of products by no less than 2**-32."""
_FLOAT16 = np.finfo(np.float16)


def for_integers(weight: Tensor, bias: Array, scale: float, output_scale: float) -> tuple[Array, Quantization]:
    """An int8 weight for int8 inputs of ``scale`` and outputs of ``output_scale``.

    Its bias is counted in int32 steps of ``scale`` times the row's scale. Rows of zeros have no scale of their own:
    theirs is made fine, for the bias.
    """
    data, quantization = stored(weight)
    own = quantization.scale * data.any(axis=1)
    finest = np.maximum(np.abs(bias), output_scale) / np.float32(scale * _MOST_STEPS)
    if (own >= finest).all():
        return data, quantization
    scales = np.maximum(own, finest).astype(np.float32)
    return np.rint(data * (own / scales)[:, None]).astype(np.int8), Quantization(scales, axis=0)


def in_blocks(weight: Tensor) -> tuple[Array, Quantization]:
    """An int4 weight whose scales are normal float16 numbers, as XNNPACK demands.

    UnsupportedError where one is too large.
    """
    data, quantization = stored(weight)
    if quantization.scale.max() > _FLOAT16.max:
        raise UnsupportedError(f"The scales of {weight.name} do not fit float16.", hint="Use --precision int8.")
    if quantization.scale.min() >= _FLOAT16.tiny:
        return data, quantization
    scales = np.maximum(quantization.scale, np.float32(_FLOAT16.tiny))
    blocks = data.reshape(*scales.shape, -1) * (quantization.scale / scales)[:, :, None]
    return np.rint(blocks).astype(np.int8).reshape(data.shape), replace(quantization, scale=scales)


def stored(weight: Tensor) -> tuple[Array, Quantization]:
    """The integers and scales of a quantized constant."""
    if weight.data is None or weight.quantization is None:
        raise GraphError(f"{weight.name} is no quantized constant")
    return weight.data, weight.quantization
