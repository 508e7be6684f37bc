"""SentencePiece models, real ones and such as are trained here on real text: the ids of SentencePiece on real text."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sentencepiece

from edgelm.tokenizer import TextTokenizer

from .. import pieces

TEXTS = (
    "botchan.en.txt",
    "CLUECorpusSmall_sampled.zh.txt",
    "wagahaiwa_nekodearu.ja.txt",
    "wikitext2.valid.txt",
    "news-commentary-v13-en-zh_sampled.tsv",
    "cmrc2018_contexts.zh.txt",
)
LINES = 200
LONGEST = 150
REAL = {
    "cluecorpussmall_spm": ("deberta-v2", {}),
    "chinese-xlnet.spiece": (
        "deberta-v2",
        {"cls_token": "<cls>", "sep_token": "<sep>", "pad_token": "<pad>", "mask_token": "<mask>"},
    ),
    "sentencepiece_test_en_botchan": ("xlm-roberta", {}),
    "sentencepiece_test_ja": ("xlm-roberta", {}),
}
"""Each model, the family whose first pieces it has, and what its special tokens are called beside that family's."""
TRAINED: dict[str, dict[str, Any]] = {
    "unigram": {},
    "unigram, case folded": {"normalization_rule_name": "nmt_nfkc_cf"},
    "unigram, bytes": {"byte_fallback": True, "character_coverage": 0.985},
    "bpe": {"model_type": "bpe"},
    "bpe, bytes": {"model_type": "bpe", "byte_fallback": True, "character_coverage": 0.985},
}
SIZE = {"vocab_size": 4000, "character_coverage": 0.99}


@pytest.fixture(scope="module")
def lines(data: Path) -> list[str]:
    """The first lines of each text, cut, in three languages; none with what a tokenizer takes for a special token."""
    found: list[str] = []
    for name in TEXTS:
        with (data / "rawtext" / name).open(encoding="utf-8") as file:
            found += [line[:LONGEST].strip("\n") for line, _ in zip(file, range(LINES), strict=False)]
    return [line for line in found if line.strip() and "<unk>" not in line]


def plain_ids(tokenizer: TextTokenizer, text: str) -> list[int]:
    return list(tokenizer.tokenizer.encode(text, add_special_tokens=False).ids)


@pytest.mark.parametrize("name", REAL)
def test_real_models_are_sentencepiece(data: Path, lines: list[str], name: str, tmp_path: Path) -> None:
    family, special = REAL[name]
    path = tmp_path / pieces.LAYOUTS[family][0]
    shutil.copy(data / "vocab" / f"{name}.model", path)
    (tmp_path / "special_tokens_map.json").write_text(json.dumps(special))
    ours = TextTokenizer.from_folder(tmp_path)
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(path))
    id_of = pieces.fairseq if family == "xlm-roberta" else int
    for text in lines:
        assert pieces.is_same(plain_ids(ours, text), theirs, text, id_of), text


@pytest.mark.parametrize("kind", TRAINED)
def test_models_of_real_text_are_sentencepiece(make_pieces: Callable[..., Path], lines: list[str], kind: str) -> None:
    folder = make_pieces("xlm-roberta", lines, **{**SIZE, **TRAINED[kind]})
    ours = TextTokenizer.from_folder(folder)
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(folder / "sentencepiece.bpe.model"))
    for text in lines:
        assert pieces.is_same(plain_ids(ours, text), theirs, text), text


def test_xlm_roberta_is_transformers(make_pieces: Callable[..., Path], lines: list[str]) -> None:
    import transformers

    folder = make_pieces("xlm-roberta", lines, **SIZE)
    ours, theirs = TextTokenizer.from_folder(folder), transformers.XLMRobertaTokenizer.from_pretrained(folder)
    for text in lines:
        found, expected = ours.encode((lines[0], text)), theirs(lines[0], text, return_offsets_mapping=True)
        assert found.ids == expected["input_ids"]
        assert found.offsets == [tuple(pair) for pair in expected["offset_mapping"]]


def test_deberta_is_hugging_faces_converted_tokenizer(make_pieces: Callable[..., Path], lines: list[str]) -> None:
    folder = make_pieces("deberta-v2", lines, **SIZE)
    ours = TextTokenizer.from_folder(folder)
    original = SimpleNamespace(
        vocab_file=str(folder / "spm.model"),
        do_lower_case=False,
        split_by_punct=False,
        add_prefix_space=True,
        convert_tokens_to_ids=ours.tokenizer.token_to_id,
    )
    theirs = import_module("transformers.convert_slow_tokenizer").DebertaV2Converter(original).converted()
    for text in lines:
        found, expected = ours.encode((lines[0], text)), theirs.encode(lines[0], text)
        assert (found.ids, found.type_ids) == (expected.ids, expected.type_ids), text


def test_albert_is_googles(make_pieces: Callable[..., Path], lines: list[str]) -> None:
    folder = make_pieces("albert", [line.lower() for line in lines], user_defined_symbols=pieces.ALBERT_SYMBOLS, **SIZE)
    ours = TextTokenizer.from_folder(folder)
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))
    for text in lines:
        wanted = pieces.google_albert(theirs, text)
        found = plain_ids(ours, text)
        assert found == wanted, text
