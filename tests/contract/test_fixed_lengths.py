"""A bundle of fixed lengths answers every text up to the largest of them, as one of true dynamic length does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgelm import registry
from edgelm.decode import cosine
from edgelm.errors import UsageError
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.session import Question, Session
from edgelm.types import Verdict

TEXTS = ("Hello!", "The movie was great.", "我在北京，天气很好，她不喜欢电影。")


@pytest.mark.parametrize(("task", "lengths"), [("text-classification", (24,)), ("token-classification", (8, 24))])
def test_fixed_lengths(
    measured: Any, exported: Any, model_of: Any, tmp_path: Path, task: str, lengths: tuple[int, ...]
) -> None:
    # Core ML takes several lengths on several inputs from iOS 18 on.
    newest = {"minimum_ios": "18"} if "minimum_ios" in registry.converter_of(measured.target).options else {}
    request = ExportRequest(
        str(model_of(task, measured.precision)),
        (measured.target.name,),
        tmp_path,
        precision=measured.precision,
        lengths=lengths,
        options={**measured.options, **newest},
        threads=1,
    )
    (report,) = export(Plan(request), lambda *_: None)
    assert report.verdict is Verdict.PASS
    fixed = Session.open(Path(report.bundle), threads=1)
    assert (fixed.manifest["lengths"], fixed.manifest["max_length"]) == (list(lengths), 24)
    dynamic = Session.open(exported(measured, task)[0].path, threads=1)
    for text in TEXTS:
        encoding = [fixed.tokenizer.encode(text)]
        for name, array in fixed.outputs(encoding).items():
            # Not exactly: int8 stores a short position table as float32.
            assert cosine(array.ravel(), dynamic.outputs(encoding)[name].ravel()) > 0.98
    with pytest.raises(UsageError, match="this bundle takes 24"):
        fixed.answer(Question("a " * 30))
