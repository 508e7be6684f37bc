"""TFLite for LiteRT and its older runtimes: one flatbuffer of built-in operators, at any length or at fixed ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from types import MappingProxyType

from edgelm.errors import UsageError
from edgelm.graph.ir import BATCH, Graph
from edgelm.types import Artifact, ConvertRequest, Scheme, TensorSpec
from edgelm_converters._tflite_file import ModelFile, Subgraph
from edgelm_converters._tflite_ops import Lowering

_FILE = "model.tflite"
_DYNAMIC_SIGNATURE = "serving_default"

PRECISIONS: Mapping[str, Scheme] = MappingProxyType(
    {
        "fp32": Scheme("fp32", "float32", "float32", "float32 throughout"),
        "fp16": Scheme(
            "wfp16_afp32",
            "float16",
            "float32",
            "float16 weights, widened once when the model is loaded; float32 arithmetic",
        ),
        "int8": Scheme(
            "dynamic_wi8_afp32",
            "int8",
            "dynamic_token_asymmetric",
            "int8 weights, a scale per channel; linear layers quantize each token as it comes; attention stays float32",
        ),
        "int8-static": Scheme(
            "static_wi8_ai8",
            "int8",
            "static_tensor_asymmetric",
            "int8 weights, a scale per channel; linear layers read and write int8 of fixed ranges, found on texts; "
            "attention and normalisation stay float32",
            outputs="int8",
        ),
        "int4": Scheme(
            "dynamic_wi4b32_afp32",
            "int4",
            "dynamic_token_asymmetric",
            "int4 weights, a scale for 32 in a row, int8 embeddings; linear layers quantize each token as it comes; "
            "attention stays float32",
            embeddings="int8",
        ),
    }
)

_PER_CHANNEL: Mapping[str, bool] = MappingProxyType({"2.14": False, "2.17": True, "2.21": True})
"""By ``minimum_runtime``: whether int8 linear layers may carry their scales themselves (TFLite 2.17, 2024).

Older runtimes take such a file when it is declared as theirs, and answer nonsense.
"""


@dataclass(frozen=True)
class TFLiteConverter:
    """Writes ``model.tflite`` through the schema of the ai-edge-litert wheel."""

    name: str = "tflite"
    requires: tuple[str, ...] = ("ai_edge_litert", "flatbuffers")
    precisions: Mapping[str, Scheme] = field(default_factory=lambda: PRECISIONS)
    # Not merge_qkv: XNNPACK multiplies by three narrow weights as fast as by a wide one, and nothing needs splitting.
    rewrites: tuple[str, ...] = ("slice_last_layer", "preadd_embeddings", "fold_attention_scale")
    options: Mapping[str, str] = field(default_factory=lambda: {"minimum_runtime": "2.14"})

    def convert(self, graph: Graph, request: ConvertRequest) -> Artifact:
        """One subgraph for any length, signature ``serving_default``; or one per fixed length, ``length_<n>``.

        The batch is 1. All subgraphs share one copy of every weight. ``details["signatures"]`` maps each signature's
        name to its length, None for any.
        """
        minimum = {**self.options, **request.options}["minimum_runtime"]
        if minimum not in _PER_CHANNEL:
            raise UsageError(f"Unknown minimum_runtime {minimum!r}.", hint=f"Choose from {', '.join(_PER_CHANNEL)}.")
        lengths: tuple[int | None, ...] = request.lengths or (None,)
        signatures = {_DYNAMIC_SIGNATURE if length is None else f"length_{length}": length for length in lengths}
        file = ModelFile(f"edgelm, {request.scheme.name}")
        for name, length in signatures.items():
            subgraph = Subgraph(file, name)
            Lowering(graph, subgraph, length, _PER_CHANNEL[minimum]).run()
            file.subgraphs.append(subgraph)
        _check_runtime(file, request.scheme, minimum)
        file.write(request.directory / _FILE)
        return Artifact(
            files=(_FILE,),
            inputs=tuple(_batch_of_one(graph[name].spec) for name in graph.inputs),
            outputs=tuple(_batch_of_one(graph[name].spec) for name in graph.outputs),
            toolchain={package: version(package) for package in ("ai-edge-litert", "flatbuffers")},
            details={
                "signatures": signatures,
                "operators": [f"{name} v{number}" for name, number in sorted(file.operators)],
                "min_runtime_version": file.min_runtime_version,
            },
        )


def _check_runtime(file: ModelFile, scheme: Scheme, minimum: str) -> None:
    """UsageError where an operator is newer than the oldest runtime that the file was promised to."""
    needed = _numbers(file.min_runtime_version)
    if needed > _numbers(minimum):
        enough = next(version for version in _PER_CHANNEL if _numbers(version) >= needed)
        raise UsageError(
            f"{scheme.name} needs TFLite {file.min_runtime_version}, and minimum_runtime is {minimum}.",
            hint=f"Pass --option minimum_runtime={enough}.",
        )


def _numbers(version: str) -> list[int]:
    """Major and minor."""
    return [int(part) for part in version.split(".")[:2]]


def _batch_of_one(spec: TensorSpec) -> TensorSpec:
    return TensorSpec(spec.name, spec.dtype, tuple(1 if size == BATCH else size for size in spec.shape))


TFLITE = TFLiteConverter()
