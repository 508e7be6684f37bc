"""What reads stored weights, in the forms that OpenVINO's plugins run best: linear layers and look-ups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgelm.graph.ir import Node
from edgelm_converters._openvino_emitter import Emitter

_LOWEST = float(np.finfo(np.float32).min)


def linear(e: Emitter, node: Node) -> Sequence[Any]:
    """MatMul and Add."""
    x, weight, *bias = (e.read(name) for name in node.inputs)
    return [_product(e, x, weight, bias, node.output)]


def quantized_linear(e: Emitter, node: Node) -> Sequence[Any]:
    """The same behind a FakeQuantize, from which a plugin makes an integer product; before one if it is rounded."""
    name, attrs = node.inputs[0], node.attrs
    _, weight, *bias = (e.read(each) for each in node.inputs)
    step = name, attrs["scale"], attrs["zero_point"]
    if step not in e.static_inputs:
        x = e.read(name)
        if _is_of_a_float_layer(e, name):
            x = e.add("maximum", [x, e.float(_LOWEST)], f"{node.output}/input/kept")
        e.static_inputs[step] = _fake_quantized(e, x, *step[1:], f"{node.output}/input")
    if attrs.get("output_scale") is None:
        return [_product(e, e.static_inputs[step], weight, bias, node.output)]
    result = _product(e, e.static_inputs[step], weight, bias, f"{node.output}/unrounded")
    return [_fake_quantized(e, result, attrs["output_scale"], attrs["output_zero_point"], node.output)]


def _is_of_a_float_layer(e: Emitter, name: str) -> bool:
    """Whether a tensor is what a float linear layer writes, or that by smoothing factors.

    The CPU plugin makes one FakeQuantize by channel of the factors and the rounding, and where that is not fused into
    the layer, for a residual reads its output as well, its results are wrong (2026.4: 16 dB for 137 dB). An operator
    that changes nothing keeps the two apart.
    """
    producers = e.graph.producers()
    node = producers.get(name)
    if node is not None and node.op == "mul":
        node = producers.get(node.inputs[0])
    return node is not None and node.op == "linear"


def _product(e: Emitter, x: Any, weight: Any, bias: Sequence[Any], name: str) -> Any:
    if not bias:
        return e.add("matmul", [x, weight], name, False, True)
    return e.add("add", [e.add("matmul", [x, weight], f"{name}/product", False, True), *bias], name)


def _fake_quantized(e: Emitter, x: Any, scale: float, zero_point: int, name: str) -> Any:
    """x rounded to 256 steps; the range is that of the int8 values [-128, 127]."""
    low, high = (e.float(float(np.float32(scale) * np.float32(end - zero_point))) for end in (-128, 127))
    return e.add("fake_quantize", [x, low, high, low, high], name, 256)


def gather(e: Emitter, node: Node) -> Sequence[Any]:
    """Rows of an int8 table are looked up as stored: in a model with a FakeQuantize the plugin widens what it can."""
    table, indices = e.graph[node.inputs[0]], e.read(node.inputs[1])
    if table.dtype != "int8":
        return [e.add("gather", [e.read(table.name), indices, e.int(0)], node.output)]
    rows = e.add("gather", [e.stored(table), indices, e.int(0)], f"{node.output}/stored")
    wide = e.add("convert", [rows], f"{node.output}/unscaled", e.types["float32"])
    scales = e.add("gather", [e.scales(table), indices, e.int(0)], f"{node.output}/scales")
    return [e.add("multiply", [wide, scales], node.output)]
