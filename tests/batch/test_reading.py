"""Windows hold every line that is not blank once, are the same from any place on, and stay within their limits."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelm.batch import reading
from edgelm.batch.reading import Limits, Place, Source, limits_of
from edgelm.errors import UsageError

LINE = st.sampled_from([b"", b" ", b"good", b"\r", b"a b\r", "很好\u2028x".encode(), b"x" * 40, b"\xff"])
BOM = b"\xef\xbb\xbf"


@given(st.lists(LINE), st.booleans(), st.integers(1, 5), st.integers(1, 60))
def test_windows_hold_every_line_once_and_go_on_from_any_place(
    tmp_path_factory: pytest.TempPathFactory, given_lines: list[bytes], ends: bool, rows: int, size: int
) -> None:
    path = tmp_path_factory.mktemp("reading") / "in.txt"
    path.write_bytes(BOM + b"\n".join(given_lines) + (b"\n" if ends and given_lines else b""))
    limits = Limits(rows, size)
    with Source(path) as source:
        windows = list(source.windows(limits, Place()))
        for place, window in enumerate(windows):
            assert list(source.windows(limits, window.end)) == windows[place + 1 :]
    found = [(line.number, line.content) for window in windows for line in window.lines]
    assert found == [(n, line.rstrip(b"\r")) for n, line in enumerate(given_lines, 1) if line.strip()]
    for window in windows:
        assert len(window.lines) <= rows
        assert sum(len(line.content) for line in window.lines) <= size or len(window.lines) == 1


def test_a_line_of_any_length_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_LINE_BYTES", 8)
    path = tmp_path / "in.txt"
    path.write_bytes(b"12345678\n" + b"x" * 100 + b"\nshort\n123456789\n" + b"y" * 9)
    with Source(path) as source:
        windows = list(source.windows(Limits(rows=1), Place()))
    found = [(line.number, line.content, line.is_whole) for window in windows for line in window.lines]
    assert found == [(1, b"12345678", True), (2, b"", False), (3, b"short", True), (4, b"", False), (5, b"", False)]
    assert windows[-1].end == Place(path.stat().st_size, 5)


@pytest.mark.parametrize(
    ("name", "content", "objects"),
    [
        ("in.txt", b'{"text": "a"}\n', False),
        ("in.jsonl", b"a\n", True),
        ("in", BOM + b'\n \n {"text": "a"}\n', True),
        ("in", b"a {\n", False),
        ("in", b"", False),
    ],
)
def test_the_name_says_what_lines_are_and_else_the_first_one(
    tmp_path: Path, name: str, content: bytes, objects: bool
) -> None:
    (tmp_path / name).write_bytes(content)
    with Source(tmp_path / name) as source:
        assert source.holds_objects is objects
        rows = [line.content for window in source.windows(Limits(), Place()) for line in window.lines]
    assert len(rows) == len([line for line in content.removeprefix(BOM).split(b"\n") if line.strip()])


def test_a_pipe_loses_nothing_of_what_was_looked_at(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = BOM + b'\n\n{"text": "a"}\n{"text": "b"}\n'
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    with Source(pipe) as source:
        assert (source.size, source.digest, source.holds_objects) == (None, "", True)
        (window,) = source.windows(Limits(), Place())
    writer.join()
    assert [line.number for line in window.lines] == [3, 4]
    assert window.end == Place(len(content), 4)


def test_a_file_that_changes_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes(b"a\n")
    with Source(path) as source:
        source.check_unchanged()
        path.write_bytes(b"a\nb\n")
        with pytest.raises(UsageError, match="was changed while it was read"):
            source.check_unchanged()


def test_vectors_make_windows_smaller() -> None:
    def limits(task: str, *shape: object) -> Limits:
        return limits_of({"task": task, "artifact": {"outputs": [{"shape": ["batch", *shape]}]}})

    assert limits("question-answering", "length") == limits("text-classification", 3) == Limits()
    wide, narrow = limits("sentence-similarity", 4096), limits("sentence-similarity", 32)
    assert wide.rows < narrow.rows == Limits().rows
    assert limits("feature-extraction", "length", 4096).size < limits("feature-extraction", "length", 32).size


def test_importing_it_needs_no_runtime() -> None:
    code = "import sys, edgelm.batch.run; print(sorted({'onnxruntime', 'ray', 'tokenizers'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
