"""What a sentence-transformers folder puts around its transformer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from edgelm.checkpoint.files import inside, load_json, read_json
from edgelm.errors import UnsupportedError, UsageError

PoolingMode = Literal["cls", "mean", "max", "mean_sqrt_len_tokens"]

SETTINGS = "config_sentence_transformers.json"
_STACK = re.compile(r"Transformer Pooling( Dense)*( Normalize)?")
_POOLING_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""The flags of a Pooling module's config.json, in the order sentence-transformers concatenates their modes."""


@dataclass(frozen=True)
class DenseModule:
    """A sentence-transformers Dense module: the canonical name of its layer, its folder and its torch activation."""

    name: str
    folder: Path
    activation: str
    bias: bool


@dataclass(frozen=True)
class SentenceModules:
    """What modules.json says: where the transformer lies, how its tokens are pooled, and what follows."""

    transformer: Path
    pooling: tuple[PoolingMode, ...]
    dense: tuple[DenseModule, ...]
    normalize: bool
    include_prompt: bool
    """Whether the tokens of a prompt are pooled with those of its text."""
    max_seq_length: int | None
    do_lower_case: bool
    files: tuple[Path, ...]
    """The JSON files this was read from."""


def read_sentence_modules(path: Path) -> SentenceModules | None:
    """The modules of a sentence-transformers folder, or None for a plain Hugging Face folder.

    A CrossEncoder's folder is a plain one: its only module is Hugging Face's own, with the head.
    """
    source = path / "modules.json"
    if not source.is_file():
        return None
    modules = load_json(source)
    if not isinstance(modules, list) or not all(isinstance(m, dict) and type(m.get("type")) is str for m in modules):
        raise UsageError(f"{source} is no list of modules with a type each.")
    kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
    if kinds == ["Transformer"] and modules[0].get("path") == "" and _is_cross_encoder(path):
        return None
    if not _STACK.fullmatch(" ".join(kinds)):
        raise UnsupportedError(
            f"{source}: {' + '.join(kinds) or 'no module'} is not supported.",
            hint="Supported: Transformer + Pooling [+ Dense ...] [+ Normalize].",
        )
    folders = [inside(path, module.get("path"), source) for module in modules]
    configs = {kind: folder / "config.json" for kind, folder in zip(kinds, folders, strict=True)}
    dense = [(i, folder) for i, (kind, folder) in enumerate(zip(kinds, folders, strict=True)) if kind == "Dense"]
    settings = folders[0] / "sentence_bert_config.json"
    own = read_json(settings) if settings.is_file() else {}
    return SentenceModules(
        transformer=folders[0],
        pooling=_pooling_modes(configs["Pooling"]),
        dense=tuple(_dense_module(i, folder) for i, folder in dense),
        normalize="Normalize" in kinds,
        include_prompt=bool(read_json(configs["Pooling"]).get("include_prompt", True)),
        max_seq_length=_max_seq_length(own, settings),
        do_lower_case=bool(own.get("do_lower_case", False)),
        files=(source, configs["Pooling"], *(folder / "config.json" for _, folder in dense)),
    )


def _is_cross_encoder(path: Path) -> bool:
    settings = path / SETTINGS
    return settings.is_file() and read_json(settings).get("model_type") == "CrossEncoder"


def _max_seq_length(settings: Mapping[str, Any], source: Path) -> int | None:
    value = settings.get("max_seq_length")
    if value is not None and (type(value) is not int or value < 1):
        raise UsageError(f"{source}: max_seq_length is {value!r}, not a positive integer.")
    return value


def _pooling_modes(source: Path) -> tuple[PoolingMode, ...]:
    """The modes in the order they are concatenated: that of ``pooling_mode``, or of the flags; the mean by default."""
    config = read_json(source)
    modes = config.get("pooling_mode", [])
    modes = [modes] if isinstance(modes, str) else modes
    if not isinstance(modes, list):
        raise UsageError(f"{source}: pooling_mode is {modes!r}, neither a name nor a list of names.")
    modes = modes or [mode for key, mode in _POOLING_FLAGS.items() if config.get(key)] or ["mean"]
    unknown = [mode for mode in modes if mode not in get_args(PoolingMode)]
    if unknown:
        raise UnsupportedError(
            f"{source}: pooling {unknown[0]!r} is not supported.",
            hint=f"Supported: {', '.join(get_args(PoolingMode))}.",
        )
    return tuple(modes)


def _dense_module(index: int, folder: Path) -> DenseModule:
    config = read_json(folder / "config.json")
    if config.get("use_residual") or config.get("module_input_name", "sentence_embedding") != "sentence_embedding":
        raise UnsupportedError(f"{folder / 'config.json'}: only a plain layer over the embedding is supported.")
    activation = str(config.get("activation_function", "torch.nn.modules.activation.Tanh")).rsplit(".", 1)[-1]
    return DenseModule(f"sentence.dense.{index}", folder, activation, bool(config.get("bias", True)))
