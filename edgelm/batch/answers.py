"""What one worker does: a window of lines to the lines of the output, in batches of similar length."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelm.batch.reading import MOST_LINE_BYTES, Line, Place, Window
from edgelm.errors import EdgelmError, UsageError
from edgelm.session import Question, Session, batches, ranks_documents, takes_one_text
from edgelm.tokenizer import Text
from edgelm.types import Array

if TYPE_CHECKING:
    from tokenizers import Encoding

_OWN = ("output", "error")
"""Fields that a row gets, and so may not bring."""
_TEXT_AND_PAIR = (("text",), ("pair",))
_FIELDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "question-answering": (("question", "text"), ("context", "pair"))
}
"""The names of a row's text, and of what goes with it, where they are not those of the other tasks."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a bundle for each row of an input."""

    bundle: Path
    question: Question
    """What a row does not say itself: its pair, its choices and all options. Its text is left aside."""
    holds_objects: bool
    """Each line is a JSON object; else a text."""
    threads: int = 1
    max_batch_tokens: int = 512


@dataclass(frozen=True)
class Answered:
    """What came of a window: a line of JSON for each of its rows, in their order."""

    content: bytes
    end: Place
    """Where the window ended in the input."""
    rows: int
    failed: int = 0
    first_failure: tuple[int, str] | None = None
    """The line's number, and why."""


@dataclass
class _Row:
    """A line on its way to an answer."""

    line: Line
    head: str = "{"
    """The line of the output as far as it is the input's."""
    question: Question | None = None
    texts: list[Text] = field(default_factory=list)
    encodings: Sequence[Encoding] = ()
    outputs: list[Mapping[str, Array]] = field(default_factory=list)
    missing: int = 0
    answer: str = ""
    error: str = ""

    @contextmanager
    def told(self) -> Iterator[None]:
        """What is wrong with it is its answer."""
        try:
            yield
        except EdgelmError as error:
            self.error = str(error)

    @property
    def written(self) -> str:
        """Its line of the output."""
        if not self.error:
            return f'{self.head}"output": {self.answer}}}\n'
        error = {"line": self.line.number, "message": self.error}
        return f'{self.head}"error": {json.dumps(error, ensure_ascii=False)}}}\n'


def open_session(asked: Asked) -> Session:
    """The bundle, in a process that has about one core for itself."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    return Session.open(asked.bundle, asked.threads)


def answer(session: Session, asked: Asked, window: Window) -> Answered:
    """The answers to a window: of each row the one that it has by itself, but for the last digits of its floats.

    The same window gives the same bytes. Memory is for the window's tokens and one batch of the model's outputs.
    """
    rows = [_Row(line) for line in window.lines]
    for row in rows:
        with row.told():
            _read_(row, asked, session.manifest)
            assert row.question is not None
            row.texts = session.texts(row.question)
    _encode_(session, [row for row in rows if not row.error])
    _run_(session, [row for row in rows if not row.error], asked.max_batch_tokens)
    failed = [row for row in rows if row.error]
    return Answered(
        "".join(row.written for row in rows).encode(),
        window.end,
        len(rows),
        len(failed),
        (failed[0].line.number, failed[0].error) if failed else None,
    )


def _read_(row: _Row, asked: Asked, manifest: Mapping[str, Any]) -> None:
    """Give a row its question and the part of its output that is its own; UsageError when it has none."""
    if not row.line.is_whole:
        raise UsageError(f"The line is longer than {MOST_LINE_BYTES >> 20} MiB.")
    try:
        content = row.line.content.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"The line is not UTF-8 text: {error}.") from None
    if not asked.holds_objects:
        row.head = f'{{"text": {json.dumps(content, ensure_ascii=False)}, '
        row.question = replace(asked.question, text=content)
        return
    fields = _object(content)
    taken = [name for name in _OWN if name in fields]
    if taken:
        raise UsageError(f"The row has a field {taken[0]!r} already.", hint="Give it another name.")
    # The line itself, not what was read of it: numbers keep their digits, fields their order.
    row.head = content.strip().removesuffix("}").rstrip() + (", " if fields else "")
    row.question = _question(fields, asked.question, manifest)


def _object(content: str) -> dict[str, Any]:
    try:
        found = json.loads(content, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise UsageError(f"The line is no JSON: {error.msg} at column {error.colno}.") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The line is no JSON: {error}.") from None
    if not isinstance(found, dict):
        raise UsageError('The line is no object; expected for example {"text": "..."}.')
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON's")


def _question(fields: Mapping[str, Any], common: Question, manifest: Mapping[str, Any]) -> Question:
    """A row's question; UsageError says which field is missing or of the wrong type."""
    several = _several(manifest)
    texts, pairs = _FIELDS.get(manifest["task"], _TEXT_AND_PAIR)
    text = _field(fields, texts)
    if text is None:
        raise UsageError(f"The row has no {' or '.join(map(repr, texts))}.")
    pair = _field(fields, pairs)
    choices = fields.get(several) if several else None
    if choices is not None and not (isinstance(choices, list) and all(isinstance(one, str) for one in choices)):
        raise UsageError(f"The row's {several!r} is no list of texts.")
    return replace(
        common,
        text=text,
        pair=common.pair if pair is None else pair,
        choices=common.choices if choices is None else tuple(choices),
    )


def _several(manifest: Mapping[str, Any]) -> str:
    """The field that holds several texts to one; empty where the bundle's task has none."""
    if manifest["task"] == "multiple-choice":
        return "choices"
    return "documents" if ranks_documents(manifest) else ""


def _field(fields: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The value under one of the names; null is as good as none."""
    given = [name for name in names if fields.get(name) is not None]
    if not given:
        return None
    if len(given) > 1:
        raise UsageError(f"The row has both {given[0]!r} and {given[1]!r}; they are the same.")
    value = fields[given[0]]
    if not isinstance(value, str):
        raise UsageError(f"The row's {given[0]!r} is no text.")
    return value


def _encode_(session: Session, rows: Sequence[_Row]) -> None:
    """Give each row what the model reads for it; all texts are tokenized in one call."""
    try:
        encodings = iter(session.tokenizer.encode_batch([text for row in rows for text in row.texts]))
    except UsageError:  # of one of them: now each is asked by itself
        for row in rows:
            with row.told():
                _take_(session, row, session.tokenizer.encode_batch(row.texts))
        return
    for row in rows:
        own = [next(encodings) for _ in row.texts]
        with row.told():
            _take_(session, row, own)


def _take_(session: Session, row: _Row, encodings: Sequence[Encoding]) -> None:
    assert row.question is not None
    row.encodings = session.rows(row.question, encodings)
    row.outputs = [{} for _ in row.encodings]
    row.missing = len(row.encodings)


def _run_(session: Session, rows: Sequence[_Row], max_batch_tokens: int) -> None:
    """Run what the rows read in batches; a row is answered with the last of its own."""
    reads = [(row, place) for row in rows for place in range(len(row.encodings))]
    budget = 0 if takes_one_text(session.manifest) else max_batch_tokens
    for places in batches([len(row.encodings[place].ids) for row, place in reads], budget):
        together = [reads[place] for place in places]
        encodings = [row.encodings[place] for row, place in together]
        outputs = session.split(encodings, session.outputs(encodings))
        for (row, place), found in zip(together, outputs, strict=True):
            row.outputs[place] = found
            row.missing -= 1
            if not row.missing:
                _finish_(session, row)


def _finish_(session: Session, row: _Row) -> None:
    assert row.question is not None
    with row.told():
        found = session.decode(row.question, row.encodings, row.outputs)
        row.answer = json.dumps(found, ensure_ascii=False)
    row.encodings, row.outputs = (), []  # what a batch gave is no longer needed
