"""Writes a graph as an ONNX file with ``onnx.helper``: standard operators (opset 17), but for int4 weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

import numpy as np

from edgelm.graph.ir import Graph, Node
from edgelm.types import Artifact, ConvertRequest, Scheme, TensorSpec
from edgelm_converters import _onnx_file
from edgelm_converters._onnx_emitter import IR_VERSION, OPSET, Emitter
from edgelm_converters._onnx_weights import gather, linear, quantized_linear

_FILE = "model.onnx"
_LENGTHS_NOTE = "The file takes any length up to the largest of --lengths; nothing is padded to them."
_INTEGERS_NOTE = (
    "On x86 CPUs without VNNI onnxruntime adds products of uint8 and int8 in pairs of 16 bits, which may saturate; its "
    "session option session.x64quantprecision avoids that, but fails on models whose layers share weights (ALBERT)."
)
_IDS = {"int32": "int64"}

SCHEMES = {
    "fp32": Scheme("fp32", "float32", "float32", "float32 weights and arithmetic"),
    "fp16": Scheme("fp16_weights", "float16", "float32", "float16 weights, cast once on loading; float32 arithmetic"),
    "int8": Scheme(
        "dynamic_wi8_afp32",
        "int8",
        "dynamic_tensor_asymmetric",
        "int8 weights per channel; activations quantized per tensor at run time (DynamicQuantizeLinear), so a text's "
        "answer moves a little with what it is batched with",
    ),
    "int8-static": Scheme(
        "static_wi8_ai8",
        "int8",
        "static_tensor_asymmetric",
        "int8 weights per channel; activations quantized to the calibration's ranges (QuantizeLinear), products in "
        "integers, results in float32",
    ),
    "int4": Scheme(
        "weight_only_wi4b32_afp32",
        "int4",
        "float32",
        "int4 weights and tables in blocks of 32, widened block by block in onnxruntime's own operators; float32 "
        "arithmetic",
    ),
    "bf16": Scheme("bf16_weights", "bfloat16", "float32", "bfloat16 weights, cast once on loading; float32 arithmetic"),
}


@dataclass(frozen=True)
class OnnxConverter:
    """Dynamic batch and length; ids are int64, as ONNX's tools expect them."""

    name: str = "onnx"
    requires: tuple[str, ...] = ("onnx",)
    precisions: Mapping[str, Scheme] = field(default_factory=lambda: SCHEMES)
    rewrites: tuple[str, ...] = ("slice_last_layer", "preadd_embeddings", "fold_attention_scale", "merge_qkv")
    options: Mapping[str, str] = field(default_factory=dict)

    def convert(self, graph: Graph, request: ConvertRequest) -> Artifact:
        """Write ``model.onnx``; the same graph gives the same bytes."""
        emitter = Emitter(graph, _EMIT)
        model = emitter.model()
        operators = sorted({node.op_type for node in model.graph.node})
        _onnx_file.write(request.directory / _FILE, model, emitter.initializers, emitter.types)
        inputs, outputs = graph.signature
        return Artifact(
            files=(_FILE,),
            inputs=tuple(replace(spec, dtype=_IDS.get(spec.dtype, spec.dtype)) for spec in inputs),
            outputs=outputs,
            toolchain={"onnx": version("onnx")},
            details={
                "opset": OPSET,
                "ir_version": IR_VERSION,
                "operators": operators,
                "notes": [
                    *([_LENGTHS_NOTE] if request.lengths else []),
                    *([_INTEGERS_NOTE] if _multiplies_integers(request.scheme) else []),
                ],
            },
        )

    def adopt(
        self, model: bytes, signature: tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]], request: ConvertRequest
    ) -> Artifact:
        """Write the model as it is."""
        import onnx

        found = onnx.load_model_from_string(model)
        (request.directory / _FILE).write_bytes(model)
        inputs, outputs = signature
        return Artifact(
            files=(_FILE,),
            inputs=tuple(replace(spec, dtype=_IDS.get(spec.dtype, spec.dtype)) for spec in inputs),
            outputs=outputs,
            toolchain={"onnx": version("onnx")},
            details={
                "opset": max(entry.version for entry in found.opset_import if not entry.domain),
                "ir_version": found.ir_version,
                "operators": sorted({node.op_type for node in found.graph.node}),
                "notes": [_LENGTHS_NOTE] if request.lengths else [],
            },
        )


def _multiplies_integers(scheme: Scheme) -> bool:
    return scheme.activations.startswith(("dynamic", "static"))


def _plain(op: str, **attrs: Any) -> Callable[[Emitter, Node], None]:
    """An operator that ONNX has under another name."""

    def emit(e: Emitter, node: Node) -> None:
        e.add(op, [e.read(name) for name in node.inputs], node.output, **attrs)

    return emit


def _position_ids(e: Emitter, node: Node) -> None:
    (ids,), out, padding = node.inputs, node.output, node.attrs["padding_idx"]
    if padding is None:
        shape = e.add("Shape", [ids], f"{out}.shape")
        scalar = e.add("Squeeze", [e.add("Slice", [shape, e.ints(1), e.ints(2)], f"{out}.size"), e.ints(0)], f"{out}.n")
        zero, one = (e.constant(f"int.{i}", np.asarray(i, np.int64)) for i in (0, 1))
        e.add("Unsqueeze", [e.add("Range", [zero, scalar, one], f"{out}.range"), e.ints(0)], out)
        return
    pad = e.constant(f"int.{padding}", np.asarray(padding, np.int64))
    real = e.add("Not", [e.add("Equal", [ids, pad], f"{out}.is_padding")], f"{out}.is_real")
    ones = e.add("Cast", [real], f"{out}.ones", to=e.types["int64"])
    counted = e.add("CumSum", [ones, e.constant("int.1", np.asarray(1, np.int64))], f"{out}.counted")
    e.add("Add", [e.add("Mul", [counted, ones], f"{out}.masked"), pad], out)


def _gelu(e: Emitter, node: Node) -> None:
    """Spelled as onnxruntime's fusions expect it; the Gelu operator came with opset 20."""
    (x,), out = node.inputs, node.output
    if node.attrs["approximate"] == "tanh":
        cube = e.add("Mul", [e.add("Mul", [x, x], f"{out}.square"), x], f"{out}.cube")
        inner = e.add("Add", [x, e.add("Mul", [cube, e.float(0.044715)], f"{out}.cubic")], f"{out}.sum")
        bent = e.add("Tanh", [e.add("Mul", [inner, e.float(math.sqrt(2 / math.pi))], f"{out}.inner")], f"{out}.tanh")
        half = e.add("Mul", [x, e.float(0.5)], f"{out}.half")
        e.add("Mul", [half, e.add("Add", [bent, e.float(1.0)], f"{out}.gate")], out)
        return
    bent = e.add("Erf", [e.add("Div", [x, e.float(math.sqrt(2))], f"{out}.inner")], f"{out}.erf")
    gate = e.add("Add", [bent, e.float(1.0)], f"{out}.gate")
    e.add("Mul", [e.add("Mul", [x, gate], f"{out}.gated"), e.float(0.5)], out)


def _l2_normalize(e: Emitter, node: Node) -> None:
    (x,), out = node.inputs, node.output
    norm = e.add("ReduceL2", [x], f"{out}.norm", axes=[-1], keepdims=1)
    e.add("Div", [x, e.add("Max", [norm, e.float(node.attrs["epsilon"])], f"{out}.floor")], out)


def _matmul(e: Emitter, node: Node) -> None:
    left, right = (e.read(name) for name in node.inputs)
    if node.attrs["transpose_b"]:
        rank = len(e.graph[node.inputs[1]].shape)
        perm = [*range(rank - 2), rank - 1, rank - 2]
        right = e.add("Transpose", [right], f"{node.output}.right", perm=perm)
    e.add("MatMul", [left, right], node.output)


def _split(e: Emitter, node: Node) -> None:
    inputs = [node.inputs[0], e.ints(*node.attrs["sizes"])]
    e.nodes.append(
        e.helper.make_node("Split", inputs, list(node.outputs), name=f"{node.output}/Split", axis=node.attrs["axis"])
    )


def _reshape(e: Emitter, node: Node) -> None:
    e.add("Reshape", [e.read(node.inputs[0]), e.ints(*node.attrs["shape"])], node.output)


def _gather_columns(e: Emitter, node: Node) -> None:
    """GatherElements, whose indices are spread to the shape of x but for the last axis: once for all such nodes."""
    x, indices = node.inputs
    others = e.graph[x].shape[:-2]
    spread = f"{indices}.{'x'.join(map(str, others))}"
    if spread not in e.derived:
        front = e.once("Slice", [e.once("Shape", [x], f"{x}.shape"), e.ints(0), e.ints(-2)], f"{spread}.front")
        back = e.once("Shape", [e.read(indices)], f"{indices}.shape")
        e.once("Expand", [e.read(indices), e.add("Concat", [front, back], f"{spread}.shape", axis=0)], spread)
    e.add("GatherElements", [x, spread], node.output, axis=-1)


def _slice(e: Emitter, node: Node) -> None:
    bounds = [e.ints(node.attrs[key]) for key in ("start", "stop", "axis")]
    e.add("Slice", [node.inputs[0], *bounds], node.output)


def _axes(e: Emitter, node: Node, op: str, **attrs: Any) -> None:
    e.add(op, [e.read(node.inputs[0]), e.ints(node.attrs["axis"])], node.output, **attrs)


_EMIT: Mapping[str, Callable[[Emitter, Node], None]] = {
    "add": _plain("Add"),
    "sub": _plain("Sub"),
    "mul": _plain("Mul"),
    "div": _plain("Div"),
    "maximum": _plain("Max"),
    "sqrt": _plain("Sqrt"),
    "tanh": _plain("Tanh"),
    "sigmoid": _plain("Sigmoid"),
    "relu": _plain("Relu"),
    "gelu": _gelu,
    "cast": lambda e, n: _plain("Cast", to=e.types[n.attrs["dtype"]])(e, n),
    "linear": linear,
    "quantized_linear": quantized_linear,
    "matmul": _matmul,
    "softmax": _plain("Softmax", axis=-1),
    "layer_norm": lambda e, n: _plain("LayerNormalization", axis=-1, epsilon=n.attrs["epsilon"])(e, n),
    "l2_normalize": _l2_normalize,
    "reduce_sum": lambda e, n: _axes(e, n, "ReduceSum", keepdims=int(n.attrs["keepdims"])),
    "reduce_max": lambda e, n: _plain("ReduceMax", axes=[n.attrs["axis"]], keepdims=int(n.attrs["keepdims"]))(e, n),
    "gather": gather,
    "gather_columns": _gather_columns,
    "position_ids": _position_ids,
    "reshape": _reshape,
    "transpose": lambda e, n: _plain("Transpose", perm=list(n.attrs["perm"]))(e, n),
    "squeeze": lambda e, n: _axes(e, n, "Squeeze"),
    "unsqueeze": lambda e, n: _axes(e, n, "Unsqueeze"),
    "slice": _slice,
    "split": _split,
    "concat": lambda e, n: _plain("Concat", axis=n.attrs["axis"])(e, n),
}


ONNX = OnnxConverter()
