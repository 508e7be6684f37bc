"""Writes a graph as ncnn's ``.param`` and ``.bin``, the plain formats that ncnn documents: it has no builder for them.

Its own converter, pnnx, starts from a traced PyTorch module, and would bring torch into every export.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from edgelm.errors import UnsupportedError
from edgelm.graph.ir import BATCH, Graph, Node
from edgelm.types import Artifact, ConvertRequest, Scheme, TensorSpec
from edgelm_converters import _ncnn_file
from edgelm_converters._ncnn_emitter import Emit, Emitter, sizes_of
from edgelm_converters._ncnn_file import Param
from edgelm_converters._ncnn_weights import gather, linear

_FILES = ("model.ncnn.param", "model.ncnn.bin")
_LENGTHS_NOTE = "The file takes any length up to the largest of --lengths; nothing is padded to them."
_WEIGHTS_NOTE = (
    "Left to itself, ncnn stores activations in 16 bits and computes in them where the CPU can; the target switches "
    "that off, so that parity is exact. A weight that several layers share is in the file once for each."
)
_SUM, _MAX, _L2 = 0, 4, 8
_RIGHT = {"add": 0, "sub": 1, "mul": 2, "div": 3, "maximum": 4}
_LEFT = {**_RIGHT, "sub": 7, "div": 8}
"""BinaryOp's operations, with a scalar on the left."""
_PERMUTE = {
    (0, 1): 0,
    (1, 0): 1,
    (0, 1, 2): 0,
    (0, 2, 1): 1,
    (1, 0, 2): 2,
    (1, 2, 0): 3,
    (2, 0, 1): 4,
    (2, 1, 0): 5,
}
"""Permute's orders of two and three axes, by the graph's permutation of them."""

PRECISIONS: Mapping[str, Scheme] = MappingProxyType(
    {
        "fp32": Scheme("fp32", "float32", "float32", "float32 weights and arithmetic"),
        "fp16": Scheme("fp16_weights", "float16", "float32", "float16 weights, widened on loading; float32 arithmetic"),
        "int8": Scheme(
            "dynamic_wi8_afp32",
            "int8",
            "dynamic_block_symmetric",
            "int8 weights, a scale per channel; linear layers quantize each token in blocks of 64 as it comes, where "
            "the CPU has kernels for that; attention stays float32",
        ),
    }
)


@dataclass(frozen=True)
class NcnnConverter:
    """One text at a time, of any length; the blobs of inputs and outputs carry the graph's names."""

    name: str = "ncnn"
    requires: tuple[str, ...] = ()
    precisions: Mapping[str, Scheme] = field(default_factory=lambda: PRECISIONS)
    rewrites: tuple[str, ...] = ("slice_last_layer", "fold_attention_scale")
    options: Mapping[str, str] = field(default_factory=dict)

    def convert(self, graph: Graph, request: ConvertRequest) -> Artifact:
        """Write both files; the same graph gives the same bytes."""
        layers = Emitter(graph, _EMIT, request.max_length).run()
        param, binary = (request.directory / name for name in _FILES)
        written = _ncnn_file.write(param, binary, layers)
        return Artifact(
            files=_FILES,
            inputs=tuple(_one_text(graph[name].spec) for name in graph.inputs),
            outputs=tuple(_one_text(graph[name].spec) for name in graph.outputs),
            toolchain={},
            details={
                "operators": sorted({layer.type for layer in written}),
                "integers": sorted({layer.name for layer in written} & _integers(graph)),
                "notes": [_WEIGHTS_NOTE, *([_LENGTHS_NOTE] if request.lengths else [])],
            },
        )


def _integers(graph: Graph) -> set[str]:
    """The integers that a graph computes, which ncnn holds as floats."""
    return {name for node in graph.nodes for name in node.outputs if graph[name].dtype == "int32"}


def _one_text(spec: TensorSpec) -> TensorSpec:
    return TensorSpec(spec.name, spec.dtype, tuple(1 if size == BATCH else size for size in spec.shape))


def _plain(kind: str, params: Mapping[int, Param] | None = None) -> Emit:
    """A layer of one input."""

    def emit(e: Emitter, node: Node) -> None:
        e.add(kind, [e.read(node.inputs[0])], node.output, params)

    return emit


def _binary(e: Emitter, node: Node) -> None:
    """A BinaryOp; ncnn broadcasts axes of 1 between blobs of as many axes."""
    rank = len(e.graph[node.output].shape)
    add = e.exact if e.graph[node.output].dtype == "int32" else e.add
    for name, other, kinds in zip(node.inputs, reversed(node.inputs), (_LEFT, _RIGHT), strict=True):
        tensor = e.graph[name]
        if tensor.data is not None and tensor.data.size == 1:
            params: dict[int, Param] = {0: kinds[node.op], 1: 1, 2: float(tensor.numpy().reshape(()))}
            add("BinaryOp", [e.read(other, rank)], node.output, params)
            return
    add("BinaryOp", [e.read(name, rank) for name in node.inputs], node.output, {0: _RIGHT[node.op]})


def _cast(e: Emitter, node: Node) -> None:
    e.exact("Noop", [e.read(node.inputs[0])], node.output)


def _matmul(e: Emitter, node: Node) -> None:
    rank = len(e.graph[node.output].shape)
    blobs = [e.read(name, rank) for name in node.inputs]
    e.add("MatMul", blobs, node.output, {0: int(node.attrs["transpose_b"])})


def _softmax(e: Emitter, node: Node) -> None:
    last = len(sizes_of(e.graph[node.output].shape)) - 1
    e.add("Softmax", [e.read(node.inputs[0])], node.output, {0: last, 1: 1})


def _layer_norm(e: Emitter, node: Node) -> None:
    x, *parameters = node.inputs
    weights = [_ncnn_file.Weight(e.graph[name].numpy(), tagged=False) for name in parameters]
    params: dict[int, Param] = {0: int(e.graph[parameters[0]].shape[0]), 1: float(node.attrs["epsilon"]), 2: 1}
    e.add("LayerNorm", [e.read(x)], node.output, params, weights)


def _l2_normalize(e: Emitter, node: Node) -> None:
    x, out = e.read(node.inputs[0]), node.output
    last = len(sizes_of(e.graph[out].shape)) - 1
    norm = e.add("Reduction", [x], f"{out}/norm", {0: _L2, 1: 0, 3: [last], 4: 1, 5: 1})
    floor = e.add("BinaryOp", [norm], f"{out}/floor", {0: _RIGHT["maximum"], 1: 1, 2: float(node.attrs["epsilon"])})
    e.add("BinaryOp", [x, floor], out, {0: _RIGHT["div"]})


def _reduce(operation: int) -> Emit:
    def emit(e: Emitter, node: Node) -> None:
        params: dict[int, Param] = {0: operation, 1: 0, 3: [_axis(e, node)], 4: int(node.attrs["keepdims"]), 5: 1}
        e.add("Reduction", [e.read(node.inputs[0])], node.output, params)

    return emit


def _axis(e: Emitter, node: Node) -> int:
    """A node's axis among those of the blob it reads; UnsupportedError for the batch, which a blob has not."""
    shape = e.graph[node.inputs[0]].shape
    axis = int(node.attrs["axis"]) % len(shape) - (len(shape) - len(sizes_of(shape)))
    if axis < 0:
        raise UnsupportedError(f"ncnn has no batch, over which {node.op} ({node.output}) goes.")
    return axis


def _position_ids(e: Emitter, node: Node) -> None:
    """Of ids with padding: each is looked up in a column that ends behind the padding's, where all larger ones end."""
    (ids,), out, padding = node.inputs, node.output, node.attrs["padding_idx"]
    column = np.ones(padding + 2, np.float32)
    column[padding] = 0
    real = e.look_up(ids, e.graph[ids].shape, column, f"{out}/real")
    counted = e.exact("CumulativeSum", [real], f"{out}/counted", {0: 0})
    masked = e.exact("BinaryOp", [counted, real], f"{out}/masked", {0: _RIGHT["mul"]})
    e.exact("BinaryOp", [masked], out, {0: _RIGHT["add"], 1: 1, 2: float(padding)})


def _shape(e: Emitter, node: Node) -> None:
    """Whatever only renames axes."""
    e.reshape(e.read(node.inputs[0]), e.graph[node.output].shape, node.output)


def _transpose(e: Emitter, node: Node) -> None:
    perm = tuple(axis - 1 for axis in node.attrs["perm"][1:])
    if perm not in _PERMUTE:
        raise UnsupportedError(f"ncnn cannot transpose by {node.attrs['perm']} ({node.output}).")
    e.add("Permute", [e.read(node.inputs[0])], node.output, {0: _PERMUTE[perm]})


def _slice(e: Emitter, node: Node) -> None:
    params: dict[int, Param] = {9: [node.attrs["start"]], 10: [node.attrs["stop"]], 11: [_axis(e, node)]}
    e.add("Crop", [e.read(node.inputs[0])], node.output, params)


def _split(e: Emitter, node: Node) -> None:
    e.several("Slice", [e.read(node.inputs[0])], node.outputs, {0: list(node.attrs["sizes"]), 1: _axis(e, node)})


def _concat(e: Emitter, node: Node) -> None:
    e.add("Concat", [e.read(name) for name in node.inputs], node.output, {0: _axis(e, node)})


def _gelu(e: Emitter, node: Node) -> None:
    e.add("GELU", [e.read(node.inputs[0])], node.output, {0: int(node.attrs["approximate"] == "tanh")})


_EMIT: Mapping[str, Emit] = {
    "add": _binary,
    "sub": _binary,
    "mul": _binary,
    "div": _binary,
    "maximum": _binary,
    "sqrt": _plain("UnaryOp", {0: 5}),
    "tanh": _plain("TanH"),
    "sigmoid": _plain("Sigmoid"),
    "relu": _plain("ReLU"),
    "gelu": _gelu,
    "cast": _cast,
    "linear": linear,
    "matmul": _matmul,
    "softmax": _softmax,
    "layer_norm": _layer_norm,
    "l2_normalize": _l2_normalize,
    "reduce_sum": _reduce(_SUM),
    "reduce_max": _reduce(_MAX),
    "gather": gather,
    "position_ids": _position_ids,
    "reshape": _shape,
    "transpose": _transpose,
    "squeeze": _shape,
    "unsqueeze": _shape,
    "slice": _slice,
    "split": _split,
    "concat": _concat,
}

NCNN = NcnnConverter()
