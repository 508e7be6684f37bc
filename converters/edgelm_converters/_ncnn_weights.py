"""What reads stored weights in ncnn: linear layers and look-ups."""

from __future__ import annotations

import numpy as np

from edgelm.errors import UnsupportedError
from edgelm.graph.ir import GraphError, Node, Quantization, Tensor
from edgelm.graph.numeric import DYNAMIC_BLOCK
from edgelm.types import Array
from edgelm_converters._ncnn_emitter import Emitter, sizes_of
from edgelm_converters._ncnn_file import Param, Weight

_NO_BIAS, _BIAS_OF_COLUMNS = -1, 4
_INT8_BLOCKS_OF_64 = 801
"""A Gemm's quantize_term; its x86 kernels quantize what they read in the same blocks."""


def linear(e: Emitter, node: Node) -> None:
    """A Gemm over a constant; a single row has an axis of its own meanwhile."""
    x, name, *bias = node.inputs
    weight = e.graph[name]
    sizes = sizes_of(e.graph[x].shape)
    if len(sizes) > 2:
        raise UnsupportedError(f"ncnn has no linear layer over {len(sizes)} axes beside the batch ({node.output}).")
    rows, columns = weight.shape
    term, weights = _stored(weight)
    constants = [Weight(_data(e.graph[one])) for one in bias]
    # transA, transB, constantA, constantB, constantC, constantM, constantN, constantK, C's broadcasting, quantize_term
    params: dict[int, Param] = {
        2: 0,
        3: 1,
        4: 0,
        5: 1,
        6: 1,
        7: 0,
        8: int(rows),
        9: int(columns),
        10: _BIAS_OF_COLUMNS if bias else _NO_BIAS,
        **({} if term is None else {18: term}),
    }
    ordered = [weights[0], *constants, *weights[1:]]
    if len(sizes) == 2:
        e.add("Gemm", [e.read(x)], node.output, params, ordered)
        return
    row = e.reshape(e.read(x), (1, 1, *sizes), f"{node.output}/row")
    product = e.add("Gemm", [row], f"{node.output}/product", params, ordered)
    e.reshape(product, e.graph[node.output].shape, node.output)


def gather(e: Emitter, node: Node) -> None:
    """An Embed; for computed indices, which ncnn holds as floats, a product with a row of zeros and a one for each."""
    table, name = e.graph[node.inputs[0]], node.inputs[1]
    shape, out = e.graph[name].shape, node.output
    bits = e.bits(name)
    if bits is not None and len(table.shape) == 1:
        e.look_up(bits, shape, table.numpy().astype(np.float32), out)
    elif bits is None:
        _gather_computed(e, table, name, out)
    elif len(sizes_of(shape)) == 1:
        _embed(e, table, bits, out)
    else:
        e.reshape(_embed(e, table, e.flat(bits, out), f"{out}/rows"), e.graph[out].shape, out)


def _gather_computed(e: Emitter, table: Tensor, name: str, out: str) -> None:
    """For integers i and k, relu(1 - |i - k|) is 1 where they are equal, and else 0."""
    if len(sizes_of(e.graph[name].shape)) > 1:
        raise UnsupportedError(f"ncnn cannot look up indices that are computed over several axes ({out}).")
    count = int(table.shape[0])
    every = np.arange(count, dtype=np.int32)
    column = e.reshape(e.read(name), (1, *sizes_of(e.graph[name].shape), 1), f"{out}/column")
    rows = e.constant(f"{out}/all", every.astype(np.float32)[None, None], 3)
    difference = e.exact("BinaryOp", [column, rows], f"{out}/difference", {0: 1})
    distance = e.exact("UnaryOp", [difference], f"{out}/distance", {0: 0})
    nearness = e.exact("BinaryOp", [distance], f"{out}/nearness", {0: 7, 1: 1, 2: 1.0})
    one_hot = e.exact("ReLU", [nearness], f"{out}/one_hot")
    indices = e.constant(f"{out}/indices", every.view(np.float32)[None], 2)
    e.add("MatMul", [one_hot, _embed(e, table, indices, f"{out}/table")], out)


def _embed(e: Emitter, table: Tensor, bits: str, output: str) -> str:
    """Rows of a table, as stored; int8 rows are multiplied by their scales, which are looked up as well."""
    rows, columns = (int(size) for size in table.shape)
    params: dict[int, Param] = {0: columns, 1: rows, 3: rows * columns}
    if table.dtype != "int8":
        return e.add("Embed", [bits], output, params, [Weight(_data(table))])
    one = Weight(np.ones(1, np.float32), tagged=False)
    steps = e.add("Embed", [bits], f"{output}/steps", {**params, 18: 1}, [Weight(_data(table)), one])
    scale = Weight(_quantization(table).scale.astype(np.float32))
    scales = e.add("Embed", [bits], f"{output}/scales", {0: 1, 1: rows, 3: rows}, [scale])
    return e.add("BinaryOp", [steps, scales], output, {0: 2})


def _stored(weight: Tensor) -> tuple[int | None, list[Weight]]:
    """ncnn's quantize_term for a linear weight, None for floats; and what a Gemm reads of it around its bias.

    A row's one scale is repeated for each of its blocks, and ncnn's scales are the inverse of the graph's.
    """
    if weight.quantization is None:
        return None, [Weight(_data(weight))]
    data = _data(weight)
    blocks = -(-data.shape[1] // DYNAMIC_BLOCK)
    scales = np.repeat(1 / weight.quantization.scale[:, None], blocks, axis=1)
    return _INT8_BLOCKS_OF_64, [Weight(data, tagged=False), Weight(scales.astype(np.float32), tagged=False)]


def _data(tensor: Tensor) -> Array:
    if tensor.data is None:
        raise GraphError(f"{tensor.name} is no constant")
    return tensor.data


def _quantization(tensor: Tensor) -> Quantization:
    if tensor.quantization is None:
        raise GraphError(f"{tensor.name} is not quantized")
    return tensor.quantization
