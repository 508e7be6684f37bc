"""What the tests of this room share: inputs of many windows, and how far a run has come."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

LIMIT_S = 60.0
WORDS = ("good", "bad", "the movie", "not boring at all , really", "北京 很 好")
ROWS = [{"id": i, "text": " ".join(WORDS[j % 5] for j in range(i, i + i % 9 + 1))} for i in range(60)]
LARGE = [{**row, "filler": "x" * 20_000} for row in ROWS * 3]
"""About thirteen rows a window of the usual size."""


def noted(output: Path) -> int:
    """The windows that an output's journal counts; -1 without one."""
    journal = output.with_name(f"{output.name}.journal")
    return journal.read_bytes().count(b"\n") - 1 if journal.exists() else -1


def wait_for_windows(output: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    """Until the output's journal counts so many."""
    until = time.monotonic() + LIMIT_S
    while noted(output) < count:
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
