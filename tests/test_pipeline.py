"""Texts, comparison, verdicts and bundles: what is tried, what counts as a failure, and where the result then lies."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelm import registry, report
from edgelm.checkpoint import open_checkpoint
from edgelm.errors import UsageError
from edgelm.families import Model
from edgelm.graph.interpreter import Interpreter
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.samples import feeds, longest_text, read_samples
from edgelm.session import Question, Session
from edgelm.tokenizer import TextTokenizer
from edgelm.types import TASKS, Array, Check, Report, Runner, Target, TensorSpec, Tolerance, Verdict
from edgelm.validate import latency, parity

NAMES = ("input_ids", "attention_mask", "token_type_ids")
EXACT = Tolerance(max_abs=1e-4, mean_abs=1e-4, min_cosine=0.999, min_sqnr_db=60, min_top1=1.0)


class Altered:
    """A target whose runtime gives other outputs, or cannot run here."""

    def __init__(self, target: Target, change: Callable[[Array], Array], unmeasured: str | None) -> None:
        self._target = target
        self._change = change
        self.unmeasured = unmeasured

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    @property
    def machines(self) -> Mapping[str, Any]:
        return {"": self}

    def load(self, bundle: Path, manifest: Mapping[str, Any], threads: int) -> Runner:
        run = self._target.load(bundle, manifest, threads)
        return lambda inputs: {name: self._change(array) for name, array in run(inputs).items()}


@pytest.fixture
def alter(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``alter(change, unmeasured=None)``: from now on the target onnx is an Altered one."""

    target = registry.target("onnx")

    def patch(change: Callable[[Array], Array], unmeasured: str | None = None) -> None:
        altered = Altered(target, change, unmeasured)
        monkeypatch.setattr(registry, "targets", lambda: {"onnx": altered})

    return patch


def run_export(folder: Path, output: Path, **request: Any) -> Report:
    (found,) = export(Plan(ExportRequest(str(folder), ("onnx",), output, threads=1, **request)), lambda *_: None)
    return found


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- samples -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tokenizer(make_checkpoint: Any) -> TextTokenizer:
    return TextTokenizer.from_folder(make_checkpoint("bert"))


def test_the_built_in_samples_are_english_and_chinese_singles_and_pairs() -> None:
    texts = read_samples(None)
    pairs = [text for text in texts if isinstance(text, tuple)]
    assert len(texts) - len(pairs) >= 10
    assert any("电" in str(text) or "桥" in str(text) for text in pairs)
    assert any(str(text).isascii() for text in pairs)


def test_samples_from_a_file(tmp_path: Path) -> None:
    plain = tmp_path / "a.txt"
    plain.write_bytes("\ufeffone\r\n\n two\u2028half \n三\n".encode())
    assert read_samples(plain) == ["one", " two\u2028half ", "三"]
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"text": "one\u2028"}\n\n{"text": "a", "pair": "b", "label": 3}\n', "utf-8")
    assert read_samples(lines) == ["one\u2028", ("a", "b")]
    plain.write_text("x\n" * 1000)
    assert len(read_samples(plain)) == 64


@pytest.mark.parametrize(
    "line", ["{", "[]", "3", "null", '"text"', "{}", '{"text": 3}', '{"text": " "}', '{"text": "a", "pair": null}']
)
def test_a_wrong_line_of_samples_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"text": "fine"}}\n\n{line}\n')
    with pytest.raises(UsageError, match=r"a\.jsonl:3 is not of the form"):
        read_samples(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "holds no text"), (b" \n\n", "holds no text"), (b"\xff\xfe", "cannot be read as UTF-8")],
)
def test_a_file_without_samples_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_samples(tmp_path / "a.txt")
    with pytest.raises(UsageError, match="cannot be read"):
        read_samples(tmp_path)


def test_feeds_are_every_text_a_padded_batch_and_full_lengths(tokenizer: TextTokenizer) -> None:
    texts = [*read_samples(None)[:4], ("谁在北京", "she is")]
    found = feeds(texts, tokenizer, NAMES, 64, "text-classification")
    assert [feed.name for feed in found] == [
        *(f"text {i}" for i in range(5)),
        "padded batch",
        "long text",
    ]
    for feed in found:
        assert {array.dtype for array in feed.arrays.values()} == {np.dtype(np.int32)}
        assert {array.shape for array in feed.arrays.values()} == {feed.arrays["input_ids"].shape}
    batch = found[5].arrays
    assert batch["input_ids"].shape[0] == 4
    assert batch["attention_mask"].min() == 0
    assert all(feed.arrays["attention_mask"].shape == (1, 64) for feed in found[6:])
    assert found[4].arrays["token_type_ids"].max() == 1


@pytest.mark.parametrize("texts", [["你"], ["a"], [("a", "b")], [("你好", "我")], ["a b"] * 3])
@pytest.mark.parametrize("task", ["fill-mask", "text-classification"])
def test_feeds_of_few_and_short_texts(tokenizer: TextTokenizer, texts: list[Any], task: str) -> None:
    found = feeds(texts, tokenizer, NAMES, 20, task)
    assert max(feed.arrays["input_ids"].shape[1] for feed in found) == 20
    if task == "fill-mask":
        mask = tokenizer.special_ids["mask"]
        assert all((feed.arrays["input_ids"] == mask).any() for feed in found)


def test_wide_outputs_and_wide_attention_shorten_the_long_texts() -> None:
    """Logits over a vocabulary of 250,000 words are a megabyte for each token, 12 heads' scores 48 bytes a pair."""
    assert longest_text(512, 4 * 250_000, 48) == 67
    assert longest_text(8192, 4, 48) == 1182
    assert longest_text(512, 4, 4 * 64) == 512
    assert longest_text(8192, 0, 0) == 8192


def test_a_mask_that_is_there_is_the_only_one(tokenizer: TextTokenizer) -> None:
    (first, *_) = feeds(["he is [MASK] in paris"], tokenizer, NAMES, 20, "fill-mask")
    assert (first.arrays["input_ids"] == tokenizer.special_ids["mask"]).sum() == 1


# -- comparison --------------------------------------------------------------------------------------------------------

LOGITS = TensorSpec("logits", "float32", ("batch", "length", 3))


def verdicts(reference: Array, actual: Array, mask: Array, tolerance: Tolerance = EXACT) -> dict[str, Verdict]:
    checks = parity.compare([{"logits": reference}], [{"logits": actual}], [mask], [LOGITS], tolerance, "it")
    return {check.name.removeprefix("logits vs it: "): check.verdict for check in checks}


def test_equal_outputs_pass_everywhere() -> None:
    values = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    assert set(verdicts(values, values, np.ones((2, 5), np.int32)).values()) == {Verdict.PASS}
    assert set(verdicts(0 * values, 0 * values, np.ones((2, 5), np.int32)).values()) == {Verdict.PASS}


def test_only_real_tokens_count() -> None:
    values = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    mask = np.asarray([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]], np.int32)
    other = values.copy()
    other[1, 2:] = np.nan
    assert set(verdicts(values, other, mask).values()) == {Verdict.PASS}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("place", [(0, 0, 0), (1, 4, 2)])
def test_one_wrong_value_fails_even_without_limits(wrong: float, place: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    other = values.copy()
    other[place] = wrong
    mask = np.ones((2, 5), np.int32)
    assert Verdict.FAIL in verdicts(values, other, mask).values()
    if not np.isfinite(wrong):
        assert verdicts(values, other, mask, Tolerance())["cosine, worst"] is Verdict.FAIL


def test_outputs_of_another_shape_or_name_fail() -> None:
    values, mask = np.ones((2, 5, 3), np.float32), np.ones((2, 5), np.int32)
    for other in (values[:, :4], values[..., :2], values[:1]):
        assert verdicts(values, other, mask, Tolerance())["max abs"] is Verdict.FAIL
    missing = parity.compare([{"logits": values}], [{"scores": values}], [mask], [LOGITS], Tolerance(), "it")
    assert {check.verdict for check in missing} == {Verdict.FAIL}


def test_limits_grow_with_the_size_of_the_outputs() -> None:
    values = np.full((1, 1, 3), 100, np.float32)
    assert verdicts(values, values + 5e-3, np.ones((1, 1), np.int32))["max abs"] is Verdict.PASS
    assert verdicts(values, values + 5e-2, np.ones((1, 1), np.int32))["max abs"] is Verdict.FAIL


def test_a_tie_is_no_disagreement() -> None:
    """With 30,000 logits for each of 512 tokens, round-off swaps some pair; a clear best must stay the best."""
    mask = np.ones((1, 1), np.int32)
    tie = np.asarray([[[1.0, 1.0 - 2e-7, 0.0]]], np.float32)
    assert verdicts(tie, tie[..., [1, 0, 2]], mask)["top-1"] is Verdict.PASS
    clear = np.asarray([[[1.0, 0.9, 0.0]]], np.float32)
    assert verdicts(clear, clear[..., [1, 0, 2]], mask)["top-1"] is Verdict.FAIL


def test_the_noise_ratio_is_that_of_its_definition() -> None:
    difference = parity.Difference()
    difference.add(np.asarray([3.0, 4.0]), np.asarray([3.0, 4.5]))
    assert difference.sqnr_db == pytest.approx(10 * math.log10(25 / 0.25))
    assert (difference.max_abs, difference.mean_abs) == (0.5, 0.25)
    assert difference.cosines == [pytest.approx((9 + 18) / (5 * math.hypot(3, 4.5)))]


# -- verdicts ----------------------------------------------------------------------------------------------------------


def a_report(*checks: Check) -> Report:
    return Report("onnx", "m", "text-classification", "fp32", "fp32", "out/onnx", checks)


PASSED = Check.at_most("parity", "a", 1.0, 2.0)
WRONG = Check.at_most("parity", "a", 3.0, 2.0)
SLOW = Check.at_most("latency", "b", 3.0, 2.0, "ms")
UNKNOWN = Check.unmeasured("parity", "c", "no Mac")


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        ((PASSED,), 0),
        ((PASSED, WRONG, SLOW, UNKNOWN), 5),
        ((Check.at_least("invariance", "a", 0.0, 1.0), SLOW), 5),
        ((PASSED, SLOW, UNKNOWN), 6),
        ((PASSED, UNKNOWN), 7),
        ((Check.at_most("parity", "a", math.nan, None),), 5),
        ((Check.at_least("parity", "a", math.nan, None),), 5),
        ((Check.at_most("size", "a", math.inf, None),), 0),
    ],
)
def test_exit_codes(checks: tuple[Check, ...], code: int) -> None:
    assert report.exit_code([a_report(PASSED), a_report(*checks)]) == code
    assert report.exit_code([a_report(*checks)], allow_unmeasured=True) == (0 if code == 7 else code)


def test_verdicts() -> None:
    assert a_report().verdict is Verdict.UNMEASURED
    assert a_report(PASSED, UNKNOWN).verdict is Verdict.UNMEASURED
    assert a_report(UNKNOWN, WRONG).verdict is Verdict.FAIL


@given(st.floats(), st.none() | st.floats(allow_nan=False))
def test_nan_never_passes(value: float, limit: float | None) -> None:
    for check in (Check.at_most("parity", "a", value, limit), Check.at_least("parity", "a", value, limit)):
        assert (check.verdict is Verdict.FAIL) or not math.isnan(value)


def test_reports_are_strict_json_and_readable(tmp_path: Path) -> None:
    checks = (PASSED, WRONG, UNKNOWN, Check.at_most("parity", "d", math.nan, math.inf))
    written = replace(a_report(*checks), notes=("a note",), facts={"a": {"b": 1}, "c": ["d", "e"], "f": 2})
    report.write(written, tmp_path)
    stored = json.loads((tmp_path / "report.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert (stored["verdict"], stored["checks"][-1]["value"], stored["checks"][-1]["limit"]) == ("fail", "nan", "inf")
    text = (tmp_path / "report.md").read_text("utf-8")
    assert text.startswith("# ✗ m on onnx, fp32: fail\n")
    assert "| ✗ | parity: a | 3 | 2 |  |" in text
    assert "| ? | parity: c | - |  | no Mac |" in text
    assert "| a | b 1 |\n| c | d, e |\n| f | 2 |" in text


# -- plans and bundles -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("length", [6, 16])
def test_short_bundles_can_be_timed(make_checkpoint: Any, tmp_path: Path, task: str, length: int) -> None:
    """The timed text must find room, with its mask, its question and its choices."""
    own = "feature-extraction" if task == "sentence-similarity" else task
    samples = tmp_path / "long.txt"
    samples.write_text("the movie was great and boring and not good " * 8)
    found = run_export(make_checkpoint("roberta", own), tmp_path, task=task, max_length=length, samples=samples)
    assert found.verdict is Verdict.PASS


def test_the_length_is_the_checkpoints_own(make_checkpoint: Any, make_sentence_model: Any, tmp_path: Path) -> None:
    def length(folder: Path, **request: Any) -> int:
        return Plan(ExportRequest(str(folder), ("onnx",), tmp_path, **request)).max_length

    bert, sentence = make_checkpoint("bert"), make_sentence_model("bert")
    assert (length(bert), length(bert, max_length=20), length(bert, lengths=(8, 32))) == (64, 20, 32)
    (sentence / "sentence_bert_config.json").write_text('{"max_seq_length": 40}')
    assert (length(sentence), length(sentence, max_length=64)) == (40, 64)
    (sentence / "sentence_bert_config.json").write_text('{"max_seq_length": 512}')
    assert length(sentence) == 64
    assert length(make_checkpoint("roberta")) == 64


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"max_length": 65}, "65 is outside 1 to 64"),
        ({"max_length": 0}, "A length of 0 leaves no room"),
        ({"max_length": -4}, "A length of -4 leaves no room"),
        ({"max_length": 4}, "A length of 4 leaves no room"),
        ({"lengths": (4, 32)}, "A length of 4 leaves no room"),
        ({"lengths": (32, 128)}, "128 is outside 1 to 64"),
        ({"lengths": (8, 32), "max_length": 64}, "contradicts --lengths, whose largest is 32"),
        ({"precision": "int7"}, r"no precision 'int7'\. It has: fp32"),
        ({"options": {"colour": "red"}}, "has an option 'colour'"),
        ({"without_rewrites": ("nothing",)}, r"Unknown rewrite 'nothing'\. There are: "),
        ({"task": "translation"}, "Unknown task 'translation'"),
        ({"task": "fill-mask"}, "has no head for fill-mask"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_written(
    make_checkpoint: Any, tmp_path: Path, request_: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        Plan(ExportRequest(str(make_checkpoint("bert")), ("onnx",), tmp_path / "out", **request_))
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("id2label", "message"),
    [
        ({"0": "a"}, "names 1"),
        ({str(i): "a" for i in range(4)}, "names 4"),
        ({"0": "a", "1": "b", "3": "c"}, "has other ids than 0 to 2"),
        ({"x": "a", "y": "b", "z": "c"}, "has other ids than 0 to 2"),
        (["a", "b", "c"], r"is \['a', 'b', 'c'\]"),
    ],
)
def test_labels_that_do_not_fit_are_refused(make_checkpoint: Any, tmp_path: Path, id2label: Any, message: str) -> None:
    shutil.copytree(make_checkpoint("bert", "text-classification"), tmp_path / "model")
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps({**config, "id2label": id2label}))
    with pytest.raises(UsageError, match=rf"classifier has 3 outputs, but config\.json's id2label {message}"):
        Plan(ExportRequest(str(tmp_path / "model"), ("onnx",), tmp_path / "out"))


def test_every_rewrite_can_be_switched_off(make_checkpoint: Any, tmp_path: Path) -> None:
    folder = make_checkpoint("bert", "text-classification")
    names = registry.converter_of(registry.target("onnx")).rewrites
    with_all, without = run_export(folder, tmp_path / "a"), run_export(folder, tmp_path / "b", without_rewrites=names)
    assert with_all.facts["rewrites"] == list(names)
    assert without.facts["rewrites"] == []
    assert without.verdict is Verdict.PASS


def test_one_reference_serves_all_targets(
    make_checkpoint: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "runs"
    run = Interpreter.__call__

    def counted(*arguments: Any) -> Any:
        with log.open("a") as file:  # for it is called in another process
            file.write("run\n")
        return run(*arguments)

    monkeypatch.setattr(Interpreter, "__call__", counted)
    targets = tuple(registry.targets())[:3]
    plan = Plan(ExportRequest(str(make_checkpoint("bert")), targets, tmp_path, precision="fp32", threads=1))
    assert [found.target for found in export(plan, lambda *_: None)] == list(targets)
    assert len(log.read_text().splitlines()) == len(plan.feeds)


def test_a_faulty_artifact_is_rejected_with_its_report(make_checkpoint: Any, tmp_path: Path, alter: Any) -> None:
    folder = make_checkpoint("bert", "text-classification")
    assert run_export(folder, tmp_path).verdict is Verdict.PASS
    good = (tmp_path / "onnx" / "report.json").read_bytes()
    alter(lambda array: array + np.float32(0.01))
    rejected = run_export(folder, tmp_path)
    assert (rejected.verdict, rejected.bundle) == (Verdict.FAIL, str(tmp_path / "onnx.rejected"))
    assert names_in(tmp_path) == ["onnx", "onnx.rejected"]
    assert json.loads((tmp_path / "onnx.rejected" / "report.json").read_text())["verdict"] == "fail"
    assert (tmp_path / "onnx" / "report.json").read_bytes() == good
    alter(lambda array: array)
    assert run_export(folder, tmp_path).bundle == str(tmp_path / "onnx")
    assert names_in(tmp_path) == ["onnx"]


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_outputs_that_are_no_numbers_are_rejected(
    make_checkpoint: Any, tmp_path: Path, alter: Any, precision: str
) -> None:
    alter(lambda array: np.full_like(array, np.nan))
    found = run_export(make_checkpoint("bert"), tmp_path, precision=precision)
    assert found.verdict is Verdict.FAIL
    assert report.exit_code([found]) == 5
    assert names_in(tmp_path) == ["onnx.rejected"]


def test_what_cannot_be_measured_is_kept_and_never_green(make_checkpoint: Any, tmp_path: Path, alter: Any) -> None:
    alter(lambda array: array, unmeasured="this machine is no Mac")
    found = run_export(make_checkpoint("bert"), tmp_path)
    assert found.verdict is Verdict.UNMEASURED
    assert "this machine is no Mac" in [check.reason for check in found.checks]
    assert names_in(tmp_path) == ["onnx"]


def test_the_manifest_says_how_the_model_is_read(make_sentence_model: Any, tmp_path: Path) -> None:
    folder = make_sentence_model("bert", ("cls", "mean"), normalize=False)
    run_export(folder, tmp_path, samples=None)
    manifest = Session.open(tmp_path / "onnx", 1).manifest
    model = Model.open(open_checkpoint(str(folder)))
    assert manifest["pooling"] == {"modes": ["cls", "mean"], "normalize": False}
    assert manifest["source"] == {"name": folder.name, "digest": model.checkpoint.digest}
    assert (manifest["family"], manifest["model"], manifest["max_length"]) == ("bert", folder.name, 64)


def test_threads_reach_the_runtime(make_checkpoint: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    session, log = onnxruntime.InferenceSession, tmp_path / "threads"

    def spy(path: Any, options: Any, **settings: Any) -> Any:
        with log.open("a") as file:  # for it is called in another process
            file.write(f"{options.intra_op_num_threads} ")
        return session(path, options, **settings)

    monkeypatch.setattr(onnxruntime, "InferenceSession", spy)
    plan = Plan(ExportRequest(str(make_checkpoint("bert")), ("onnx",), tmp_path, threads=3))
    (found,) = export(plan, lambda *_: None)
    Session.open(tmp_path / "onnx", 2).answer(Question("he is"))
    assert (log.read_text().split(), found.facts["threads"]) == (["3", "2"], 3)


def test_timing_takes_at_least_five_runs() -> None:
    calls = []
    timing = latency.Timing("model", 16, latency.measure(lambda: calls.append(1)))
    assert 5 <= len(timing.times_ms) < len(calls)
    assert 0 <= timing.p50_ms <= timing.p95_ms
