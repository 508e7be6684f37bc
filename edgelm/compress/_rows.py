"""Copies safetensors files with some tensors cut to some of their rows, in whatever dtype they are stored."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from edgelm.types import Array

_BLOCK_BYTES = 16 << 20


def copy_with_rows(sources: Sequence[Path], target: Path, names: Collection[str], kept: Array) -> None:
    """Write one safetensors file of all tensors in ``sources``, those of ``names`` cut to the ``kept`` rows.

    Streamed: never more than one block of a tensor is held in memory.
    """
    tensors = [tensor for source in sources for tensor in _tensors(source)]
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, info, _ in tensors:
        start, end = end, end + _size(name, info, names, len(kept))
        shape = [len(kept), *info["shape"][1:]] if name in names else info["shape"]
        header[name] = {"dtype": info["dtype"], "shape": shape, "data_offsets": [start, end]}
    content = json.dumps(header, separators=(",", ":")).encode()
    content += b" " * (-len(content) % 8)
    with target.open("wb") as file:
        file.write(len(content).to_bytes(8, "little") + content)
        for name, info, data in tensors:
            if name in names:
                _write(file, data.reshape(info["shape"][0], -1), kept)
            else:
                _write(file, data, None)


def _tensors(source: Path) -> Iterator[tuple[str, dict[str, Any], Array]]:
    """Name, header entry and bytes of every tensor, in the order of the file."""
    data = np.memmap(source, np.uint8, "r")
    size = int.from_bytes(data[:8].tobytes(), "little")
    header = json.loads(data[8 : 8 + size].tobytes())
    header.pop("__metadata__", None)
    body = data[8 + size :]
    for name, info in sorted(header.items(), key=lambda item: (item[1]["data_offsets"], item[0])):
        start, end = info["data_offsets"]
        yield name, info, body[start:end]


def _size(name: str, info: dict[str, Any], names: Collection[str], rows: int) -> int:
    start, end = info["data_offsets"]
    size = int(end - start)
    return size // int(info["shape"][0]) * rows if name in names else size


def _write(file: BinaryIO, data: Array, rows: Array | None) -> None:
    """All of ``data``, or those rows of it."""
    step = max(1, _BLOCK_BYTES // max(1, math.prod(data.shape[1:])))
    for start in range(0, len(data) if rows is None else len(rows), step):
        block = slice(start, start + step)
        file.write(data[block if rows is None else rows[block]].tobytes())
