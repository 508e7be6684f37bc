"""Faults in graphs: what a wrong family, graph builder or rewrite would have shipped."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from edgelm.graph.builder import rebuild
from edgelm.graph.ir import Graph, Node
from edgelm.types import Array

from . import healthy as h
from .harness import Fault, built, rewritten
from .surgery import (
    ONE,
    Change,
    Operands,
    both,
    constant,
    edited,
    every,
    exchanged,
    followed,
    inputs,
    node,
    reading,
    scalars,
    weights,
    without,
)

PARITY = "parity: .* vs "
"""Outputs against the graph's, not operators."""
PARTS = ("query", "key", "value", "attention_output", "attention_norm", "up", "down", "ffn_norm")
ZERO = constant("fault.zero", 0, "int32")
SHORT_PAIRLESS = ("Hello there.", "The train leaves at half past nine.")


def rolled(values: Array) -> Array:
    """Every row in the next one's place."""
    return np.roll(values, 1, axis=0)


def no_bias(operands: Operands) -> Operands:
    """A linear layer's without the last."""
    return operands[:2]


def _last_repeated(table: Array) -> Array:
    return np.concatenate([table[:-8], np.repeat(table[-9:-8], 8, axis=0)])


def _second_half_zero(table: Array) -> Array:
    return np.concatenate([table[: len(table) // 2], np.zeros_like(table[len(table) // 2 :])])


def _softmax_over_queries(graph: Graph) -> Graph:
    turned = {"perm": (0, 1, 3, 2)}
    nodes: list[Node] = []
    for one in graph.nodes:
        if one.op != "softmax":
            nodes.append(one)
            continue
        before, after = f"{one.output}.before", f"{one.output}.after"
        nodes += [
            Node("transpose", one.inputs, (before,), turned),
            Node("softmax", (before,), (after,)),
            Node("transpose", (after,), one.outputs, turned),
        ]
    return rebuild(graph, nodes)


def _narrowed_keys(graph: Graph) -> Graph:
    """The last layer's keys and values for the first position alone, as its queries may be."""
    x, bias = graph.producers()["layers.1.key"].inputs[0], graph.producers()["layers.1.masked_scores"].inputs[1]
    cuts = {
        "layers.1.key": (x, 0, 1),
        "layers.1.value": (x, 0, 1),
        "layers.1.masked_scores": (bias, 1, 3),
    }
    nodes: list[Node] = []
    for one in graph.nodes:
        source, place, axis = cuts.get(one.output, ("", 0, 0))
        if source:
            narrow = f"{one.output}.narrow"
            nodes.append(Node("slice", (source,), (narrow,), {"axis": axis, "start": 0, "stop": 1}))
            one = replace(one, inputs=(*one.inputs[:place], narrow, *one.inputs[place + 1 :]))
        nodes.append(one)
    return rebuild(graph, nodes)


def _first_token_for_the_mean(graph: Graph) -> Graph:
    hidden = graph.producers()["pooling.masked"].inputs[0]
    nodes: list[Node] = []
    for one in graph.nodes:
        if one.output == "pooling.mean":
            nodes.append(Node("slice", (hidden,), ("fault.first",), {"axis": 1, "start": 0, "stop": 1}))
            one = Node("squeeze", ("fault.first",), one.outputs, {"axis": 1})
        nodes.append(one)
    return rebuild(graph, nodes)


def _shuffled_split(graph: Graph) -> Graph:
    """merge_qkv with queries, values and keys in one weight, split as queries, keys and values."""
    merged = [one for one in graph.nodes if one.op == "split" and len(one.outputs) == 3]
    assert merged
    return edited(graph, {one.output: {"outputs": (one.outputs[0], *one.outputs[:0:-1])} for one in merged})


def _bias_scaled(power: int, graph: Graph) -> Graph:
    """fold_attention_scale with the scale in a query's bias to another power than one."""
    names = {name for one in graph.nodes if one.op == "linear" for name in one.inputs if ".bias*0.25" in name}
    assert names
    factor = np.float32(0.25) ** (power - 1)
    return rebuild(graph, graph.nodes, [constant(name, graph[name].numpy() * factor) for name in sorted(names)])


def _pairs_by_position(graph: Graph) -> Graph:
    """preadd_embeddings with its table of pairs in another order than its rows are counted in."""
    (name,) = (tensor.name for tensor in graph.constants if tensor.name.endswith(".rows"))
    rows, table = int(graph[name].numpy()), graph[name.removesuffix(".rows")].numpy()
    turned = table.reshape(-1, rows, table.shape[-1]).swapaxes(0, 1).reshape(table.shape)
    return rebuild(graph, graph.nodes, [constant(name.removesuffix(".rows"), turned)])


def _heads_interleaved(graph: Graph) -> Graph:
    return edited(graph, {f"layers.{i}.context_split": {"attrs": {"perm": (0, 2, 3, 1)}} for i in range(2)})


def _other_epsilon(epsilon: float) -> Change:
    return every("layer_norm", attrs={"epsilon": epsilon})


_tanh_gelu = every("gelu", attrs={"approximate": "tanh"})
_mask_ignored = followed("mask", "maximum", ONE)
_types_zero = followed("token_type_ids", "mul", ZERO)
_second_position = {"attrs": {"axis": 1, "start": 1, "stop": 2}}
_all_of_layer = [(f"layers.0.{part}", f"layers.1.{part}") for part in PARTS]
_of_weights = partial(Fault, "weights in the graph")
_of_layers = partial(Fault, "layers")
_of_attention = partial(Fault, "attention")
_of_embeddings = partial(Fault, "embeddings")
_of_heads = partial(Fault, "heads and pooling")
_of_rewrites = partial(Fault, "rewrites")

WEIGHTS = (
    _of_weights(
        "two matrices swapped",
        h.BERT_ONNX,
        built(exchanged(("layers.0.attention_output", "layers.1.attention_output"))),
        PARITY,
        quick=True,
    ),
    _of_weights(
        "queries' and values' swapped", h.BERT_FP16, built(exchanged(("layers.1.query", "layers.1.value"))), PARITY
    ),
    _of_weights(
        "queries' and keys' swapped", h.DISTILBERT, built(exchanged(("layers.0.query", "layers.0.key"))), PARITY
    ),
    _of_weights(
        "a square one transposed", h.ROBERTA, built(weights("layers.1.attention_output", np.transpose)), PARITY
    ),
    _of_weights("embedding rows off by one", h.ELECTRA, built(weights("embeddings.word", rolled, 0)), PARITY),
    _of_weights(
        "half of the embedding zero",
        h.BERT_WORDY,
        built(weights("embeddings.word", _second_half_zero, 0)),
        "parity: operators|integrity: weights",
    ),
    _of_weights("classifier rows permuted", h.ALBERT, built(weights("logits", rolled)), PARITY),
    _of_weights("a feed-forward bias lost", h.BERT_ONNX, built(inputs("layers.0.up", no_bias)), PARITY),
    _of_weights("a query bias lost", h.BERT_TFLITE, built(inputs("layers.1.query", no_bias)), PARITY),
    _of_weights(
        "a key bias lost, which changes no answer",
        h.BERT_TFLITE,
        built(inputs("layers.1.key", no_bias)),
        "parity: operators",
    ),
    _of_weights("the decoder's bias lost", h.ALBERT_COREML, built(inputs("logits", no_bias)), PARITY),
)

LAYERS = (
    _of_layers("one skipped", h.BERT_TFLITE, built(reading("layers.1.ffn_norm", "layers.0.ffn_norm")), PARITY),
    _of_layers("two in the other order", h.ERNIE, built(exchanged(*_all_of_layer)), PARITY),
    _of_layers(
        "shared ones grouped wrongly",
        h.ALBERT,
        built(exchanged(*((f"layers.1.{part}", f"layers.2.{part}") for part in PARTS))),
        PARITY,
    ),
    _of_layers("attention's residual lost", h.XLMR, built(without("layers.0.attention_residual")), PARITY),
    _of_layers(
        "a residual taken before the norm",
        h.MPNET,
        built(inputs("layers.0.ffn_residual", lambda names: (names[0], "layers.0.attention_residual"))),
        PARITY,
    ),
    _of_layers("epsilon 1e-3 for 1e-12", h.BERT_ONNX, built(_other_epsilon(1e-3)), PARITY),
    _of_layers("epsilon 1e-5 for 1e-12, embeddings small", h.BERT_SMALL, built(_other_epsilon(1e-5)), PARITY),
    _of_layers("tanh GELU for erf GELU", h.BERT_TFLITE, built(_tanh_gelu), PARITY),
    _of_layers("tanh GELU for erf GELU, Core ML", h.ELECTRA, built(_tanh_gelu), PARITY),
    _of_layers("tanh GELU for erf GELU, int8", h.BERT_INT8, built(_tanh_gelu), "parity: operators"),
    _of_layers("ReLU for GELU", h.BERT_ANDROID, built(every("gelu", op="relu", attrs={})), PARITY),
)

ATTENTION = (
    _of_attention("mask ignored", h.BERT_ONNX, built(_mask_ignored), "(parity: .* vs |invariance)"),
    _of_attention("mask ignored, fixed lengths", h.BERT_FIXED, built(_mask_ignored), PARITY, quick=True),
    _of_attention("mask ignored, int8", h.BERT_INT8, built(_mask_ignored), "invariance"),
    _of_attention("mask inverted", h.ROBERTA, built(inputs("mask.scaled", lambda names: ("mask", names[1]))), PARITY),
    _of_attention("mask constant -8 for -10000", h.MPNET, built(scalars("mask.scaled", lambda _: -8.0)), PARITY),
    _of_attention(
        "one text's mask for all of a batch",
        h.MPNET,
        built(followed("mask", "slice", axis=0, start=0, stop=1)),
        "invariance",
        quick=True,
    ),
    _of_attention("scale off by 2", h.BERT_SMALL, built(scalars("scaled_scores", lambda scale: 2 * scale)), PARITY),
    _of_attention(
        "scale without its root", h.ELECTRA_IOS, built(scalars("scaled_scores", lambda scale: scale**2)), PARITY
    ),
    _of_attention("softmax over the wrong axis", h.CAMEMBERT, built(_softmax_over_queries), PARITY),
    _of_attention("heads merged in the wrong order", h.BERT_TFLITE, built(_heads_interleaved), PARITY),
    _of_attention(
        "keys by queries", h.ERNIE_COREML, built(inputs("layers.0.scores", lambda names: names[::-1])), PARITY
    ),
)

EMBEDDINGS = (
    _of_embeddings("LayerNorm lost", h.DISTILBERT_SERVER, built(without("embeddings.norm")), PARITY),
    _of_embeddings("pair type ids all zero", h.BERT_ONNX, built(_types_zero), PARITY, quick=True),
    _of_embeddings("pair type ids all zero, int8", h.BERT_ANDROID, built(_types_zero), PARITY),
    _of_embeddings(
        "pair type ids all zero, own samples have no pair",
        h.BERT_ONNX,
        built(_types_zero),
        PARITY,
        samples=SHORT_PAIRLESS,
    ),
    _of_embeddings("position offset lost", h.ROBERTA, built(node("position_ids", attrs={"padding_idx": None})), PARITY),
    _of_embeddings("positions shifted by one", h.BERT_FIXED, built(weights("embeddings.position", rolled, 0)), PARITY),
    _of_embeddings(
        "last positions lost", h.DISTILBERT, built(weights("embeddings.position", _last_repeated, 0)), PARITY
    ),
    _of_embeddings("task types lost", h.ERNIE, built(without("embeddings.task_type.add")), PARITY),
    _of_embeddings("projection's bias lost", h.ELECTRA_IOS, built(inputs("embeddings.projection", no_bias)), PARITY),
    _of_embeddings("relative positions lost", h.MPNET, built(reading("attention_bias", "mask.bias")), PARITY),
    _of_embeddings(
        "relative positions from key to query, int8",
        h.MPNET_TFLITE,
        built(node("relative.bias", attrs={"perm": (0, 3, 2, 1)})),
        "parity: operators",
    ),
    _of_embeddings(
        "relative positions in one layer only",
        h.MPNET,
        built(inputs("layers.1.masked_scores", lambda names: (names[0], "mask.bias"))),
        PARITY,
    ),
)

HEADS = (
    _of_heads(
        "[CLS] taken from the second place", h.ELECTRA_IOS, built(node("first.slice", **_second_position)), PARITY
    ),
    _of_heads("the pooler's tanh lost", h.ALBERT, built(without("head.0.activation")), PARITY),
    _of_heads("the classifier's ReLU lost", h.DISTILBERT_SERVER, built(without("head.0.activation")), PARITY),
    _of_heads(
        "start and end swapped", h.BERT_FIXED, built(node("head.start", outputs=("head.end", "head.start"))), PARITY
    ),
    _of_heads("the output layer's LayerNorm lost", h.CAMEMBERT, built(without("head.1")), PARITY),
    _of_heads(
        "mean over padding, int8",
        h.SENTENCE_TFLITE,
        built(both(followed("pooling.mask", "maximum", ONE), followed("pooling.tokens", "maximum", ONE))),
        "invariance",
    ),
    _of_heads(
        "maximum over padding", h.SENTENCE, built(inputs("pooling.max", lambda _: ("layers.1.ffn_norm",))), PARITY
    ),
    _of_heads("the first token for the mean", h.MPNET_TFLITE, built(_first_token_for_the_mean), PARITY),
    _of_heads(
        "poolings joined in the other order", h.SENTENCE, built(inputs("pooling.concat", lambda n: n[::-1])), PARITY
    ),
    _of_heads("the Dense module's tanh lost", h.SENTENCE, built(without("sentence_embedding")), PARITY),
    _of_heads("normalisation lost", h.MPNET, built(without("sentence_embedding")), PARITY),
    _of_heads("normalisation lost, int8", h.SENTENCE_TFLITE, built(without("sentence_embedding")), PARITY),
)

REWRITES = (
    _of_rewrites(
        "last-layer slice at the second place", h.BERT_ONNX, rewritten(every("slice", **_second_position)), PARITY
    ),
    _of_rewrites("last-layer slice of keys and values too", h.BERT_TFLITE, rewritten(_narrowed_keys), PARITY),
    _of_rewrites("merged queries, keys and values split wrongly", h.DISTILBERT, rewritten(_shuffled_split), PARITY),
    _of_rewrites("attention scale not in the bias", h.ROBERTA, rewritten(partial(_bias_scaled, 0)), PARITY),
    _of_rewrites("attention scale twice in the bias", h.ELECTRA, rewritten(partial(_bias_scaled, 2)), PARITY),
    _of_rewrites("pairs of type and position in the wrong order", h.BERT_SHORT, rewritten(_pairs_by_position), PARITY),
)

FAULTS = (*WEIGHTS, *LAYERS, *ATTENTION, *EMBEDDINGS, *HEADS, *REWRITES)
