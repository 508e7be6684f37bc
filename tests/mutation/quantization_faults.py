"""Faults in how weights are stored: scales, zero points, rounding, and what float16 cannot hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from edgelm.graph import rewrites
from edgelm.graph.builder import with_constants
from edgelm.graph.ir import Graph, Quantization, Tensor
from edgelm.types import Array

from . import healthy as h
from .artifact_faults import onnx_surgery
from .graph_faults import PARITY
from .harness import Fault, Patient, built, stored
from .surgery import Change, constant

OPERATORS = "parity: operators"
FACTOR = np.float32(2e4)


def weight_of(graph: Graph, output: str) -> Tensor:
    """The weight of a linear layer."""
    return graph[graph.producers()[output].inputs[1]]


def values(output: str, change: Callable[[Array], Array]) -> Change:
    """A linear layer's int8 weight with other values."""

    def changed(graph: Graph) -> Graph:
        old = weight_of(graph, output)
        assert old.dtype == "int8"
        assert old.data is not None
        return with_constants(graph, [replace(old, data=change(old.data).astype(np.int8))])

    return changed


def scales(output: str, change: Callable[[Array], Array]) -> Change:
    """A linear layer's int8 weight with other scales."""

    def changed(graph: Graph) -> Graph:
        old = weight_of(graph, output)
        assert old.quantization is not None
        new = np.ascontiguousarray(change(old.quantization.scale), np.float32)
        return with_constants(graph, [replace(old, quantization=Quantization(new, old.quantization.axis))])

    return changed


def zero_point(steps: int) -> Callable[[Array], Array]:
    """Values as if their zero point were not 0."""
    return lambda stored_values: np.clip(stored_values.astype(np.int16) + steps, -128, 127)


def _clipped(stored_values: Array) -> Array:
    return np.clip(stored_values, -8, 7)


def _ends_swapped(scale: Array) -> Array:
    """The smallest scale and the largest."""
    swapped = scale.copy()
    ends = [int(scale.argmin()), int(scale.argmax())]
    swapped[ends] = scale[ends[::-1]]
    return swapped


def _one_for_all(scale: Array) -> Array:
    return np.full_like(scale, scale.max())


def _scales_exchanged(left: str, right: str) -> Change:
    def changed(graph: Graph) -> Graph:
        one, other = weight_of(graph, left), weight_of(graph, right)
        return with_constants(
            graph, [replace(one, quantization=other.quantization), replace(other, quantization=one.quantization)]
        )

    return changed


def _rounded_toward_zero(at: Patient) -> None:
    """Every int8 weight cut off where it should have been rounded."""
    graph, real = at.stored, rewrites.apply(at.source.graph, at.manifest["rewrites"])
    new = []
    for tensor in graph.constants:
        if tensor.quantization is not None:
            scale = tensor.quantization.scale.reshape(-1, *[1] * (len(tensor.shape) - 1))
            new.append(replace(tensor, data=np.trunc(real[tensor.name].numpy() / scale).astype(np.int8)))
    at.ship(with_constants(graph, new))


def _overflowing_weight(graph: Graph) -> Graph:
    """One float16 weight beyond 65504, and so infinite."""
    old = weight_of(graph, "layers.0.up")
    assert old.data is not None
    data = old.data.copy()
    data[0, 0] = np.float16(np.inf)
    return with_constants(graph, [replace(old, data=data)])


def _large_activations(graph: Graph) -> Graph:
    """The same function in float32: a ReLU's inputs times 20,000, and the weights behind it divided by that."""
    (up, up_bias), (down, _) = (graph.producers()[f"layers.0.{part}"].inputs[1:] for part in ("up", "down"))
    factors = {up: FACTOR, up_bias: FACTOR, down: 1 / FACTOR}
    return with_constants(graph, [constant(name, graph[name].numpy() * factor) for name, factor in factors.items()])


def _without_zero_points(model: object) -> None:
    """MatMulInteger without its third input, which then is 0."""
    products = [node for node in model.graph.node if node.op_type == "MatMulInteger"]  # type: ignore[attr-defined]
    assert products
    for node in products:
        del node.input[2]


_UP = "layers.0.up"
_QKV = "layers.0.query|layers.0.key|layers.0.value"
_fault = partial(Fault, "quantization")

FAULTS = (
    _fault("a scale off by 2", h.BERT_ANDROID, stored(scales(_UP, lambda s: 2 * s)), PARITY),
    _fault("a scale off by 2, weights only", h.ALBERT_COREML, stored(scales(_UP, lambda s: 2 * s)), PARITY),
    _fault("a zero point off by 3", h.BERT_ANDROID, stored(values(_UP, zero_point(3))), OPERATORS, quick=True),
    _fault("a zero point off by 3, onnx", h.CAMEMBERT, stored(values(_QKV, zero_point(3))), OPERATORS),
    _fault("a zero point off by 1, openvino", h.XLMR, stored(values(_UP, zero_point(1))), PARITY),
    _fault("two channels' scales swapped", h.XLMR, stored(scales(_UP, _ends_swapped)), PARITY),
    _fault("two channels' scales swapped, tflite", h.SENTENCE_TFLITE, stored(scales(_UP, _ends_swapped)), OPERATORS),
    _fault("two tensors' scales swapped", h.ERNIE, stored(_scales_exchanged(_UP, "layers.1.up")), OPERATORS),
    _fault("one scale for all of a tensor's channels", h.DISTILBERT_SERVER, stored(scales(_UP, _one_for_all)), PARITY),
    _fault("weights clipped to 4 bits", h.MPNET_TFLITE, stored(values("layers.0.down", _clipped)), PARITY),
    _fault("rounded toward zero, onnx", h.ERNIE, _rounded_toward_zero, OPERATORS),
    _fault("rounded toward zero, tflite", h.BERT_INT8, _rounded_toward_zero, OPERATORS),
    _fault("rounded toward zero, openvino", h.XLMR, _rounded_toward_zero, PARITY),
    _fault("rounded toward zero, coreml", h.ALBERT_COREML, _rounded_toward_zero, PARITY),
    _fault("the activations' zero point lost", h.ERNIE, onnx_surgery(_without_zero_points), PARITY),
    _fault("a float16 weight beyond 65504", h.BERT_FP16, stored(_overflowing_weight), PARITY),
    _fault("float16 activations beyond 65504", h.RELU, built(_large_activations), PARITY),
)
