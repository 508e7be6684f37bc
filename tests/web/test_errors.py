"""What is wrong is said in words, with what to do about it; and the page goes on."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import server

NAME = "text-classification-tflite-fp32"
ERROR = "document.querySelector('#error').textContent"


@pytest.fixture(scope="module")
def broken(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A copy of the page with one bundle to break and one that is whole, and its address."""
    folder = tmp_path_factory.mktemp("broken") / "dist"
    keep = {"broken": NAME, "whole": "text-classification-tflite-int8"}
    shutil.copytree(dist, folder, ignore=lambda path, names: names if path.endswith("/bundles") else [])
    index = json.loads((dist / "bundles" / "index.json").read_text())
    entries = {entry["name"]: entry for entry in index["bundles"]}
    for new, old in keep.items():
        shutil.copytree(dist / "bundles" / old, folder / "bundles" / new)
    index["bundles"] = [{**entries[old], "name": new} for new, old in keep.items()]
    (folder / "bundles" / "index.json").write_text(json.dumps(index))
    process, url = server(folder)
    yield folder, url
    process.terminate()
    process.wait(30)


@pytest.fixture
def bundle(broken: tuple[Path, str], dist: Path) -> Path:
    """The bundle to break, whole again."""
    folder = broken[0] / "bundles" / "broken"
    shutil.rmtree(folder)
    shutil.copytree(dist / "bundles" / NAME, folder)
    return folder


@pytest.fixture
def said(chromium: Any, broken: tuple[Path, str]) -> Callable[[], str]:
    """``said()``: what the page says when the broken bundle is opened."""

    def words() -> str:
        chromium.goto(url=f"{broken[1]}#broken")
        chromium.wait(script=f"{ERROR} || performance.getEntriesByName('edgelm-ready').length")
        return str(chromium.eval(script=ERROR))

    return words


def edit(bundle: Path, change: Callable[[dict[str, Any]], None]) -> None:
    manifest = json.loads((bundle / "edgelm.json").read_text())
    change(manifest)
    (bundle / "edgelm.json").write_text(json.dumps(manifest))


def replace(bundle: Path, name: str, content: bytes) -> None:
    """Another file under the same name, and its own digest in the manifest."""
    (bundle / name).write_bytes(content)
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    edit(bundle, lambda manifest: manifest["files"].update({name: entry}))


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "newer": (lambda b: edit(b, lambda m: m.update(schema_version=99)), "schema version 99"),
    "no key": (lambda b: edit(b, lambda m: m.pop("decode")), "decode"),
    "no manifest": (lambda b: (b / "edgelm.json").unlink(), "edgelm.json"),
    "no JSON": (lambda b: (b / "edgelm.json").write_text("{"), "edgelm.json"),
    "missing": (lambda b: (b / "tokenizer.json").unlink(), "tokenizer.json"),
    "changed": (lambda b: (b / "model.tflite").write_bytes(b"\0" * 999), "model.tflite"),
    "a tokenizer that is none": (lambda b: replace(b, "tokenizer.json", b"[1, 2]"), "tokenizer.json"),
    "a model that is none": (lambda b: replace(b, "model.tflite", b"\0" * 4096), "model"),
    "another task": (lambda b: edit(b, lambda m: m.update(task="translation")), "translation"),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_a_bad_bundle_is_refused_in_words(bundle: Path, said: Callable[[], str], chromium: Any, kind: str) -> None:
    breaks, words = BREAKS[kind]
    breaks(bundle)
    message = said()
    assert words in message
    assert "undefined" not in message
    assert "[object" not in message
    assert chromium.log()["errors"] == []
    chromium.select(label="Bundle", value="whole")
    chromium.wait(script="performance.getEntriesByName('edgelm-ready').length")
    assert chromium.eval(script=ERROR) == ""


def test_no_list_of_bundles(broken: tuple[Path, str], chromium: Any) -> None:
    index = broken[0] / "bundles" / "index.json"
    index.rename(index.with_suffix(".away"))
    chromium.goto(url=broken[1])
    chromium.wait(script=ERROR)
    index.with_suffix(".away").rename(index)
    assert "npm run build" in chromium.eval(script=ERROR)


def refusal(page: Any, **fields: str) -> str:
    with pytest.raises(AssertionError) as raised:
        page.ask(**fields)
    return str(raised.value)


def test_a_text_that_cannot_be_answered(open_page: Any) -> None:
    page = open_page(NAME)
    assert "empty" in refusal(page, Text="")
    too_long = refusal(page, Text="good " * 100)
    assert "102 tokens" in too_long
    assert "tick" in too_long
    page.browser.check(label="Cut a text that is too long")
    assert page.ask(Text="good " * 100)
    page.browser.eval(script="document.querySelector('#field-text').value = 'good \\ud800 bad'; null")
    assert "Unicode" in refusal(page)
    assert page.ask(Text="good")


def test_what_is_missing_beside_a_text(open_page: Any) -> None:
    page = open_page("question-answering-onnx-fp32")
    assert "empty" in refusal(page, Context="")
    page = open_page("sentence-similarity-onnx-fp32")
    assert "list is empty" in refusal(page, **{"Sentences to search, one per line": " \n \n"})
