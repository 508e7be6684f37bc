"""The page answers as Python does: same labels, places and words, and scores as near as two builds of a runtime are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgelm.bundle import Bundle

from ..demo import close
from .conftest import GIVEN, NAMES, REPORT, Page

TEXTS = [
    "the movie was good , he loves paris",
    "Él LOVES 北京 very much! 😀 她 lives in London.",
    "我爱北京，天气很好。 the weather is bad",
]
QUESTIONS = [
    ("who lives in paris?", "he works in london . she lives in paris , the film was good ."),
    ("谁在北京?", "😀 我在上海。 他 爱 北京 . " * 12),
]
SIMILAR = ["he lives in paris", "the film was boring", "我爱北京", "she loves the movie"]


def tolerance(name: str) -> float:
    """What two builds of a runtime may differ by: the last bits of float32, or a rounding to an integer more or less.

    Of the tiny models 4e-7 and 6e-6 were seen; more layers pass more on.
    """
    if name in GIVEN:
        return 5e-3
    return 1e-5 if "fp32" in name else 1e-4


@pytest.fixture(scope="module", params=[*NAMES, *GIVEN])
def opened(request: pytest.FixtureRequest, open_page: Any) -> tuple[str, Page]:
    """Each bundle's name, and the page with it open: what is tested of one bundle is tested on one page."""
    return request.param, open_page(request.param)


def classification(page: Page, name: str, python: Any) -> None:
    for text in TEXTS:
        close(page.ask(Text=text), python(name, text), tolerance(name))
    page.browser.summary(text="Add a second text")
    close(page.ask(Second_text=TEXTS[0]), python(name, TEXTS[-1], pair=TEXTS[0]), tolerance(name))


def entities(page: Page, name: str, python: Any) -> None:
    for text in TEXTS:
        expected = python(name, text)
        close(page.ask(Text=text), expected, tolerance(name))
        marks = "[...document.querySelectorAll('mark')].map((mark) => mark.firstChild.textContent)"
        assert page.browser.eval(script=marks) == [entity["word"] for entity in expected]
    page.browser.select(label="Show", value="none")
    close(page.ask(), python(name, TEXTS[-1], aggregation="none"), tolerance(name))


def spans(page: Page, name: str, python: Any) -> None:
    for question, context in QUESTIONS:
        expected = python(name, question, pair=context, top_k=3)
        close(page.ask(Question=question, Context=context), expected, tolerance(name))
        marked = page.browser.eval(script="document.querySelector('mark').firstChild.textContent")
        assert marked == expected[0]["answer"]


def similarity_search(page: Page, name: str, python: Any) -> None:
    query, field = "she lives in paris", "Sentences to search, one per line"
    found = page.ask(Search_for=query, **{field: "\n".join(SIMILAR)})
    expected = [python(name, query, pair=sentence)["similarity"] for sentence in SIMILAR]
    assert [SIMILAR[hit["index"]] for hit in found] == [hit["text"] for hit in found]
    assert [hit["score"] for hit in found] == sorted((hit["score"] for hit in found), reverse=True)
    by_place = {hit["index"]: hit["score"] for hit in found}
    assert [by_place[place] for place in range(len(SIMILAR))] == pytest.approx(expected, abs=tolerance(name))
    if name in NAMES:
        for label in ("Prompt of the search", "Prompt of the sentences"):
            page.browser.select(label=label, value="passage")
        by_place = {hit["index"]: hit["score"] for hit in page.ask()}
        other = [python(name, query, pair=sentence, prompt="passage")["similarity"] for sentence in SIMILAR]
        assert other != expected
        assert [by_place[place] for place in range(len(SIMILAR))] == pytest.approx(other, abs=tolerance(name))
    again = page.ask(**{field: "\n".join([*SIMILAR, query])})
    assert (again[0]["index"], again[0]["score"]) == (len(SIMILAR), pytest.approx(1, abs=1e-6))


ASK = {
    "text-classification": classification,
    "token-classification": entities,
    "question-answering": spans,
    "sentence-similarity": similarity_search,
}


def test_the_page_answers_as_python_does(opened: tuple[str, Page], bundles: dict[str, Path], python: Any) -> None:
    name, page = opened
    ASK[Bundle.open(bundles[name]).manifest["task"]](page, name, python)


def test_the_self_test_is_green(opened: tuple[str, Page]) -> None:
    _, page = opened
    page.browser.click(name="Self-test")
    page.browser.wait(script="document.querySelector('#report table, #error p') !== null")
    assert page.browser.text(selector="#report caption") == "Self-test: pass"
    rows = page.browser.eval(script=REPORT)
    assert rows
    for _, cases, max_error, verdict, p50 in rows:
        assert int(cases) >= 1
        assert 0 <= float(max_error) < 1
        assert verdict == "pass"
        assert float(p50.split()[0]) >= 0
    assert "all ids equal" in page.browser.text(selector="#report p")


@pytest.mark.parametrize("name", ["text-classification-tflite-int8", "text-classification-onnx-fp32"])
def test_one_thread_where_the_server_sends_no_headers(open_page: Any, python: Any, plain_site: str, name: str) -> None:
    page = open_page(name, url=plain_site)
    assert page.browser.eval(script="crossOriginIsolated") is False
    close(page.ask(Text=TEXTS[1]), python(name, TEXTS[1]), tolerance(name))
    assert "1 thread" in page.browser.text(selector="#facts")


def test_places_are_code_points(open_page: Any) -> None:
    """Python's unit, although the page works in UTF-16."""
    text = "😀😀 北京 loves 😀 paris"
    found = open_page("token-classification-onnx-fp32").ask(Text=text)
    assert found
    assert [text[entity["start"] : entity["end"]] for entity in found] == [entity["word"] for entity in found]
