"""What the contract tests share: every registered target at each of its precisions, and tiny bundles of every task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edgelm import registry
from edgelm.bundle import Bundle
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.types import Report, Target

FAMILY = {
    "text-classification": "bert",
    "token-classification": "roberta",
    "question-answering": "distilbert",
    "multiple-choice": "ernie",
    "fill-mask": "albert",
    "feature-extraction": "electra",
    "sentence-similarity": "mpnet",
}
"""The family each task is tried with, so that every family comes by."""
SIZES = {"hidden_size": 64, "intermediate_size": 128}
"""Large enough that int8 stores the layers' weights as int8."""


OPTIONS = {
    ("coreml", "int4"): {"minimum_ios": "18"},
    ("tflite", "int4"): {"minimum_runtime": "2.21"},
}
"""By converter and precision: what an old device cannot run."""


@dataclass(frozen=True)
class Case:
    """One target at one of its precisions."""

    target: Target
    precision: str

    def __str__(self) -> str:
        return f"{self.target.name}-{self.precision}"


def cases(*, measured: bool) -> list[Any]:
    """Every target at each of its precisions, or those whose runtime runs here; slow where a machine is emulated."""
    return [
        pytest.param(Case(target, precision), marks=[pytest.mark.slow] if target.set_up else [])
        for target in registry.targets().values()
        for precision in registry.converter_of(target).precisions
        if not (measured and target.unmeasured)
    ]


@pytest.fixture(params=cases(measured=False), ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """Every target at each of its precisions."""
    found: Case = request.param
    return found


@pytest.fixture(params=cases(measured=True), ids=str)
def measured(request: pytest.FixtureRequest) -> Case:
    """Those whose runtime runs on this machine; test_parity.py says what the others must tell."""
    found: Case = request.param
    return found


@pytest.fixture(scope="session")
def model_of(make_checkpoint: Any, make_sentence_model: Any) -> Callable[[str], Path]:
    """``model_of(task)``: the folder of a tiny model with a head for the task."""

    def make(task: str) -> Path:
        if task == "sentence-similarity":
            return similar[0]
        return make_checkpoint(FAMILY[task], task, **SIZES)

    similar: list[Path] = [make_sentence_model(FAMILY["sentence-similarity"], **SIZES)]
    return make


@pytest.fixture(scope="session")
def exported(
    model_of: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., tuple[Bundle, Report]]:
    """``exported(case, task, lengths=())``: the bundle and its report; exported once for the same arguments."""
    made: dict[tuple[str, str, tuple[int, ...]], tuple[Bundle, Report]] = {}

    def make(case: Case, task: str, lengths: tuple[int, ...] = ()) -> tuple[Bundle, Report]:
        key = (str(case), task, lengths)
        if key not in made:
            out = tmp_path_factory.mktemp("contract")
            options = OPTIONS.get((case.target.converter, case.precision), {})
            request = ExportRequest(
                str(model_of(task)),
                (case.target.name,),
                out,
                precision=case.precision,
                lengths=lengths,
                options=options,
                threads=1,
            )
            (report,) = export(Plan(request), lambda *_: None)
            made[key] = (Bundle.open(Path(report.bundle)), report)
        return made[key]

    return make
