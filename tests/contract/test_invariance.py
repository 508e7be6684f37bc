"""A text has one answer, alone, padded and in company, wherever no range is taken over all that is run at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgelm import registry
from edgelm.pipeline import AUTO, ExportRequest, Plan
from edgelm.types import Array

from .cases import Case

STEADY = [
    Case(registry.target(name), precision)
    for name, precision in (
        ("onnx", "int8-static"),
        ("openvino", "int8-static"),
        ("tflite", "int8-static"),
        ("tflite", "int8"),
        ("onnx", "int4"),
    )
]
"""Ranges of a calibration, ranges of each token, and none."""
UNSTEADY = Case(registry.target("onnx"), "int8")
TASK = "token-classification"
TOKENS, LENGTH = 9, 64


def answers(case: Case, exported: Any, model: Any, make_batch: Any) -> tuple[Array, Array, Array]:
    """The logits of one text: alone, padded, and as the shortest of a batch."""
    bundle, _ = exported(case, TASK)
    run = case.target.load(bundle.path, bundle.manifest, threads=1)
    company = make_batch(model, (40, TOKENS, LENGTH))
    padded = {name: array[1:2] for name, array in company.items()}
    alone = {name: array[:, :TOKENS] for name, array in padded.items()}
    in_a_batch = run(company)["logits"][1:2, :TOKENS]
    return run(alone)["logits"], run(padded)["logits"][:, :TOKENS], in_a_batch


@pytest.mark.parametrize("case", STEADY, ids=str)
def test_a_text_has_one_answer(case: Case, exported: Any, open_model: Any, model_of: Any, make_batch: Any) -> None:
    model = open_model(model_of(TASK, case.precision))
    alone, padded, batched = answers(case, exported, model, make_batch)
    np.testing.assert_allclose(padded, alone, rtol=0, atol=2e-5)
    np.testing.assert_allclose(batched, alone, rtol=0, atol=2e-5)


def test_a_range_over_the_whole_batch_moves_it_and_the_report_says_so(
    exported: Any, open_model: Any, model_of: Any, make_batch: Any, tmp_path: Any
) -> None:
    """onnxruntime has no dynamic range but one for the whole tensor; `auto` leaves it out for that."""
    model = open_model(model_of(TASK, UNSTEADY.precision))
    alone, _, batched = answers(UNSTEADY, exported, model, make_batch)
    assert np.abs(batched - alone).max() > 1e-3
    _, report = exported(UNSTEADY, TASK)
    assert "moves a little with what it is batched with" in report.notes[0]
    plan = Plan(ExportRequest(str(model_of(TASK)), ("onnx",), tmp_path, precision=AUTO))
    assert UNSTEADY.precision not in [job.precision for job in plan.jobs]
    assert plan.left_out["onnx"] == ("int8: left out, for a text's answer moves with what it is batched with",)
