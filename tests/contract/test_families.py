"""The families without a table of positions, exported in every format in float32 and int8, answer as the originals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.types import Verdict

from .cases import every_case
from .conftest import SIZES

TASK_OF = {
    "nezha": "text-classification",
    "roformer": "fill-mask",
    "modernbert": "question-answering",
    "deberta-v2": "token-classification",
}
FORMATS = ("onnx", "openvino", "tflite", "coreml")
"""The targets that have every operator; what another lacks, it refuses by name."""
QUICK = [("onnx", "fp32"), ("tflite", "int8")]
"""What the default run tries; every format's converter is tried on all of these families in tests/converters."""
CASES = [
    pytest.param(case, marks=[] if (case.target.name, case.precision) in QUICK else [pytest.mark.slow], id=str(case))
    for case in every_case()
    if case.target.name in FORMATS and case.precision != "int4"  # of random weights it says nothing: test_parity.py
]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("family", TASK_OF)
def test_every_family_passes_its_checks(case: Any, family: str, make_checkpoint: Any, tmp_path: Path) -> None:
    folder = make_checkpoint(family, TASK_OF[family], **SIZES)
    request = ExportRequest(
        str(folder), (case.target.name,), tmp_path, precision=case.precision, options=case.options, threads=1
    )
    (report,) = export(Plan(request), lambda *_: None)
    for check in report.checks:
        print(f"{check.name}: {check.value} (limit {check.limit}) {check.verdict}")
    assert report.verdict is (Verdict.UNMEASURED if case.target.unmeasured else Verdict.PASS)
