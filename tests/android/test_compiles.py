"""The Gradle project's app compiles: resources (aapt2), Kotlin against Android's API 23 and the vendors' signatures."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import DEMO, FRAMEWORK, HERE

MAIN = DEMO / "app/src/main"


def run(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of R.java, which aapt2 writes of the resources and the manifest as AGP merges it."""
    folder = tmp_path_factory.mktemp("resources")
    manifest, text = folder / "AndroidManifest.xml", (MAIN / "AndroidManifest.xml").read_text()
    manifest.write_text(text.replace("<manifest ", '<manifest package="org.edgelm.demo" ', 1))
    run("aapt2", "compile", "--dir", MAIN / "res", "-o", folder / "res.zip")
    options = ["--min-sdk-version", "24", "--target-sdk-version", "36", "--java", folder / "gen"]
    run(
        "aapt2", "link", "-I", FRAMEWORK, "--manifest", manifest, *options, "-o", folder / "app.apk", folder / "res.zip"
    )
    return folder / "gen"


def test_the_app_and_its_instrumented_tests_compile(resources: Path, tools: Path, core: str, tmp_path: Path) -> None:
    android = tools / "android-23.jar"
    sources = sorted(resources.rglob("*.java")) + sorted((HERE / "stubs").rglob("*.java"))
    run("javac", "-nowarn", "-source", "8", "-target", "8", "-bootclasspath", android, "-d", tmp_path, *sources)
    path = os.pathsep.join((str(android), core, str(tmp_path)))
    options = ["-no-jdk", "-no-reflect", "-no-stdlib", "-Werror", "-jvm-target", "1.8", "-cp", path, "-d", tmp_path]
    run("kotlinc", *options, MAIN / "kotlin", DEMO / "app/src/androidTest/kotlin")
    assert (tmp_path / "org/edgelm/demo/MainActivity.class").is_file()
