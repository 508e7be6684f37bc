"""The finished APK answers as Python does: its assets, by its own code, in Chromium at a phone's size.

What is not run here is the phone's WebView and the few lines that hand it what ``Site`` and ``Core`` say.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ..demo import close
from .conftest import BUNDLES, DEMO, GIVEN, Phone, of

ORIGIN = "https://appassets.androidplatform.net"
TEXTS = ["the movie was good , he loves paris", "Él LOVES 北京 very much! 😀 她 lives in London."]
CONTEXT = "he works in london . 😀 she lives in paris , the film was good . " * 6
SIMILAR = ["he lives in paris", "the film was boring", "我爱北京"]
ANSWERERS = {"Kotlin core": True, "JavaScript kit": False}
# The page's own kit is what tests/web is about; here it stands in for a WebView that gives no interface.
MOSTLY_THE_CORE = ["Kotlin core", pytest.param("JavaScript kit", marks=pytest.mark.slow)]


def tolerance(name: str) -> float:
    """What kernels of two builds may differ by: the last bits of float32, or a rounding to an integer more or less."""
    return 1e-5 if name.endswith("fp32") else 2e-3


@pytest.mark.parametrize("answerer", ANSWERERS)
@pytest.mark.parametrize("name", of("text-classification", "token-classification"))
def test_labels_and_entities_are_pythons(phone: Phone, python: Any, name: str, answerer: str) -> None:
    phone.open(name, core=ANSWERERS[answerer])
    assert answerer in phone.text(selector="#facts")
    for text in TEXTS:
        close(phone.answer({"Text": text}, press="tap"), python(name, text), tolerance(name))


@pytest.mark.parametrize("answerer", MOSTLY_THE_CORE)
@pytest.mark.parametrize("name", of("question-answering"))
def test_spans_are_pythons(phone: Phone, python: Any, name: str, answerer: str) -> None:
    """The context is longer than the tiny model: it is read in windows."""
    question = "who lives in paris?"
    phone.open(name, core=ANSWERERS[answerer])
    found = phone.answer({"Question": question, "Context": CONTEXT}, press="tap")
    close(found, python(name, question, pair=CONTEXT, top_k=3), tolerance(name))


@pytest.mark.parametrize("answerer", MOSTLY_THE_CORE)
@pytest.mark.parametrize("name", of("sentence-similarity"))
def test_similarities_are_pythons(phone: Phone, python: Any, name: str, answerer: str) -> None:
    query = "she lives in paris"
    phone.open(name, core=ANSWERERS[answerer])
    found = phone.answer({"Search for": query, "Sentences to search, one per line": "\n".join(SIMILAR)}, press="tap")
    expected = {text: python(name, query, pair=text)["similarity"] for text in SIMILAR}
    assert {hit["text"]: hit["score"] for hit in found} == pytest.approx(expected, abs=tolerance(name))


@pytest.mark.parametrize("answerer", MOSTLY_THE_CORE)
@pytest.mark.parametrize("name", [*BUNDLES, *GIVEN])
def test_the_self_test_passes(phone: Phone, name: str, answerer: str) -> None:
    phone.open(name, core=ANSWERERS[answerer])
    phone.tap(name="Self-test")
    phone.wait(script="document.querySelector('#report').textContent !== ''")
    report = phone.text(selector="#report")
    assert re.search(r"\bpass\b", report, re.IGNORECASE), report
    assert not re.search(r"\b(fail|unmeasured)", report, re.IGNORECASE), report


@pytest.mark.parametrize("answerer", ANSWERERS)
def test_the_page_needs_only_what_the_app_has(phone: Phone, answerer: str) -> None:
    """Nothing from elsewhere, nothing that is missing, no error, and no scrolling sideways."""
    phone.open("labels-tflite-int8", core=ANSWERERS[answerer])
    phone.answer({"Text": TEXTS[0]}, press="tap")
    log = phone.log()
    assert [reply for reply in log["replies"] if reply[0] != 200] == []
    assert all(url.startswith(ORIGIN) for _, url in log["replies"])
    assert log["errors"] == []
    assert [line for line in log["console"] if line.startswith("error")] == []
    assert phone.eval(script="document.documentElement.scrollWidth <= innerWidth")
    assert phone.eval(script="crossOriginIsolated") is False  # as in a WebView: one thread


def test_an_error_of_the_core_is_shown_in_words(phone: Phone) -> None:
    phone.open("labels-tflite-int8", core=True)
    phone.fill(label="Text", text="")
    phone.tap(name="Answer")
    phone.wait(script="document.querySelector('#error').textContent !== ''")
    assert "empty" in phone.text(selector="#error").lower()


def ask_site(server: str, url: str, method: str = "GET") -> tuple[int, Any, bytes]:
    """Status, headers and body of what the app answers to a request of its page."""
    request = urllib.request.Request(f"{server}/site?url={quote(url, safe='')}", method=method)
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, reply.headers, reply.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers, refusal.read()


@pytest.mark.parametrize(
    ("path", "type_"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html?x=1#y", "text/html; charset=utf-8"),
        ("/app/main.js", "text/javascript; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/vendor/onnxruntime/ort.wasm.min.mjs", "text/javascript; charset=utf-8"),
        ("/vendor/onnxruntime/ort-wasm-simd-threaded.wasm", "application/wasm"),
        ("/bundles/index.json", "application/json; charset=utf-8"),
        ("/bundles/labels-tflite-int8/model.tflite", "application/octet-stream"),
        ("/icon.svg", "image/svg+xml; charset=utf-8"),
    ],
)
def test_files_have_their_type_and_the_pages_policy(server: str, path: str, type_: str) -> None:
    status, headers, body = ask_site(server, ORIGIN + path)
    assert (status, headers["Content-Type"]) == (200, type_)
    assert body
    (policy,) = re.findall(r'content="(default-src[^"]*)"', (DEMO.parent / "web_demo/index.html").read_text())
    assert headers["Content-Security-Policy"] == policy


def test_the_files_are_the_bundles_own(server: str, bundles: dict[str, Path]) -> None:
    for name in ("edgelm.json", "model.tflite", "golden/golden.json"):
        _, _, body = ask_site(server, f"{ORIGIN}/bundles/labels-tflite-int8/{name}")
        assert body == (bundles["labels-tflite-int8"] / name).read_bytes()


@pytest.mark.parametrize(
    ("url", "status"),
    [
        (f"{ORIGIN}/missing.js", 404),
        (f"{ORIGIN}/app", 404),
        (f"{ORIGIN}/app/", 404),
        (f"{ORIGIN}/../classes.dex", 403),
        (f"{ORIGIN}/%2e%2e/classes.dex", 403),
        (f"{ORIGIN}/a b", 403),
        ("http://appassets.androidplatform.net/index.html", 403),
        ("https://appassets.androidplatform.net.example.org/index.html", 403),
        ("https://user@appassets.androidplatform.net/index.html", 403),
        ("https://example.org/", 403),
        ("data:text/html,x", 403),
        ("", 403),
    ],
)
def test_nothing_else_is_answered(server: str, url: str, status: int) -> None:
    assert ask_site(server, url)[0] == status


def test_files_cannot_be_written(server: str) -> None:
    assert ask_site(server, f"{ORIGIN}/index.html", "POST")[0] == 405
