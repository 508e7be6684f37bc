"""Labelled examples for a task, from the files people have; columns are found by the names the field gives them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from edgelm.errors import UsageError
from edgelm.records import Record, read_records, read_text

MASK = "[MASK]"
"""What stands in a fill-mask example for the tokenizer's own mask token."""


class Entity(NamedTuple):
    """A span of a text by characters, the end exclusive, and what it is."""

    start: int
    end: int
    type: str


@dataclass(frozen=True, slots=True)
class Example:
    """A text with what its task needs beside it, and the right answer in the task's own field."""

    text: str
    pair: str | None = None
    """The second text of a pair; the context of a question."""
    choices: tuple[str, ...] = ()
    labels: tuple[int, ...] = ()
    """Ids of the model's labels: one, or any number of a multi-label model's; or the index of the right choice."""
    score: float | None = None
    entities: tuple[Entity, ...] = ()
    answers: tuple[str, ...] = ()
    """Each of them is right; none, where a question has no answer."""
    answer_start: int | None = field(default=None, compare=False)
    """Where the first of the answers begins in the context, where the file says so."""
    spaced: bool = False
    """The file gave the words, and they are what stands between the text's spaces."""


def read_examples(
    path: Path, task: str, labels: Sequence[str], slot_labels: Sequence[str] | None = None
) -> list[Example]:
    """The examples of a file for a task whose model has those labels.

    UsageError names the file, the line and what was expected where something cannot be understood, and both sides where
    the file's labels are not the model's. ``labels`` of one entry means regression; of a model of joint intent and
    slots they are the intents.
    """
    if task not in _READERS and slot_labels is None:
        raise UsageError(f"{task} has no right answers to be measured by.", hint="Leave out --eval.")
    records = read_records(path, task)
    if not records:
        raise UsageError(f"{path} holds no example.")
    read = _READERS[task] if slot_labels is None else partial(_with_intents, slots=slot_labels)
    return list(read(records, labels))


def read_texts(path: Path) -> list[Example]:
    """The texts and pairs of a file without labels, or whose labels are left alone: a table, JSON, or one text a line.

    UsageError names the file and the line that has no text.
    """
    if not path.name.removesuffix(".gz").endswith(_TABLES):
        lines = read_text(path).split("\n")
        texts = [Example(line.strip()) for line in lines if line.strip()]
    else:
        records = read_records(path, "text-classification")
        columns = _text_columns(records[0]) if records else ()
        texts = [Example(*_texts(record, columns)) for record in records]
    if not texts:
        raise UsageError(f"{path} holds no text.")
    return texts


_TABLES = (".tsv", ".csv", ".json", ".jsonl")


# -- texts -------------------------------------------------------------------------------------------------------------

_PAIRS: tuple[tuple[str, str], ...] = (
    ("sentence1", "sentence2"),
    ("text_a", "text_b"),
    ("text1", "text2"),
    ("premise", "hypothesis"),
    ("question1", "question2"),
    ("query1", "query2"),
    ("#1 string", "#2 string"),
    ("question", "sentence"),
    ("keyword", "abst"),
    ("text", "pair"),
    ("text", "text_pair"),
    ("s1", "s2"),
    ("q1", "q2"),
)
_SINGLES = ("text", "sentence", "text_a", "content", "review", "title", "query", "question", "utterance", "abst")


def _text_columns(record: Record) -> tuple[str, ...]:
    """The column of the text, or the two of a pair."""
    pair = next((names for names in _PAIRS if record.fields.keys() >= set(names)), None)
    return pair or (column_of(record, _SINGLES),)


def column_of(record: Record, names: Iterable[str]) -> str:
    """The first of some names that a record has; UsageError lists what was expected and what there is."""
    names = tuple(names)
    found = next((name for name in names if name in record.fields), None)
    if found is None:
        raise UsageError(
            f"{record.place} has none of the columns {', '.join(names)}.",
            hint=f"It has: {', '.join(map(str, record.fields))}.",
        )
    return found


def _text(record: Record, column: str) -> str:
    """A text; several words, as CSL's keywords, are joined by spaces."""
    value = record.fields.get(column)
    text = " ".join(map(str, value)) if isinstance(value, list) else value
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"{record.place} has no text as {column}.")
    return text


def _texts(record: Record, columns: Sequence[str]) -> tuple[str, str | None]:
    """The text, and the second one of a pair."""
    return _text(record, columns[0]), _text(record, columns[1]) if len(columns) == 2 else None


# -- labels ------------------------------------------------------------------------------------------------------------

LABEL_COLUMNS = (
    *("label", "labels", "gold_label", "label_desc", "label_des", "intent", "category", "class", "sentiment"),
    *("is_duplicate", "quality", "star", "target", "answer"),
)
_NO_CONSENSUS = "-"
"""SNLI, MNLI and CMNLI so mark rows on which their annotators disagreed; nobody counts those."""
SEPARATORS = (None, ",", "|", ";")


def _classification(records: Sequence[Record], labels: Sequence[str]) -> Iterator[Example]:
    if len(labels) == 1:
        yield from _scored(records, _text_columns(records[0]))
        return
    columns = _text_columns(records[0])
    records = records if _NO_CONSENSUS in labels else agreed(records)
    for record, ids in zip(records, _label_ids(records, labels), strict=True):
        yield Example(*_texts(record, columns), labels=ids)


def agreed(records: Sequence[Record]) -> Sequence[Record]:
    """Those on which the annotators agreed; all where they never did."""
    return [r for r in records if _NO_CONSENSUS not in (r.fields.get("label"), r.fields.get("gold_label"))] or records


def _label_ids(records: Sequence[Record], labels: Sequence[str]) -> list[tuple[int, ...]]:
    """The model's ids for every record, by the first rule and the first column that explain them all."""
    rules = _label_rules(labels)
    first = column_of(records[0], LABEL_COLUMNS)
    others = (name for name in LABEL_COLUMNS if name != first)
    columns = [first, *(name for name in others if all(is_given(record.fields.get(name)) for record in records))]
    for separator in SEPARATORS:
        read = [[label_keys(record, column, separator) for record in records] for column in columns]
        for rule, keys in product(rules, read):  # a name in a later column goes before an id in an earlier one
            found = {key for row in keys for key in row}
            ids = {key: i for key in found if (i := rule.get(key, rule.get(key.casefold()))) is not None}
            if len(ids) == len(found):
                return [tuple(ids[key] for key in row) for row in keys]
    raise _strange_label(records, first, labels)


def _label_rules(labels: Sequence[str]) -> tuple[dict[str, int], ...]:
    """The ways a file may name a label: by its name, in whatever case; as ``LABEL_i``; by its id."""
    ids = range(len(labels))
    return _named(labels), {f"label_{i}": i for i in ids}, {str(i): i for i in ids}


def _named(names: Sequence[str]) -> dict[str, int]:
    """The place of each name, and of its lower case where no name is the same but for that."""
    return {name.strip().casefold(): i for i, name in enumerate(names)} | {name: i for i, name in enumerate(names)}


def label_keys(record: Record, column: str, separator: str | None) -> list[str]:
    """A row's labels as rules know them: one, or those of a JSON list, or those that a separator parts."""
    value = record.fields.get(column)
    if isinstance(value, list):
        values = value
    elif separator and isinstance(value, str):
        values = [part for part in value.split(separator) if part.strip()]
    else:
        values = [value]
    if not all(map(is_given, values)):
        raise UsageError(f"{record.place} has no label as {column}.", hint="A file to be measured by is labelled.")
    return [_label_key(item) for item in values]


def is_given(value: Any) -> bool:
    return value is not None and bool(str(value).strip())


def _label_key(item: Any) -> str:
    """A label as text; true and 1.0 are the id 1."""
    is_whole = isinstance(item, bool | float) and float(item).is_integer()
    return str(int(item) if is_whole else item).strip()


def _strange_label(records: Sequence[Record], column: str, labels: Sequence[str]) -> UsageError:
    """The error that names a record whose label fits no rule, and both sides."""
    known = set().union(*_label_rules(labels))
    keys = [{key.casefold() for key in label_keys(record, column, None)} for record in records]
    record = next((record for record, row in zip(records, keys, strict=True) if not row <= known), records[0])
    ours = dict.fromkeys(str(row.fields.get(column)) for row in records)
    return UsageError(
        f"{record.place}: the label {record.fields.get(column)!r} is none of the model's.",
        hint=f"The file's {column} has {listing(ours)}; the model has {listing(labels)}. They match by name, as "
        "LABEL_0 and so on, or by id.",
    )


def listing(names: Iterable[str], most: int = 20) -> str:
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


# -- scores, choices and masks -----------------------------------------------------------------------------------------

SCORE_COLUMNS = ("score", "similarity", "similarity_score", "relatedness_score", "label", "target")


def _scored(records: Sequence[Record], columns: Sequence[str]) -> Iterator[Example]:
    column = column_of(records[0], SCORE_COLUMNS)
    for record in records:
        yield Example(*_texts(record, columns), score=_number(record, column))


def _number(record: Record, column: str) -> float:
    value = record.fields.get(column)
    try:
        number = float(value)  # type: ignore[arg-type]  # what is no number is caught
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{record.place}: {column} is {value!r}, not a number.")
    return number


def _similarity(records: Sequence[Record], _: Sequence[str]) -> Iterator[Example]:
    columns = _text_columns(records[0])
    if len(columns) != 2:
        raise UsageError(
            f"{records[0].place} has one text; sentence-similarity compares two.",
            hint=f"Expected two columns, for example {' and '.join(_PAIRS[0])}.",
        )
    yield from _scored(records, columns)


_CHOICES = ("choices", "endings", "options", "choice")
_ENDING = re.compile(r"(?:ending|choice|option)_?\d+")
_PREMISES = ("sent1", "ctx", "article", "passage", "context", "text", "premise", "question")
_STEMS = ("sent2", "question")
"""What begins every choice, where it is not the premise itself: SWAG's second sentence, RACE's question."""


def _multiple_choice(records: Sequence[Record], _: Sequence[str]) -> Iterator[Example]:
    premise = column_of(records[0], _PREMISES)
    stem = next((name for name in _STEMS if name in records[0].fields and name != premise), None)
    for record in records:
        options = _options(record)
        prefix = f"{_text(record, stem)} " if stem else ""
        right = _right_choice(record, options)
        yield Example(_text(record, premise), choices=tuple(prefix + option for option in options), labels=(right,))


def _options(record: Record) -> list[str]:
    """The choices of a row: a list, or numbered columns."""
    numbered = sorted((name for name in record.fields if _ENDING.fullmatch(name)), key=lambda name: (len(name), name))
    options = [record.fields[name] for name in numbered] or record.fields[column_of(record, _CHOICES)]
    if not isinstance(options, list) or len(options) < 2 or not all(isinstance(o, str) and o.strip() for o in options):
        raise UsageError(f"{record.place} has no list of two or more choices.")
    return options


def _right_choice(record: Record, options: Sequence[str]) -> int:
    """The index of the right choice, given as an index, a letter or the choice itself."""
    value = record.fields[column_of(record, ("label", "answer", "gold", "target"))]
    named = {option: i for i, option in enumerate(options)}
    named |= {chr(ord("A") + i): i for i in range(len(options))} | {str(i): i for i in range(len(options))}
    if str(value) not in named:
        raise UsageError(f"{record.place}: {value!r} is none of the {len(options)} choices.")
    return named[str(value)]


_MASKS = re.compile(r"\[MASK\]|<mask>")


def _fill_mask(records: Sequence[Record], _: Sequence[str]) -> Iterator[Example]:
    """The word behind the mask; in a text without a mask the middle word is masked."""
    column = column_of(records[0], _SINGLES)
    for record in records:
        text = _text(record, column)
        if _MASKS.search(text):
            answer = _text(record, column_of(record, ("answer", "target", "word", "label")))
            yield Example(_MASKS.sub(MASK, text), answers=(answer,))
        else:
            yield _masked(record, text)


def _masked(record: Record, text: str) -> Example:
    words = list(re.finditer(r"[一-鿿]|[^\W一-鿿]+", text))  # a Chinese character is a word
    if not words:
        raise UsageError(f"{record.place} has no word to mask.")
    word = words[len(words) // 2]
    return Example(text[: word.start()] + MASK + text[word.end() :], answers=(word[0],))


# -- entities ----------------------------------------------------------------------------------------------------------

TAG_COLUMNS = ("tags", "ner_tags", "labels", "label")
_SPANS = ("label", "entities", "spans", "labels", "ner")


def _token_classification(records: Sequence[Record], labels: Sequence[str]) -> Iterator[Example]:
    tokens = [token for record in records for token in record.fields.get("tokens", ())]
    separator = "" if 2 * sum(len(str(token)) < 2 for token in tokens) > len(tokens) else " "
    examples = [
        tagged(record, separator, labels) if "tokens" in record.fields else spanned(record) for record in records
    ]
    # decode.entities names what it finds the same way, a label without prefix included
    types = list(dict.fromkeys(label.split("-", 1)[-1] for label in labels if label != "O"))
    named = _named(types)
    for record, example in zip(records, examples, strict=True):
        places = [named.get(entity.type, named.get(entity.type.casefold())) for entity in example.entities]
        if None in places:
            strange = example.entities[places.index(None)].type
            theirs = dict.fromkeys(entity.type for example in examples for entity in example.entities)
            raise UsageError(
                f"{record.place}: the entity type {strange!r} is none of the model's.",
                hint=f"The file has {listing(theirs)}; the model has {listing(types)}.",
            )
        known = [types[place] for place in places if place is not None]
        entities = (entity._replace(type=name) for entity, name in zip(example.entities, known, strict=True))
        yield replace(example, entities=tuple(entities))


def _with_intents(records: Sequence[Record], intents: Sequence[str], slots: Sequence[str]) -> Iterator[Example]:
    """Texts with their slots as entities and one intent each."""
    ids = _label_ids(records, intents)
    for record, labels, example in zip(records, ids, _token_classification(records, slots), strict=True):
        if len(labels) != 1:
            raise UsageError(f"{record.place} has {len(labels)} intents; this model gives each text exactly one.")
        yield replace(example, labels=labels)


def tagged(record: Record, separator: str, labels: Sequence[str]) -> Example:
    """A sentence of tokens and tags; a tag may be the id of a label."""
    tokens, tags = record.fields["tokens"], record.fields[column_of(record, TAG_COLUMNS)]
    lists = isinstance(tokens, list) and isinstance(tags, list)
    if not lists or len(tokens) != len(tags) or not tokens or not all(isinstance(token, str) for token in tokens):
        raise UsageError(f"{record.place} has not one tag for every token.")
    if any(isinstance(tag, int) and not 0 <= tag < len(labels) for tag in tags):
        raise UsageError(f"{record.place} has a tag that is no id of the model's {len(labels)} labels.")
    names = [labels[tag] if isinstance(tag, int) else str(tag) for tag in tags]
    starts = [0]
    for token in tokens:
        starts.append(starts[-1] + len(token) + len(separator))
    spans = [Entity(starts[a], starts[b] + len(tokens[b]), kind) for a, b, kind in bio_entities(names)]
    return Example(separator.join(tokens), entities=tuple(spans), spaced=bool(separator))


def bio_entities(tags: Sequence[str]) -> list[Entity]:
    """The entities of a sentence as places of their first and last tag.

    BIO, IOBES and BILOU; broken sequences are read as conlleval and seqeval do: an inside tag after another type or
    after ``O`` begins an entity, and so does anything after an end.
    """
    found: list[Entity] = []
    last = ("O", "")
    for place, tag in enumerate(tags):
        prefix, kind = (tag[0], tag[2:]) if tag[:1] in "BIEMSLU" and tag[1:2] == "-" else ("I", tag)
        if tag != "O" and (prefix in "BSU" or kind != last[1] or last[0] in "ELSU"):
            found.append(Entity(place, place, kind))
        elif tag != "O":
            found[-1] = found[-1]._replace(end=place)
        last = ("O", "") if tag == "O" else (prefix, kind)
    return found


def spanned(record: Record) -> Example:
    """A text and its spans: CLUENER's object, or a list of ``[start, end, type]`` or of objects with those."""
    text, value = _text(record, column_of(record, ("text", "sentence"))), record.fields[column_of(record, _SPANS)]
    try:
        spans = list(_cluener(value)) if isinstance(value, dict) else [_span(item) for item in value]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UsageError(
            f"{record.place} has spans of no known form.", hint="Expected [[start, end, type], ...], the end exclusive."
        ) from None
    for span, surface in spans:
        found = text[span.start : span.end]
        if not 0 <= span.start < span.end <= len(text) or surface not in (None, found):
            where = f"{span.start} to {span.end}, where {found!r} is"
            raise UsageError(f"{record.place}: {surface or span.type!r} is not at {where}.")
    return Example(text, entities=tuple(span for span, _ in spans))


def _cluener(value: Mapping[str, Any]) -> Iterator[tuple[Entity, str | None]]:
    """``{type: {surface: [[first, last], ...]}}``, each with its surface to be checked."""
    for kind, surfaces in value.items():
        for surface, places in surfaces.items():
            yield from ((Entity(int(start), int(last) + 1, kind), surface) for start, last in places)


def _span(item: Any) -> tuple[Entity, str | None]:
    if isinstance(item, dict):
        item = item["start"], item["end"], item["type"] if "type" in item else item["label"]
    start, end, kind = item
    return Entity(int(start), int(end), str(kind)), None


# -- questions ---------------------------------------------------------------------------------------------------------


def _question_answering(records: Sequence[Record], _: Sequence[str]) -> Iterator[Example]:
    for record in records:
        question, context = (column_of(record, names) for names in (("question", "query"), ("context", "passage")))
        words = record.fields[question]
        if not isinstance(words, str):
            raise UsageError(f"{record.place} has no text as {question}.")
        # CMRC 2018 has questions of no words, and counts them.
        yield Example(words, pair=_text(record, context), answers=_answers(record), answer_start=_answer_start(record))


def _answers(record: Record) -> tuple[str, ...]:
    """SQuAD's list of objects, Hugging Face's object of lists, a list of texts, or one text."""
    value = record.fields[column_of(record, ("answers", "answer"))]
    value = value.get("text") if isinstance(value, dict) else value
    items = [value] if isinstance(value, str) else value
    texts: list[Any] = [item.get("text") if isinstance(item, dict) else item for item in items or ()]
    is_impossible = record.fields.get("is_impossible", not texts)
    if not all(isinstance(text, str) for text in texts) or bool(texts) == bool(is_impossible):
        raise UsageError(f"{record.place} has no answers as texts.", hint='Expected "answers": [{"text": "..."}].')
    return tuple(texts)


def _answer_start(record: Record) -> int | None:
    """SQuAD's ``answer_start`` of the first answer, in a list of objects or an object of lists."""
    value = record.fields[column_of(record, ("answers", "answer"))]
    first = value[0] if isinstance(value, list) and value else value
    start = first.get("answer_start") if isinstance(first, dict) else None
    start = start[0] if isinstance(start, list) and start else start
    return start if type(start) is int else None


_READERS: Mapping[str, Callable[[Sequence[Record], Sequence[str]], Iterable[Example]]] = {
    "text-classification": _classification,
    "token-classification": _token_classification,
    "question-answering": _question_answering,
    "multiple-choice": _multiple_choice,
    "fill-mask": _fill_mask,
    "sentence-similarity": _similarity,
}
