"""Chooses the tokens that a pruned vocabulary keeps."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache

import numpy as np

from edgelm.compress._tokenizer_files import Vocabulary
from edgelm.errors import UsageError
from edgelm.tokenizer import Text, TextTokenizer
from edgelm.types import Array

_BYTES = {f"<0x{byte:02X}>" for byte in range(256)}
"""The tokens of single bytes where a vocabulary falls back to them."""
_FIRST_LEVEL = {"gb2312": (0xB0, 0xD7), "big5": (0xA4, 0xC6), "euc_jp": (0xB0, 0xCF)}
"""The lead bytes of the common characters in China's, Taiwan's and Japan's standards: 3755, 5401 and 2965."""
_WIDTHS = ("FULLWIDTH ", "HALFWIDTH ")


def parts(text: Text) -> Sequence[str]:
    """The one or two parts of a text."""
    return (text,) if isinstance(text, str) else text


def needs(vocabulary: Vocabulary, counts: Array) -> Counter[int]:
    """How often the corpus needs each token, as itself or on the way to one that is merged from it."""
    found = Counter({i: int(counts[i]) for i in np.flatnonzero(counts).tolist()})
    for i, sources in _sources(vocabulary, list(found)).items():
        found.update(dict.fromkeys(sources, int(counts[i])))
    return found


def _sources(vocabulary: Vocabulary, ids: Iterable[int]) -> dict[int, set[int]]:
    """What each token is merged from; nothing where the vocabulary is no BPE."""
    if vocabulary.kind != "BPE":
        return {}
    places, merges = {token: i for i, token in vocabulary.model.items()}, vocabulary.merges
    own = (i for i in ids if i in vocabulary.model and i not in vocabulary.added)
    derived = {i: merges.derivation(vocabulary.model[i]) for i in own}
    return {i: {places[token] for token in tokens if token in places} for i, tokens in derived.items()}


def always(vocabulary: Vocabulary, tokenizer: TextTokenizer, texts: Iterable[Text], keep: Collection[int]) -> set[int]:
    """The tokens that stay whatever is counted, ``keep`` among them; of the scripts in ``texts``, the characters."""
    kept = {*keep, *vocabulary.added, *tokenizer.special_ids.values()}
    alphabet = _alphabet(vocabulary)
    kept |= {i for i, token in vocabulary.model.items() if token in alphabet or token == vocabulary.unknown}
    if vocabulary.kind == "Unigram":
        # An unknown character costs ten more than the worst piece: without that piece it would cost less than before.
        scores = [score for _, score in vocabulary.state["model"]["vocab"]]
        kept.add(int(np.argmin(scores)))
    if vocabulary.kind != "WordLevel":
        seen = {character for text in texts for part in parts(text) for character in set(part)}
        kept |= _characters(vocabulary, seen, alone=bool(tokenizer.facts.handle_chinese_chars))
    return kept.union(*_sources(vocabulary, kept).values())


def _alphabet(vocabulary: Vocabulary) -> set[str]:
    """The tokens of single bytes, which make any text encodable."""
    from tokenizers.pre_tokenizers import ByteLevel

    own = set(ByteLevel.alphabet()) if "ByteLevel" in vocabulary.steps() else set()
    return own | (_BYTES if vocabulary.state["model"].get("byte_fallback") else set())


def _characters(vocabulary: Vocabulary, seen: Collection[str], *, alone: bool) -> set[int]:
    """The tokens of one character of the scripts that are seen, at a word's start and inside it.

    Of Chinese characters, which some vocabularies hold 20,000 of, the common ones. ``alone``: such a character is
    always a word of its own, so that nothing continues with one.
    """
    if not seen or "ByteLevel" in vocabulary.steps():
        return set()
    prefix, suffix = vocabulary.continuing, vocabulary.ending
    scripts, common = {"", *map(script, seen)}, _common_chinese(seen)
    found = set()
    for i, token in vocabulary.model.items():
        character = (token.removeprefix(prefix) or token).removesuffix(suffix) or token
        if len(character) != 1 or script(character) not in scripts:
            continue
        if script(character) != "CJK" or (common(character) and not (alone and character != token)):
            found.add(i)
    return found


def _common_chinese(seen: Collection[str]) -> Callable[[str], bool]:
    """Whether a Chinese character is of the first level of the standard that fits those seen best."""
    chinese = [character for character in seen if script(character) == "CJK"]
    best = max(_FIRST_LEVEL, key=lambda codec: sum(_is_first_level(character, codec) for character in chinese))
    return lambda character: _is_first_level(character, best)


def _is_first_level(character: str, codec: str) -> bool:
    lead, *rest = character.encode(codec, "replace")
    low, high = _FIRST_LEVEL[codec]
    return bool(rest) and low <= lead <= high


@cache
def script(character: str) -> str:
    """The script of a letter, by the first word of its Unicode name; empty for digits, punctuation and symbols."""
    if unicodedata.category(character)[0] not in "LM":
        return ""
    name = unicodedata.name(character, "")
    for width in _WIDTHS:
        name = name.removeprefix(width)
    return name.split(" ", 1)[0]


def selected(
    vocabulary: Vocabulary, needed: Mapping[int, int], required: Collection[int], min_count: int, size: int | None
) -> set[int]:
    """The required tokens and, by falling need, those there is room for.

    A token is needed no more often than what it is merged from, and has more characters beside the mark of a piece
    inside a word: no token comes before its parts.
    """
    if size is not None and size < len(required):
        raise UsageError(
            f"A vocabulary of {size} has no room for the {len(required)} tokens that are always kept.",
            hint=f"Ask for {len(required)} or more, or switch keep_characters off.",
        )
    tokens, prefix = vocabulary.tokens, vocabulary.continuing
    wanted = [i for i, need in needed.items() if need >= min_count and i not in required]
    wanted.sort(key=lambda i: (-needed[i], len(tokens[i].removeprefix(prefix)), i))
    return {*required, *(wanted if size is None else wanted[: size - len(required)])}


def ordered(vocabulary: Vocabulary, kept: Collection[int], pinned: int | None) -> Array:
    """The kept ids in the order of their new ones: the model's own, ``pinned`` in its old place, then added ones."""
    own = sorted(i for i in kept if i in vocabulary.model)
    if pinned in own and pinned is not None:
        own.remove(pinned)
        own.insert(pinned, pinned)
        if own[pinned : pinned + 1] != [pinned]:
            raise UsageError(f"Token {pinned}, padding, cannot keep its place in a vocabulary of {len(kept)}.")
    return np.asarray([*own, *sorted(i for i in kept if i not in vocabulary.model)], np.int64)
