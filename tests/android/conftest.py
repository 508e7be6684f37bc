"""One APK with four tiny bundles, built as ``make apk`` builds one; its code and assets then answer in Chromium.

What needs no tools of Android (resources, Gradle's files) is always collected, the rest where they are.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance.browsers import HAS_BROWSER, ROOT, Browser, npm_modules
from edgelm.bundle import Bundle
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.types import Verdict

from ..demo import answers_of, tiny_model

DEMO = ROOT / "android_demo"
HERE = Path(__file__).parent
FRAMEWORK = Path("/usr/share/android-framework-res/framework-res.apk")

_COMPILE = ("apt-get", "dpkg", "javac", "kotlinc")
_BUILD = (*_COMPILE, "aapt2", "apksigner", "dexdump", "keytool", "node", "npm", "python3", "zipalign")
CAN_COMPILE = all(shutil.which(tool) for tool in _COMPILE) and shutil.which("aapt2") is not None and FRAMEWORK.is_file()
CAN_BUILD = CAN_COMPILE and all(shutil.which(tool) for tool in _BUILD)
collect_ignore = [
    *([] if CAN_COMPILE else ["test_compiles.py"]),
    *([] if CAN_BUILD else ["test_androguard.py", "test_apk.py", "test_build.py"]),
    *([] if CAN_BUILD and HAS_BROWSER else ["test_answers.py"]),
]

BUNDLES = {
    "labels-tflite-int8": ("text-classification", "tflite", "int8"),
    "entities-onnx-fp32": ("token-classification", "onnx", "fp32"),
    "spans-tflite-fp32": ("question-answering", "tflite", "fp32"),
    "search-onnx-int8": ("sentence-similarity", "onnx", "int8"),
}
"""What the APK carries, by name: each task of these with one runtime and precision, so that both of both are there."""


def _given() -> dict[str, Path]:
    """The bundles that EDGELM_KIT_BUNDLES names, for a real model's answers out of an APK; by name, precision last."""
    found = {}
    for folder in filter(None, os.environ.get("EDGELM_KIT_BUNDLES", "").split(os.pathsep)):
        manifest = Bundle.open(Path(folder)).manifest
        if manifest["target"] in ("tflite", "android", "onnx"):
            found["-".join([*Path(folder).parts[-3:], manifest["precision"]])] = Path(folder)
    return found


GIVEN = _given()


def of(*tasks: str) -> list[str]:
    """The names of the bundles of some tasks, made here or given."""
    made = [name for name, (task, _, _) in BUNDLES.items() if task in tasks]
    return made + [name for name, folder in GIVEN.items() if Bundle.open(folder).manifest["task"] in tasks]


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder with android.jar and dx, fetched once from Debian by the repository's own script."""
    done = subprocess.run([str(DEMO / "toolchain.sh")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="session")
def core() -> str:
    """The class path of the Kotlin kit, with Kotlin's own library: where the tests of the kits build it too."""
    done = subprocess.run(
        [str(DEMO / "core/build.sh"), str(ROOT / ".cache/kits/kotlin")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="session")
def modules() -> Path:
    return npm_modules()


@pytest.fixture(scope="session")
def bundles(
    make_checkpoint: Any, make_sentence_model: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The folder of each of BUNDLES and GIVEN."""
    found = dict(GIVEN)
    for name, (task, target, precision) in BUNDLES.items():
        model = tiny_model(task, make_checkpoint, make_sentence_model)
        out = tmp_path_factory.mktemp(name)
        (report,) = export(
            Plan(ExportRequest(str(model), (target,), out, precision=precision, threads=1)), lambda *_: None
        )
        assert report.verdict is Verdict.PASS, report.checks
        found[name] = out / target
    return found


@pytest.fixture(scope="session")
def build_apk(modules: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``build_apk(*arguments, **environment)``: run build_apk.sh."""

    def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [str(DEMO / "build_apk.sh"), *map(str, arguments)]
        env = {**os.environ, "NODE_MODULES": str(modules), **environment}
        return subprocess.run(command, capture_output=True, text=True, env=env)

    return run


@dataclass
class Apk:
    """A built APK, and what its build printed."""

    path: Path
    output: str


@pytest.fixture(scope="session")
def apk(
    bundles: dict[str, Path],
    build_apk: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Apk:
    """The APK with all of BUNDLES."""
    path = tmp_path_factory.mktemp("apk") / "edgelm.apk"
    built = build_apk(*(f"{name}={folder}" for name, folder in bundles.items()), path)
    assert built.returncode == 0, built.stdout + built.stderr
    return Apk(path, built.stdout)


@pytest.fixture(scope="session")
def server(apk: Apk, core: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address at which the app's own code, on the JVM, answers for the APK: see server/Server.kt."""
    classes = tmp_path_factory.mktemp("server")
    sources = [DEMO / f"webview/src/org/edgelm/web/{name}.kt" for name in ("Site", "Core")] + [
        HERE / "server/Server.kt"
    ]
    command = ["kotlinc", "-jvm-target", "1.8", "-cp", core, "-d", str(classes), *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    start = ["java", "-cp", f"{classes}{os.pathsep}{core}", "org.edgelm.web.server.ServerKt", str(apk.path)]
    process = subprocess.Popen(start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.stdin.close()
    process.wait(30)


class Phone(Browser):
    """Headless Chromium as a phone, on the page of an APK; its operations are those of phone.mjs."""

    def open(self, bundle: str, *, core: bool) -> None:
        """The app's page in a fresh profile with a bundle open and ready; ``core``: with the app's interface."""
        self.goto(bundle=bundle, core=core)
        is_open = f"document.querySelector('#bundle').value === {json.dumps(bundle)}"
        is_ready = f"{is_open} && document.querySelector('#run').getAttribute('aria-disabled') === 'false'"
        self.wait(script=f"({is_ready}) || document.querySelector('#error').textContent !== ''")
        error = self.eval(script="document.querySelector('#error').textContent")
        assert not error, error


@pytest.fixture(scope="session")
def phone(modules: Path, server: str) -> Iterator[Phone]:
    opened = Phone(HERE / "phone.mjs", modules, server)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def python(bundles: dict[str, Path]) -> Callable[..., Any]:
    """``python(name, text, ...)``: what ``Session.answer`` says, as JSON gives it back."""
    return answers_of(bundles)
