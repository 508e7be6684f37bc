"""A calibration as a file: what a bundle's quantized graph is made of again."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from edgelm.errors import UsageError
from edgelm.graph.quantize import Calibration
from edgelm.types import Array

FILE = "quantization.safetensors"
_UNIT_ROWS = "unit_rows"


def write(calibration: Calibration, folder: Path) -> None:
    """``quantization.safetensors`` in the folder: a tensor ``<field>/<name>`` for each, ranges as float64 [2]."""
    tensors = {
        f"{field}/{name}": np.ascontiguousarray(value, np.float64 if field == "ranges" else np.float32)
        for field in _arrays()
        for name, value in getattr(calibration, field).items()
    }
    (folder / FILE).write_bytes(save(tensors, {_UNIT_ROWS: json.dumps(calibration.unit_rows)}))


def read(folder: Path) -> Calibration | None:
    """The folder's calibration; None where it has none, UsageError where it is damaged."""
    path = folder / FILE
    if not path.exists():
        return None
    found: dict[str, dict[str, Array]] = {field: {} for field in _arrays()}
    try:
        with safe_open(path, "numpy") as file:
            unit_rows = tuple(json.loads((file.metadata() or {})[_UNIT_ROWS]))
            for key in file.keys():  # noqa: SIM118  no mapping
                field, _, name = key.partition("/")
                found[field][name] = _usable(key, file.get_tensor(key))
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise UsageError(f"{path} is damaged: {error}.", hint="Export the bundle again.") from None
    ranges = {name: (float(ends[0]), float(ends[1])) for name, ends in found.pop("ranges").items()}
    return Calibration(ranges, **found, unit_rows=unit_rows)


def _usable(key: str, array: Array) -> Array:
    """The array; ValueError where it is not of finite numbers, or no range."""
    is_range = key.startswith("ranges/")
    if not np.isfinite(array).all() or (is_range and (array.shape != (2,) or array[0] > array[1])):
        raise ValueError(f"{key} is {np.array2string(array, threshold=4)}")
    return array


def _arrays() -> list[str]:
    """The fields that map names to arrays."""
    return [field.name for field in fields(Calibration) if field.name != _UNIT_ROWS]
