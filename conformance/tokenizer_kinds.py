"""The tokenizers of the set: those that edgelm writes, those of Hugging Face's converters, and every component."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, pre_tokenizers

from conformance.component_kinds import added_tokens, components, words
from conformance.piece_kinds import PIECE_FAMILIES, converted_spm, pieces, unigrams
from conformance.tokenizer_parts import Maker, of_folder
from conformance.vocabularies import ANGLES
from conformance.word_kinds import GPT2_PATTERN, bare_bpe, bert, byte_levels, other_bpes, wordpieces
from edgelm.checkpoint import open_checkpoint
from edgelm.tokenizer import TextTokenizer

BUILTIN = "all-MiniLM-L6-v2"
REGULAR_EXPRESSIONS = (r"\A +| +\z", r" {2,}", r"\s+", r" +", r"[\r\n]", r"\s{2,}|[\n\r\t]", GPT2_PATTERN)
"""What edgelm and Hugging Face's converters write for the architectures of docs/matrix.md; kits know these by text."""
DATA = Path(os.environ.get("EDGELM_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


def makers() -> Mapping[str, Maker]:
    """Every tokenizer that needs no data of others, by name."""
    return {
        "minilm": _builtin,
        **wordpieces(),
        **byte_levels(),
        **other_bpes(),
        **unigrams(),
        **words(),
        **added_tokens(),
        **components(),
    }


def data_makers() -> Mapping[str, Maker]:
    """Those of the real vocabularies in EDGELM_DATA; none where the folder is not there."""
    folder = DATA / "vocab"
    if not folder.is_dir():
        return {}
    lists = {path.name.split(".")[0]: path for path in sorted(folder.glob("*.vocab.txt"))}
    angles = {"cls_token": "<cls>", "sep_token": "<sep>", "pad_token": "<pad>", "mask_token": "<mask>"}
    published: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
        "chinese-xlnet": ("chinese-xlnet.spiece.model", "deberta-v2", angles),
        "cluecorpussmall": ("cluecorpussmall_spm.model", "deberta-v2", {}),
        "botchan": ("sentencepiece_test_en_botchan.model", "xlm-roberta", {}),
        "spm-ja": ("sentencepiece_test_ja.model", "xlm-roberta", {}),
    }
    return {
        **{name: partial(_real_wordpiece, path) for name, path in lists.items() if name != "gpt2"},
        "gpt2": partial(_real_bpe, folder / "gpt2.merges.txt"),
        **{
            name: partial(_real_pieces, folder / file, family, said) for name, (file, family, said) in published.items()
        },
    }


def _builtin(_: Path) -> Tokenizer:
    checkpoint = open_checkpoint(BUILTIN)
    return TextTokenizer.from_folder(checkpoint.path).tokenizer


# -- the real vocabularies of EDGELM_DATA ------------------------------------------------------------------------------


def _real_wordpiece(path: Path, folder: Path) -> Tokenizer:
    said = {"do_lower_case": "-cased" not in path.name}
    return of_folder(folder, {"vocab.txt": path.read_text("utf-8"), "tokenizer_config.json": said})


def _real_bpe(path: Path, folder: Path) -> Tokenizer:
    """RoBERTa's frame around GPT-2's merges; the ids are those of this order of tokens."""
    merges = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#version")]
    tokens = (*ANGLES, *sorted(pre_tokenizers.ByteLevel.alphabet()), *("".join(line.split()) for line in merges))
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    return of_folder(folder, {"vocab.json": vocabulary, "merges.txt": "\n".join(["#version: 0.2", *merges, ""])})


def _real_pieces(path: Path, family: str, said: Mapping[str, str], folder: Path) -> Tokenizer:
    """A published SentencePiece model with the rules of the family whose first pieces it has."""
    file, kind, _ = PIECE_FAMILIES[family]
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, folder / file)
    return of_folder(folder, {"tokenizer_config.json": {"tokenizer_class": kind, **said}})


# -- other ways to write the same --------------------------------------------------------------------------------------

State = dict[str, Any]
"""A tokenizer.json, parsed."""


def _with_string_merges(state: State) -> State:
    """As tokenizers wrote merges until 0.20."""
    model = {**state["model"], "merges": [" ".join(merge) for merge in state["model"]["merges"]]}
    return {**state, "model": model}


def _with_old_metaspace(state: State) -> State:
    """As tokenizers wrote it until 0.14."""
    old = {"type": "Metaspace", "replacement": "▁", "str_rep": "▁", "add_prefix_space": True}
    return {**state, "pre_tokenizer": old, "decoder": old}


def _with_padding(state: State) -> State:
    """With the sections of a tokenizer that was in training; edgelm turns both off."""
    padding = {
        **{"strategy": {"Fixed": 32}, "direction": "Right", "pad_to_multiple_of": None},
        **{"pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
    }
    truncation = {"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0}
    return {**state, "padding": padding, "truncation": truncation}


def _without_model_type(state: State) -> State:
    """As tokenizers wrote a model until 0.8; what it is must be seen by its keys."""
    return {**state, "model": {key: value for key, value in state["model"].items() if key != "type"}}


def _forms() -> Mapping[str, tuple[Maker, Callable[[State], State]]]:
    roberta = partial(bare_bpe, special=ANGLES)
    return {
        "form-string-merges": (roberta, _with_string_merges),
        "form-old-metaspace": (converted_spm, _with_old_metaspace),
        "form-padding": (bert, _with_padding),
        "form-untyped-wordpiece": (bert, _without_model_type),
        "form-untyped-bpe": (roberta, _without_model_type),
        "form-untyped-unigram": (partial(pieces, "albert"), _without_model_type),
    }


def every(work: Path) -> Iterator[tuple[str, str, bool]]:
    """Name, tokenizer.json, and whether it needs no data of others; ``work`` is for files that are made on the way."""
    for own, found in ((True, makers()), (False, data_makers())):
        for name, make in found.items():
            yield name, make(work / name).to_str(pretty=False), own
    for name, (make, change) in _forms().items():
        state = change(json.loads(make(work / name).to_str()))
        yield name, json.dumps(state, indent=2), True  # escaped and spaced, as other writers do
