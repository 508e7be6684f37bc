"""TFLite files of static int8 and of int4: computed by LiteRT as the interpreter computes the same stored graph."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter as LiteRT
from ai_edge_litert.interpreter import OpResolverType

from edgelm.calibrate.observers import extremes
from edgelm.checkpoint import open_checkpoint
from edgelm.errors import UnsupportedError, UsageError
from edgelm.families import Model
from edgelm.graph import numeric, quantize, rewrites
from edgelm.graph.builder import GraphBuilder, with_constants
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import BATCH, LENGTH, Graph, Quantization, Tensor
from edgelm.graph.quantize import Calibration
from edgelm.types import Array, Artifact, ConvertRequest
from edgelm.validate.bisect import LIMITS, bisect
from edgelm_converters.tflite import TFLITE
from edgelm_targets.tflite import TFLITE as TARGET

RESOLVERS = {"XNNPACK": OpResolverType.AUTO, "plain kernels": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES}
RUNTIME = {"int8-static": "2.14", "int4": "2.21"}
"""By precision: the oldest runtime."""
FULLY_CONNECTED = {"int8-static": 10, "int4": 14}
NOISE = {"int8-static": 0.05, "int4": 0.02}
"""Root mean square error of a tiny model's outputs, in units of their own where that exceeds one."""
FORMS = {"any length": (), "fixed lengths": (16, 64)}
MODELS = [
    ("bert", "text-classification", {}),
    ("bert", "fill-mask", {"hidden_act": "silu"}),
    ("roberta", "question-answering", {"hidden_act": "gelu_new"}),
    ("distilbert", "token-classification", {"hidden_act": "relu"}),
    ("electra", "feature-extraction", {}),
    ("albert", "multiple-choice", {}),
    ("ernie", "sentence-similarity", {}),
    ("mpnet", "sentence-similarity", {}),
]
Calibrate = Callable[[Graph, Any], Calibration]


def convert(stored: Graph, folder: Path, precision: str, lengths: tuple[int, ...] = ()) -> Artifact:
    options = {"minimum_runtime": RUNTIME[precision]}
    return TFLITE.convert(stored, ConvertRequest(folder, TFLITE.precisions[precision], 64, lengths, options))


def manifest(artifact: Artifact, lengths: tuple[int, ...] = ()) -> Mapping[str, Any]:
    return {"artifact": asdict(artifact), "lengths": list(lengths)}


def rms(values: Array) -> float:
    return float(np.sqrt(np.square(values).mean()))


def read(folder: Path) -> Any:
    """The file as the schema's object tree."""
    return schema.ModelT.InitFromPackedBuf((folder / "model.tflite").read_bytes())


def operators(folder: Path) -> Counter[tuple[str, int]]:
    """How often each operator in each version is used."""
    names = {number: name for name, number in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    model = read(folder)
    codes = [(names[code.builtinCode], code.version) for code in model.operatorCodes]
    return Counter(codes[operator.opcodeIndex] for subgraph in model.subgraphs for operator in subgraph.operators)


def layer(weight: Array, bias: Array) -> Graph:
    """One linear layer."""
    b = GraphBuilder()
    x = b.input("x", "float32", (BATCH, LENGTH, weight.shape[1]))
    b.op("linear", x, b.constant("w", weight.astype(np.float32)), b.constant("b", bias.astype(np.float32)), name="y")
    return b.build(["y"])


def ranges(graph: Graph, feed: Mapping[str, Array]) -> Calibration:
    """Of the layer's input and output."""
    return Calibration(extremes(graph, [feed], ["x", "y"]))


def answers(folder: Path, feed: Mapping[str, Array]) -> dict[str, Array]:
    """What the file's layer says through each kind of kernels."""
    return {
        kernels: LiteRT(
            str(folder / "model.tflite"), experimental_op_resolver_type=resolver
        ).get_signature_runner("serving_default")(**feed)["y"]
        for kernels, resolver in RESOLVERS.items()
    }  # fmt: skip


def rounded_scales(graph: Graph) -> Graph:
    """Its int4 scales as bfloat16 holds them, in which XNNPACK keeps them, and float16 as well."""

    def rounded(tensor: Tensor, quantization: Quantization) -> Tensor:
        bits = numeric.to_bfloat16(quantization.scale).astype(np.uint32) << 16
        return replace(tensor, quantization=replace(quantization, scale=bits.view(np.float32)))

    int4 = [tensor for tensor in graph.constants if tensor.dtype == "int4"]
    return with_constants(graph, [rounded(tensor, tensor.quantization) for tensor in int4 if tensor.quantization])


@pytest.fixture(scope="module")
def unequal() -> tuple[Graph, dict[str, Array]]:
    """A layer of very unequal channels, and an input for it."""
    rng = np.random.default_rng(0)
    graph = layer(rng.normal(0, 1, (64, 96)) * np.exp(rng.normal(0, 2, (64, 1))), rng.normal(0, 1, 64))
    return graph, {"x": rng.normal(0.3, 1, (1, 9, 96)).astype(np.float32)}


def assert_within_a_step(graph: Graph, want: Array, got: Array, share: float) -> None:
    """No more than that share of the values is rounded to the next step, and none further."""
    (node,) = (node for node in graph.nodes if node.op == "quantized_linear")
    steps = (got - want) / node.attrs["output_scale"]
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)
    assert np.abs(steps).max() < 1.001
    assert (np.abs(steps) > 0.5).mean() <= share


def test_static_layer_is_integer_arithmetic(unequal: tuple[Graph, dict[str, Array]], tmp_path: Path) -> None:
    graph, feed = unequal
    stored = quantize.apply_scheme(graph, TFLITE.precisions["int8-static"], ranges(graph, feed))
    convert(stored, tmp_path, "int8-static")
    (want,) = Interpreter(stored)(feed).values()
    for got in answers(tmp_path, feed).values():
        assert_within_a_step(stored, want, got, share=0.005)


def test_static_layer_with_rows_that_kernels_cannot_hold(tmp_path: Path) -> None:
    """A bias on nothing, and on weights so small that it would not fit int32, is still the bias."""
    rng = np.random.default_rng(1)
    weight, bias = rng.normal(0, 1, (64, 96)), rng.normal(0, 3, 64)
    weight[3], weight[4] = 0, weight[4] * 1e-9
    graph, feed = layer(weight, bias), {"x": rng.normal(0, 1, (1, 9, 96)).astype(np.float32)}
    stored = quantize.apply_scheme(graph, TFLITE.precisions["int8-static"], ranges(graph, feed))
    convert(stored, tmp_path, "int8-static")
    (want,) = Interpreter(stored)(feed).values()
    assert np.abs(want[..., 3:5]).min() > 0.1
    for got in answers(tmp_path, feed).values():
        assert_within_a_step(stored, want, got, share=0.005)
        np.testing.assert_allclose(got[..., 3:5], want[..., 3:5], rtol=1e-6)


def test_int4_layer_is_exact_where_its_scales_are_bfloat16s(
    unequal: tuple[Graph, dict[str, Array]], tmp_path: Path
) -> None:
    graph, feed = unequal
    stored = rounded_scales(quantize.apply_scheme(graph, TFLITE.precisions["int4"]))
    convert(stored, tmp_path, "int4")
    (want,) = Interpreter(stored)(feed).values()
    for got in answers(tmp_path, feed).values():
        np.testing.assert_allclose(got, want, atol=1e-6 * float(np.abs(want).max()))


def test_int4_scales_beyond_float16(tmp_path: Path) -> None:
    """Blocks of values near nothing keep what steps they can; values near infinity are refused."""
    rng = np.random.default_rng(2)
    weight = rng.normal(0, 1, (64, 96))
    weight[:, 32:64] *= 1e-5
    weight[5] = 0
    graph, feed = layer(weight, np.zeros(64)), {"x": rng.normal(0, 1, (1, 9, 96)).astype(np.float32)}
    stored = rounded_scales(quantize.apply_scheme(graph, TFLITE.precisions["int4"]))
    convert(stored, tmp_path, "int4")
    (want,) = Interpreter(stored)(feed).values()
    for got in answers(tmp_path, feed).values():
        np.testing.assert_allclose(got, want, atol=1e-3)
        assert not got[..., 5].any()
    weight[7, 3] = 1e9
    stored = quantize.apply_scheme(layer(weight, np.zeros(64)), TFLITE.precisions["int4"])
    with pytest.raises(UnsupportedError, match="w do not fit float16"):
        convert(stored, tmp_path, "int4")


@pytest.fixture
def tiny(
    make_checkpoint: Callable[..., Path], make_batch: Callable[..., dict[str, Array]], min_max: Calibrate
) -> Callable[..., tuple[Model, Graph]]:
    """``tiny(precision, family, task, config)``: a tiny model and its graph as the precision stores it."""

    def make(precision: str, family: str, task: str, config: Mapping[str, Any]) -> tuple[Model, Graph]:
        own = "feature-extraction" if task == "sentence-similarity" else task
        sizes = {"hidden_size": 64, "intermediate_size": 96, "vocab_size": 200, **config}
        model = Model.open(open_checkpoint(str(make_checkpoint(family, own, **sizes))))
        graph = rewrites.apply(model.graph(task, 64), TFLITE.rewrites)
        calibration = min_max(graph, [make_batch(model, (64, 17, 9, 3), seed) for seed in range(4)])
        return model, quantize.apply_scheme(graph, TFLITE.precisions[precision], calibration)

    return make


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("precision", RUNTIME)
@pytest.mark.parametrize(("family", "task", "config"), MODELS)
def test_every_operator_computes_the_graphs(
    family: str,
    task: str,
    config: Mapping[str, Any],
    precision: str,
    form: str,
    tiny: Callable[..., tuple[Model, Graph]],
    make_batch: Callable[..., dict[str, Array]],
    tmp_path: Path,
) -> None:
    """From the artifact's own values, and within what one rounding to the other side moves."""
    model, stored = tiny(precision, family, task, config)
    stored = rounded_scales(stored)
    artifact = convert(stored, tmp_path, precision, FORMS[form])
    names = {name for node in stored.nodes for name in node.outputs}
    trace = TARGET.trace(tmp_path, manifest(artifact, FORMS[form]), 1, names)
    feeds = {str(length): make_batch(model, (length,)) for length in (1, 13, 64)}
    found = bisect(stored, trace, feeds, LIMITS[TFLITE.precisions[precision].activations])
    assert found.first is None
    assert found.shown >= found.operators - 1  # positions are a constant at a fixed length


@pytest.mark.parametrize("precision", RUNTIME)
@pytest.mark.parametrize(("family", "task", "config"), MODELS)
def test_outputs(
    family: str,
    task: str,
    config: Mapping[str, Any],
    precision: str,
    tiny: Callable[..., tuple[Model, Graph]],
    make_batch: Callable[..., dict[str, Array]],
    tmp_path: Path,
) -> None:
    """Looser than operator by operator: a rounding to the other side in one layer moves those of the next."""
    model, stored = tiny(precision, family, task, config)
    stored = rounded_scales(stored)
    reference, runner = Interpreter(stored), TARGET.load(tmp_path, manifest(convert(stored, tmp_path, precision)), 1)
    for batch in ((17, 9, 3), (1,), (64, 2)):
        feed = make_batch(model, batch)
        got = runner(feed)
        for name, want in reference(feed).items():
            assert got[name].shape == want.shape
            assert rms(got[name] - want) < NOISE[precision] * max(1.0, rms(want)), name


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("precision", RUNTIME)
@pytest.mark.parametrize(("family", "task", "config"), MODELS)
def test_xnnpack_takes_the_whole_encoder(
    family: str,
    task: str,
    config: Mapping[str, Any],
    precision: str,
    form: str,
    tiny: Callable[..., tuple[Model, Graph]],
    tmp_path: Path,
) -> None:
    """One delegate node, which writes every output; it reads no more than the mask and what was looked up."""
    convert(tiny(precision, family, task, config)[1], tmp_path, precision, FORMS[form])
    interpreter = LiteRT(str(tmp_path / "model.tflite"))
    for detail in interpreter.get_input_details():
        interpreter.resize_tensor_input(detail["index"], [1, 16])
    interpreter.allocate_tensors()
    (delegate,) = [node for node in interpreter._get_ops_details() if node["op_name"] == "DELEGATE"]
    assert {detail["index"] for detail in interpreter.get_output_details()} == set(delegate["outputs"].tolist())
    tensors = read(tmp_path).subgraphs[0].tensors
    read_at_run_time = {tensors[i].name.decode() for i in delegate["inputs"] if not tensors[i].buffer}
    lookups = ("mask", "embeddings.word", "embeddings.position", "embeddings.token_type", "relative.gather")
    assert {name for name in read_at_run_time if not name.startswith(lookups)} == set()


@pytest.mark.parametrize("precision", RUNTIME)
def test_declared_versions(precision: str, tiny: Callable[..., tuple[Model, Graph]], tmp_path: Path) -> None:
    """Integer layers are declared so that runtimes that would compute them wrongly refuse them."""
    _, stored = tiny(precision, "bert", "token-classification", {})
    artifact = convert(stored, tmp_path, precision)
    layers = [node for node in stored.nodes if node.op == "quantized_linear" or "activations" in node.attrs]
    assert operators(tmp_path)["FULLY_CONNECTED", FULLY_CONNECTED[precision]] == len(layers) == 12
    assert artifact.details["min_runtime_version"] == f"{RUNTIME[precision]}.0"


def test_an_older_runtime_is_promised_no_int4(tiny: Callable[..., tuple[Model, Graph]], tmp_path: Path) -> None:
    _, stored = tiny("int4", "bert", "token-classification", {})
    with pytest.raises(UsageError, match=r"needs TFLite 2\.21\.0, and minimum_runtime is 2\.14") as raised:
        TFLITE.convert(stored, ConvertRequest(tmp_path, TFLITE.precisions["int4"], 64))
    assert raised.value.hint == "Pass --option minimum_runtime=2.21."
    assert not (tmp_path / "model.tflite").exists()


def test_query_key_and_value_share_what_they_read(tiny: Callable[..., tuple[Model, Graph]], tmp_path: Path) -> None:
    """One QUANTIZE before each of: query, key and value; attention's output; the two of the feed-forward network."""
    convert(tiny("int8-static", "bert", "token-classification", {})[1], tmp_path, "int8-static")
    assert operators(tmp_path)["QUANTIZE", 1] == 2 * 4
    assert operators(tmp_path)["DEQUANTIZE", 2] == 2 * 6


def test_scales_are_the_graphs(tiny: Callable[..., tuple[Model, Graph]], tmp_path: Path) -> None:
    _, stored = tiny("int8-static", "bert", "token-classification", {})
    convert(stored, tmp_path, "int8-static")
    tensors = {tensor.name.decode(): tensor.quantization for tensor in read(tmp_path).subgraphs[0].tensors}
    for node in (node for node in stored.nodes if node.op == "quantized_linear"):
        x, weight, _ = node.inputs
        attrs, scales = node.attrs, stored[weight].quantization
        assert scales is not None
        for name, scale, zero in ((x, "scale", "zero_point"), (node.output, "output_scale", "output_zero_point")):
            declared = tensors[f"{name}/int8"]
            assert (declared.scale.tolist(), declared.zeroPoint.tolist()) == ([attrs[scale]], [attrs[zero]])
        np.testing.assert_array_equal(tensors[weight].scale, scales.scale)
        np.testing.assert_array_equal(tensors[f"{node.output}/bias"].scale, np.float32(attrs["scale"]) * scales.scale)


@pytest.mark.parametrize("precision", RUNTIME)
def test_tied_weights_are_stored_once(precision: str, tiny: Callable[..., tuple[Model, Graph]], tmp_path: Path) -> None:
    """As int8, which a table is in either precision."""
    convert(tiny(precision, "bert", "fill-mask", {"vocab_size": 400})[1], tmp_path, precision, (16, 32))
    sizes = [buffer.data.size for buffer in read(tmp_path).buffers if buffer.data is not None]
    assert sizes.count(400 * 64) == 1
    assert max(sizes) == 400 * 64


def test_int4_layers_beside_int8_ones(
    tiny: Callable[..., tuple[Model, Graph]], make_batch: Callable[..., dict[str, Array]], tmp_path: Path
) -> None:
    """80 columns are no multiple of 32."""
    model, stored = tiny("int4", "bert", "token-classification", {"intermediate_size": 80})
    artifact = convert(stored, tmp_path, "int4")
    assert operators(tmp_path)["FULLY_CONNECTED", 12] == 2
    assert operators(tmp_path)["FULLY_CONNECTED", 14] == 10
    feed = make_batch(model, (17,))
    want, got = Interpreter(stored)(feed)["logits"], TARGET.load(tmp_path, manifest(artifact), 1)(feed)["logits"]
    assert rms(got - want) < NOISE["int4"] * max(1.0, rms(want))


SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from edgelm.calibrate.observers import extremes
from edgelm.calibrate.observers import extremes
from edgelm.checkpoint import open_checkpoint
from edgelm.families import Model
from edgelm.graph import quantize, rewrites
from edgelm.graph.quantize import Calibration
from edgelm.types import ConvertRequest
from edgelm_converters.tflite import TFLITE
folder, out, precision, minimum = sys.argv[1:]
graph = rewrites.apply(Model.open(open_checkpoint(folder)).graph("text-classification", 64), TFLITE.rewrites)
ids = np.arange(5, 25, dtype=np.int32)[None, :]
feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
names = [name for node in graph.nodes for name in node.outputs if graph[name].dtype == "float32"]
calibration = Calibration(extremes(graph, [feed], names))
scheme = TFLITE.precisions[precision]
for twice in range(2):
    stored = quantize.apply_scheme(graph, scheme, calibration)
    TFLITE.convert(stored, ConvertRequest(Path(out), scheme, 64, (16, 32), {"minimum_runtime": minimum}))
    Path(out, "model.tflite").rename(Path(out, f"{twice}.tflite"))
"""


@pytest.mark.parametrize("precision", RUNTIME)
def test_same_bytes(precision: str, make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    """Twice in each of two processes with different hash seeds."""
    folder = make_checkpoint("bert", "text-classification", hidden_size=64, intermediate_size=96)
    contents = []
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        arguments = [str(folder), str(tmp_path / seed), precision, RUNTIME[precision]]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", SCRIPT, *arguments], check=True, env=environment)
        contents += [(tmp_path / seed / f"{twice}.tflite").read_bytes() for twice in range(2)]
    assert len(set(contents)) == 1
