"""What the family tests share: one comparison with Hugging Face's module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.graph.interpreter import Interpreter

LARGEST_ERROR = 1e-5
OWN_PADDING = ("modernbert", "deberta-v2")
"""Where Hugging Face hides every key from a padded position, which then sees all alike: there nothing is compared."""


@pytest.fixture(scope="session")
def assert_parity(open_model: Any, make_batch: Any, reference: Any) -> Callable[..., None]:
    """``assert_parity(folder, task, lengths=(17, 9, 3), batch=None, max_length=40, original=None)``.

    Compares the unrewritten graph with Hugging Face's module on every position, padding too but for OWN_PADDING.
    ``original`` is the folder for Hugging Face where ``folder`` is the same model stored otherwise.
    """

    def check(
        folder: Path,
        task: str = "feature-extraction",
        lengths: tuple[int, ...] = (17, 9, 3),
        batch: dict[str, np.ndarray] | None = None,
        max_length: int = 40,
        original: Path | None = None,
    ) -> None:
        model = open_model(folder)
        batch = batch or make_batch(model, lengths)
        expected, found = reference(original or folder, task, batch), Interpreter(model.graph(task, max_length))(batch)
        assert list(found) == list(expected)
        for name, values in expected.items():
            shown = np.ones(values.shape[:2], bool)
            if model.family.name in OWN_PADDING and shown.shape == batch["attention_mask"].shape:
                shown = batch["attention_mask"] == 1
            error, size = np.abs(found[name] - values)[shown].max(), np.abs(values).max()
            print(f"{model.family.name} {task} {name} {lengths}: max abs {error:.2e} of {size:.2f}")
            assert found[name].shape == values.shape
            assert found[name].dtype == np.float32
            assert error < LARGEST_ERROR
            assert size > 0.05 or values.size < 4, "outputs near zero prove nothing"

    return check
