"""Every target shows what its model computes on the way, by the graph's names; and a healthy bundle never leaves it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgelm import registry
from edgelm.decode import cosine
from edgelm.errors import UsageError
from edgelm.graph.ir import BATCH, LENGTH
from edgelm.types import Array, Tensors, Verdict
from edgelm.validate.diff import Comparison, open_source

from .cases import Case, every_case, parameters

TASKS = ("text-classification", "token-classification", "question-answering", "sentence-similarity")


SHOWN = parameters(case for case in every_case() if case.target.shows_values)
"""Those that show their values."""
EMULATED = [case for case in every_case() if case.target.set_up and case.target.name != case.target.converter]
"""Those that replay another's file on an emulated machine."""


@pytest.fixture
def comparison_of(exported: Any, model_of: Callable[[str], Path]) -> Callable[..., Comparison]:
    """``comparison_of(case, task, lengths=())``: the bundle and its source on the sample texts."""

    def make(case: Case, task: str, lengths: tuple[int, ...] = ()) -> Comparison:
        bundle, _ = exported(case, task, lengths)
        return Comparison(bundle, open_source(bundle, str(model_of(task, case.precision)), None), (), 1)

    return make


def traced(comparison: Comparison, feed: Tensors) -> dict[str, Array]:
    """What the bundle's target shows of one feed."""
    bundle = comparison.bundle
    names = {name for node in comparison.graph.nodes for name in node.outputs}
    return comparison.target.trace(bundle.path, bundle.manifest, 1, names)(feed)


def hidden(comparison: Comparison) -> int:
    """Operators a file need not show: a split whose parts Core ML names itself, positions where they are a constant.

    They are one at a fixed length, and in ncnn always, with whatever is computed of them in integers. MNN overwrites
    what an activation reads.
    """
    graph = comparison.graph
    integers = sum(graph[node.output].dtype == "int32" for node in graph.nodes)
    overwritten = sum(node.op in ("gelu", "tanh") for node in graph.nodes)
    return {"ncnn": max(1, integers), "mnn": overwritten}.get(comparison.target.converter, 1)


@pytest.mark.parametrize("case", SHOWN)
@pytest.mark.parametrize("task", TASKS)
def test_a_healthy_bundle_never_leaves_the_reference(case: Case, comparison_of: Any, task: str) -> None:
    comparison = comparison_of(case, task)
    found = comparison.operators(lambda _: None)
    assert found.first is None
    assert found.verdict is Verdict.PASS
    assert found.shown >= found.operators - hidden(comparison)
    closest = max(found.findings, key=lambda finding: finding.max_abs / finding.limit)
    print(f"{closest.title}: {closest.max_abs} against {closest.limit}")
    assert closest.max_abs < 0.9 * closest.limit


@pytest.mark.parametrize("case", SHOWN)
def test_fixed_lengths_are_compared_padded(case: Case, comparison_of: Any) -> None:
    lengths = (24,) if case.target.converter == "coreml" else (8, 24)  # iOS 17 takes one
    comparison = comparison_of(case, "text-classification", lengths)
    found = comparison.operators(lambda _: None)
    assert found.first is None
    assert found.shown >= found.operators - hidden(comparison)
    feed = {name: array[:, :5] for name, array in comparison.feeds[0].arrays.items()}
    values = traced(comparison, feed)
    length = {"coreml": 24, "tflite": 8}.get(case.target.converter, 5)
    assert values["input_ids"].shape == (1, length)
    assert values["layers.0.activation"].shape == (1, length, 128)
    assert values["attention_mask"].sum() == feed["attention_mask"].sum()


@pytest.mark.parametrize("case", SHOWN)
def test_a_trace_is_the_model_as_it_ships(case: Case, comparison_of: Any) -> None:
    """The same outputs, and every value in the graph's shape."""
    comparison = comparison_of(case, "token-classification")
    feed = comparison.feeds[0].arrays
    values = traced(comparison, feed)
    sizes = {BATCH: 1, LENGTH: feed["input_ids"].shape[1]}
    shapes = {name: tuple(sizes.get(size, size) for size in comparison.graph[name].shape) for name in values}
    assert {name: value.shape for name, value in values.items()} == shapes
    shipped = comparison.target.load(comparison.bundle.path, comparison.bundle.manifest, 1)(feed)
    for name, value in shipped.items():
        assert cosine(values[name].ravel(), value.ravel()) > 0.999


@pytest.mark.parametrize("case", SHOWN)
def test_only_what_is_asked_for_and_there_is_shown(case: Case, comparison_of: Any) -> None:
    comparison = comparison_of(case, "text-classification")
    bundle, feed = comparison.bundle, comparison.feeds[0].arrays
    names = {"layers.0.down", "layers.1.ffn_norm", "no such tensor"}
    values = case.target.trace(bundle.path, bundle.manifest, 1, names)(feed)
    assert set(values) - {"logits"} == {*feed, "layers.0.down", "layers.1.ffn_norm"}


@pytest.mark.parametrize("case", EMULATED, ids=str)
def test_an_emulated_machine_shows_nothing_and_says_who_does(case: Case) -> None:
    with pytest.raises(UsageError, match="cannot show") as raised:
        case.target.trace(Path(), {}, 1, ())
    assert f"--target {case.target.converter}" in raised.value.hint
    assert not registry.target(case.target.converter).set_up
