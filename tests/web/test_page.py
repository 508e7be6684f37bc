"""The page is for everyone: no request leaves it, it fits a phone, keyboard and screen reader reach all of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import TASKS, Page

CONTROLS = ("button", "textbox", "combobox", "checkbox", "link", "spinbutton", "DisclosureTriangle")
WIDTH = "document.documentElement.scrollWidth"
THEME = "document.documentElement.dataset.theme"
FOCUSED = "document.activeElement.id || document.activeElement.textContent.trim()"


def first(task: str) -> str:
    return f"{task}-tflite-int8"


def full_page(open_page: Callable[..., Any], name: str, **options: Any) -> Any:
    """The page with an answer, its JSON and a self-test's table on it."""
    page = open_page(name, **options)
    page.ask()
    page.browser.click(name="Self-test")
    page.browser.wait(script="document.querySelector('#report table') !== null")
    return page


@pytest.mark.parametrize("name", ["text-classification-tflite-int8", "question-answering-onnx-fp32"])
def test_nothing_is_asked_of_another_server(open_page: Any, site: str, name: str) -> None:
    page = full_page(open_page, name)
    log = page.browser.log()
    assert len(log["requests"]) > 20
    assert [url for url in log["requests"] if not url.startswith(site)] == []
    assert log["errors"] == []
    assert [line for line in log["console"] if "Content Security Policy" in line] == []


@pytest.mark.parametrize("name", ["text-classification-tflite-fp32", "token-classification-onnx-int8"])
def test_answers_without_a_network_once_it_is_open(open_page: Any, python: Any, name: str) -> None:
    page = open_page(name)
    page.browser.offline(on=True)
    answer = page.ask(Text="she loves paris")
    assert len(answer) == len(python(name, "she loves paris"))


def test_inline_scripts_and_eval_are_refused(open_page: Any) -> None:
    page = open_page(first("text-classification"))
    script = """
        (() => {
          const inline = document.createElement("script");
          inline.textContent = "globalThis.isInline = true";
          document.body.append(inline);
          const handler = document.createElement("button");
          handler.setAttribute("onclick", "globalThis.isInline = true");
          document.body.append(handler);
          handler.click();
          return globalThis.isInline === undefined;
        })()
    """
    assert page.browser.eval(script=script)


@pytest.fixture(scope="module", params=TASKS)
def phone(request: pytest.FixtureRequest, open_page: Any) -> tuple[str, Page]:
    """Each task, and its page on a small phone with an answer, its JSON and a self-test's table on it."""
    return request.param, full_page(open_page, first(request.param), width=360, height=740)


def test_nothing_is_wider_than_a_phone(phone: tuple[str, Page]) -> None:
    task, page = phone
    assert page.browser.eval(script=WIDTH) == 360
    label = {"question-answering": "Context", "sentence-similarity": "Search for"}.get(task, "Text")
    page.ask(**{label: f"{'a' * 150} {'好' * 20} paris"})
    page.browser.click(name="Self-test")
    page.browser.wait(script="document.querySelector('#report table') !== null")
    assert page.browser.eval(script=WIDTH) == 360


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(phone: tuple[str, Page], theme: str) -> None:
    """axe-core's rules: names, roles, order of headings, contrast (AA), scrollable regions and the rest."""
    _, page = phone
    if page.browser.eval(script=THEME) != theme:
        page.browser.click(name="Dark")
        page.browser.eval(script="new Promise((done) => setTimeout(done, 300))")  # colours change gradually
    assert page.browser.eval(script=THEME) == theme
    assert page.browser.axe() == []


def test_every_control_has_a_name(phone: tuple[str, Page]) -> None:
    _, page = phone
    tree = page.browser.tree()
    controls = [node for node in tree if node["role"] in CONTROLS]
    assert len(controls) >= 8
    assert [node for node in controls if not node["name"]] == []
    live = {node["live"] for node in tree if node["role"] in ("status", "alert")}
    assert live == {"polite", "assertive"}


def test_the_answer_is_announced(open_page: Any, python: Any) -> None:
    name = first("text-classification")
    page = open_page(name)
    page.ask(Text="the movie was good")
    best = python(name, "the movie was good")[0]
    said = page.browser.eval(script="document.querySelector('[role=status]').textContent")
    assert said.startswith(f"{best['label']}, {100 * best['score']:.1f}")


ORDER = [
    "Skip to the text",
    "theme",
    "bundle",
    "English",
    "中文",
    "field-text",
    "Add a second text",
    "option-truncate",
    "run",
    "selftest",
    "benchmark",
]


def tabbed(browser: Any, times: int) -> list[str]:
    """What has the focus after each press of Tab; each of them shows that it has it."""
    found = []
    for _ in range(times):
        browser.press(key="Tab")
        found.append(browser.eval(script=FOCUSED))
        assert browser.eval(script="getComputedStyle(document.activeElement).outlineStyle") == "solid", found
    return found


def test_by_keyboard_alone(open_page: Any, python: Any) -> None:
    """A text, its answer, the self-test and another bundle, without a pointer and without losing the focus."""
    name = first("text-classification")
    browser = open_page(name).browser
    assert tabbed(browser, len(ORDER)) == ORDER
    for _ in range(ORDER.index("benchmark") - ORDER.index("field-text")):
        browser.press(key="Shift+Tab")
    assert browser.eval(script=FOCUSED) == "field-text"

    browser.press(key="Control+A")
    browser.type(text="she loves paris")
    browser.press(key="Control+Enter")
    browser.wait(script="document.querySelector('#answer .bars') !== null")
    assert browser.eval(script=FOCUSED) == "field-text"
    assert browser.text(selector="#answer .best .bar-name") == python(name, "she loves paris")[0]["label"]

    assert tabbed(browser, 5) == ["Add a second text", "option-truncate", "run", "Answer as JSON", "selftest"]
    browser.press(key="Enter")
    browser.wait(script="document.querySelector('#report table') !== null")
    assert browser.eval(script=FOCUSED) == "selftest"

    for _ in range(ORDER.index("selftest") - ORDER.index("bundle") + 1):
        browser.press(key="Shift+Tab")
    assert browser.eval(script=FOCUSED) == "bundle"
    browser.press(key="ArrowDown")
    browser.wait(script="document.querySelector('#status').textContent.startsWith('Ready')")
    assert browser.eval(script=FOCUSED) == "bundle"
    chosen = browser.eval(script="document.querySelector('#bundle').value")
    assert chosen != name
    assert browser.eval(script="decodeURIComponent(location.hash)") == f"#{chosen}"


def test_a_theme_is_kept(open_page: Any) -> None:
    page = open_page(first("text-classification"), dark=True)
    page.browser.click(name="Dark")
    assert page.browser.eval(script=THEME) == "light"
    page.browser.reload()
    assert page.browser.eval(script=THEME) == "light"
    assert page.browser.eval(script="document.querySelector('#theme').getAttribute('aria-pressed')") == "false"
