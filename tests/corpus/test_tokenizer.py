"""Real vocabularies on real text: ids, offsets and types as transformers and llama.cpp's golden files have them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgelm.tokenizer import TextTokenizer

VOCABULARIES = ("bert-base-uncased", "bert-base-cased", "bert-base-chinese", "ernie-3.0-base-zh")
TEXTS = ("wikitext2.valid.txt", "CLUECorpusSmall_sampled.zh.txt", "wagahaiwa_nekodearu.ja.txt")
LINES = 150
BREAK = "\n__ggml_vocab_test__\n"


def golden(data: Path, name: str) -> Iterator[tuple[str, list[int]]]:
    """The strings of one golden file with their ids, without special tokens."""
    folder = data / "tokenizer_golden"
    texts = (folder / f"ggml-vocab-{name}.gguf.inp").read_text("utf-8").split(BREAK)
    ids = (folder / f"ggml-vocab-{name}.gguf.out").read_text("utf-8").split("\n")
    assert len(texts) == len(ids) == 47
    for text, line in zip(texts, ids, strict=True):
        yield text, [int(number) for number in line.split()]


@pytest.fixture(scope="module")
def lines(data: Path) -> list[str]:
    """The first lines of each text, English, Chinese and Japanese."""
    found: list[str] = []
    for name in TEXTS:
        with (data / "rawtext" / name).open(encoding="utf-8") as file:
            found += [line for line, _ in zip(file, range(LINES), strict=False) if line.strip()]
    assert len(found) > LINES
    return found


@pytest.fixture(scope="module")
def byte_level(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GPT-2's byte-level BPE with RoBERTa's special tokens behind it: its ids follow from the order of its merges."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    folder = tmp_path_factory.mktemp("byte-level")
    shutil.copy(data / "vocab" / "gpt2.merges.txt", folder / "merges.txt")
    merges = [line for line in (folder / "merges.txt").read_text("utf-8").split("\n")[1:] if line]
    symbols = [*bytes_to_unicode().values(), *(merge.replace(" ", "") for merge in merges), "<|endoftext|>"]
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocabulary = {token: i for i, token in enumerate([*symbols, *special])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    return folder


def compare(ours: TextTokenizer, theirs: Any, texts: list[str], pair: str) -> None:
    for text in texts:
        for parts in ((text,), (pair, text)):
            found = ours.encode(text if len(parts) == 1 else (pair, text))
            expected = theirs(*parts, return_offsets_mapping=True, return_token_type_ids=True)
            assert found.ids == expected["input_ids"], parts
            assert [tuple(pair) for pair in expected["offset_mapping"]] == found.offsets, parts
            assert found.type_ids == expected["token_type_ids"], parts


@pytest.mark.parametrize("name", VOCABULARIES)
def test_wordpiece_is_transformers(data: Path, lines: list[str], name: str, tmp_path: Path) -> None:
    import transformers

    shutil.copy(data / "vocab" / f"{name}.vocab.txt", tmp_path / "vocab.txt")
    if name.endswith("-cased"):
        (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    texts = [text for text, _ in golden(data, "bert-bge") if text.strip()]
    theirs = transformers.BertTokenizerFast.from_pretrained(tmp_path)
    compare(TextTokenizer.from_folder(tmp_path), theirs, [*texts, *lines], lines[-1])


@pytest.mark.parametrize("name", VOCABULARIES)
def test_wordpiece_is_googles(data: Path, lines: list[str], name: str, tmp_path: Path) -> None:
    """google-research/bert's own code, which transformers keeps as BertTokenizerLegacy; PaddleNLP's is the same."""
    from transformers.models.bert.tokenization_bert_legacy import BertTokenizerLegacy

    folder = tmp_path / ("cased_L-12_H-768_A-12" if name.endswith("-cased") else "chinese_L-12_H-768_A-12")
    folder.mkdir()
    shutil.copy(data / "vocab" / f"{name}.vocab.txt", folder / "vocab.txt")
    ours = TextTokenizer.from_folder(folder)
    theirs = BertTokenizerLegacy(str(folder / "vocab.txt"), do_lower_case=not name.endswith("-cased"))
    for text in lines:
        assert ours.encode(text).tokens[1:-1] == theirs.tokenize(text), text


def test_byte_level_bpe_is_transformers(data: Path, lines: list[str], byte_level: Path) -> None:
    import transformers

    texts = [text for text, _ in golden(data, "roberta-bpe") if text.strip()]
    theirs = transformers.RobertaTokenizerFast.from_pretrained(byte_level)
    compare(TextTokenizer.from_folder(byte_level), theirs, [*texts, *lines], lines[-1])


def test_wordpiece_golden(data: Path, tmp_path: Path) -> None:
    shutil.copy(data / "vocab" / "bert-base-uncased.vocab.txt", tmp_path / "vocab.txt")
    tokenizer = TextTokenizer.from_folder(tmp_path).tokenizer
    for text, ids in golden(data, "bert-bge"):
        assert tokenizer.encode(text, add_special_tokens=False).ids == ids, text


def test_byte_level_bpe_golden(data: Path, byte_level: Path) -> None:
    tokenizer = TextTokenizer.from_folder(byte_level).tokenizer
    for text, ids in golden(data, "gpt-2"):
        assert tokenizer.encode(text, add_special_tokens=False).ids == ids, text


def test_the_line_separator_in_a_vocabulary_shifts_no_ids(data: Path, tmp_path: Path) -> None:
    """bert-base-chinese has U+2028 as a token, at which str.splitlines breaks a line."""
    shutil.copy(data / "vocab" / "bert-base-chinese.vocab.txt", tmp_path / "vocab.txt")
    tokens = (tmp_path / "vocab.txt").read_bytes().decode("utf-8").split("\n")[:-1]
    assert TextTokenizer.from_folder(tmp_path).tokenizer.token_to_id(tokens[-1]) == len(tokens) - 1 == 21127
