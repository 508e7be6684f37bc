"""Environments of other versions, made from wheels of a made-up distribution: whole or not at all, once, and reused."""

from __future__ import annotations

import importlib.metadata
import os
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from edgelm import environments
from edgelm.environments import Wanted
from edgelm.errors import ToolchainError

NAME = "made-up-runtime"
OWN = f"3.{sys.version_info.minor}"
PLACE = f"{NAME}-1.0.0-py{OWN}"
INSTALL = f"""
import sys
from edgelm import environments
wanted = environments.Wanted({NAME!r}, "1.0.0", imports=("made_up_runtime",))
print(environments.install(wanted, lambda step: print(step, flush=True)).python)
"""


def write_wheel(folder: Path, version: str, tag: str = "py3-none-any", source: str = "", name: str = NAME) -> None:
    """A wheel of one module."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{module}-{version}-{tag}.whl", "w") as wheel:
        wheel.writestr(f"{module}.py", source)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place pip gets anything from; 1.0.0 is there."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    write_wheel(folder, "1.0.0")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setattr(environments, "_MINORS", range(9, 7, -1))  # each is a start of pip
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; the folder of its environments."""
    monkeypatch.setenv("EDGELM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "runtimes"


def wanted(version: str = "1.0.0", *, name: str = NAME, imports: tuple[str, ...] = ("made_up_runtime",)) -> Wanted:
    return Wanted(name, version, imports=imports)


def left(cache: Path) -> list[str]:
    """What is in the cache but locks."""
    return [path.name for path in cache.iterdir() if path.suffix != ".lock"] if cache.exists() else []


def start() -> subprocess.Popen[str]:
    """Another process that makes the environment; it prints each step and at last the Python of what it got."""
    return subprocess.Popen([sys.executable, "-c", INSTALL], stdout=subprocess.PIPE, text=True)


def test_made_once_and_found_again(wheels: Path, cache: Path) -> None:
    write_wheel(wheels, "3.0", name="made-up-telemetry")
    all_of_it = Wanted(NAME, "1.0.0", ("made-up-telemetry",), ("made-up-telemetry",), ("made_up_runtime",))
    said: list[str] = []
    assert environments.find(NAME, "1.0.0") is None
    made = environments.install(all_of_it, said.append)
    assert said == [
        f"looking up {NAME}==1.0.0",
        "making a Python environment",
        f"installing {NAME}==1.0.0 made-up-telemetry",
        f"trying {NAME}==1.0.0",
    ]
    assert left(cache) == [PLACE]
    assert made.packages[NAME] == "1.0.0"
    assert "made-up-telemetry" not in made.packages
    assert made.told(NAME) == f"{NAME} 1.0.0 on Python {OWN}, numpy missing"
    asked = subprocess.run([made.python, "-c", "import made_up_runtime, sys; print(sys.prefix)"], capture_output=True)
    assert asked.stdout.decode().strip() == str(cache / PLACE)
    (wheels / "made_up_runtime-1.0.0-py3-none-any.whl").unlink()
    assert environments.install(wanted(), said.append) == made
    assert len(said) == 4
    assert environments.find(NAME, "1.0.0") == made
    made.python.unlink()  # as when the Python it was made with is removed
    assert environments.find(NAME, "1.0.0") is None


@pytest.mark.usefixtures("wheels")
def test_two_processes_at_once_make_one(cache: Path) -> None:
    """And remove what one that was killed has left."""
    (cache / f".{PLACE}.01234567.partial" / "bin").mkdir(parents=True)
    outputs = [process.communicate(timeout=120)[0].splitlines() for process in (start(), start())]
    steps = [step for output in outputs for step in output[:-1]]
    assert steps.count("making a Python environment") == 1
    assert {output[-1] for output in outputs} == {str(cache / PLACE / "bin" / "python")}
    assert left(cache) == [PLACE]


@pytest.mark.usefixtures("wheels")
def test_an_interrupted_one_leaves_nothing_behind(cache: Path) -> None:
    process = start()
    assert process.stdout is not None
    while process.stdout.readline() != "making a Python environment\n":
        pass
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert left(cache) == []


@pytest.mark.parametrize("threads", [0, 1])
def test_interrupted_while_a_tool_is_being_started(
    threads: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The tool is known, and ended, also when the signal comes before its start has returned; to any thread."""
    started: list[subprocess.Popen[str]] = []

    class Interrupted(subprocess.Popen[str]):
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__(*arguments, **settings)
            started.append(self)
            os.kill(os.getpid(), signal.SIGINT)

    over = threading.Event()
    for _ in range(threads):
        threading.Thread(target=over.wait, daemon=True).start()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(environments.subprocess, "Popen", Interrupted)
    try:
        with pytest.raises(KeyboardInterrupt):
            environments.run([sys.executable, "-c", "import time; time.sleep(60)"], "Sleeping", directory=tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
        over.set()
    assert started[0].returncode == -signal.SIGKILL


def test_one_that_cannot_be_imported_is_not_kept(wheels: Path, cache: Path) -> None:
    write_wheel(
        wheels, "2.0.0", source="raise TypeError('Descriptors cannot be created directly.\\nMore information: x')"
    )
    with pytest.raises(ToolchainError, match="Importing made_up_runtime failed: TypeError: Descriptors") as raised:
        environments.install(wanted("2.0.0"), lambda _: None)
    assert "try another" in raised.value.hint
    assert left(cache) == []


# -- which version, which Python ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "same"), [("1.0", True), ("1", True), ("1.0.0", True), ("1.0.1", False)])
def test_versions_are_the_same_without_their_zeros(version: str, same: bool) -> None:
    assert environments._is_among(version, ["0.9", "1.0.0"]) == same


def test_a_version_that_is_not_there(wheels: Path, cache: Path) -> None:
    for version in ("1.0.1", "0.9", "2.5.0"):
        write_wheel(wheels, version)
    with pytest.raises(ToolchainError, match=r"no wheel of made-up-runtime 1\.0\.2 .* there are 1\.0\.") as raised:
        environments.install(wanted("1.0.2"), lambda _: None)
    assert "\n" not in str(raised.value)
    assert left(cache) == []


@pytest.mark.usefixtures("wheels", "cache")
def test_a_distribution_that_is_not_there() -> None:
    with pytest.raises(ToolchainError, match="pip says: No matching distribution found for nobody-s-runtime==1"):
        environments.install(wanted("1", name="nobody-s-runtime"), lambda _: None)


def test_the_python_to_install_is_named(
    wheels: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is a wheel for Python 3.8 alone; what the PATH has by that name is a shim of nothing."""
    write_wheel(wheels, "0.5", tag="cp38-none-any")
    write_tool(tmp_path / "bin" / "python3.8", "echo no such version >&2; exit 127")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(ToolchainError, match=r"0\.5 has wheels for Python 3\.8 on this machine, and none") as raised:
        environments.install(wanted("0.5"), lambda _: None)
    assert raised.value.hint == "Install one, for example: apt install python3.8-venv"
    assert left(cache) == []


def test_the_first_python_on_the_path_that_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [tmp_path / name for name in ("empty", "shim", "other", "real", "later")]
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, folders)))
    write_tool(tmp_path / "shim" / "python3.8", "exit 127")
    write_tool(tmp_path / "other" / "python3.8", "echo 9")
    write_tool(tmp_path / "real" / "python3.8", "echo 8")
    write_tool(tmp_path / "later" / "python3.8", "echo 8")
    assert environments._on_path(8) == str(tmp_path / "real" / "python3.8")
    assert environments._on_path(9) is None


def write_tool(path: Path, script: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)


# -- what is in the way ------------------------------------------------------------------------------------------------


def test_no_network(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(ToolchainError, match="pip cannot reach its index to look up made-up-runtime") as raised:
        environments.install(wanted(), lambda _: None)
    assert "network" in raised.value.hint
    assert left(cache) == []


@pytest.mark.usefixtures("wheels")
def test_a_cache_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("EDGELM_CACHE", str(tmp_path / "file"))
    with pytest.raises(ToolchainError, match="failed: Not a directory") as raised:
        environments.install(wanted(), lambda _: None)
    assert "EDGELM_CACHE" in raised.value.hint


@pytest.mark.parametrize("stamp", ["", "{", '{"schema": 0}', "[]"])
def test_a_stamp_that_says_nothing_is_no_environment(stamp: str, cache: Path) -> None:
    (cache / PLACE / "bin").mkdir(parents=True)
    (cache / PLACE / "bin" / "python").touch()
    (cache / PLACE / "edgelm.json").write_text(stamp, "utf-8")
    assert environments.find(NAME, "1.0.0") is None


def test_the_cache_is_the_user_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("EDGELM_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert environments.cache() == tmp_path / "edgelm"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert environments.cache() == Path.home() / ".cache" / "edgelm"


def test_the_running_environment_tells_its_versions() -> None:
    import numpy as np

    told = environments.current().told("ai_edge_litert", "no-such-thing")
    assert told.startswith("ai-edge-litert ")
    assert told.endswith(f", no-such-thing of unknown version on Python {OWN}, numpy {np.__version__}")


def test_the_current_environment_has_every_package() -> None:
    found = {environments.normalized(one.name): one.version for one in importlib.metadata.distributions()}
    packages = environments.current().packages
    assert dict(packages) == found
    assert len(packages) == len(found)
    assert "no-such-package" not in packages
