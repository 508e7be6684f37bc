"""Faults in graphs: what a wrong family, graph builder or rewrite would have shipped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from edgelm.graph.builder import rebuild
from edgelm.graph.ir import Graph, Node, Tensor
from edgelm.types import Array

from . import healthy as h
from .harness import Fault, Healthy, built, rewritten

Change = Callable[[Graph], Graph]
LAYER = ("query", "key", "value", "attention_output", "attention_norm", "up", "down", "ffn_norm")
LAST = 1
"""Of the two layers most of the tiny models have."""

# -- surgery -----------------------------------------------------------------------------------------------------------


def constant(name: str, values: Any, dtype: str = "float32") -> Tensor:
    """A constant that the graph does not have."""
    array = np.asarray(values, dtype, order="C")
    return Tensor(name, dtype, array.shape, array)


ONE = constant("fault.one", 1.0)


def edited(graph: Graph, changes: Mapping[str, Mapping[str, Any]], *constants: Tensor) -> Graph:
    """Nodes with other fields, by what they write."""
    nodes = [replace(node, **changes.get(node.output, {})) for node in graph.nodes]
    return rebuild(graph, nodes, constants)


def attributes(op: str, **attrs: Any) -> Change:
    """Every node of an operator with other attributes."""
    return lambda graph: edited(
        graph, {node.output: {"attrs": {**node.attrs, **attrs}} for node in graph.nodes if node.op == op}
    )


def read_as(graph: Graph, old: str, new: str) -> Graph:
    """Every reader of ``old`` reads ``new``."""
    return rebuild(
        graph, [replace(n, inputs=tuple(new if name == old else name for name in n.inputs)) for n in graph.nodes]
    )


def without(*outputs: str) -> Change:
    """Without those nodes: who reads one reads its first input."""

    def change(graph: Graph) -> Graph:
        for output in outputs:
            node = graph.producers()[output]
            if output in graph.outputs:
                graph = edited(graph, {output: {"op": "mul", "inputs": (node.inputs[0], ONE.name), "attrs": {}}}, ONE)
            else:
                graph = read_as(graph, output, node.inputs[0])
        return graph

    return change


def followed(name: str, op: str, operand: Tensor | None = None, **attrs: Any) -> Change:
    """One operator more between a tensor and all that read it."""
    new = f"{name}.after"
    more = Node(op, (name, *([operand.name] if operand else [])), (new,), attrs)

    def change(graph: Graph) -> Graph:
        nodes = [] if name in graph.producers() else [more]
        for node in graph.nodes:
            nodes.append(replace(node, inputs=tuple(new if i == name else i for i in node.inputs)))
            if name in node.outputs:
                nodes.append(more)
        return rebuild(graph, nodes, [operand] if operand else [])

    return change


def inputs(**operands: Any) -> Change:
    """Nodes with other operands, by what they write (``__`` stands for a dot): a function of those they have."""
    names = {output.replace("__", "."): new for output, new in operands.items()}

    def change(graph: Graph) -> Graph:
        producers = graph.producers()
        return edited(graph, {output: {"inputs": new(producers[output].inputs)} for output, new in names.items()})

    return change


def weights(output: str, values: Callable[[Array], Array], operand: int = 1) -> Change:
    """A node's constant with other values."""

    def change(graph: Graph) -> Graph:
        old = graph[graph.producers()[output].inputs[operand]]
        return rebuild(graph, graph.nodes, [constant(old.name, values(old.numpy()), old.dtype)])

    return change


def scalars(part: str, values: Callable[[float], float]) -> Change:
    """The scalar operand of every node whose output ends so."""

    def change(graph: Graph) -> Graph:
        found = [node for node in graph.nodes if node.output.endswith(part)]
        new = {node.output: constant(f"{node.output}.scalar", values(graph[node.inputs[1]].numpy())) for node in found}
        changes = {node.output: {"inputs": (node.inputs[0], new[node.output].name)} for node in found}
        return edited(graph, changes, *new.values())

    return change


def all_of(*changes: Change) -> Change:
    """One after the other."""

    def change(graph: Graph) -> Graph:
        for one in changes:
            graph = one(graph)
        return graph

    return change


def exchanged(graph: Graph, left: str, right: str) -> Graph:
    """Two nodes with one another's weights and biases."""
    one, other = (graph.producers()[name].inputs for name in (left, right))
    return edited(graph, {left: {"inputs": (one[0], *other[1:])}, right: {"inputs": (other[0], *one[1:])}})


def swapped(*pairs: tuple[str, str]) -> Change:
    """Pairs of nodes with one another's weights and biases."""
    return all_of(*(lambda graph, pair=pair: exchanged(graph, *pair) for pair in pairs))


# -- faults that need more than one line -------------------------------------------------------------------------------


def _softmax_over_queries(graph: Graph) -> Graph:
    turned = {"perm": (0, 1, 3, 2)}
    nodes = []
    for node in graph.nodes:
        if node.op != "softmax":
            nodes.append(node)
            continue
        before, after = f"{node.output}.before", f"{node.output}.after"
        nodes += [
            Node("transpose", node.inputs, (before,), turned),
            Node("softmax", (before,), (after,)),
            Node("transpose", (after,), node.outputs, turned),
        ]
    return rebuild(graph, nodes)


def _narrowed_keys(graph: Graph) -> Graph:
    """The last layer's keys and values for the first position alone, as its queries may be."""
    x = graph.producers()[f"layers.{LAST}.key"].inputs[0]
    first = {"axis": 1, "start": 0, "stop": 1}
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.output in (f"layers.{LAST}.key", f"layers.{LAST}.value"):
            if node.output.endswith("key"):
                nodes.append(Node("slice", (x,), ("fault.first",), first))
            node = replace(node, inputs=("fault.first", *node.inputs[1:]))
        if node.output == f"layers.{LAST}.masked_scores":
            nodes.append(Node("slice", (node.inputs[1],), ("fault.bias",), {**first, "axis": 3}))
            node = replace(node, inputs=(node.inputs[0], "fault.bias"))
        nodes.append(node)
    return rebuild(graph, nodes)


def _first_token_for_the_mean(graph: Graph) -> Graph:
    hidden = graph.producers()["pooling.masked"].inputs[0]
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.output == "pooling.mean":
            nodes.append(Node("slice", (hidden,), ("fault.first",), {"axis": 1, "start": 0, "stop": 1}))
            node = Node("squeeze", ("fault.first",), node.outputs, {"axis": 1})
        nodes.append(node)
    return rebuild(graph, nodes)


def _shuffled_split(graph: Graph) -> Graph:
    """merge_qkv with queries, values and keys in one weight, split as queries, keys and values."""
    changes = {
        node.output: {"outputs": (node.outputs[0], node.outputs[2], node.outputs[1])}
        for node in graph.nodes
        if node.op == "split" and len(node.outputs) == 3
    }
    assert changes
    return edited(graph, changes)


def _scaled(power: int) -> Change:
    """fold_attention_scale with the scale in a layer's query bias to another power than one."""

    def change(graph: Graph) -> Graph:
        names = [name for node in graph.nodes if node.op == "linear" for name in node.inputs if ".bias*0.25" in name]
        assert names
        scale = np.float32(0.25) ** (power - 1)
        new = [constant(name, graph[name].numpy() * scale) for name in dict.fromkeys(names)]
        return rebuild(graph, graph.nodes, new)

    return change


def _pairs_by_position(graph: Graph) -> Graph:
    """preadd_embeddings with its table of pairs in the other order than its rows are counted in."""
    (name,) = (tensor.name for tensor in graph.constants if tensor.name.endswith(".rows"))
    rows, table = int(graph[name].numpy()), graph[name.removesuffix(".rows")].numpy()
    turned = table.reshape(-1, rows, table.shape[-1]).swapaxes(0, 1).reshape(table.shape)
    return rebuild(graph, graph.nodes, [constant(name.removesuffix(".rows"), turned)])


def _ungrouped(graph: Graph) -> Graph:
    """ALBERT's layers 0 to 3 of two groups as groups 0, 1, 0, 1; right is 0, 0, 1, 1."""
    return all_of(*(lambda g, part=part: exchanged(g, f"layers.1.{part}", f"layers.2.{part}") for part in LAYER))(graph)


def _bias_in_first_layer_only(graph: Graph) -> Graph:
    return inputs(**{f"layers__{LAST}__masked_scores": lambda names: (names[0], "mask.bias")})(graph)


# -- the table ---------------------------------------------------------------------------------------------------------

_BY_LAYER = [f"layers.{i}.{{}}" for i in range(2)]


def _in_layers(part: str) -> tuple[str, ...]:
    return tuple(name.format(part) for name in _BY_LAYER)


def _of_builder(name: str, where: Healthy, change: Change, caught_by: str = "parity", *, quick: bool = False) -> Fault:
    return Fault(name, "graph", where, built(change), caught_by, quick)


def _of_rewrite(name: str, where: Healthy, change: Change) -> Fault:
    return Fault(name, "graph, rewrite", where, rewritten(change), "parity")


_SECOND = {"attrs": {"axis": 1, "start": 1, "stop": 2}}
_ROLL = lambda values: np.roll(values, 1, axis=0)  # noqa: E731
_DROP_BIAS = lambda names: names[:2]  # noqa: E731

FAULTS = (
    # weights
    _of_builder("two weight matrices swapped", h.BERT_ONNX, swapped(_in_layers("attention_output")), quick=True),
    _of_builder("queries and values swapped", h.BERT_FP16, swapped(("layers.1.query", "layers.1.value"))),
    _of_builder("queries and keys swapped", h.DISTILBERT, swapped(("layers.0.query", "layers.0.key"))),
    _of_builder("a square weight transposed", h.ROBERTA_TFLITE, weights("layers.1.attention_output", np.transpose)),
    _of_builder("embedding rows off by one", h.ELECTRA_COREML, weights("embeddings.word", _ROLL, 0)),
    _of_builder("classifier rows permuted", h.ALBERT_OPENVINO, weights("logits", _ROLL)),
    _of_builder("a feed-forward bias lost", h.BERT_ONNX, inputs(layers__0__up=_DROP_BIAS)),
    _of_builder("a query bias lost", h.BERT_TFLITE, inputs(layers__1__query=_DROP_BIAS)),
    _of_builder("the decoder's bias lost", h.ALBERT_COREML, inputs(logits=_DROP_BIAS)),
    # layers
    _of_builder("one layer skipped", h.BERT_TFLITE, lambda g: read_as(g, "layers.1.ffn_norm", "layers.0.ffn_norm")),
    _of_builder("two layers in the other order", h.ERNIE_ONNX, swapped(*(_in_layers(part) for part in LAYER))),
    _of_builder("shared layers grouped wrongly", h.ALBERT_OPENVINO, _ungrouped),
    _of_builder("the attention's residual lost", h.XLMR, without("layers.0.attention_residual")),
    _of_builder(
        "a residual taken before the norm", h.MPNET, inputs(layers__0__ffn_residual=lambda n: (n[0], "layers.0.attention_residual"))
    ),
    _of_builder("embedding LayerNorm lost", h.DISTILBERT_SERVER, without("embeddings.norm")),
    _of_builder("epsilon 1e-3 for 1e-12", h.BERT_ONNX, attributes("layer_norm", epsilon=1e-3)),
    _of_builder("epsilon 1e-5 for 1e-12", h.BERT_SMALL, attributes("layer_norm", epsilon=1e-5)),
    _of_builder("tanh GELU for erf GELU", h.BERT_TFLITE, attributes("gelu", approximate="tanh")),
    _of_builder("tanh GELU for erf GELU, Core ML", h.ELECTRA_COREML, attributes("gelu", approximate="tanh")),
    _of_builder(
        "ReLU for GELU", h.BERT_INT8, lambda g: edited(g, {n.output: {"op": "relu", "attrs": {}} for n in g.nodes if n.op == "gelu"})
    ),
    # attention
    _of_builder("mask ignored", h.BERT_ONNX, followed("mask", "maximum", ONE), quick=True),
    _of_builder("mask ignored at fixed lengths", h.BERT_FIXED, followed("mask", "maximum", ONE)),
    _of_builder("mask inverted", h.ROBERTA_TFLITE, inputs(mask__scaled=lambda n: ("mask", n[1]))),
    _of_builder("mask constant -8 for -10000", h.MPNET, scalars("mask.scaled", lambda _: -8.0)),
    _of_builder("mask of the first text for all of a batch", h.MPNET, followed("mask", "slice", axis=0, start=0, stop=1)),
    _of_builder("attention scale off by 2", h.BERT_SMALL, scalars("scaled_scores", lambda s: 2 * s)),
    _of_builder("attention scale without its root", h.ELECTRA_IOS, scalars("scaled_scores", lambda s: s * s)),
    _of_builder("softmax over the wrong axis", h.CAMEMBERT, _softmax_over_queries),
    _of_builder("heads merged in the wrong order", h.BERT_TFLITE, attributes("transpose", perm=(0, 2, 3, 1)) if False else lambda g: edited(g, {f"layers.{i}.context_split": {"attrs": {"perm": (0, 2, 3, 1)}} for i in range(2)})),
    _of_builder("scores of keys by queries", h.ERNIE_COREML, inputs(layers__0__scores=lambda n: n[::-1])),
    # embeddings
    _of_builder("pair type ids all zero", h.BERT_ONNX, followed("token_type_ids", "mul", constant("fault.zero", 0, "int32"))),
    _of_builder("pair type ids all zero, int8", h.BERT_INT8, followed("token_type_ids", "mul", constant("fault.zero", 0, "int32"))),
    _of_builder("position offset lost", h.ROBERTA_TFLITE, lambda g: edited(g, {"position_ids": {"attrs": {"padding_idx": None}}})),
    _of_builder("positions shifted by one", h.BERT_FIXED, weights("embeddings.position", _ROLL, 0)),
    _of_builder("the last positions lost", h.DISTILBERT, weights("embeddings.position", lambda v: np.concatenate([v[:-8], np.repeat(v[-9:-8], 8, 0)]), 0)),
    _of_builder("task types lost", h.ERNIE_ONNX, without("embeddings.task_type.add")),
    _of_builder("the embedding projection's bias lost", h.ELECTRA_IOS, inputs(embeddings__projection=_DROP_BIAS)),
    _of_builder("relative positions lost", h.MPNET, lambda g: read_as(g, "attention_bias", "mask.bias")),
    _of_builder("relative positions from key to query", h.MPNET_TFLITE, lambda g: edited(g, {"relative.bias": {"attrs": {"perm": (0, 3, 2, 1)}}})),
    _of_builder("relative positions in the first layer only", h.MPNET, _bias_in_first_layer_only),
    # heads
    _of_builder("[CLS] taken from the second position", h.ELECTRA_IOS, lambda g: edited(g, {"first.slice": _SECOND})),
    _of_builder("the pooler's tanh lost", h.ALBERT_OPENVINO, without("head.0.activation")),
    _of_builder("the classifier's ReLU lost", h.DISTILBERT_SERVER, without("head.0.activation")),
    _of_builder("start and end of an answer swapped", h.BERT_FIXED, lambda g: edited(g, {"head.start": {"outputs": ("head.end", "head.start")}})),
    _of_builder("the output layer's LayerNorm lost", h.CAMEMBERT, without("head.1")),
    _of_builder("pooling over padding", h.SENTENCE_INT8, inputs(pooling__mask=lambda _: ("fault",)) if False else lambda g: all_of(followed("pooling.mask", "maximum", ONE), followed("pooling.tokens", "maximum", ONE))(g)),
    _of_builder("maximum over padding", h.SENTENCE, inputs(pooling__max=lambda _: ("layers.1.ffn_norm",))),
    _of_builder("first token for the mean", h.MPNET_TFLITE, _first_token_for_the_mean),
    _of_builder("poolings joined in the other order", h.SENTENCE, inputs(pooling__concat=lambda n: n[::-1])),
    _of_builder("the Dense module's tanh lost", h.SENTENCE, without("sentence_embedding")),
    _of_builder("normalisation lost", h.MPNET, without("sentence_embedding")),
    _of_builder("normalisation lost, int8", h.SENTENCE_INT8, without("sentence_embedding")),
    # rewrites
    _of_rewrite("last-token slice takes the second position", h.BERT_ONNX, attributes("slice", axis=1, start=1, stop=2)),
    _of_rewrite("last-token slice narrows keys and values too", h.BERT_TFLITE, _narrowed_keys),
    _of_rewrite("merged queries, keys and values split in another order", h.DISTILBERT, _shuffled_split),
    _of_rewrite("attention scale folded into the weight, not into the bias", h.ROBERTA_TFLITE, _scaled(0)),
    _of_rewrite("attention scale folded twice into the bias", h.ELECTRA_COREML, _scaled(2)),
    _of_rewrite("pairs of type and position in the wrong order", h.BERT_SHORT, _pairs_by_position),
)
