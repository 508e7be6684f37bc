"""The wheel and the sdist carry the kits; `edgelm app` from an installed wheel gives what a checkout gives."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from edgelm import kits
from edgelm.apps import Made

from .conftest import ROOT

MOST_MEGABYTES = 3.0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout."""
    return built("wheel", tmp_path_factory.mktemp("wheel"))


def built(kind: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(path for path in folder.iterdir() if path.is_file())


def sources() -> set[str]:
    return {f"{kit}/{name}" for kit in kits.KITS for name in kits.files(ROOT / kit)} | {"LICENSE"}


def test_the_wheel_carries_the_kits_sources_and_stays_small(wheel: Path) -> None:
    inside = f"edgelm/{kits.CARRIED}/"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        script = archive.getinfo(f"{inside}android_demo/gradlew")
    assert script.external_attr >> 16 & 0o111  # so pip makes it executable
    assert {name.removeprefix(inside) for name in names if name.startswith(inside)} == sources()
    assert wheel.stat().st_size < MOST_MEGABYTES * 1e6


def test_the_sdist_carries_them_where_the_repository_has_them(tmp_path: Path) -> None:
    with tarfile.open(built("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert sources() | {"hatch_build.py", "pyproject.toml"} <= names
    assert not [name for name in names if {"node_modules", ".cache"} & set(name.split("/"))]


def test_an_installed_wheel_makes_the_same_project(
    wheel: Path, project: Callable[..., Made], bundles: Path, tmp_path: Path
) -> None:
    python = installed(wheel, tmp_path / "venv")
    out = tmp_path / "out"
    command = [python, "-I", "-m", "edgelm", "app", "web", f"tagger={bundles / 'tflite'}", "-o", out]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    here = project("web").request.output
    assert digests(out) == digests(here)
    where = subprocess.run(
        [python, "-I", "-c", "import edgelm; print(edgelm.__file__)"], capture_output=True, text=True
    )
    assert Path(where.stdout.strip()).is_relative_to(tmp_path / "venv")


def installed(wheel: Path, folder: Path) -> Path:
    """A fresh environment's Python with the wheel; what it depends on comes from this environment, behind it."""
    venv.create(folder, with_pip=False)
    site = folder / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "python"


def digests(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
