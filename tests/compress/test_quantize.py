"""Quantization-aware training computes what its integers and its graph compute, and leaves what both need."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from edgelm.errors import UnsupportedError, UsageError
from edgelm.graph import numeric
from edgelm.graph.interpreter import Constants, Interpreter
from edgelm.graph.ops import OPS
from edgelm.graph.quantize import Calibration, apply_scheme
from edgelm.types import Scheme

STATIC = Scheme("static_wi8_ai8", "int8", "static_tensor_asymmetric", "")
WRITES_INT8 = replace(STATIC, outputs="int8")
DYNAMIC = Scheme("dynamic_wi8_afp32", "int8", "dynamic_token_asymmetric", "")
SCHEMES = pytest.mark.parametrize("scheme", [STATIC, WRITES_INT8, DYNAMIC], ids=["static", "writes int8", "dynamic"])
SIZES = {"vocab_size": 300, "embedding_size": 72, "hidden_size": 96, "max_position_embeddings": 64, "num_labels": 3}
LAYERS = {"num_hidden_layers": 2, "attention_heads": [4, 3], "head_sizes": [16, 24], "intermediate_sizes": [160, 130]}
MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "classifier": ("EdgeLMForSequenceClassification", "text-classification", {}),
    "tokens": ("EdgeLMForTokenClassification", "token-classification", {"embedding_size": 96}),
    "spans": (
        "EdgeLMForQuestionAnswering",
        "question-answering",
        {"relative_attention_num_buckets": 8, "attention_heads": [4, 4]},
    ),
    "words": ("EdgeLMForMaskedLM", "fill-mask", {}),
    "words of a small factor": ("EdgeLMForMaskedLM", "fill-mask", {"word_rank": 32}),
    "words of a large factor": ("EdgeLMForMaskedLM", "fill-mask", {"word_rank": 80}),
    "words that are untied": ("EdgeLMForMaskedLM", "fill-mask", {"tie_word_embeddings": False}),
    "encoder": ("EdgeLMModel", "feature-extraction", {"position_padding_idx": 0}),
}
EVERY_MODEL = pytest.mark.parametrize("name", MODELS)


@pytest.fixture(scope="module")
def make(torch: Any) -> Callable[..., tuple[Any, str]]:
    """``make(name, **config)``: a random model of MODELS and its task."""
    from edgelm import nn

    def call(name: str, **more: Any) -> tuple[Any, str]:
        kind, task, own = MODELS[name]
        torch.manual_seed(0)
        model = getattr(nn, kind)(nn.EdgeLMConfig(**{**SIZES, **LAYERS, **own, **more})).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
        return model, task

    return call


@pytest.fixture(scope="module")
def batches(torch: Any) -> Callable[..., list[Any]]:
    """``batches(count, seed=0)``: rows of random ids, the shorter ones padded."""
    from edgelm.compress.data import Batch

    def call(count: int, seed: int = 0) -> list[Any]:
        rng, found = np.random.default_rng(seed), []
        for _ in range(count):
            mask = np.arange(11) < rng.integers(3, 12, (4, 1))
            ids = np.where(mask, rng.integers(1, SIZES["vocab_size"], mask.shape), 0)
            inputs = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask.astype(np.int64))}
            found.append(Batch(np.arange(4), inputs, {}))
        return found

    return call


@pytest.fixture(scope="module")
def traced(torch: Any) -> Callable[[Any, Any], tuple[Any, dict[str, Any]]]:
    """``traced(model, batch)``: the first output, and the (input, output) of every rounded layer by its name."""
    from edgelm.compress.quantizers import (
        FakeDecoder,
        FakeEmbedding,
        FakeLinear,
        IntegerDecoder,
        IntegerEmbedding,
        IntegerLinear,
    )

    kinds = (FakeDecoder, FakeEmbedding, FakeLinear, IntegerDecoder, IntegerEmbedding, IntegerLinear)

    def call(model: Any, batch: Any) -> tuple[Any, dict[str, Any]]:
        seen: dict[str, Any] = {}
        hooks = [
            module.register_forward_hook(lambda _, x, y, name=name: seen.__setitem__(name, (x[0], y)))
            for name, module in model.named_modules()
            if isinstance(module, kinds)
        ]
        with torch.no_grad():
            output = model(**batch.inputs)
        for hook in hooks:
            hook.remove()
        return next(iter(output.values())), seen

    return call


def _feed(batch: Any) -> dict[str, np.ndarray]:
    feed = {name: tensor.numpy().astype(np.int32) for name, tensor in batch.inputs.items()}
    return {**feed, "token_type_ids": np.zeros_like(feed["input_ids"])}


# -- the arithmetic ----------------------------------------------------------------------------------------------------

FLOATS = st.floats(-1e4, 1e4, width=32)


@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=FLOATS))
def test_weights_are_rounded_as_the_graph_stores_them(weight: np.ndarray) -> None:
    import torch

    from edgelm.compress.quantizers import rounded

    integers, scale = (part.numpy() for part in rounded(torch.from_numpy(weight)))
    expected = numeric.quantize_symmetric(weight, axis=0)
    np.testing.assert_array_equal(integers, expected[0])
    np.testing.assert_array_equal(scale, expected[1])


@given(FLOATS, FLOATS, arrays(np.float32, 20, elements=FLOATS))
def test_a_range_means_in_the_graph_what_it_means_here(one: float, other: float, x: np.ndarray) -> None:
    import torch

    from edgelm.compress.quantizers import FixedRange, LearnedRange, MovingRange

    low, high = sorted((one, other))
    for kind in (FixedRange, LearnedRange, MovingRange):
        rounding = kind("x", low, high).eval()
        steps, scale = rounding(torch.from_numpy(x))
        step = numeric.scale_and_zero_point(*rounding.range)
        assert step[0] == scale.item()
        np.testing.assert_array_equal(steps.detach().numpy(), numeric.static_steps(x, *step))
        if kind is not MovingRange:  # of which the ends are float32's
            assert step == numeric.scale_and_zero_point(low, high), "it begins as it was given"


def test_gradients_are_those_of_lsq(torch: Any) -> None:
    """Inside the range x's own and the rounding error, outside the end's (Esser et al. 2020, equations 3 and 5)."""
    from edgelm.compress.quantizers import _Steps

    x = torch.tensor([0.3, -0.2, 9.0, -9.0], requires_grad=True)
    scale, zero_point = torch.tensor(0.05, requires_grad=True), torch.tensor(-20.0, requires_grad=True)
    rows = []
    for i in range(4):
        value = _Steps.apply(x, scale, zero_point)[i] * scale
        rows.append([float(g[i]) if g.ndim else float(g) for g in torch.autograd.grad(value, (x, scale, zero_point))])
    expected = [[1, 6 - 0.3 / 0.05, 0], [1, -4 + 0.2 / 0.05, 0], [0, 147, -0.05], [0, -108, -0.05]]
    np.testing.assert_allclose(rows, expected, atol=1e-5)


def test_first_ranges_leave_an_outlier_out_where_that_pays(torch: Any) -> None:
    from edgelm.compress.quantizers import Observer

    observer = Observer("x")
    for seed in range(8):
        x = torch.randn(500_000, generator=torch.Generator().manual_seed(seed))
        observer(torch.cat([x, torch.tensor([60.0])]) if seed == 3 else x)
    low, high = observer.range
    assert float(observer.ends[1]) == 60
    assert -6 < low < -2
    assert 2 < high < 30


# -- the model ---------------------------------------------------------------------------------------------------------


@SCHEMES
@EVERY_MODEL
def test_prepared_equals_converted_bit_for_bit(name: str, scheme: Scheme, make: Any, batches: Any, traced: Any) -> None:
    from edgelm.compress.quantize import convert, floating, prepare, trained_ranges, with_ranges

    model, task = make(name)
    prepared = prepare(model, scheme, task, batches(2))
    ranges = {tensor: tuple(ends) for tensor, ends in trained_ranges(prepared).items()}
    assert bool(ranges) == scheme.is_static
    restored = with_ranges(floating(prepared, scheme), scheme, task, ranges)
    (batch,) = batches(1, seed=7)
    output, layers = traced(prepared, batch)
    assert len(layers) >= 14
    for other in (convert(prepared), restored):
        same, found = traced(other, batch)
        assert layers.keys() <= found.keys(), "a decoder has layers of its own when it is converted"
        assert all((layers[layer][1] == found[layer][1]).all() for layer in layers)
        assert (same == output).all()


@settings(max_examples=12)
@given(
    heads=st.integers(1, 3),
    head_size=st.integers(5, 40),
    units=st.integers(33, 200),
    hidden=st.integers(65, 160),
    scheme=st.sampled_from([STATIC, WRITES_INT8, DYNAMIC]),
    learned=st.booleans(),
)
def test_prepared_equals_converted_in_any_shape(
    heads: int, head_size: int, units: int, hidden: int, scheme: Scheme, learned: bool, make: Any, batches: Any
) -> None:
    from edgelm.compress.quantize import convert, prepare

    layer = {"num_hidden_layers": 1, "attention_heads": [heads], "head_sizes": [head_size]}
    model, task = make("classifier", hidden_size=hidden, intermediate_sizes=[units], **layer)
    prepared = prepare(model, scheme, task, batches(1), "learned" if learned else "moving")
    (batch,) = batches(1, seed=3)
    assert (prepared(**batch.inputs).logits == convert(prepared)(**batch.inputs).logits).all()


@pytest.mark.parametrize("scheme", [STATIC, WRITES_INT8], ids=["static", "writes int8"])
@EVERY_MODEL
def test_every_layer_equals_the_graphs(name: str, scheme: Scheme, make: Any, batches: Any, traced: Any) -> None:
    """torch's own input of a layer, given to the graph's `quantized_linear`: the same bits."""
    from edgelm.compress.quantize import floating, graph_of, prepare, trained_ranges

    model, task = make(name)
    prepared = prepare(model, scheme, task, batches(2))
    graph = graph_of(floating(prepared, scheme), task)
    calibration = Calibration({tensor: (low, high) for tensor, (low, high) in trained_ranges(prepared).items()})
    quantized = apply_scheme(graph, scheme, calibration)
    _, layers = traced(prepared, batches(1, seed=5)[0])
    constants, compared = Constants(quantized), 0
    for node in quantized.nodes:
        layer = node.inputs[1].removesuffix(".weight") if node.op == "quantized_linear" else ""
        if layer not in layers or layer.endswith("embeddings.word"):
            continue
        x, expected = (tensor.numpy() for tensor in layers[layer])
        (found,) = OPS[node.op].run(constants.operands(node, {node.inputs[0]: x}), node.attrs)
        np.testing.assert_array_equal(found, expected, err_msg=layer)
        compared += 1
    assert compared >= 10


@SCHEMES
@EVERY_MODEL
def test_the_whole_graph_computes_the_same(name: str, scheme: Scheme, make: Any, batches: Any) -> None:
    """To float32's round-off; where that lifts a value over the middle of two steps, to a part of the rounding."""
    from edgelm.compress.quantize import floating, graph_of, prepare, trained_ranges

    model, task = make(name)
    prepared = prepare(model, scheme, task, batches(2))
    calibration = Calibration({tensor: (low, high) for tensor, (low, high) in trained_ranges(prepared).items()})
    run = Interpreter(apply_scheme(graph_of(floating(prepared, scheme), task), scheme, calibration))
    errors, rounding = [], []
    for batch in batches(3, seed=5):
        found = next(iter(run(_feed(batch)).values()))
        own, plain = (next(iter(one(**batch.inputs).values())).detach().numpy() for one in (prepared, model))
        errors += [*np.abs(found - own).reshape(len(own), -1)]
        rounding += [*np.abs(own - plain).reshape(len(own), -1)]
    assert np.mean(rounding) > 1e-3, "otherwise nothing is rounded"
    assert np.median([row.max() for row in errors]) < 1e-5, "half the texts have no value so near a middle"
    assert np.mean(errors) < np.mean(rounding) / 4


@pytest.mark.parametrize(
    ("scheme", "names"),
    [(STATIC, ("slice_last_layer", "merge_qkv")), (WRITES_INT8, ("slice_last_layer",)), (DYNAMIC, ("merge_qkv",))],
)
def test_ranges_outlive_rewrites_that_round_the_same(
    scheme: Scheme, names: tuple[str, ...], make: Any, batches: Any
) -> None:
    from edgelm.compress.quantize import floating, graph_of, prepare, trained_ranges
    from edgelm.graph import rewrites

    model, task = make("classifier")
    prepared = prepare(model, scheme, task, batches(2))
    calibration = Calibration({tensor: (low, high) for tensor, (low, high) in trained_ranges(prepared).items()})
    graph = graph_of(floating(prepared, scheme), task)
    feed = _feed(batches(1, seed=5)[0])
    plain, rewritten = (
        Interpreter(apply_scheme(one, scheme, calibration))(feed)["logits"]
        for one in (graph, rewrites.apply(graph, names))
    )
    assert np.abs(plain - rewritten).max() < 1e-6


def test_sentence_encoder(make_sentence_model: Any, batches: Any, traced: Any) -> None:
    from edgelm import nn
    from edgelm.compress.quantize import convert, prepare

    folder = make_sentence_model(dense="Tanh", hidden_size=64, intermediate_size=80, vocab_size=300)
    model = nn.canonical(folder, "sentence-similarity")
    prepared = prepare(model, WRITES_INT8, "sentence-similarity", batches(2))
    (batch,) = batches(1, seed=5)
    output, layers = traced(prepared, batch)
    assert any(name.endswith("layers.1.down") for name in layers)
    assert (traced(convert(prepared), batch)[0] == output).all()
    assert float((output * traced(model, batch)[0]).sum(-1).min()) > 0.99


@pytest.mark.parametrize("ranges", ["learned", "moving"])
def test_rounded_weights_learn_and_ranges_go_with_them(ranges: str, make: Any, batches: Any, torch: Any) -> None:
    from edgelm.compress.quantize import prepare, trained_ranges

    model, task = make("classifier", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    (batch,) = batches(1)
    prepared = prepare(model, WRITES_INT8, task, [batch], ranges).train()
    first = trained_ranges(prepared)
    wanted = torch.eye(3)[[0, 1, 2, 0]]
    optimizer = torch.optim.AdamW(prepared.parameters(), lr=5e-4, weight_decay=0.0)
    losses = []
    for _ in range(25):
        optimizer.zero_grad()
        losses.append((prepared(**batch.inputs).logits - wanted).square().mean())
        losses[-1].backward()
        optimizer.step()
    assert losses[-1].item() < 0.1 * losses[0].item()
    assert all(trained_ranges(prepared)[name] != ends for name, ends in first.items())


@pytest.mark.parametrize("width", [6.0, 0.4])
def test_a_range_learns_the_width_that_rounds_best(width: float, torch: Any) -> None:
    from edgelm.compress.quantizers import LearnedRange, Observer

    x = torch.randn(20_000, generator=torch.Generator().manual_seed(0)) + 0.5
    observer = Observer("x")
    observer(x)
    best = observer.range[1] - observer.range[0]
    rounding = LearnedRange("x", *(width * end for end in observer.range))
    optimizer = torch.optim.AdamW(rounding.parameters(), lr=2e-3, weight_decay=0.0)
    for _ in range(400):
        optimizer.zero_grad()
        steps, scale = rounding(x)
        (steps * scale - x).square().sum().backward()
        optimizer.step()
    assert rounding.range[1] - rounding.range[0] == pytest.approx(best, rel=0.25)


def test_evaluation_moves_no_range(make: Any, batches: Any) -> None:
    from edgelm.compress.quantize import prepare, trained_ranges

    model, task = make("classifier")
    prepared = prepare(model, STATIC, task, batches(1), "moving").eval()
    before = trained_ranges(prepared)
    prepared(**batches(1, seed=3)[0].inputs)
    assert trained_ranges(prepared) == before


# -- the folder --------------------------------------------------------------------------------------------------------


@pytest.fixture
def student(tmp_path: Path, make_checkpoint: Any, batches: Any) -> tuple[Path, Any]:
    """The folder of a trained student, and the prepared model it comes from."""
    from edgelm import nn
    from edgelm.compress.quantize import floating, prepare

    source = make_checkpoint("bert", "text-classification", hidden_size=64, intermediate_size=80, vocab_size=300)
    prepared = prepare(nn.canonical(source, "text-classification"), WRITES_INT8, "text-classification", batches(2))
    nn.save(floating(prepared, WRITES_INT8), source, tmp_path / "student")
    return tmp_path / "student", prepared


def test_a_student_is_an_ordinary_folder(student: Any, batches: Any, open_model: Any) -> None:
    import transformers

    from edgelm.compress.quantize import load, trained_ranges

    folder, prepared = student
    (batch,) = batches(1, seed=5)
    model = open_model(folder)
    expected = {tensor: tuple(ends) for tensor, ends in trained_ranges(prepared).items()}
    assert model.calibration.ranges == expected
    assert {"embeddings.norm", "layers.0.context", "layers.0.attention_norm", "layers.0.query"} < expected.keys()
    assert (model.quantization.scheme, model.quantization.outputs) == ("static_wi8_ai8", "int8")
    again = load(folder, "text-classification")
    assert (again(**batch.inputs).logits == prepared(**batch.inputs).logits).all()

    plain = transformers.AutoModelForSequenceClassification.from_pretrained(folder)
    found = Interpreter(model.graph("text-classification", 16))(_feed(batch))["logits"]
    assert np.abs(plain(**batch.inputs).logits.detach().numpy() - found).max() < 1e-5
    names = set(json.loads((folder / "config.json").read_text())["quantization"])
    assert names == {"scheme", "outputs", "ranges"}


def test_a_model_that_is_changed_has_no_ranges_any_more(student: Any, tmp_path: Path, open_model: Any) -> None:
    from edgelm import nn

    folder, _ = student
    nn.save(nn.canonical(folder, "text-classification"), folder, tmp_path / "changed")
    assert open_model(tmp_path / "changed").calibration is None


def test_fine_tuning_a_student_drops_its_ranges(student: Any, labelled: Any, tmp_path: Path, open_model: Any) -> None:
    from edgelm.compress.finetune import FinetuneRequest, finetune
    from edgelm.compress.schedule import Settings

    settings = Settings(epochs=1.0, batch_size=16, precision="fp32")
    request = FinetuneRequest(
        str(student[0]), labelled("text-classification"), tmp_path / "tuned", settings=settings, new_head=True
    )
    finetune(request, lambda _: None, lambda _: None)
    assert open_model(student[0]).quantization is not None
    assert open_model(tmp_path / "tuned").quantization is None


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ([], "quantization is no object"),
        ({"scheme": "static_wi8_ai8", "outputs": "int4", "ranges": {}}, "outputs"),
        ({"scheme": "static_wi8_ai8", "outputs": "int8"}, "ranges"),
        ({"scheme": "s", "outputs": "int8", "ranges": {"x": [1.0, -1.0]}}, "the range of x is"),
        ({"scheme": "s", "outputs": "int8", "ranges": {"x": [0.0, float("inf")]}}, "the range of x is"),
        ({"scheme": "s", "outputs": "int8", "ranges": {"x": [True, 2.0]}}, "the range of x is"),
        ({"scheme": "s", "outputs": "int8", "ranges": {"x": 1.0}}, "the range of x is"),
    ],
)
def test_a_config_that_says_nonsense(record: Any, told: str, student: Any, tmp_path: Path, open_model: Any) -> None:
    shutil.copytree(student[0], tmp_path / "copy")
    path = tmp_path / "copy" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "quantization": record}))
    with pytest.raises(UsageError, match=told):
        _ = open_model(tmp_path / "copy").calibration


def test_what_cannot_be_prepared_is_refused(make: Any, batches: Any, student: Any) -> None:
    from edgelm.compress.quantize import load, prepare, with_ranges

    model, task = make("classifier")
    for scheme in (
        replace(STATIC, weights="int4"),
        replace(STATIC, embeddings="int4"),
        replace(DYNAMIC, activations="dynamic_tensor_asymmetric"),
    ):
        with pytest.raises(UnsupportedError, match="cannot be trained"):
            prepare(model, scheme, task, batches(1))
    with pytest.raises(UsageError, match="no row to calibrate on"):
        prepare(model, STATIC, task, [])
    with pytest.raises(UsageError, match=r"no trained range of embeddings\.norm"):
        with_ranges(model, STATIC, task, {})
    path = student[0] / "config.json"
    record = {"scheme": "static_wi2_ai2", "outputs": "int8", "ranges": {}}
    path.write_text(json.dumps({**json.loads(path.read_text()), "quantization": record}))
    with pytest.raises(UsageError, match="static_wi2_ai2, which this edgelm does not know"):
        load(student[0], task)
