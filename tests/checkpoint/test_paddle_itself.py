"""Checkpoints that paddlepaddle wrote answer as they do in Paddle: the encoder and every head, below 1e-5."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm import setups
from edgelm.graph.interpreter import Interpreter

from .paddle_folder import CLASSES, HEADS

pytestmark = pytest.mark.slow

LARGEST_ERROR = 1e-5
_SCRIPT = Path(__file__).with_name("paddle_models.py")
FAMILIES = ("ernie", "bert", "roberta", "electra")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that Paddle made, saved and answered with."""
    folder = tmp_path_factory.mktemp("paddle")
    python = setups.require("paddle", "This test").python
    subprocess.run([python, "-I", "-B", _SCRIPT, folder], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("task", HEADS)
@pytest.mark.parametrize("family", FAMILIES)
def test_parity(family: str, task: str, saved: Path, open_model: Any) -> None:
    place = saved / f"{family}-{task}"
    with np.load(place.with_suffix(".npz")) as arrays:
        kept = dict(arrays)
    model = open_model(place)
    assert model.resolve_task() == task
    assert str(model.checkpoint.config["architectures"][0]).startswith(CLASSES[family])
    graph = model.graph(task, 32)
    found = Interpreter(graph)({name: kept[name].astype(np.int32) for name in graph.inputs})
    expected = [kept[f"output_{i}"] for i in range(len(found))]
    for values, answers in zip(found.values(), expected, strict=True):
        error, size = np.abs(values - answers).max(), np.abs(answers).max()
        print(f"{family} {task}: max abs {error:.2e} of {size:.2f}")
        assert values.shape == answers.shape
        assert error < LARGEST_ERROR
        assert size > 0.05
