"""The strings of the property runs: drawn from pools, from everywhere in Unicode, and from real words."""

from __future__ import annotations

import random

from conformance import texts

KINDS = (
    *("minilm", "roberta", "xlm-roberta", "bert-cased"),
    *("albert", "deberta-v2", "modernbert", "sentencepiece-bpe", "xlm-roberta-converted", "words-digits"),
)
"""Tokenizers of the set that the property runs are about: WordPiece, BPE of bytes and of pieces, Unigram, words."""


def strings(count: int, seed: int) -> list[str]:
    """So many texts: half of the set's pools, a quarter around single code points, a quarter of words and clusters."""
    rng = random.Random(seed)
    quarter = count // 4
    words = [word for text in texts.handmade() for word in text.split()]
    mixed = [" ".join(rng.choices(words, k=rng.randint(1, 12))) for _ in range(quarter)]
    return [*texts.drawn(count - 2 * quarter, seed), *texts.in_words(quarter, seed), *mixed]
