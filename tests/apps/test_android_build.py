"""What of the generated Android project is built without Gradle: its resources, and its kit, which reads its bundle."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from edgelm.apps import Made
from edgelm.tokenizer import TextTokenizer

from .conftest import FRAMEWORK, KotlinKit

NAME = """Tom's "A & <b>" @ 词? \\n"""


def run(*command: object) -> str:
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_name_is_what_android_shows(project: Callable[..., Made], tmp_path: Path) -> None:
    made = project("android", name=NAME, id="org.example.reader")
    main = made.request.output / "app/src/main"
    text = (main / "AndroidManifest.xml").read_text("utf-8")
    manifest = tmp_path / "AndroidManifest.xml"  # as Gradle merges it: with the package from the build file
    manifest.write_text(text.replace("<manifest ", '<manifest package="org.example.reader" ', 1), "utf-8")
    run("aapt2", "compile", "--dir", main / "res", "-o", tmp_path / "res.zip")
    options = ("-I", FRAMEWORK, "--min-sdk-version", "23", "--target-sdk-version", "35", "--manifest", manifest)
    run("aapt2", "link", *options, "-o", tmp_path / "a.apk", tmp_path / "res.zip")
    assert "package: name='org.example.reader'" in run("aapt2", "dump", "badging", tmp_path / "a.apk")
    resources = run("aapt2", "dump", "resources", tmp_path / "a.apk")
    _, _, names = resources.partition(" string/app_name\n")
    assert names.splitlines()[:2] == [f'      () "{NAME}"', f'      (zh) "{NAME}"']


@pytest.mark.slow
def test_the_kit_is_built_from_the_project_and_reads_its_bundle(kotlin_kit: KotlinKit, bundles: Path) -> None:
    bundle = kotlin_kit.project / "app/src/main/assets/bundles/tagger"
    requests = [
        {"id": 1, "op": "bundle", "path": str(bundle)},
        {"id": 2, "op": "open", "tokenizer": str(bundle / "tokenizer.json")},
        {"id": 3, "op": "encode", "text": "我爱北京 London"},
    ]
    done = subprocess.run(
        ["java", "-cp", kotlin_kit.class_path, "org.edgelm.core.driver.DriverKt"],
        input="".join(json.dumps(request) + "\n" for request in requests),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    manifest = json.loads((bundle / "edgelm.json").read_text("utf-8"))
    assert replies[0]["ok"]["task"] == "token-classification"
    tokenizer = TextTokenizer.from_bundle(bundles / "tflite", manifest["tokenizer"])
    assert replies[2]["ok"]["ids"] == tokenizer.encode("我爱北京 London").ids
