"""The web demo in headless Chromium: tiny bundles exported here, one page built with all of them, and a browser on it.

Collected only where node, npm and Chromium are. npm's packages are installed once, into ``.cache/web``.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance.browsers import HAS_BROWSER, WEB, Browser, npm_modules
from edgelm.bundle import Bundle
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.types import Verdict

from ..demo import answers_of, tiny_model

collect_ignore_glob = [] if HAS_BROWSER else ["test_*.py"]

TASKS = ("text-classification", "token-classification", "question-answering", "sentence-similarity")
TARGETS = ("tflite", "onnx")
PRECISIONS = ("fp32", "int8")
NAMES = [f"{task}-{target}-{precision}" for task in TASKS for target in TARGETS for precision in PRECISIONS]
"""The bundles of the page, by name: these, and the folders that EDGELM_KIT_BUNDLES names."""
GIVEN = {
    "-".join(Path(folder).parts[-3:]): Path(folder)
    for folder in os.environ.get("EDGELM_KIT_BUNDLES", "").split(os.pathsep)
    if folder and Bundle.open(Path(folder)).manifest["target"] in ("tflite", "android", "onnx")
}
ROWS = "[...document.querySelectorAll('#report tbody tr')]"
REPORT = f"{ROWS}.map((row) => [...row.cells].map((cell) => cell.textContent))"
"""The cells of the table that the self-test or the benchmark made."""
PROMPTS: dict[str, Any] = {"prompts": {"query": "he : ", "passage": "she , "}, "default_prompt": "query"}


@dataclass
class Page:
    """The page with one bundle open."""

    browser: Browser

    def answered(self) -> Any:
        """The answer that stands on the page, as its JSON."""
        return self.browser.answered()

    def ask(self, **fields: str) -> Any:
        """Fill the fields by their labels, press Answer, and read the answer."""
        return self.browser.answer({label.replace("_", " "): text for label, text in fields.items()})


def server(folder: Path, *options: str) -> tuple[subprocess.Popen[str], str]:
    """web_demo's own server on a free port, and its address."""
    command = ["node", str(WEB / "serve.mjs"), str(folder), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found
    return process, found.group()


@pytest.fixture(scope="session")
def modules() -> Path:
    return npm_modules()


@pytest.fixture(scope="session")
def bundles(
    make_checkpoint: Any, make_sentence_model: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The folder of each bundle of NAMES and GIVEN."""
    found = dict(GIVEN)
    for task in TASKS:
        model = tiny_model(task, make_checkpoint, make_sentence_model)
        for precision in PRECISIONS:
            out = tmp_path_factory.mktemp(f"{task}-{precision}")
            prompts = PROMPTS if task == "sentence-similarity" else {}
            plan = Plan(ExportRequest(str(model), TARGETS, out, precision=precision, threads=1, **prompts))
            for report in export(plan, lambda *_: None):
                assert report.verdict is Verdict.PASS, report.checks
            found |= {f"{task}-{target}-{precision}": out / target for target in TARGETS}
    return found


@pytest.fixture(scope="session")
def build(modules: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``build(out, *arguments)``: run build.mjs as npm does."""

    def run(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["node", str(WEB / "build.mjs"), "--modules", str(modules), "--out", str(out), *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    return run


@pytest.fixture(scope="session")
def dist(
    bundles: dict[str, Path],
    build: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The built page with every bundle."""
    out = tmp_path_factory.mktemp("web") / "dist"
    built = build(out, *(f"--bundle={name}={folder}" for name, folder in bundles.items()))
    assert built.returncode == 0, built.stderr
    return out


@pytest.fixture(scope="session")
def site(dist: Path) -> Iterator[str]:
    """The page's address; the browser has threads there."""
    process, url = server(dist)
    yield url
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="session")
def plain_site(dist: Path) -> Iterator[str]:
    """The same page from a server that sends no COOP and COEP: one thread."""
    process, url = server(dist, "--no-isolation")
    yield url
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="session")
def chromium(modules: Path) -> Iterator[Browser]:
    browser = Browser(Path(__file__).with_name("browser.mjs"), modules)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def open_page(chromium: Browser, site: str) -> Callable[..., Page]:
    """``open_page(name, **options)``: the page in a fresh profile with that bundle open and ready."""

    def make(name: str, url: str = site, **options: Any) -> Page:
        chromium.goto(url=f"{url}#{name}", **options)
        chromium.wait(
            script="performance.getEntriesByName('edgelm-ready').length || document.querySelector('#error').textContent"
        )
        error = chromium.eval(script="document.querySelector('#error').textContent")
        assert not error, error
        return Page(chromium)

    return make


@pytest.fixture(scope="session")
def python(bundles: dict[str, Path]) -> Callable[..., Any]:
    """``python(name, text, ...)``: what ``Session.answer`` says, as JSON gives it back."""
    return answers_of(bundles)
