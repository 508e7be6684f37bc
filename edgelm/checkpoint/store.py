"""The weights of a checkpoint, whatever layout its folder has."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path

from edgelm.checkpoint.layouts import layout_of
from edgelm.checkpoint.sentence import SentenceModules
from edgelm.checkpoint.tensors import Entry, read_tensors
from edgelm.types import Array


class TensorStore:
    """The tensors of a checkpoint by their own names; float32 ones are memory-mapped views of the file."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries

    @classmethod
    def open(cls, path: Path, modules: SentenceModules | None = None) -> TensorStore:
        """The weights of a folder in any layout, under Hugging Face's names; those of a Dense module beside them."""
        folder = modules.transformer if modules else path
        entries = dict(layout_of(folder).tensors(folder))
        for module in modules.dense if modules else ():
            for name, entry in read_tensors(module.folder).items():
                entries[f"{module.name}.{name.removeprefix('linear.')}"] = entry
        return cls(entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, from the header alone."""
        return self._entries[name].shape

    def release(self) -> None:
        """Give the memory of the file's pages back to the system; a later read maps them in again."""
        for mapped in {id(entry.mapped): entry.mapped for entry in self._entries.values()}.values():
            if mapped is not None and hasattr(mapped, "madvise"):
                mapped.madvise(mmap.MADV_DONTNEED)

    def get(self, name: str) -> Array:
        """The values as float32."""
        return self._entries[name].read()
