"""A row's answer is the one that `edgelm run` gives for it alone, beside whatever the row brought; else it says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from edgelm.batch.answers import Asked, answer
from edgelm.batch.reading import Line, Place, Window
from edgelm.session import Question, Session

from .conftest import SIZES

TEXTS = ("good", "the movie was great, not boring", "he lives in 北京 and loves london", "bad . " * 9, "good")
LABELS = {"0": "O", "1": "B-PER", "2": "I-PER", "3": "B-LOC", "4": "I-LOC"}
ROWS: dict[str, list[tuple[dict[str, Any], Question]]] = {
    "text-classification": [
        *(({"text": text}, Question(text)) for text in TEXTS),
        ({"text": "a", "pair": "b", "context": "not read"}, Question("a", pair="b")),
    ],
    "token-classification": [({"text": text, "choices": "not read"}, Question(text)) for text in TEXTS],
    "intent-and-slots": [({"text": text}, Question(text)) for text in TEXTS],
    "question-answering": [
        *(({"question": "where", "context": text}, Question("where", pair=text)) for text in TEXTS),
        ({"text": "where", "pair": "he lives in paris " * 30}, Question("where", pair="he lives in paris " * 30)),
    ],
    "multiple-choice": [
        ({"text": text, "choices": ["he", "she is", "not"]}, Question(text, choices=("he", "she is", "not")))
        for text in TEXTS
    ],
    "fill-mask": [({"text": f"{text} [MASK]"}, Question(f"{text} [MASK]")) for text in TEXTS],
    "feature-extraction": [({"text": text}, Question(text)) for text in TEXTS],
    "sentence-similarity": [
        *(({"text": text}, Question(text)) for text in TEXTS),
        ({"text": "a", "pair": "b"}, Question("a", pair="b")),
    ],
}


@pytest.fixture(scope="module")
def opened(make_checkpoint: Any, make_sentence_model: Any, make_bundle: Any) -> Callable[..., Session]:
    """``opened(task, **request)``: a bundle of that task; once for the same arguments."""
    made: dict[str, Session] = {}

    def make(task: str, **request: Any) -> Session:
        key = f"{task} {request}"
        if key not in made:
            own = {"id2label": LABELS, "num_labels": 5} if task == "token-classification" else {}
            is_sentence = task == "sentence-similarity"
            folder = make_sentence_model() if is_sentence else make_checkpoint("bert", task, **SIZES, **own)
            made[key] = Session.open(make_bundle(folder, **request), threads=1)
        return made[key]

    return make


def window_of(*contents: bytes | str) -> Window:
    """A window of those lines, the first of which is line 1."""
    lines = [Line(n, one if isinstance(one, bytes) else one.encode()) for n, one in enumerate(contents, 1)]
    return Window(tuple(lines), Place(99, len(lines)))


def rows_of(session: Session, window: Window, **options: Any) -> list[Any]:
    """The rows of the output for a window of objects."""
    settings = {"question": Question(""), "holds_objects": True, **options}
    found = answer(session, Asked(session.bundle.path, **settings), window)
    rows = [json.loads(line) for line in found.content.decode().split("\n")[:-1]]
    failed = [row for row in rows if "error" in row]
    assert (found.rows, found.failed, found.end) == (len(window.lines), len(failed), window.end)
    assert (found.first_failure is None) == (not failed)
    return rows


def assert_close(found: Any, expected: Any) -> None:
    """Equal but for the last digits of floats, which a batch may round otherwise."""
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for key in expected:
            assert_close(found[key], expected[key])
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_close(one, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=1e-5)
    else:
        assert found == expected


@pytest.mark.parametrize("task", ROWS)
def test_every_row_has_the_answer_it_has_alone(opened: Callable[..., Session], task: str) -> None:
    session = opened(task, **({"max_length": 32} if task == "question-answering" else {}))
    window = window_of(*(json.dumps(row, ensure_ascii=False) for row, _ in ROWS[task]))
    found = rows_of(session, window)
    for row, (own, question) in zip(found, ROWS[task], strict=True):
        assert_close(row, {**own, "output": session.answer(question)})


def test_where_texts_must_not_meet_the_answers_are_the_same_bit_for_bit(opened: Callable[..., Session]) -> None:
    """One quantization range spans a batch of this bundle."""
    session = opened("text-classification", precision="int8")
    assert session.manifest["scheme"]["activations"].startswith("dynamic_tensor")
    rows = rows_of(session, window_of(*(json.dumps({"text": text}) for text in TEXTS)))
    assert [row["output"] for row in rows] == [session.answer(Question(text)) for text in TEXTS]


def test_texts_run_in_batches_of_similar_length_within_the_budget(
    opened: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened("text-classification")
    shapes: list[tuple[int, ...]] = []
    run = session.runner

    def seen(inputs: Any) -> Any:
        shapes.append(inputs["input_ids"].shape)
        return run(inputs)

    monkeypatch.setattr(session, "runner", seen)
    contents = [json.dumps({"text": "good " * (i % 7 + 1)}) for i in range(40)]
    whole = rows_of(session, window_of(*contents), max_batch_tokens=64)
    assert [rows * length <= 64 for rows, length in shapes] == [True] * len(shapes)
    assert [length for _, length in shapes] == sorted(length for _, length in shapes)
    assert len(shapes) < 20
    assert [row["text"] for row in whole] == [json.loads(one)["text"] for one in contents]


def test_the_row_is_carried_as_it_was_written(opened: Callable[..., Session]) -> None:
    session = opened("text-classification")
    row = '  {"id" :1e400, "n": 1.50,"text": "a\\u0020\u2028b", "text": "good", "deep": {"output": [1]}}  '
    asked = Asked(session.bundle.path, Question("", top_k=1), holds_objects=True)
    written = answer(session, asked, window_of(row)).content.decode()
    assert written.startswith(f'{row.strip()[:-1]}, "output": [{{')
    assert json.loads(written)["output"][0]["label"] == session.answer(Question("good"))[0]["label"]


def test_what_rows_do_not_say_is_common_to_them(opened: Callable[..., Session]) -> None:
    session = opened("text-classification")
    window = window_of('{"text": "a"}', '{"text": "a", "pair": "b"}', '{"text": "a", "pair": null}')
    rows = rows_of(session, window, question=Question("", pair="c", top_k=1))
    expected = [session.answer(Question("a", pair=pair, top_k=1)) for pair in "cbc"]
    assert_close([row["output"] for row in rows], expected)
    (text,) = rows_of(session, window_of('{"text": "a"}'), holds_objects=False)
    assert_close(text, {"text": '{"text": "a"}', "output": session.answer(Question('{"text": "a"}'))})


@pytest.mark.parametrize(
    ("line", "carried", "message"),
    [
        ('{"text": ', {}, "The line is no JSON: Expecting value at column 10."),
        ('{"text": "a", "x": NaN}', {}, "The line is no JSON: NaN is no number of JSON's."),
        ("[" * 100_000, {}, "The line is no JSON: maximum recursion depth exceeded"),
        ('["a"]', {}, 'The line is no object; expected for example {"text": "..."}.'),
        (b'{"text": "\xff"}', {}, "The line is not UTF-8 text"),
        ("{}", {}, "The row has no 'text'."),
        ('{"id": 7, "question": "a"}', {"id": 7, "question": "a"}, "The row has no 'text'."),
        ('{"text": 3}', {"text": 3}, "The row's 'text' is no text."),
        ('{"text": " "}', {"text": " "}, "The text is empty."),
        ('{"text": "a", "pair": ""}', {"text": "a", "pair": ""}, "The text is empty."),
        ('{"text": "\\ud800"}', {"text": "\ud800"}, "The text is not valid Unicode."),
        ('{"text": "a", "output": 1}', {}, "The row has a field 'output' already."),
        ('{"text": "a", "error": null}', {}, "The row has a field 'error' already."),
        (json.dumps({"text": "a " * 99}), {"text": "a " * 99}, "The text has 101 tokens; this bundle takes 64."),
    ],
)
def test_a_row_that_cannot_be_answered_says_why_in_its_place(
    opened: Callable[..., Session], line: str | bytes, carried: dict[str, Any], message: str
) -> None:
    session = opened("text-classification")
    before, found, after = rows_of(session, window_of('{"text": "good"}', line, '{"text": "bad"}'))
    assert_close([before["output"], after["output"]], [session.answer(Question(text)) for text in ("good", "bad")])
    error = found.pop("error")
    assert (found, error["line"]) == (carried, 2)
    assert error["message"].startswith(message)


def test_a_row_that_is_not_there_says_so(opened: Callable[..., Session]) -> None:
    lines = (Line(1, b"", is_whole=False), Line(2, b'{"text": "good"}'))
    found = rows_of(opened("text-classification"), Window(lines, Place(9, 2)))
    assert found[0] == {"error": {"line": 1, "message": "The line is longer than 16 MiB."}}
    assert "output" in found[1]


@pytest.mark.parametrize(
    ("task", "row", "message"),
    [
        ("question-answering", {"question": "where"}, "question-answering needs a context."),
        ("question-answering", {"context": "he"}, "The row has no 'question' or 'text'."),
        ("question-answering", {"question": "a", "text": "b", "context": "c"}, "has both 'question' and 'text'"),
        ("multiple-choice", {"text": "a", "choices": "b"}, "The row's 'choices' is no list of texts."),
        ("multiple-choice", {"text": "a", "choices": ["b", 1]}, "The row's 'choices' is no list of texts."),
        ("multiple-choice", {"text": "a", "choices": ["b"]}, "multiple-choice needs at least two choices."),
        ("token-classification", {"text": "a", "pair": "b"}, "token-classification takes no second text"),
        ("fill-mask", {"text": "a"}, "has no [MASK] to fill"),
    ],
)
def test_wrong_fields_of_a_task(opened: Callable[..., Session], task: str, row: dict[str, Any], message: str) -> None:
    session = opened(task, **({"max_length": 32} if task == "question-answering" else {}))
    (found,) = rows_of(session, window_of(json.dumps(row)))
    assert message in found["error"]["message"]


def test_truncate_answers_what_is_too_long(opened: Callable[..., Session]) -> None:
    session = opened("text-classification")
    (found,) = rows_of(session, window_of(json.dumps({"text": "a " * 99})), question=Question("", truncate=True))
    assert_close(found["output"], session.answer(Question("a " * 99, truncate=True)))
