"""build.mjs: a static folder with what its bundles need and nothing else, and refusals in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .conftest import NAMES, WEB


def parts(dist: Path, folder: str) -> set[str]:
    return {path.name for path in (dist / folder).iterdir()}


def test_only_the_runtime_that_the_bundle_needs(build: Any, bundles: dict[str, Path], tmp_path: Path) -> None:
    built = build(tmp_path / "dist", "--bundle", str(bundles["text-classification-onnx-int8"]))
    assert built.returncode == 0, built.stderr
    assert parts(tmp_path / "dist", "vendor") == {"onnxruntime", "NOTICE.txt"}
    (entry,) = json.loads((tmp_path / "dist/bundles/index.json").read_text())["bundles"]
    assert entry["runtime"] == "onnxruntime"
    assert entry["name"].endswith("-onnx-int8")
    assert "onnxruntime-web" in built.stdout

    tflite = str(bundles["text-classification-tflite-int8"])
    built = build(tmp_path / "dist", "--bundle", f"mine={tflite}", "--litert", "compat")
    assert built.returncode == 0, built.stderr
    assert parts(tmp_path / "dist", "vendor") == {"litert", "NOTICE.txt"}
    assert {name for name in parts(tmp_path / "dist", "vendor/litert") if name.endswith(".wasm")} == {
        "litert_wasm_compat_internal.wasm"
    }
    assert parts(tmp_path / "dist", "bundles") == {"mine", "index.json"}


def test_the_page_has_every_bundle_and_file(dist: Path, bundles: dict[str, Path]) -> None:
    index = json.loads((dist / "bundles" / "index.json").read_text())
    assert [entry["name"] for entry in index["bundles"]] == list(bundles)
    for name in NAMES:
        manifest = json.loads((dist / "bundles" / name / "edgelm.json").read_text())
        assert all((dist / "bundles" / name / file).is_file() for file in manifest["files"])


def test_no_address_of_another_server_in_the_page() -> None:
    own = [*(WEB / "app").rglob("*.js"), WEB / "index.html", WEB / "style.css"]
    assert len(own) > 10
    assert [path.name for path in own if "https:" in path.read_text() or "//cdn" in path.read_text()] == []
    assert "registry" not in (WEB / "package-lock.json").read_text()


def test_refusals(build: Any, bundles: dict[str, Path], tmp_path: Path) -> None:
    tflite = bundles["text-classification-tflite-int8"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("mine")
    (tmp_path / "coreml").mkdir()
    manifest = {"target": "coreml", "artifact": {"files": ["model.mlpackage"]}, "files": {}}
    (tmp_path / "coreml" / "edgelm.json").write_text(json.dumps(manifest))
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "edgelm.json").write_text("{}")
    cases = {
        (): "Which bundle?",
        ("--bundel=x",): "--bundel",
        (f"--bundle={tmp_path}",): "is no bundle",
        (f"--bundle={tmp_path / 'coreml'}",): "tflite and onnx",
        (f"--bundle={tmp_path / 'bad'}",): "is damaged",
        (f"--bundle={tflite}", f"--bundle={tflite}"): "name one of them",
        (f"--bundle={tflite}", "--litert", "fast"): "no build fast",
        (f"--bundle={tflite}", "--modules", str(tmp_path)): "npm ci",
        (f"--bundle={tflite}", "--out", str(tmp_path / "other")): "something else",
    }
    for arguments, words in cases.items():
        out = [] if "--out" in arguments else ["--out", str(tmp_path / "dist")]
        refused = build(tmp_path / "unused", *out, *arguments)
        assert refused.returncode == 2, arguments
        assert words in refused.stderr, arguments
        assert "at file:" not in refused.stderr, "a stack trace is no message"
    assert (tmp_path / "other" / "letter.txt").read_text() == "mine"
