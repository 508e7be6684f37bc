"""Quantized OpenVINO IR: the integer kernels the plugin really runs, and the quantized graph's own numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgelm.families import Model
from edgelm.graph import rewrites
from edgelm.graph.ir import Graph
from edgelm.toolchain import openvino_core
from edgelm_converters.openvino import OPENVINO
from edgelm_targets.openvino import CPU_SERVER, OpenVINOTarget
from edgelm_targets.openvino import OPENVINO as TARGET

from .written import WIDE, ranges, write

NEW = ("int8-static", "int4", "bf16")
STATIC = OPENVINO.precisions["int8-static"]


def kernels(folder: Path, target: OpenVINOTarget) -> Counter[tuple[str, str]]:
    """Layer types of the compiled model with the precisions they run in."""
    compiled = openvino_core().compile_model(folder / "openvino_model.xml", "CPU", target.properties(1))
    infos = [node.get_rt_info() for node in compiled.get_runtime_model().get_ops()]
    return Counter((str(i["layerType"].astype(str)), str(i["runtimePrecision"].astype(str))) for i in infos)


@pytest.mark.parametrize("target", [TARGET, CPU_SERVER], ids=lambda target: target.name)
def test_static_layers_are_integers_in_the_plugin(target: OpenVINOTarget, encoder: Graph, tmp_path: Path) -> None:
    """Whatever the other operators compute in; and their weights and the tables stay int8 in memory."""
    graph = rewrites.apply(encoder, OPENVINO.rewrites)
    stored, _ = write(OPENVINO, graph, tmp_path, STATIC, ranges(graph))
    found = kernels(tmp_path, target)
    assert found["FullyConnected", "u8"] == sum(node.op == "quantized_linear" for node in stored.nodes) == 8
    assert sum(count for (kind, _), count in found.items() if kind == "FullyConnected") == 8
    assert found["Const", "i8"] == sum(tensor.dtype == "int8" for tensor in stored.constants)


def test_query_key_and_value_share_one_quantization(encoder: Graph, tmp_path: Path) -> None:
    stored, _ = write(OPENVINO, encoder, tmp_path, STATIC, ranges(encoder))
    text = (tmp_path / "openvino_model.xml").read_text()
    assert sum(node.op == "quantized_linear" for node in stored.nodes) == 12
    assert text.count('type="FakeQuantize"') == 8


def test_int4_stays_int4_in_the_plugin(encoder: Graph, tmp_path: Path) -> None:
    stored, _ = write(OPENVINO, encoder, tmp_path, OPENVINO.precisions["int4"])
    found = kernels(tmp_path, TARGET)
    int4 = [tensor for tensor in stored.constants if tensor.dtype == "int4"]
    assert found["Const", "i4"] == len(int4) > 12
    assert found["FullyConnected", "i4"] == 12
    assert found["Gather", "i4"] == len(int4) - 12
    sizes = sum(int(np.prod(tensor.shape)) for tensor in stored.constants if tensor.dtype == "float32")
    packed = sum(int(np.prod(tensor.shape)) * 5 // 8 for tensor in int4)
    assert (tmp_path / "openvino_model.bin").stat().st_size < packed + 4 * sizes + 4096


def test_bf16_stays_bf16_in_memory(encoder: Graph, tmp_path: Path) -> None:
    stored, _ = write(OPENVINO, encoder, tmp_path, OPENVINO.precisions["bf16"])
    halves = sum(tensor.dtype == "bfloat16" for tensor in stored.constants)
    assert kernels(tmp_path, TARGET)["Const", "bf16"] == halves > 12


@pytest.mark.parametrize("precision", NEW)
def test_tied_weights_are_stored_once(
    precision: str, make_checkpoint: Callable[..., Path], open_model: Callable[[Path], Model], tmp_path: Path
) -> None:
    graph = open_model(make_checkpoint("bert", "fill-mask", **WIDE)).graph("fill-mask", 64)
    write(OPENVINO, graph, tmp_path, OPENVINO.precisions[precision], ranges(graph))
    text = (tmp_path / "openvino_model.xml").read_text()
    shape = "200, 2, 32" if precision == "int4" else "200, 64"
    kind = {"int8-static": "i8", "int4": "i4", "bf16": "bf16"}[precision]
    assert text.count(f'element_type="{kind}" shape="{shape}"') == 1
