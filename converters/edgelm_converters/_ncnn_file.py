"""Writes ncnn's two files: ``.param``, the layers as text, and ``.bin``, their weights one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from edgelm.errors import UnsupportedError
from edgelm.types import Array

_MAGIC = 7767517
_ARRAY_KEY = -23300
"""An array's key is this less its own."""
_TAGS: Mapping[str, int] = {"float32": 0, "float16": 0x01306B47, "int8": 0x000D4B38}
"""How a weight says its type, after ncnn's src/modelbin.cpp."""
_ALIGNMENT = 4
_LONGEST_NAME = 255
_LARGEST_WEIGHT = 2**31 - 1
"""ncnn counts a weight's elements in an int."""

Param = int | float | str | Sequence[int]


@dataclass(frozen=True)
class Weight:
    """One weight of a layer: ``tagged`` where ncnn reads its type from the file; elsewhere the layer knows it."""

    data: Array
    tagged: bool = True


@dataclass(frozen=True)
class Layer:
    """One line of ``.param``; ``params`` by ncnn's key numbers (docs/developer-guide/operators.md of ncnn)."""

    type: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    params: Mapping[int, Param] = field(default_factory=dict)
    weights: tuple[Weight, ...] = ()


def write(param: Path, binary: Path, layers: Sequence[Layer]) -> list[Layer]:
    """Write both files; gives the layers as they are in them, each blob read by one layer only.

    UnsupportedError for a weight or a name that is longer than ncnn can read.
    """
    layers = list(_with_splits(layers))
    blobs = [name for layer in layers for name in layer.outputs]
    lines = [str(_MAGIC), f"{len(layers)} {len(blobs)}", *map(_line, layers)]
    param.write_text("\n".join(lines) + "\n", "ascii")
    with binary.open("wb") as file:
        for layer in layers:
            for weight in layer.weights:
                _write_weight(file, layer.name, weight)
    return layers


def _with_splits(layers: Sequence[Layer]) -> Iterator[Layer]:
    """ncnn lets one layer read a blob: what several read goes through a Split, a copy for each of them."""
    readers = Counter(name for layer in layers for name in layer.inputs)
    shared = {name for name, count in readers.items() if count > 1}
    taken: Counter[str] = Counter()
    for layer in layers:
        inputs = []
        for name in layer.inputs:
            inputs.append(f"{name}/{taken[name]}" if name in shared else name)
            taken[name] += 1
        yield replace(layer, inputs=tuple(inputs))
        for name in layer.outputs:
            if name in shared:
                yield Layer("Split", f"{name}/split", (name,), tuple(f"{name}/{i}" for i in range(readers[name])))


def _line(layer: Layer) -> str:
    names = [layer.name, *layer.inputs, *layer.outputs]
    bad = next((name for name in names if len(name) > _LONGEST_NAME or not name.isascii() or " " in name), None)
    if bad is not None:
        raise UnsupportedError(
            f"ncnn cannot read the name {bad!r}: at most {_LONGEST_NAME} ASCII characters, no space."
        )
    counts = [len(layer.inputs), len(layer.outputs)]
    params = [_param(key, value) for key, value in layer.params.items()]
    return " ".join(map(str, [layer.type, layer.name, *counts, *layer.inputs, *layer.outputs, *params]))


def _param(key: int, value: Param) -> str:
    """Floats in nine digits, which give back every float32, in no more than the 15 characters that ncnn reads."""
    if isinstance(value, str):
        return f'{key}="{value}"'
    if isinstance(value, float):
        return f"{key}={value:.8e}"
    if isinstance(value, int):
        return f"{key}={value}"
    return f"{_ARRAY_KEY - key}={','.join(map(str, [len(value), *value]))}"


def _write_weight(file: BinaryIO, layer: str, weight: Weight) -> None:
    data = weight.data
    if data.size > _LARGEST_WEIGHT:
        raise UnsupportedError(f"The weight of {layer} has {data.size} elements; ncnn counts to {_LARGEST_WEIGHT}.")
    if weight.tagged:
        file.write(_TAGS[str(data.dtype)].to_bytes(4, "little"))
    file.write(np.ascontiguousarray(data).data if data.size else b"")
    file.write(bytes(-data.nbytes % _ALIGNMENT))
