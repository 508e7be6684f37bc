"""The state of a training on disk: one safetensors file, replaced whole, from which it goes on bit for bit."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from edgelm.errors import UsageError

FILE = "state.safetensors"
_BESIDE = "state.safetensors.partial"
_JSON = "state"
"""The key of the header's metadata under which the part that is no tensor stands."""


@dataclass
class State:
    """What a training needs to go on beside its settings and its data: tensors by part, and plain values."""

    tensors: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    """``model``, ``optimizer``, ``objective``, ``ema``, ``best``: each by name."""
    values: dict[str, Any] = field(default_factory=dict)


def weights_of(module: nn.Module) -> dict[str, Tensor]:
    """The module's own tensors by name, those that are shared once: parameters and persistent buffers."""
    kept = module.state_dict(keep_vars=True)
    named = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {name: tensor.detach() for name, tensor in named.items() if name in kept}


def copy_of(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies that later steps leave alone."""
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def copy_to_(tensors: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    """Write values into tensors of the same names, on whatever device those are."""
    with torch.no_grad():
        for name, tensor in tensors.items():
            tensor.copy_(values[name])


def exists(folder: Path) -> bool:
    """Whether a training left a state there."""
    return (folder / FILE).is_file()


def write(folder: Path, state: State) -> None:
    """Put a state in the place of the one before, which stays whole until this one is; UsageError on a full disk."""
    flat = {
        f"{part}/{name}": tensor.detach().cpu().contiguous()
        for part, tensors in state.tensors.items()
        for name, tensor in tensors.items()
    }
    beside = folder / _BESIDE
    with told(folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            save_file(flat, beside, {_JSON: json.dumps(state.values)})
            _sync(beside)
            beside.replace(folder / FILE)
            _sync(folder)
        finally:
            beside.unlink(missing_ok=True)


def read(folder: Path) -> State:
    """The state a training left; UsageError when it cannot be read."""
    path, state = folder / FILE, State()
    try:
        with safe_open(path, framework="pt") as file:
            state.values = json.loads(file.metadata()[_JSON])
            for key in file.keys():  # noqa: SIM118  no mapping, for all its keys
                part, _, name = key.partition("/")
                state.tensors.setdefault(part, {})[name] = file.get_tensor(key)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{path} is no state of a training: {error}.", hint="Delete its folder to start from the beginning."
        ) from None
    return state


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """UsageError in place of what the system or safetensors' writer says of a disk that takes no more."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise UsageError(
            f"{folder} cannot be written: {error}.",
            hint="Make room; the state that was written last is still there, go on from it with --resume."
            if exists(folder)
            else "Make room and start again.",
        ) from None


def _sync(path: Path) -> None:
    """Have the system put a file or folder on the disk itself, lest a power cut leaves an empty one."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
