"""Every rewrite is exact, leaves the signature alone, can be switched off, and does what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from edgelm.errors import UsageError
from edgelm.families import FAMILIES
from edgelm.graph import rewrites
from edgelm.graph.builder import GraphBuilder
from edgelm.graph.canonical import Dense, Disentangled, Head, Pooling, RelativeEncoding, Rotary
from edgelm.graph.heads import build_graph
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import Graph, GraphError
from edgelm.graph.rewrites import REWRITES, apply, describe

MODEL_TYPES = [model_type for family in FAMILIES for model_type in family.model_types]
TASKS = [
    "feature-extraction",
    "text-classification",
    "token-classification",
    "question-answering",
    "multiple-choice",
    "fill-mask",
]
CLASSIFIER = Head("first", (Dense("pooler", "tanh"), Dense("classifier")))
HEADS: dict[str, Head | Pooling] = {
    "hidden states": Head("all", (), ("last_hidden_state",)),
    "classifier": CLASSIFIER,
    "spans": Head("all", (Dense("qa_outputs", size=2),), ("start_logits", "end_logits")),
    "mean": Pooling(("mean",), normalize=True),
    "cls": Pooling(("cls",)),
    "cls and max": Pooling(("cls", "max"), (Dense("sentence.dense", "tanh"),)),
}
ROUND_OFF = 1e-5
ANY_GROWTH = 100.0
"""As _PREADD_GROWTH: tiny models merge their tables too."""


def assert_same(graph: Graph, rewritten: Graph, batch: dict[str, np.ndarray]) -> None:
    assert rewritten.signature == graph.signature
    expected, found = Interpreter(graph)(batch), Interpreter(rewritten)(batch)
    for name, values in expected.items():
        assert found[name].shape == values.shape
        np.testing.assert_allclose(found[name], values, rtol=0, atol=ROUND_OFF)


@pytest.mark.parametrize("family", MODEL_TYPES)
@pytest.mark.parametrize("task", TASKS)
def test_exact_on_every_family(
    family: str,
    task: str,
    make_checkpoint: Callable[..., Path],
    open_model: Any,
    make_batch: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = open_model(make_checkpoint(family, task))
    graph = model.graph(task, 40)
    batch = make_batch(model)
    for names in ([], *([name] for name in REWRITES), list(REWRITES)):
        assert_same(graph, apply(graph, names), batch)
    for name in REWRITES:
        assert_same(graph, apply(graph, without=[name]), batch)
    monkeypatch.setattr(rewrites, "_PREADD_GROWTH", ANY_GROWTH)
    for names in (["preadd_embeddings"], list(REWRITES)):
        assert_same(graph, apply(graph, names), batch)


@settings(max_examples=60)
@given(
    layers=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 40)), min_size=1, max_size=3),
    lengths=st.lists(st.integers(1, 20), min_size=1, max_size=3),
    head=st.sampled_from(list(HEADS)),
    fields=st.fixed_dictionaries(
        {
            "hidden_act": st.sampled_from(["gelu", "gelu_new", "relu", "silu"]),
            "type_vocab_size": st.integers(0, 3),
            "task_type_vocab_size": st.sampled_from([0, 3]),
            "padding_idx": st.sampled_from([None, 0, 1]),
            "relative_attention_num_buckets": st.sampled_from([0, 8]),
            "embedding_size": st.sampled_from([32, 12]),
            "word_rank": st.sampled_from([0, 7]),
        }
    ),
    growth=st.sampled_from([0.0, ANY_GROWTH]),
    seed=st.integers(0, 2**32 - 1),
)
def test_exact_on_unequal_layers(
    random_weights: Any,
    encoder_config: Any,
    layers: Any,
    lengths: list[int],
    head: str,
    fields: dict[str, Any],
    growth: float,
    seed: int,
) -> None:
    """Structured pruning leaves layers of unequal width; the masks here have holes too, not only a padded end."""
    if fields["relative_attention_num_buckets"]:
        layers = [(layers[0][0], *layer[1:]) for layer in layers]  # one bias serves all layers
    config = encoder_config(layers=tuple(layers), **fields)
    absent = () if fields["embedding_size"] != 32 else ("embeddings.projection",)
    graph = build_graph(config, HEADS[head], random_weights(absent), 20)
    rng = np.random.default_rng(seed)
    batch = {name: rng.integers(0, 50, (len(lengths), max(lengths)), dtype=np.int32) for name in graph.inputs}
    kept = rng.random(batch["input_ids"].shape) < 0.8
    kept &= np.arange(max(lengths)) < np.asarray(lengths)[:, None]
    kept[:, 0] = True
    batch["attention_mask"] = kept.astype(np.int32)
    if "token_type_ids" in batch:
        batch["token_type_ids"] %= fields["type_vocab_size"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rewrites, "_PREADD_GROWTH", growth)
        for names in (*([name] for name in REWRITES), list(REWRITES)):
            assert_same(graph, apply(graph, names), batch)


FORMS: list[Any] = [
    None,
    RelativeEncoding(5),
    Disentangled(20, 8),
    Disentangled(6, content_to_position=False),
    Disentangled(20, 6, position_to_content=False, is_shared=True, is_normalized=True),
]


@settings(max_examples=30)
@given(
    form=st.sampled_from(FORMS),
    rotary=st.sampled_from([None, Rotary(100.0), Rotary(7.0, turns_values=True)]),
    window=st.sampled_from([None, 1, 4]),
    size=st.sampled_from([2, 8]),
    widths=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 20)), min_size=1, max_size=3),
    head=st.sampled_from(list(HEADS)),
    flags=st.fixed_dictionaries(
        {
            name: st.booleans()
            for name in ("is_pre_norm", "is_gated", "attention_bias", "feed_forward_bias", "has_position_table")
        }
    ),
    length=st.integers(1, 20),
)
def test_exact_on_every_form_of_encoder(
    random_weights: Any,
    encoder_config: Any,
    form: Any,
    rotary: Any,
    window: int | None,
    size: int,
    widths: Any,
    head: str,
    flags: dict[str, bool],
    length: int,
) -> None:
    """Forms of attention, windows, LayerNorms and gates mixed as no family has them."""
    config = encoder_config(layers=tuple((heads, size, units) for heads, units in widths), distances=form, **flags)
    layers = tuple(replace(layer, rotary=rotary, window=window) for layer in config.layers)
    weights = random_weights(("embeddings.projection", "rotary"))
    graph = build_graph(replace(config, layers=layers), HEADS[head], weights, 20)
    rng = np.random.default_rng(length)
    batch = {name: rng.integers(0, 2, (2, length), dtype=np.int32) for name in graph.inputs}
    batch["attention_mask"] = np.ones((2, length), np.int32)
    batch["attention_mask"][1, max(1, length - 1) :] = 0  # more padding than the window leaves rows that see nothing
    for names in (*([name] for name in REWRITES), list(REWRITES)):
        assert_same(graph, apply(graph, names), batch)


OPERATORS: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
    "add": ("add", ("x", "x"), {}),
    "mul a row": ("mul", ("x", "row"), {}),
    "sub a column": ("sub", ("x", "column"), {}),
    "gelu": ("gelu", ("x",), {"approximate": "none"}),
    "linear": ("linear", ("x", "square"), {}),
    "layer_norm": ("layer_norm", ("x", "row", "row"), {"epsilon": 1e-5}),
    "softmax": ("softmax", ("x",), {}),
    "l2_normalize": ("l2_normalize", ("x",), {"epsilon": 1e-12}),
    "matmul": ("matmul", ("x", "x"), {"transpose_b": True}),
    "gather_columns": ("gather_columns", ("x", "columns"), {}),
    "transpose": ("transpose", ("x",), {"perm": (2, 0, 1)}),
    "reshape": ("reshape", ("x",), {"shape": (0, 0, 2, 2)}),
    "reshape before": ("reshape", ("x",), {"shape": (2, 12, 0)}),
    "reduce_sum": ("reduce_sum", ("x",), {"axis": 1, "keepdims": True}),
    "concat": ("concat", ("x", "x"), {"axis": 1}),
}


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize(("op", "inputs", "attrs"), OPERATORS.values(), ids=OPERATORS)
def test_slice_through_any_operator(op: str, inputs: tuple[str, ...], attrs: dict[str, Any], axis: int) -> None:
    """Whether or not an operator can work on a slice of that axis, the values are the same."""
    rng = np.random.default_rng(0)
    b = GraphBuilder()
    b.input("x", "float32", (6, 4, 4))
    for name, shape in {"row": (4,), "column": (4, 1), "square": (4, 4)}.items():
        b.constant(name, rng.normal(0, 1, shape).astype(np.float32))
    b.constant("columns", rng.integers(0, 4, (4, 4), dtype=np.int32))
    b.op("tanh", "x", name="before")
    b.op(op, *("before" if name == "x" else name for name in inputs), name="whole", **attrs)
    size = int(b.tensors["whole"].shape[axis])
    b.op("slice", "whole", name="part", axis=axis, start=size - 1, stop=size)
    graph = b.build([b.op("relu", "part", name="y")])
    assert_same(graph, apply(graph, ["slice_last_layer"]), {"x": rng.normal(0, 1, (6, 4, 4)).astype(np.float32)})


def classifier_graph(random_weights: Any, encoder_config: Any, **config: Any) -> Graph:
    return build_graph(encoder_config(**config), CLASSIFIER, random_weights(), 32)


def sizes(graph: Graph, op: str, suffix: str = "") -> dict[str, tuple[Any, ...]]:
    return {node.output: graph[node.output].shape for node in graph.nodes if node.op == op and suffix in node.output}


def test_slice_last_layer_narrows_a_classifier(random_weights: Any, encoder_config: Any) -> None:
    graph = apply(classifier_graph(random_weights, encoder_config), ["slice_last_layer"])
    last = sizes(graph, "linear", "layers.1.")
    assert {name.removeprefix("layers.1."): shape[1] for name, shape in last.items()} == {
        "query": 1,
        "key": "length",
        "value": "length",
        "attention_output": 1,
        "up": 1,
        "down": 1,
    }
    assert all(shape[1] == "length" for shape in sizes(graph, "linear", "layers.0.").values())
    assert graph["layers.1.probabilities"].shape == ("batch", 4, 1, "length")
    assert graph["layers.1.activation"].shape == ("batch", 1, 48)
    assert describe(graph)["slice"] == 1


def test_slice_last_layer_cuts_a_relative_bias_too(random_weights: Any, encoder_config: Any) -> None:
    config = {"relative_attention_num_buckets": 8, "padding_idx": 1, "type_vocab_size": 0}
    graph = apply(classifier_graph(random_weights, encoder_config, **config), ["slice_last_layer"])
    assert graph["layers.1.masked_scores"].shape == ("batch", 4, 1, "length")
    assert graph["layers.0.masked_scores"].shape == ("batch", 4, "length", "length")


@pytest.mark.parametrize("family", ["nezha", "roformer", "modernbert", "deberta-v2"])
def test_slice_last_layer_narrows_every_form_of_attention(
    family: str, make_checkpoint: Callable[..., Path], open_model: Any
) -> None:
    """Through rotations, encodings of distances and picked columns too: one row of scores, from one query."""
    model = open_model(make_checkpoint(family, "text-classification"))
    graph = apply(model.graph("text-classification", 40), ["slice_last_layer"])
    last = f"layers.{len(model.encoder.layers) - 1}"
    rows = [
        tensor.shape
        for tensor in graph.tensors.values()
        if tensor.name.startswith(last) and "length" in tensor.shape[-1:]
    ]
    assert ("batch", 4, 1, "length") in rows
    assert set(rows) <= {("batch", 4, 1, "length"), ("batch", 1, 4, "length")}
    assert graph[f"{last}.query"].shape == ("batch", 1, 32)
    assert graph[f"{last}.key"].shape == ("batch", "length", 32)


@pytest.mark.parametrize("head", ["hidden states", "spans", "mean", "cls and max"])
def test_slice_last_layer_leaves_what_reads_every_position(head: str, random_weights: Any, encoder_config: Any) -> None:
    graph = build_graph(encoder_config(), HEADS[head], random_weights(), 32)
    assert describe(apply(graph, ["slice_last_layer"])) == describe(graph)
    assert apply(graph, ["slice_last_layer"])["layers.1.up"].shape == ("batch", "length", 48)


def test_slice_last_layer_reads_the_first_position_of_one_layer(random_weights: Any, encoder_config: Any) -> None:
    graph = apply(classifier_graph(random_weights, encoder_config, layers=((4, 8, 48),)), ["slice_last_layer"])
    assert graph["layers.0.query"].shape == ("batch", 1, 32)
    assert graph["layers.0.key"].shape == ("batch", "length", 32)


def test_fold_attention_scale_removes_the_multiplications(random_weights: Any, encoder_config: Any) -> None:
    graph = classifier_graph(random_weights, encoder_config)
    folded = apply(graph, ["fold_attention_scale"])
    assert describe(folded)["mul"] == describe(graph)["mul"] - 2
    before, after = (next(n for n in g.nodes if n.output == "layers.0.query").inputs[1:] for g in (graph, folded))
    for old, new in zip(before, after, strict=True):
        np.testing.assert_allclose(folded[new].numpy(), graph[old].numpy() / np.sqrt(np.float32(8)), rtol=1e-6)


@pytest.mark.parametrize("family", ["nezha", "roformer", "modernbert", "deberta-v2"])
def test_fold_attention_scale_reaches_queries(
    family: str, make_checkpoint: Callable[..., Path], open_model: Any
) -> None:
    """Where more than one product is made of the queries, they are scaled in place of the scores."""
    graph = open_model(make_checkpoint(family)).graph("feature-extraction", 40)
    scaled = [node.output for node in graph.nodes if node.output.endswith(".scaled_query")]
    assert len(scaled) == sum(node.op == "softmax" for node in graph.nodes)
    assert not set(scaled) & set(apply(graph, ["fold_attention_scale"]).tensors)


def test_fold_attention_scale_leaves_scores_that_something_else_reads() -> None:
    b = GraphBuilder()
    b.input("x", "float32", ("batch", "length", 4))
    b.constant("w", np.ones((4, 4), np.float32))
    b.op("linear", "x", "w", name="query")
    b.op("matmul", "query", "x", name="scores", transpose_b=True)
    b.op("mul", "scores", b.scalar(0.5), name="scaled")
    b.op("tanh", "scores", name="other")
    graph = b.build(["scaled", "other"])
    assert apply(graph, ["fold_attention_scale"]).nodes == graph.nodes


def test_merge_qkv(random_weights: Any, encoder_config: Any) -> None:
    graph = classifier_graph(random_weights, encoder_config)
    merged = apply(graph, ["merge_qkv"])
    assert describe(merged)["linear"] == describe(graph)["linear"] - 4
    assert describe(merged)["split"] == 2
    assert "layers.0.query.weight" not in merged.tensors
    sliced = apply(graph, ["slice_last_layer", "merge_qkv"])
    outputs = [node.outputs for node in sliced.nodes if node.op == "split"]
    assert outputs == [
        ("layers.0.query", "layers.0.key", "layers.0.value"),
        ("layers.1.key", "layers.1.value"),
    ]


def test_merge_qkv_of_layers_without_biases(make_checkpoint: Callable[..., Path], open_model: Any) -> None:
    """Linear layers that read the same tensor merge with their like: queries, keys, values; ``up`` and ``gate``."""
    graph = open_model(make_checkpoint("modernbert")).graph("feature-extraction", 16)
    outputs = [len(node.outputs) for node in apply(graph, ["merge_qkv"]).nodes if node.op == "split"]
    rotations = [node for node in graph.nodes if node.op == "split"]
    assert sorted(outputs) == sorted([3, 2] * 3 + [2] * len(rotations))


def test_merge_qkv_keeps_shared_layers_shared(make_checkpoint: Callable[..., Path], open_model: Any) -> None:
    graph = open_model(make_checkpoint("albert")).graph("feature-extraction", 16)
    merged = apply(graph)
    weights = {node.inputs[1] for node in merged.nodes if node.op == "linear" and "|" in node.output}
    assert len(weights) == 1
    assert sum(node.op == "split" for node in merged.nodes) == 3


WIDE = {"vocab_size": 4000}
"""A word table beside which the small tables of all pairs are next to nothing."""


def look_ups(graph: Graph) -> list[tuple[Any, ...]]:
    return [graph[node.inputs[0]].shape for node in graph.nodes if node.op == "gather"]


@pytest.mark.parametrize("padding_idx", [None, 1])
def test_preadd_makes_a_table_of_all_pairs(padding_idx: int | None, random_weights: Any, encoder_config: Any) -> None:
    rows = 32 + (0 if padding_idx is None else padding_idx + 1)
    graph = classifier_graph(random_weights, encoder_config, padding_idx=padding_idx, **WIDE)
    assert look_ups(graph) == [(4000, 32), (rows, 32), (2, 32)]
    assert look_ups(apply(graph, ["preadd_embeddings"])) == [(4000, 32), (2 * rows, 32)]


def test_preadd_falls_back_to_two_look_ups(
    random_weights: Any, encoder_config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pairs of a hundred types would outgrow the model: both tables stay."""
    graph = classifier_graph(random_weights, encoder_config, type_vocab_size=100, **WIDE)
    assert look_ups(apply(graph, ["preadd_embeddings"])) == [(4000, 32), (32, 32), (100, 32)]
    monkeypatch.setattr(rewrites, "_PREADD_GROWTH", 1.0)
    assert look_ups(apply(graph, ["preadd_embeddings"])) == [(4000, 32), (3200, 32)]


@pytest.mark.parametrize(("types", "task_types"), [(1, 0), (0, 3), (1, 3)])
def test_preadd_adds_constant_rows_to_the_table(
    types: int, task_types: int, random_weights: Any, encoder_config: Any
) -> None:
    graph = classifier_graph(random_weights, encoder_config, type_vocab_size=types, task_type_vocab_size=task_types)
    added = apply(graph, ["preadd_embeddings"])
    assert describe(graph)["add"] - describe(added)["add"] == (types > 0) + (task_types > 0)
    assert look_ups(added) == [(50, 32), (32, 32)]


@pytest.mark.parametrize("growth", [0.0, 1.0])
def test_preadd_merges_types_and_task_row(
    growth: float, random_weights: Any, encoder_config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ERNIE has both; the constant row goes into whatever table is left."""
    monkeypatch.setattr(rewrites, "_PREADD_GROWTH", growth)
    graph = classifier_graph(random_weights, encoder_config, task_type_vocab_size=3)
    added = apply(graph, ["preadd_embeddings"])
    assert look_ups(added) == ([(50, 32), (64, 32)] if growth else [(50, 32), (32, 32), (2, 32)])
    left = [name for name in sizes(added, "add") if name.startswith("embeddings.") and "+" not in name]
    assert len(left) == (1 if growth else 2)


def test_all_together_on_a_classifier(random_weights: Any, encoder_config: Any) -> None:
    graph = apply(classifier_graph(random_weights, encoder_config, **WIDE))
    found = describe(graph)
    assert found["linear"] == 1 + 3 + 1 + 1 + 3 + 2, (
        "qkv, output, up, down; q, kv, output, up, down; pooler, classifier"
    )
    assert found["split"] == 2
    assert found["gather"] == 2
    assert set(graph.tensors) == {n for node in graph.nodes for n in (*node.inputs, *node.outputs)}


@pytest.mark.parametrize("name", REWRITES)
def test_switched_off(name: str, random_weights: Any, encoder_config: Any) -> None:
    graph = classifier_graph(random_weights, encoder_config, **WIDE)
    others = [other for other in REWRITES if other != name]
    assert apply(graph, without=[name]).nodes == apply(graph, others).nodes
    assert apply(graph, without=[name]).nodes != apply(graph).nodes
    assert apply(graph, [name], without=[name]) is graph


@pytest.mark.parametrize("arguments", [{"names": ["fuse"]}, {"without": ["fuse"]}])
def test_unknown_rewrite(arguments: dict[str, list[str]], random_weights: Any, encoder_config: Any) -> None:
    with pytest.raises(UsageError, match=r"Unknown rewrite 'fuse'.*slice_last_layer"):
        apply(classifier_graph(random_weights, encoder_config), **arguments)


def test_a_rewrite_that_changes_the_signature_is_refused(
    random_weights: Any, encoder_config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = classifier_graph(random_weights, encoder_config)
    other = classifier_graph(random_weights, encoder_config, type_vocab_size=0)
    monkeypatch.setattr(rewrites, "REWRITES", {"merge_qkv": lambda _: other})
    with pytest.raises(GraphError, match="merge_qkv changed the signature"):
        apply(graph, ["merge_qkv"])
