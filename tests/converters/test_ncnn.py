"""ncnn files, run by ncnn itself: every operator alone, whole models, and what the two files hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.errors import UnsupportedError
from edgelm.families import Model
from edgelm.graph import quantize, rewrites
from edgelm.graph.builder import GraphBuilder
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import BATCH, LENGTH, Graph
from edgelm.types import Array, Artifact, ConvertRequest, Runner
from edgelm_converters import _ncnn_file
from edgelm_converters._ncnn_file import Layer, Weight
from edgelm_converters.ncnn import NCNN
from edgelm_targets.ncnn import NCNN as TARGET
from edgelm_targets.ncnn import _extracted, _open

from .written import BERT_LIKE, RELATIVE, ROTARY, WIDE, assert_same, linear_graph

UNTAKEN = {"gather_columns"}
"""Operators that ncnn has no layer for."""
MODELS = (*BERT_LIKE, *ROTARY, *RELATIVE)


def write(graph: Graph, folder: Path, precision: str = "fp32") -> tuple[Graph, Artifact]:
    """The graph as the precision stores it, and its files."""
    folder.mkdir(exist_ok=True)
    found = NCNN.precisions[precision]
    stored = quantize.apply_scheme(graph, found)
    return stored, NCNN.convert(stored, ConvertRequest(folder, found, 64))


def load(folder: Path, artifact: Artifact) -> Runner:
    return TARGET.load(folder, {"artifact": asdict(artifact)}, 1)


def test_operator(operator: str, one_operator: Callable[..., tuple[Graph, dict[str, Array]]], tmp_path: Path) -> None:
    """One text of it: a blob has no batch, and an operator alone may have no input that has one."""
    graph, feed = one_operator(operator, batch=1)
    if {node.op for node in graph.nodes} & UNTAKEN:
        with pytest.raises(UnsupportedError, match=graph.nodes[0].op):
            write(graph, tmp_path)
        return
    artifact = asdict(write(graph, tmp_path)[1])
    want = Interpreter(graph)(feed)
    got = _extracted(_open(tmp_path, artifact, 1), artifact, feed, list(want), keep=False)
    assert_same(want, {name: array.reshape(want[name].shape) for name, array in got.items()})


def test_the_error_names_the_operator_that_ncnn_lacks(tmp_path: Path) -> None:
    """Static integers, too: ncnn's have no zero point."""
    b = GraphBuilder()
    x, w = b.input("x", "float32", (BATCH, LENGTH, 8)), b.constant("w", np.ones((4, 8), np.float32))
    b.op("quantized_linear", x, w, name="y", scale=1.0, zero_point=0)
    with pytest.raises(UnsupportedError, match="no layer for operator quantized_linear"):
        NCNN.convert(b.build(["y"]), ConvertRequest(tmp_path, NCNN.precisions["fp32"], 64))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        ("reduce_sum", {"axis": 0, "keepdims": True}),
        ("slice", {"axis": 0, "start": 0, "stop": 1}),
        ("transpose", {"perm": (1, 0, 2)}),
    ],
)
def test_what_goes_over_the_batch_is_refused(op: str, attrs: Mapping[str, Any], tmp_path: Path) -> None:
    b = GraphBuilder()
    b.op(op, b.input("x", "float32", (BATCH, LENGTH, 8)), name="y", **attrs)
    with pytest.raises(UnsupportedError, match="y"):
        write(b.build(["y"]), tmp_path)


@pytest.mark.parametrize("perm", [(0, 2, 1), (0, 1, 2), (0, 3, 1, 2), (0, 2, 3, 1), (0, 3, 2, 1), (0, 1, 3, 2)])
def test_every_transposition(perm: tuple[int, ...], tmp_path: Path) -> None:
    b = GraphBuilder()
    sizes = (BATCH, LENGTH, 3, 4)[: len(perm)]
    b.op("transpose", b.input("x", "float32", sizes), name="y", perm=perm)
    graph = b.build(["y"])
    feed = {"x": np.random.default_rng(0).normal(0, 1, (2, 5, 3, 4)[: len(perm)]).astype(np.float32)}
    _, artifact = write(graph, tmp_path)
    assert_same(Interpreter(graph)(feed), load(tmp_path, artifact)(feed), atol=0)


def test_threads_are_those_asked_for(encoder: Graph, tmp_path: Path) -> None:
    _, artifact = write(encoder, tmp_path)
    assert _open(tmp_path, asdict(artifact), 3).opt.num_threads == 3


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize(("family", "task", "config"), MODELS)
def test_model(
    family: str,
    task: str,
    config: Mapping[str, Any],
    precision: str,
    make_checkpoint: Callable[..., Path],
    open_model: Callable[[Path], Model],
    make_batch: Callable[..., dict[str, Array]],
    tmp_path: Path,
) -> None:
    own = "feature-extraction" if task == "sentence-similarity" else task
    model = open_model(make_checkpoint(family, own, **config, vocab_size=200))
    stored, artifact = write(rewrites.apply(model.graph(task, 64), NCNN.rewrites), tmp_path, precision)
    reference, runner = Interpreter(stored), load(tmp_path, artifact)
    for lengths in ((17, 9, 3), (1,), (64, 2)):
        feed = make_batch(model, lengths)
        assert_same(reference(feed), runner(feed), atol=2e-5)


@pytest.mark.parametrize("columns", [64, 128, 200])
def test_int8_layers_read_blocks_of_64(columns: int, tmp_path: Path) -> None:
    """The very integers, of columns that fill their blocks and of such that do not, on tokens of all sizes."""
    rng = np.random.default_rng(0)
    graph = linear_graph(rng.normal(0, 1, (80, columns)).astype(np.float32), rng.normal(0, 1, 80).astype(np.float32))
    stored, artifact = write(graph, tmp_path, "int8")
    x = rng.normal(0, 1, (2, 5, columns)) * np.geomspace(0.1, 10, 5)[:, None] * np.geomspace(1, 30, columns)
    feed = {"x": x.astype(np.float32)}
    assert_same(Interpreter(stored)(feed), load(tmp_path, artifact)(feed), atol=2e-6)


def test_int8_of_a_single_row(tmp_path: Path) -> None:
    """What a pooler reads has no axis of tokens."""
    b = GraphBuilder()
    rng = np.random.default_rng(0)
    x = b.input("x", "float32", (BATCH, 64))
    weight, bias = (rng.normal(0, 1, shape).astype(np.float32) for shape in ((80, 64), 80))
    b.op("linear", x, b.constant("w", weight), b.constant("b", bias), name="y")
    stored, artifact = write(b.build(["y"]), tmp_path, "int8")
    feed = {"x": rng.normal(0, 1, (3, 64)).astype(np.float32)}
    assert_same(Interpreter(stored)(feed), load(tmp_path, artifact)(feed), atol=2e-6)


@pytest.mark.parametrize(("precision", "bytes_each"), [("fp32", 4), ("fp16", 2), ("int8", 1)])
def test_weights_are_stored_as_the_precision_says(
    precision: str, bytes_each: int, encoder: Graph, tmp_path: Path
) -> None:
    write(encoder, tmp_path, precision)
    weights = sum(tensor.data.size for tensor in encoder.constants if tensor.data is not None)
    size = (tmp_path / "model.ncnn.bin").stat().st_size
    assert bytes_each * weights <= size < (bytes_each + 0.5) * weights


def test_same_bytes_twice(encoder: Graph, tmp_path: Path) -> None:
    contents = []
    for name in ("once", "twice"):
        _, artifact = write(encoder, tmp_path / name, "int8")
        contents.append({file: (tmp_path / name / file).read_bytes() for file in artifact.files})
    assert contents[0] == contents[1]


def test_layers_over_integers_are_kept_out_of_16_bits(encoder: Graph, tmp_path: Path) -> None:
    """An app may let ncnn store activations in float16; bits of integers, and indices beyond 2048, would be lost."""
    write(encoder, tmp_path)
    lines = (tmp_path / "model.ncnn.param").read_text("ascii").splitlines()
    integers = [line for line in lines if line.split()[0] in ("Crop", "Embed") and "position" in line.split()[1]]
    assert integers
    assert {line.split()[0] for line in integers if "31=7" in line} == {"Crop"}


def test_ids_are_right_where_an_app_allows_16_bits(
    encoder: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ncnn's own settings: ids and positions come through, and the arithmetic is as exact as 16 bits are."""
    graph, artifact = write(encoder, tmp_path)
    ids = np.random.default_rng(0).integers(5, 200, (1, 40), dtype=np.int32)
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    monkeypatch.setattr("edgelm_targets.ncnn._IN_16_BITS", ())
    got = load(tmp_path, artifact)(feed)["sentence_embedding"]
    want = Interpreter(graph)(feed)["sentence_embedding"]
    assert float((want * got).sum()) > 0.999


def test_a_blob_has_one_reader(tmp_path: Path) -> None:
    """ncnn moves a blob to the layer that reads it: for several it is split, and an output stays."""
    layers = [
        Layer("Input", "x", (), ("x",)),
        Layer("UnaryOp", "a", ("x",), ("a",), {0: 0}),
        Layer("BinaryOp", "y", ("x", "a"), ("y",), {0: 0, 1: 1, 2: 0.1, 3: [1, 2], 6: "0w,1h"}),
    ]
    written = _ncnn_file.write(tmp_path / "param", tmp_path / "bin", layers)
    assert [layer.type for layer in written] == ["Input", "Split", "UnaryOp", "BinaryOp"]
    assert (tmp_path / "param").read_text("ascii").splitlines() == [
        "7767517",
        "4 5",
        "Input x 0 1 x",
        "Split x/split 1 2 x x/0 x/1",
        "UnaryOp a 1 1 x/0 a 0=0",
        'BinaryOp y 2 1 x/1 a y 0=0 1=1 2=1.00000000e-01 -23303=2,1,2 6="0w,1h"',
    ]
    assert (tmp_path / "bin").read_bytes() == b""


def test_weights_are_aligned_and_say_their_type(tmp_path: Path) -> None:
    weights = (
        Weight(np.asarray([1, -1, 3], np.int8)),
        Weight(np.asarray([2.0], np.float16)),
        Weight(np.asarray([0.5], np.float32), tagged=False),
    )
    _ncnn_file.write(tmp_path / "param", tmp_path / "bin", [Layer("Any", "x", (), ("x",), weights=weights)])
    found = (tmp_path / "bin").read_bytes()
    assert found == bytes.fromhex("384b0d00 01ff0300 476b3001 00400000 0000003f")


@pytest.mark.parametrize("name", ["two words", "über", "x" * 256])
def test_a_name_that_ncnn_cannot_read_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="cannot read the name"):
        _ncnn_file.write(tmp_path / "param", tmp_path / "bin", [Layer("Input", name, (), (name,))])
    assert list(tmp_path.iterdir()) == []


def test_every_float32_survives_the_text() -> None:
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**32, 2000, dtype=np.uint32).view(np.float32)
    for value in bits[np.isfinite(bits)]:
        text = _ncnn_file._param(0, float(value)).removeprefix("0=")
        assert np.float32(text) == value
        assert len(text) <= 15


def test_a_model_of_64_wide_layers_in_int8(
    make_checkpoint: Callable[..., Path],
    open_model: Callable[[Path], Model],
    make_batch: Callable[..., dict[str, Array]],
    tmp_path: Path,
) -> None:
    model = open_model(make_checkpoint("roberta", "token-classification", **WIDE))
    graph = rewrites.apply(model.graph("token-classification", 64), NCNN.rewrites)
    stored, artifact = write(graph, tmp_path, "int8")
    feed = make_batch(model, (30, 12))
    want, got = Interpreter(stored)(feed)["logits"], load(tmp_path, artifact)(feed)["logits"]
    assert np.abs(want - got).max() < 2e-2 * np.abs(want).max()
