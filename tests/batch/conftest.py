"""Tiny bundles of every task, and what the tests of this room ask of them; Ray's tests are collected where Ray is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.types import Verdict

collect_ignore = [] if find_spec("ray") else ["test_cluster.py"]

SIZES = {"hidden_size": 64, "intermediate_size": 128}
"""Smaller matrices are not quantized."""
COMMAND = [sys.executable, "-c", "import sys; from edgelm.cli import main; sys.exit(main())", "run"]
HELD = """
import time
from edgelm.batch.journal import Output

append = Output.append

def held(self, answered):
    hold = self.path.with_name(self.path.name + ".hold")
    while self._journal.read_bytes().count(b"\\n") > {held_at} and hold.exists():
        time.sleep(0.01)
    append(self, answered)

Output.append = held
"""
"""Comes before the command's own code."""


@pytest.fixture(scope="session")
def make_bundle(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``make_bundle(checkpoint, **request)``: the folder of a fresh ONNX bundle."""

    def make(folder: Path, **request: Any) -> Path:
        out = tmp_path_factory.mktemp("bundles")
        (report,) = export(Plan(ExportRequest(str(folder), ("onnx",), out, threads=1, **request)), lambda *_: None)
        assert report.verdict is Verdict.PASS, report.checks
        return out / "onnx"

    return make


@pytest.fixture(scope="session")
def labels(make_checkpoint: Callable[..., Path], make_bundle: Callable[..., Path]) -> Path:
    """A text classifier."""
    return make_bundle(make_checkpoint("bert", "text-classification", **SIZES))


@pytest.fixture
def make_input(tmp_path: Path) -> Callable[..., Path]:
    """``make_input(rows, name="in.jsonl")``: a file of objects, or of lines as they are."""

    def make(rows: Sequence[Any], name: str = "in.jsonl") -> Path:
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="")
        return tmp_path / name

    return make


@pytest.fixture(scope="session")
def start() -> Callable[..., subprocess.Popen[bytes]]:
    """``start(*arguments, held_at=None, **options)``: `edgelm run` in a process group of its own.

    With ``held_at`` it waits, once its journal counts so many windows, for as long as there is ``<output>.hold``.
    """

    def started(*arguments: object, held_at: int | None = None, **options: Any) -> subprocess.Popen[bytes]:
        settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True, **options}
        python, flag, code, command = COMMAND
        held = "" if held_at is None else HELD.format(held_at=held_at)
        return subprocess.Popen([python, flag, held + code, command, *map(str, arguments)], **settings)

    return started


def lines(path: Path) -> list[Any]:
    """The rows of an output."""
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
