"""Teacher-forced comparison of a graph's operators: what is wrong is named, what is only rounded is not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelm.families import Model
from edgelm.graph import quantize, rewrites
from edgelm.graph.builder import GraphBuilder
from edgelm.graph.interpreter import Constants
from edgelm.graph.ir import BATCH, LENGTH, Graph, Node
from edgelm.graph.ops import OPS
from edgelm.types import Array, Runner, Scheme, Tensors, Verdict
from edgelm.validate.bisect import LIMITS, Bisection, Rounding, bisect

Change = Callable[[Node, tuple[Array, ...]], tuple[Array, ...]]
SCHEMES = {
    "float32": Scheme("fp32", "float32", "float32", ""),
    "float16": Scheme("fp16", "float16", "float16", ""),
    "dynamic_tensor_asymmetric": Scheme("int8", "int8", "dynamic_tensor_asymmetric", ""),
    "dynamic_token_asymmetric": Scheme("int8", "int8", "dynamic_token_asymmetric", ""),
    "dynamic_token_symmetric": Scheme("int8", "int8", "dynamic_token_symmetric", ""),
    "dynamic_block_symmetric": Scheme("int8", "int8", "dynamic_block_symmetric", ""),
    "static_tensor_asymmetric": Scheme("int8-static", "int8", "static_tensor_asymmetric", "", outputs="int8"),
}


def unchanged(_: Node, results: tuple[Array, ...]) -> tuple[Array, ...]:
    return results


def tracer(graph: Graph, change: Change = unchanged, hidden: Collection[str] = ()) -> Runner:
    """An artifact of the graph that shows all its values but the hidden; ``change`` is what it does otherwise."""

    constants = Constants(graph)

    def run(inputs: Tensors) -> dict[str, Array]:
        values = dict(inputs)
        for node in graph.nodes:
            results = OPS[node.op].run(constants.operands(node, values), node.attrs)
            values.update(zip(node.outputs, change(node, results), strict=True))
        return {name: value for name, value in values.items() if name not in hidden}

    return run


def at(name: str, fault: Callable[[Array], Array]) -> Change:
    """The fault in that operator's result alone."""
    return lambda node, results: (fault(results[0]), *results[1:]) if node.output == name else results


def rounded(_: Node, results: tuple[Array, ...]) -> tuple[Array, ...]:
    """Every value as float16 holds it."""
    return tuple(x.astype(np.float16).astype(x.dtype) if x.dtype.kind == "f" else x for x in results)


@pytest.fixture(scope="module")
def encoder(make_checkpoint: Any, open_model: Any) -> Model:
    model: Model = open_model(make_checkpoint("bert", "text-classification", hidden_size=64, intermediate_size=128))
    return model


@pytest.fixture(scope="module")
def graphs(encoder: Model, feeds: Mapping[str, Tensors], min_max: Any) -> Mapping[str, Graph]:
    """The encoder as each scheme ships it, every rewrite applied."""
    graph = rewrites.apply(encoder.graph("text-classification", 32))
    calibration = min_max(graph, list(feeds.values()))
    return {name: quantize.apply_scheme(graph, scheme, calibration) for name, scheme in SCHEMES.items()}


@pytest.fixture(scope="module")
def feeds(encoder: Model, make_batch: Any) -> Mapping[str, Tensors]:
    return {"a batch": make_batch(encoder), "a text": make_batch(encoder, (7,), seed=1)}


class Run:
    """``run(change, hidden=(), activations="float32")``: an artifact with that change against its graph."""

    def __init__(self, graphs: Mapping[str, Graph], feeds: Mapping[str, Tensors]) -> None:
        self._graphs, self._feeds = graphs, feeds

    def __call__(self, change: Change, hidden: Collection[str] = (), activations: str = "float32") -> Bisection:
        graph = self._graphs[activations]
        return bisect(graph, tracer(graph, change, hidden), self._feeds, LIMITS[activations])

    def names(self, activations: str) -> list[str]:
        """Of every operator."""
        return [node.output for node in self._graphs[activations].nodes]

    def node(self, activations: str, name: str) -> Node:
        return self._graphs[activations].producers()[name]

    def outputs(self, activations: str, names: Collection[str]) -> set[str]:
        """Every output of those operators."""
        return {output for name in names for output in self.node(activations, name).outputs}


@pytest.fixture(scope="module")
def run(graphs: Mapping[str, Graph], feeds: Mapping[str, Tensors]) -> Run:
    return Run(graphs, feeds)


@pytest.mark.parametrize("activations", LIMITS)
def test_the_graph_itself_never_leaves_the_reference(run: Run, graphs: Mapping[str, Graph], activations: str) -> None:
    found = run(unchanged, activations=activations)
    nodes = graphs[activations].nodes
    assert found.verdict is Verdict.PASS
    assert (found.shown, found.operators) == (len(nodes), len(nodes))
    assert [finding.names for finding in found.findings] == [(node.output,) for node in nodes]
    assert {finding.max_abs for finding in found.findings} == {0.0}


@given(data=st.data())
def test_a_fault_in_any_operator_is_named(run: Run, data: st.DataObject) -> None:
    activations = data.draw(st.sampled_from(sorted(LIMITS)))
    node = run.node(activations, data.draw(st.sampled_from(run.names(activations))))
    share = data.draw(st.floats(0.1, 10))

    def fault(x: Array) -> Array:
        return x * 0 if x.dtype.kind == "i" else (x * (1 + share) + 1).astype(x.dtype)

    found = run(at(node.output, fault), activations=activations)
    assert found.first is not None
    assert (found.first.names, found.first.ops) == ((node.output,), (node.op,))
    assert found.first.max_abs > found.first.limit
    assert found.verdict is Verdict.FAIL


@given(data=st.data())
def test_a_fault_behind_hidden_values_is_named_with_them(run: Run, data: st.DataObject) -> None:
    names = [name for name in run.names("float32") if name.startswith("layers.0.")]
    start = data.draw(st.integers(0, len(names) - 4))
    hidden = names[start : start + 3]
    faulty = data.draw(st.sampled_from(hidden))
    # Not x + 1, which a softmax forgives, nor 2 * x, which a LayerNorm does.
    found = run(at(faulty, lambda x: np.roll(x, 1, axis=-1)), run.outputs("float32", hidden))
    assert found.first is not None
    assert faulty in found.first.names
    assert found.shown == found.operators - 3


def test_hidden_values_are_no_false_alarm(run: Run, graphs: Mapping[str, Graph]) -> None:
    every_third = {name for node in graphs["float32"].nodes[2:-1:3] for name in node.outputs}
    for activations in ("float32", "dynamic_token_asymmetric"):
        assert run(unchanged, every_third, activations).first is None


def test_float16_arithmetic_is_within_its_limits_and_outside_float32s(run: Run) -> None:
    assert run(rounded, activations="float16").verdict is Verdict.PASS
    first = run(rounded).first
    assert first is not None
    assert first.names == ("embeddings.word",)


@pytest.mark.parametrize("activations", [name for name in LIMITS if name.startswith("dynamic")])
def test_values_rounded_to_the_other_side_are_no_fault(
    graphs: Mapping[str, Graph], feeds: Mapping[str, Tensors], monkeypatch: pytest.MonkeyPatch, activations: str
) -> None:
    """A runtime that rounds halves up, after a division that came out a little higher."""
    graph = graphs[activations]

    def artifact(inputs: Tensors) -> dict[str, Array]:
        with monkeypatch.context() as patch:
            patch.setattr(np, "rint", lambda x: np.floor(x * np.float32(1.0001) + np.float32(0.5)))
            return tracer(graph)(inputs)

    found = bisect(graph, artifact, feeds, LIMITS[activations])
    assert found.first is None
    assert max(finding.max_abs for finding in found.findings if finding.ops == ("linear",)) > 1e-4


@pytest.mark.parametrize(
    "fault",
    [lambda x: np.where(x == x.max(), np.nan, x), lambda x: x * np.inf, lambda x: x[..., :-1], lambda x: x[0]],
    ids=["not a number", "infinite", "another shape", "another rank"],
)
def test_what_has_no_figure_is_a_fault(
    graphs: Mapping[str, Graph], feeds: Mapping[str, Tensors], fault: Callable[[Array], Array]
) -> None:
    graph = graphs["float32"]

    def artifact(inputs: Tensors) -> dict[str, Array]:
        values = tracer(graph)(inputs)
        return values | {"layers.0.up": fault(values["layers.0.up"])}

    found = bisect(graph, artifact, feeds, LIMITS["float32"])
    assert found.first is not None
    assert found.first.names == ("layers.0.up",)


def test_a_wrong_index_is_told_and_not_looked_up(run: Run) -> None:
    found = run(at("position_ids", lambda ids: np.maximum(ids - 1, 0)))
    assert found.first.names == ("position_ids",)
    assert [f.names for f in found.findings if f.verdict is Verdict.FAIL] == [("position_ids",), _rows(found)]


def _rows(found: Bisection) -> tuple[str, ...]:
    """The operator that reads the wrong index, and so is computed from another one here."""
    return next(f.names for f in found.findings if f.names[0].startswith("embeddings.position"))


def test_the_first_of_several_and_the_feed_it_is_worst_on(run: Run) -> None:
    def faults(node: Node, results: tuple[Array, ...]) -> tuple[Array, ...]:
        if node.output in ("layers.1.up", "layers.0.down", "logits"):
            return (results[0] + np.float32(len(results[0])),)
        return results

    found = run(faults)
    failed = [finding.names for finding in found.findings if finding.verdict is Verdict.FAIL]
    assert failed == [("layers.0.down",), ("layers.1.up",), ("logits",)]
    assert found.first.where == "a batch"
    assert found.first.max_abs == pytest.approx(3, abs=1e-4)


def test_too_little_to_see_is_not_green(run: Run, graphs: Mapping[str, Graph]) -> None:
    names = [name for node in graphs["float32"].nodes for name in node.outputs if name != "logits"]
    assert run(unchanged, names[: len(names) // 10]).verdict is Verdict.PASS
    assert run(unchanged, names[: len(names) // 2]).verdict is Verdict.UNMEASURED
    assert run(unchanged, [*names, "logits"]).verdict is Verdict.UNMEASURED
    assert run(at("logits", lambda x: x + 1), names[: len(names) // 2]).verdict is Verdict.FAIL


def test_a_title_names_every_suspect(run: Run) -> None:
    assert run(at("layers.0.up", lambda x: x + 1)).first.title == "layers.0.up (linear)"
    hidden = run(at("layers.0.up", lambda x: x + 1), ["layers.0.up"])
    assert hidden.first.title == "layers.0.activation (gelu), or before it layers.0.up (linear)"


def test_integers_of_another_width_and_parts_of_a_split_are_matched() -> None:
    b = GraphBuilder()
    x = b.input("x", "float32", (BATCH, LENGTH, 4))
    ids = b.input("ids", "int32", (BATCH, LENGTH))
    parts = b.multi("split", x, names=("left", "right"), axis=2, sizes=(2, 2))
    joined = b.op("concat", *reversed(parts), name="joined", axis=2)
    b.op("add", ids, b.scalar(1, "int32"), name="next")
    graph = b.build([joined, "next"])
    feed = {"x": np.arange(24, dtype=np.float32).reshape(1, 6, 4), "ids": np.arange(6, dtype=np.int32)[None, :]}

    def artifact(inputs: Tensors) -> dict[str, Array]:
        values = tracer(graph)(inputs)
        return {n: v.astype(np.int64) if v.dtype == np.int32 else v for n, v in values.items()}

    assert bisect(graph, artifact, {"x": feed}, Rounding(0.0)).verdict is Verdict.PASS
    swapped = bisect(graph, tracer(graph, lambda _, results: results[::-1]), {"x": feed}, Rounding(0.0))
    assert swapped.first is not None
    assert swapped.first.ops == ("split",)
