"""Model outputs to answers, as Hugging Face's pipelines give them; what differs by model stands in the manifest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelm.crf import CRF
from edgelm.types import Array

if TYPE_CHECKING:
    from tokenizers import Encoding

Answer = dict[str, Any]
CRF_TOKENS = ("all", "text", "words")
"""The tokens a conditional random field was trained on: all that are no padding, those without special ones, or the
first of each word."""


def softmax(logits: Array) -> Array:
    """Softmax over the last axis, in float64, as the device kits compute it."""
    logits = np.asarray(logits, np.float64)
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return probabilities


def sigmoid(logits: Array) -> Array:
    """The logistic function in float64, by the hyperbolic tangent because that never overflows."""
    probabilities: Array = 0.5 * (1.0 + np.tanh(0.5 * np.asarray(logits, np.float64)))
    return probabilities


ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "softmax": softmax,
    "sigmoid": sigmoid,
    "none": lambda logits: logits,
}


def classify(logits: Array, labels: Sequence[str], activation: str, top_k: int | None = None) -> list[Answer]:
    """Labels with scores, best first. ``logits`` [labels]."""
    scores = ACTIVATIONS[activation](logits)
    order = np.argsort(-scores, kind="stable")[:top_k]
    return [{"label": labels[i], "score": float(scores[i])} for i in order]


def rank(logits: Array, documents: Sequence[str], activation: str, top_k: int | None = None) -> list[Answer]:
    """Documents with their scores and places, best first. ``logits`` [documents]."""
    scores = ACTIVATIONS[activation](logits)
    order = np.argsort(-scores, kind="stable")[:top_k]
    return [{"index": int(i), "score": float(scores[i]), "text": documents[i]} for i in order]


# -- token classification ----------------------------------------------------------------------------------------------


def entities(
    logits: Array,
    encoding: Encoding,
    text: str,
    labels: Sequence[str],
    aggregation: str,
    *,
    words: str = "pieces",
    unknown: int | None = None,
    tags: str = "BIO",
    crf: Mapping[str, Any] | None = None,
) -> list[Answer]:
    """Entities of one text, without the outside label ``O``. ``logits`` [tokens, labels].

    ``none`` gives tokens; ``simple`` joins neighbours of one tag (B- starts a new one); ``first``, ``average`` and
    ``max`` give every word one label first, as Hugging Face's TokenClassificationPipeline does. ``tags`` of ``BMES``
    (BIOES and BILOU as well) also end an entity, as seqeval reads them; the pipeline knows none. ``words`` says what a
    word is: ``pieces`` of WordPiece, or what stands between ``spaces``, the pipeline's rule for all other tokenizers.
    ``unknown`` is the id of the unknown token, in whose place the text's own words are given. The ``word`` of an
    entity is the text from ``start`` to ``end``; Hugging Face decodes it from the tokens, in lower case and with spaces
    between Chinese characters. ``crf`` are the decode rules of a conditional random field; it gives every token the
    label of the best path, with its probability, and no other label any.
    """
    places = [i for i, special in enumerate(encoding.special_tokens_mask) if not special]
    if crf is None:
        probabilities = softmax(logits)
    else:
        begins = [i for i in places if i == places[0] or not continues_word(i, encoding, text, words, unknown)]
        probabilities = _path_scores(crf, logits, places, begins)
    tokens = [_token(i, encoding, probabilities[i], text, words, unknown) for i in places]
    units = [[token] for token in tokens] if aggregation in ("none", "simple") else _words(tokens)
    found = [_labelled(unit, _CHOICES[aggregation], labels) for unit in units]
    if aggregation == "none":
        return [{key: answer[key] for key in _TOKEN_KEYS} for answer in found if answer["entity"] != "O"]
    grouped = [_entity(group, text) for group in _group(found, tags)]
    return [entity for entity in grouped if entity["entity_group"] != "O"]


def _path_scores(rules: Mapping[str, Any], logits: Array, places: list[int], begins: list[int]) -> Array:
    """[tokens, labels]: what a field gives the tokens it reads; others of a word have what its first token has."""
    read = {"all": list(range(len(logits))), "text": places, "words": begins}[rules["tokens"]]
    scores = np.zeros(logits.shape)
    if read:
        scores[read] = CRF.from_rules(rules).scores(logits[read])
    for place in sorted(set(places).difference(read)):
        scores[place] = scores[place - 1]
    return scores


_TOKEN_KEYS = ("entity", "score", "index", "word", "start", "end")


_CHOICES: Mapping[str, Callable[[Array], Array]] = {
    "none": lambda scores: scores[0],
    "simple": lambda scores: scores[0],
    "first": lambda scores: scores[0],
    "average": lambda scores: scores.mean(axis=0),
    "max": lambda scores: scores[scores.max(axis=1).argmax()],
}
"""The scores [labels] of a word, from its tokens' scores [tokens, labels]."""
AGGREGATIONS = tuple(_CHOICES)
TAGS: Mapping[str, tuple[Collection[str], Collection[str], Collection[str]]] = {
    "BIO": (("B", "I"), ("B",), ()),
    "BMES": (("B", "I", "M", "E", "L", "S", "U"), ("B", "S", "U"), ("E", "L", "S", "U")),
}
"""The prefixes of a way to write tags: all there are, those that begin an entity, and those that end it."""


def tags_of(labels: Sequence[str]) -> str:
    """Which of ``TAGS`` labels are written in; BMES (BIOES, BILOU) only where every label but ``O`` has a prefix."""
    tags = [_tag(label, TAGS["BMES"][0]) for label in labels if label != "O"]
    is_prefixed = all(kind not in labels for _, kind in tags)
    return "BMES" if is_prefixed and any(prefix not in TAGS["BIO"][0] for prefix, _ in tags) else "BIO"


def _token(index: int, encoding: Encoding, scores: Array, text: str, words: str, unknown: int | None) -> Answer:
    start, end = encoding.offsets[index]
    return {
        "index": index,
        "scores": scores,
        "start": start,
        "end": end,
        "word": text[start:end] if encoding.ids[index] == unknown else encoding.tokens[index],
        "continues": continues_word(index, encoding, text, words, unknown),
    }


def continues_word(index: int, encoding: Encoding, text: str, words: str, unknown: int | None) -> bool:
    """Whether a token belongs to the word of the token before it, by the rules that `entities` reads words by."""
    return encoding.ids[index] != unknown and _CONTINUES[words](index, encoding, text)


def _continues_piece(index: int, encoding: Encoding, _: str) -> bool:
    word = encoding.word_ids[index]
    return index > 0 and word is not None and word == encoding.word_ids[index - 1]


def _continues_after_no_space(index: int, encoding: Encoding, text: str) -> bool:
    start = encoding.offsets[index][0]
    return start > 0 and " " not in text[start - 1 : start + 1]


_CONTINUES: Mapping[str, Callable[[int, Encoding, str], bool]] = {
    "pieces": _continues_piece,
    "spaces": _continues_after_no_space,
}
"""Whether a token belongs to the word of the token before it."""


def _words(tokens: Sequence[Answer]) -> list[list[Answer]]:
    """Tokens of one word together."""
    words: list[list[Answer]] = []
    for token in tokens:
        if words and token["continues"]:
            words[-1].append(token)
        else:
            words.append([token])
    return words


def _labelled(tokens: Sequence[Answer], choose: Callable[[Array], Array], labels: Sequence[str]) -> Answer:
    """The tokens of one word, or one token, as one with the label of the best score."""
    scores = choose(np.stack([token["scores"] for token in tokens]))
    best = int(scores.argmax())
    return {**tokens[0], "end": tokens[-1]["end"], "entity": labels[best], "score": float(scores[best])}


def _group(found: Sequence[Answer], tags: str) -> list[list[Answer]]:
    """Neighbours with the same tag; a prefix that begins starts a new group, and so does anything after one that ends.

    A label without prefix continues.
    """
    prefixes, begins, ends = TAGS[tags]
    groups: list[list[Answer]] = []
    last = ("", "")
    for answer in found:
        prefix, kind = _tag(answer["entity"], prefixes)
        if groups and kind == last[1] and prefix not in begins and last[0] not in ends:
            groups[-1].append(answer)
        else:
            groups.append([answer])
        last = prefix, kind
    return groups


def _tag(label: str, prefixes: Collection[str]) -> tuple[str, str]:
    prefix, dash, kind = label.partition("-")
    return (prefix, kind) if dash and prefix in prefixes else ("I", label)


def _entity(group: Sequence[Answer], text: str) -> Answer:
    start, end = group[0]["start"], group[-1]["end"]
    return {
        "entity_group": group[0]["entity"].split("-", 1)[-1],
        "score": float(np.mean([answer["score"] for answer in group])),
        "word": text[start:end],
        "start": start,
        "end": end,
    }


# -- question answering ------------------------------------------------------------------------------------------------


def span_candidates(
    start_logits: Array, end_logits: Array, encoding: Encoding, *, max_answer_length: int, count: int
) -> list[Answer]:
    """The best spans inside the context of one window. Logits [tokens]; spans are of at most that many tokens.

    Scores are products of the start's and the end's probability over the context's tokens and [CLS], as Hugging Face's
    QuestionAnsweringPipeline computed them.
    """
    context = np.asarray([sequence == 1 for sequence in encoding.sequence_ids])
    allowed = context.copy()
    allowed[0] = True
    starts, ends = (softmax(np.where(allowed, logits, -10000.0)) for logits in (start_logits, end_logits))
    products = np.tril(np.triu(np.outer(starts * context, ends * context)), max_answer_length - 1)
    best = np.argsort(-products, axis=None, kind="stable")[:count]
    return [_span(int(flat), products, encoding) for flat in best if products.flat[flat] > 0]


def _span(flat: int, products: Array, encoding: Encoding) -> Answer:
    """One span, widened to whole words where the tokenizer knows them."""
    first, last = np.unravel_index(flat, products.shape)
    begin, end = (_word_chars(int(token), encoding) or encoding.offsets[token] for token in (first, last))
    return {"score": float(products[first, last]), "start": begin[0], "end": end[1]}


def _word_chars(token: int, encoding: Encoding) -> tuple[int, int] | None:
    """Where the word of one of the context's tokens begins and ends; None where the tokenizer knows no words."""
    word = encoding.word_ids[token]
    return None if word is None else encoding.word_to_chars(word, 1)


def best_spans(candidates: Sequence[Answer], context: str, top_k: int) -> list[Answer]:
    """The best answers over all windows, with their text.

    Spans of the same words, from one window or several, are one answer whose score is the sum of theirs, as in the last
    QuestionAnsweringPipeline that transformers had (4.57).
    """
    answers: dict[str, Answer] = {}
    for candidate in candidates:
        words = context[candidate["start"] : candidate["end"]]
        answer = answers.setdefault(words.lower(), {**candidate, "score": 0.0, "answer": words})
        answer["score"] += candidate["score"]
    return sorted(answers.values(), key=lambda answer: -answer["score"])[:top_k]


# -- fill-mask and similarity ------------------------------------------------------------------------------------------


def fill(
    logits: Array, ids: Sequence[int], position: int, decode: Callable[[Sequence[int]], str], top_k: int
) -> list[Answer]:
    """The best tokens for one mask. ``logits`` [tokens, vocabulary]; ``decode(ids)`` gives text."""
    scores = softmax(logits[position])
    answers = []
    for token in np.argsort(-scores, kind="stable")[:top_k]:
        filled = [*ids[:position], int(token), *ids[position + 1 :]]
        words = {"token_str": decode([int(token)]), "sequence": decode(filled)}
        answers.append({"score": float(scores[token]), "token": int(token), **words})
    return answers


def cosine(left: Array, right: Array) -> float:
    """Cosine similarity of two vectors."""
    return float(left @ right / max(float(np.linalg.norm(left) * np.linalg.norm(right)), 1e-12))


def label_list(id2label: Mapping[str, str] | None, count: int) -> list[str]:
    """Labels by id; ``LABEL_i`` where the configuration names none."""
    named = {int(key): str(value) for key, value in (id2label or {}).items()}
    return [named.get(i, f"LABEL_{i}") for i in range(count)]
