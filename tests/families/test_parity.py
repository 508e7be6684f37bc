"""Every family with every head answers as Hugging Face's own module does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgelm.families import FAMILIES

MODEL_TYPES = [model_type for family in FAMILIES for model_type in family.model_types]
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "feature-extraction": ("feature-extraction", {}),
    "text-classification": ("text-classification", {}),
    "regression": ("text-classification", {"num_labels": 1, "problem_type": "regression"}),
    "multi-label": ("text-classification", {"num_labels": 5, "problem_type": "multi_label_classification"}),
    "token-classification": ("token-classification", {"num_labels": 7}),
    "intent-and-slots": ("intent-and-slots", {}),
    "question-answering": ("question-answering", {}),
    "multiple-choice": ("multiple-choice", {}),
    "fill-mask": ("fill-mask", {}),
    "fill-mask-untied": ("fill-mask", {"tie_word_embeddings": False}),
}


@pytest.mark.parametrize("family", MODEL_TYPES)
@pytest.mark.parametrize(("task", "config"), CASES.values(), ids=CASES)
def test_head(
    family: str,
    task: str,
    config: dict[str, Any],
    make_checkpoint: Callable[..., Path],
    open_model: Any,
    assert_parity: Callable[..., None],
) -> None:
    folder = make_checkpoint(family, task, **config)
    assert open_model(folder).resolve_task() == task
    assert_parity(folder, task, lengths=(17, 9, 3))
    assert_parity(folder, task, lengths=(1,))
    assert_parity(folder, task, lengths=(40, 39))


@pytest.mark.parametrize("family", MODEL_TYPES)
def test_whole_position_table(
    family: str, make_checkpoint: Callable[..., Path], assert_parity: Callable[..., None]
) -> None:
    assert_parity(make_checkpoint(family), lengths=(64, 63), max_length=64)
