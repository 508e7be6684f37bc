"""Writes a graph as an MNN file: edgelm's own ONNX file through MNN's converter, for MNN ships no builder."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from edgelm.errors import UnsupportedError
from edgelm.graph.ir import Graph
from edgelm.toolchain import import_mnn, run_mnnconvert
from edgelm.types import Artifact, ConvertRequest, Scheme
from edgelm_converters.onnx import ONNX

_FILE = "model.mnn"
_ALWAYS = ("-f", "ONNX", "--bizCode", "edgelm", "--keepInputFormat", "--useGeluApproximation", "0")
"""By default it would turn every GELU into its tanh approximation."""
# Not its --fp16, which rounds every constant: the smallest divisor a mean may have becomes 0.
_STORED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "float32": (),
        # In MNN 3.6 the second flag, whatever its value, makes the scheme symmetric, which it would not be without: the
        # scale of a row is then its peak over 127, as the graph's.
        "int8": ("--weightQuantBits", "8", "--weightQuantAsymmetric"),
    }
)
_LENGTHS_NOTE = "The file takes any length up to the largest of --lengths; nothing is padded to them."

PRECISIONS: Mapping[str, Scheme] = MappingProxyType(
    {
        "fp32": Scheme("fp32", "float32", "float32", "float32 weights and arithmetic"),
        "int8": Scheme(
            "weight_only_wi8_afp32",
            "int8",
            "float32",
            "int8 weights per channel, the smallest too, widened on loading; float32 arithmetic",
            smallest=0,
        ),
    }
)


@dataclass(frozen=True)
class MNNConverter:
    """Dynamic batch and length; ids are int32."""

    name: str = "mnn"
    requires: tuple[str, ...] = ("MNN", *ONNX.requires)
    precisions: Mapping[str, Scheme] = field(default_factory=lambda: PRECISIONS)
    rewrites: tuple[str, ...] = ONNX.rewrites
    options: Mapping[str, str] = field(default_factory=dict)

    def convert(self, graph: Graph, request: ConvertRequest) -> Artifact:
        """Write ``model.mnn``; the same graph gives the same bytes. UnsupportedError where MNN cannot take it."""
        _refuse_shared_operands(graph)
        path = request.directory / _FILE
        with TemporaryDirectory(dir=request.directory) as folder:
            onnx = ONNX.convert(graph, replace(request, directory=Path(folder), lengths=()))
            source = str(Path(folder) / onnx.files[0])
            files = ("--modelFile", source, "--MNNModel", str(path))
            said = run_mnnconvert([*_ALWAYS, *_STORED[request.scheme.weights], *files])
        if not path.is_file():
            raise UnsupportedError(f"MNN's converter wrote no file: {' '.join(said.split())[-500:]}.")
        _identify_by_content(path)
        inputs, outputs = graph.signature
        return Artifact(
            files=(_FILE,),
            inputs=inputs,
            outputs=outputs,
            toolchain={"MNN": version("MNN"), **onnx.toolchain},
            details={
                "operators": onnx.details["operators"],
                "linear": [node.output for node in graph.nodes if node.op == "linear"],
                "notes": [_LENGTHS_NOTE] if request.lengths else [],
            },
        )


def _refuse_shared_operands(graph: Graph) -> None:
    """UnsupportedError for a product with an operand that a batch shares.

    MNN 3.6 keeps the strides of the first batch it is given, and computes a later one of another size wrong.
    """
    for node in graph.nodes:
        if node.op == "matmul" and graph[node.inputs[0]].shape[:-2] != graph[node.inputs[1]].shape[:-2]:
            raise UnsupportedError(
                f"MNN computes the operator {node.op} ({node.output}) wrong, as its batch shares an operand.",
                hint="Supported: models without relative encodings or disentangled attention; or another target.",
            )


def _identify_by_content(path: Path) -> None:
    """Replace the random UUID of a conversion, under which the runtime caches what it tunes, by one of the content."""
    drawn = import_mnn().get_model_uuid(str(path)).encode("ascii")
    content = path.read_bytes()
    own = uuid.UUID(bytes=sha256(content.replace(drawn, b"", 1)).digest()[:16], version=5)
    path.write_bytes(content.replace(drawn, str(own).encode("ascii"), 1))


MNN = MNNConverter()
