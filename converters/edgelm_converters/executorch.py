"""Writes a graph as an ExecuTorch program for XNNPACK: torch and ExecuTorch do it, in an environment of their own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from edgelm import setups
from edgelm.errors import UnsupportedError
from edgelm.graph.ir import BATCH, Graph
from edgelm.remote import Call, RemoteRunner
from edgelm.types import Array, Artifact, ConvertRequest, Scheme, TensorSpec

_FILE = "model.pte"
_WRITER = Path(__file__).with_name("_executorch_program.py")
_MOST_SECONDS = 3600.0
"""For one step of the writer; the export's own time limit comes first."""
_LENGTHS_NOTE = "The file takes any length up to the largest of --lengths; nothing is padded to them."
_PROCESS_NOTE = (
    "ExecuTorch ran in a process of its own through its Python bindings: its load time and memory are those of Python "
    "and torch, not of an app."
)

SCHEMES = {
    "fp32": Scheme("fp32", "float32", "float32", "float32 weights and arithmetic"),
    "int8": Scheme(
        "dynamic_wi8_afp32",
        "int8",
        "dynamic_token_asymmetric",
        "int8 weights, a scale per channel; linear layers quantize each token as it comes; attention stays float32",
    ),
}


@dataclass(frozen=True)
class ExecuTorchConverter:
    """A batch of one and any length; XNNPACK computes what it can, ExecuTorch's own kernels the rest."""

    name: str = "executorch"
    requires: tuple[str, ...] = ()
    precisions: Mapping[str, Scheme] = field(default_factory=lambda: SCHEMES)
    rewrites: tuple[str, ...] = ("slice_last_layer", "preadd_embeddings", "fold_attention_scale")
    options: Mapping[str, str] = field(default_factory=dict)

    def convert(self, graph: Graph, request: ConvertRequest) -> Artifact:
        """Write ``model.pte``; the same graph gives the same bytes.

        ToolchainError with the command where the environment is not there; UnsupportedError when torch or ExecuTorch
        does not take the graph.
        """
        environment = setups.require(self.name, "An ExecuTorch program")
        arguments = {"graph": _as_json(graph), "max_length": request.max_length}
        writer = RemoteRunner(
            environment.told("executorch", "torch"),
            [str(environment.python), "-I", "-B"],  # isolated: no folder of edgelm is searched for modules
            os.environ,
            Call(str(_WRITER), "open_writer", arguments, ("numpy", "executorch.exir")),
            hint=f"Remove {environment.python.parents[1]} and run: edgelm doctor --install {self.name}",
            refusal=UnsupportedError,
            most_seconds=_MOST_SECONDS,
        )
        writer.open()
        written = writer(dict(_stored(graph)))
        written["program"].tofile(request.directory / _FILE)
        notes = [_PROCESS_NOTE, *([_LENGTHS_NOTE] if request.lengths else [])]
        return Artifact(
            files=(_FILE,),
            inputs=tuple(_batch_of_one(graph[name].spec) for name in graph.inputs),
            outputs=tuple(_batch_of_one(graph[name].spec) for name in graph.outputs),
            toolchain={name: environment.packages[name] for name in ("executorch", "torch")},
            details={**json.loads(written["facts"].tobytes()), "notes": notes},
        )


def _stored(graph: Graph) -> Iterator[tuple[str, Array]]:
    """Every constant as it is stored, and beside what is quantized its scales."""
    for tensor in graph.constants:
        if tensor.data is None or tensor.quantization is None:
            yield tensor.name, tensor.numpy()
            continue
        yield tensor.name, tensor.data
        yield f"{tensor.name}/scale", tensor.quantization.scale


def _as_json(graph: Graph) -> dict[str, Any]:
    """What the writer needs of a graph beside its constants."""
    inputs, outputs = graph.signature
    return {
        "nodes": [asdict(node) for node in graph.nodes],
        "inputs": [asdict(spec) for spec in inputs],
        "outputs": [asdict(spec) for spec in outputs],
    }


def _batch_of_one(spec: TensorSpec) -> TensorSpec:
    return replace(spec, shape=tuple(1 if size == BATCH else size for size in spec.shape))


EXECUTORCH = ExecuTorchConverter()
