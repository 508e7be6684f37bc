"""Stores a graph's weights as a scheme says; the interpreter then computes what the artifact is meant to compute."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from edgelm.graph import numeric
from edgelm.graph.builder import rebuild, with_constants
from edgelm.graph.ir import Graph, GraphError, Node, Quantization, Tensor
from edgelm.types import Array, Scheme, Storage

_SMALLEST_PEAK = Tensor("const.smallest_peak", "float32", (), np.asarray(0.17, np.float32))
"""The depth of GELU's negative side: rows below it need no finer range, and no row divides by zero."""
_FLOAT16_MAX = float(np.finfo(np.float16).max)
_MOVES = ("slice", "reshape", "transpose", "squeeze", "unsqueeze", "split")
"""Operators whose outputs hold nothing that their input does not."""


@dataclass(frozen=True)
class Calibration:
    """What a scheme needs to know of the activations of a graph, by the names of its tensors.

    ``unit_rows`` comes first: what it adds to the graph is named in the others as ``with_unit_rows`` names it.
    """

    ranges: Mapping[str, tuple[float, float]]
    """(low, high) of every tensor that a quantized linear layer reads, and writes where the scheme's kernels write
    integers. A tensor that another was cut from stands for it."""
    smoothing: Mapping[str, Array] = field(default_factory=dict)
    """float32 [channels] by a tensor that linear layers read: each divides it by these and multiplies its weight's
    columns by them (SmoothQuant, Xiao et al. 2023); ``ranges`` holds the divided tensor's. Who else reads the tensor,
    as a residual does behind a LayerNorm, reads it as it was."""
    output_factors: Mapping[str, Array] = field(default_factory=dict)
    """float32 [outputs] by a linear layer's output that is written in integers: divided by these in the weights'
    scales, and multiplied by them afterwards, it is rounded by channel; ``ranges`` holds the divided tensor's."""
    corrections: Mapping[str, Array] = field(default_factory=dict)
    """float32 [outputs] by a linear layer's output: what its bias is too low by (Nagel et al. 2019)."""
    unit_rows: tuple[str, ...] = ()
    """Tensors that linear layers read divided by each row's peak."""


def apply_scheme(graph: Graph, scheme: Scheme, calibration: Calibration | None = None) -> Graph:
    """The graph with its embedding tables and linear weights stored as the scheme says, but ``scheme.float_tensors``.

    ``int8`` is symmetric with one scale per output channel of a linear layer and per row of a table. ``int4`` has one
    for every 32 columns of a row; where the columns are no multiple of 32 it is ``int8``. Linear layers over integers
    carry ``activations=scheme.activations``, so that the interpreter quantizes their input as the runtime will; in a
    static scheme they are ``quantized_linear`` over the calibration's ranges. Biases, LayerNorm parameters and small
    weights stay float32. GraphError where a static scheme lacks a range.
    """
    if scheme.is_static and calibration is None:
        raise GraphError(f"{scheme.name} needs a calibration")
    if calibration is not None:
        graph = with_unit_rows(graph, quantized_linears(graph, scheme), calibration.unit_rows)
        graph = _corrected(_smoothed(graph, scheme, calibration), calibration)
    elif scheme.activations == "dynamic_tensor_asymmetric":
        linears = quantized_linears(graph, scheme)
        graph = with_unit_rows(graph, linears, gated_tensors(graph, linears))
    stored = [as_stored(tensor, storage) for tensor, storage in _storages(graph, scheme)]
    if not stored:
        return graph
    integers = {tensor.name for tensor in stored if tensor.quantization is not None}
    graph = with_constants(graph, stored)
    if scheme.is_static and calibration is not None:
        return _static(graph, scheme, calibration, integers)
    if not scheme.activations.startswith("dynamic"):
        return graph
    nodes = [
        replace(node, attrs={**node.attrs, "activations": scheme.activations})
        if node.op == "linear" and node.inputs[1] in integers
        else node
        for node in graph.nodes
    ]
    return replace(graph, nodes=tuple(nodes))


def quantized_linears(graph: Graph, scheme: Scheme) -> list[Node]:
    """The linear layers of a graph whose weights the scheme stores as integers."""
    integers = {tensor.name for tensor, storage in _storages(graph, scheme) if storage in ("int8", "int4")}
    return [node for node in graph.nodes if node.op == "linear" and node.inputs[1] in integers]


def _storages(graph: Graph, scheme: Scheme) -> Iterator[tuple[Tensor, Storage]]:
    """The matrices that a scheme stores otherwise, each once: linear weights and embedding tables.

    An embedding is looked up once a token, by ids [batch, length]. A table looked up by ids of another rank, once for a
    pair of tokens (a relative position bias) or for all texts and heads (a rotation's angles), goes into the attention
    scores and is small: one scale a row would save little and cost exactness. A table that is a linear layer's weight
    as well is stored as a table.
    """
    tables = {node.inputs[0] for node in graph.nodes if node.op == "gather" and len(graph[node.inputs[1]].shape) == 2}
    names = tables | {node.inputs[1] for node in graph.nodes if node.op == "linear"}
    for tensor in graph.constants:
        if tensor.name not in names or tensor.data is None or tensor.data.size < scheme.smallest:
            continue
        storage = (scheme.embeddings or scheme.weights) if tensor.name in tables else scheme.weights
        if storage != "float32" and tensor.name not in scheme.float_tensors:
            yield tensor, storage


def as_stored(tensor: Tensor, storage: Storage) -> Tensor:
    """A float32 matrix in another form; float16 that would overflow stays float32."""
    values = tensor.numpy()
    if storage == "float16":
        fits = np.abs(values).max() <= _FLOAT16_MAX
        return Tensor(tensor.name, "float16", tensor.shape, values.astype(np.float16)) if fits else tensor
    if storage == "bfloat16":
        return Tensor(tensor.name, "bfloat16", tensor.shape, numeric.to_bfloat16(values))
    if storage == "int4" and values.shape[-1] % numeric.INT4_BLOCK == 0:
        integers, scale = numeric.quantize_blocks(values)
        return Tensor(tensor.name, "int4", tensor.shape, integers, Quantization(scale, 0, numeric.INT4_BLOCK))
    integers, scale = numeric.quantize_symmetric(values, axis=0)
    return Tensor(tensor.name, "int8", tensor.shape, integers, Quantization(scale, axis=0))


def _smoothed(graph: Graph, scheme: Scheme, calibration: Calibration) -> Graph:
    """Divide what linear layers read by the calibration's factors, and multiply their weights' columns by them."""
    linears = quantized_linears(graph, scheme)
    factors = {x: calibration.smoothing[x] for node in linears if (x := node.inputs[0]) in calibration.smoothing}
    smoothed = {node.output for node in linears if node.inputs[0] in factors}
    constants: list[Tensor] = []
    nodes: list[Node] = []
    divided: set[str] = set()
    for node in graph.nodes:
        if node.output not in smoothed:
            nodes.append(node)
            continue
        x, name, *bias = node.inputs
        if x not in divided:
            divided.add(x)
            constants.append(_float32(f"{x}.smoothing", 1 / factors[x]))
            nodes.append(Node("mul", (x, f"{x}.smoothing"), (f"{x}.smooth",)))
        weight = _float32(f"{name}*{x}.smoothing", graph[name].numpy() * factors[x])
        constants.append(weight)
        nodes.append(replace(node, inputs=(f"{x}.smooth", weight.name, *bias)))
    return rebuild(graph, nodes, constants) if smoothed else graph


def _static(graph: Graph, scheme: Scheme, calibration: Calibration, integers: Container[str]) -> Graph:
    """Every linear layer over int8 weights as a ``quantized_linear`` over its input's range."""
    producers = graph.producers()
    constants: list[Tensor] = []
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.op != "linear" or node.inputs[1] not in integers:
            nodes.append(node)
            continue
        scale, zero_point = _step(node.inputs[0], producers, calibration)
        attrs: dict[str, float | int] = {"scale": scale, "zero_point": zero_point}
        integer = Node("quantized_linear", node.inputs, node.outputs, attrs)
        if scheme.outputs == "int8":
            attrs["output_scale"], attrs["output_zero_point"] = _step(node.output, producers, calibration)
            found, added = _integer_outputs(graph, integer, calibration.output_factors.get(node.output))
            nodes += found
            constants += added
        else:
            nodes.append(integer)
    return rebuild(graph, nodes, constants)


def _integer_outputs(graph: Graph, node: Node, factors: Array | None) -> tuple[list[Node], list[Tensor]]:
    """A layer that writes integers, its bias in whole steps, and with factors its outputs divided by them and
    multiplied again; with the constants of its own.
    """
    x, name, *bias = node.inputs
    weight = graph[name]
    if weight.quantization is None:
        raise GraphError(f"{name} is not quantized")
    steps = np.float32(node.attrs["scale"]) * weight.quantization.scale
    whole = [np.rint(graph[one].numpy() / steps) * steps for one in bias]
    names = [f"{node.output}.{part}" for part in ("bias", "weight", "divided", "factors")]
    if factors is None:
        layer = replace(node, inputs=(x, name, *names[: len(bias)]))
        return [layer], [_float32(names[0], values) for values in whole]
    layer = replace(node, inputs=(x, names[1], *names[: len(bias)]), outputs=(names[2],))
    divided = replace(weight.quantization, scale=(weight.quantization.scale / factors).astype(np.float32))
    constants = [replace(weight, name=names[1], quantization=divided), _float32(names[3], factors)]
    constants += [_float32(names[0], values / factors) for values in whole]
    return [layer, Node("mul", (names[2], names[3]), node.outputs)], constants


def _corrected(graph: Graph, calibration: Calibration) -> Graph:
    """The graph with its linear layers' biases corrected."""
    constants: list[Tensor] = []
    nodes: list[Node] = []
    for node in graph.nodes:
        correction = calibration.corrections.get(node.outputs[0]) if node.op == "linear" else None
        if correction is not None:
            x, weight, *bias = node.inputs
            old = graph[bias[0]].numpy() if bias else np.float32(0)
            constants.append(_float32(f"{node.output}.corrected_bias", old + correction))
            node = replace(node, inputs=(x, weight, constants[-1].name))
        nodes.append(node)
    return rebuild(graph, nodes, constants) if constants else graph


def _step(name: str, producers: Mapping[str, Node], calibration: Calibration) -> tuple[float, int]:
    """Scale and zero point of a tensor: its own range's, or that of the tensor it was cut from."""
    source = name
    while source not in calibration.ranges:
        node = producers.get(source)
        if node is None or (node.op not in _MOVES and f"{node.inputs[0]}.smooth" != source):
            raise GraphError(f"the calibration has no range of {name}")
        source = node.inputs[0]
    return numeric.scale_and_zero_point(*calibration.ranges[source])


def gated_tensors(graph: Graph, linears: Iterable[Node]) -> list[str]:
    """What those linear layers read directly behind a GELU or ReLU."""
    producers = graph.producers()
    inputs = dict.fromkeys(node.inputs[0] for node in linears)
    return [x for x in inputs if x in producers and producers[x].op in ("gelu", "relu")]


def with_unit_rows(graph: Graph, linears: Iterable[Node], tensors: Container[str]) -> Graph:
    """Divide each row of those tensors by its peak before the linear layer, and multiply after it.

    One range for the whole tensor is set by the one token with the largest activation, and behind a GELU or ReLU these
    differ most between tokens; with every row's peak at 1 the range fits them all. Exact in float32; in int8 it halves
    the error of a sentence embedding.
    """
    outputs = {node.output for node in linears if node.inputs[0] in tensors}
    nodes: list[Node] = []
    divided: set[str] = set()
    for node in graph.nodes:
        if node.output not in outputs:
            nodes.append(node)
            continue
        x, weight, *bias = node.inputs
        peak, unit, product = f"{x}.peak", f"{x}.unit", f"{node.output}.unit"
        scaled = f"{node.output}.product" if bias else node.output
        if x not in divided:
            divided.add(x)
            nodes += [
                Node("reduce_max", (x,), (f"{x}.largest",), {"axis": len(graph[x].shape) - 1, "keepdims": True}),
                Node("maximum", (f"{x}.largest", _SMALLEST_PEAK.name), (peak,)),
                Node("div", (x, peak), (unit,)),
            ]
        nodes += [
            Node("linear", (unit, weight), (product,), node.attrs),
            Node("mul", (product, peak), (scaled,)),
            *([Node("add", (scaled, bias[0]), (node.output,))] if bias else []),
        ]
    return rebuild(graph, nodes, [_SMALLEST_PEAK]) if outputs else graph


def _float32(name: str, values: Array) -> Tensor:
    """A constant."""
    return Tensor(name, "float32", values.shape, np.asarray(values, np.float32))
