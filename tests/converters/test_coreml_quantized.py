"""Core ML packages of static int8 and of int4: read back and evaluated as the interpreter computes the same graph."""

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

from edgelm.checkpoint import open_checkpoint
from edgelm.errors import UsageError
from edgelm.families import Model
from edgelm.graph import quantize, rewrites
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import Graph
from edgelm.graph.quantize import Calibration
from edgelm.toolchain import import_coremltools
from edgelm.types import Array, Artifact, ConvertRequest, Verdict
from edgelm.validate.bisect import Rounding, bisect
from edgelm_converters._coreml_ops import Lowering
from edgelm_converters.coreml import COREML
from edgelm_targets.coreml import COREML as TARGET

MINIMUM_IOS = {"int8-static": "17", "int4": "18"}
ROUNDING = {"int8-static": Rounding(2e-3, absolute=3e-7, steps=1.0), "int4": Rounding(2e-3, absolute=3e-7)}
"""Of float16 in every operator, and for int8 of a value to the other side."""
NOISE = {"int8-static": 0.08, "int4": 0.01}
"""Root mean square error of a tiny model's outputs, in units of their own where that exceeds one."""
MODELS = [
    ("bert", "text-classification", {}),
    ("roberta", "question-answering", {"hidden_act": "gelu_new"}),
    ("distilbert", "token-classification", {"hidden_act": "relu"}),
    ("electra", "feature-extraction", {"hidden_act": "silu"}),
    ("albert", "multiple-choice", {}),
    ("mpnet", "sentence-similarity", {}),
    ("bert", "fill-mask", {}),
]


def convert(stored: Graph, folder: Path, precision: str, lengths: tuple[int, ...] = (), ios: str = "") -> Artifact:
    options = {"minimum_ios": ios or MINIMUM_IOS[precision]}
    return COREML.convert(stored, ConvertRequest(folder, COREML.precisions[precision], 64, lengths, options))


def manifest(artifact: Artifact, lengths: tuple[int, ...] = ()) -> Mapping[str, Any]:
    return {"artifact": asdict(artifact), "lengths": list(lengths)}


def rms(values: Array) -> float:
    return float(np.sqrt(np.square(values).mean()))


def operations(folder: Path, artifact: Artifact) -> list[Any]:
    """Of the program in the package."""
    from coremltools.proto import Model_pb2

    function = Model_pb2.Model.FromString((folder / artifact.files[0]).read_bytes()).mlProgram.functions["main"]
    return list(function.block_specializations[function.opset].operations)


@pytest.fixture
def tiny(
    make_checkpoint: Callable[..., Path],
    make_batch: Callable[..., dict[str, Array]],
    min_max: Callable[[Graph, Any], Calibration],
) -> Callable[..., tuple[Model, Graph]]:
    """``tiny(precision, family, task, config)``: a tiny model and its graph as the precision stores it."""

    def make(precision: str, family: str, task: str, config: Mapping[str, Any]) -> tuple[Model, Graph]:
        own = "feature-extraction" if task == "sentence-similarity" else task
        sizes = {"hidden_size": 64, "intermediate_size": 96, "vocab_size": 200, **config}
        model = Model.open(open_checkpoint(str(make_checkpoint(family, own, **sizes))))
        graph = rewrites.apply(model.graph(task, 64), COREML.rewrites)
        calibration = min_max(graph, [make_batch(model, (64, 17, 9, 3), seed) for seed in range(4)])
        return model, quantize.apply_scheme(graph, COREML.precisions[precision], calibration)

    return make


@pytest.mark.parametrize("lengths", [(), (16,)], ids=["any length", "a fixed length"])
@pytest.mark.parametrize("precision", MINIMUM_IOS)
@pytest.mark.parametrize(("family", "task", "config"), MODELS)
def test_every_operator_computes_the_graphs(
    family: str,
    task: str,
    config: Mapping[str, Any],
    precision: str,
    lengths: tuple[int, ...],
    tiny: Callable[..., tuple[Model, Graph]],
    make_batch: Callable[..., dict[str, Array]],
    tmp_path: Path,
) -> None:
    """From the package's own values, and within the roundings of float16 and one of int8; and so do the outputs."""
    model, stored = tiny(precision, family, task, config)
    artifact = convert(stored, tmp_path, precision, lengths)
    names = {name for node in stored.nodes for name in node.outputs}
    trace = TARGET.trace(tmp_path, manifest(artifact, lengths), 1, names)
    feeds = {str(length): make_batch(model, (length,)) for length in (1, 13, 16)}
    found = bisect(stored, trace, feeds, ROUNDING[precision])
    assert found.verdict is Verdict.PASS
    reference, runner = Interpreter(stored), TARGET.load(tmp_path, manifest(artifact, lengths), 1)
    feed = make_batch(model, (13, 9))
    for name, want in reference(feed).items():
        assert rms(runner(feed)[name] - want) < NOISE[precision] * max(1.0, rms(want)), name


@pytest.mark.parametrize(("precision", "too_old", "needed"), [("int8-static", "16", "17"), ("int4", "17", "18")])
def test_an_older_ios_is_promised_nothing_it_lacks(
    precision: str, too_old: str, needed: str, tiny: Callable[..., tuple[Model, Graph]], tmp_path: Path
) -> None:
    _, stored = tiny(precision, "bert", "text-classification", {})
    with pytest.raises(UsageError, match=f"needs iOS {needed}, and minimum_ios is {too_old}") as raised:
        convert(stored, tmp_path, precision, ios=too_old)
    assert raised.value.hint == f"Pass --option minimum_ios={needed}."
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("minimum_ios", "weights"), [("17", "constexpr_affine_dequantize"), ("18", "constexpr_blockwise_shift_scale")]
)
def test_static_operators(
    minimum_ios: str, weights: str, tiny: Callable[..., tuple[Model, Graph]], tmp_path: Path
) -> None:
    """A quantize before each of: query, key and value; attention's output; the two of the feed-forward network."""
    _, stored = tiny("int8-static", "bert", "token-classification", {})
    artifact = convert(stored, tmp_path, "int8-static", ios=minimum_ios)
    found = Counter(operation.type for operation in operations(tmp_path, artifact))
    assert found["quantize"] == found["dequantize"] == 2 * 4
    assert found[weights] == sum(tensor.dtype == "int8" for tensor in stored.constants)


def test_scales_and_zero_points_are_the_graphs(tiny: Callable[..., tuple[Model, Graph]], tmp_path: Path) -> None:
    """In float16, as quantize wants the scale of a float16 tensor."""
    _, stored = tiny("int8-static", "bert", "token-classification", {})
    found = operations(tmp_path, convert(stored, tmp_path, "int8-static"))
    immediate = {
        operation.outputs[0].name: operation.attributes["val"].immediateValue.tensor.bytes.values
        for operation in found
        if operation.type == "const"
    }

    def constant(operation: Any, key: str, dtype: type) -> float:
        (binding,) = operation.inputs[key].arguments
        return float(np.frombuffer(immediate[binding.name], dtype)[0])

    declared = {
        (constant(operation, "scale", np.float16), constant(operation, "zero_point", np.int8))
        for operation in found
        if operation.type in ("quantize", "dequantize")
    }
    layers = [node.attrs for node in stored.nodes if node.op == "quantized_linear"]
    assert declared == {(float(np.float16(attrs["scale"])), attrs["zero_point"]) for attrs in layers}


def test_int4_weights_widen_to_the_graphs(tiny: Callable[..., tuple[Model, Graph]]) -> None:
    coremltools = import_coremltools()
    from coremltools.converters.mil.mil import Builder, Function, types

    _, stored = tiny("int4", "bert", "text-classification", {})
    with Function({}, opset_version=coremltools.target.iOS18):
        lowering = Lowering(stored, Builder, "fp16", 18, None)
        int4 = [tensor for tensor in stored.constants if tensor.dtype == "int4"]
        assert len(int4) >= 2 * 6
        for tensor in int4:
            value = lowering.read(tensor.name)
            assert value.op.data.dtype == types.int4
            np.testing.assert_allclose(value.op.materialized_val_inference(), tensor.numpy(), rtol=2e-3)


def test_int4_takes_half_a_byte(tmp_path: Path) -> None:
    """And two for the scale of 32."""
    model = Model.open(open_checkpoint("all-MiniLM-L6-v2"))
    graph = rewrites.apply(model.graph("sentence-similarity", 64), COREML.rewrites)
    stored = quantize.apply_scheme(graph, COREML.precisions["int4"])
    artifact = convert(stored, tmp_path, "int4")
    bytes_each = {"int4": 0.5 + 2 / 32, "int8": 1.0, "float32": 2.0}
    expected = sum(
        tensor.data.size * bytes_each[tensor.dtype]
        for tensor in stored.constants
        if tensor.data is not None and tensor.dtype in bytes_each
    )
    assert 1.0 <= (tmp_path / artifact.files[1]).stat().st_size / expected < 1.01


SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from edgelm.calibrate.observers import extremes
from edgelm.checkpoint import open_checkpoint
from edgelm.families import Model
from edgelm.graph import quantize, rewrites
from edgelm.graph.quantize import Calibration
from edgelm.types import ConvertRequest
from edgelm_converters.coreml import COREML
folder, out, precision, ios = sys.argv[1:]
graph = rewrites.apply(Model.open(open_checkpoint(folder)).graph("text-classification", 64), COREML.rewrites)
ids = np.arange(5, 25, dtype=np.int32)[None, :]
feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
names = [name for node in graph.nodes for name in node.outputs if graph[name].dtype == "float32"]
scheme = COREML.precisions[precision]
stored = quantize.apply_scheme(graph, scheme, Calibration(extremes(graph, [feed], names)))
COREML.convert(stored, ConvertRequest(Path(out), scheme, 64, (), {"minimum_ios": ios}))
"""


@pytest.mark.parametrize("precision", MINIMUM_IOS)
def test_same_bytes(precision: str, make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    """From two processes with different hash seeds."""
    folder = make_checkpoint("bert", "text-classification", hidden_size=64, intermediate_size=96)
    contents = []
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        arguments = [str(folder), str(tmp_path / seed), precision, MINIMUM_IOS[precision]]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", SCRIPT, *arguments], check=True, env=environment)
        files = sorted(path for path in (tmp_path / seed).rglob("*") if path.is_file())
        contents.append([(path.name, path.read_bytes()) for path in files])
    assert len(contents[0]) == 3
    assert contents[0] == contents[1]
