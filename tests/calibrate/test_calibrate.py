"""A calibration makes a quantized graph err less than plain rounding, and survives being written to a bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm import calibrate
from edgelm.calibrate import layers
from edgelm.errors import UsageError
from edgelm.graph import numeric, rewrites
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import Graph, GraphError
from edgelm.graph.quantize import Calibration, apply_scheme, gated_tensors, quantized_linears, with_unit_rows
from edgelm.types import Array, Scheme

Feeds = Sequence[dict[str, Array]]
STATIC = Scheme("static_wi8_ai8", "int8", "static_tensor_asymmetric", "")
TOKEN = replace(STATIC, activations="dynamic_token_asymmetric")
TENSOR = replace(STATIC, activations="dynamic_tensor_asymmetric")
INTEGER_OUTPUTS = replace(STATIC, outputs="int8")
SCHEMES = {"static": STATIC, "integer outputs": INTEGER_OUTPUTS, "by token": TOKEN, "by tensor": TENSOR}


@pytest.fixture(scope="module")
def outliers(make_checkpoint: Any, open_model: Any) -> Graph:
    """An encoder with what makes real ones hard: LayerNorms of which two channels are thirty times as large."""
    model = open_model(make_checkpoint("bert", "text-classification", hidden_size=64, intermediate_size=128))
    graph: Graph = rewrites.apply(model.graph("text-classification", 32))
    tensors = dict(graph.tensors)
    for node in graph.nodes:
        if node.op == "layer_norm":
            weight = tensors[node.inputs[1]]
            values = weight.numpy().copy()
            values[[3, 17]] *= 30
            tensors[weight.name] = replace(weight, data=values)
    return replace(graph, tensors=tensors)


@pytest.fixture(scope="module")
def feeds() -> Feeds:
    rng = np.random.default_rng(0)

    def feed(length: int) -> dict[str, Array]:
        ids = rng.integers(5, 60, (1, length), dtype=np.int32)
        return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}

    return [feed(int(length)) for length in rng.integers(5, 31, 32)]


def error(graph: Graph, original: Graph, feeds: Feeds) -> float:
    """Squared error of the outputs, as a share of their squares."""
    wanted = [Interpreter(original)(feed)["logits"] for feed in feeds]
    found = [Interpreter(graph)(feed)["logits"] for feed in feeds]
    missing = sum(np.square(a - b).sum() for a, b in zip(found, wanted, strict=True))
    return float(missing / sum(np.square(a).sum() for a in wanted))


@pytest.mark.parametrize("name", SCHEMES)
def test_it_errs_less_than_plain_rounding(name: str, outliers: Graph, feeds: Feeds, min_max: Any) -> None:
    """On texts that the calibration has not seen."""
    scheme, learned, held_out = SCHEMES[name], feeds[:12], feeds[12:]
    plain = apply_scheme(outliers, scheme, min_max(outliers, learned) if scheme.is_static else None)
    found = calibrate.calibrate(outliers, learned, scheme)
    better = apply_scheme(outliers, found.scheme, found.calibration)
    assert better.signature == outliers.signature
    assert error(better, outliers, held_out) < 0.8 * error(plain, outliers, held_out)


def test_what_is_added_for_integers_is_exact_in_float32(outliers: Graph, feeds: Feeds) -> None:
    """Smoothing and unit rows change no value but by round-off; the corrections are what is left out here."""
    found = calibrate.calibrate(outliers, feeds, STATIC).calibration
    assert found.smoothing
    assert found.unit_rows
    floats = replace(STATIC, activations="float32")
    names = [tensor.name for tensor in outliers.constants]
    graph = apply_scheme(outliers, replace(floats, weights="float32"), replace(found, corrections={}))
    assert error(graph, outliers, feeds) < 1e-10
    assert {tensor.name for tensor in graph.constants} <= {*names, "const.smallest_peak"}
    linears = quantized_linears(outliers, STATIC)
    unit = with_unit_rows(outliers, linears, gated_tensors(outliers, linears))
    assert error(unit, outliers, feeds) < 1e-10
    assert len(unit.nodes) > len(outliers.nodes)


def test_the_other_readers_of_a_smoothed_tensor_read_it_as_it_was(outliers: Graph, feeds: Feeds) -> None:
    """The residual behind a LayerNorm."""
    found = calibrate.calibrate(outliers, feeds, STATIC)
    graph = apply_scheme(outliers, found.scheme, found.calibration)
    smoothed = next(name for name in found.calibration.smoothing if name.endswith("attention_norm"))
    readers = {node.op for node in graph.consumers()[smoothed]}
    assert {"mul", "add"} <= readers
    assert "quantized_linear" not in readers
    assert all(node.op == "quantized_linear" for node in graph.consumers()[f"{smoothed}.smooth"])


def test_smoothing_multiplies_the_weights_by_what_the_input_is_divided_by(outliers: Graph) -> None:
    name = next(node.inputs[0] for node in quantized_linears(outliers, TOKEN))
    (node, *_) = [node for node in quantized_linears(outliers, TOKEN) if node.inputs[0] == name]
    factors = np.linspace(0.5, 2, 64).astype(np.float32)
    graph = apply_scheme(outliers, TOKEN, Calibration({}, {name: factors}))
    (smoothed,) = [other for other in graph.nodes if other.output == node.output]
    integers, scale = numeric.quantize_symmetric(outliers[node.inputs[1]].numpy() * factors, axis=0)
    np.testing.assert_array_equal(graph[smoothed.inputs[1]].data, integers)
    np.testing.assert_array_equal(graph[smoothed.inputs[1]].quantization.scale, scale)
    np.testing.assert_allclose(graph[f"{name}.smoothing"].numpy(), 1 / factors, rtol=1e-6)


def test_output_factors_leave_the_integers(outliers: Graph, feeds: Feeds, min_max: Any) -> None:
    plain = min_max(outliers, feeds)
    node = quantized_linears(outliers, INTEGER_OUTPUTS)[0]
    factors = np.linspace(1, 3, int(outliers[node.output].shape[-1])).astype(np.float32)
    graph = apply_scheme(outliers, INTEGER_OUTPUTS, replace(plain, output_factors={node.output: factors}))
    before = apply_scheme(outliers, INTEGER_OUTPUTS, plain)
    (integer,) = [other for other in graph.nodes if other.output == f"{node.output}.divided"]
    divided, weight = graph[integer.inputs[1]], before[node.inputs[1]]
    assert divided.quantization is not None
    assert weight.quantization is not None
    np.testing.assert_array_equal(divided.data, weight.data)
    np.testing.assert_allclose(divided.quantization.scale * factors, weight.quantization.scale, rtol=1e-6)


def test_a_group_that_hurts_is_returned_to_float32(
    outliers: Graph, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a limit below what rounding can reach, as many weights as may be are returned, and the outputs err less."""
    monkeypatch.setattr("edgelm.calibrate.search._ENOUGH", 1.0)
    whole = calibrate.calibrate(outliers, feeds, STATIC)
    assert not whole.scheme.float_tensors
    monkeypatch.setattr("edgelm.calibrate.search._ENOUGH", 1e-9)
    found = calibrate.calibrate(outliers, feeds, STATIC)
    assert found.scheme.float_tensors
    assert found.error < whole.error
    linears = {node.inputs[1]: outliers[node.inputs[1]].numpy().size for node in quantized_linears(outliers, STATIC)}
    assert sum(linears[name] for name in found.scheme.float_tensors) <= 0.125 * sum(linears.values())
    graph = apply_scheme(outliers, found.scheme, found.calibration)
    assert all(graph[name].dtype == "float32" for name in found.scheme.float_tensors)
    assert error(graph, outliers, feeds[:8]) == pytest.approx(found.error, rel=1e-3)


def test_a_correction_must_hold_on_other_rows() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, (200, 6)).astype(np.float32)
    noise[1::2] -= noise.mean(axis=0) * 2
    shifted = noise + 3
    correction = layers._correction(shifted)
    assert correction is not None
    np.testing.assert_allclose(correction, shifted.mean(axis=0), rtol=1e-5)
    opposed = np.where(np.arange(200)[:, None] % 2, -1.0, 1.0).astype(np.float32) * np.ones(6, np.float32)
    assert layers._correction(opposed) is None


def test_a_static_scheme_needs_ranges(outliers: Graph) -> None:
    with pytest.raises(GraphError, match="needs a calibration"):
        apply_scheme(outliers, STATIC)
    with pytest.raises(GraphError, match="no range of"):
        apply_scheme(outliers, STATIC, Calibration({}))


def test_same_texts_same_calibration_and_the_file_holds_it(outliers: Graph, feeds: Feeds, tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
        calibrate.write(calibrate.calibrate(outliers, feeds, INTEGER_OUTPUTS).calibration, folder)
    first, second = ((folder / calibrate.FILE).read_bytes() for folder in folders)
    assert first == second
    found = calibrate.calibrate(outliers, feeds, INTEGER_OUTPUTS)
    read = calibrate.read(folders[0])
    assert read is not None
    graphs = [apply_scheme(outliers, found.scheme, one) for one in (found.calibration, read)]
    assert graphs[0].nodes == graphs[1].nodes
    assert error(graphs[0], graphs[1], feeds) == 0


@pytest.mark.parametrize(
    "damage", [lambda data: data[:40], lambda _: b"", lambda data: data.replace(b"ranges", b"sgnara")]
)
def test_a_damaged_file_is_told(
    damage: Callable[[bytes], bytes], outliers: Graph, feeds: Feeds, min_max: Any, tmp_path: Path
) -> None:
    calibrate.write(min_max(outliers, feeds), tmp_path)
    path = tmp_path / calibrate.FILE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UsageError, match="is damaged"):
        calibrate.read(tmp_path)
    assert calibrate.read(tmp_path / "elsewhere") is None


@pytest.mark.parametrize("name", SCHEMES)
def test_a_rough_calibration_computes_what_a_fine_one_does(
    name: str, outliers: Graph, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least the same operators, and answers that are still those of the model."""
    scheme = SCHEMES[name]
    rough = apply_scheme(outliers, scheme, calibrate.rough(outliers, feeds[:1], scheme))
    monkeypatch.setattr("edgelm.calibrate.search._ENOUGH", 1.0)
    fine = apply_scheme(outliers, scheme, calibrate.calibrate(outliers, feeds[:12], scheme).calibration)
    count = {op: sum(node.op == op for node in rough.nodes) for op in ("linear", "quantized_linear", "div")}
    assert count == {op: sum(node.op == op for node in fine.nodes) for op in count}
    assert sum(node.op == "mul" for node in rough.nodes) >= sum(node.op == "mul" for node in fine.nodes)
    assert error(rough, outliers, feeds[:1]) < 0.2


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize(
    ("family", "task"), [("albert", "text-classification"), ("bert", "fill-mask")], ids=["shared layers", "tied table"]
)
def test_a_weight_that_is_used_twice_is_stored_once(
    family: str,
    task: str,
    name: str,
    make_checkpoint: Any,
    open_model: Any,
    feeds: Feeds,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Factors of one use would make a matrix of its own of it: ALBERT's one layer would become as many as it runs.

    Nor is one use returned to float32 without the others.
    """
    monkeypatch.setattr("edgelm.calibrate.search._ENOUGH", 1e-9)
    monkeypatch.setattr("edgelm.calibrate.search.MOST_RETURNED", 0.5)
    model = open_model(make_checkpoint(family, task, hidden_size=64, intermediate_size=128, vocab_size=200))
    graph = rewrites.apply(model.graph(task, 32))
    found = calibrate.calibrate(graph, [_of(graph, feed) for feed in feeds[:6]], SCHEMES[name])
    quantized = apply_scheme(graph, found.scheme, found.calibration)
    sizes = [
        sum(t.data.size for t in one.constants if t.data is not None and t.data.size >= 4096)
        for one in (graph, quantized)
    ]
    assert sizes[0] == sizes[1]


def _of(graph: Graph, feed: dict[str, Array]) -> dict[str, Array]:
    return {name: feed[name] for name in graph.inputs}


def test_the_weights_are_judged_as_they_are_stored(outliers: Graph, feeds: Feeds) -> None:
    """int4 errs more than int8, and a choice says so."""
    int4 = replace(TOKEN, weights="int4", embeddings="int8")
    errors = {
        scheme.weights: [choice.error for choice in calibrate.calibrate(outliers, feeds[:8], scheme).choices]
        for scheme in (TOKEN, int4)
    }
    assert all(coarse > 3 * fine for coarse, fine in zip(errors["int4"], errors["int8"], strict=True))
