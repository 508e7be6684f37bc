"""Core ML programs, computed by coremltools itself: with constant inputs its builder evaluates what it builds."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgelm.checkpoint import open_checkpoint
from edgelm.errors import UnsupportedError, UsageError
from edgelm.families import Model
from edgelm.graph import quantize, rewrites
from edgelm.graph.builder import GraphBuilder
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import BATCH, LENGTH, Graph
from edgelm.toolchain import import_coremltools
from edgelm.types import Array, Artifact, ConvertRequest
from edgelm_converters._coreml_ops import Lowering
from edgelm_converters.coreml import COREML
from edgelm_targets import coreml as targets

from .written import assert_same

PRECISIONS = ("fp32", "fp16", "int8")
"""Those of any iOS and without a calibration; test_coreml_quantized.py has the others."""
TOLERANCES = {"fp32": 3e-6, "fp16": 4e-3}
MODEL_TOLERANCES = {"fp32": 1e-5, "fp16": 2e-2}


def computed(
    graph: Graph, feed: Mapping[str, Array], compute: str, minimum_ios: int = 17, length: int | None = None
) -> dict[str, Array]:
    """What coremltools computes while it builds the program over constant inputs."""
    coremltools = import_coremltools()
    from coremltools.converters.mil.mil import Builder, Function

    with Function({}, opset_version=getattr(coremltools.target, f"iOS{minimum_ios}")):
        inputs = {name: Builder.const(val=values, name=name) for name, values in feed.items()}
        outputs = Lowering(graph, Builder, compute, minimum_ios, length).run(inputs)
    assert [output.name for output in outputs] == list(graph.outputs)
    return {output.name: np.asarray(output.val) for output in outputs}


@pytest.mark.parametrize("compute", ["fp32", "fp16"])
def test_operator(operator: str, compute: str, one_operator: Callable[..., tuple[Graph, dict[str, Array]]]) -> None:
    graph, feed = one_operator(operator, batch=1)
    assert_same(Interpreter(graph)(feed), computed(graph, feed, compute), TOLERANCES[compute])


@pytest.mark.parametrize("length", [None, 5])
def test_position_ids_at_any_and_at_fixed_length(
    length: int | None, one_operator: Callable[..., tuple[Graph, dict[str, Array]]]
) -> None:
    graph, feed = one_operator("position_ids", batch=1)
    np.testing.assert_array_equal(computed(graph, feed, "fp32", length=length)["y0"], [[0, 1, 2, 3, 4]])


MODELS = [
    ("bert", "text-classification", {}),
    ("roberta", "question-answering", {"hidden_act": "gelu_new"}),
    ("distilbert", "token-classification", {"hidden_act": "relu"}),
    ("electra", "feature-extraction", {"hidden_act": "silu"}),
    ("albert", "multiple-choice", {}),
    ("mpnet", "sentence-similarity", {}),
    ("bert", "fill-mask", {}),
    ("nezha", "text-classification", {}),
    ("roformer", "fill-mask", {}),
    ("modernbert", "question-answering", {}),
    ("deberta-v2", "text-classification", {}),
    ("deberta-v2", "feature-extraction", {"conv_kernel_size": 3, "conv_act": "gelu"}),
]


def open_model(folder: Path | str) -> Model:
    return Model.open(open_checkpoint(str(folder)))


@pytest.mark.parametrize("compute", ["fp32", "fp16"])
@pytest.mark.parametrize(("family", "task", "config"), MODELS)
def test_model(
    family: str,
    task: str,
    config: Mapping[str, Any],
    compute: str,
    make_checkpoint: Callable[..., Path],
    make_batch: Callable[..., dict[str, Array]],
) -> None:
    own = "feature-extraction" if task == "sentence-similarity" else task
    model = open_model(make_checkpoint(family, own, **config))
    graph = rewrites.apply(model.graph(task, 64), COREML.rewrites)
    feed = {
        name: values[:1] for name, values in make_batch(model, (9, 12)).items()
    }  # one row of 9 tokens, padded to 12
    assert_same(Interpreter(graph)(feed), computed(graph, feed, compute), MODEL_TOLERANCES[compute])


def write(graph: Graph, folder: Path, precision: str = "fp32", **request: Any) -> tuple[Graph, Artifact, Any]:
    """The graph as the precision stores it, its package, and the specification read back from that."""
    folder.mkdir(exist_ok=True)
    scheme = COREML.precisions[precision]
    stored = quantize.apply_scheme(graph, scheme)
    artifact = COREML.convert(stored, ConvertRequest(folder, scheme, 64, **request))
    from coremltools.proto import Model_pb2

    return stored, artifact, Model_pb2.Model.FromString((folder / artifact.files[0]).read_bytes())


@pytest.fixture(scope="module")
def graph(make_sentence_model: Callable[..., Path]) -> Graph:
    """A tiny encoder with pooling and normalisation, large enough in its vocabulary for int8 tables."""
    model = open_model(make_sentence_model("bert", vocab_size=200))
    return rewrites.apply(model.graph("sentence-similarity", 64), COREML.rewrites)


@pytest.fixture(scope="module")
def minilm() -> Graph:
    model = open_model("all-MiniLM-L6-v2")
    return rewrites.apply(model.graph("sentence-similarity", 64), COREML.rewrites)


def operations(spec: Any) -> list[Any]:
    function = spec.mlProgram.functions["main"]
    return list(function.block_specializations[function.opset].operations)


def test_signature(graph: Graph, tmp_path: Path) -> None:
    _, artifact, spec = write(graph, tmp_path, "fp16")
    from coremltools.proto import FeatureTypes_pb2

    kinds = FeatureTypes_pb2.ArrayFeatureType.ArrayDataType
    inputs = {feature.name: feature.type.multiArrayType for feature in spec.description.input}
    assert list(inputs) == ["input_ids", "attention_mask", "token_type_ids"]
    assert {kinds.Name(kind.dataType) for kind in inputs.values()} == {"INT32"}
    for kind in inputs.values():
        bounds = [(size.lowerBound, size.upperBound) for size in kind.shapeRange.sizeRanges]
        assert (bounds, list(kind.shape)) == ([(1, 1), (1, 64)], [1, 64])
    (output,) = spec.description.output
    assert (output.name, kinds.Name(output.type.multiArrayType.dataType)) == ("sentence_embedding", "FLOAT32")
    assert [(spec.dtype, spec.shape) for spec in artifact.inputs] == [("int32", (1, "length"))] * 3
    assert artifact.outputs[0].shape == (1, 32)
    assert artifact.details["shapes"] == "range"
    assert artifact.details["notes"]


@pytest.mark.parametrize(
    ("request_", "shapes", "declared"),
    [
        ({"lengths": (32,)}, "fixed", [(1, 32)]),
        ({"options": {"shapes": "fixed"}}, "fixed", [(1, 64)]),
        ({"lengths": (16, 64), "options": {"minimum_ios": "18"}}, "enumerated", [(1, 16), (1, 64)]),
    ],
)
def test_declared_lengths(
    request_: Mapping[str, Any], shapes: str, declared: list[tuple[int, int]], graph: Graph, tmp_path: Path
) -> None:
    _, artifact, spec = write(graph, tmp_path, **request_)
    assert artifact.details["shapes"] == shapes
    assert artifact.details["lengths"] == [length for _, length in declared]
    for feature in spec.description.input:
        kind = feature.type.multiArrayType
        found = [tuple(shape.shape) for shape in kind.enumeratedShapes.shapes] or [tuple(kind.shape)]
        assert sorted(found) == declared  # coremltools puts the default first


@pytest.mark.parametrize(
    "request_",
    [
        {"lengths": (16, 64)},
        {"lengths": (16, 64), "options": {"shapes": "fixed"}},
        {"options": {"shapes": "enumerated", "minimum_ios": "18"}},
        {"options": {"shapes": "oval"}},
        {"options": {"minimum_ios": "12"}},
    ],
    ids=str,
)
def test_options_that_do_not_go_together(request_: Mapping[str, Any], graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        write(graph, tmp_path, **request_)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("minimum_ios", "version", "opset", "int8"),
    [
        ("16", 7, "CoreML6", "constexpr_affine_dequantize"),
        ("17", 8, "CoreML7", "constexpr_affine_dequantize"),
        ("18", 9, "CoreML8", "constexpr_blockwise_shift_scale"),
    ],
)
def test_minimum_ios(minimum_ios: str, version: int, opset: str, int8: str, graph: Graph, tmp_path: Path) -> None:
    stored, artifact, spec = write(graph, tmp_path, "int8", options={"minimum_ios": minimum_ios})
    assert (spec.specificationVersion, spec.mlProgram.functions["main"].opset) == (version, opset)
    quantized = [tensor for tensor in stored.constants if tensor.dtype == "int8"]
    assert [operation.type for operation in operations(spec)].count(int8) == len(quantized) > 0
    assert int8 in artifact.details["operators"]


@pytest.mark.parametrize("minimum_ios", [16, 17, 18])
def test_int8_weights_widen_to_the_graphs(minimum_ios: int, graph: Graph) -> None:
    coremltools = import_coremltools()
    from coremltools.converters.mil.mil import Builder, Function

    stored = quantize.apply_scheme(graph, COREML.precisions["int8"])
    with Function({}, opset_version=getattr(coremltools.target, f"iOS{minimum_ios}")):
        lowering = Lowering(stored, Builder, "fp16", minimum_ios, None)
        for tensor in stored.constants:
            if tensor.dtype == "int8":
                widened = lowering.read(tensor.name).op.materialized_val_inference()
                assert widened.dtype == np.float16
                np.testing.assert_allclose(widened, tensor.numpy(), rtol=2e-3)


def test_weights_are_stored_as_the_precision_says(minilm: Graph, tmp_path: Path) -> None:
    sizes = {}
    for precision in PRECISIONS:
        _, artifact, _ = write(minilm, tmp_path / precision, precision)
        sizes[precision] = (tmp_path / precision / artifact.files[1]).stat().st_size
    values = sum(tensor.data.size for tensor in minilm.constants if tensor.data is not None)
    for precision, bytes_per_value in (("fp32", 4), ("fp16", 2), ("int8", 1)):
        assert 1.0 <= sizes[precision] / (values * bytes_per_value) < 1.02


def test_float16_keeps_what_guards_a_division(minilm: Graph, tmp_path: Path) -> None:
    """Epsilons stay positive and the L2 norm is taken in float32."""
    _, _, spec = write(minilm, tmp_path, "fp16")
    from coremltools.proto import MIL_pb2

    found = {operation.outputs[0].name: operation for operation in operations(spec)}
    epsilons = [
        np.frombuffer(found[name].attributes["val"].immediateValue.tensor.bytes.values, np.float16)
        for name in found
        if name.endswith("epsilon_0") or name.endswith("_epsilon") or "const_float32_1e_09" in name
    ]
    assert len(epsilons) == 14
    assert all(values > 0 for values in epsilons)
    norm = found["sentence_embedding_norm"]
    assert norm.outputs[0].type.tensorType.dataType == MIL_pb2.DataType.FLOAT32
    half = [o for o in found.values() if o.outputs[0].type.tensorType.dataType == MIL_pb2.DataType.FLOAT16]
    assert len(half) > len(found) / 2


def test_float16_refuses_what_does_not_fit() -> None:
    b = GraphBuilder()
    b.input("x", "float32", (BATCH, LENGTH, 8))
    graph = b.build([b.op("add", "x", b.constant("c1", np.full(8, 1e6, np.float32)), name="y")])
    with pytest.raises(UnsupportedError, match="c1"):
        computed(graph, {"x": np.ones((1, 3, 8), np.float32)}, "fp16")


def test_names_that_become_one_identifier_stay_apart() -> None:
    b = GraphBuilder()
    b.input("x", "float32", (BATCH, LENGTH, 8))
    b.op("relu", "x", name="a.b")
    b.op("tanh", "a.b", name="a_b")
    graph = b.build([b.op("add", "a.b", "a_b", name="y")])
    feed = {"x": np.random.default_rng(0).normal(0, 1, (1, 3, 8)).astype(np.float32)}
    assert_same(Interpreter(graph)(feed), computed(graph, feed, "fp32"), 1e-6)


PROGRAM = """
import sys
from pathlib import Path
from edgelm.checkpoint import open_checkpoint
from edgelm.families import Model
from edgelm.graph import quantize, rewrites
from edgelm.types import ConvertRequest
from edgelm_converters.coreml import COREML

folder, out = sys.argv[1:3]
model = Model.open(open_checkpoint(folder))
graph = rewrites.apply(model.graph("text-classification", 64), COREML.rewrites)
for precision in sys.argv[3:]:
    scheme = COREML.precisions[precision]
    target = Path(out) / precision
    target.mkdir()
    COREML.convert(quantize.apply_scheme(graph, scheme), ConvertRequest(target, scheme, 64))
unwanted = {"torch", "transformers", "tensorflow", "jax", "sklearn"} & set(sys.modules)
assert not unwanted, unwanted
"""


def test_same_bytes_from_two_processes_in_silence_and_without_a_framework(
    make_checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_checkpoint("bert", "text-classification", vocab_size=200)
    (tmp_path / "process").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), str(tmp_path / "process"), *PRECISIONS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    graph = rewrites.apply(open_model(folder).graph("text-classification", 64), COREML.rewrites)
    for precision in PRECISIONS:
        _, artifact, _ = write(graph, tmp_path / precision, precision)
        for file in artifact.files:
            contents = [(root / precision / file).read_bytes() for root in (tmp_path, tmp_path / "process")]
            assert len({hashlib.sha256(content).hexdigest() for content in contents}) == 1, (precision, file)


def test_package_is_one_that_coremltools_opens(graph: Graph, tmp_path: Path) -> None:
    _, artifact, _ = write(graph, tmp_path, "int8")
    package = tmp_path / artifact.details["package"]
    model = import_coremltools().models.MLModel(str(package), skip_model_load=True)
    assert model.get_spec().WhichOneof("Type") == "mlProgram"
    manifest = json.loads((package / "Manifest.json").read_text())
    assert manifest["rootModelIdentifier"] in manifest["itemInfoEntries"]
    assert all((package / "Data" / item["path"]).exists() for item in manifest["itemInfoEntries"].values())


def test_off_a_mac_the_report_says_what_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert "macOS" in (targets.COREML.emulated or "")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert targets.COREML.emulated is None


@pytest.mark.parametrize("shapes", ["range", "fixed"])
def test_runner_over_a_stand_in_for_core_ml(
    shapes: str, graph: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A batch goes row by row, as int32, and padded where lengths are fixed."""
    seen: list[tuple[int, ...]] = []

    class StandIn:
        def __init__(self, path: str, compute_units: object) -> None:
            assert (Path(path).name, compute_units) == ("model.mlpackage", "all")

        def predict(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
            assert {values.dtype for values in inputs.values()} == {np.dtype(np.int32)}
            seen.append(inputs["input_ids"].shape)
            return Interpreter(graph)(inputs)

    coremltools = SimpleNamespace(ComputeUnit={"ALL": "all"}, models=SimpleNamespace(MLModel=StandIn))
    _, artifact, _ = write(graph, tmp_path, options={"shapes": shapes})
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(targets, "import_coremltools", lambda: coremltools)
    ids = np.arange(10, 20, dtype=np.int64).reshape(2, 5)
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    got = targets.COREML.load(tmp_path, {"artifact": asdict(artifact)}, 1)(feed)
    assert_same(Interpreter(graph)(feed), got, 1e-5)
    assert seen == [(1, 64 if shapes == "fixed" else 5)] * 2
