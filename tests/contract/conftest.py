"""What the contract tests share: the cases they expand over, and tiny bundles of every task."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from edgelm.bundle import Bundle
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.types import Report

from .cases import Case, every_case, parameters

FAMILY = {
    "text-classification": "bert",
    "token-classification": "roberta",
    "intent-and-slots": "bert",
    "question-answering": "distilbert",
    "multiple-choice": "ernie",
    "fill-mask": "albert",
    "feature-extraction": "electra",
    "sentence-similarity": "mpnet",
}
"""The family each task is tried with, so that every family comes by."""
SIZES = {"hidden_size": 64, "intermediate_size": 128}
"""Large enough that int8 stores the layers' weights as int8."""
TYPICAL = ("text-classification", "fill-mask", "sentence-similarity")
"""A head of its own, one that shares the table of words, and none."""
HEADS = {
    "text-classification": ("classifier.bias",),
    "token-classification": ("classifier.bias",),
    "intent-and-slots": ("intent_classifier.linear.bias", "slot_classifier.linear.bias"),
    "question-answering": ("qa_outputs.bias",),
    "multiple-choice": ("classifier.bias",),
}
"""By task, what is added to its logits at last."""
SURE = np.float32(4)
"""Logits as large as a trained head's, for int4. Those of a random head are near zero, where four bits turn two or
three of them anywhere, or one of them over: how much int4 may lose, a limit for real models, then says nothing of the
export. With a bias of this size they have a direction, and what the artifact computes on its way there test_trace.py
holds against the int4 graph operator by operator."""


@pytest.fixture(params=parameters(every_case()))
def case(request: pytest.FixtureRequest) -> Case:
    """Every target at each of its precisions."""
    found: Case = request.param
    return found


@pytest.fixture(params=parameters(case for case in every_case() if not case.target.unmeasured))
def measured(request: pytest.FixtureRequest) -> Case:
    """Those whose runtime runs on this machine; test_parity.py says what the others must tell."""
    found: Case = request.param
    return found


@pytest.fixture(scope="session")
def model_of(
    make_checkpoint: Any, make_sentence_model: Any, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """``model_of(task, precision="fp32")``: the folder of a tiny model with a head for the task."""

    def make(task: str, precision: str = "fp32") -> Path:
        if task == "sentence-similarity":
            return similar[0]
        plain = make_checkpoint(FAMILY[task], task, **SIZES)
        if precision != "int4" or task not in HEADS:
            return plain
        if task not in sure:
            sure[task] = Path(shutil.copytree(plain, tmp_path_factory.mktemp("sure") / task))
            _set_biases(sure[task] / "model.safetensors", HEADS[task])
        return sure[task]

    similar: list[Path] = [make_sentence_model(FAMILY["sentence-similarity"], **SIZES)]
    sure: dict[str, Path] = {}
    return make


def _set_biases(path: Path, names: Sequence[str]) -> None:
    tensors = load_file(path)
    signs = np.asarray([1, -1], np.float32)
    set_ = {name: SURE * np.resize(signs, tensors[name].shape) for name in names}
    save_file({**tensors, **set_}, path, {"format": "pt"})


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
            request = ExportRequest(
                str(model_of(task, case.precision)),
                (case.target.name,),
                out,
                precision=case.precision,
                lengths=lengths,
                options=case.options,
                threads=1,
            )
            (report,) = export(Plan(request), lambda *_: None)
            made[key] = (Bundle.open(Path(report.bundle)), report)
        return made[key]

    return make


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what is marked
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a precision only stores otherwise is tried on a few tasks by default, and slow on the others."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            found = item.callspec.params
            case = found.get("case") or found.get("measured")
            if isinstance(case, Case) and case.only_stores and found.get("task", TYPICAL[0]) not in TYPICAL:
                item.add_marker(pytest.mark.slow)
