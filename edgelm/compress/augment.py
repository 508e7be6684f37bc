"""Makes more training texts of few: TinyBERT's data augmentation (Jiao et al. 2020, Algorithm 1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgelm.compress._token_choice import parts, script
from edgelm.compress._tokenizer_files import Vocabulary
from edgelm.errors import UsageError
from edgelm.tokenizer import Text, TextTokenizer, cut
from edgelm.types import Array

Fill = Callable[[Sequence[tuple[str, str]]], list[tuple[str, ...]]]
"""For each (text with one mask token, the text as it was): words for the mask, the likeliest first; none: no idea."""

_CHINESE = "㐀-䶿一-鿿豈-﫿"
_LETTER = rf"[^\W\d_{_CHINESE}]"
_WORD = re.compile(rf"[{_CHINESE}]|{_LETTER}+(?:['’]{_LETTER}+)+|{_LETTER}{{2,}}")
"""A Chinese character, or two letters and more, apostrophes inside them; never digits."""
_FUNCTION_WORDS = """
about above after again against all am an and any are as at be because been before being below between both but by
can did do does doing don't down during each few for from further had has have having he her here hers herself him
himself his how if in into is it it's its itself just me more most my myself n't no nor not now of off on once only
or other our ours ourselves out over own same she should so some such than that the their theirs them themselves
then there these they this those through to too under until up very was we were what when where which while who whom
why will with you your yours yourself yourselves
"""
_STAY = frozenset(_FUNCTION_WORDS.split())
"""Words that hold a sentence together: others in their place break it, so TinyBERT's own code lets them be too."""
_BLOCK = 256
"""Words compared with the whole vocabulary at a time."""
_NEAR = 0.4
"""Least cosine of a neighbour of a word of several pieces: below it BERT's vocabulary offers other syllables."""
_ROWS = 2048
"""Texts whose masks are filled in one call."""


def augment(
    texts: Sequence[Text],
    *,
    copies: int,
    tokenizer: TextTokenizer,
    embeddings: Array,
    fill: Fill | None = None,
    probability: float = 0.4,
    candidates: int = 15,
    seed: int = 0,
) -> list[Text]:
    """New texts and pairs: up to ``copies`` of each, in order, with words replaced; none of the given, none twice.

    Each word but English function words changes with ``probability``, to one of ``candidates``: what ``fill`` puts
    in its place where the word is one piece, else its nearest neighbours in ``embeddings`` [vocab, size], the teacher's
    own. Between the words nothing changes. A copy depends on ``seed``, its row and its number alone.
    """
    if copies < 0 or candidates < 1 or not 0 <= probability <= 1:
        raise UsageError(
            f"Augmentation with {copies} copies, {candidates} candidates and a probability of {probability} cannot be.",
            hint="Copies are 0 or more, candidates 1 or more, and the probability is between 0 and 1.",
        )
    if not copies:
        return []
    words = dict.fromkeys(word for text in texts for part in parts(text) for word in _WORD.findall(part))
    near = neighbours(embeddings, tokenizer, list(words), candidates)
    vocabulary = _WholeWords(tokenizer)
    found: dict[Text, None] = {}
    for start in range(0, len(texts), _ROWS):
        rows = range(start, min(start + _ROWS, len(texts)))
        plans = [_plan(texts[row], probability, seed, row, copy) for row in rows for copy in range(copies)]
        filled = _filled(plans, vocabulary, fill, candidates) if fill else {}
        found.update((_altered(plan, near, filled), None) for plan in plans)
    originals = set(texts)
    return [text for text in found if text not in originals]


def neighbours(embeddings: Array, tokenizer: TextTokenizer, words: Sequence[str], k: int) -> dict[str, tuple[str, ...]]:
    """The ``k`` whole words of the vocabulary nearest to each word by cosine, the nearest first, the word left out.

    A word of several pieces stands where the mean of their embeddings does, and has neighbours only where they are
    near: its syllables mean little by themselves. Neighbours have the word's casing and script, and are no special
    tokens. Words without any are left out.
    """
    tokenizer.check_vocabulary(len(embeddings))
    vocabulary, units = _WholeWords(tokenizer), _unit(embeddings)
    found: dict[str, tuple[str, ...]] = {}
    for kind, members in _grouped(words, lambda word: _kind(vocabulary.plain(word))).items():
        ids = np.asarray(vocabulary.by_kind.get(kind, ()), np.int64)
        for start in range(0, len(members) if len(ids) else 0, _BLOCK):
            block = [(word, vocabulary.pieces(word)) for word in members[start : start + _BLOCK]]
            similar = _unit(np.stack([units[pieces].sum(axis=0) for _, pieces in block])) @ units[ids].T
            for (word, pieces), row in zip(block, similar, strict=True):
                least = _NEAR if len(pieces) > 1 else 0.0
                best = (i for i in _largest(row, k + 1 + len(pieces)).tolist() if row[i] > least)
                near = (vocabulary.words[i] for i in ids[list(best)].tolist() if i not in pieces)
                found[word] = _options(word, near, k)
    return {word: near for word, near in found.items() if near}


def mask_filler(
    model: Any, tokenizer: TextTokenizer, *, candidates: int = 15, max_length: int = 128, batch_size: int = 16
) -> Fill:
    """Words for masks from a masked language model (a torch module, with ``.logits``) and its tokenizer.

    The model reads the masked text and, as its pair, the text as it was, which keeps the meaning (Jiao et al. 2020);
    only whole words are proposed. A text so long that its mask is cut off gets none. UsageError without a mask token.
    """
    import torch

    if "mask" not in tokenizer.special_ids:
        raise UsageError("The tokenizer has no mask token, so that its model cannot fill masks.")
    vocabulary = _WholeWords(tokenizer)
    ids = torch.tensor(sorted(vocabulary.words))
    device = next(model.eval().parameters()).device
    longest = min(max_length, model.config.max_position_embeddings - 2)  # RoBERTa's table has rows for padding
    mask = tokenizer.special_ids["mask"]
    types = ["token_type_ids"] if getattr(model.config, "type_vocab_size", 0) > 1 else []
    names = ["input_ids", "attention_mask", *types]

    def fill(texts: Sequence[tuple[str, str]]) -> list[tuple[str, ...]]:
        answers: list[tuple[str, ...]] = [()] * len(texts)
        encoded = [cut(tokenizer, text, longest) for text in texts]
        places = [encoding.ids.index(mask) if mask in encoding.ids else None for encoding in encoded]
        order = sorted((i for i, place in enumerate(places) if place is not None), key=lambda i: len(encoded[i].ids))
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            arrays = tokenizer.arrays([encoded[i] for i in rows], names)
            with torch.no_grad():
                inputs = {name: torch.from_numpy(array).long().to(device) for name, array in arrays.items()}
                logits = model(**inputs).logits
            at = torch.tensor([places[i] for i in rows], device=logits.device)
            best = logits[torch.arange(len(rows), device=logits.device), at][:, ids.to(logits.device)]
            chosen = ids[best.topk(min(candidates, len(ids))).indices.cpu()].tolist()
            for row, own in zip(rows, chosen, strict=True):
                answers[row] = tuple(vocabulary.words[i] for i in own)
        return answers

    return fill


class _WholeWords:
    """The tokens of a vocabulary that are words, as they stand in a text."""

    def __init__(self, tokenizer: TextTokenizer) -> None:
        self.tokenizer = tokenizer
        vocabulary = Vocabulary.read(tokenizer)
        surface = _surface(vocabulary)
        found = ((i, surface(token)) for i, token in vocabulary.model.items() if i not in vocabulary.added)
        self.words = {i: word for i, word in found if _WORD.fullmatch(word)}
        self.ids = {word: i for i, word in self.words.items()}
        self.by_kind = _grouped(self.words, lambda i: _kind(self.words[i]))
        unknown = vocabulary.unknown
        self._unknown = {i for i, token in vocabulary.model.items() if token == unknown}

    def plain(self, word: str) -> str:
        """The form of a word that the vocabulary holds, lower-cased where it has no other."""
        return word if word in self.ids else word.lower()

    def pieces(self, word: str) -> list[int]:
        """The ids of a word inside a text, without the unknown token."""
        plain = self.plain(word)
        if plain in self.ids:
            return [self.ids[plain]]
        ids = self.tokenizer.tokenizer.encode(f" {word}", add_special_tokens=False).ids
        return [i for i in ids if i not in self._unknown]


def _surface(vocabulary: Vocabulary) -> Callable[[str], str]:
    """From a token to the word it is, empty for a piece inside a word."""
    from tokenizers import decoders

    if "ByteLevel" in vocabulary.steps():
        decode = decoders.ByteLevel().decode
        return lambda token: decode([token[1:]]) if token.startswith("Ġ") else ""
    if "Metaspace" in vocabulary.steps():
        return lambda token: token[1:] if token.startswith("▁") else token if _is_chinese(token) else ""
    prefix, suffix = vocabulary.continuing, vocabulary.ending
    return lambda token: "" if prefix and token.startswith(prefix) else token.removesuffix(suffix)


def _is_chinese(token: str) -> bool:
    return re.fullmatch(f"[{_CHINESE}]", token) is not None


def _kind(word: str) -> tuple[str, str]:
    """The casing and the script of a word."""
    casing = next((name for name in ("islower", "isupper", "istitle") if getattr(word, name)()), "")
    return casing, script(word[0])


def _grouped(items: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def _unit(rows: Array) -> Array:
    """Rows of length 1, float32; rows of zeros stay."""
    values = np.asarray(rows, np.float32)
    unit: Array = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return unit


def _largest(values: Array, count: int) -> Array:
    """The places of the largest values, the largest first, equals in their order."""
    places = np.argpartition(-values, count - 1)[:count] if count < len(values) else np.arange(len(values))
    return places[np.lexsort((places, -values[places]))]


def _options(word: str, others: Iterable[str], count: int) -> tuple[str, ...]:
    """Words to put in a word's place, cased as it is, itself left out."""
    cased = (_cased(word, other) for other in others)
    return tuple(dict.fromkeys(other for other in cased if other.casefold() != word.casefold()))[:count]


def _cased(like: str, word: str) -> str:
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


# -- one copy ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Change:
    """A word to be replaced: where it stands, and which of its options to take, from 0 up to 1."""

    part: int
    start: int
    end: int
    choice: float


@dataclass(frozen=True)
class _Plan:
    """A copy of a text: what changes in it."""

    text: Text
    changes: tuple[_Change, ...]

    def word(self, change: _Change) -> str:
        return parts(self.text)[change.part][change.start : change.end]

    def place(self, change: _Change) -> tuple[str, int]:
        return parts(self.text)[change.part], change.start


def _plan(text: Text, probability: float, seed: int, row: int, copy: int) -> _Plan:
    found = [(i, match) for i, part in enumerate(parts(text)) for match in _WORD.finditer(part)]
    found = [(i, match) for i, match in found if match[0].lower() not in _STAY]
    draws = np.random.default_rng((seed, row, copy)).random((len(found), 2)).tolist()
    changes = (
        _Change(part, *match.span(), choice)
        for (part, match), (draw, choice) in zip(found, draws, strict=True)
        if draw < probability
    )
    return _Plan(text, tuple(changes))


def _filled(
    plans: Iterable[_Plan], vocabulary: _WholeWords, fill: Fill, candidates: int
) -> dict[tuple[str, int], tuple[str, ...]]:
    """What a masked language model puts at each place that changes and holds a word of one piece."""
    places: dict[tuple[str, int], str] = {}
    for plan in plans:
        places.update((plan.place(change), plan.word(change)) for change in plan.changes)
    places = {place: word for place, word in places.items() if len(vocabulary.pieces(word)) == 1}
    mask = vocabulary.tokenizer.special_tokens["mask"]
    masked = [(f"{part[:start]}{mask}{part[start + len(word) :]}", part) for (part, start), word in places.items()]
    answers = fill(masked) if masked else []
    named = zip(places.items(), answers, strict=True)
    return {place: _options(word, found, candidates) for (place, word), found in named}


def _altered(
    plan: _Plan, near: Mapping[str, tuple[str, ...]], filled: Mapping[tuple[str, int], tuple[str, ...]]
) -> Text:
    """The text with its words replaced; a word that nothing is known of stays."""
    texts = list(parts(plan.text))
    for change in reversed(plan.changes):
        options = filled.get(plan.place(change)) or near.get(plan.word(change), ())
        if options:
            part = texts[change.part]
            texts[change.part] = part[: change.start] + options[int(change.choice * len(options))] + part[change.end :]
    return texts[0] if isinstance(plan.text, str) else (texts[0], texts[1])
