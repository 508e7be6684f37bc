"""A plug-in of edgelm: writes a graph as JSON with its weights as .npz, and runs that with NumPy alone."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from edgelm.errors import UnsupportedError
from edgelm.graph.ir import Graph
from edgelm.types import Array, Artifact, Converter, ConvertRequest, Runner, Scheme, Target, Tensors
from edgelm_targets.base import BaseTarget

_GRAPH, _WEIGHTS = "graph.json", "weights.npz"
PRECISIONS = {"fp32": Scheme("fp32", "float32", "float32", "float32 weights and arithmetic")}


@dataclass(frozen=True)
class NpzConverter:
    """Writes ``graph.json``, the nodes in the order they run, and ``weights.npz``, the constants they read."""

    name: str = "npz"
    requires: tuple[str, ...] = ()
    precisions: Mapping[str, Scheme] = field(default_factory=lambda: PRECISIONS)
    rewrites: tuple[str, ...] = ("slice_last_layer", "preadd_embeddings", "fold_attention_scale")
    options: Mapping[str, str] = field(default_factory=dict)

    def convert(self, graph: Graph, request: ConvertRequest) -> Artifact:
        """Any batch and any length; UnsupportedError names an operator that ``OPERATORS`` lacks."""
        for node in graph.nodes:
            if node.op not in OPERATORS:
                raise UnsupportedError(f"npz has no operator {node.op}.", hint="Export it with --target onnx.")
        nodes = [
            {"op": node.op, "inputs": node.inputs, "outputs": node.outputs, "attrs": dict(node.attrs)}
            for node in graph.nodes
        ]
        (request.directory / _GRAPH).write_text(json.dumps(nodes, indent=1) + "\n", "utf-8")
        constants = {tensor.name: tensor.numpy() for tensor in graph.constants}
        np.savez(request.directory / _WEIGHTS, **constants)
        inputs, outputs = graph.signature
        return Artifact((_GRAPH, _WEIGHTS), inputs, outputs, toolchain={"edgelm-npz": version("edgelm-npz")})


@dataclass(frozen=True)
class NpzTarget(BaseTarget):
    """NumPy, wherever Python runs."""

    def load(self, bundle: Path, manifest: Mapping[str, Any], threads: int) -> Runner:  # noqa: ARG002  BLAS has its own
        """The nodes, one after the other."""
        nodes = json.loads((bundle / _GRAPH).read_text("utf-8"))
        with np.load(bundle / _WEIGHTS) as stored:
            weights = dict(stored)
        outputs = [spec["name"] for spec in manifest["artifact"]["outputs"]]

        def run(inputs: Tensors) -> dict[str, Array]:
            values = {**weights, **inputs}
            for node in nodes:
                (output,) = node["outputs"]
                values[output] = OPERATORS[node["op"]]([values[name] for name in node["inputs"]], node["attrs"])
            return {name: values[name] for name in outputs}

        return run


def _gelu(x: Sequence[Array], attrs: Mapping[str, Any]) -> Array:
    if attrs["approximate"] == "tanh":
        curve = np.tanh(math.sqrt(2 / math.pi) * (x[0] + 0.044715 * x[0] ** 3))
    else:
        curve = np.vectorize(math.erf, otypes=[np.float32])(x[0] / math.sqrt(2))
    return np.asarray(0.5 * x[0] * (1 + curve), np.float32)


def _softmax(x: Sequence[Array], _: Mapping[str, Any]) -> Array:
    exponentials = np.exp(x[0] - x[0].max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def _layer_norm(x: Sequence[Array], attrs: Mapping[str, Any]) -> Array:
    centred = x[0] - x[0].mean(axis=-1, keepdims=True)
    spread = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + np.float32(attrs["epsilon"]))
    return np.asarray(centred / spread * x[1] + x[2])


def _l2_normalize(x: Sequence[Array], attrs: Mapping[str, Any]) -> Array:
    return np.asarray(x[0] / np.maximum(np.linalg.norm(x[0], axis=-1, keepdims=True), np.float32(attrs["epsilon"])))


def _position_ids(x: Sequence[Array], attrs: Mapping[str, Any]) -> Array:
    padding = attrs["padding_idx"]
    if padding is None:
        return np.arange(x[0].shape[1], dtype=np.int32)[None]
    real = (x[0] != padding).astype(np.int32)
    return np.cumsum(real, axis=1, dtype=np.int32) * real + np.int32(padding)


def _reshape(x: Sequence[Array], attrs: Mapping[str, Any]) -> Array:
    return x[0].reshape([size or x[0].shape[i] for i, size in enumerate(attrs["shape"])])


OPERATORS: Mapping[str, Callable[[Sequence[Array], Mapping[str, Any]], Array]] = {
    "add": lambda x, _: np.add(*x),
    "sub": lambda x, _: np.subtract(*x),
    "mul": lambda x, _: np.multiply(*x),
    "div": lambda x, _: np.divide(*x),
    "maximum": lambda x, _: np.maximum(*x),
    "tanh": lambda x, _: np.tanh(x[0]),
    "gelu": _gelu,
    "cast": lambda x, a: x[0].astype(a["dtype"]),
    "linear": lambda x, _: x[0] @ x[1].T + (x[2] if len(x) == 3 else np.float32(0)),
    "matmul": lambda x, a: x[0] @ (np.swapaxes(x[1], -1, -2) if a["transpose_b"] else x[1]),
    "softmax": _softmax,
    "layer_norm": _layer_norm,
    "l2_normalize": _l2_normalize,
    "reduce_sum": lambda x, a: x[0].sum(axis=a["axis"], keepdims=a["keepdims"]),
    "gather": lambda x, _: x[0][x[1]],
    "position_ids": _position_ids,
    "reshape": _reshape,
    "transpose": lambda x, a: x[0].transpose(a["perm"]),
    "squeeze": lambda x, a: np.squeeze(x[0], a["axis"]),
    "unsqueeze": lambda x, a: np.expand_dims(x[0], a["axis"]),
    "slice": lambda x, a: x[0].take(range(a["start"], a["stop"]), a["axis"]),
}
"""What BERT and its heads need; the attributes are those of ``edgelm.graph.ops``."""

CONVERTERS: tuple[Converter, ...] = (NpzConverter(),)
TARGETS: tuple[Target, ...] = (
    NpzTarget(name="npz", description="JSON and .npz for NumPy", converter="npz", extra="", requires=()),
)
