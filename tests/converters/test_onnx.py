"""ONNX files, run by onnxruntime and read by onnx's own checker and reference evaluator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from edgelm.checkpoint import open_checkpoint
from edgelm.families import Model
from edgelm.graph import quantize, rewrites
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import Graph
from edgelm.types import Array, Artifact, ConvertRequest, Runner
from edgelm_converters.onnx import ONNX, OPSET
from edgelm_targets.onnx import ONNX as TARGET

from .written import BERT_LIKE, DISENTANGLED, RELATIVE, ROTARY, assert_same


def write(graph: Graph, folder: Path, precision: str = "fp32") -> tuple[Graph, Artifact]:
    """The graph as the precision stores it, and its file."""
    scheme = ONNX.precisions[precision]
    stored = quantize.apply_scheme(graph, scheme)
    return stored, ONNX.convert(stored, ConvertRequest(folder, scheme, 64))


def load(folder: Path, artifact: Artifact) -> Runner:
    return TARGET.load(folder, {"artifact": asdict(artifact)}, 1)


def test_operator(operator: str, one_operator: Callable[..., tuple[Graph, dict[str, Array]]], tmp_path: Path) -> None:
    graph, feed = one_operator(operator)
    _, artifact = write(graph, tmp_path)
    assert_same(Interpreter(graph)(feed), load(tmp_path, artifact)(feed))


MODELS = (*BERT_LIKE, *ROTARY, *RELATIVE, *DISENTANGLED)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize(("family", "task", "config"), MODELS)
def test_model(
    family: str,
    task: str,
    config: Mapping[str, Any],
    precision: str,
    make_checkpoint: Callable[..., Path],
    make_batch: Callable[..., dict[str, Array]],
    tmp_path: Path,
) -> None:
    own = "feature-extraction" if task == "sentence-similarity" else task
    model = Model.open(open_checkpoint(str(make_checkpoint(family, own, **config, vocab_size=200))))
    stored, artifact = write(rewrites.apply(model.graph(task, 64), ONNX.rewrites), tmp_path, precision)
    reference, runner = Interpreter(stored), load(tmp_path, artifact)
    for lengths in ((17, 9, 3), (1,), (64, 2)):
        feed = make_batch(model, lengths)
        assert_same(reference(feed), runner(feed), atol=2e-5)


@pytest.fixture(scope="module")
def minilm() -> Graph:
    model = Model.open(open_checkpoint("all-MiniLM-L6-v2"))
    return rewrites.apply(model.graph("sentence-similarity", 64), ONNX.rewrites)


def sentence(length: int) -> dict[str, Array]:
    ids = np.random.default_rng(length).integers(1000, 29000, (1, length), dtype=np.int32)
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}


def test_int8_computes_the_quantized_graph(minilm: Graph, tmp_path: Path) -> None:
    """onnx's own evaluator and onnxruntime's fused kernels agree with the interpreter over the quantized graph.

    Not to the last digit: a rounding that falls the other way moves the whole tensor's range behind it.
    """
    stored, artifact = write(minilm, tmp_path, "int8")
    feed = sentence(21)
    want = Interpreter(stored)(feed)["sentence_embedding"][0]
    fused = load(tmp_path, artifact)(feed)["sentence_embedding"][0]
    plain = ReferenceEvaluator(str(tmp_path / "model.onnx")).run(None, {k: v.astype(np.int64) for k, v in feed.items()})
    assert float(want @ fused) > 0.99
    assert float(want @ plain[0][0]) > 0.99
    assert (tmp_path / "model.onnx").stat().st_size < 24e6


def test_int8_kernels_are_fused(minilm: Graph, tmp_path: Path) -> None:
    """onnxruntime merges quantization, product and scaling of every layer into one kernel."""
    import onnxruntime

    stored, artifact = write(minilm, tmp_path, "int8")
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(tmp_path / artifact.files[0], options, providers=["CPUExecutionProvider"])
    kinds = [node.op_type for node in onnx.load(tmp_path / "optimized.onnx").graph.node]
    linear = sum(node.op == "linear" for node in stored.nodes)
    assert kinds.count("DynamicQuantizeMatMul") + kinds.count("MatMulIntegerToFloat") == linear
    assert "MatMulInteger" not in kinds


_LOADED = """
import json, sys
from pathlib import Path
from edgelm_targets._openers import open_onnx
from edgelm_targets.onnx import ONNX


folder, artifact = Path(sys.argv[1]), json.loads(sys.argv[2])
if sys.argv[3] == "in edgelm":
    ONNX.load(folder, {"artifact": artifact}, 1)
else:
    open_onnx(str(folder / artifact["files"][0]), {}, 1)
"""


@pytest.mark.parametrize("where", ["in edgelm", "in another environment"])
def test_onnxruntime_sends_nothing_home(
    where: str, one_operator: Callable[..., tuple[Graph, dict[str, Array]]], tmp_path: Path
) -> None:
    """From 1.29 on it keeps an identifier of the device and a queue of events in the user's cache, and uploads them."""
    bundle, home = tmp_path / "bundle", tmp_path / "home"
    bundle.mkdir()
    home.mkdir()
    _, artifact = write(one_operator("add a row")[0], bundle)
    command = [sys.executable, "-c", _LOADED, str(bundle), json.dumps(asdict(artifact), default=str), where]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}  # nothing by which it would keep quiet by itself
    subprocess.run(command, env=environment, check=True)
    assert list(home.rglob("*")) == []


def test_file_is_standard(minilm: Graph, tmp_path: Path) -> None:
    """One opset, no other domain, dynamic batch and length, int64 ids, and shapes that onnx can infer."""
    _, artifact = write(minilm, tmp_path)
    model = onnx.load(tmp_path / artifact.files[0])
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", OPSET)]
    onnx.checker.check_model(model, full_check=True)
    for value in model.graph.input:
        assert value.type.tensor_type.elem_type == onnx.TensorProto.INT64
        assert [dim.dim_param for dim in value.type.tensor_type.shape.dim] == ["batch", "length"]
    assert [output.name for output in model.graph.output] == ["sentence_embedding"]


def test_tied_weights_are_stored_once(make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_checkpoint("bert", "fill-mask", vocab_size=200)
    graph = Model.open(open_checkpoint(str(folder))).graph("fill-mask", 64)
    for precision in ("fp32", "fp16", "int8"):
        write(graph, tmp_path, precision)
        shapes = [tuple(t.dims) for t in onnx.load(tmp_path / "model.onnx").graph.initializer if 200 in t.dims]
        assert sorted(shapes)[-1:] == [(200, 32)]
        assert shapes.count((200, 32)) == 1
        assert (32, 200) not in shapes
