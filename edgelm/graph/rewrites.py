"""Exact rewrites: each returns a graph of the same signature whose values differ by fp32 round-off at most."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from edgelm.errors import UsageError
from edgelm.graph.builder import rebuild
from edgelm.graph.ir import Graph, GraphError, Node, Tensor
from edgelm.types import Array

Rewrite = Callable[[Graph], Graph]

_PREADD_GROWTH = 0.02
"""The table of all position and type pairs may add this share of the weights; beyond it two look-ups are cheaper."""


def slice_last_layer(graph: Graph) -> Graph:
    """Compute for one position only what is read at one position only.

    A demand walks backwards: where every reader of a tensor wants the same slice, its node works on that slice. A
    classifier then computes the last layer's queries, attention output and feed-forward for [CLS] alone; its keys and
    values, which all queries need, stay whole.
    """
    narrowed = _narrowed_tensors(graph)
    nodes: list[Node] = []
    renamed: dict[str, str] = {}
    made: set[str] = set()
    for node in graph.nodes:
        if node.op == "slice" and node.inputs[0] in narrowed:
            renamed[node.output] = node.inputs[0]
            continue
        inputs = [renamed.get(name, name) for name in node.inputs]
        if node.outputs[0] in narrowed:
            for i, cut in _operand_cuts(graph, node, narrowed[node.outputs[0]]).items():
                if node.inputs[i] in narrowed:
                    continue
                source = inputs[i]
                inputs[i] = f"{source}.{cut.axis}_{cut.start}_{cut.stop}"
                if inputs[i] not in made:
                    made.add(inputs[i])
                    nodes.append(Node("slice", (source,), (inputs[i],), cut.attrs))
        nodes.append(replace(node, inputs=tuple(inputs)))
    return rebuild(graph, nodes)


class _Cut:
    """A slice of one axis, counted from the front."""

    def __init__(self, axis: int, start: int, stop: int) -> None:
        self.axis, self.start, self.stop = axis, start, stop

    @property
    def attrs(self) -> dict[str, int]:
        return {"axis": self.axis, "start": self.start, "stop": self.stop}

    def along(self, axis: int) -> _Cut:
        return _Cut(axis, self.start, self.stop)


def _narrowed_tensors(graph: Graph) -> dict[str, _Cut]:
    """The tensors of which every reader wants the same slice, and which their node can compute on it alone."""
    demands: dict[str, list[_Cut | None]] = {name: [None] for name in graph.outputs}
    narrowed: dict[str, _Cut] = {}
    for node in reversed(graph.nodes):
        wanted = [cut for name in node.outputs for cut in demands.get(name, [])]
        cut = wanted[0] if wanted else None
        same = cut is not None and all(other is not None and other.attrs == cut.attrs for other in wanted)
        cuts = _operand_cuts(graph, node, cut) if same and cut is not None else {}
        if same and cut is not None and cuts:
            narrowed.update(dict.fromkeys(node.outputs, cut))
        elif node.op == "slice":
            cuts = {0: _Cut(node.attrs["axis"], node.attrs["start"], node.attrs["stop"])}
        for i, name in enumerate(node.inputs):
            demands.setdefault(name, []).append(cuts.get(i))
    return narrowed


def _operand_cuts(graph: Graph, node: Node, cut: _Cut) -> dict[int, _Cut]:
    """Which operands to slice, and where, so that the node computes just ``cut`` of its outputs; none: it cannot."""
    rank = len(graph[node.output].shape)
    if node.op in ("add", "sub", "mul", "div", "maximum"):
        return dict(_broadcast_cuts(graph, node, cut, rank))
    if node.op in ("gelu", "relu", "tanh", "sigmoid", "sqrt", "cast"):
        return {0: cut}
    if node.op in ("linear", "layer_norm", "softmax", "l2_normalize"):
        return {0: cut} if cut.axis < rank - 1 else {}
    if node.op == "matmul" and cut.axis >= rank - 2:
        return {0: cut} if cut.axis == rank - 2 else {}
    if node.op == "matmul":
        return dict(_broadcast_cuts(graph, node, cut, rank))
    if node.op == "gather_columns":
        return {rank - 1: {1: cut.along(1)}, rank - 2: {0: cut, 1: cut.along(0)}}.get(cut.axis, {0: cut})
    if node.op in ("split", "concat"):
        return dict.fromkeys(range(len(node.inputs)), cut) if cut.axis != node.attrs["axis"] % rank else {}
    if node.op == "transpose":
        return {0: cut.along(node.attrs["perm"][cut.axis])}
    if node.op == "reshape":
        return {0: cut} if all(size == 0 for size in node.attrs["shape"][: cut.axis + 1]) else {}
    return {}


def _broadcast_cuts(graph: Graph, node: Node, cut: _Cut, rank: int) -> Iterable[tuple[int, _Cut]]:
    for i, name in enumerate(node.inputs):
        shape = graph[name].shape
        axis = cut.axis - (rank - len(shape))
        if axis >= 0 and shape[axis] != 1:
            yield i, cut.along(axis)


def preadd_embeddings(graph: Graph) -> Graph:
    """Add the type embedding to the position table once, instead of to every token at run time.

    A constant row is added to the table itself. A looked-up type becomes one look-up in a table of all (type, position)
    pairs, row ``type * positions + position``, where that table stays small beside the other weights.
    """
    while (found := _next_preadd(graph)) is not None:
        graph = found
    return graph


def _next_preadd(graph: Graph) -> Graph | None:
    """One step: ``(x + positions) + types`` -> ``x + (positions and types)``, or None where nothing matches."""
    producers = graph.producers()
    for outer in graph.nodes:
        inner = producers.get(outer.inputs[0])
        if outer.op != "add" or inner is None or inner.op != "add" or len(graph.consumers()[inner.output]) > 1:
            continue
        positions = producers.get(inner.inputs[1])
        if positions is None or positions.op != "gather":
            continue
        merged = _merge_tables(graph, positions, producers.get(outer.inputs[1]), outer.inputs[1])
        if merged is not None:
            before, constants = merged
            name = before[-1].output
            nodes = [n for n in graph.nodes if n is not inner]
            at = nodes.index(outer)
            nodes[at : at + 1] = [*before, replace(outer, inputs=(inner.inputs[0], name))]
            return rebuild(graph, nodes, constants)
    return None


def _merge_tables(
    graph: Graph, positions: Node, types: Node | None, term: str
) -> tuple[list[Node], list[Tensor]] | None:
    """The nodes and constants that look up the sum of both, or None where one look-up would not pay."""
    table_name, ids = positions.inputs
    table = graph[table_name].numpy()
    if types is None and graph[term].data is not None and graph[term].shape == table.shape[1:]:
        constant = _constant(f"{table_name}+{term}", table + graph[term].numpy())
        return [replace(positions, inputs=(constant.name, ids), outputs=(f"{positions.output}+type",))], [constant]
    source = graph.producers().get(ids)
    if source is None or source.op != "position_ids":
        return None
    if types is None or types.op != "gather" or types.inputs[1] not in graph.inputs:
        return None
    type_table = graph[types.inputs[0]].numpy()
    weights = sum(tensor.data.nbytes for tensor in graph.constants if tensor.data is not None)
    if (len(type_table) - 1) * table.nbytes > _PREADD_GROWTH * weights:
        return None
    pairs = (type_table[:, None, :] + table[None, :, :]).reshape(-1, table.shape[1])
    constant = _constant(f"{table_name}+{types.inputs[0]}", pairs)
    rows = _constant(f"{constant.name}.rows", np.asarray(len(table), np.int32))
    name = f"{positions.output}+type"
    return [
        Node("mul", (types.inputs[1], rows.name), (f"{name}.first_row",)),
        Node("add", (f"{name}.first_row", ids), (f"{name}.row",)),
        Node("gather", (constant.name, f"{name}.row"), (name,)),
    ], [constant, rows]


def fold_attention_scale(graph: Graph) -> Graph:
    """Scale the queries' weights and bias by 1 / sqrt(head size), instead of every score or query at run time."""
    producers, consumers = graph.producers(), graph.consumers()
    scales: dict[str, float] = {}
    dropped: dict[str, str] = {}
    for node in graph.nodes:
        source = producers.get(node.inputs[0])
        if node.op != "mul" or source is None or graph[node.inputs[1]].shape != ():
            continue
        if len(consumers[source.output]) > 1 or source.output in graph.outputs:
            continue
        linear = _trace_linear(source.inputs[0] if source.op == "matmul" else source.output, producers, consumers)
        if linear is not None and graph[node.inputs[1]].data is not None:
            scales[linear.output] = float(graph[node.inputs[1]].numpy())
            dropped[node.output] = source.output
    constants: dict[str, Tensor] = {}
    nodes = []
    for node in graph.nodes:
        if node.output in dropped:
            continue
        if node.output in scales:
            scaled = [f"{name}*{scales[node.output]:.9g}" for name in node.inputs[1:]]
            for old, new in zip(node.inputs[1:], scaled, strict=True):
                if new not in constants:
                    constants[new] = _constant(new, graph[old].numpy() * np.float32(scales[node.output]))
            node = replace(node, inputs=(node.inputs[0], *scaled))
        nodes.append(replace(node, inputs=tuple(dropped.get(name, name) for name in node.inputs)))
    return rebuild(graph, nodes, constants.values())


def _trace_linear(name: str, producers: Mapping[str, Node], consumers: Mapping[str, list[Node]]) -> Node | None:
    """The linear node that alone feeds a tensor through reshapes and transposes."""
    node = producers.get(name)
    while node is not None and len(consumers[node.output]) == 1:
        if node.op == "linear":
            return node
        node = producers.get(node.inputs[0]) if node.op in ("reshape", "transpose") else None
    return None


def merge_qkv(graph: Graph) -> Graph:
    """One linear layer for all that read the same tensor (queries, keys and values), split afterwards."""
    groups: dict[tuple[str, int], list[Node]] = {}
    for node in graph.nodes:
        if node.op == "linear":
            groups.setdefault((node.inputs[0], len(node.inputs)), []).append(node)
    merged = {group[0].output: group for group in groups.values() if len(group) > 1}
    followers = {node.output for group in merged.values() for node in group[1:]}
    constants: dict[str, Tensor] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.outputs[0] in followers:
            continue
        if node.outputs[0] not in merged:
            nodes.append(node)
            continue
        group = merged[node.output]
        names = ["|".join(member.inputs[i] for member in group) for i in range(1, len(node.inputs))]
        for i, name in enumerate(names, 1):
            if name not in constants:
                parts = [graph[member.inputs[i]].numpy() for member in group]
                constants[name] = _constant(name, np.concatenate(parts))
        outputs = tuple(member.output for member in group)
        joined = "|".join(outputs)
        sizes = tuple(int(graph[output].shape[-1]) for output in outputs)
        axis = len(graph[outputs[0]].shape) - 1
        nodes.append(Node("linear", (node.inputs[0], *names), (joined,), node.attrs))
        nodes.append(Node("split", (joined,), outputs, {"axis": axis, "sizes": sizes}))
    return rebuild(graph, nodes, constants.values())


REWRITES: Mapping[str, Rewrite] = {
    # First, while queries, keys and values still are layers of their own: merged, only queries could not narrow.
    "slice_last_layer": slice_last_layer,
    "preadd_embeddings": preadd_embeddings,
    # Before the merge, which would put scaled queries and unscaled keys into one weight.
    "fold_attention_scale": fold_attention_scale,
    "merge_qkv": merge_qkv,
}
"""Every rewrite by name, in the order they run."""


def apply(graph: Graph, names: Collection[str] = tuple(REWRITES), without: Collection[str] = ()) -> Graph:
    """Run the named rewrites in their fixed order, less those switched off; the signature must survive each."""
    for name in (*names, *without):
        if name not in REWRITES:
            raise UsageError(f"Unknown rewrite {name!r}.", hint=f"Rewrites: {', '.join(REWRITES)}.")
    for name, rewrite in REWRITES.items():
        if name in names and name not in without:
            before = graph.signature
            graph = rewrite(graph)
            if graph.signature != before:
                raise GraphError(f"rewrite {name} changed the signature from {before} to {graph.signature}")
    return graph


def _constant(name: str, data: Array) -> Tensor:
    values: Array = np.ascontiguousarray(data) if data.ndim else data
    return Tensor(name, str(values.dtype), values.shape, values)


def describe(graph: Graph) -> dict[str, Any]:
    """How many nodes of each operator a graph has, for reports and tests."""
    counts: dict[str, int] = {}
    for node in graph.nodes:
        counts[node.op] = counts.get(node.op, 0) + 1
    return counts
