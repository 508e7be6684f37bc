"""Byte-level BPE in other frames than RoBERTa's: DeBERTa's bare files, and a tokenizer.json of ModernBERT's form."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from edgelm.errors import UnsupportedError
from edgelm.tokenizer import Text, TextTokenizer

MERGES = ["h e", "l l", "he ll", "hell o", "Ġ t", "Ġt h", "Ġth e", "Ġ w", "o r", "Ġw or", "Ġ hello"]
BRACKETS = ("[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]")
TEXTS: tuple[Text, ...] = (
    "hello the world",
    "  hello\n the café 北京 🦙",
    "hello [MASK] the",
    ("hello", " the world"),
)


def vocabulary(special: tuple[str, ...] = BRACKETS) -> dict[str, int]:
    """Special tokens, all bytes, and a few merges."""
    symbols = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *("".join(merge.split()) for merge in MERGES)]
    return {token: i for i, token in enumerate([*special, *symbols])}


def write_bare(folder: Path, **said: Any) -> Path:
    (folder / "vocab.json").write_text(json.dumps(vocabulary()), "utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *MERGES, ""]), "utf-8")
    if said:
        (folder / "tokenizer_config.json").write_text(json.dumps(said), "utf-8")
    return folder


@pytest.mark.parametrize("said", [{}, {"add_prefix_space": True}, {"tokenizer_class": "DebertaTokenizer"}])
def test_deberta_is_hugging_faces_converted_tokenizer(tmp_path: Path, said: dict[str, Any]) -> None:
    """``[CLS] A [SEP] B [SEP]`` with token types, as its authors frame a pair; transformers 5 doubles the separator."""
    ours = TextTokenizer.from_folder(write_bare(tmp_path, **said))
    original = SimpleNamespace(
        encoder=vocabulary(),
        bpe_ranks={tuple(merge.split()): rank for rank, merge in enumerate(MERGES)},
        add_prefix_space=said.get("add_prefix_space", False),
        convert_tokens_to_ids=vocabulary().get,
    )
    theirs = import_module("transformers.convert_slow_tokenizer").DebertaConverter(original).converted()
    theirs.add_special_tokens([AddedToken(token, lstrip=token == "[MASK]", special=True) for token in BRACKETS])
    for text in TEXTS:
        wanted = theirs.encode(*((text,) if isinstance(text, str) else text))
        found = ours.encode(text)
        assert (found.ids, found.type_ids, found.offsets) == (wanted.ids, wanted.type_ids, wanted.offsets), text
    assert ours.special_ids == {"cls": 0, "pad": 1, "sep": 2, "unk": 3, "mask": 4}
    assert ours.facts.kind == "BPE"


def write_modernbert(folder: Path) -> Path:
    """A tokenizer.json as ModernBERT's: NFC, no space in front, BERT's special tokens behind the others."""
    tokenizer = Tokenizer(models.BPE(vocabulary(()), [tuple(merge.split()) for merge in MERGES]))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken("|||IP_ADDRESS|||", normalized=True), AddedToken("  ", normalized=True)])
    order = ("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]")
    tokenizer.add_special_tokens([AddedToken(token, lstrip=token == "[MASK]", special=True) for token in order])
    special = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=special
            ),
        ]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    said = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_input_names": ["input_ids", "attention_mask"],
        **{f"{role}_token": f"[{role.upper()}]" for role in ("cls", "mask", "pad", "sep", "unk")},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    return folder


def test_modernberts_tokenizer_json(tmp_path: Path) -> None:
    import transformers

    ours = TextTokenizer.from_folder(write_modernbert(tmp_path))
    theirs = transformers.PreTrainedTokenizerFast.from_pretrained(tmp_path)
    for text in (*TEXTS, "cafe\u0301   |||IP_ADDRESS||| x"):
        wanted = theirs(*((text,) if isinstance(text, str) else text), return_offsets_mapping=True)
        found = ours.encode(text)
        assert found.ids == wanted["input_ids"], text
        assert found.offsets == [tuple(pair) for pair in wanted["offset_mapping"]], text
    first = len(vocabulary(())) + 2
    assert ours.special_ids == {role: first + i for i, role in enumerate(("unk", "cls", "sep", "pad", "mask"))}


def test_a_pair_has_one_token_type_where_the_model_has_none(tmp_path: Path) -> None:
    """Also where the template stands in a sequence of processors."""
    ours = TextTokenizer.from_folder(write_modernbert(tmp_path))
    assert set(ours.encode(("hello", "the world")).type_ids) == {0}
    (tmp_path / "tokenizer_config.json").unlink()
    assert set(TextTokenizer.from_folder(tmp_path).encode(("hello", "the world")).type_ids) == {0, 1}


def test_another_bpe_is_not_taken_for_one_of_bytes(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"the vocab.json of CLIPTokenizer, whose rules edgelm does not know"):
        TextTokenizer.from_folder(write_bare(tmp_path, tokenizer_class="CLIPTokenizer"))
