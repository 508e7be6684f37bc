"""Small labelled files for every task, in the words of the tiny checkpoints' vocabulary."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GOOD = ("the movie was good", "a great film", "they love it", "he really likes it", "not bad and not boring")
BAD = ("the movie was bad", "a boring film", "they hate it", "it was not good", "very bad and very boring")
ROWS: dict[str, list[dict[str, Any]]] = {
    "text-classification": [
        row
        for good, bad in zip(GOOD, BAD, strict=True)
        for row in ({"text": good, "label": "y"}, {"text": bad, "label": "n"})
    ],
    "token-classification": [
        {"text": "ann lives in paris", "label": [[0, 3, "PER"], [13, 18, "LOC"]]},
        {"text": "the movie was good", "label": []},
        {"text": "google works in london", "label": [[0, 6, "ORG"], [16, 22, "LOC"]]},
    ],
    "question-answering": [
        {"question": "where ?", "context": "she lives in london", "answers": [{"text": "london", "answer_start": 13}]},
        {"question": "who ?", "context": "ann works in paris", "answers": [{"text": "ann", "answer_start": 0}]},
    ],
    "multiple-choice": [
        {"text": "the movie was", "choices": ["good", "bad"], "label": 0},
        {"text": "he lives in", "choices": ["boring", "paris", "london"], "label": 2},
    ],
    "fill-mask": [{"text": text} for text in (*GOOD, *BAD)],
    "sentence-similarity": [
        {"sentence1": good, "sentence2": bad, "score": score}
        for good, bad, score in zip(GOOD, BAD, (5.0, 4.0, 0.5, 2.5, 1.0), strict=True)
    ],
}
"""Labelled rows by task."""


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``labelled(task, rows=None, times=1)``: a file of JSON lines with the task's rows, or with others."""

    def write(task: str, rows: list[dict[str, Any]] | None = None, times: int = 1) -> Path:
        path = tmp_path_factory.mktemp(task) / "rows.jsonl"
        lines = [json.dumps(row, ensure_ascii=False) for row in (ROWS[task] if rows is None else rows) * times]
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path

    return write
