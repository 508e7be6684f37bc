"""A Ray cluster writes the same bytes as processes do, through kills of an actor and of the whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from edgelm.batch.run import BatchRequest, run
from edgelm.session import Question

from .running import LARGE, wait_for_windows

pytestmark = pytest.mark.slow


@pytest.fixture
def whole(labels: Path, make_input: Any, tmp_path: Path) -> tuple[Path, bytes]:
    """An input, and what this machine's processes make of it."""
    source = make_input(LARGE)
    output = tmp_path / "whole.jsonl"
    run(BatchRequest(labels, source, output, Question(""), workers=1), lambda _: None)
    return source, output.read_bytes()


def actors() -> list[int]:
    """The processes of Ray's actors on this machine."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if process.joinpath("cmdline").read_bytes().startswith(b"ray::_Actor"):
                found.append(int(process.name))
    return found


def test_two_actors_write_what_processes_write_though_one_is_killed(
    labels: Path, whole: tuple[Path, bytes], start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    source, expected = whole
    output, hold = tmp_path / "out.jsonl", tmp_path / "out.jsonl.hold"
    hold.touch()
    process = start(labels, "--input", source, "-o", output, "--engine", "ray", "--workers", 2, held_at=1)
    wait_for_windows(output, 1, process)
    found = actors()
    os.kill(found[0], signal.SIGKILL)
    hold.unlink()
    err = process.communicate()[1]
    assert (process.returncode, len(found)) == (0, 2), err
    assert output.read_bytes() == expected


def test_killed_as_a_whole_it_goes_on_with_either_engine(
    labels: Path, whole: tuple[Path, bytes], start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    source, expected = whole
    output = tmp_path / "out.jsonl"
    arguments = (labels, "--input", source, "-o", output, "--workers", 2)
    (tmp_path / "out.jsonl.hold").touch()
    for engine, windows in (("ray", 1), ("local", 3)):
        process = start(*arguments, "--engine", engine, held_at=windows)
        wait_for_windows(output, windows, process)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    process = start(*arguments, "--engine", "ray")
    err = process.communicate()[1]
    assert process.returncode == 0, err
    assert output.read_bytes() == expected


def test_a_bundle_that_cannot_be_opened_is_told_as_it_is_here(
    labels: Path, make_input: Any, start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(labels, bundle)
    (bundle / "model.onnx").write_bytes(b"")
    source, output = make_input([{"text": "good"}]), tmp_path / "out.jsonl"
    process = start(bundle, "--input", source, "-o", output, "--engine", "ray", "--workers", 1)
    err = process.communicate()[1].decode()
    assert process.returncode == 2, err
    assert err == f"edgelm: {bundle / 'model.onnx'} was changed since the export. Export it again.\n"
    assert not output.exists()
