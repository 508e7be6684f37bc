"""Golden files: inputs and expected outputs as raw little-endian bytes, which a phone reads with a byte buffer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelm.bundle import write_json
from edgelm.checkpoint import read_json
from edgelm.errors import UsageError
from edgelm.samples import Feed
from edgelm.tokenizer import Text
from edgelm.types import Array, TensorSpec, Tolerance

_MOST_CASES = 6
_DTYPES = {"int32": "<i4", "int64": "<i8", "float32": "<f4"}


@dataclass(frozen=True)
class Case:
    """One golden text or pair, or the words of it, and its tensors."""

    texts: tuple[str, ...]
    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]

    @property
    def text(self) -> Text:
        """The text, or the pair."""
        return self.texts[0] if len(self.texts) == 1 else (self.texts[0], self.texts[1])


def read(bundle: Path) -> list[Case]:
    """The cases of ``golden/``; UsageError when a file of it is missing or not as long as it is said to be."""
    directory = bundle / "golden"
    try:
        return [
            Case(
                tuple(case["texts"]),
                {name: _read(directory, entry) for name, entry in case["inputs"].items()},
                {name: _read(directory, entry) for name, entry in case["outputs"].items()},
            )
            for case in read_json(directory / "golden.json")["cases"]
        ]
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(f"{directory} is damaged: {type(error).__name__}: {error}.", hint="Export it again.") from None


def write(
    bundle: Path,
    feeds: Sequence[Feed],
    expected: Sequence[Mapping[str, Array]],
    inputs: Sequence[TensorSpec],
    tolerance: Tolerance,
) -> None:
    """Write ``golden/``: golden.json, and one .bin for each tensor of the first few single texts.

    The expected outputs are the interpreter's over the graph at the bundle's own precision; ``tolerance`` says how far
    a runtime may be from them.
    """
    directory = bundle / "golden"
    directory.mkdir()
    singles = [(feed, outputs) for feed, outputs in zip(feeds, expected, strict=True) if len(feed.texts) == 1]
    cases = []
    for i, (feed, outputs) in enumerate(singles[:_MOST_CASES]):
        text = feed.texts[0]
        parts = [text] if isinstance(text, str) else list(text)
        tensors = {spec.name: feed.arrays[spec.name].astype(_DTYPES[spec.dtype]) for spec in inputs}
        cases.append(
            {
                "texts": parts,
                "inputs": {name: _write(directory, f"{i}.{name}.bin", array) for name, array in tensors.items()},
                "outputs": {
                    name: _write(directory, f"{i}.{name}.bin", array.astype("<f4")) for name, array in outputs.items()
                },
            }
        )
    write_json(directory / "golden.json", {"tolerance": asdict(tolerance), "cases": cases})


def _read(directory: Path, entry: Mapping[str, Any]) -> Array:
    dtype = _DTYPES[entry["dtype"]]
    return np.fromfile(directory / Path(entry["file"]).name, dtype).reshape(entry["shape"])


def _write(directory: Path, name: str, array: Array) -> dict[str, Any]:
    (directory / name).write_bytes(array.tobytes())
    return {"file": name, "dtype": array.dtype.name, "shape": list(array.shape)}
