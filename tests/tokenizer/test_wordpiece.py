"""A bare vocab.txt is read by the rules of its family, cased or not as its folder says or implies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgelm.errors import UnsupportedError, UsageError
from edgelm.tokenizer import TextTokenizer, assumed_casing
from edgelm.tokenizer.classes import WORDPIECE

SPECIAL = ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]")
"""In ERNIE's order; only the names count."""
TOKENS = (*SPECIAL, "hello", "cafe", "café", "Hello", "Café", *"你好北京,.")
TEXT = "Hello Café, 北京."


def write(folder: Path, tokens: tuple[str, ...] = TOKENS, **files: Any) -> Path:
    """A folder with vocab.txt and other files, each ``name=content`` for name.json."""
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens), "utf-8")
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content), "utf-8")
    return folder


def tokens_of(folder: Path, text: str = TEXT) -> list[str]:
    return TextTokenizer.from_folder(folder).encode(text).tokens[1:-1]


LOWER = ["hello", "cafe", ",", "北", "京", "."]
CASED = ["Hello", "Café", ",", "北", "京", "."]


@pytest.mark.parametrize("name", WORDPIECE)
def test_each_family_lower_cases_by_default(tmp_path: Path, name: str) -> None:
    """The default of google's, Hugging Face's and PaddleNLP's classes alike; ``do_lower_case`` goes before it."""
    assert tokens_of(write(tmp_path / "a", tokenizer_config={"tokenizer_class": name})) == LOWER
    said = {"tokenizer_class": f"{name}Fast", "do_lower_case": False}
    assert tokens_of(write(tmp_path / "b", tokenizer_config=said)) == CASED


def test_a_folder_of_paddlenlps(tmp_path: Path) -> None:
    """What its ``save_pretrained`` writes: keys of its own beside Hugging Face's, and [UNK] behind all."""
    said = {
        "do_lower_case": True,
        **{"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]"},
        **{"mask_token": "[MASK]", "vocab_file": "/root/.paddlenlp/vocab.txt", "model_max_length": 2048},
        "tokenizer_class": "ErnieTokenizer",
    }
    folder = write(tmp_path, tokenizer_config=said, special_tokens_map={"mask_token": "[MASK]"})
    tokenizer = TextTokenizer.from_folder(folder)
    assert tokens_of(folder) == LOWER
    assert tokenizer.special_ids == {"pad": 0, "cls": 1, "sep": 2, "mask": 3, "unk": 4}
    assert assumed_casing(folder) == ""


def test_ids_behind_a_tab_are_the_tokens_ids(tmp_path: Path) -> None:
    """Baidu's own ERNIE 1.0 and 2.0 write them so."""
    folder = write(tmp_path / "a", tuple(f"{token}\t{i}" for i, token in reversed([*enumerate(TOKENS)])))
    assert TextTokenizer.from_folder(folder).tokenizer.get_vocab() == {token: i for i, token in enumerate(TOKENS)}
    mixed = write(tmp_path / "b", (*TOKENS, "a\t1"))
    assert TextTokenizer.from_folder(mixed).tokenizer.token_to_id("a\t1") == len(TOKENS)


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("cased_L-12_H-768_A-12", CASED),
        ("multi_cased_L-12_H-768_A-12", CASED),
        ("wwm_cased_L-24_H-1024_A-16", CASED),
        ("uncased_L-12_H-768_A-12", LOWER),
        ("chinese_L-12_H-768_A-12", LOWER),
        ("my-cased-model", LOWER),
    ],
)
def test_googles_folders_are_cased_by_their_names(tmp_path: Path, name: str, tokens: list[str]) -> None:
    """As ``validate_case_matches_checkpoint`` of google-research/bert has it."""
    folder = write(tmp_path / name)
    assert tokens_of(folder) == tokens
    assert ("the name google gave" in assumed_casing(folder)) is (tokens == CASED)
    assert tokens_of(write(tmp_path / name, tokenizer_config={"do_lower_case": True})) == LOWER


def test_what_is_assumed_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path)
    assert assumed_casing(folder) == (
        "by default, though 2 of its tokens have capitals: no tokenizer_config.json states do_lower_case"
    )
    write(tmp_path, tuple(token for token in TOKENS if token not in ("Hello", "Café")))
    assert assumed_casing(folder) == "by default: no tokenizer_config.json states do_lower_case"
    TextTokenizer.from_folder(folder).save(folder)
    assert assumed_casing(folder) == "", "tokenizer.json says it"


def test_inspect_tells_what_is_assumed(make_checkpoint: Any, tmp_path: Path) -> None:
    import shutil

    from edgelm.inspection import describe

    folder = Path(shutil.copytree(make_checkpoint("bert"), tmp_path / "bert"))
    (folder / "tokenizer.json").unlink()
    assert describe(str(folder))["tokenizer"].startswith("WordPiece, lower-casing; ")
    (folder / "tokenizer_config.json").unlink()
    assert "lower-casing (by default: no tokenizer_config.json" in describe(str(folder))["tokenizer"]


@pytest.mark.parametrize("name", ["ErnieTinyTokenizer", "BertweetTokenizer", "FunnelTokenizer", "OwnTokenizer"])
def test_a_class_with_rules_of_its_own_is_not_taken_for_berts(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path, tokenizer_config={"tokenizer_class": name})
    with pytest.raises(
        UnsupportedError, match=f"the vocab.txt of {name}, whose rules edgelm does not know; it knows Bert"
    ):
        TextTokenizer.from_folder(folder)


# -- tokenizers that no file holds -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "files",
    [
        {"tokenizer_config": {"tokenizer_class": "RoFormerTokenizerFast"}},
        {"config": {"tokenizer_class": "RoFormerTokenizer"}},
        {"config": {"model_type": "roformer"}},
        {"tokenizer_config": {"tokenizer_class": "BertJapaneseTokenizer"}},
    ],
)
@pytest.mark.parametrize("serialized", [True, False])
def test_a_tokenizer_that_cuts_words_by_a_dictionary_is_refused(
    tmp_path: Path, files: dict[str, Any], serialized: bool
) -> None:
    """RoFormer's tokenizer.json, as transformers saves it, says BERT's rules, and would give other ids."""
    write(tmp_path)
    if serialized:
        TextTokenizer.from_folder(tmp_path).save(tmp_path)
    write(tmp_path, **files)
    with pytest.raises(
        UnsupportedError, match=r"cannot be shipped: it cuts a text into words.*nearest is Bert"
    ) as raised:
        TextTokenizer.from_folder(tmp_path)
    assert '"tokenizer_class": "BertTokenizer"' in raised.value.hint


def test_a_roformer_of_characters_is_read_where_its_folder_says_so(tmp_path: Path) -> None:
    """As its authors say of their char models."""
    import transformers

    said = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
    folder = write(tmp_path, config={"model_type": "roformer"}, tokenizer_config=said)
    assert tokens_of(folder) == LOWER
    assert (
        TextTokenizer.from_folder(folder).encode(TEXT).ids
        == transformers.BertTokenizer.from_pretrained(folder)(TEXT)["input_ids"]
    )


def test_an_unknown_token_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"vocab.txt lacks the special token <unk>"):
        TextTokenizer.from_folder(write(tmp_path, ("a", "[UNK]"), special_tokens_map={"unk_token": "<unk>"}))
