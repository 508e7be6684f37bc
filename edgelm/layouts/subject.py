"""What every layout is made from, and what it tells a client: the request, the labels, where the tokenizer is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from edgelm import golden, registry
from edgelm.bundle import DATATYPES, Bundle, write_json
from edgelm.types import Array

_SHOWN = 4
"""So many figures of an output stand in a README."""


@dataclass(frozen=True)
class Subject:
    """A bundle that passed, the name it is served by, and how it was proved."""

    bundle: Bundle
    name: str
    threads: int
    """Of the runtime that proved it."""

    @property
    def files(self) -> tuple[str, ...]:
        """The model's own files, the one that a runtime opens first."""
        return tuple(self.bundle.manifest["artifact"]["files"])

    def tensors(self, kind: str) -> list[tuple[str, str, list[int]]]:
        """Name, datatype and shape of the ``inputs`` or the ``outputs``, as the file has them; -1 is any size."""
        return [
            (spec["name"], DATATYPES[spec["dtype"]], [dim if isinstance(dim, int) else -1 for dim in spec["shape"]])
            for spec in self.bundle.manifest["artifact"][kind]
        ]

    @property
    def runtime(self) -> str:
        """What it was proved in, with versions."""
        return registry.target(self.bundle.manifest["target"]).versions

    @property
    def compiled_with(self) -> dict[str, Any]:
        """Of an OpenVINO bundle, the properties of the proof."""
        target: Any = registry.target(self.bundle.manifest["target"])
        properties: dict[str, Any] = target.properties(self.threads)
        return properties

    @cached_property
    def example(self) -> golden.Case:
        """The shortest of the golden texts."""
        return min(golden.read(self.bundle.path), key=lambda case: case.inputs["input_ids"].size)

    @property
    def tokenizer_files(self) -> str:
        """For a sentence: those of the bundle."""
        return ", ".join(f"`{name}`" for name in self.bundle.manifest["tokenizer"]["files"])


def place_model(subject: Subject, folder: Path) -> None:
    """The model's files as ``model.<suffix>``, the name engines look for; a folder of a version, which is made."""
    folder.mkdir(parents=True)
    for name in subject.files:
        link(subject.bundle.path / name, folder / f"model{Path(name).suffix}")


def link(source: Path, place: Path) -> None:
    """The same file in another place, without its bytes a second time where the file system allows it."""
    try:
        os.link(source, place)
    except OSError:
        shutil.copyfile(source, place)


def write_request(subject: Subject, folder: Path) -> None:
    """``request.json``: the example as a body of the Open Inference Protocol."""
    datatypes = {name: datatype for name, datatype, _ in subject.tensors("inputs")}
    inputs = [
        {"name": name, "shape": list(array.shape), "datatype": datatypes[name], "data": array.ravel().tolist()}
        for name, array in subject.example.inputs.items()
    ]
    write_json(folder / "request.json", {"inputs": inputs})


def client(subject: Subject) -> str:
    """Markdown: what stands between a text and an answer, none of which an engine does."""
    manifest = subject.bundle.manifest
    return rendered(
        "client.md",
        bundle=subject.bundle.path.name,
        prompting=_prompting(manifest),
        tokenizer=subject.tokenizer_files,
        max_length=manifest["max_length"],
        inputs=", ".join(f"`{name}` ({datatype})" for name, datatype, _ in subject.tensors("inputs")),
        decoding=_decoding(manifest),
        texts=" and ".join(f"“{text}”" for text in subject.example.texts),
        outputs="\n".join(_beginning(name, array) for name, array in subject.example.outputs.items()),
    )


def _decoding(manifest: Mapping[str, Any]) -> str:
    if not manifest["labels"]:
        return f"Read the outputs by the rules of {manifest['task']} under `decode`."
    labels = ", ".join(f"`{label}`" for label in manifest["labels"])
    told = f"Read the outputs by the rules of {manifest['task']} under `decode`; the labels, in order: {labels}."
    slots = ", ".join(f"`{label}`" for label in manifest.get("slot_labels") or ())
    return f"{told} The slots: {slots}." if slots else told


def _prompting(manifest: Mapping[str, Any]) -> str:
    """What goes before a text; nothing where the model was not trained so."""
    prompts = manifest.get("prompts")
    if not prompts or not any(prompts["texts"].values()):
        return ""
    usual = "none" if prompts["default"] is None else f"`{prompts['default']}`"
    return f"Put one of `prompts` before the text (by default {usual}). "


def _beginning(name: str, array: Array) -> str:
    shown = ", ".join(f"{value:.4g}" for value in array.ravel()[:_SHOWN])
    more = ", ..." if array.size > _SHOWN else ""
    return f"- `{name}` {list(array.shape)}: {shown}{more}"


def rendered(template: str, **values: object) -> str:
    """A file of ``templates/`` with its ``$names`` filled in."""
    text = (files("edgelm.layouts") / "templates" / template).read_text("utf-8")
    return Template(text).substitute(values)
