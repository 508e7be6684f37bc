"""The benchmark, and what the page does with too much: a long text never freezes it."""

from __future__ import annotations

from typing import Any

from .conftest import REPORT


def test_benchmark_says_what_it_measured_on(open_page: Any) -> None:
    page = open_page("question-answering-tflite-int8")
    page.browser.click(name="Benchmark")
    page.browser.wait(script="document.querySelector('#report table') !== null")
    rows = {row[0]: row[1:] for row in page.browser.eval(script=REPORT)}
    assert list(rows) == ["Text to answer", "Model alone"]
    assert all(figure.endswith(" ms") for figures in rows.values() for figure in figures)
    machine = page.browser.text(selector=".machine")
    assert "WebAssembly on the CPU" in machine
    assert "Chrom" in machine
    assert "logical core" in machine


def ticks(page: Any) -> None:
    """Counts the page's own timer from now on: one that freezes does not tick."""
    page.browser.eval(script="globalThis.longest = 0; globalThis.last = performance.now(); null")
    script = """
        setInterval(() => {
          const now = performance.now();
          globalThis.longest = Math.max(globalThis.longest, now - globalThis.last);
          globalThis.last = now;
        }, 10); null
    """
    page.browser.eval(script=script)


def test_a_million_characters_are_read_in_the_worker(open_page: Any, python: Any) -> None:
    name = "text-classification-onnx-fp32"
    text = "the movie was good , 我爱北京 " * 50_000
    page = open_page(name)
    page.browser.check(label="Cut a text that is too long")
    page.browser.eval(script=f"document.querySelector('#field-text').value = {text[:20]!r}.repeat(50000); null")
    ticks(page)
    page.browser.click(name="Answer")
    answer = page.answered()
    assert answer[0]["label"] == python(name, text[:20] * 50_000, truncate=True)[0]["label"]
    assert page.browser.eval(script="globalThis.longest") < 1000


def test_a_long_run_can_be_stopped(open_page: Any) -> None:
    name = "question-answering-tflite-fp32"
    page = open_page(name)
    long = "document.querySelector('#field-pair').value = 'she lives in paris . '.repeat(100000); null"
    page.browser.eval(script=long)
    page.browser.click(name="Answer")
    page.browser.click(name="Stop")
    page.browser.wait(script="document.querySelector('#run').getAttribute('aria-disabled') === 'false'")
    assert page.browser.eval(script="document.querySelector('#stop').hidden")
    assert page.ask(Context="she lives in paris")
