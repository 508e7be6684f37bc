"""What is no SentencePiece model, or not one of a family whose rules are known, is refused with the reason."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from edgelm.errors import EdgelmError, ToolchainError, UnsupportedError, UsageError
from edgelm.tokenizer import TextTokenizer

from .. import pieces

HUGE = b"\x0a\xff\xff\xff\xff\x07" + b"\x0a\x03abc"
"""A first piece that claims two gigabytes."""


@pytest.mark.parametrize(
    "content",
    [b"", b"the movie was good\n" * 50, HUGE, b"\x00" * 100, b"\xff" * 100, b"[PAD]\n[UNK]\n"],
    ids=["empty", "text", "huge", "zeros", "ones", "vocab.txt"],
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "spiece.model").write_bytes(content)
    with pytest.raises(UsageError, match=r"spiece.model is no SentencePiece model, or not a whole one") as raised:
        TextTokenizer.from_folder(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_part_of_a_model_is_refused_or_lacks_its_special_tokens(make_pieces: Callable[..., Path]) -> None:
    """A file cut between two pieces is a smaller model to any reader; what it then lacks is named."""
    folder = make_pieces("xlm-roberta")
    path = folder / "sentencepiece.bpe.model"
    whole = path.read_bytes()
    whole_size = len(TextTokenizer.from_folder(folder).tokenizer.get_vocab())
    for size in random.Random(0).sample(range(len(whole)), 60):
        path.write_bytes(whole[:size])
        with suppress(UsageError, UnsupportedError):
            assert len(TextTokenizer.from_folder(folder).tokenizer.get_vocab()) <= whole_size


def test_a_broken_byte_never_ends_the_process(make_pieces: Callable[..., Path]) -> None:
    folder = make_pieces("albert")
    path = folder / "spiece.model"
    whole = path.read_bytes()
    rng = random.Random(1)
    for _ in range(60):
        broken = bytearray(whole)
        broken[rng.randrange(min(len(whole), 4000))] ^= 1 << rng.randrange(8)
        path.write_bytes(broken)
        with suppress(EdgelmError):
            TextTokenizer.from_folder(folder).encode("The movie was good, café!")


@pytest.mark.parametrize("kind", ["word", "char"])
def test_models_of_words_and_characters_are_not_supported(make_pieces: Callable[..., Path], kind: str) -> None:
    with pytest.raises(UnsupportedError, match="whole words or characters; Unigram and BPE are supported"):
        TextTokenizer.from_folder(make_pieces("albert", model_type=kind))


def test_a_mark_behind_the_word_is_not_supported(make_pieces: Callable[..., Path]) -> None:
    with pytest.raises(UnsupportedError, match="does not mark where a word begins"):
        TextTokenizer.from_folder(make_pieces("albert", treat_whitespace_as_suffix=True))


def test_splitting_at_punctuation_needs_pieces_of_one_word(make_pieces: Callable[..., Path]) -> None:
    folder = make_pieces("deberta-v2", split_by_whitespace=False)
    (folder / "tokenizer_config.json").write_text('{"split_by_punct": true}')
    with pytest.raises(UnsupportedError, match="split_by_punct cannot be followed"):
        TextTokenizer.from_folder(folder)


def test_another_familys_model_is_refused(make_pieces: Callable[..., Path]) -> None:
    folder = make_pieces("deberta-v2")
    for name, message in (("XLMRobertaTokenizer", "is not of XLM-R"), ("CamembertTokenizer", "is not of CamemBERT")):
        (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": name}))
        with pytest.raises(UsageError, match=rf"{message}: it begins with \[PAD\]"):
            TextTokenizer.from_folder(folder)


def test_a_model_without_special_tokens_is_refused(make_pieces: Callable[..., Path]) -> None:
    folder = make_pieces("xlm-roberta")
    (folder / "sentencepiece.bpe.model").rename(folder / "spiece.model")
    with pytest.raises(UsageError, match=r"lacks the special token \[CLS\]"):
        TextTokenizer.from_folder(folder)


@pytest.mark.parametrize("missing", ["sentencepiece", "google.protobuf"])
def test_without_sentencepiece_the_message_is_its_installation(
    make_pieces: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    folder = make_pieces("albert")
    for name in [name for name in sys.modules if name.split(".")[0] == "sentencepiece"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ToolchainError) as raised:
        TextTokenizer.from_folder(folder)
    assert raised.value.hint == "Run: pip install 'edgelm[sentencepiece]'"


# -- which family it is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "family"),
    [
        ({}, "ALBERT"),
        ({"config.json": {"model_type": "xlm-roberta"}}, "XLM-R"),
        ({"config.json": {"model_type": "bert", "tokenizer_class": "XLMRobertaTokenizer"}}, "XLM-R"),
        (
            {
                "config.json": {"model_type": "albert", "tokenizer_class": "AlbertTokenizer"},
                "tokenizer_config.json": {"tokenizer_class": "XLMRobertaTokenizerFast"},
            },
            "XLM-R",
        ),
        ({"tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"}}, "ALBERT"),
    ],
)
def test_the_class_goes_before_the_models_type_and_that_before_the_files_name(
    make_pieces: Callable[..., Path], files: dict[str, Any], family: str
) -> None:
    """Multilingual MiniLM is a BERT with XLM-R's tokenizer, and says so in config.json alone."""
    folder = make_pieces("xlm-roberta", control_symbols=["[CLS]", "[SEP]"])
    (folder / "sentencepiece.bpe.model").rename(folder / "spiece.model")
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    assert TextTokenizer.from_folder(folder).special_tokens["cls"] == {"ALBERT": "[CLS]", "XLM-R": "<s>"}[family]


def test_a_family_with_rules_of_its_own_is_not_supported(make_pieces: Callable[..., Path]) -> None:
    folder = make_pieces("albert")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "XLNetTokenizer"}')
    with pytest.raises(UnsupportedError, match=r"belongs to a XLNetTokenizer.*ALBERT, XLM-R, CamemBERT, DeBERTa-v2"):
        TextTokenizer.from_folder(folder)


def test_googles_own_name_of_the_file_is_alberts(make_pieces: Callable[..., Path]) -> None:
    folder = make_pieces("albert")
    (folder / "spiece.model").rename(folder / "30k-clean.model")
    assert TextTokenizer.from_folder(folder).special_ids == {"pad": 0, "unk": 1, "cls": 2, "sep": 3, "mask": 4}


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({}, "WordPiece"),
        ({"config.json": {"model_type": "bert"}}, "WordPiece"),
        ({"config.json": {"model_type": "albert"}}, "Unigram"),
        ({"config.json": {"model_type": "albert", "tokenizer_class": "BertTokenizer"}}, "WordPiece"),
        ({"tokenizer_config.json": {"tokenizer_class": "AlbertTokenizer"}}, "Unigram"),
    ],
)
def test_beside_a_vocabulary_the_model_counts_where_its_family_is_named(
    make_pieces: Callable[..., Path], files: dict[str, Any], kind: str
) -> None:
    """Chinese ALBERTs have BERT's vocab.txt."""
    folder = make_pieces("albert")
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n")
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    assert TextTokenizer.from_folder(folder).facts.kind == kind


# -- what becomes of it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", pieces.LAYOUTS)
def test_a_bundle_has_the_model_and_what_needs_no_sentencepiece(
    make_pieces: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    folder = make_pieces(family)
    (folder / "config.json").write_text(json.dumps({"model_type": family}))
    ours = TextTokenizer.from_folder(folder)
    facts = ours.save(tmp_path)
    name = pieces.LAYOUTS[family][0]
    assert (facts["files"], facts["kind"]) == (("tokenizer.json", name), "Unigram")
    assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert '"Precompiled"' in (tmp_path / "tokenizer.json").read_text("utf-8")
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    again = TextTokenizer.from_bundle(tmp_path, json.loads(json.dumps(facts)))
    for text in (*pieces.sentences(20), "ＡＢＣ ① café", ("a b", "c, d")):
        assert again.encode(text).ids == ours.encode(text).ids
    assert again.special_ids == ours.special_ids


def test_reading_it_twice_gives_the_same_bytes(make_pieces: Callable[..., Path]) -> None:
    folder = make_pieces("albert", model_type="bpe")
    first, second = (TextTokenizer.from_folder(folder).tokenizer.to_str() for _ in range(2))
    assert first == second
