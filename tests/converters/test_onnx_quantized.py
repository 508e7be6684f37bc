"""Quantized ONNX files: the integer kernels onnxruntime really runs, and the quantized graph's own numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from edgelm.families import Model
from edgelm.graph import rewrites
from edgelm.graph.ir import Graph
from edgelm.toolchain import openvino_core
from edgelm_converters.onnx import ONNX

from .written import WIDE, ranges, write

NEW = ("int8-static", "int4", "bf16")
STATIC = ONNX.precisions["int8-static"]


def optimized(folder: Path) -> Counter[str]:
    """The operators that onnxruntime runs."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(folder / "optimized.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
    return Counter(node.op_type for node in onnx.load(folder / "optimized.onnx").graph.node)


def test_static_kernels_are_fused(encoder: Graph, tmp_path: Path) -> None:
    """Every layer is one integer kernel; the float products left are those of attention, of no weights."""
    graph = rewrites.apply(encoder, ONNX.rewrites)
    stored, _ = write(ONNX, graph, tmp_path, STATIC, ranges(graph))
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
    stored, _ = write(ONNX, graph, tmp_path, STATIC, ranges(graph))
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
    stored, _ = write(ONNX, graph, tmp_path, STATIC, ranges(graph))
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
    stored, _ = write(ONNX, encoder, tmp_path, STATIC, ranges(encoder))
    kinds = Counter(node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node)
    assert sum(node.op == "quantized_linear" for node in stored.nodes) == 12
    assert kinds["QuantizeLinear"] == len({n.inputs[0] for n in stored.nodes if n.op == "quantized_linear"}) == 8
    assert optimized(tmp_path)["MatMulIntegerToFloat"] == 12


def test_openvino_reads_static_layers_as_integers(encoder: Graph, tmp_path: Path) -> None:
    graph = rewrites.apply(encoder, ONNX.rewrites)
    write(ONNX, graph, tmp_path, STATIC, ranges(graph))
    compiled = openvino_core().compile_model(tmp_path / "model.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    infos = [node.get_rt_info() for node in compiled.get_runtime_model().get_ops()]
    layers = [str(i["runtimePrecision"].astype(str)) for i in infos if i["layerType"].astype(str) == "FullyConnected"]
    assert len(layers) == 8
    assert set(layers) <= {"u8", "i8"}


def test_int4_is_read_in_blocks(encoder: Graph, tmp_path: Path) -> None:
    """Neither layers nor tables are widened: onnxruntime's own operators, in uint8 that old opsets know."""
    stored, artifact = write(ONNX, encoder, tmp_path, ONNX.precisions["int4"])
    kinds, int4 = optimized(tmp_path), [tensor for tensor in stored.constants if tensor.dtype == "int4"]
    linears = [node for node in stored.nodes if node.op == "linear" and stored[node.inputs[1]] in int4]
    assert kinds["MatMulNBits"] == len(linears) == 12
    assert kinds["GatherBlockQuantized"] == len(int4) - 12 > 0
    model = onnx.load(tmp_path / "model.onnx")
    assert {(opset.domain, opset.version) for opset in model.opset_import} == {("", 17), ("com.microsoft", 1)}
    packed = {tensor.name: len(tensor.raw_data) for tensor in model.graph.initializer}
    assert {tensor.name: packed[tensor.name] * 2 for tensor in int4} == {t.name: np.prod(t.shape) for t in int4}
    assert set(artifact.details["operators"]) >= {"MatMulNBits", "GatherBlockQuantized"}


def test_bf16_is_stored_as_bfloat16(encoder: Graph, tmp_path: Path) -> None:
    stored, _ = write(ONNX, encoder, tmp_path, ONNX.precisions["bf16"])
    halves = sum(tensor.dtype == "bfloat16" for tensor in stored.constants)
    kinds = Counter(tensor.data_type for tensor in onnx.load(tmp_path / "model.onnx").graph.initializer)
    assert kinds[onnx.TensorProto.BFLOAT16] == halves > 12


@pytest.mark.parametrize("precision", NEW)
def test_a_valid_file(precision: str, encoder: Graph, tmp_path: Path) -> None:
    write(ONNX, encoder, tmp_path, ONNX.precisions[precision], ranges(encoder))
    onnx.checker.check_model(onnx.load(tmp_path / "model.onnx"))


@pytest.mark.parametrize("precision", NEW)
def test_tied_weights_are_stored_once(
    precision: str, make_checkpoint: Callable[..., Path], open_model: Callable[[Path], Model], tmp_path: Path
) -> None:
    graph = open_model(make_checkpoint("bert", "fill-mask", **WIDE)).graph("fill-mask", 64)
    write(ONNX, graph, tmp_path, ONNX.precisions[precision], ranges(graph))
    tables = [tensor for tensor in onnx.load(tmp_path / "model.onnx").graph.initializer if 200 in tensor.dims]
    bits = {"int8-static": 8, "int4": 4, "bf16": 16}[precision]
    assert [len(tensor.raw_data) for tensor in tables].count(200 * 64 * bits // 8) == 1
    assert sum(len(tensor.raw_data) for tensor in tables) < 200 * 64 * bits // 8 + 200 * 2 * 4 + 3 * 200 * 4


@pytest.mark.parametrize(("precision", "noted"), [("int8-static", True), ("int8", True), ("int4", False)])
def test_integers_are_said_to_need_an_option(precision: str, noted: bool, encoder: Graph, tmp_path: Path) -> None:
    """On CPUs without VNNI; that it makes a difference cannot be seen on one that has it."""
    _, artifact = write(ONNX, encoder, tmp_path, ONNX.precisions[precision], ranges(encoder))
    assert any("x64quantprecision" in note for note in artifact.details["notes"]) is noted
