"""Quantized ONNX files: the integer kernels onnxruntime really runs, and the quantized graph's own numbers."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
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
from edgelm_converters.onnx import ONNX
from edgelm_targets.onnx import ONNX as TARGET

NEW = ("int8-static", "int4", "bf16")
STATIC = ONNX.precisions["int8-static"]
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
    """The graph as the scheme stores it, and its file."""
    folder.mkdir(exist_ok=True)
    stored = quantize.apply_scheme(graph, scheme, calibration)
    return stored, ONNX.convert(stored, ConvertRequest(folder, scheme, 64))


def load(folder: Path, artifact: Artifact) -> Runner:
    return TARGET.load(folder, {"artifact": asdict(artifact)}, 1)


def optimized(folder: Path) -> Counter[str]:
    """The operators that onnxruntime runs."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(folder / "optimized.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
    return Counter(node.op_type for node in onnx.load(folder / "optimized.onnx").graph.node)


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


@pytest.mark.parametrize("precision", NEW)
@pytest.mark.parametrize(("family", "task", "config"), MODELS)
def test_model(
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
    graph = rewrites.apply(model.graph(task, 64), ONNX.rewrites)
    feeds = [make_batch(model, lengths, seed=i) for i, lengths in enumerate([(17, 9, 3), (1,), (64, 2), (33,)])]
    stored, artifact = write(graph, tmp_path, ONNX.precisions[precision], min_max(graph, feeds))
    reference, runner = Interpreter(stored), load(tmp_path, artifact)
    want, got = [reference(feed) for feed in feeds], [runner(feed) for feed in feeds]
    masks = [feed["attention_mask"] for feed in feeds]
    limit = FEW_LAYERS if precision == "int8-static" else TARGET.tolerances[precision].lowering
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


def test_static_kernels_are_fused(encoder: Graph, tmp_path: Path) -> None:
    """Every layer is one integer kernel; the float products left are those of attention, of no weights."""
    graph = rewrites.apply(encoder, ONNX.rewrites)
    stored, _ = write(graph, tmp_path, STATIC, ranges(graph))
    kinds, ops = optimized(tmp_path), Counter(node.op for node in stored.nodes)
    assert kinds["MatMulIntegerToFloat"] == ops["quantized_linear"] == 8
    assert kinds["MatMul"] == ops["matmul"] == 4
    assert kinds["QuantizeLinear"] == 8
    assert "DequantizeLinear" not in kinds
    initializers = {tensor.data_type for tensor in onnx.load(tmp_path / "optimized.onnx").graph.initializer}
    assert onnx.TensorProto.INT8 in initializers


def test_layers_over_pooled_tokens_are_fused(
    make_checkpoint: Callable[..., Path], open_model: Callable[[Path], Model], tmp_path: Path
) -> None:
    """Matrices, not batches of them: onnxruntime would make a float Gemm of their MatMul and Add."""
    graph = open_model(make_checkpoint("bert", "text-classification", **WIDE)).graph("text-classification", 64)
    stored, _ = write(graph, tmp_path, STATIC, ranges(graph))
    static = [node for node in stored.nodes if node.op == "quantized_linear"]
    kinds = optimized(tmp_path)
    assert any(len(stored[node.output].shape) == 2 for node in static)
    assert kinds["MatMulIntegerToFloat"] == len(static) == 13
    assert "DequantizeLinear" not in kinds


def test_layers_that_share_their_weights_are_fused(
    make_checkpoint: Callable[..., Path], open_model: Callable[[Path], Model], tmp_path: Path
) -> None:
    """ALBERT's: stored once."""
    folder = make_checkpoint("albert", **{**WIDE, "embedding_size": 32})
    graph = rewrites.apply(open_model(folder).graph("feature-extraction", 64), ONNX.rewrites)
    stored, _ = write(graph, tmp_path, STATIC, ranges(graph))
    static = [node for node in stored.nodes if node.op == "quantized_linear"]
    weights = {node.inputs[1] for node in static}
    kinds = optimized(tmp_path)
    assert kinds["MatMulIntegerToFloat"] == len(static) > len(weights)
    assert "DequantizeLinear" not in kinds
    tensors = onnx.load(tmp_path / "model.onnx").graph.initializer
    assert sum(tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) == 2 for tensor in tensors) == sum(
        tensor.dtype == "int8" for tensor in stored.constants
    )


def test_query_key_and_value_share_one_quantization(encoder: Graph, tmp_path: Path) -> None:
    stored, _ = write(encoder, tmp_path, STATIC, ranges(encoder))
    kinds = Counter(node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node)
    assert sum(node.op == "quantized_linear" for node in stored.nodes) == 12
    assert kinds["QuantizeLinear"] == len({n.inputs[0] for n in stored.nodes if n.op == "quantized_linear"}) == 8
    assert optimized(tmp_path)["MatMulIntegerToFloat"] == 12


def test_openvino_reads_static_layers_as_integers(encoder: Graph, tmp_path: Path) -> None:
    graph = rewrites.apply(encoder, ONNX.rewrites)
    write(graph, tmp_path, STATIC, ranges(graph))
    compiled = openvino_core().compile_model(tmp_path / "model.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    infos = [node.get_rt_info() for node in compiled.get_runtime_model().get_ops()]
    layers = [str(i["runtimePrecision"].astype(str)) for i in infos if i["layerType"].astype(str) == "FullyConnected"]
    assert len(layers) == 8
    assert set(layers) <= {"u8", "i8"}


def test_int4_is_read_in_blocks(encoder: Graph, tmp_path: Path) -> None:
    """Neither layers nor tables are widened: onnxruntime's own operators, in uint8 that old opsets know."""
    stored, artifact = write(encoder, tmp_path, ONNX.precisions["int4"])
    kinds, int4 = optimized(tmp_path), [tensor for tensor in stored.constants if tensor.dtype == "int4"]
    linears = [node for node in stored.nodes if node.op == "linear" and stored[node.inputs[1]] in int4]
    assert kinds["MatMulNBits"] == len(linears) == 12
    assert kinds["GatherBlockQuantized"] == len(int4) - 12 > 0
    model = onnx.load(tmp_path / "model.onnx")
    assert {(opset.domain, opset.version) for opset in model.opset_import} == {("", 17), ("com.microsoft", 1)}
    packed = {tensor.name: len(tensor.raw_data) for tensor in model.graph.initializer}
    assert {tensor.name: packed[tensor.name] * 2 for tensor in int4} == {t.name: np.prod(t.shape) for t in int4}
    assert set(artifact.details["operators"]) >= {"MatMulNBits", "GatherBlockQuantized"}


def test_int4_of_columns_that_are_no_blocks(tmp_path: Path) -> None:
    """Such weights are int8, and widened on loading."""
    rng = np.random.default_rng(0)
    graph = linear_graph(rng.normal(0, 1, (100, 48)).astype(np.float32), None)
    stored, artifact = write(graph, tmp_path, ONNX.precisions["int4"])
    assert stored["w"].dtype == "int8"
    feed = {"x": rng.normal(0, 1, (2, 3, 48)).astype(np.float32)}
    np.testing.assert_allclose(load(tmp_path, artifact)(feed)["y"], Interpreter(stored)(feed)["y"], rtol=0, atol=2e-5)


def test_bf16_is_stored_as_bfloat16(encoder: Graph, tmp_path: Path) -> None:
    stored, _ = write(encoder, tmp_path, ONNX.precisions["bf16"])
    halves = sum(tensor.dtype == "bfloat16" for tensor in stored.constants)
    kinds = Counter(tensor.data_type for tensor in onnx.load(tmp_path / "model.onnx").graph.initializer)
    assert kinds[onnx.TensorProto.BFLOAT16] == halves > 12


@pytest.mark.parametrize("precision", NEW)
def test_same_bytes_and_a_valid_file(precision: str, encoder: Graph, tmp_path: Path) -> None:
    digests = set()
    for name in ("once", "twice"):
        write(encoder, tmp_path / name, ONNX.precisions[precision], ranges(encoder))
        onnx.checker.check_model(onnx.load(tmp_path / name / "model.onnx"))
        digests.add(hashlib.sha256((tmp_path / name / "model.onnx").read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize("precision", NEW)
def test_tied_weights_are_stored_once(
    precision: str, make_checkpoint: Callable[..., Path], open_model: Callable[[Path], Model], tmp_path: Path
) -> None:
    graph = open_model(make_checkpoint("bert", "fill-mask", **WIDE)).graph("fill-mask", 64)
    write(graph, tmp_path, ONNX.precisions[precision], ranges(graph))
    tables = [tensor for tensor in onnx.load(tmp_path / "model.onnx").graph.initializer if 200 in tensor.dims]
    bits = {"int8-static": 8, "int4": 4, "bf16": 16}[precision]
    assert [len(tensor.raw_data) for tensor in tables].count(200 * 64 * bits // 8) == 1
    assert sum(len(tensor.raw_data) for tensor in tables) < 200 * 64 * bits // 8 + 200 * 2 * 4 + 3 * 200 * 4


@pytest.mark.parametrize(("precision", "noted"), [("int8-static", True), ("int8", True), ("int4", False)])
def test_integers_are_said_to_need_an_option(precision: str, noted: bool, encoder: Graph, tmp_path: Path) -> None:
    """On CPUs without VNNI; that it makes a difference cannot be seen on one that has it."""
    _, artifact = write(encoder, tmp_path, ONNX.precisions[precision], ranges(encoder))
    assert any("x64quantprecision" in note for note in artifact.details["notes"]) is noted
