"""The labels that a training file gives its examples: what a new head is made for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelm.datasets import (
    LABEL_COLUMNS,
    SCORE_COLUMNS,
    SEPARATORS,
    TAG_COLUMNS,
    agreed,
    column_of,
    is_given,
    label_keys,
    listing,
    spanned,
    tagged,
)
from edgelm.errors import UsageError
from edgelm.records import Record, read_records


@dataclass(frozen=True)
class LabelSet:
    """What a training file is labelled with: the names a model of it has by id, and Hugging Face's problem type."""

    names: tuple[str, ...]
    problem_type: str | None = None
    """Of text-classification: ``regression``, ``single_label_classification`` or ``multi_label_classification``."""


def labels_of(path: Path, task: str) -> LabelSet:
    """The labels that a file gives its examples, in the order of their ids; none for a task that has no labels.

    Whole numbers are in the order of their values, names in that of the alphabet; a column of names goes before one of
    numbers that says the same. A file of scores, or of numbers that are not whole, is a regression's. Entities have
    the labels ``O``, ``B-...`` and ``I-...``. UsageError when a file has nothing to tell apart.
    """
    if task not in _LABELLED:
        return LabelSet(())
    records = read_records(path, task)
    if not records:
        raise UsageError(f"{path} holds no example.")
    return _LABELLED[task](records)


def _class_labels(records: Sequence[Record]) -> LabelSet:
    """The classes of a file, one or several for each text; or a regression."""
    records = agreed(records)
    columns = records[0].fields.keys()
    if columns.isdisjoint(LABEL_COLUMNS) and not columns.isdisjoint(SCORE_COLUMNS):
        return _SCORE
    first = column_of(records[0], LABEL_COLUMNS)
    rows = [label_keys(record, first, None) for record in records]
    if _are_fractions(key for row in rows for key in row):
        return _SCORE
    separator = _separator({row[0] for row in rows if len(row) == 1})
    rows = [label_keys(record, first, separator) for record in records]
    if any(len(row) != 1 for row in rows):
        names = _ordered({key for row in rows for key in row})
        return _checked(records, first, names, "multi_label_classification")
    keys = [row[0] for row in rows]
    names = _names_for(records, first, keys) or _ordered(set(keys))
    return _checked(records, first, names, "single_label_classification")


_SCORE = LabelSet(("score",), "regression")
_MOST_PLAUSIBLE_LABELS = 20
"""More than that, and different in more than half of the rows, are no labels but texts or ids."""


def _are_fractions(keys: Iterable[str]) -> bool:
    """Whether all are numbers, and one of them is not whole."""
    try:
        numbers = [float(key) for key in keys]
    except ValueError:
        return False
    return any(math.isfinite(number) and not number.is_integer() for number in numbers)


def _separator(values: Collection[str]) -> str | None:
    """What parts several labels in one cell: that by which the file has fewer different ones."""
    for separator in filter(None, SEPARATORS):
        parts = {part.strip() for value in values for part in value.split(separator) if part.strip()}
        if len(parts) < len(values):
            return separator
    return None


def _names_for(records: Sequence[Record], first: str, keys: Sequence[str]) -> list[str] | None:
    """The names of numbered classes in the order of the numbers, from another column that has one for each.

    In that order, so that a file of the numbers 0, 1, ... alone means the same by them.
    """
    if not all(map(_is_number, keys)):
        return None
    for column in LABEL_COLUMNS:
        if column != first and all(is_given(record.fields.get(column)) for record in records):
            names = [str(record.fields[column]).strip() for record in records]
            pairs = sorted(set(zip(map(int, keys), names, strict=True)))
            is_same = len(pairs) == len(set(keys)) == len(set(names))
            if is_same and not any(map(_is_number, names)):
                return [name for _, name in pairs]
    return None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+", text) is not None


def _ordered(found: Collection[str]) -> list[str]:
    return sorted(found, key=int) if all(map(_is_number, found)) else sorted(found)


def _checked(records: Sequence[Record], column: str, names: Sequence[str], problem_type: str) -> LabelSet:
    """The labels; UsageError when there is one alone, or about as many as there are rows."""
    if len(names) < 2:
        raise UsageError(
            f"{records[0].place}: every row has the same {column}, {listing(names)}.",
            hint="A classifier needs two labels to tell apart.",
        )
    if len(names) > max(_MOST_PLAUSIBLE_LABELS, len(records) / 2):
        raise UsageError(
            f"{records[0].place}: the column {column} has {len(names)} different values in {len(records)} rows.",
            hint="Is it the label? Name the columns, for example sentence and label.",
        )
    return LabelSet(tuple(names), problem_type)


def _entity_labels(records: Sequence[Record]) -> LabelSet:
    """``O``, and for every type of entity in the file ``B-`` and ``I-``."""
    numbered = next((r for r in records if any(isinstance(tag, int) for tag in _tags(r))), None)
    if numbered is not None:
        raise UsageError(
            f"{numbered.place} has tags that are numbers, and nothing says which label each is.",
            hint="Write them by name, such as B-LOC, or start from a checkpoint that has the labels.",
        )
    examples = (tagged(r, " ", ()) if "tokens" in r.fields else spanned(r) for r in records)
    types = sorted({entity.type for example in examples for entity in example.entities})
    if not types:
        raise UsageError(f"{records[0].place}: no row has an entity.", hint="Are the tags all O?")
    return LabelSet(("O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI")))


def _tags(record: Record) -> list[Any]:
    """The tags of a sentence of tokens; none of one of spans."""
    found = record.fields[column_of(record, TAG_COLUMNS)] if "tokens" in record.fields else []
    return found if isinstance(found, list) else []


_LABELLED: Mapping[str, Callable[[Sequence[Record]], LabelSet]] = {
    "text-classification": _class_labels,
    "token-classification": _entity_labels,
}
