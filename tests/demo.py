"""What the tests of the demo apps share: tiny models to ship, Python's answers, and how an app's are held to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from edgelm.session import Question, Session

NER_LABELS = {0: "O", 1: "B-PER", 2: "I-PER", 3: "B-LOC", 4: "I-LOC"}
SIZES = {"hidden_size": 64, "intermediate_size": 128}
"""Large enough that int8 stores the layers' weights as int8."""


def tiny_model(task: str, make_checkpoint: Any, make_sentence_model: Any) -> Path:
    """The folder of a tiny random BERT for a task."""
    if task == "sentence-similarity":
        return Path(make_sentence_model("bert", **SIZES))
    labels = {"id2label": NER_LABELS, "num_labels": len(NER_LABELS)} if task == "token-classification" else {}
    return Path(make_checkpoint("bert", task, **SIZES, **labels))


def answers_of(bundles: Mapping[str, Path]) -> Callable[..., Any]:
    """``answer(name, text, ...)``: what ``Session.answer`` says over a bundle by name, as JSON gives it back."""
    sessions: dict[str, Session] = {}

    def answer(name: str, text: str, **question: Any) -> Any:
        if name not in sessions:
            sessions[name] = Session.open(bundles[name], threads=1)
        return json.loads(json.dumps(sessions[name].answer(Question(text, **question))))

    return answer


def close(found: Any, expected: Any, tolerance: float) -> None:
    """The same but for scores, which may be apart by ``tolerance``."""
    if isinstance(expected, float):
        assert found == pytest.approx(expected, abs=tolerance)
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key in expected:
            close(found[key], expected[key], tolerance)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            close(one, other, tolerance)
    else:
        assert found == expected
