"""The screens of the other tasks: fill-mask, multiple choice, ranking, intent and slots, a vector for each token.

And a model of two fixed lengths, each with a signature of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.session import Question, Session

from ..demo import SIZES
from .conftest import Page, server
from .test_answers import close, tolerance

pytestmark = pytest.mark.slow

MODELS: dict[str, dict[str, Any]] = {
    "fill-mask": {},
    "multiple-choice": {},
    "ranking": {"task": "text-classification", "num_labels": 1},
    "intent-and-slots": {},
    "feature-extraction": {},
    "fixed-lengths": {"task": "token-classification", "lengths": (16, 64)},
}
TEXT = "he lives in paris 北京"
LINES = ["a boring film", "the movie was good", "london"]
LONG = "she lives in london , he works in paris . " * 2
MASKED = "he [MASK] in paris ."


@pytest.fixture(scope="module")
def others(make_checkpoint: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By name, a tflite bundle of each of those tasks."""
    found = {}
    for name, settings in MODELS.items():
        config = {key: value for key, value in settings.items() if key not in ("task", "lengths")}
        model = make_checkpoint("bert", settings.get("task", name), **SIZES, **config)
        out = tmp_path_factory.mktemp(name)
        request = ExportRequest(
            str(model), ("tflite",), out, precision="fp32", lengths=settings.get("lengths", ()), threads=1
        )
        list(export(Plan(request), lambda *_: None))
        found[name] = out / "tflite"
    return found


@pytest.fixture(scope="module")
def their_site(others: dict[str, Path], build: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    out = tmp_path_factory.mktemp("others") / "dist"
    built = build(out, *(f"--bundle={name}-fp32={folder}" for name, folder in others.items()))
    assert built.returncode == 0, built.stderr
    process, url = server(out)
    yield url
    process.terminate()
    process.wait(30)


ASK: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "fill-mask": ({"Text": MASKED}, {"text": MASKED}),
    "multiple-choice": (
        {"Text": TEXT, "Choices, one per line": "\n".join(LINES)},
        {"text": TEXT, "choices": tuple(LINES)},
    ),
    "ranking": (
        {"Query": TEXT, "Documents, one per line": "\n".join(LINES)},
        {"text": TEXT, "choices": tuple(LINES)},
    ),
    "intent-and-slots": ({"Text": TEXT}, {"text": TEXT}),
    "feature-extraction": ({"Text": TEXT}, {"text": TEXT}),
    "fixed-lengths": ({"Text": LONG}, {"text": LONG}),
}
"""What a person writes into the fields, and the same as a question in Python."""


@pytest.mark.parametrize("name", MODELS)
def test_the_page_answers_as_python_does(open_page: Any, their_site: str, others: Any, name: str) -> None:
    page: Page = open_page(f"{name}-fp32", url=their_site)
    fields, question = ASK[name]
    expected = Session.open(others[name], threads=1).answer(Question(**question))
    close(page.ask(**fields), expected, tolerance("fp32"))
    assert page.browser.eval(script="document.querySelector('#answer').children.length") > 0
    assert page.browser.axe() == []


def test_a_mask_is_put_in_by_a_button(open_page: Any, their_site: str) -> None:
    page: Page = open_page("fill-mask-fp32", url=their_site)
    page.browser.fill(label="Text", text="he lives in ")
    page.browser.click(name="Insert [MASK]")
    answer = page.ask()
    assert len(answer) == 5
    with pytest.raises(AssertionError, match="button below the text"):
        page.ask(Text="he lives in paris")


def test_too_few_choices(open_page: Any, their_site: str) -> None:
    page: Page = open_page("multiple-choice-fp32", url=their_site)
    with pytest.raises(AssertionError, match="one choice on each line"):
        page.ask(**{"Choices, one per line": "only one"})
