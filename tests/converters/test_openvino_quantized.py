"""Quantized OpenVINO IR: the integer kernels the plugin really runs, and the quantized graph's own numbers."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.families import Model
from edgelm.graph import quantize, rewrites
from edgelm.graph.builder import GraphBuilder
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import BATCH, LENGTH, Graph
from edgelm.graph.quantize import Calibration
from edgelm.toolchain import openvino_core
from edgelm.types import Array, Artifact, ConvertRequest, Runner, Scheme, Tolerance, Verdict
from edgelm.validate.parity import compare
from edgelm_converters.openvino import OPENVINO
from edgelm_targets.openvino import CPU_SERVER, OpenVINOTarget
from edgelm_targets.openvino import OPENVINO as TARGET

NEW = ("int8-static", "int4", "bf16")
STATIC = OPENVINO.precisions["int8-static"]
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
WIDE = {"hidden_size": 64, "intermediate_size": 128, "vocab_size": 200}


def write(graph: Graph, folder: Path, scheme: Scheme, calibration: Calibration | None = None) -> tuple[Graph, Artifact]:
    """The graph as the scheme stores it, and its IR."""
    folder.mkdir(exist_ok=True)
    stored = quantize.apply_scheme(graph, scheme, calibration)
    return stored, OPENVINO.convert(stored, ConvertRequest(folder, scheme, 64))


def load(folder: Path, artifact: Artifact, target: OpenVINOTarget = TARGET) -> Runner:
    return target.load(folder, {"artifact": asdict(artifact)}, 1)


def kernels(folder: Path, target: OpenVINOTarget) -> Counter[tuple[str, str]]:
    """Layer types of the compiled model with the precisions they run in."""
    compiled = openvino_core().compile_model(folder / "openvino_model.xml", "CPU", target.properties(1))
    infos = [node.get_rt_info() for node in compiled.get_runtime_model().get_ops()]
    return Counter((str(i["layerType"].astype(str)), str(i["runtimePrecision"].astype(str))) for i in infos)


def linear_graph(weight: Array, bias: Array | None) -> Graph:
    """One linear layer over float inputs x."""
    b = GraphBuilder()
    names = [b.input("x", "float32", (BATCH, LENGTH, weight.shape[1])), b.constant("w", weight)]
    b.op("linear", *names, *([] if bias is None else [b.constant("b", bias)]), name="y")
    return b.build(("y",))


@pytest.mark.parametrize("outputs", ["float32", "int8"])
@pytest.mark.parametrize("bias", [True, False])
def test_quantized_linear(bias: bool, outputs: Any, tmp_path: Path) -> None:
    """The very integers: x lies on, between and beyond the steps, and what differs is float32's last digit."""
    rng = np.random.default_rng(1)
    offsets = rng.normal(0, 1, 80).astype(np.float32) if bias else None
    graph = linear_graph(rng.normal(0, 1, (80, 64)).astype(np.float32), offsets)
    calibration = Calibration({"x": (-1.3, 4.1), "y": (-20.0, 30.0)})
    stored, artifact = write(graph, tmp_path, replace(STATIC, outputs=outputs), calibration)
    feed = {"x": rng.normal(1, 3, (2, 5, 64)).astype(np.float32)}
    want, got = Interpreter(stored)(feed)["y"], load(tmp_path, artifact)(feed)["y"]
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-5)
    assert np.abs(want).max() > 10


def test_products_do_not_saturate(tmp_path: Path) -> None:
    """Pairs of the largest products, 2 x 255 x 127, are beyond 16 bits."""
    weight = np.ones((80, 64), np.float32)
    stored, artifact = write(linear_graph(weight, None), tmp_path, STATIC, Calibration({"x": (0.0, 1.0)}))
    feed = {"x": np.ones((1, 3, 64), np.float32)}
    np.testing.assert_allclose(load(tmp_path, artifact)(feed)["y"], Interpreter(stored)(feed)["y"], rtol=1e-6)
    np.testing.assert_allclose(Interpreter(stored)(feed)["y"], 64, rtol=1e-6)


@pytest.mark.parametrize("target", [TARGET, CPU_SERVER], ids=lambda target: target.name)
@pytest.mark.parametrize("precision", NEW)
@pytest.mark.parametrize(("family", "task", "config"), MODELS)
def test_model(
    family: str,
    task: str,
    config: Mapping[str, Any],
    precision: str,
    target: OpenVINOTarget,
    make_checkpoint: Callable[..., Path],
    open_model: Callable[[Path], Model],
    make_batch: Callable[..., dict[str, Array]],
    min_max: Callable[..., Calibration],
    tmp_path: Path,
) -> None:
    """Close to the quantized graph, on every text and on a padded batch."""
    own = "feature-extraction" if task == "sentence-similarity" else task
    model = open_model(make_checkpoint(family, own, **{**WIDE, **config}))
    graph = rewrites.apply(model.graph(task, 64), OPENVINO.rewrites)
    feeds = [make_batch(model, lengths, seed=i) for i, lengths in enumerate([(17, 9, 3), (1,), (64, 2), (33,)])]
    stored, artifact = write(graph, tmp_path, OPENVINO.precisions[precision], min_max(graph, feeds))
    reference, runner = Interpreter(stored), load(tmp_path, artifact, target)
    want, got = [reference(feed) for feed in feeds], [runner(feed) for feed in feeds]
    masks = [feed["attention_mask"] for feed in feeds]
    exact_between = target is TARGET and precision == "int8-static"
    limit = FEW_LAYERS if exact_between else target.tolerances[precision].lowering
    checks = compare(want, got, masks, artifact.outputs, limit, "graph")
    print(*(f"{check.name}: {check.value} against {check.limit}" for check in checks), sep="\n")
    assert {check.verdict for check in checks} == {Verdict.PASS}


@pytest.fixture(scope="module")
def encoder(make_checkpoint: Callable[..., Path], open_model: Callable[[Path], Model]) -> Graph:
    """Two BERT layers and a pooled sentence, every kernel's kind once: 8 linear layers once Q, K and V are merged."""
    return open_model(make_checkpoint("bert", **WIDE)).graph("sentence-similarity", 64)


def ranges(graph: Graph) -> Calibration:
    """A range for every tensor, which kernels do not depend on."""
    return Calibration({name: (-4.0, 6.0) for node in graph.nodes for name in node.outputs})


@pytest.mark.parametrize("target", [TARGET, CPU_SERVER], ids=lambda target: target.name)
def test_static_layers_are_integers_in_the_plugin(target: OpenVINOTarget, encoder: Graph, tmp_path: Path) -> None:
    """Whatever the other operators compute in; and their weights and the tables stay int8 in memory."""
    graph = rewrites.apply(encoder, OPENVINO.rewrites)
    stored, _ = write(graph, tmp_path, STATIC, ranges(graph))
    found = kernels(tmp_path, target)
    assert found["FullyConnected", "u8"] == sum(node.op == "quantized_linear" for node in stored.nodes) == 8
    assert sum(count for (kind, _), count in found.items() if kind == "FullyConnected") == 8
    assert found["Const", "i8"] == sum(tensor.dtype == "int8" for tensor in stored.constants)


def test_query_key_and_value_share_one_quantization(encoder: Graph, tmp_path: Path) -> None:
    stored, _ = write(encoder, tmp_path, STATIC, ranges(encoder))
    text = (tmp_path / "openvino_model.xml").read_text()
    assert sum(node.op == "quantized_linear" for node in stored.nodes) == 12
    assert text.count('type="FakeQuantize"') == 8


def test_int4_stays_int4_in_the_plugin(encoder: Graph, tmp_path: Path) -> None:
    stored, _ = write(encoder, tmp_path, OPENVINO.precisions["int4"])
    found = kernels(tmp_path, TARGET)
    int4 = [tensor for tensor in stored.constants if tensor.dtype == "int4"]
    assert found["Const", "i4"] == len(int4) > 12
    assert found["FullyConnected", "i4"] == 12
    assert found["Gather", "i4"] == len(int4) - 12
    sizes = sum(int(np.prod(tensor.shape)) for tensor in stored.constants if tensor.dtype == "float32")
    packed = sum(int(np.prod(tensor.shape)) * 5 // 8 for tensor in int4)
    assert (tmp_path / "openvino_model.bin").stat().st_size < packed + 4 * sizes + 4096


def test_int4_of_columns_that_are_no_blocks(tmp_path: Path) -> None:
    """Such weights are int8."""
    rng = np.random.default_rng(0)
    graph = linear_graph(rng.normal(0, 1, (100, 48)).astype(np.float32), None)
    stored, artifact = write(graph, tmp_path, OPENVINO.precisions["int4"])
    assert stored["w"].dtype == "int8"
    feed = {"x": rng.normal(0, 1, (2, 3, 48)).astype(np.float32)}
    np.testing.assert_allclose(load(tmp_path, artifact)(feed)["y"], Interpreter(stored)(feed)["y"], rtol=0, atol=2e-5)


def test_bf16_stays_bf16_in_memory(encoder: Graph, tmp_path: Path) -> None:
    stored, _ = write(encoder, tmp_path, OPENVINO.precisions["bf16"])
    halves = sum(tensor.dtype == "bfloat16" for tensor in stored.constants)
    assert kernels(tmp_path, TARGET)["Const", "bf16"] == halves > 12


@pytest.mark.parametrize("precision", NEW)
def test_same_bytes_twice(precision: str, encoder: Graph, tmp_path: Path) -> None:
    for name in ("once", "twice"):
        write(encoder, tmp_path / name, OPENVINO.precisions[precision], ranges(encoder))
    for file in ("openvino_model.xml", "openvino_model.bin"):
        digests = {hashlib.sha256((tmp_path / d / file).read_bytes()).hexdigest() for d in ("once", "twice")}
        assert len(digests) == 1, file


@pytest.mark.parametrize("precision", NEW)
def test_tied_weights_are_stored_once(
    precision: str, make_checkpoint: Callable[..., Path], open_model: Callable[[Path], Model], tmp_path: Path
) -> None:
    graph = open_model(make_checkpoint("bert", "fill-mask", **WIDE)).graph("fill-mask", 64)
    write(graph, tmp_path, OPENVINO.precisions[precision], ranges(graph))
    text = (tmp_path / "openvino_model.xml").read_text()
    shape = "200, 2, 32" if precision == "int4" else "200, 64"
    kind = {"int8-static": "i8", "int4": "i4", "bf16": "bf16"}[precision]
    assert text.count(f'element_type="{kind}" shape="{shape}"') == 1
