"""Each kit answers with the real model as `edgelm run` does, and its self-test tells a good bundle from a bad one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance import answer_bundles
from conformance.comparison import first_difference, same
from conformance.driver import Driver, KitError
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.session import Question, Session
from edgelm.types import Verdict

ENGLISH = "The movie was great, not boring: he lives in Paris and loves London!"
CHINESE = "我在北京，她在上海。中国的天气很好，我不喜欢电影！"
LONG = "He lives in Paris and loves London, Łódź and İstanbul. " * 6
Asked = dict[str, Any]
QUESTIONS: Mapping[str, tuple[Asked, ...]] = {
    "text-classification": (
        {"text": ENGLISH},
        {"text": CHINESE, "pair": ENGLISH, "top_k": 1, "truncate": True},
    ),
    "token-classification": (
        *({"text": ENGLISH, "aggregation": how} for how in ("none", "simple", "first", "average", "max")),
        {"text": CHINESE},
        {"text": LONG, "truncate": True},
    ),
    "intent-and-slots": ({"text": ENGLISH}, {"text": CHINESE}),
    "question-answering": (
        {"text": "where?", "pair": ENGLISH},
        {"text": "where does he live?", "pair": LONG, "top_k": 3},
    ),
    "multiple-choice": ({"text": ENGLISH, "choices": ["yes", "不", CHINESE], "top_k": 2},),
    "fill-mask": ({"text": "the {mask} was good"}, {"text": "the {mask} was {mask}", "top_k": 3}),
    "feature-extraction": ({"text": "the movie"}, {"text": "a", "pair": "我"}),
    "sentence-similarity": ({"text": ENGLISH}, {"text": ENGLISH, "pair": CHINESE}),
}
RANKED: Asked = {"text": "who?", "choices": [ENGLISH, "x", CHINESE]}


def questions(session: Session) -> list[Asked]:
    """The task's questions, with the bundle's own mask."""
    mask = session.tokenizer.special_tokens.get("mask", "")
    asked = [{**one, "text": one["text"].replace("{mask}", mask)} for one in QUESTIONS[session.manifest["task"]]]
    is_reranker = session.manifest["task"] == "text-classification" and len(session.manifest["labels"]) == 1
    return [*asked, *([RANKED] if is_reranker else [])]


def assert_answers(driver: Driver, session: Session, asked: Asked) -> None:
    """The kit's answer is Python's: labels and spans equal, scores within 1e-6."""
    given = {key: tuple(value) if key == "choices" else value for key, value in asked.items()}
    wanted = json.loads(json.dumps(session.answer(Question(**given))))
    found = driver.ok("answer", question=asked, runner=session.runner)
    assert same(found, wanted), first_difference(found, wanted)


@pytest.mark.parametrize("name", answer_bundles.SPECS)
def test_answers_are_pythons(
    driver: Driver, bundle: Callable[[str], Path], session: Callable[[str], Session], name: str
) -> None:
    own = session(name)
    opened = driver.ok("bundle", path=str(bundle(name)))
    assert opened == {"task": own.manifest["task"], "precision": "fp32"}
    for asked in questions(own):
        assert_answers(driver, own, asked)


@pytest.fixture(scope="module")
def fixed(conformance_slice: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A tagger as a TFLite file with three lengths, each a signature."""
    folder = tmp_path_factory.mktemp("fixed")
    spec = answer_bundles.SPECS["tagger"]
    tokenizer = conformance_slice / "tokenizers" / spec.tokenizer / "tokenizer.json"
    answer_bundles.write_checkpoint(folder / "model", spec, tokenizer, seed=5)
    plan = Plan(ExportRequest(str(folder / "model"), ("tflite",), folder, threads=1, lengths=(16, 32, 64)))
    (report,) = export(plan, lambda *_: None)
    assert report.verdict is Verdict.PASS, report.checks
    return Session.open(folder / "tflite", threads=1)


def test_fixed_lengths(driver: Driver, fixed: Session) -> None:
    driver.ok("bundle", path=str(fixed.bundle.path))
    for asked in QUESTIONS["token-classification"]:
        assert_answers(driver, fixed, asked)
    report = driver.ok("selftest", repeat=1, runner=fixed.runner)
    assert report["verdict"] == "pass"


# -- the self-test -----------------------------------------------------------------------------------------------------


def altered(bundle: Path, folder: Path, change: Callable[[Path], None]) -> Path:
    """A copy of a bundle, changed and signed again."""
    place = folder / "bundle"
    shutil.copytree(bundle, place)
    change(place)
    answer_bundles.resign(place)
    return place


def golden(bundle: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((bundle / "golden" / "golden.json").read_text("utf-8"))
    return content


def selftest(driver: Driver, path: Path, session: Session) -> dict[str, Any]:
    driver.ok("bundle", path=str(path))
    report: dict[str, Any] = driver.ok("selftest", repeat=2, runner=session.runner)
    return report


@pytest.mark.parametrize("name", ["classifier", "tagger-pieces", "answers", "similarity"])
def test_a_good_bundle_passes(
    driver: Driver, bundle: Callable[[str], Path], session: Callable[[str], Session], name: str
) -> None:
    report = selftest(driver, bundle(name), session(name))
    assert (report["verdict"], report["tokenizerMismatches"]) == ("pass", 0)
    count = sum(signature["cases"] for signature in report["signatures"])
    assert count == len(golden(bundle(name))["cases"]) > 0
    for signature in report["signatures"]:
        assert signature["verdict"] == "pass"
        assert 0 <= signature["maxAbsError"] < 1e-3
        assert signature["p50Ms"] >= 0


def test_an_altered_output_fails(
    driver: Driver, bundle: Callable[[str], Path], session: Callable[[str], Session], tmp_path: Path
) -> None:
    def change(place: Path) -> None:
        file = place / "golden" / golden(place)["cases"][1]["outputs"]["logits"]["file"]
        values = np.fromfile(file, "<f4")
        values[0] += 0.5
        values.tofile(file)

    report = selftest(driver, altered(bundle("classifier"), tmp_path, change), session("classifier"))
    assert report["verdict"] == "fail"
    assert max(signature["maxAbsError"] for signature in report["signatures"]) == pytest.approx(0.5, abs=1e-3)


def test_a_model_that_gives_no_numbers_fails(
    driver: Driver, bundle: Callable[[str], Path], session: Callable[[str], Session]
) -> None:
    def broken(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: np.full_like(array, np.nan) for name, array in session("classifier").runner(dict(inputs)).items()}

    driver.ok("bundle", path=str(bundle("classifier")))
    assert driver.ok("selftest", repeat=1, runner=broken)["verdict"] == "fail"


def test_a_text_that_gives_other_ids_is_counted(
    driver: Driver, bundle: Callable[[str], Path], session: Callable[[str], Session], tmp_path: Path
) -> None:
    def change(place: Path) -> None:
        content = golden(place)
        content["cases"][0]["texts"][0] = "Goodbye there."
        (place / "golden" / "golden.json").write_text(json.dumps(content), "utf-8")

    report = selftest(driver, altered(bundle("classifier"), tmp_path, change), session("classifier"))
    assert (report["verdict"], report["tokenizerMismatches"]) == ("fail", 1)


def without_cases(place: Path) -> None:
    (place / "golden" / "golden.json").write_text(json.dumps({**golden(place), "cases": []}), "utf-8")


def without_golden(place: Path) -> None:
    shutil.rmtree(place / "golden")


@pytest.mark.parametrize("change", [without_cases, without_golden])
def test_nothing_compared_is_unmeasured(
    driver: Driver,
    bundle: Callable[[str], Path],
    session: Callable[[str], Session],
    tmp_path: Path,
    change: Callable[[Path], None],
) -> None:
    report = selftest(driver, altered(bundle("classifier"), tmp_path, change), session("classifier"))
    assert report["verdict"] == "unmeasured"


@pytest.mark.parametrize("shape", [(1, 2), (3,), (1, 3, 1), (0,)])
def test_a_model_of_another_shape_is_a_typed_error(
    driver: Driver, bundle: Callable[[str], Path], shape: tuple[int, ...]
) -> None:
    """Or no error, where the shape does not matter; never the end of the process."""
    driver.ok("bundle", path=str(bundle("tagger")))
    reply = driver.ask("answer", question={"text": "a b"}, runner=lambda _: {"logits": np.zeros(shape, np.float32)})
    assert "ok" in reply or reply["error"]["type"] in ("BundleError", "UnsupportedError", "InputError")
    assert driver.ok("bundle", path=str(bundle("tagger")))["task"] == "token-classification"


def test_a_model_without_its_output_is_a_typed_error(driver: Driver, bundle: Callable[[str], Path]) -> None:
    driver.ok("bundle", path=str(bundle("tagger")))
    with pytest.raises(KitError) as raised:
        driver.ok("answer", question={"text": "a b"}, runner=lambda _: {})
    assert raised.value.type in ("BundleError", "UnsupportedError")
