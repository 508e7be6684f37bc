"""Quantized ONNX and OpenVINO files, each in its own runtime: the quantized graph's own numbers, in the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.families import Model
from edgelm.graph import rewrites
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import Graph
from edgelm.graph.quantize import Calibration
from edgelm.types import Array, Converter, Scheme, Target, Tolerance, Verdict
from edgelm.validate.parity import compare
from edgelm_converters.onnx import ONNX
from edgelm_converters.openvino import OPENVINO
from edgelm_targets import onnx as onnx_targets
from edgelm_targets import openvino as openvino_targets

from .written import WIDE, linear_graph, load, ranges, write


@dataclass(frozen=True)
class Case:
    """A format in a runtime; ``is_exact`` where all between the quantized layers is float32."""

    converter: Converter
    target: Target
    is_exact: bool

    def scheme(self, precision: str) -> Scheme:
        return self.converter.precisions[precision]


CASES = [
    Case(ONNX, onnx_targets.ONNX, is_exact=True),
    Case(OPENVINO, openvino_targets.OPENVINO, is_exact=True),
    Case(OPENVINO, openvino_targets.CPU_SERVER, is_exact=False),
]
NEW = ("int8-static", "int4", "bf16")
MODELS = [
    ("bert", "text-classification", {}),
    ("bert", "fill-mask", {"hidden_act": "silu"}),
    ("roberta", "question-answering", {"hidden_act": "gelu_new"}),
    ("distilbert", "token-classification", {"hidden_act": "relu"}),
    ("electra", "feature-extraction", {"embedding_size": 32}),
    ("albert", "multiple-choice", {"embedding_size": 32}),
    ("mpnet", "sentence-similarity", {}),
]
FEW_LAYERS = Tolerance(min_cosine=0.999, min_sqnr_db=30)
"""Of static layers: too few of them for a rounding at the border of two steps to grow as the target has to allow."""
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.target.name)
every_format = pytest.mark.parametrize("case", CASES[:2], ids=lambda case: case.target.name)


@pytest.mark.parametrize("outputs", ["float32", "int8"])
@pytest.mark.parametrize("bias", [True, False])
@every_format
def test_quantized_linear(case: Case, bias: bool, outputs: Any, tmp_path: Path) -> None:
    """The very integers: x lies on, between and beyond the steps, and what differs is float32's last digit."""
    rng = np.random.default_rng(1)
    offsets = rng.normal(0, 1, 80).astype(np.float32) if bias else None
    graph = linear_graph(rng.normal(0, 1, (80, 64)).astype(np.float32), offsets)
    calibration = Calibration({"x": (-1.3, 4.1), "y": (-20.0, 30.0)})
    scheme = replace(case.scheme("int8-static"), outputs=outputs)
    stored, artifact = write(case.converter, graph, tmp_path, scheme, calibration)
    feed = {"x": rng.normal(1, 3, (2, 5, 64)).astype(np.float32)}
    want, got = Interpreter(stored)(feed)["y"], load(case.target, tmp_path, artifact)(feed)["y"]
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-5)
    assert np.abs(want).max() > 10


@every_format
def test_products_do_not_saturate(case: Case, tmp_path: Path) -> None:
    """Pairs of the largest products, 2 x 255 x 127, are beyond 16 bits."""
    graph = linear_graph(np.ones((80, 64), np.float32), None)
    calibration = Calibration({"x": (0.0, 1.0)})
    stored, artifact = write(case.converter, graph, tmp_path, case.scheme("int8-static"), calibration)
    feed = {"x": np.ones((1, 3, 64), np.float32)}
    want, got = Interpreter(stored)(feed)["y"], load(case.target, tmp_path, artifact)(feed)["y"]
    np.testing.assert_allclose(got, want, rtol=1e-6)
    np.testing.assert_allclose(want, 64, rtol=1e-6)


@every_format
def test_int4_of_columns_that_are_no_blocks(case: Case, tmp_path: Path) -> None:
    """Such weights are int8, and widened on loading."""
    rng = np.random.default_rng(0)
    graph = linear_graph(rng.normal(0, 1, (100, 48)).astype(np.float32), None)
    stored, artifact = write(case.converter, graph, tmp_path, case.scheme("int4"))
    assert stored["w"].dtype == "int8"
    feed = {"x": rng.normal(0, 1, (2, 3, 48)).astype(np.float32)}
    want, got = Interpreter(stored)(feed)["y"], load(case.target, tmp_path, artifact)(feed)["y"]
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-5)


@pytest.mark.parametrize("precision", NEW)
@pytest.mark.parametrize(("family", "task", "config"), MODELS)
@every_case
def test_model(
    case: Case,
    family: str,
    task: str,
    config: Mapping[str, Any],
    precision: str,
    make_checkpoint: Callable[..., Path],
    open_model: Callable[[Path], Model],
    make_batch: Callable[..., dict[str, Array]],
    min_max: Callable[..., Calibration],
    tmp_path: Path,
) -> None:
    """Close to the quantized graph, on every text and on a padded batch."""
    own = "feature-extraction" if task == "sentence-similarity" else task
    model = open_model(make_checkpoint(family, own, **{**WIDE, **config}))
    graph = rewrites.apply(model.graph(task, 64), case.converter.rewrites)
    feeds = [make_batch(model, lengths, seed=i) for i, lengths in enumerate([(17, 9, 3), (1,), (64, 2), (33,)])]
    stored, artifact = write(case.converter, graph, tmp_path, case.scheme(precision), min_max(graph, feeds))
    reference, runner = Interpreter(stored), load(case.target, tmp_path, artifact)
    want, got = [reference(feed) for feed in feeds], [runner(feed) for feed in feeds]
    masks = [feed["attention_mask"] for feed in feeds]
    is_exact = case.is_exact and precision == "int8-static"
    limit = FEW_LAYERS if is_exact else case.target.tolerances[precision].lowering
    checks = compare(want, got, masks, artifact.outputs, limit, "graph")
    print(*(f"{check.name}: {check.value} against {check.limit}" for check in checks), sep="\n")
    assert {check.verdict for check in checks} == {Verdict.PASS}


@pytest.mark.parametrize("precision", NEW)
@every_format
def test_same_bytes_twice(case: Case, precision: str, encoder: Graph, tmp_path: Path) -> None:
    contents = []
    for name in ("once", "twice"):
        _, artifact = write(case.converter, encoder, tmp_path / name, case.scheme(precision), ranges(encoder))
        contents.append({file: (tmp_path / name / file).read_bytes() for file in artifact.files})
    assert contents[0] == contents[1]
