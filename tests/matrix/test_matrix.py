"""Each cell of docs/matrix.md: the export passes all its checks, or says which operator or scheme it cannot take.

Random weights may lose more to four bits than the limits for trained ones allow; such a cell stays empty.

The page is written from what these tests record (``make matrix``); a sample of them is in every run.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from edgelm.checkpoint import open_checkpoint
from edgelm.errors import UnsupportedError
from edgelm.families import FAMILIES, Model
from edgelm.graph.canonical import Decoder, Joint
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.types import Verdict

from ..conftest import FAMILY_CONFIGS
from ..contract.conftest import SIZES, SURE
from .cells import Cell, every_cell

LOSS = "vs fp32 original"
"""Of the checks that a right conversion fails where the precision is too coarse for the weights."""
CELLS = [
    pytest.param(cell, marks=[] if cell.is_quick else [pytest.mark.slow], id=str(cell))
    for cell in every_cell()
    if not cell.case.target.unwritable
]


@pytest.fixture(scope="module")
def model_of(
    make_checkpoint: Any, make_sentence_model: Any, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Cell], Path]:
    """The folder of a tiny random model for a cell.

    What is rounded gets logits as large as a trained head's (see SURE); feature-extraction holds the encoder of each
    architecture to its limits without them.
    """
    made: dict[tuple[str, str, bool], Path] = {}

    def make(cell: Cell) -> Path:
        key = cell.architecture, cell.task, cell.case.precision != "fp32"
        if key not in made:
            made[key] = tmp_path_factory.mktemp("model")
            if cell.task == "sentence-similarity":
                made[key] = make_sentence_model(cell.architecture, **SIZES)
            else:
                folder = make_checkpoint(cell.architecture, cell.task, **SIZES)
                made[key] = _with_sure_logits(folder, made[key], cell.task) if key[2] else folder
        return made[key]

    return make


def _with_sure_logits(folder: Path, place: Path, task: str) -> Path:
    """A copy whose last layers have biases of SURE's size; the folder itself where nothing follows the encoder."""
    model = Model.open(open_checkpoint(str(folder)))
    head = model.head(task)
    last = [one.layers[-1] for one in (head.heads if isinstance(head, Joint) else (head,)) if one.layers]
    if not last:
        return folder
    shutil.copytree(folder, place, dirs_exist_ok=True)
    tensors = load_file(place / "model.safetensors")
    for layer in last:
        name, bias = model.weights.get(layer.bias if isinstance(layer, Decoder) else f"{layer.name}.bias", (None,))
        tensors[name] = SURE * np.resize(np.asarray([1, -1], np.float32), bias.shape)
    save_file(tensors, place / "model.safetensors", {"format": "pt"})
    return place


@pytest.mark.parametrize("cell", CELLS)
def test_the_export_passes_or_says_what_it_cannot_take(
    cell: Cell,
    model_of: Callable[[Cell], Path],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    case = cell.case
    record_property("cell", str(cell))
    request = ExportRequest(
        str(model_of(cell)),
        (case.target.name,),
        tmp_path,
        task=cell.task,
        precision=case.precision,
        options=case.options,
        threads=1,
    )
    try:
        (report,) = export(Plan(request), lambda *_: None)
    except UnsupportedError as refusal:
        record_property("refused", str(refusal))
        return
    failed = [check for check in report.checks if check.verdict is Verdict.FAIL]
    if case.target.unmeasured:
        assert report.verdict is Verdict.UNMEASURED
        record_property("unmeasured", case.target.unmeasured)
        return
    if case.precision == "int4" and failed and all(LOSS in check.name for check in failed):
        record_property("lost", "four bits keep too little of a random model; try it on a trained one")
        return
    assert report.verdict is Verdict.PASS, "; ".join(f"{one.name}: {one.value} {one.reason}" for one in failed)
    record_property("passed", len(report.checks))


def test_every_architecture_of_the_families_is_tried() -> None:
    assert set(FAMILY_CONFIGS) == {name for family in FAMILIES for name in family.model_types}
