"""What is right of each encoded row: classes, numbers, spans and the labels of tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from edgelm.datasets import Example
from edgelm.decode import continues_word
from edgelm.errors import UsageError
from edgelm.source import decode_rules
from edgelm.tokenizer import TextTokenizer
from edgelm.types import Array

if TYPE_CHECKING:
    from tokenizers import Encoding

IGNORED = -100
"""The target of a token that has none; torch's cross entropy leaves it out."""
_SCALES = (1.0, 5.0, 10.0, 100.0)
"""The tops of the scales that similarity is judged on."""


@dataclass(frozen=True)
class EncodingSettings:
    """How examples are encoded: by what, for which task and labels, and to how many tokens at most."""

    tokenizer: TextTokenizer
    task: str
    labels: tuple[str, ...]
    max_length: int
    problem_type: str | None


@dataclass(frozen=True)
class EncodedRow:
    """One row: its example and its texts' encodings."""

    example: int
    encodings: tuple[Encoding, ...]


def _class_targets(
    _: Sequence[EncodedRow], examples: Sequence[Example], settings: EncodingSettings
) -> dict[str, Array]:
    if len(settings.labels) == 1:
        return {"labels": np.asarray([example.score for example in examples], np.float32)}
    if settings.problem_type == "multi_label_classification":
        labels = np.zeros((len(examples), len(settings.labels)), np.float32)
        for row, example in enumerate(examples):
            labels[row, list(example.labels)] = 1.0
        return {"labels": labels}
    several = next((i for i, example in enumerate(examples, 1) if len(example.labels) != 1), None)
    if several is not None:
        raise UsageError(
            f"Example {several} has {len(examples[several - 1].labels)} labels; this model gives each exactly one.",
            hint="A model of several labels has problem_type multi_label_classification in its config.json.",
        )
    return {"labels": np.asarray([example.labels[0] for example in examples], np.int64)}


def _choice_targets(_: Sequence[EncodedRow], examples: Sequence[Example], __: EncodingSettings) -> dict[str, Array]:
    return {"labels": np.asarray([example.labels[0] for example in examples], np.int64)}


def _score_targets(_: Sequence[EncodedRow], examples: Sequence[Example], __: EncodingSettings) -> dict[str, Array]:
    """Scores as shares of the top of their scale, which is 1, 5, 10 or 100, or their own largest."""
    scores = np.asarray([example.score for example in examples], np.float32)
    top = next((scale for scale in _SCALES if scores.max() <= scale), float(scores.max()))
    return {"scores": scores / np.float32(top)}


def _span_targets(rows: Sequence[EncodedRow], examples: Sequence[Example], _: EncodingSettings) -> dict[str, Array]:
    spans = [_span(row.encodings[0], example) for row, example in zip(rows, examples, strict=True)]
    starts, ends = np.asarray(spans, np.int64).T
    return {"start_positions": starts, "end_positions": ends}


def _span(window: Encoding, example: Example) -> tuple[int, int]:
    """The first and the last token of the answer; [CLS] twice, where the window does not hold all of it."""
    begin = answer_at(example) if example.answers else None
    if begin is None:
        return 0, 0
    end = begin + len(example.answers[0])
    offsets = window.offsets  # a new list every time it is asked for
    context = [place for place, sequence in enumerate(window.sequence_ids) if sequence == 1]
    first = next((place for place in context if offsets[place][1] > begin), None)
    last = next((place for place in reversed(context) if offsets[place][0] < end), None)
    if first is None or last is None or offsets[first][0] > begin or offsets[last][1] < end:
        return 0, 0
    return first, last


def token_labels_of(rows: Sequence[EncodedRow], examples: Sequence[Example], settings: EncodingSettings) -> Array:
    """The label of every word at its first token, which is where `decode.entities` reads it."""
    words = decode_rules(settings.task, settings.tokenizer, None, ())["words"]
    unknown = settings.tokenizer.special_ids.get("unk")
    ids = {label: i for i, label in enumerate(settings.labels)}
    if "O" not in ids:
        raise UsageError(
            f"The model's labels have no O, the label of words outside of entities: {', '.join(settings.labels)}.",
            hint="Name them in its config.json as id2label.",
        )
    found = (
        _tagged(row.encodings[0], example, ids, *(("spaces", None) if example.spaced else (words, unknown)))
        for row, example in zip(rows, examples, strict=True)
    )
    return np.fromiter(chain.from_iterable(found), np.int32)


def _tagged(encoding: Encoding, example: Example, ids: Mapping[str, int], words: str, unknown: int | None) -> list[int]:
    """The label's id of every token; IGNORED for special tokens and all but the first of a word."""
    labels = [IGNORED] * len(encoding.ids)
    offsets = encoding.offsets  # a new list every time it is asked for
    begins: list[int] = []
    previous = None
    for place, special in enumerate(encoding.special_tokens_mask):
        if special or (begins and continues_word(place, encoding, example.text, words, unknown)):
            continue
        begins.append(place)
    for place, after in zip(begins, [*begins[1:], len(labels)], strict=True):
        start = offsets[place][0]
        end = max(offsets[i][1] for i in range(place, after))
        entity = next((one for one in example.entities if one.start < end and start < one.end), None)
        labels[place] = ids["O"] if entity is None else _tag_id(ids, entity.type, begins=entity is not previous)
        previous = entity
    return labels


def _tag_id(ids: Mapping[str, int], kind: str, *, begins: bool) -> int:
    """The id of an entity type's label; a model may have no prefixes, or one of them alone."""
    names = (f"B-{kind}", f"I-{kind}", kind) if begins else (f"I-{kind}", f"B-{kind}", kind)
    return next(ids[name] for name in names if name in ids)


_Targets = Callable[[Sequence[EncodedRow], Sequence[Example], EncodingSettings], dict[str, Array]]
TARGETS: Mapping[str, _Targets] = {
    "text-classification": _class_targets,
    "multiple-choice": _choice_targets,
    "question-answering": _span_targets,
    "sentence-similarity": _score_targets,
}


def answer_at(example: Example) -> int | None:
    """Where the first answer begins in the context: where the file says, else the nearest place that has it."""
    said = example.answer_start or 0
    found = re.finditer(f"(?={re.escape(example.answers[0])})", example.pair or "")
    return min((match.start() for match in found), key=lambda place: abs(place - said), default=None)
