"""A phone that is a folder, and bundles to run on it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgelm import environments
from edgelm.bench.selftest import COMPILER
from edgelm.cli import main
from edgelm_targets import arm64_setup

_FAKE = Path(__file__).with_name("fake_adb.py")
_CPU = "cortex-a76"
# The phone's programs are built by the cross compiler, and run by qemu with the libraries of the ARM set-up.
collect_ignore = (
    ["test_replay.py"] if arm64_setup.missing(arm64_setup.RUNTIMES) or shutil.which(COMPILER) is None else []
)


class FakePhone:
    """A folder that stands for a phone; see fake_adb.py."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.state: dict[str, Any] = {"devices": {"R5CT": "device"}, "qemu": "false"}
        self.properties = {
            "ro.product.manufacturer": "Fake",
            "ro.product.model": "Folder 2",
            "ro.product.cpu.abilist": "arm64-v8a,armeabi-v7a",
            "ro.product.cpu.abi": "arm64-v8a",
            "ro.soc.model": "FS-1",
            "ro.build.version.release": "15",
        }
        (folder / "bin").mkdir(parents=True)
        self.root.mkdir()
        self.update()

    def update(self, **state: Any) -> None:
        """Write the phone down, changed so."""
        self.state |= state
        (self.folder / "phone.json").write_text(json.dumps(self.state), "utf-8")
        cases = "\n".join(f"{name}) echo '{value}';;" for name, value in self.properties.items())
        self.tool("getprop", f'case "$1" in\n{cases}\nesac')

    def tool(self, name: str, script: str) -> None:
        """A command of the phone."""
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        path.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """Every call of adb so far."""
        path = self.folder / "calls.txt"
        return path.read_text("utf-8").splitlines() if path.exists() else []


@pytest.fixture
def phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePhone:
    """A phone that answers, and before all else on the PATH an adb that reaches it."""
    found = FakePhone(tmp_path / "phone")
    adb = tmp_path / "bin" / "adb"
    adb.parent.mkdir()
    adb.write_text(f'#!/bin/sh\nexec {sys.executable} -I {_FAKE} "$@"\n', "utf-8")
    adb.chmod(0o755)
    monkeypatch.setenv("FAKE_PHONE", str(found.folder))
    monkeypatch.setenv("PATH", str(adb.parent), prepend=":")
    return found


@pytest.fixture
def arm_phone(phone: FakePhone) -> FakePhone:
    """A phone on which what was copied runs: under qemu, which finds an ARM /proc/cpuinfo and no system."""
    set_up = environments.cache() / "arm64"
    prefix = phone.folder / "prefix"
    for name in ("proc", "sys"):
        shutil.copytree(set_up / _CPU / name, prefix / name)
    phone.update(qemu=f"{set_up / 'qemu'} -cpu {_CPU} -L {prefix}")
    return phone


@pytest.fixture(scope="session")
def exported(make_checkpoint: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with bundles of a tiny tagger: onnx, tflite, and in fixed/ tflite of the lengths 16 and 64."""
    out = tmp_path_factory.mktemp("adb")
    model = str(make_checkpoint("bert", "token-classification"))
    assert main(["export", model, "-t", "onnx", "-t", "tflite", "-o", str(out)]) == 0
    assert main(["export", model, "-t", "tflite", "--lengths", "16,64", "-o", str(out / "fixed")]) == 0
    return out
