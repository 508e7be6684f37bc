"""Calibration inputs as the benchmarks leave them: an npz of ``<number>.<input>`` arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def read(path: Path) -> list[dict[str, np.ndarray]]:
    """The inputs of every text, in order."""
    texts: dict[str, dict[str, np.ndarray]] = {}
    with np.load(path) as arrays:
        for key, array in arrays.items():
            number, _, name = key.partition(".")
            texts.setdefault(number, {})[name] = array
    return list(texts.values())
