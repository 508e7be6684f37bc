"""What every module of tokenizers uses: a folder that edgelm reads, special tokens, a template."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, processors

from edgelm.tokenizer import TextTokenizer

Maker = Callable[[Path], Tokenizer]
"""Makes a tokenizer; the folder is its own, to write files in."""


def of_folder(folder: Path, files: Mapping[str, Any]) -> Tokenizer:
    """The tokenizer that edgelm makes of a folder with these files; a mapping is written as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        (folder / name).write_text(text, "utf-8")
    return TextTokenizer.from_folder(folder).tokenizer


def vocabulary_folder(folder: Path, vocabulary: Mapping[str, int], said: Mapping[str, Any]) -> Tokenizer:
    return of_folder(folder, {"vocab.txt": "\n".join(vocabulary) + "\n", "tokenizer_config.json": said})


def specialised(tokenizer: Tokenizer, tokens: Sequence[str], *, mask_takes_space: bool = False) -> Tokenizer:
    """With special tokens; those that the vocabulary lacks get the next ids."""
    tokenizer.add_special_tokens(
        [AddedToken(text, lstrip=mask_takes_space and "mask" in text.lower(), special=True) for text in tokens]
    )
    return tokenizer


def template(tokenizer: Tokenizer, single: str, pair: str, special: Sequence[str]) -> processors.TemplateProcessing:
    named = [(token, tokenizer.token_to_id(token)) for token in special]
    return processors.TemplateProcessing(single=single, pair=pair, special_tokens=named)
