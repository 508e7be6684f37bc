"""Tokenizers of the set: WordPiece, and BPE of bytes, of characters and of SentencePiece's pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from conformance import vocabularies
from conformance.piece_kinds import pieces
from conformance.tokenizer_parts import Maker, of_folder, specialised, template, vocabulary_folder
from conformance.vocabularies import ANGLES, BRACKETS
from edgelm.tokenizer import TextTokenizer

GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def bert(folder: Path, **said: Any) -> Tokenizer:
    lower = said.get("do_lower_case", True)
    accents = said.get("strip_accents", lower)
    rules = normalizers.BertNormalizer(lowercase=lower, strip_accents=accents)
    return vocabulary_folder(folder, vocabularies.wordpiece(rules), said)


def _mpnet(folder: Path) -> Tokenizer:
    vocabulary = vocabularies.wordpiece(normalizers.BertNormalizer(), ("<s>", "<pad>", "</s>", "[UNK]", "<mask>"))
    return vocabulary_folder(folder, vocabulary, {"tokenizer_class": "MPNetTokenizer"})


def _sentence_transformer(folder: Path) -> Tokenizer:
    vocabulary_folder(folder, vocabularies.wordpiece(normalizers.BertNormalizer()), {"do_lower_case": False})
    return TextTokenizer.from_folder(folder, lowercase=True).tokenizer


def wordpieces() -> Mapping[str, Maker]:
    return {
        "bert-uncased": bert,
        "bert-cased": partial(bert, do_lower_case=False),
        "bert-keeps-accents": partial(bert, strip_accents=False),
        "bert-cased-no-accents": partial(bert, do_lower_case=False, strip_accents=True),
        "bert-no-cjk-rule": partial(bert, tokenize_chinese_chars=False),
        "mpnet": _mpnet,
        "lower-before-cased": _sentence_transformer,
        "wordpiece-dirty": _dirty_wordpiece,
    }


def _dirty_wordpiece(_: Path) -> Tokenizer:
    """No cleaning, another prefix, short words, BertProcessing, and a decoder that leaves spaces alone."""
    rules = normalizers.BertNormalizer(clean_text=False, lowercase=True)
    vocabulary = vocabularies.wordpiece(rules, prefix="@@")
    model = models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=9, continuing_subword_prefix="@@")
    tokenizer = specialised(Tokenizer(model), BRACKETS)
    tokenizer.normalizer, tokenizer.pre_tokenizer = rules, pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="@@", cleanup=False)
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    return tokenizer


def bare_bpe(folder: Path, special: Sequence[str], **said: Any) -> Tokenizer:
    vocabulary, merges = vocabularies.byte_level(special=special)
    lines = ["#version: 0.2", *(" ".join(merge) for merge in merges), ""]
    return of_folder(folder, {"vocab.json": vocabulary, "merges.txt": "\n".join(lines), "tokenizer_config.json": said})


def _modernbert(_: Path) -> Tokenizer:
    """ModernBERT's form: NFC, runs of spaces as tokens of their own, a sequence of processors."""
    tokenizer = Tokenizer(models.BPE(*vocabularies.byte_level()))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken(text, normalized=True) for text in ("|||IP_ADDRESS|||", "   ", "  ")])
    specialised(tokenizer, BRACKETS, mask_takes_space=True)
    frame = template(tokenizer, "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", ("[CLS]", "[SEP]"))
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), frame])
    return tokenizer


def _split_bytes(_: Path) -> Tokenizer:
    """GPT-2's pattern in a Split, bytes without one, whole words that need no merge; no special tokens."""
    vocabulary, merges = vocabularies.byte_level()
    whole = {f"Ġ{word}": len(vocabulary) + i for i, word in enumerate(("movie", "isn't", "北京", "batteries"))}
    tokenizer = Tokenizer(models.BPE({**vocabulary, **whole}, merges, ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(GPT2_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    return tokenizer


def byte_levels() -> Mapping[str, Maker]:
    return {
        "roberta": partial(bare_bpe, special=ANGLES),
        "roberta-prefix-space": partial(bare_bpe, special=ANGLES, add_prefix_space=True),
        "roberta-whole-offsets": partial(bare_bpe, special=ANGLES, trim_offsets=False),
        "deberta": partial(bare_bpe, special=("[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]")),
        "modernbert": _modernbert,
        "byte-level-split": _split_bytes,
    }


def _suffix_bpe(_: Path) -> Tokenizer:
    """A BPE with marks at the ends of words, as OpenAI's first."""
    split = pre_tokenizers.BertPreTokenizer()
    vocabulary, merges = vocabularies.characters_bpe(split, ("<unk>",), ending="</w>")
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = split
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    return tokenizer


def _prefix_bpe(_: Path) -> Tokenizer:
    """A BPE with marks at the continuations, unknowns one by one."""
    split = pre_tokenizers.Whitespace()
    vocabulary, merges = vocabularies.characters_bpe(split, ("[UNK]",), continuing="##")
    model = models.BPE(vocabulary, merges, unk_token="[UNK]", continuing_subword_prefix="##")
    tokenizer = Tokenizer(model)
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.NFD(), split
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _byte_fallback_bpe(_: Path) -> Tokenizer:
    """The form of SentencePiece's BPE with bytes: Prepend, Replace, unknowns fused, four decoders."""
    split = pre_tokenizers.Metaspace()
    vocabulary, merges = vocabularies.characters_bpe(split, ("<unk>",))
    known = set(vocabulary)
    bytes_ = {f"<0x{byte:02X}>": len(vocabulary) + byte for byte in range(256)}
    assert known.isdisjoint(bytes_)
    tokenizer = Tokenizer(
        models.BPE({**vocabulary, **bytes_}, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(steps)
    specialised(tokenizer, ("<s>", "</s>"))
    tokenizer.post_processor = template(tokenizer, "<s> $A", "<s> $A <s> $B", ("<s>",))
    return tokenizer


def _fused_bpe(_: Path) -> Tokenizer:
    split = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    vocabulary, merges = vocabularies.characters_bpe(split, ("<unk>",))
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True))
    tokenizer.pre_tokenizer, tokenizer.decoder = split, decoders.Metaspace(prepend_scheme="first", split=False)
    return specialised(tokenizer, ("<s>", "</s>", "<mask>"), mask_takes_space=True)


def other_bpes() -> Mapping[str, Maker]:
    return {
        "bpe-suffix": _suffix_bpe,
        "bpe-prefix": _prefix_bpe,
        "bpe-byte-fallback": _byte_fallback_bpe,
        "bpe-fused-unknown": _fused_bpe,
        "sentencepiece-bpe": partial(pieces, "xlm-roberta", model_type="bpe"),
        "sentencepiece-bpe-bytes": partial(pieces, "deberta-v2", model_type="bpe", byte_fallback=True),
    }
