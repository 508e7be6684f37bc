"""TFLite files, run by LiteRT with and without XNNPACK, and read back through the format's own schema."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter as LiteRT
from ai_edge_litert.interpreter import OpResolverType

from edgelm.checkpoint import open_checkpoint
from edgelm.errors import UnsupportedError, UsageError
from edgelm.families import Model
from edgelm.graph import quantize, rewrites
from edgelm.graph.builder import GraphBuilder
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import BATCH, LENGTH, Graph
from edgelm.types import Array, Artifact, ConvertRequest, Runner
from edgelm_converters import _tflite_file
from edgelm_converters._tflite_ops import LOWERINGS
from edgelm_converters.tflite import TFLITE
from edgelm_targets.base import row_by_row
from edgelm_targets.tflite import TFLITE as TARGET
from edgelm_targets.tflite import _without_chatter

from .written import BERT_LIKE, DISENTANGLED, RELATIVE, ROTARY, assert_same

RESOLVERS = {"XNNPACK": OpResolverType.AUTO, "plain kernels": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES}
RUNTIME_2_14 = {
    "ADD": 5, "BATCH_MATMUL": 4, "CAST": 5, "CONCATENATION": 4, "CUMSUM": 1, "DEQUANTIZE": 5, "DIV": 2,
    "EXPAND_DIMS": 1, "FULLY_CONNECTED": 10, "GATHER": 6, "GELU": 2, "LOGISTIC": 3, "MAXIMUM": 4, "MEAN": 3, "MUL": 7,
    "NOT_EQUAL": 3, "REDUCE_MAX": 3, "RELU": 3, "RESHAPE": 1, "RSQRT": 2, "SLICE": 6, "SOFTMAX": 3, "SPLIT": 4,
    "SPLIT_V": 2, "SQRT": 1, "SQUEEZE": 2, "SUB": 5, "SUM": 2, "TANH": 3, "TRANSPOSE": 6,
}  # fmt: skip
"""The newest version of each operator that tflite-runtime 2.14 has."""
PRECISIONS = ("fp32", "fp16", "int8")
"""Those of any runtime and without a calibration; test_tflite_quantized.py has the others."""


def write(
    graph: Graph, folder: Path, precision: str = "fp32", lengths: tuple[int, ...] = (), **options: str
) -> tuple[Graph, Artifact]:
    """The graph as the precision stores it, and its file."""
    scheme = TFLITE.precisions[precision]
    stored = quantize.apply_scheme(graph, scheme)
    return stored, TFLITE.convert(stored, ConvertRequest(folder, scheme, 64, lengths, options))


def load(folder: Path, artifact: Artifact, lengths: tuple[int, ...] = ()) -> Runner:
    return TARGET.load(folder, {"artifact": asdict(artifact), "lengths": list(lengths)}, 1)


def read(folder: Path) -> Any:
    """The file as the schema's object tree."""
    return schema.ModelT.InitFromPackedBuf((folder / "model.tflite").read_bytes())


def operators(folder: Path) -> Counter[tuple[str, int]]:
    """How often each operator in each version is used."""
    names = {number: name for name, number in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    model = read(folder)
    codes = [(names[code.builtinCode], code.version) for code in model.operatorCodes]
    return Counter(codes[operator.opcodeIndex] for subgraph in model.subgraphs for operator in subgraph.operators)


@pytest.mark.parametrize("resolver", RESOLVERS)
@pytest.mark.parametrize("length", [None, 5])
def test_operator(
    operator: str,
    length: int | None,
    resolver: str,
    one_operator: Callable[..., tuple[Graph, dict[str, Array]]],
    tmp_path: Path,
) -> None:
    graph, feed = one_operator(operator, batch=1)
    write(graph, tmp_path, lengths=() if length is None else (length,))
    interpreter = LiteRT(str(tmp_path / "model.tflite"), experimental_op_resolver_type=RESOLVERS[resolver])
    (signature,) = interpreter.get_signature_list()
    got = interpreter.get_signature_runner(signature)(**feed)
    assert_same(Interpreter(graph)(feed), {name: got[name] for name in graph.outputs})
    assert all(version <= RUNTIME_2_14[name] for name, version in operators(tmp_path))


def test_every_operator_has_a_lowering() -> None:
    from edgelm.graph.ops import OPS

    assert set(LOWERINGS) == set(OPS)


def test_two_unknown_sizes(tmp_path: Path) -> None:
    """What RESHAPE cannot say at any length: adding and dropping axes still works, other reshapes are refused."""
    b = GraphBuilder()
    x = b.input("x", "float32", (BATCH, LENGTH, 4))
    scores = b.op("matmul", x, x, name="scores", transpose_b=True)
    raised = b.op("unsqueeze", scores, name="raised", axis=1)
    b.op("squeeze", raised, name="y", axis=1)
    b.op("reshape", raised, name="refused", shape=(0, 0, 0, 0, 1))
    graph, feed = b.build(["y"]), {"x": np.ones((1, 7, 4), np.float32)}
    _, artifact = write(graph, tmp_path)
    assert_same(Interpreter(graph)(feed), load(tmp_path, artifact)(feed))
    with pytest.raises(UnsupportedError, match="two unknown sizes"):
        write(b.build(["refused"]), tmp_path)
    write(b.build(["refused"]), tmp_path, lengths=(7,))


MODELS = (*BERT_LIKE, ("ernie", "sentence-similarity", {}), *ROTARY, *RELATIVE, *DISENTANGLED)


FORMS = {"any length": (), "fixed lengths": (16, 64)}


@pytest.fixture
def open_tiny(make_checkpoint: Callable[..., Path]) -> Callable[..., tuple[Model, Graph]]:
    """A tiny model and its graph: tables and layers just large enough to be quantized."""

    def make(family: str, task: str, config: Mapping[str, Any]) -> tuple[Model, Graph]:
        own = "feature-extraction" if task == "sentence-similarity" else task
        sizes = {"hidden_size": 64, "intermediate_size": 96, "vocab_size": 200}
        model = Model.open(open_checkpoint(str(make_checkpoint(family, own, **sizes, **config))))
        return model, rewrites.apply(model.graph(task, 64), TFLITE.rewrites)

    return make


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("family", "task", "config"), MODELS)
def test_model(
    family: str,
    task: str,
    config: Mapping[str, Any],
    precision: str,
    form: str,
    open_tiny: Callable[..., tuple[Model, Graph]],
    make_batch: Callable[..., dict[str, Array]],
    tmp_path: Path,
) -> None:
    model, graph = open_tiny(family, task, config)
    stored, artifact = write(graph, tmp_path, precision, FORMS[form])
    reference, runner = Interpreter(stored), load(tmp_path, artifact, FORMS[form])
    for batch in ((17, 9, 3), (1,), (64, 2)):
        feed = make_batch(model, batch)
        assert_same(reference(feed), runner(feed), atol=0.05 if precision == "int8" else 2e-5)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("family", "task", "config"), [model for model in MODELS if model[0] != "deberta-v2"])
def test_xnnpack_takes_the_whole_encoder(
    family: str,
    task: str,
    config: Mapping[str, Any],
    precision: str,
    form: str,
    open_tiny: Callable[..., tuple[Model, Graph]],
    tmp_path: Path,
) -> None:
    """One delegate node, which writes every output; it reads no more than the mask and what was looked up."""
    write(open_tiny(family, task, config)[1], tmp_path, precision, FORMS[form])
    interpreter = LiteRT(str(tmp_path / "model.tflite"))
    for detail in interpreter.get_input_details():
        interpreter.resize_tensor_input(detail["index"], [1, 16])
    interpreter.allocate_tensors()
    (delegate,) = [node for node in interpreter._get_ops_details() if node["op_name"] == "DELEGATE"]
    assert {detail["index"] for detail in interpreter.get_output_details()} == set(delegate["outputs"].tolist())
    tensors = read(tmp_path).subgraphs[0].tensors
    read_at_run_time = {tensors[i].name.decode() for i in delegate["inputs"] if not tensors[i].buffer}
    words = ("embeddings.word", "embeddings.position", "embeddings.token_type")
    lookups = ("mask", *words, "relative.gather", "relative.encodings", "rotary_", "window_")
    assert {name for name in read_at_run_time if not name.startswith(lookups)} == set()


def test_xnnpack_stops_at_the_columns_of_each_layer(open_tiny: Callable[..., Any], tmp_path: Path) -> None:
    """XNNPACK has no GATHER: DeBERTa's layers have one delegate node before each pair of them, and one follows."""
    model, graph = open_tiny("deberta-v2", "text-classification", {})
    write(graph, tmp_path)
    interpreter = LiteRT(str(tmp_path / "model.tflite"))
    interpreter.allocate_tensors()
    names = Counter(node["op_name"] for node in interpreter._get_ops_details())
    assert names["DELEGATE"] == len(model.encoder.layers) + 1


def test_any_length(
    open_tiny: Callable[..., tuple[Model, Graph]], make_batch: Callable[..., dict[str, Array]], tmp_path: Path
) -> None:
    model, graph = open_tiny("bert", "token-classification", {})
    _, artifact = write(graph, tmp_path)
    reference, runner = Interpreter(graph), load(tmp_path, artifact)
    for length in (*range(5, 65), 1, 64, 2):
        feed = make_batch(model, (length,))
        assert_same(reference(feed), runner(feed), atol=2e-5)


@pytest.fixture(scope="module")
def minilm() -> Graph:
    model = Model.open(open_checkpoint("all-MiniLM-L6-v2"))
    return rewrites.apply(model.graph("sentence-similarity", 64), TFLITE.rewrites)


@pytest.fixture(scope="module")
def files(minilm: Graph, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[Graph, Artifact, Path]]:
    """MiniLM in each precision, at any length."""
    made = {}
    for precision in PRECISIONS:
        folder = tmp_path_factory.mktemp(precision)
        made[precision] = (*write(minilm, folder, precision), folder)
    return made


def sentence(length: int) -> dict[str, Array]:
    ids = np.random.default_rng(length).integers(1000, 29000, (1, length), dtype=np.int32)
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}


def test_sizes(files: Mapping[str, tuple[Graph, Artifact, Path]], minilm: Graph, tmp_path: Path) -> None:
    """Nothing but the weights, and a second length adds operators, not weights."""
    size = {name: (folder / "model.tflite").stat().st_size / 1e6 for name, (_, _, folder) in files.items()}
    assert size["fp32"] < 90.2
    assert size["fp16"] < 45.3
    assert size["int8"] < 22.9
    write(minilm, tmp_path, "int8", (16, 32, 64))
    assert (tmp_path / "model.tflite").stat().st_size / 1e6 < size["int8"] + 0.2


def test_int8_layer_is_exact(tmp_path: Path) -> None:
    """One layer with very unequal channels, in both forms and with both kinds of kernels, is the interpreter's."""
    rng, b = np.random.default_rng(0), GraphBuilder()
    x = b.input("x", "float32", (BATCH, LENGTH, 96))
    weight = rng.normal(0, 1, (64, 96)) * np.exp(rng.normal(0, 2, (64, 1)))
    constants = b.constant("w", weight.astype(np.float32)), b.constant("b", rng.normal(0, 1, 64).astype(np.float32))
    b.op("linear", x, *constants, name="y")
    feed = {"x": rng.normal(0.3, 1, (1, 9, 96)).astype(np.float32)}
    for minimum, version in (("2.14", 9), ("2.17", 12)):
        stored, _ = write(b.build(["y"]), tmp_path, "int8", minimum_runtime=minimum)
        want = Interpreter(stored)(feed)
        assert operators(tmp_path)["FULLY_CONNECTED", version] == 1
        for resolver in RESOLVERS.values():
            interpreter = LiteRT(str(tmp_path / "model.tflite"), experimental_op_resolver_type=resolver)
            assert_same(want, interpreter.get_signature_runner("serving_default")(**feed), atol=2e-6)


@pytest.mark.parametrize("minimum", ["2.14", "2.17"])
def test_int8_computes_the_quantized_graph(minilm: Graph, minimum: str, tmp_path: Path) -> None:
    """As closely as six layers of rounding allow: with its biases moved by 1e-7 the graph itself is at 0.999."""
    stored, artifact = write(minilm, tmp_path, "int8", minimum_runtime=minimum)
    want, got = Interpreter(stored)(sentence(21)), load(tmp_path, artifact)(sentence(21))
    assert float(want["sentence_embedding"][0] @ got["sentence_embedding"][0]) > 0.998


def test_built_in_operators_of_2_14(files: Mapping[str, tuple[Graph, Artifact, Path]]) -> None:
    for _, artifact, folder in files.values():
        used = operators(folder)
        assert all(version <= RUNTIME_2_14[name] for name, version in used)
        assert artifact.details["operators"] == sorted(f"{name} v{version}" for name, version in used)
        model = read(folder)
        assert all(code.customCode is None for code in model.operatorCodes)
        metadata = {entry.name: bytes(model.buffers[entry.buffer].data) for entry in model.metadata}
        assert metadata == {b"min_runtime_version": b"2.9.0".ljust(16, b"\0")}


def test_buffers_are_aligned(files: Mapping[str, tuple[Graph, Artifact, Path]]) -> None:
    _, _, folder = files["int8"]
    content = (folder / "model.tflite").read_bytes()
    model = schema.Model.GetRootAs(content)
    assert schema.Model.ModelBufferHasIdentifier(content, 0)
    starts = [table._tab.Vector(table._tab.Offset(4)) for table in map(model.Buffers, range(1, model.BuffersLength()))]
    assert starts
    assert all(start % 16 == 0 for start in starts)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_tied_weights_are_stored_once(precision: str, make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_checkpoint("bert", "fill-mask", vocab_size=400)
    write(Model.open(open_checkpoint(str(folder))).graph("fill-mask", 64), tmp_path, precision, (16, 32))
    width = {"fp32": 4, "fp16": 2, "int8": 1}[precision]
    sizes = [buffer.data.size for buffer in read(tmp_path).buffers if buffer.data is not None]
    assert sizes.count(400 * 32 * width) == 1
    assert max(sizes) == 400 * 32 * width


def test_same_bytes(make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    """Twice here, and once in a process of its own with another hash seed."""
    folder = make_checkpoint("bert", "text-classification")
    graph = rewrites.apply(Model.open(open_checkpoint(str(folder))).graph("text-classification", 64), TFLITE.rewrites)
    contents = []
    for _ in range(2):
        write(graph, tmp_path, "int8", (16, 32))
        contents.append((tmp_path / "model.tflite").read_bytes())
    script = (
        "import sys; from pathlib import Path; from edgelm.checkpoint import open_checkpoint\n"
        "from edgelm.families import Model; from edgelm.graph import quantize, rewrites\n"
        "from edgelm.types import ConvertRequest; from edgelm_converters.tflite import TFLITE\n"
        "graph = Model.open(open_checkpoint(sys.argv[1])).graph('text-classification', 64)\n"
        "scheme = TFLITE.precisions['int8']\n"
        "stored = quantize.apply_scheme(rewrites.apply(graph, TFLITE.rewrites), scheme)\n"
        "TFLITE.convert(stored, ConvertRequest(Path(sys.argv[2]), scheme, 64, (16, 32)))\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", script, str(folder), str(tmp_path)], check=True, env=environment)
    contents.append((tmp_path / "model.tflite").read_bytes())
    assert contents[0] == contents[1] == contents[2]


def test_signature(minilm: Graph, tmp_path: Path) -> None:
    _, artifact = write(minilm, tmp_path)
    assert artifact.details["signatures"] == {"serving_default": None}
    assert [(spec.name, spec.dtype, spec.shape) for spec in (*artifact.inputs, *artifact.outputs)] == [
        *((name, "int32", (1, "length")) for name in ("input_ids", "attention_mask", "token_type_ids")),
        ("sentence_embedding", "float32", (1, 384)),
    ]
    (subgraph,) = read(tmp_path).subgraphs
    for index in subgraph.inputs:
        tensor = subgraph.tensors[index]
        assert (tensor.shape.tolist(), tensor.shapeSignature.tolist()) == ([1, 1], [1, -1])
    _, artifact = write(minilm, tmp_path, lengths=(16, 48))
    assert artifact.details["signatures"] == {"length_16": 16, "length_48": 48}
    signatures = LiteRT(str(tmp_path / "model.tflite")).get_signature_list()
    names = ["attention_mask", "input_ids", "token_type_ids"]
    assert signatures == {f"length_{n}": {"inputs": names, "outputs": ["sentence_embedding"]} for n in (16, 48)}


def test_too_long_for_the_fixed_lengths(minilm: Graph, tmp_path: Path) -> None:
    _, artifact = write(minilm, tmp_path, lengths=(16,))
    with pytest.raises(UsageError, match="17 tokens are more than"):
        load(tmp_path, artifact, (16,))(sentence(17))


def test_batches_are_run_row_by_row(files: Mapping[str, tuple[Graph, Artifact, Path]]) -> None:
    _, artifact, folder = files["int8"]
    runner = load(folder, artifact)
    rows = {name: np.repeat(array, 3, axis=0) for name, array in sentence(9).items()}
    assert runner(rows)["sentence_embedding"].shape == (3, 384)
    np.testing.assert_array_equal(runner(rows)["sentence_embedding"][2:], runner(sentence(9))["sentence_embedding"])
    assert row_by_row(runner)(rows)["sentence_embedding"].shape == (3, 384)


def test_refusals(minilm: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"Unknown minimum_runtime '1'\. Choose from 2\.14, 2\.17, 2\.21\."):
        write(minilm, tmp_path, minimum_runtime="1")
    monkeypatch.setattr(_tflite_file, "_LARGEST_FILE", 1000)
    with pytest.raises(UnsupportedError, match="at most 2 GB"):
        write(minilm, tmp_path)


def test_chatter_is_held_back_and_errors_are_not(capfd: pytest.CaptureFixture[str]) -> None:
    with _without_chatter():
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\nERROR: out of memory\n")
    assert capfd.readouterr().err == "ERROR: out of memory\n"
