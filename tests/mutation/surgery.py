"""Changes to graphs: small, and typed afresh, so that what comes out is a graph that converts and runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from edgelm.graph.builder import rebuild
from edgelm.graph.ir import Graph, Node, Tensor
from edgelm.types import Array

Change = Callable[[Graph], Graph]
Operands = tuple[str, ...]


def constant(name: str, values: Any, dtype: str = "float32") -> Tensor:
    """A constant of that name."""
    array = np.asarray(values, dtype, order="C")
    return Tensor(name, dtype, array.shape, array)


ONE = constant("fault.one", 1.0)


def edited(graph: Graph, changes: Mapping[str, Mapping[str, Any]], *constants: Tensor) -> Graph:
    """Nodes with other fields, by what they write."""
    return rebuild(graph, [replace(node, **changes.get(node.output, {})) for node in graph.nodes], constants)


def node(output: str, **fields: Any) -> Change:
    """One node with other fields."""
    return lambda graph: edited(graph, {output: fields})


def every(kind: str, **fields: Any) -> Change:
    """Every node of an operator with other fields."""
    return lambda graph: edited(graph, {one.output: fields for one in graph.nodes if one.op == kind})


def inputs(output: str, change: Callable[[Operands], Operands]) -> Change:
    """A node with other operands, made of those it has."""
    return lambda graph: edited(graph, {output: {"inputs": change(graph.producers()[output].inputs)}})


def reading(old: str, new: str) -> Change:
    """Every reader of ``old`` reads ``new``."""
    return lambda graph: rebuild(
        graph, [replace(n, inputs=tuple(new if name == old else name for name in n.inputs)) for n in graph.nodes]
    )


def without(output: str) -> Change:
    """Without a node: who reads it reads its first input."""

    def change(graph: Graph) -> Graph:
        source = graph.producers()[output].inputs[0]
        if output not in graph.outputs:
            return reading(output, source)(graph)
        return edited(graph, {output: {"op": "mul", "inputs": (source, ONE.name), "attrs": {}}}, ONE)

    return change


def followed(name: str, op: str, *operands: Tensor, **attrs: Any) -> Change:
    """One operator more between a tensor and all that read it."""
    new = f"{name}.after"
    more = Node(op, (name, *(operand.name for operand in operands)), (new,), attrs)

    def change(graph: Graph) -> Graph:
        nodes = [] if name in graph.producers() else [more]
        for one in graph.nodes:
            nodes.append(replace(one, inputs=tuple(new if i == name else i for i in one.inputs)))
            if name in one.outputs:
                nodes.append(more)
        return rebuild(graph, nodes, operands)

    return change


def weights(output: str, values: Callable[[Array], Array], operand: int = 1) -> Change:
    """A node's constant with other values."""

    def change(graph: Graph) -> Graph:
        old = graph[graph.producers()[output].inputs[operand]]
        return rebuild(graph, graph.nodes, [constant(old.name, values(old.numpy()), old.dtype)])

    return change


def scalars(part: str, value: Callable[[float], float]) -> Change:
    """The scalar that every node reads whose output ends so."""

    def change(graph: Graph) -> Graph:
        found = [one for one in graph.nodes if one.output.endswith(part)]
        new = {one.output: constant(f"{one.output}.scalar", value(graph[one.inputs[1]].numpy())) for one in found}
        changes = {one.output: {"inputs": (one.inputs[0], new[one.output].name)} for one in found}
        return edited(graph, changes, *new.values())

    return change


def both(*changes: Change) -> Change:
    """One after the other."""

    def change(graph: Graph) -> Graph:
        for one in changes:
            graph = one(graph)
        return graph

    return change


def exchanged(*pairs: tuple[str, str]) -> Change:
    """Pairs of nodes with one another's weights and biases."""

    def change(graph: Graph) -> Graph:
        for left, right in pairs:
            one, other = (graph.producers()[name].inputs for name in (left, right))
            fields = {left: {"inputs": (one[0], *other[1:])}, right: {"inputs": (other[0], *one[1:])}}
            graph = edited(graph, fields)
        return graph

    return change
