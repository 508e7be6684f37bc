"""What a teacher says of every row: its outputs, hidden states, queries, keys and values, computed once and kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from edgelm.compress.data import Batch, Rows, length_sorted_batches
from edgelm.compress.outputs import outputs_of
from edgelm.compress.surgery import encoder_of
from edgelm.errors import UsageError
from edgelm.types import Array

QueryKeyValue = tuple[Tensor, Tensor, Tensor]
Progress = Callable[[int, int], None]
"""Called with how many rows are done, and how many there are."""
_BATCH = 64
_Shape = tuple[tuple[int, ...], str]
"""A file's shape and dtype."""
_BY_TOKEN = frozenset({"token-classification", "question-answering", "fill-mask", "feature-extraction"})
"""Tasks whose outputs have one value or vector for each token."""


@dataclass(frozen=True)
class Wanted:
    """Which of a model's inner values a loss looks at."""

    hidden: tuple[int, ...] = ()
    """Hidden states: 0 is the embedding, ``i`` the output of layer ``i - 1``."""
    attention: tuple[int, ...] = ()
    """Layers whose queries, keys and values are looked at."""


@dataclass
class Seen:
    """What a model says of a batch; float, hidden states [texts, length, hidden_size]."""

    outputs: dict[str, Tensor]
    hidden: dict[int, Tensor] = field(default_factory=dict)
    attention: dict[int, QueryKeyValue] = field(default_factory=dict)
    """[texts, heads, length, head_size] each."""


class Teacher(Protocol):
    """Answers for a batch, without gradient."""

    def __call__(self, batch: Batch) -> Seen: ...


def see(model: nn.Module, batch: Batch, task: str, wanted: Wanted) -> Seen:
    """Run a model of ``edgelm.nn`` and look at what is wanted of it."""
    traced: dict[int, QueryKeyValue] = {}
    found = model(**batch.inputs, output_hidden_states=bool(wanted.hidden), traced=traced)
    hidden = {i: found.hidden_states[i] for i in wanted.hidden}
    return Seen(outputs_of(task, found), hidden, {i: traced[i] for i in wanted.attention})


class LiveTeacher:
    """Runs the model for every batch: where rows are masked anew each time, or its answers do not fit on the disk."""

    def __init__(self, model: nn.Module, task: str, wanted: Wanted) -> None:
        self.model = model.eval()
        self.task = task
        self.wanted = wanted

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def __call__(self, batch: Batch) -> Seen:
        """What the model says."""
        return see(self.model, batch, self.task, self.wanted)


class CachedTeacher:
    """Reads what was computed once: outputs as float32, inner values as float16, in one file each by token."""

    def __init__(self, folder: Path, rows: Rows, shapes: _Shapes) -> None:
        self.rows = rows
        self.shapes = shapes
        self.files = {name: _mapped(folder, name, shape) for name, shape in shapes.files(rows).items()}

    def __call__(self, batch: Batch) -> Seen:
        """What the model said of the batch's rows."""
        texts, (*_, length) = self.rows.texts(batch.indices).ravel(), batch.inputs["input_ids"].shape
        starts = self.rows.starts[texts]
        offsets = np.arange(length)
        real = offsets < (self.rows.starts[texts + 1] - starts)[:, None]
        places = np.where(real, starts[:, None] + offsets, 0)
        device = batch.inputs["input_ids"].device

        def read(name: str) -> Tensor:
            by_token = self.shapes.is_by_token(name)
            values = self.files[name][places if by_token else texts]
            if by_token:
                values[~real] = 0
            return torch.from_numpy(values).to(device).float()

        outputs = {name: read(name) for name in self.shapes.outputs}
        if self.rows.task == "multiple-choice":
            outputs = {name: value.view(len(batch.indices), -1) for name, value in outputs.items()}
        hidden = {i: read(f"hidden.{i}") for i in self.shapes.wanted.hidden}
        attention = {i: self._heads(read(f"attention.{i}"), i) for i in self.shapes.wanted.attention}
        return Seen(outputs, hidden, attention)

    def _heads(self, flat: Tensor, layer: int) -> QueryKeyValue:
        """[texts, length, 3 * width] as queries, keys and values by head."""
        heads = self.shapes.heads[layer]
        query, key, value = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in flat.chunk(3, -1))
        return query, key, value


@dataclass(frozen=True)
class _Shapes:
    """What is kept, and how wide it is."""

    wanted: Wanted
    outputs: dict[str, tuple[int, ...]]
    """Shape of each output of one text or token."""
    by_token: bool
    """Whether outputs are by token."""
    hidden_size: int
    heads: dict[int, int]
    widths: dict[int, int]

    def is_by_token(self, name: str) -> bool:
        return self.by_token or name not in self.outputs

    def files(self, rows: Rows) -> dict[str, _Shape]:
        """Shape and dtype of every file."""
        texts, tokens = len(rows.starts) - 1, int(rows.starts[-1])
        first = tokens if self.by_token else texts
        found: dict[str, _Shape] = {name: ((first, *shape), "<f4") for name, shape in self.outputs.items()}
        found |= {f"hidden.{i}": ((tokens, self.hidden_size), "<f2") for i in self.wanted.hidden}
        found |= {f"attention.{i}": ((tokens, 3 * self.widths[i]), "<f2") for i in self.wanted.attention}
        return found

    def bytes(self, rows: Rows) -> int:
        """On the disk."""
        return sum(int(np.prod(shape)) * int(dtype[-1]) for shape, dtype in self.files(rows).values())


def cached_size(model: nn.Module, rows: Rows, wanted: Wanted) -> int:
    """Bytes on the disk that ``remember`` would write."""
    return _shapes(model, rows, wanted).bytes(rows)


def remember(
    model: nn.Module, rows: Rows, wanted: Wanted, folder: Path, progress: Progress | None = None
) -> CachedTeacher:
    """Run a model over all rows once and keep what it says in a folder of that model and those rows.

    What is there already is used again: of several students each adds what no other has asked for. UsageError when the
    disk is full.
    """
    shapes = _shapes(model, rows, wanted)
    missing = {name: one for name, one in shapes.files(rows).items() if not _mark(folder, name).is_file()}
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            _write(model, rows, shapes, missing, folder, progress or (lambda _done, _total: None))
            for name in missing:
                _mark(folder, name).touch()
        except OSError as error:
            for name in missing:
                (folder / name).unlink(missing_ok=True)
            raise UsageError(
                f"What the teacher says could not be kept in {folder}: {error}.",
                hint=f"It takes {shapes.bytes(rows) / 1e9:.1f} GB; make room, or name another place with -o.",
            ) from None
    return CachedTeacher(folder, rows, shapes)


def _mark(folder: Path, name: str) -> Path:
    """Is there when the file is whole."""
    return folder / f"{name}.done"


def _write(
    model: nn.Module, rows: Rows, shapes: _Shapes, missing: Mapping[str, _Shape], folder: Path, progress: Progress
) -> None:
    files = {}
    for name, (shape, dtype) in missing.items():
        with (folder / name).open("wb") as file:  # allocated at once, so that a full disk is an error and no signal
            _allocate(file.fileno(), int(np.prod(shape)) * int(dtype[-1]))
        files[name] = np.memmap(folder / name, dtype, "r+", shape=shape)
    teacher = LiveTeacher(model, rows.task, shapes.wanted)
    finished = 0
    for indices in length_sorted_batches(rows.lengths, _BATCH, seed=0, epoch=0):
        batch = rows.batch(indices)
        texts, mask = rows.texts(indices).ravel(), batch.inputs["attention_mask"].flatten(0, -2).bool().numpy()
        places = np.concatenate([np.arange(rows.starts[text], rows.starts[text + 1]) for text in texts])
        for name, value in _flat(teacher(batch)):
            if name not in files:
                continue
            by_token = shapes.is_by_token(name)
            kept = value.numpy()[mask] if by_token else value.reshape(len(texts), *shapes.outputs[name]).numpy()
            files[name][places if by_token else texts] = kept
        finished += len(indices)
        progress(finished, len(rows))
    for mapped in files.values():
        mapped.flush()


def _allocate(descriptor: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:
        os.ftruncate(descriptor, size)


def _flat(seen: Seen) -> Iterator[tuple[str, Tensor]]:
    """Each file's name and its values for the batch."""
    yield from seen.outputs.items()
    for i, state in seen.hidden.items():
        yield f"hidden.{i}", state
    for i, parts in seen.attention.items():
        yield f"attention.{i}", torch.cat([part.transpose(1, 2).flatten(2) for part in parts], -1)


def _shapes(model: nn.Module, rows: Rows, wanted: Wanted) -> _Shapes:
    """From what the model says of one row."""
    batch = rows.batch(np.arange(1))
    seen = LiveTeacher(model, rows.task, wanted)(batch)
    config = encoder_of(model).config
    by_token = rows.task in _BY_TOKEN
    skipped = 2 if by_token or rows.task == "multiple-choice" else 1
    return _Shapes(
        wanted,
        {name: tuple(value.shape[skipped:]) for name, value in seen.outputs.items()},
        by_token,
        config.hidden_size,
        {i: config.attention_heads[i] for i in wanted.attention},
        {i: config.attention_heads[i] * config.head_sizes[i] for i in wanted.attention},
    )


def _mapped(folder: Path, name: str, shape: _Shape) -> Array:
    return np.memmap(folder / name, shape[1], "r", shape=shape[0])
