"""What a file is labelled with, from the ways people write labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgelm.datasets import read_examples
from edgelm.errors import UsageError
from edgelm.labels import labels_of

SINGLE, MULTI = "single_label_classification", "multi_label_classification"


def write(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def labelled(*labels: Any, key: str = "label") -> list[dict[str, Any]]:
    return [{"text": f"text {i}", key: label} for i, label in enumerate(labels)]


@pytest.mark.parametrize(
    ("rows", "names", "problem_type"),
    [
        (labelled("no", "yes", "no"), ("no", "yes"), SINGLE),
        (labelled(10, 9, 10), ("9", "10"), SINGLE),
        (labelled("1", "-1", "0"), ("-1", "0", "1"), SINGLE),
        (labelled(0, 1.0), ("0", "1"), SINGLE),
        (labelled(0.5, 1), ("score",), "regression"),
        (labelled(3, 4, key="score"), ("score",), "regression"),
        (labelled(["a"], ["b"]), ("a", "b"), SINGLE),
        (labelled(["a", "b"], []), ("a", "b"), MULTI),
        (labelled("a|b", "a", "b"), ("a", "b"), MULTI),
        (labelled("Arts, Crafts", "Sport"), ("Arts, Crafts", "Sport"), SINGLE),
        (labelled("-", "yes", "no"), ("no", "yes"), SINGLE),
    ],
)
def test_classes(tmp_path: Path, rows: list[dict[str, Any]], names: tuple[str, ...], problem_type: str) -> None:
    path = write(tmp_path, rows)
    found = labels_of(path, "text-classification")
    assert found.names == names
    assert found.problem_type == problem_type
    assert read_examples(path, "text-classification", found.names)


def test_names_beside_numbers(tmp_path: Path) -> None:
    numbered = ((101, "sport"), (100, "story"), (101, "sport"))
    rows: list[dict[str, Any]] = [{"text": "a", "label": i, "label_desc": name} for i, name in numbered]
    assert labels_of(write(tmp_path, rows), "text-classification").names == ("story", "sport")
    crossed = [*rows, {"text": "b", "label": 102, "label_desc": "sport"}]
    assert labels_of(write(tmp_path, crossed), "text-classification").names == ("100", "101", "102")


def test_a_file_of_the_numbers_alone_means_the_same(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"text": "a", "label": i, "label_desc": name} for i, name in ((0, "z"), (1, "y"))]
    names = labels_of(write(tmp_path, rows), "text-classification").names
    for row in rows:
        del row["label_desc"]
    assert [one.labels for one in read_examples(write(tmp_path, rows), "text-classification", names)] == [(0,), (1,)]


def test_entities_and_tasks_without_labels(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": "ann in paris", "label": [[7, 12, "LOC"], [0, 3, "PER"]]},
        {"tokens": ["rome"], "tags": ["B-GPE"]},
    ]
    for row, types in zip(rows, (("LOC", "PER"), ("GPE",)), strict=True):
        expected = ("O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI"))
        assert labels_of(write(tmp_path, [row]), "token-classification").names == expected
    assert labels_of(tmp_path / "nothing", "question-answering").names == ()


@pytest.mark.parametrize(
    ("task", "rows", "expected"),
    [
        ("text-classification", [], "no example"),
        ("text-classification", labelled("a", "a"), "every row has the same label, a"),
        ("text-classification", labelled(*(f"name {i}" for i in range(30))), "30 different values in 30 rows"),
        ("token-classification", [{"tokens": ["a"], "tags": [3]}], "tags that are numbers"),
        ("token-classification", [{"tokens": ["a"], "tags": ["O"]}], "no row has an entity"),
    ],
)
def test_files_with_nothing_to_tell_apart(tmp_path: Path, task: str, rows: list[dict[str, Any]], expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        labels_of(write(tmp_path, rows), task)
