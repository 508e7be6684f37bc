"""What the tests of written files share: models, small graphs, their files, and how an answer is held to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from edgelm.graph import quantize
from edgelm.graph.builder import GraphBuilder
from edgelm.graph.ir import BATCH, LENGTH, Graph
from edgelm.graph.quantize import Calibration
from edgelm.types import Array, Artifact, Converter, ConvertRequest, Runner, Scheme, Target

WIDE = {"hidden_size": 64, "intermediate_size": 128, "vocab_size": 200}
"""Smaller matrices are not quantized."""
Models = Sequence[tuple[str, str, Mapping[str, Any]]]
"""Family, task, and what its config.json has beside the tiny one's."""
BERT_LIKE: Models = (
    ("bert", "text-classification", {}),
    ("bert", "fill-mask", {"hidden_act": "silu"}),
    ("roberta", "question-answering", {"hidden_act": "gelu_new"}),
    ("distilbert", "token-classification", {"hidden_act": "relu"}),
    ("electra", "feature-extraction", {}),
    ("albert", "multiple-choice", {}),
    ("mpnet", "sentence-similarity", {}),
)
ROTARY: Models = (
    ("roformer", "fill-mask", {}),
    ("modernbert", "text-classification", {"classifier_pooling": "mean"}),
)
RELATIVE: Models = (("nezha", "text-classification", {}),)
DISENTANGLED: Models = (
    ("deberta-v2", "text-classification", {}),
    ("deberta-v2", "feature-extraction", {"conv_kernel_size": 3, "conv_act": "gelu"}),
)


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


def assert_same(want: Mapping[str, Array], got: Mapping[str, Array], atol: float = 3e-6) -> None:
    """The same names, shapes and kinds of number, and values within ``atol`` of the largest, or of 1 if it is smaller.

    A runtime may count in int64 where the interpreter counts in int32.
    """
    assert list(want) == list(got)
    for name, values in want.items():
        assert (values.shape, values.dtype.kind) == (got[name].shape, got[name].dtype.kind)
        np.testing.assert_allclose(got[name], values, atol=atol * max(1.0, float(np.abs(values).max())), err_msg=name)
