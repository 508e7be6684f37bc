"""The code samples of docs/apps.md: JavaScript's answers as Python does, Kotlin's compiles; Swift's needs a Mac."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edgelm.apps import APPS
from edgelm.session import Question, Session

from .conftest import MODULES, ROOT, KotlinKit

DOCS = ROOT / "docs" / "apps.md"
TEXT = "He loves Beijing."
ASK = """
import {{ ask }} from "./sample.js";
console.log(JSON.stringify(await ask({url}, {text})));
"""
KOTLIN = """
package org.edgelm.demo

import android.content.res.AssetManager
import java.io.Closeable
import org.edgelm.core.*

interface ModelRunner : Runner, Closeable

"""


def sample(language: str) -> str:
    """The code block after its mark."""
    found = re.search(rf"<!-- sample: {language} -->\n```\w+\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def address(bundles: Path) -> Iterator[str]:
    """Where the onnx bundle is served."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(bundles / "onnx"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


if shutil.which("node") and MODULES.is_dir():

    def test_the_javascript_sample_answers_as_python_does(address: str, bundles: Path, tmp_path: Path) -> None:
        modules = tmp_path / "node_modules"
        modules.mkdir()
        for name in ("onnxruntime-web", "onnxruntime-common"):
            (modules / name).symlink_to(MODULES / name)
        (modules / "edgelm").symlink_to(ROOT / "web_demo" / "edgelm")
        (tmp_path / "package.json").write_text('{"type": "module"}')
        (tmp_path / "sample.js").write_text(sample("javascript"))
        (tmp_path / "ask.js").write_text(ASK.format(url=json.dumps(address), text=json.dumps(TEXT)))
        done = subprocess.run(["node", "ask.js"], cwd=tmp_path, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout.splitlines()[-1])
        wanted = Session.open(bundles / "onnx", 1).answer(Question(TEXT))
        assert [(one["word"], one["start"], one["end"]) for one in found] == [
            (one["word"], one["start"], one["end"]) for one in wanted
        ]
        assert [one["score"] for one in found] == pytest.approx([one["score"] for one in wanted], abs=1e-5)


if shutil.which("kotlinc") and (ROOT / ".cache/android/android-23.jar").is_file():

    @pytest.mark.slow
    def test_the_kotlin_sample_compiles_with_the_files_it_names(kotlin_kit: KotlinKit, tmp_path: Path) -> None:
        def run(*command: object) -> None:
            done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr

        android = ROOT / ".cache/android/android-23.jar"
        stubs = sorted((ROOT / "tests/android/stubs").rglob("*.java"))
        run("javac", "-nowarn", "-source", "8", "-target", "8", "-bootclasspath", android, "-d", tmp_path / "c", *stubs)
        (tmp_path / "Sample.kt").write_text(KOTLIN + sample("kotlin"))
        path = os.pathsep.join((str(android), kotlin_kit.class_path, str(tmp_path / "c")))
        demo = kotlin_kit.project / "app/src/main/kotlin/org/edgelm/demo"
        sources = (demo / "AssetFiles.kt", demo / "LiteRtRunner.kt", tmp_path / "Sample.kt")
        run(
            "kotlinc",
            "-no-jdk",
            "-no-reflect",
            "-no-stdlib",
            "-jvm-target",
            "1.8",
            "-cp",
            path,
            "-d",
            tmp_path,
            *sources,
        )


def test_the_table_names_every_app_with_its_steps() -> None:
    text = DOCS.read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(APPS)
    assert "`npm ci && npm run build && npm start`" in text
    assert " && ".join(APPS["web"].steps) == "npm ci && npm run build && npm start"
