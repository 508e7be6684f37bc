"""Tokenizers of the set: words, added tokens of every kind, and components one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

from conformance import vocabularies
from conformance.piece_kinds import pieces
from conformance.tokenizer_parts import Maker, specialised
from conformance.vocabularies import ANGLES, BRACKETS
from conformance.word_kinds import bare_bpe, bert

_BEHAVIORS = ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous")


def words() -> Mapping[str, Maker]:
    signs = pre_tokenizers.Punctuation(behavior="contiguous")
    digits = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), signs, pre_tokenizers.Digits(individual_digits=True)]
    )
    marks = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()])
    return {
        "words": partial(_word_level, normalizers.Lowercase(), pre_tokenizers.Whitespace()),
        "words-digits": partial(_word_level, marks, digits),
        "words-numbers": partial(
            _word_level,
            normalizers.Sequence([normalizers.NFKD(), normalizers.Strip(left=True, right=False)]),
            pre_tokenizers.Sequence([pre_tokenizers.Digits(), pre_tokenizers.Whitespace()]),
        ),
    }


def _word_level(normalizer: normalizers.Normalizer, split: pre_tokenizers.PreTokenizer, _: Path) -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel(vocabularies.words(normalizer, split), unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, split
    return specialised(tokenizer, BRACKETS)


_FLAGS: Mapping[str, Mapping[str, bool]] = {
    "lefty": {"lstrip": True},
    "righty": {"rstrip": True},
    "whole": {"single_word": True},
    "new-token": {"normalized": True},
    "NEW-TOKEN": {"normalized": False},
    "over": {"normalized": False},
    "overlap": {"normalized": False},
    "overlapping": {"normalized": True},
    "lapping": {"single_word": True, "normalized": False},
    "北京": {"normalized": True},
    "āé": {"normalized": True, "single_word": True},
    "straße": {"normalized": True, "lstrip": True, "rstrip": True},
    "|||IP_ADDRESS|||": {"normalized": False},
    "  ": {"normalized": False},
}


def _with_added(make: Maker, special: Sequence[str], folder: Path) -> Tokenizer:
    """A tokenizer with added tokens of every kind; ``special`` names those that are left out of a decoded text."""
    tokenizer = make(folder)
    for text, flags in _FLAGS.items():
        tokenizer.add_tokens([AddedToken(text, special=text in special, **flags)])
    return tokenizer


def added_tokens() -> Mapping[str, Maker]:
    return {
        "added-wordpiece": partial(_with_added, bert, ("over", "new-token")),
        "added-byte-level": partial(_with_added, partial(bare_bpe, special=ANGLES), ("lefty", "whole")),
        "added-pieces": partial(_with_added, partial(pieces, "xlm-roberta"), ("righty",)),
        "added-metaspace": partial(_with_added, partial(pieces, "camembert", split_by_whitespace=False), ()),
    }


def components() -> Mapping[str, Maker]:
    splits: dict[str, Maker] = {}
    for behavior in _BEHAVIORS:
        splits[f"split-{behavior}"] = partial(_split, pre_tokenizers.Split("o", behavior=behavior))
        splits[f"split-blank-{behavior}"] = partial(_split, pre_tokenizers.Split(Regex(r"\s+"), behavior=behavior))
        splits[f"punctuation-{behavior}"] = partial(_split, pre_tokenizers.Punctuation(behavior=behavior))
    spaces: dict[str, Maker] = {}
    for scheme in ("always", "first", "never"):
        for split in (True, False):
            marked = pre_tokenizers.Metaspace("_", prepend_scheme=scheme, split=split)
            spaces[f"metaspace-{scheme}-{'split' if split else 'whole'}"] = partial(_split, marked)
    inverted = pre_tokenizers.Split(Regex(r"\s+"), behavior="removed", invert=True)
    return {
        **splits,
        **spaces,
        "split-inverted": partial(_split, inverted),
        "normalizers-nfc": partial(_normalized, [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " ")]),
        "normalizers-nfkc": partial(_normalized, [normalizers.NFKC(), normalizers.Lowercase()]),
        "normalizers-nfd": partial(_normalized, [normalizers.NFD(), normalizers.Strip()]),
        "normalizers-nfkd": partial(_normalized, [normalizers.NFKD(), normalizers.Prepend("→")]),
        "normalizers-replace": partial(
            _normalized,
            [normalizers.Replace(Regex(r"[\r\n]"), ""), normalizers.Replace(Regex(r" +"), ""), _replaced("aa", "a")],
        ),
        "normalizers-nmt": partial(_normalized, [normalizers.Nmt(), _replaced("e", "ee")]),
    }


def _replaced(text: str, by: str) -> normalizers.Normalizer:
    return normalizers.Replace(text, by)


def _split(split: pre_tokenizers.PreTokenizer, folder: Path) -> Tokenizer:
    """A pre-tokenizer over a model of characters, which shows every boundary it sets."""
    tokenizer = _normalized([], folder)
    tokenizer.pre_tokenizer = split
    tokenizer.add_tokens([AddedToken("[MASK]", lstrip=True)])
    return tokenizer


def _normalized(steps: Sequence[normalizers.Normalizer], _: Path) -> Tokenizer:
    """Normalizers over a Unigram whose pieces are the characters: each token shows one of them and whence it comes."""
    final = normalizers.Sequence(list(steps))
    seen = sorted({character for text in vocabularies.corpus() for character in final.normalize_str(text)})
    tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0), *((c, -5.0) for c in seen if c != "o"), ("_", -5.0)], 0))
    if steps:
        tokenizer.normalizer = final
    return tokenizer
