"""Tensors of Hugging Face's files by name, read when they are asked for."""

from __future__ import annotations

import importlib.util
import json
import mmap
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from edgelm.checkpoint.files import first_line, inside, read_json
from edgelm.errors import ToolchainError, UnsupportedError, UsageError
from edgelm.types import Array

_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "U8": "u1"}


@dataclass(frozen=True)
class Entry:
    """One tensor: its shape, how its values are read as float32, and the map of the file they lie in, if any."""

    shape: tuple[int, ...]
    read: Callable[[], Array]
    mapped: mmap.mmap | None = None

    def turned(self) -> Entry:
        """The tensor with its axes in the other order, its values in memory of their own."""
        return Entry(self.shape[::-1], lambda: np.ascontiguousarray(self.read().T), self.mapped)


WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""The files transformers writes, the better first; a large model has an index of that name and shards."""


def weight_files(folder: Path, names: Sequence[str] = WEIGHTS) -> list[Path]:
    """The files that hold the weights, of the first of ``names`` that there is; UsageError when there is none."""
    for name in names:
        index = folder / f"{name}.index.json"
        if (folder / name).is_file():
            return [folder / name]
        if index.is_file():
            return _shards(folder, index)
    raise UsageError(f"{folder} has no {names[0]}.", hint="Is the download complete?")


def _shards(folder: Path, index: Path) -> list[Path]:
    names = read_json(index).get("weight_map")
    if not isinstance(names, dict) or not names:
        raise UsageError(f"{index} has no weight_map.")
    shards = [inside(folder, name, index) for name in sorted(set(names.values()), key=str)]
    missing = [shard.name for shard in shards if not shard.is_file()]
    if missing:
        raise UsageError(f"{folder} lacks the shard {missing[0]} that {index.name} names.", hint="Download it again.")
    return shards


def read_tensors(folder: Path) -> dict[str, Entry]:
    """The tensors of a Hugging Face folder by their own names."""
    entries: dict[str, Entry] = {}
    for path in weight_files(folder):
        entries.update(read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path))
    return entries


def read_safetensors(path: Path, dtypes: Mapping[str, str] = MappingProxyType({})) -> dict[str, Entry]:
    """Views into one memory map; safetensors' own reader checks the header first.

    ``dtypes`` says what a dtype of the file stands for, where that is another.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy"):
            pass
    except (SafetensorError, OSError) as error:
        raise UsageError(f"{path} is not a complete safetensors file: {error}.", hint="Download it again.") from None
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    data = np.frombuffer(mapped, np.uint8)
    size = int.from_bytes(data[:8].tobytes(), "little")
    header = json.loads(data[8 : 8 + size].tobytes())
    header.pop("__metadata__", None)
    body = data[8 + size :]
    return {
        name: _entry(name, body, mapped, **{**info, "dtype": dtypes.get(info["dtype"], info["dtype"])})
        for name, info in header.items()
    }


def _entry(name: str, body: Array, mapped: mmap.mmap, dtype: str, shape: list[int], data_offsets: list[int]) -> Entry:
    def read() -> Array:
        if dtype not in _DTYPES:
            raise UnsupportedError(f"Tensor {name} has dtype {dtype}, which edgelm does not read.")
        values = body[data_offsets[0] : data_offsets[1]].view(_DTYPES[dtype]).reshape(shape)
        if dtype == "BF16":
            return (values.astype(np.uint32) << 16).view(np.float32)
        return np.asarray(values) if dtype == "F32" else values.astype(np.float32)

    return Entry(tuple(shape), read, mapped)


def _read_torch(path: Path) -> dict[str, Entry]:
    """A ``pytorch_model.bin`` through torch's weights-only loading, and only where torch is installed."""
    if importlib.util.find_spec("torch") is None:
        raise ToolchainError(
            f"{path.name} is a pickle, which edgelm reads through torch alone, and torch is missing.",
            hint="Save the model as safetensors, or run: pip install torch",
        )
    import torch

    try:
        # torch maps only the zip files it writes since 1.6.
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # noqa: BLE001  torch raises many kinds for a hostile or broken pickle
        raise UsageError(f"{path} could not be loaded weights-only: {first_line(error)}") from None
    if not isinstance(state, Mapping):
        raise UsageError(f"{path} holds a {type(state).__name__}, not a table of tensors by name.")
    tensors = {str(name): tensor for name, tensor in state.items() if isinstance(tensor, torch.Tensor)}
    return {name: Entry(tuple(tensor.shape), partial(_widen, tensor)) for name, tensor in tensors.items()}


def _widen(tensor: Any) -> Array:
    """A torch tensor's values as float32."""
    values: Array = tensor.detach().float().numpy()
    return values
