"""Writes a graph as OpenVINO IR (``openvino_model.xml`` and ``.bin``) with the operators of ``openvino.opset8``."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

from edgelm.graph.ir import Graph, Node
from edgelm.toolchain import import_openvino
from edgelm.types import Artifact, ConvertRequest, Scheme, TensorSpec
from edgelm_converters._openvino_emitter import Emit, Emitter
from edgelm_converters._openvino_weights import gather, linear, quantized_linear

OPSET = 8
"""The first with Slice and with a Softmax that counts its axis from the end; OpenVINO 2022.1 and later read it."""
_FILES = ("openvino_model.xml", "openvino_model.bin")
_IDS = {"int32": "int64"}
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
    "int8-static": Scheme(
        "static_wi8_ai8",
        "int8",
        "static_tensor_asymmetric",
        "int8 weights per channel; activations quantized to the calibration's ranges (FakeQuantize), products in "
        "integers, results in float32",
    ),
    "int4": Scheme(
        "weight_only_wi4b32_afp32",
        "int4",
        "float32",
        "int4 weights and tables in blocks of 32, float activations; a runtime may quantize the activations too",
    ),
    "bf16": Scheme("bf16_weights", "bfloat16", "float32", "bfloat16 weights, widened on loading; float32 arithmetic"),
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
        emitter = Emitter(graph, openvino, _EMIT)  # keeps the constants' memory alive until they are written
        return _written(openvino, emitter.model(), graph.signature, request)

    def adopt(
        self, model: bytes, signature: tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]], request: ConvertRequest
    ) -> Artifact:
        """Write the IR that OpenVINO's own reader makes of the model."""
        openvino = import_openvino()
        read = openvino.Core().read_model(model)
        for i, node in enumerate(read.get_ordered_ops()):
            if node.get_type_name() != "Parameter":
                node.set_friendly_name(f"node.{i}")  # the reader's own names have a process-wide count
        return _written(openvino, read, signature, request)


def _written(
    openvino: Any, model: Any, signature: tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]], request: ConvertRequest
) -> Artifact:
    try:
        openvino.serialize(model, *(request.directory / name for name in _FILES))
    except RuntimeError as error:
        if "iostream" not in str(error):
            raise
        raise OSError(errno.EIO, "OpenVINO could not write its files; the disk may be full") from error
    inputs, outputs = signature
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


def _plain(op: str, *args: Any) -> Emit:
    """An operator that OpenVINO has under another name; ``args`` follow its inputs."""
    return lambda e, node: [e.add(op, [e.read(name) for name in node.inputs], node.output, *args)]


def _over_axis(op: str, *keys: str) -> Emit:
    """An operator whose ``axis`` is an operand in OpenVINO; the attributes ``keys`` follow."""
    return lambda e, node: [
        e.add(op, [e.read(node.inputs[0]), e.ints(node.attrs["axis"])], node.output, *(node.attrs[key] for key in keys))
    ]


def _layer_norm(e: Emitter, node: Node) -> Sequence[Any]:
    x, weight, bias = (e.read(name) for name in node.inputs)
    out = node.output
    normal = e.add("mvn", [x, e.ints(-1)], f"{out}/normal", True, node.attrs["epsilon"], "inside_sqrt")
    return [e.add("add", [e.add("multiply", [normal, weight], f"{out}/scaled"), bias], out)]


def _l2_normalize(e: Emitter, node: Node) -> Sequence[Any]:
    """Spelled out: ``opset8.normalize_l2`` drops its ``eps_mode`` and always adds the epsilon (OpenVINO 2026.4)."""
    x, out = e.read(node.inputs[0]), node.output
    norm = e.add("reduce_l2", [x, e.ints(-1)], f"{out}/norm", True)
    return [e.add("divide", [x, e.add("maximum", [norm, e.float(node.attrs["epsilon"])], f"{out}/floor")], out)]


def _position_ids(e: Emitter, node: Node) -> Sequence[Any]:
    ids, out, padding = e.read(node.inputs[0]), node.output, node.attrs["padding_idx"]
    if padding is None:
        length = e.add("gather", [e.add("shape_of", [ids], f"{out}/shape"), e.int(1), e.int(0)], f"{out}/length")
        row = e.add("range", [e.int(0), length, e.int(1)], f"{out}/range", "i64")
        return [e.add("unsqueeze", [row, e.int(0)], out)]
    real = e.add("not_equal", [ids, e.int(padding)], f"{out}/is_real")
    ones = e.add("convert", [real], f"{out}/ones", e.types["int64"])
    counted = e.add("cum_sum", [ones, e.int(1)], f"{out}/counted")
    return [e.add("add", [e.add("multiply", [counted, ones], f"{out}/masked"), e.int(padding)], out)]


def _gather_columns(e: Emitter, node: Node) -> Sequence[Any]:
    """GatherElements, whose indices are spread to the shape of x but for the last axis: once for all such nodes."""
    x, indices = (e.read(name) for name in node.inputs)
    others = e.graph[node.inputs[0]].shape[:-2]
    spread = f"{node.inputs[1]}/{'x'.join(map(str, others))}"
    if spread not in e.ports:
        shape = e.add("shape_of", [x], f"{spread}/of")
        front = e.add("slice", [shape, e.ints(0), e.ints(-2), e.ints(1)], f"{spread}/front")
        shape = e.add("concat", [[front, e.add("shape_of", [indices], f"{spread}/back")]], f"{spread}/shape", 0)
        e.ports[spread] = e.add("broadcast", [indices, shape], spread)
    return [e.add("gather_elements", [x, e.ports[spread]], node.output, -1)]


def _slice(e: Emitter, node: Node) -> Sequence[Any]:
    start, stop, axis = (e.ints(node.attrs[key]) for key in ("start", "stop", "axis"))
    return [e.add("slice", [e.read(node.inputs[0]), start, stop, e.ints(1), axis], node.output)]


def _split(e: Emitter, node: Node) -> Sequence[Any]:
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
    "linear": linear,
    "quantized_linear": quantized_linear,
    "matmul": lambda e, n: _plain("matmul", False, n.attrs["transpose_b"])(e, n),
    "softmax": _plain("softmax", -1),
    "layer_norm": _layer_norm,
    "l2_normalize": _l2_normalize,
    "reduce_sum": _over_axis("reduce_sum", "keepdims"),
    "reduce_max": _over_axis("reduce_max", "keepdims"),
    "gather": gather,
    "gather_columns": _gather_columns,
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
