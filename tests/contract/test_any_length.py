"""A runner takes any batch and any length up to the bundle's, and gives what the graph gives for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgelm.graph.interpreter import Interpreter
from edgelm.source import form_of, shipped_graph
from edgelm.types import Verdict
from edgelm.validate import parity

BATCHES = ((1,), (3,), (17, 5, 9), (64,), (2, 64), (7, 7))
"""Numbers of real tokens of each text of a batch; the longest is the longest the tiny models take."""


@pytest.mark.parametrize("task", ["token-classification", "sentence-similarity"])
def test_any_batch_and_any_length(
    measured: Any, exported: Any, open_model: Any, model_of: Any, make_batch: Any, task: str
) -> None:
    bundle, _ = exported(measured, task)
    runner = measured.target.load(bundle.path, bundle.manifest, threads=1)
    model = open_model(model_of(task, measured.precision))
    longest = bundle.manifest["max_length"]
    graph = shipped_graph(model.graph(task, longest), form_of(bundle))
    feeds = [make_batch(model, tuple(min(n, longest) for n in batch), seed=i) for i, batch in enumerate(BATCHES)]
    expected, found = ([run(feed) for feed in feeds] for run in (Interpreter(graph), runner))
    for want, got in zip(expected, found, strict=True):
        assert {name: array.shape for name, array in got.items()} == {name: a.shape for name, a in want.items()}
        assert {array.dtype for array in got.values()} == {np.dtype(np.float32)}
    tolerance = measured.target.tolerances[measured.precision].lowering
    masks = [feed["attention_mask"] for feed in feeds]
    for check in parity.compare(expected, found, masks, graph.signature[1], tolerance, "the graph"):
        print(f"{check.name}: {check.value} (limit {check.limit})")
        assert check.verdict is Verdict.PASS


def test_the_same_feed_twice_gives_the_same_answer(
    measured: Any, exported: Any, open_model: Any, model_of: Any, make_batch: Any
) -> None:
    """Runtimes reuse their buffers: an answer must not change when the next one is computed."""
    bundle, _ = exported(measured, "token-classification")
    runner = measured.target.load(bundle.path, bundle.manifest, threads=1)
    model = open_model(model_of("token-classification", measured.precision))
    feed, other = make_batch(model, (9, 4)), make_batch(model, (30,), seed=1)
    first = runner(feed)
    kept = {name: array.copy() for name, array in first.items()}
    runner(other)
    again = runner(feed)
    for name, array in kept.items():
        np.testing.assert_array_equal(first[name], array)
        np.testing.assert_allclose(again[name], array, rtol=0, atol=1e-6)
