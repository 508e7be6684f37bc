"""Small vocabularies of every kind, trained on the set's own texts: the same each time."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import sentencepiece
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from conformance import texts

BRACKETS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ANGLES = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_SEED = 11
_WORDS, _MERGES = 500, 250
"""Of a BPE that is trained here: its words and its merges."""


@cache
def corpus() -> tuple[str, ...]:
    """What the vocabularies are trained on: a few thousand lines, English and Chinese the most."""
    often = [*texts.ENGLISH, *texts.CHINESE] * 6
    return (*often, *texts.handmade(), *texts.drawn(800, _SEED))


def wordpiece(
    normalizer: normalizers.Normalizer, special: Sequence[str] = BRACKETS, prefix: str = "##"
) -> dict[str, int]:
    """A WordPiece vocabulary: characters, frequent words and the ends of words; every ninth character is unknown."""
    split = pre_tokenizers.BertPreTokenizer()
    words: Counter[str] = Counter()
    for text in corpus():
        words.update(word for word, _ in split.pre_tokenize_str(normalizer.normalize_str(text)))
    characters = sorted({character for word in words for character in word})
    known = [character for place, character in enumerate(characters) if place % 9 or character.isascii()]
    ends: Counter[str] = Counter()
    for word, count in words.items():
        for length in range(1, min(5, len(word))):
            ends[word[-length:]] += count
    pieces = (*_most(words, 900), *known, *(prefix + character for character in known))
    return _numbered((*special, *pieces, *(prefix + end for end in _most(ends, 600))))


def byte_level(merges: int = 700, special: Sequence[str] = ()) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """A byte-level BPE: its vocabulary, special tokens first, and its merges."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=len(alphabet) + merges, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    learned = [(left, right) for left, right in json.loads(tokenizer.to_str())["model"]["merges"]]
    return _numbered((*special, *alphabet, *(left + right for left, right in learned))), learned


def characters_bpe(
    split: pre_tokenizers.PreTokenizer, special: Sequence[str], *, continuing: str = "", ending: str = ""
) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """A BPE over characters, those behind a word's first marked by ``continuing``, its last one by ``ending``.

    Trained here: the library's trainer breaks ties between such symbols as its hash tables happen to lie.
    """
    counts: Counter[str] = Counter()
    for text in corpus():
        counts.update(word for word, _ in split.pre_tokenize_str(text))
    symbols = {word: _symbols(word, continuing, ending) for word in _most(counts, _WORDS)}
    alphabet = sorted({symbol for word in symbols.values() for symbol in word})
    known = [symbol for place, symbol in enumerate(alphabet) if place % 9]
    merges = _merged(symbols, counts, continuing, set(known))
    return _numbered((*special, *known, *(left + right.removeprefix(continuing) for left, right in merges))), merges


def _symbols(word: str, continuing: str, ending: str) -> list[str]:
    marked = [character if place == 0 else continuing + character for place, character in enumerate(word)]
    return [*marked[:-1], marked[-1] + ending]


def _merged(
    symbols: Mapping[str, list[str]], counts: Mapping[str, int], continuing: str, known: set[str]
) -> list[tuple[str, str]]:
    """The most frequent pairs of known symbols, one after the other (Sennrich et al. 2016); of equal ones the first."""
    merges: list[tuple[str, str]] = []
    while len(merges) < _MERGES:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, parts in symbols.items():
            for pair in pairwise(parts):
                if known.issuperset(pair):
                    pairs[pair] += counts[word]
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        whole = best[0] + best[1].removeprefix(continuing)
        known.add(whole)
        for parts in symbols.values():
            _join(parts, best, whole)
    return merges


def _join(parts: list[str], pair: tuple[str, str], whole: str) -> None:
    """Put ``whole`` where the pair stands, in place."""
    place = 0
    while place < len(parts) - 1:
        if (parts[place], parts[place + 1]) == pair:
            parts[place : place + 2] = [whole]
        place += 1


def words(normalizer: normalizers.Normalizer, split: pre_tokenizers.PreTokenizer) -> dict[str, int]:
    """The thousand most frequent words, after ``[UNK]``."""
    found: Counter[str] = Counter()
    for text in corpus():
        found.update(word for word, _ in split.pre_tokenize_str(normalizer.normalize_str(text)))
    return _numbered((*BRACKETS, *_most(found, 1000)))


@cache
def _piece_model(lines: Sequence[str], options: tuple[tuple[str, Any], ...]) -> bytes:
    model = io.BytesIO()
    settings = {"vocab_size": 1400, "hard_vocab_limit": False, "character_coverage": 0.995, "num_threads": 1}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, minloglevel=2, **{**settings, **dict(options)}
    )
    return model.getvalue()


def write_pieces(path: Path, **options: Any) -> Path:
    """A SentencePiece model of the library's own trainer, with its ``options``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = tuple(text for text in corpus() if text.strip() and "\x00" not in text)
    path.write_bytes(_piece_model(lines, tuple(sorted(options.items()))))
    return path


def charsmap(rules: Path) -> bytes:
    """A precompiled normalization of one's own, of a file of SentencePiece's rules (code points, tab, code points)."""
    from sentencepiece import sentencepiece_model_pb2

    lines = tuple(f"{word} {word}" for word in ("plain", "words", "for", "a", "model"))
    options = (("normalization_rule_tsv", str(rules)), ("vocab_size", 40))
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(_piece_model(lines, options))
    return bytes(model.normalizer_spec.precompiled_charsmap)


def _most(counts: Mapping[str, int], number: int) -> Iterator[str]:
    yield from sorted(counts, key=lambda text: (-counts[text], text))[:number]


def _numbered(tokens: Iterable[str]) -> dict[str, int]:
    return {token: i for i, token in enumerate(dict.fromkeys(tokens))}
