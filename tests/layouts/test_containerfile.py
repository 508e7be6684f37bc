"""The Containerfile by hadolint, which knows what images should not do."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest


def hadolint(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["hadolint", path], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("target", ["onnx", "cpu-server", "tflite"])
def test_hadolint_finds_nothing(lay_out: Any, tmp_path: Path, target: str) -> None:
    path = lay_out("container", target) / "Containerfile"
    done = hadolint(path)
    assert (done.returncode, done.stdout) == (0, "")
    careless = tmp_path / "Containerfile"
    careless.write_text(path.read_text("utf-8").replace("--no-cache-dir", ""), "utf-8")
    assert "DL3042" in hadolint(careless).stdout
