"""What reads stored weights, in the forms that onnxruntime runs best: linear layers and look-ups."""

from __future__ import annotations

import numpy as np

from edgelm.graph.ir import GraphError, Node, Tensor
from edgelm.types import Array
from edgelm_converters._onnx_emitter import Emitter

_ACCURACY = 1
"""MatMulNBits in float32; level 4 also rounds its activations, to int8 in blocks, and is a quarter faster."""


def linear(e: Emitter, node: Node) -> None:
    """MatMul and Add; over dynamically quantized activations, an integer product; over int4 weights, MatMulNBits."""
    x, name, *bias = node.inputs
    weight = e.graph[name]
    product = f"{node.output}.product" if bias else node.output
    if node.attrs.get("activations", "float32") != "float32":
        _dynamic_product(e, x, weight, product)
    elif weight.dtype == "int4":
        _int4_product(e, x, weight, product)
    else:
        e.add("MatMul", [x, _real(e, weight)], product)
    _add_bias(e, product, bias, node.output)


def quantized_linear(e: Emitter, node: Node) -> None:
    """QuantizeLinear and DequantizeLinear before the MatMul, and behind its Add where the result is rounded.

    onnxruntime runs the product of two DequantizeLinear as one MatMulIntegerToFloat.
    """
    x, name, *bias = node.inputs
    weight, attrs = e.graph[name], node.attrs
    step = x, attrs["scale"], attrs["zero_point"]
    if step not in e.static_inputs:
        e.static_inputs[step] = _fake_quantized(e, *step, f"{node.output}.input")
    real = _dequantized(e, weight)
    rounded = attrs.get("output_scale") is not None
    result = f"{node.output}.unrounded" if rounded else node.output
    product = f"{node.output}.product" if bias else result
    e.add("MatMul", [e.static_inputs[step], real], product)
    if bias and len(e.graph[x].shape) == 2:
        # MatMul and Add of matrices become a Gemm, which has no integer kernel with a float bias.
        e.add("Sub", [product, e.constant(f"{bias[0]}.negative", -e.graph[bias[0]].numpy())], result)
    else:
        _add_bias(e, product, bias, result)
    if rounded:
        _fake_quantized(e, result, attrs["output_scale"], attrs["output_zero_point"], node.output)


def _fake_quantized(e: Emitter, x: str, scale: float, zero_point: int, output: str) -> str:
    """x rounded to its steps, in uint8 as onnxruntime's kernels for x86 take it; int8 measured no faster there."""
    operands = [e.float(scale), e.constant(f"uint8.{zero_point + 128}", np.asarray(zero_point + 128, np.uint8))]
    integers = e.add("QuantizeLinear", [x, *operands], f"{output}.uint8")
    return e.add("DequantizeLinear", [integers, *operands], output)


def _dequantized(e: Emitter, weight: Tensor) -> str:
    """An int8 weight as [in, out] behind a DequantizeLinear with a scale for each column."""
    operands = [e.transposed(weight), e.scales(weight, column=False)]
    return e.once("DequantizeLinear", operands, f"{weight.name}.T.real", axis=1)


def _real(e: Emitter, weight: Tensor) -> str:
    """A weight as [in, out] in float32; one that is stored otherwise is widened once, on loading."""
    stored = e.transposed(weight)
    if weight.dtype == "float32":
        return stored
    wide = e.widened(stored)
    if weight.quantization is None:
        return wide
    return e.once("Mul", [wide, e.scales(weight, column=False)], f"{weight.name}.T.real")


def _add_bias(e: Emitter, product: str, bias: list[str], output: str) -> None:
    if bias:
        e.add("Add", [product, e.read(bias[0])], output)


def _dynamic_product(e: Emitter, x: str, weight: Tensor, output: str) -> None:
    """x @ weight.T in integers, spelled as onnxruntime fuses it: DynamicQuantizeLinear, MatMulInteger, Cast, Mul."""
    if x not in e.dynamic_inputs:
        names = f"{x}.uint8", f"{x}.scale", f"{x}.zero_point"
        e.nodes.append(e.helper.make_node("DynamicQuantizeLinear", [x], names, name=f"{x}/DynamicQuantizeLinear"))
        e.dynamic_inputs[x] = names
    integers, scale, zero_point = e.dynamic_inputs[x]
    scales = e.add("Mul", [scale, e.scales(weight, column=False)], f"{output}.scale")
    product = e.add("MatMulInteger", [integers, e.transposed(weight), zero_point], f"{output}.int32")
    e.add("Mul", [e.add("Cast", [product], f"{output}.unscaled", to=e.types["float32"]), scales], output)


def _int4_product(e: Emitter, x: str, weight: Tensor, output: str) -> None:
    """MatMulNBits reads [out, blocks, bytes of a block]."""
    scales, block = _blocks(weight)
    rows, count = scales.shape
    stored = e.once("Reshape", [e.stored(weight), e.ints(rows, count, block // 2)], f"{weight.name}.blocks")
    operands = [x, stored, e.constant(f"{weight.name}.scale", scales)]
    sizes = {"K": count * block, "N": rows, "bits": 4, "block_size": block}
    e.contrib("MatMulNBits", operands, output, **sizes, accuracy_level=_ACCURACY)


def gather(e: Emitter, node: Node) -> None:
    """Rows are looked up as stored and widened afterwards, so that the table is never widened whole."""
    table, ids = node.inputs
    tensor = e.graph[table]
    e.stored(tensor)
    if tensor.dtype in ("float32", "int32"):
        e.add("Gather", [table, ids], node.output, axis=0)
        return
    if tensor.dtype == "int4":
        scales, block = _blocks(tensor)
        operands = [table, ids, e.constant(f"{table}.scale", scales)]
        e.contrib("GatherBlockQuantized", operands, node.output, bits=4, block_size=block, quantize_axis=1)
        return
    rows = e.add("Gather", [table, ids], f"{node.output}.stored", axis=0)
    real = node.output if tensor.quantization is None else f"{node.output}.unscaled"
    e.add("Cast", [rows], real, to=e.types["float32"])
    if tensor.quantization is not None:
        scale = e.add("Gather", [e.scales(tensor, column=True), ids], f"{node.output}.scale", axis=0)
        e.add("Mul", [real, scale], node.output)


def _blocks(tensor: Tensor) -> tuple[Array, int]:
    """The scales of an int4 constant, and the columns of a block."""
    if tensor.quantization is None or tensor.quantization.block is None:
        raise GraphError(f"{tensor.name} is not quantized by blocks")
    return tensor.quantization.scale, tensor.quantization.block
