"""What sentence-transformers notes beside its modules: an embedder's prompts, and how a cross-encoder scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelm.checkpoint.files import read_json
from edgelm.checkpoint.sentence import SETTINGS, SentenceModules
from edgelm.errors import UnsupportedError, UsageError

_SCORES = {"Identity": "none", "Sigmoid": "sigmoid"}
"""torch.nn's class -> the activation of a bundle's decode rules."""


@dataclass(frozen=True)
class Prompts:
    """Prompts by name, such as ``query: `` and ``passage: ``, and the name of the one that is put before every text."""

    texts: Mapping[str, str]
    default: str | None = None


def read_prompts(path: Path, modules: SentenceModules | None, given: Prompts | None = None) -> Prompts | None:
    """The prompts of ``config_sentence_transformers.json``, or ``given`` where a folder has none.

    UsageError where the file is not of the form that sentence-transformers writes, or its default is no prompt.
    UnsupportedError where the tokens of a prompt are read and not pooled (``include_prompt``): how many they are is no
    input of the model.
    """
    settings = _settings(path)
    texts, default = settings.get("prompts") or {}, settings.get("default_prompt_name")
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise UsageError(f"{path / SETTINGS}: prompts is {texts!r:.60}, not an object of texts by name.")
    if default is not None and default not in texts:
        raise UsageError(
            f"{path / SETTINGS}: default_prompt_name is {default!r}, which is no prompt.",
            hint=f"There are: {', '.join(texts) or 'none'}.",
        )
    found = Prompts(texts, default) if texts else given
    if found and any(found.texts.values()) and modules is not None and not modules.include_prompt:
        raise UnsupportedError(
            f"{path} pools without the tokens of its prompts (include_prompt is false), which is not supported.",
            hint="Supported: models that pool over prompt and text, as E5, BGE and GTE do.",
        )
    return found


def read_score_activation(path: Path, config: Mapping[str, Any]) -> str | None:
    """``sigmoid`` or ``none``, what a CrossEncoder puts on its one logit; None where no folder of one says it.

    sentence-transformers 5 writes it beside the modules, 4 into config.json, older ones there under another name.
    UnsupportedError for any other function, and where a prompt goes before every pair.
    """
    settings = _settings(path)
    own = config.get("sentence_transformers") or {}
    legacy = config.get("sbert_ce_default_activation_function")
    names = [settings.get("activation_fn"), own.get("activation_fn") if isinstance(own, Mapping) else None, legacy]
    named = next((str(name).rsplit(".", 1)[-1] for name in names if name is not None), None)
    if named is None:
        return None
    if named not in _SCORES:
        raise UnsupportedError(
            f"{path}: a cross-encoder's activation {named} is not supported.", hint=f"Supported: {', '.join(_SCORES)}."
        )
    if settings.get("default_prompt_name") is not None:
        raise UnsupportedError(f"{path / SETTINGS}: a cross-encoder's default prompt is not supported.")
    return _SCORES[named]


def _settings(path: Path) -> dict[str, Any]:
    return read_json(path / SETTINGS) if (path / SETTINGS).is_file() else {}
