"""What a model, a bundle and this installation are: the facts behind `inspect`, `targets` and `doctor`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from edgelm import registry
from edgelm.bundle import MANIFEST, Bundle
from edgelm.checkpoint import BUILTINS, open_checkpoint
from edgelm.checkpoint.layouts import layout_of
from edgelm.errors import EdgelmError
from edgelm.families import Model
from edgelm.tokenizer import TextTokenizer, assumed_casing

TESTED = {
    "ai-edge-litert": "2.3.0",
    "click": "8.5.1",
    "coremltools": "9.0",
    "huggingface_hub": "2.4.0",
    "MNN": "3.6.1",
    "ncnn": "1.0.20261020",
    "numpy": "2.4.6",
    "onnx": "1.23.2",
    "onnxruntime": "1.31.1",
    "openvino": "2026.4.1",
    "rich": "15.0.0",
    "safetensors": "0.8.0",
    "sentencepiece": "0.2.3",
    "tokenizers": "0.23.3",
}
"""The versions edgelm's own tests run with."""
_AT_LEAST = re.compile(r"(?P<name>[\w.-]+)\s*(\[.*\])?\s*>=\s*(?P<version>[\d.]+)")
"""A requirement as packaging metadata writes it."""


def builtins() -> dict[str, Any]:
    """The built-in models, and the package each lies in."""
    return {name: f"weights in {builtin.package}" for name, builtin in BUILTINS.items()}


def describe(model: str, revision: str | None = None) -> dict[str, Any]:
    """The facts of a bundle folder or of a checkpoint."""
    if (Path(model) / MANIFEST).is_file():
        return _bundle(Bundle.open(Path(model)))
    return _checkpoint(Model.open(open_checkpoint(model, revision)))


def target_rows() -> list[dict[str, str]]:
    """One row for each target: name, default precision, all precisions, state, description, origin."""
    rows = []
    for name, target in registry.targets().items():
        missing = registry.missing_modules(target)
        rows.append(
            {
                "target": name,
                "default": target.precision,
                "precisions": ", ".join(registry.converter_of(target).precisions),
                "state": registry.install_command([target]) if missing else target.unmeasured or "ready",
                "description": target.description,
                "origin": registry.origins()[name],
            }
        )
    return rows


TOO_OLD = "too old"


def doctor_rows() -> list[dict[str, str]]:
    """One row for each package edgelm uses: the version found, the oldest one needed, the one tested, the state."""
    oldest = _oldest()
    rows = []
    for package, tested in TESTED.items():
        found = _found(package)
        least = oldest.get(package.replace("_", "-"), "-")
        state = _state(found, least, tested)
        rows.append({"package": package, "found": found or "-", "needed": least, "tested": tested, "state": state})
    return rows


def _oldest() -> dict[str, str]:
    """The oldest version of each package that edgelm's own metadata allows."""
    found = (_AT_LEAST.match(line) for line in requires("edgelm") or ())
    return {match["name"]: match["version"] for match in found if match}


def _found(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _state(found: str | None, least: str, tested: str) -> str:
    if found is None:
        return "not installed"
    if _numbers(found) < _numbers(least):
        return TOO_OLD
    if found == tested:
        return "as tested"
    return "older than tested" if _numbers(found) < _numbers(tested) else "newer than tested"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("+")[0].split(".") if part.isdigit())


def _bundle(bundle: Bundle) -> dict[str, Any]:
    manifest = bundle.manifest
    return {
        "bundle": str(bundle.path),
        "model": manifest["model"],
        "task": manifest["task"],
        "labels": manifest["labels"],
        **_task_facts(manifest),
        "target": manifest["target"],
        "precision": f"{manifest['precision']} ({manifest['scheme']['name']}): {manifest['scheme']['note']}",
        "inputs": [f"{spec['name']} {spec['dtype']} {spec['shape']}" for spec in manifest["artifact"]["inputs"]],
        "outputs": [f"{spec['name']} {spec['dtype']} {spec['shape']}" for spec in manifest["artifact"]["outputs"]],
        "longest text": f"{manifest['max_length']} tokens",
        "tokenizer": manifest["tokenizer"]["kind"],
        "size": f"{bundle.size_bytes / 1e6:.2f} MB",
        "made with": [f"{name} {number}" for name, number in manifest["toolchain"].items()],
        "source digest": manifest["source"]["digest"],
    }


def _task_facts(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What some tasks have beside labels."""
    facts: dict[str, Any] = {}
    if manifest.get("slot_labels"):
        facts["slots"] = manifest["slot_labels"]
    if manifest.get("prompts"):
        default, texts = manifest["prompts"]["default"], manifest["prompts"]["texts"]
        facts["prompts"] = [f"{name}: {text!r}{', by default' * (name == default)}" for name, text in texts.items()]
    return facts


def _checkpoint(model: Model) -> dict[str, Any]:
    encoder = model.encoder
    layers = dict.fromkeys(
        f"{layer.num_attention_heads} heads of {layer.head_size}, feed-forward {layer.intermediate_size}"
        for layer in encoder.layers
    )
    parts = part_sizes(model)
    total = sum(parts.values())
    return {
        "model": model.checkpoint.name,
        "path": str(model.checkpoint.path),
        "saved by": layout_of(model.modules.transformer if model.modules else model.checkpoint.path).framework,
        "architecture": model.family.name,
        "task": model.resolve_task(),
        "other tasks": [task for task in model.tasks if task != model.resolve_task()],
        "layers": f"{len(encoder.layers)} x hidden {encoder.hidden_size}; " + "; ".join(layers),
        **({"unlike BERT": list(encoder.beyond_bert)} if encoder.beyond_bert else {}),
        "longest text": f"{encoder.max_length} tokens",
        "parameters": f"{total / 1e6:.2f} M",
        **{f"  {part}": f"{count / 1e6:.2f} M, {count / total:.0%}" for part, count in parts.items()},
        "size as fp32, fp16, int8": f"{total * 4 / 1e6:.1f}, {total * 2 / 1e6:.1f}, {total / 1e6:.1f} MB",
        "tokenizer": _tokenizer(model),
        "targets": [_target_state(name) for name in registry.targets()],
        "digest": model.checkpoint.digest,
    }


def part_sizes(model: Model) -> Mapping[str, int]:
    """Parameters by part of the model, each tensor of its graph counted once."""
    task = model.resolve_task()
    sizes = {"word embedding": 0, "other embeddings": 0, "encoder": 0, "head": 0}
    seen: set[str] = set()
    for node in model.graph(task, model.encoder.max_length).nodes:
        graph_part = _part(node.output)
        for name in (name.partition("[")[0] for name in node.inputs):  # a cut of a tensor stands for the whole
            tensor = model.weights.store
            if name in tensor and name not in seen:
                seen.add(name)
                count = 1
                for size in tensor.shape(name):
                    count *= size
                sizes[graph_part] += count
    return {part: count for part, count in sizes.items() if count}


def _part(node: str) -> str:
    if node in ("embeddings.word", "embeddings.word_projection"):
        return "word embedding"
    if node.startswith("embeddings."):
        return "other embeddings"
    return "encoder" if node.startswith(("layers.", "relative.")) else "head"


def _tokenizer(model: Model) -> str:
    try:
        tokenizer = TextTokenizer.from_checkpoint(model.checkpoint.path, model.modules)
    except EdgelmError as error:
        return f"unusable: {error}"
    facts = tokenizer.facts
    case = {True: ", lower-casing", False: ", cased", None: ""}[facts.lowercase]
    why = assumed_casing(tokenizer.folder)
    return f"{facts.kind}{case}{f' ({why})' if why else ''}; special ids {dict(facts.special_ids)}"


def _target_state(name: str) -> str:
    missing = registry.missing_modules(registry.targets()[name])
    return f"{name} (not installed)" if missing else name
