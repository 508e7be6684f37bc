"""Writes a graph as OpenVINO IR (``openvino_model.xml`` and ``.bin``) with the operators of ``openvino.opset8``."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

import numpy as np

from edgelm.graph.ir import Graph, GraphError, Node, Tensor
from edgelm.toolchain import import_openvino
from edgelm.types import Array, Artifact, ConvertRequest, Scheme

OPSET = 8
"""The first with Slice and with a Softmax that counts its axis from the end; OpenVINO 2022.1 and later read it."""
_FILES = ("openvino_model.xml", "openvino_model.bin")
_IDS = {"int32": "int64"}
_MARK = "decompression_0"
"""The runtime attribute of a Convert that widens a compressed constant."""
_NOTE = (
    "Left to itself, OpenVINO computes in bf16 on CPUs that have it and quantizes the activations of int8 layers in "
    "groups of 32. Target openvino switches both off, so that parity is exact; cpu-server allows both, in groups of 64."
)
_LENGTHS_NOTE = "The fixed lengths asked for are not built in: this file takes any length."

SCHEMES = {
    "fp32": Scheme("fp32", "float32", "float32", "float32 weights and arithmetic"),
    "fp16": Scheme("fp16_weights", "float16", "float32", "float16 weights, widened on loading; float32 arithmetic"),
    "int8": Scheme(
        "weight_only_wi8_afp32",
        "int8",
        "float32",
        "int8 weights per channel, float activations; a runtime may quantize the activations too, in groups",
    ),
}


@dataclass(frozen=True)
class OpenVINOConverter:
    """Dynamic batch and length; ids are int64 and ports carry the graph's names, as in the IRs of Hugging Face Optimum.

    Fixed lengths are ignored: the one file takes any length, and ``openvino.Model.reshape`` fixes one where a device
    (an NPU) needs it.
    """

    name: str = "openvino"
    requires: tuple[str, ...] = ("openvino",)
    precisions: Mapping[str, Scheme] = field(default_factory=lambda: SCHEMES)
    rewrites: tuple[str, ...] = ("slice_last_layer", "preadd_embeddings", "fold_attention_scale", "merge_qkv")
    options: Mapping[str, str] = field(default_factory=dict)

    def convert(self, graph: Graph, request: ConvertRequest) -> Artifact:
        """Write the IR; the same graph gives the same bytes."""
        openvino = import_openvino()
        emitter = _Emitter(graph, openvino)  # keeps the constants' memory alive until they are written
        model = emitter.model()
        try:
            openvino.serialize(model, *(request.directory / name for name in _FILES))
        except RuntimeError as error:
            if "iostream" not in str(error):
                raise
            raise OSError(errno.EIO, "OpenVINO could not write its files; the disk may be full") from error
        inputs, outputs = graph.signature
        return Artifact(
            files=_FILES,
            inputs=tuple(replace(spec, dtype=_IDS.get(spec.dtype, spec.dtype)) for spec in inputs),
            outputs=outputs,
            toolchain={"openvino": version("openvino")},
            details={
                "opset": OPSET,
                "operators": sorted({node.get_type_name() for node in model.get_ops()}),
                "notes": [_NOTE, _LENGTHS_NOTE] if request.lengths else [_NOTE],
            },
        )


class _Emitter:
    """Turns each node into OpenVINO nodes; ``ports`` holds the output port of every tensor and constant so far."""

    def __init__(self, graph: Graph, openvino: Any) -> None:
        self.graph = graph
        self.openvino = openvino
        self.opset = openvino.opset8
        names = {"float32": "f32", "float16": "f16", "int8": "i8", "int32": "i64", "int64": "i64"}
        self.types = {dtype: getattr(openvino.Type, name) for dtype, name in names.items()}
        self.ports: dict[str, Any] = {}
        self.names: set[str] = set()
        self.arrays: list[Array] = []
        self._marked: Any = None

    def model(self) -> Any:
        """The openvino.Model; its constants are views of the graph's, read when the model is written."""
        parameters = [self._parameter(self.graph[name]) for name in self.graph.inputs]
        for node in self.graph.nodes:
            if node.op not in _EMIT:
                raise GraphError(f"the openvino converter does not know operator {node.op}")
            self.ports.update(zip(node.outputs, _EMIT[node.op](self, node), strict=True))
        results = [self._result(name) for name in self.graph.outputs]
        return self.openvino.Model(results, parameters, "edgelm")

    def add(self, op: str, inputs: Sequence[Any], name: str, *args: Any) -> Any:
        """The output port of one new node, whose operator is a function of the opset; ``args`` follow its inputs."""
        return self.named(getattr(self.opset, op)(*inputs, *args), name).output(0)

    def named(self, node: Any, name: str) -> Any:
        """The node under a unique name of ours: OpenVINO's count on through a process, so that no two files agree."""
        if name in self.names:
            raise GraphError(f"two OpenVINO nodes are called {name}")
        self.names.add(name)
        node.set_friendly_name(name)
        return node

    def constant(self, name: str, values: Array) -> Any:
        """A constant's port, one per name; int32 becomes int64, the type of every index here."""
        if name not in self.ports:
            values = np.asarray(values, np.int64 if values.dtype == np.int32 else values.dtype, order="C")
            self.arrays.append(values)
            shared = self.openvino.Tensor(values, list(values.shape), self.types[str(values.dtype)])
            self.ports[name] = self.named(self.openvino.op.Constant(shared, shared_memory=True), name).output(0)
        return self.ports[name]

    def ints(self, *values: int) -> Any:
        """A 1-D int64 constant, named by its values."""
        return self.constant(f"ints.{'_'.join(map(str, values))}", np.asarray(values, np.int64))

    def int(self, value: int) -> Any:
        """A scalar int64 constant, named by its value."""
        return self.constant(f"int.{value}", np.asarray(value, np.int64))

    def float(self, value: float) -> Any:
        """A scalar float32 constant, named by its value."""
        return self.constant(f"float.{value!r}", np.asarray(value, np.float32))

    def read(self, name: str) -> Any:
        """The port of a tensor in float32 (or int64): a constant is stored as its dtype says and widened."""
        tensor = self.graph[name]
        if tensor.data is None:
            return self.ports[name]
        stored = self.constant(name, tensor.data)
        real = f"{name}/real"
        if tensor.dtype in ("float16", "int8") and real not in self.ports:
            self.ports[real] = self._dequantized(tensor, stored) if tensor.quantization else self._widened(name, stored)
        return self.ports.get(real, stored)

    def _dequantized(self, tensor: Tensor, stored: Any) -> Any:
        """Convert, then Multiply by the scales: the pattern that plugins recognise and keep compressed."""
        assert tensor.quantization is not None
        column = (-1, *[1] * (len(tensor.shape) - 1))
        scales = self.constant(f"{tensor.name}/scales", tensor.quantization.scale.reshape(column))
        wide = self.add("convert", [stored], f"{tensor.name}/convert", self.types["float32"])
        return self.add("multiply", [wide, scales], f"{tensor.name}/real")

    def _widened(self, name: str, stored: Any) -> Any:
        """A Convert with the mark that OpenVINO's own float16 compression leaves, so that it is not folded away."""
        port = self.add("convert", [stored], f"{name}/real", self.types["float32"])
        self._marked = self._marked or _marked_convert(self.openvino)
        port.get_node().set_rt_info(self._marked.get_rt_info()[_MARK], _MARK)
        return port

    def _parameter(self, tensor: Tensor) -> Any:
        node = self.named(self.opset.parameter([-1] * len(tensor.shape), self.types[tensor.dtype]), tensor.name)
        self.ports[tensor.name] = node.output(0)
        node.output(0).set_names({tensor.name})
        return node

    def _result(self, name: str) -> Any:
        self.ports[name].set_names({name})
        return self.named(self.opset.result(self.ports[name]), f"{name}/result")


def _marked_convert(openvino: Any) -> Any:
    """A node that carries the mark: it has no Python class, so OpenVINO's compression is run over a single constant."""
    from openvino._offline_transformations import compress_model_transformation

    opset = openvino.opset8
    model = openvino.Model([opset.relu(opset.constant(np.ones(1, np.float32)))], [], "marked")
    compress_model_transformation(model)
    return next(node for node in model.get_ops() if _MARK in node.get_rt_info())


Emit = Callable[[_Emitter, Node], Sequence[Any]]


def _plain(op: str, *args: Any) -> Emit:
    """An operator that OpenVINO has under another name; ``args`` follow its inputs."""
    return lambda e, node: [e.add(op, [e.read(name) for name in node.inputs], node.output, *args)]


def _over_axis(op: str, *keys: str) -> Emit:
    """An operator whose ``axis`` is an operand in OpenVINO; the attributes ``keys`` follow."""
    return lambda e, node: [
        e.add(op, [e.read(node.inputs[0]), e.ints(node.attrs["axis"])], node.output, *(node.attrs[key] for key in keys))
    ]


def _linear(e: _Emitter, node: Node) -> Sequence[Any]:
    x, weight, *bias = (e.read(name) for name in node.inputs)
    if not bias:
        return [e.add("matmul", [x, weight], node.output, False, True)]
    product = e.add("matmul", [x, weight], f"{node.output}/product", False, True)
    return [e.add("add", [product, *bias], node.output)]


def _layer_norm(e: _Emitter, node: Node) -> Sequence[Any]:
    x, weight, bias = (e.read(name) for name in node.inputs)
    out = node.output
    normal = e.add("mvn", [x, e.ints(-1)], f"{out}/normal", True, node.attrs["epsilon"], "inside_sqrt")
    return [e.add("add", [e.add("multiply", [normal, weight], f"{out}/scaled"), bias], out)]


def _l2_normalize(e: _Emitter, node: Node) -> Sequence[Any]:
    """Spelled out: ``opset8.normalize_l2`` drops its ``eps_mode`` and always adds the epsilon (OpenVINO 2026.4)."""
    x, out = e.read(node.inputs[0]), node.output
    norm = e.add("reduce_l2", [x, e.ints(-1)], f"{out}/norm", True)
    return [e.add("divide", [x, e.add("maximum", [norm, e.float(node.attrs["epsilon"])], f"{out}/floor")], out)]


def _gather(e: _Emitter, node: Node) -> Sequence[Any]:
    table, indices = (e.read(name) for name in node.inputs)
    return [e.add("gather", [table, indices, e.int(0)], node.output)]


def _position_ids(e: _Emitter, node: Node) -> Sequence[Any]:
    ids, out, padding = e.read(node.inputs[0]), node.output, node.attrs["padding_idx"]
    if padding is None:
        length = e.add("gather", [e.add("shape_of", [ids], f"{out}/shape"), e.int(1), e.int(0)], f"{out}/length")
        row = e.add("range", [e.int(0), length, e.int(1)], f"{out}/range", "i64")
        return [e.add("unsqueeze", [row, e.int(0)], out)]
    real = e.add("not_equal", [ids, e.int(padding)], f"{out}/is_real")
    ones = e.add("convert", [real], f"{out}/ones", e.types["int64"])
    counted = e.add("cum_sum", [ones, e.int(1)], f"{out}/counted")
    return [e.add("add", [e.add("multiply", [counted, ones], f"{out}/masked"), e.int(padding)], out)]


def _slice(e: _Emitter, node: Node) -> Sequence[Any]:
    start, stop, axis = (e.ints(node.attrs[key]) for key in ("start", "stop", "axis"))
    return [e.add("slice", [e.read(node.inputs[0]), start, stop, e.ints(1), axis], node.output)]


def _split(e: _Emitter, node: Node) -> Sequence[Any]:
    split = e.opset.variadic_split(e.read(node.inputs[0]), e.int(node.attrs["axis"]), e.ints(*node.attrs["sizes"]))
    ports = e.named(split, f"{node.outputs[0]}/split").outputs()
    for port, name in zip(ports, node.outputs, strict=True):
        port.set_names({name})
    return ports  # type: ignore[no-any-return]


_EMIT: Mapping[str, Emit] = {
    "add": _plain("add"),
    "sub": _plain("subtract"),
    "mul": _plain("multiply"),
    "div": _plain("divide"),
    "maximum": _plain("maximum"),
    "sqrt": _plain("sqrt"),
    "tanh": _plain("tanh"),
    "sigmoid": _plain("sigmoid"),
    "relu": _plain("relu"),
    "gelu": lambda e, n: _plain("gelu", {"none": "erf", "tanh": "tanh"}[n.attrs["approximate"]])(e, n),
    "cast": lambda e, n: _plain("convert", e.types[n.attrs["dtype"]])(e, n),
    "linear": _linear,
    "matmul": lambda e, n: _plain("matmul", False, n.attrs["transpose_b"])(e, n),
    "softmax": _plain("softmax", -1),
    "layer_norm": _layer_norm,
    "l2_normalize": _l2_normalize,
    "reduce_sum": _over_axis("reduce_sum", "keepdims"),
    "reduce_max": _over_axis("reduce_max", "keepdims"),
    "gather": _gather,
    "position_ids": _position_ids,
    "reshape": lambda e, n: [e.add("reshape", [e.read(n.inputs[0]), e.ints(*n.attrs["shape"])], n.output, True)],
    "transpose": lambda e, n: [e.add("transpose", [e.read(n.inputs[0]), e.ints(*n.attrs["perm"])], n.output)],
    "squeeze": _over_axis("squeeze"),
    "unsqueeze": _over_axis("unsqueeze"),
    "slice": _slice,
    "split": _split,
    "concat": lambda e, n: [e.add("concat", [[e.read(name) for name in n.inputs]], n.output, n.attrs["axis"])],
}

OPENVINO = OpenVINOConverter()
