"""Reads the tokenizer of a folder from whichever files it has, the most exact first."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelm.errors import UsageError
from edgelm.tokenizer import classes
from edgelm.tokenizer.byte_level import byte_level_bpe
from edgelm.tokenizer.piece_families import FILES as SENTENCEPIECE_FILES
from edgelm.tokenizer.piece_families import names_family
from edgelm.tokenizer.sentencepiece import sentencepiece
from edgelm.tokenizer.settings import settings, special_tokens
from edgelm.tokenizer.wordpiece import bert_rules, wordpiece

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Layout = tuple[tuple[str, ...], Callable[[Path], "tuple[Tokenizer, dict[str, str]]"]]
"""Names of files, and what reads the tokenizer of a folder that has them all."""


def load(folder: Path) -> tuple[Tokenizer, dict[str, str]]:
    """The folder's tokenizer, and the special token of each role."""
    classes.refuse_more_than_files(folder)
    for names, read in _layouts(folder):
        if all((folder / name).is_file() for name in names):
            tokenizer, special = read(folder)
            if not _has_token_types(settings(folder, "tokenizer_config.json")):
                tokenizer = _of_one_token_type(tokenizer)
            return tokenizer, special
    raise UsageError(
        f"{folder} has no tokenizer.json, no vocab.txt, no SentencePiece model, and no vocab.json with merges.txt.",
        hint="Save the fast tokenizer beside the model: AutoTokenizer.from_pretrained(...).save_pretrained(...).",
    )


def has_tokenizer(folder: Path) -> bool:
    """Whether any of a tokenizer's files lies in a folder."""
    return any((folder / name).is_file() for names, _ in _layouts(folder) for name in names)


def read_serialized(path: Path) -> Tokenizer:
    """A tokenizer.json as it is."""
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(path.read_text("utf-8"))
    except Exception as error:  # noqa: BLE001  tokenizers raises bare Exception for whatever it cannot parse
        raise UsageError(f"{path} is no tokenizer: {error}.") from None


def _serialized(folder: Path) -> tuple[Tokenizer, dict[str, str]]:
    """tokenizer.json; what tokenizer_config.json says of BERT's rules goes before what the file itself says.

    Hugging Face's own classes do so, and such pairs exist: a cased model's settings beside rules that lower-case.
    """
    from tokenizers import normalizers

    tokenizer = read_serialized(folder / "tokenizer.json")
    said = settings(folder, "tokenizer_config.json")
    rules = json.loads(tokenizer.to_str()).get("normalizer") or {}
    is_generic = classes.tokenizer_class(folder) in classes.GENERIC
    if rules.pop("type", None) == "BertNormalizer" and not is_generic:
        own = bert_rules(said)
        if {**rules, **own} != rules:
            tokenizer.normalizer = normalizers.BertNormalizer(**{**rules, **own})
    return tokenizer, special_tokens(folder, tokenizer.get_vocab(with_added_tokens=True))


def _has_token_types(said: Mapping[str, Any]) -> bool:
    """Whether Hugging Face passes token types to the model; where it does not, a pair was trained on zeros alone."""
    names = said.get("model_input_names")
    if isinstance(names, list):
        return "token_type_ids" in names
    return said.get("tokenizer_class") != "TokenizersBackend"  # the generic class of transformers 5


def _of_one_token_type(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer with a template whose pair has token type 0 throughout."""
    from tokenizers import Tokenizer

    state = json.loads(tokenizer.to_str())
    processor = state["post_processor"] or {}
    for step in (processor, *processor.get("processors", ())):
        for place in (place for piece in step.get("pair", ()) for place in piece.values()):
            place["type_id"] = 0
    return Tokenizer.from_str(json.dumps(state))


def _layouts(folder: Path) -> tuple[Layout, ...]:
    """The files a tokenizer may lie in, the most exact first, and what reads them.

    A SentencePiece model goes before a vocabulary where the folder's files name a family that has one.
    """
    return (_SERIALIZED, *_PIECES, *_BARE) if names_family(folder) else (_SERIALIZED, *_BARE, *_PIECES)


_SERIALIZED: Layout = (("tokenizer.json",), _serialized)
_PIECES: tuple[Layout, ...] = tuple(((name,), sentencepiece) for name in SENTENCEPIECE_FILES)
_BARE: tuple[Layout, ...] = ((("vocab.txt",), wordpiece), (("vocab.json", "merges.txt"), byte_level_bpe))
