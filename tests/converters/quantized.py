"""What the tests of quantized files share: small graphs, their quantized form, and the file of that form."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from edgelm.graph import quantize
from edgelm.graph.builder import GraphBuilder
from edgelm.graph.ir import BATCH, LENGTH, Graph
from edgelm.graph.quantize import Calibration
from edgelm.types import Array, Artifact, Converter, ConvertRequest, Runner, Scheme, Target

WIDE = {"hidden_size": 64, "intermediate_size": 128, "vocab_size": 200}
"""Smaller matrices are not quantized."""


def write(
    converter: Converter, graph: Graph, folder: Path, scheme: Scheme, calibration: Calibration | None = None
) -> tuple[Graph, Artifact]:
    """The graph as the scheme stores it, and its file."""
    folder.mkdir(exist_ok=True)
    stored = quantize.apply_scheme(graph, scheme, calibration)
    return stored, converter.convert(stored, ConvertRequest(folder, scheme, 64))


def load(target: Target, folder: Path, artifact: Artifact) -> Runner:
    return target.load(folder, {"artifact": asdict(artifact)}, 1)


def linear_graph(weight: Array, bias: Array | None) -> Graph:
    """One linear layer over float inputs x."""
    b = GraphBuilder()
    names = [b.input("x", "float32", (BATCH, LENGTH, weight.shape[1])), b.constant("w", weight)]
    b.op("linear", *names, *([] if bias is None else [b.constant("b", bias)]), name="y")
    return b.build(("y",))


def ranges(graph: Graph) -> Calibration:
    """A range for every tensor, which kernels do not depend on."""
    return Calibration({name: (-4.0, 6.0) for node in graph.nodes for name in node.outputs})
