"""A run writes every row once and in order: whatever is killed, however often, and whatever the workers are."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelm.batch import processes
from edgelm.batch.answers import Answered
from edgelm.batch.reading import Line, Place, Window
from edgelm.batch.run import BatchRequest, Progress, in_order, run
from edgelm.errors import EdgelmError, UsageError
from edgelm.session import Question

from . import killed
from .conftest import lines
from .running import LARGE, LIMIT_S, ROWS, noted, wait_for_windows


def request(bundle: Path, source: Path, output: Path, **options: Any) -> BatchRequest:
    return BatchRequest(bundle, source, output, Question(""), **{"workers": 2, **options})


@pytest.fixture(scope="module")
def whole(labels: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """An input of many windows, and what a run that nobody disturbs makes of it."""
    folder = tmp_path_factory.mktemp("whole")
    source, output = folder / "in.jsonl", folder / "out.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in LARGE))
    run(request(labels, source, output), lambda _: None)
    return source, output.read_bytes()


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where the answers go."""
    return tmp_path / "out.jsonl"


@pytest.fixture
def hold(output: Path) -> Path:
    """The file for as long as which a run that is to be held waits."""
    place = output.with_name("out.jsonl.hold")
    place.touch()
    return place


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- order -------------------------------------------------------------------------------------------------------------


class Shuffled:
    """Workers that finish in any order."""

    def __init__(self, workers: int, order: Iterator[int]) -> None:
        self.workers = workers
        self.most = 0
        self._order = order
        self._in_flight: dict[int, Window] = {}

    def submit(self, number: int, window: Window) -> None:
        self._in_flight[number] = window

    def wait(self) -> dict[int, Answered]:
        self.most = max(self.most, len(self._in_flight))
        number = sorted(self._in_flight)[next(self._order) % len(self._in_flight)]
        window = self._in_flight.pop(number)
        return {number: Answered(window.lines[0].content, window.end, 1)}


@given(st.integers(0, 30), st.integers(1, 4), st.randoms(use_true_random=False))
def test_answers_keep_their_order_and_few_windows_are_read_ahead(count: int, workers: int, random: Any) -> None:
    read = 0

    def windows() -> Iterator[Window]:
        nonlocal read
        for number in range(count):
            read += 1
            yield Window((Line(number + 1, str(number).encode()),), Place(number, number))

    pool = Shuffled(workers, iter(lambda: random.randrange(99), None))
    for place, answered in enumerate(in_order(pool, windows())):
        assert answered.content == str(place).encode()
        assert read - place <= 2 * workers + 1
    assert read == count
    assert pool.most <= 2 * workers


@pytest.mark.parametrize("workers", [1, 3])
def test_the_bytes_do_not_depend_on_the_workers(
    labels: Path, whole: tuple[Path, bytes], tmp_path: Path, workers: int
) -> None:
    source, expected = whole
    told: list[Progress] = []
    found = run(request(labels, source, tmp_path / "out.jsonl", workers=workers), told.append)
    assert (tmp_path / "out.jsonl").read_bytes() == expected
    rows = lines(tmp_path / "out.jsonl")
    assert [{key: value for key, value in row.items() if key != "output"} for row in rows] == LARGE
    assert names(tmp_path) == ["out.jsonl"]
    assert (found.done.rows, found.done.failed, found.seconds_left) == (len(LARGE), 0, 0.0)
    assert [now.done.rows for now in told] == sorted({now.done.rows for now in told})
    assert len(told) > 10


def test_a_run_that_goes_on_counts_its_own_speed() -> None:
    source = Progress(replace(killed.journal.Done(), rows=100, offset=1000), 3000, killed.journal.Done(), 10.0)
    assert (source.rows_per_second, source.seconds_left) == (10.0, 20.0)
    later = replace(source, begun=replace(source.done, rows=50, offset=500))
    assert (later.rows_per_second, later.seconds_left) == (5.0, 40.0)
    assert replace(source, total_bytes=None).seconds_left is None


# -- what is killed ----------------------------------------------------------------------------------------------------


def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(
    labels: Path, make_input: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_input(ROWS)
    monkeypatch.setattr("edgelm.batch.run.limits_of", lambda _: killed.LIMITS)
    run(request(labels, source, tmp_path / "whole.jsonl"), lambda _: None)
    arguments = map(str, (labels, source, tmp_path / "out.jsonl"))
    done = subprocess.run(
        [sys.executable, killed.__file__, *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [moment.__name__ for moment in killed.MOMENTS]
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert names(tmp_path) == ["in.jsonl", "out.jsonl", "whole.jsonl"]


@pytest.mark.usefixtures("hold")
def test_the_whole_of_it_killed_from_outside_goes_on_to_the_same_bytes(
    labels: Path, whole: tuple[Path, bytes], start: Any, output: Path
) -> None:
    source, expected = whole
    for windows in (1, 4, 8):
        process = start(labels, "--input", source, "-o", output, "--workers", 2, held_at=windows)
        wait_for_windows(output, windows, process)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert noted(output) == windows
    process = start(labels, "--input", source, "-o", output, "--workers", 2)
    assert (process.communicate()[0], process.returncode) == (b"", 0)
    assert output.read_bytes() == expected


@pytest.mark.usefixtures("hold")
def test_its_workers_end_with_it(labels: Path, whole: tuple[Path, bytes], start: Any, output: Path) -> None:
    source, _ = whole
    process = start(labels, "--input", source, "-o", output, "--workers", 2, held_at=1)
    wait_for_windows(output, 1, process)
    children = workers_of(process.pid)
    process.kill()
    process.communicate()
    until = time.monotonic() + LIMIT_S
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert len(children) == 2


@pytest.mark.parametrize("windows", [0, 3])
def test_workers_that_die_are_replaced(
    labels: Path, whole: tuple[Path, bytes], start: Any, hold: Path, output: Path, windows: int
) -> None:
    source, expected = whole
    process = start(labels, "--input", source, "-o", output, "--workers", 2, held_at=windows)
    wait_for_windows(output, windows, process)
    dead = workers_of(process.pid)
    for worker in dead:
        os.kill(worker, signal.SIGKILL)
    hold.unlink()
    err = process.communicate()[1]
    assert (process.returncode, len(dead)) == (0, 2), err
    assert output.read_bytes() == expected


def workers_of(process: int) -> list[int]:
    with suppress(OSError):
        return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []


def test_a_window_that_kills_every_worker_ends_the_run_and_keeps_what_was_before(
    labels: Path, make_input: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_input([*ROWS[:30], {"text": "poison"}, *ROWS[31:]])
    monkeypatch.setattr("edgelm.batch.run.limits_of", lambda _: killed.LIMITS)
    answer = processes.answer

    def dying(session: Any, asked: Any, window: Window) -> Answered:
        if any(b"poison" in line.content for line in window.lines):
            killed.die()
        return answer(session, asked, window)

    monkeypatch.setattr(processes, "answer", dying)
    with pytest.raises(EdgelmError, match=r"Two workers were lost with lines 29 to 35: it died of SIGKILL"):
        run(request(labels, source, tmp_path / "out.jsonl"), lambda _: None)
    monkeypatch.setattr(processes, "answer", answer)
    before = noted(tmp_path / "out.jsonl")
    assert before >= 2
    told: list[Progress] = []
    run(request(labels, source, tmp_path / "out.jsonl"), told.append)
    assert told[0].done.rows == 7 * before
    assert [row.get("id") for row in lines(tmp_path / "out.jsonl")] == [*range(30), None, *range(31, 60)]


@pytest.mark.usefixtures("hold")
def test_ctrl_c_keeps_what_is_answered_and_says_so(
    labels: Path, whole: tuple[Path, bytes], start: Any, output: Path
) -> None:
    source, expected = whole
    process = start(labels, "--input", source, "-o", output, "--workers", 1, held_at=2)
    wait_for_windows(output, 2, process)
    process.send_signal(signal.SIGINT)
    told = process.communicate()[1].decode().splitlines()
    assert told[-1] == "edgelm: interrupted; what is answered is kept; the same command goes on there."
    assert not any("half-written" in line for line in told)
    assert process.returncode == 130
    run(request(labels, source, output), lambda _: None)
    assert output.read_bytes() == expected


@pytest.mark.parametrize("most_bytes", [10, 300, 1_000_000])
def test_a_disk_that_is_full_costs_nothing_that_was_answered(
    labels: Path, whole: tuple[Path, bytes], start: Any, tmp_path: Path, most_bytes: int
) -> None:
    """The limit is of each file; the smallest does not even take the journal's first line."""
    source, expected = whole
    output = tmp_path / "out.jsonl"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    process = start(labels, "--input", source, "-o", output, preexec_fn=limit)
    err = process.communicate()[1].decode()
    assert process.returncode == 2, err
    assert f"Cannot write {output}: File too large." in err
    if most_bytes < 1000:
        assert "Choose another --output" in err
        assert names(tmp_path) == []
    else:
        assert "What is answered is kept" in err
        assert noted(output) >= 1
    told: list[Progress] = []
    run(request(labels, source, output), told.append)
    assert (told[0].done.rows > 0) == (most_bytes > 1000)
    assert output.read_bytes() == expected
    assert names(tmp_path) == ["out.jsonl"]


# -- memory ------------------------------------------------------------------------------------------------------------


def test_memory_does_not_grow_with_the_input(labels: Path, start: Any, tmp_path: Path) -> None:
    peaks = []
    for count in (200, 3000):
        source, output = tmp_path / f"{count}.jsonl", tmp_path / f"{count}.out.jsonl"
        with source.open("w") as file:
            for number in range(count):
                file.write(json.dumps({"id": number, "text": "good", "filler": "x" * 40_000}) + "\n")
        process = start(labels, "--input", source, "-o", output, "--workers", 2, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        assert output.stat().st_size > source.stat().st_size
        peaks.append(usage.ru_maxrss / 1024)
        source.unlink()
        output.unlink()
    assert peaks[1] - peaks[0] < 20, "MiB, of an input that is 107 MiB larger"


# -- rows that cannot be answered --------------------------------------------------------------------------------------


def test_strict_ends_at_the_first_row_that_cannot_be_answered(
    labels: Path, make_input: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgelm.batch.run.limits_of", lambda _: killed.LIMITS)
    source = make_input([*ROWS[:20], "", {"txt": "a"}, *ROWS[20:], "no JSON"])
    asked = request(labels, source, tmp_path / "out.jsonl", strict=True)
    with pytest.raises(UsageError, match=r"in.jsonl:22: The row has no 'text'"):
        run(asked, lambda _: None)
    assert noted(tmp_path / "out.jsonl") == 2
    found = run(replace(asked, strict=False), lambda _: None)
    assert (found.done.rows, found.done.failed, found.done.first_failed) == (62, 2, 22)
    rows = lines(tmp_path / "out.jsonl")
    assert [row["error"]["line"] for row in rows if "error" in row] == [22, 63]
    assert [row["id"] for row in rows if "output" in row] == list(range(60))
