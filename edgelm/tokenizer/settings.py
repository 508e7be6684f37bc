"""What a tokenizer's folder says beside its vocabulary: settings, special tokens, and the tokens a user added."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelm.checkpoint import read_json
from edgelm.errors import UsageError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CONVENTIONS: Mapping[str, tuple[str, ...]] = {
    "pad": ("<pad>", "[PAD]"),
    "unk": ("[UNK]", "<unk>"),
    "cls": ("<s>", "[CLS]"),
    "sep": ("</s>", "[SEP]"),
    "mask": ("<mask>", "[MASK]"),
}
"""The special token of each role where nothing names it: the first that the vocabulary has.

The order is MPNet's, whose vocabulary is BERT's with RoBERTa's special tokens around it.
"""
_ADDED_FIELDS = ("lstrip", "rstrip", "single_word", "normalized", "special")


def settings(folder: Path, name: str) -> dict[str, Any]:
    """The JSON object in a folder's file, empty where there is no such file."""
    return read_json(folder / name) if (folder / name).is_file() else {}


def special_tokens(folder: Path, vocabulary: Container[str], own: Mapping[str, str] | None = None) -> dict[str, str]:
    """The special token of each role, from special_tokens_map.json and tokenizer_config.json.

    Where they name none it is the family's ``own``, else the convention's.
    """
    found = {
        role: next((token for token in tokens if token in vocabulary), tokens[-1])
        for role, tokens in CONVENTIONS.items()
    }
    found.update(own or {})
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        named = settings(folder, name)
        for role in CONVENTIONS:
            token = named.get(f"{role}_token")
            token = token.get("content") if isinstance(token, dict) else token
            if isinstance(token, str):
                found[role] = token
    return found


def add_tokens(tokenizer: Tokenizer, folder: Path, special: Mapping[str, str], *, mask_takes_space: bool) -> None:
    """Never split the special tokens a vocabulary has, nor the tokens a user added.

    ``mask_takes_space``: the mask token swallows the space before it, for the model saw none there.
    """
    from tokenizers import AddedToken

    known = [role for role, token in special.items() if tokenizer.token_to_id(token) is not None]
    own = {special[role]: {"lstrip": mask_takes_space and role == "mask", "special": True} for role in known}
    added = {token: {**own.get(token, {}), **fields} for token, fields in _added_tokens(folder).items()}
    for token, fields in {**own, **added}.items():
        tokenizer.add_tokens([AddedToken(token, **fields)])


def with_id(tokenizer: Tokenizer, token: str, folder: Path) -> tuple[str, int]:
    """A special token with its id; UsageError where the vocabulary lacks it."""
    found = tokenizer.token_to_id(token)
    if found is None:
        raise UsageError(f"The vocabulary in {folder} lacks the special token {token}.")
    return token, found


def frame(tokenizer: Tokenizer, folder: Path, special: Mapping[str, str], *, is_doubled: bool = False) -> None:
    """Put the special tokens around a text and a pair.

    BERT's is ``[CLS] A [SEP] B [SEP]`` with token types 0 and 1; ``is_doubled`` is RoBERTa's ``<s> A </s></s> B </s>``
    with type 0 alone.
    """
    from tokenizers import processors

    cls, sep = (with_id(tokenizer, special[role], folder) for role in ("cls", "sep"))
    second = f"{sep[0]}:0 $B:0 {sep[0]}:0" if is_doubled else f"$B:1 {sep[0]}:1"
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{cls[0]}:0 $A:0 {sep[0]}:0",
        pair=f"{cls[0]}:0 $A:0 {sep[0]}:0 {second}",
        special_tokens=[cls, sep],
    )


def frame_with_offsets(tokenizer: Tokenizer, folder: Path, special: Mapping[str, str]) -> None:
    """RoBERTa's frame, whose offsets leave out the space that a byte-level token begins with."""
    from tokenizers import processors

    cls, sep = (with_id(tokenizer, special[role], folder) for role in ("cls", "sep"))
    said = settings(folder, "tokenizer_config.json")
    trim, prefix = bool(said.get("trim_offsets", True)), bool(said.get("add_prefix_space", False))
    tokenizer.post_processor = processors.RobertaProcessing(sep, cls, trim, prefix)


def _added_tokens(folder: Path) -> dict[str, dict[str, Any]]:
    """The tokens a user added, in the order of their ids, with their AddedToken fields."""
    decoder = settings(folder, "tokenizer_config.json").get("added_tokens_decoder", {})
    plain = {str(i): {"content": token} for token, i in settings(folder, "added_tokens.json").items()}
    try:
        entries = sorted({**plain, **decoder}.items(), key=lambda item: int(item[0]))
        return {entry["content"]: {k: v for k, v in entry.items() if k in _ADDED_FIELDS} for _, entry in entries}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UsageError(f"{folder}: the added tokens are not of the form that transformers writes.") from None
