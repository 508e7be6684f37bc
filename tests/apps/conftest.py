"""Tiny bundles of every format, and projects made with them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgelm.apps import APPS, AppRequest, Made, make
from edgelm.cli import main

ROOT = Path(__file__).parents[2]
MODULES = ROOT / ".cache" / "web" / "node_modules"
"""npm's packages as web_demo's lock file has them, where its own tests install them."""
SWIFT_CHROOT = Path(os.environ.get("EDGELM_SWIFT_CHROOT", "/opt/trixie"))
FRAMEWORK = Path("/usr/share/android-framework-res/framework-res.apk")
# What builds the projects, by the file that tests it; left out where it is not installed.
_NEEDED = {
    "test_android_build.py": all(map(shutil.which, ("aapt2", "java", "kotlinc"))) and FRAMEWORK.is_file(),
    "test_ios_build.py": shutil.which("swift") is not None or (SWIFT_CHROOT / "usr/bin/swift").is_symlink(),
    "test_web_build.py": bool(shutil.which("node") and shutil.which("npm")) and MODULES.is_dir(),
    "test_wheel.py": importlib.util.find_spec("hatchling") is not None,
}
collect_ignore = [name for name, is_there in _NEEDED.items() if not is_there]


@pytest.fixture(scope="session")
def bundles(make_checkpoint: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the bundles onnx, tflite and coreml of a tiny tagger."""
    out = tmp_path_factory.mktemp("bundles")
    model = str(make_checkpoint("bert", "token-classification"))
    targets = [word for target in ("onnx", "tflite", "coreml") for word in ("-t", target)]
    assert main(["export", model, *targets, "-o", str(out)]) == 0
    return out


def bundle_for(app: str, bundles: Path) -> Path:
    """One that the app runs."""
    return bundles / APPS[app].formats[0]


@dataclass(frozen=True)
class KotlinKit:
    """A generated Android project, and the class path of the kit that was compiled from it."""

    project: Path
    class_path: str


@pytest.fixture(scope="session")
def kotlin_kit(bundles: Path, tmp_path_factory: pytest.TempPathFactory) -> KotlinKit:
    """Compiled by the project's own script: minutes on a busy machine."""
    place = tmp_path_factory.mktemp("kotlin")
    made = make(AppRequest(APPS["android"], (f"tagger={bundle_for('android', bundles)}",), place / "project"))
    script = made.request.output / "core/build.sh"
    done = subprocess.run([str(script), str(place / "jars")], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return KotlinKit(made.request.output, done.stdout.strip().splitlines()[-1])


@pytest.fixture
def project(bundles: Path, tmp_path: Path) -> Callable[..., Made]:
    """``project("web", name=...)``: made in ``tmp_path``/web with the bundle ``tagger``."""

    def made(app: str, *more: str, **settings: str) -> Made:
        arguments = (f"tagger={bundle_for(app, bundles)}", *more)
        return make(AppRequest(APPS[app], arguments, tmp_path / app, **settings))

    return made
