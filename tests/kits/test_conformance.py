"""Every kit gives every reply of the conformance set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models

from conformance import cases, check
from conformance.comparison import first_difference, same
from conformance.driver import Driver

from .conftest import Drivers


def compare(driver: Driver, folder: Path) -> None:
    """Fails with the first differences, and the count of all."""
    total, wrong = 0, []
    for entry in cases.entries(folder):
        total += entry.cases
        wrong += [(entry.name, case, reply) for case, reply in check.differences(entry, folder, driver)]
    shown = [
        f"{name}: {json.dumps(case['request'])[:300]}\n  {first_difference(reply.get('ok'), case.get('expect'))}"
        for name, case, reply in wrong[:10]
    ]
    assert not wrong, "\n".join([f"{len(wrong)} of {total} differ", *shown])


def test_a_slice_of_the_set(driver: Driver, conformance_slice: Path) -> None:
    compare(driver, conformance_slice)


@pytest.fixture(scope="module")
def whole_set() -> Path:
    return cases.current(cases.FOLDER, 1)


@pytest.mark.slow
def test_the_whole_set(driver: Driver, whole_set: Path) -> None:
    compare(driver, whole_set)


@pytest.mark.slow
def test_the_set_is_the_pinned_one(whole_set: Path) -> None:
    """``python -m conformance.cases --pin`` where a change of it was meant."""
    assert cases.pinned_part(whole_set) == cases.DIGEST.read_text("utf-8").strip()


def test_scores_are_read_as_the_library_reads_them(driver: Driver, tmp_path: Path) -> None:
    """Its JSON reader divides digits by a power of ten: not always the nearest float64, which decides between ties."""
    scores = {"<unk>": 0.0, "-": -5.212227821350098, "--": -11.401933670043945, "---": -11.12852668762207}
    model = models.Unigram([*scores.items(), ("----", -2.6650888919830322)], unk_id=0)
    Tokenizer(model).save(str(tmp_path / "tokenizer.json"))
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    driver.ok("open", tokenizer=str(tmp_path / "tokenizer.json"))
    for count in range(1, 40):
        assert driver.ok("encode", text="-" * count)["ids"] == tokenizer.encode("-" * count).ids


@pytest.mark.parametrize(
    ("found", "wanted", "equal"),
    [
        ([1, 2], [1, 2], True),
        ([1, 2], [1, 3], False),
        ([1, 2], [1, 2, 3], False),
        ({"a": 0.5000004}, {"a": 0.5}, True),
        ({"a": 0.500004}, {"a": 0.5}, False),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ({"a": 1, "b": None}, {"a": 1}, False),
        (None, 0.0, False),
        (True, "true", False),
        ("a", "b", False),
    ],
)
def test_what_counts_as_equal(found: Any, wanted: Any, equal: bool) -> None:
    assert same(found, wanted) is equal


def test_a_wrong_reply_is_seen(drivers: Drivers, conformance_slice: Path, tmp_path: Path) -> None:
    """The comparison finds an expected reply that was altered."""
    entry = next(entry for entry in cases.entries(conformance_slice) if entry.name == "minilm")
    lines = (conformance_slice / entry.file).read_bytes().splitlines(keepends=True)
    case = json.loads(lines[5])
    case["request"]["text"] += " more"
    place = tmp_path / entry.file
    place.parent.mkdir()
    place.write_bytes(b"".join([lines[0], cases.line_of(case) + b"\n", *lines[6:9]]))
    (tmp_path / "tokenizers").symlink_to(conformance_slice / "tokenizers")
    wrong = list(check.differences(entry, tmp_path, drivers.running()))
    assert [found["request"] for found, _ in wrong] == [case["request"]]
