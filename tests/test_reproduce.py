"""An export that is run again: nothing moves by itself, and what moved is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file, save_file

from edgelm import report
from edgelm.cli import main
from edgelm.errors import UsageError
from edgelm.pipeline import ExportRequest
from edgelm.reproduce import Comparison, Move, _request, _runs, compare, reproduce
from edgelm.types import Check, Group, Report, Verdict

LABELS = {"0": "bad", "1": "so-so", "2": "good"}


@dataclass(frozen=True)
class Result:
    """What a command left."""

    code: int
    out: str
    err: str


@pytest.fixture
def edgelm(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """``edgelm(*arguments)``: the command in this process."""

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        code = main([*map(str, arguments)])
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def model(make_checkpoint: Any, tmp_path: Path) -> Path:
    """A checkpoint of its own, free to be changed."""
    made = make_checkpoint("bert", "text-classification", id2label=LABELS)
    return Path(shutil.copytree(made, tmp_path / "model"))


@pytest.fixture
def made(model: Path, tmp_path: Path) -> Path:
    """The report.json of an export of it."""
    assert main(["export", str(model), "-t", "onnx", "-o", str(tmp_path / "out"), "--max-length", "32"]) == 0
    return tmp_path / "out" / "onnx" / "report.json"


def again(path: Path, output: Path) -> list[Comparison]:
    return list(reproduce(path, output, lambda *_: None))


def checks(*found: Check) -> Report:
    return Report("onnx", "m", "text-classification", "fp32", "fp32", "", found)


# -- what is run again -------------------------------------------------------------------------------------------------


def test_an_export_run_again_gives_the_same_bytes_and_figures(made: Path, tmp_path: Path) -> None:
    (found,) = again(made, tmp_path / "again")
    moved = [move for move in found.moves if not move.same]
    assert {move.group for move in moved} <= {"latency"}
    assert len(found.moves) > len(moved)
    assert (found.files, found.facts, found.worse, found.exit_code) == ((), (), False, 0)
    assert found.now.bundle == str(tmp_path / "again" / "onnx")
    assert found.now.request["max_length"] == 32


def test_every_setting_is_asked_for_again(tmp_path: Path) -> None:
    asked = ExportRequest(
        model="m",
        targets=("onnx", "tflite"),
        output=tmp_path,
        task="text-classification",
        pooling="cls",
        prompts={"query": "query: "},
        default_prompt="query",
        precision="int8",
        max_length=64,
        lengths=(16, 64),
        samples=tmp_path / "a.txt",
        calibration=tmp_path / "c.txt",
        options={"opset": "17"},
        without_rewrites=("merge_qkv",),
        threads=3,
        revision="v2",
        evaluation=tmp_path / "b.tsv",
        max_drop=0.01,
        min_metric=0.5,
        time_limit_s=60.0,
    )
    default = ExportRequest("m", (), Path())
    assert [field.name for field in fields(asked) if getattr(asked, field.name) == getattr(default, field.name)] == [
        "model"
    ]
    stored = json.loads(json.dumps(asked.record()))
    before = replace(checks(), request=stored, precision="int8")
    assert _request([before], tmp_path / "again") == replace(asked, targets=("onnx",), output=tmp_path / "again")


def test_the_targets_own_precision_is_asked_for_as_it_was_chosen(tmp_path: Path) -> None:
    before = replace(checks(), request={"model": "m", "targets": ["onnx"]}, precision="fp16")
    assert _request([before], tmp_path).precision == "fp16"


def test_reports_of_one_export_are_run_in_one(tmp_path: Path) -> None:
    request = {"model": "m", "targets": ["onnx", "tflite"], "output": "a"}
    onnx, tflite = (replace(checks(), target=target, request=request) for target in ("onnx", "tflite"))
    small = replace(onnx, precision="int8")
    other = replace(onnx, request={**request, "task": "fill-mask"})
    elsewhere = replace(onnx, request={**request, "output": "b"})
    assert _runs([onnx, small, tflite, other, elsewhere]) == [[onnx, tflite], [small], [other], [elsewhere]]
    assert _request([onnx, tflite], tmp_path).targets == ("onnx", "tflite")


def test_all_reports_of_a_list_are_reproduced(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["export", str(model), "-t", "onnx", "-t", "openvino", "-o", str(out)]) == 0
    assert main(["export", str(model), "-t", "onnx", "-o", str(out / "int8"), "--precision", "int8"]) == 0
    assert main(["report", str(out)]) == 0
    found = again(out / "report.json", tmp_path / "again")
    named = sorted((one.now.target, one.now.precision, one.files, one.exit_code) for one in found)
    assert named == [("onnx", "fp32", (), 0), ("onnx", "int8", (), 0), ("openvino", "fp32", (), 0)]
    assert len({one.now.bundle for one in found}) == 3


def test_a_rejected_bundle_is_rejected_again_and_that_is_no_worse(model: Path, tmp_path: Path) -> None:
    labelled = tmp_path / "labelled.jsonl"
    rows = [{"text": f"the film was {label}", "label": label} for label in LABELS.values()] * 3
    labelled.write_text("\n".join(json.dumps(row) for row in rows))
    command = ["export", str(model), "-t", "onnx", "-o", str(tmp_path / "out"), "--eval", str(labelled)]
    assert main([*command, "--min-metric", "1.01"]) == 6
    (found,) = again(tmp_path / "out" / "onnx.rejected", tmp_path / "again")
    assert (found.before.verdict, found.now.verdict, found.files, found.exit_code) == ("fail", "fail", (), 0)
    assert found.now.bundle.endswith("onnx.rejected")


# -- what moved --------------------------------------------------------------------------------------------------------


def test_a_changed_source_shows_in_digests_files_and_figures(made: Path, model: Path, tmp_path: Path) -> None:
    weights = load_file(model / "model.safetensors")
    save_file(
        {name: array * (1.5 if name == "classifier.weight" else 1) for name, array in weights.items()},
        model / "model.safetensors",
        {"format": "pt"},
    )
    (found,) = again(made, tmp_path / "again")
    assert [change.name for change in found.facts] == ["source digest"]
    assert found.files is not None
    changed = {change.name for change in found.files}
    assert "model.onnx" in changed
    assert "tokenizer.json" not in changed
    assert any(move.group == "parity" and not move.same for move in found.moves)


def test_a_verdict_that_became_worse_gives_the_new_reports_exit_code(model: Path, tmp_path: Path) -> None:
    labelled = tmp_path / "labelled.jsonl"

    def label(names: dict[str, str]) -> None:
        answers = [json.loads(line) for line in said.splitlines()]
        rows = [{"text": text, "label": names[one[0]["label"]]} for text, one in zip(texts, answers, strict=True)]
        labelled.write_text("\n".join(json.dumps(row) for row in rows))

    texts = [f"the film was {word}" for word in ("bad", "good", "boring", "great", "not good", "not bad")]
    assert main(["export", str(model), "-t", "onnx", "-o", str(tmp_path / "first")]) == 0
    from edgelm.session import Question, Session

    session = Session.open(tmp_path / "first" / "onnx", 1)
    said = "\n".join(json.dumps(session.answer(Question(text))) for text in texts)
    label({name: name for name in LABELS.values()})
    command = ["export", str(model), "-t", "onnx", "-o", str(tmp_path / "out"), "--eval", str(labelled)]
    assert main([*command, "--min-metric", "0.9"]) == 0
    label({"bad": "good", "so-so": "bad", "good": "so-so"})
    (found,) = again(tmp_path / "out" / "onnx", tmp_path / "again")
    worse = [move for move in found.moves if move.worse]
    assert [(move.group, move.name) for move in worse] == [("quality", "accuracy of the artifact")]
    assert (found.before.verdict, found.now.verdict, found.exit_code) == ("pass", "fail", 6)


def test_a_report_that_was_copied_finds_its_bundle_while_that_is_the_same(made: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(made, tmp_path / "copy.json"))
    before = report.read(copy)
    now = replace(before, bundle=str(made.parent))
    assert compare(before, now, copy).files == ()
    report.write(replace(before, notes=("another export",)), made.parent)
    assert compare(before, now, copy).files is None
    assert compare(replace(before, bundle=""), now, copy).files is None


PASSED = Check.at_most("parity", "a", 1.0, 2.0)
FAILED = Check.at_most("parity", "a", 3.0, 2.0)
UNKNOWN = Check.unmeasured("parity", "a", "no Mac")


@pytest.mark.parametrize(
    ("before", "now", "same", "worse", "code"),
    [
        (PASSED, PASSED, True, False, 0),
        (PASSED, replace(PASSED, value=1.5), False, False, 0),
        (PASSED, FAILED, False, True, 5),
        (PASSED, UNKNOWN, False, True, 7),
        (UNKNOWN, FAILED, False, True, 5),
        (UNKNOWN, UNKNOWN, True, False, 0),
        (FAILED, PASSED, False, False, 0),
        (FAILED, FAILED, True, False, 0),
        (
            Check.at_most("parity", "a", float("nan"), 2.0),
            Check.at_most("parity", "a", float("nan"), 2.0),
            True,
            False,
            0,
        ),
        (Check.at_most("latency", "a", 1.0, 2.0), Check.at_most("latency", "a", 3.0, 2.0), False, False, 0),
        (Check.at_most("size", "a", 1.0, 2.0), Check.at_most("size", "a", 3.0, 2.0), False, True, 6),
    ],
)
def test_when_a_verdict_is_worse(before: Check, now: Check, same: bool, worse: bool, code: int) -> None:
    found = compare(checks(before), checks(now), Path("report.json"))
    (move,) = found.moves
    assert (move.same, move.worse, found.worse, found.exit_code) == (same, worse, worse, code)


def test_latency_alone_never_fails_a_reproduction() -> None:
    slow = Check.at_most("latency", "b", 3.0, 2.0)
    before, now = checks(PASSED, replace(slow, value=1.0, verdict=Verdict.PASS)), checks(PASSED, slow)
    assert (now.verdict, compare(before, now, Path()).exit_code) == (Verdict.FAIL, 0)
    assert compare(before, checks(UNKNOWN, slow), Path()).exit_code == 7


def test_checks_that_are_new_or_gone() -> None:
    other = Check.failed("integrity", "conversion", "it died of SIGSEGV")
    found = compare(checks(PASSED), checks(other), Path())
    assert [(move.name, move.before, move.now) for move in found.moves] == [
        ("conversion", None, other),
        ("a", PASSED, None),
    ]
    assert [move.worse for move in found.moves] == [True, False]
    assert found.exit_code == 5


@pytest.mark.parametrize(
    ("before", "now", "ratio"),
    [(2.0, 3.0, 1.5), (0.0, 1.0, None), (None, 1.0, None), (1.0, None, None), (float("inf"), 1.0, None)],
)
def test_ratios(before: float | None, now: float | None, ratio: float | None) -> None:
    group: Group = "latency"
    one, two = (Check(group, "a", value, None, "ms", Verdict.PASS) for value in (before, now))
    assert Move(group, "a", one, two).ratio == ratio


def test_versions_are_compared_one_by_one_and_the_run_itself_is_not() -> None:
    facts = {"runtime": {"a": "1", "b": "1"}, "CPU flags": "avx2", "seconds in all": 1.0, "rewrites": ["x", "y"]}
    before = replace(checks(), facts=facts)
    now = replace(checks(), facts={**facts, "runtime": {"a": "2", "b": "1"}, "seconds in all": 2.0, "threads": 2})
    assert [(change.name, change.before, change.now) for change in compare(before, now, Path()).facts] == [
        ("runtime, a", "1", "2"),
        ("threads", None, "2"),
    ]


# -- what cannot be run again ------------------------------------------------------------------------------------------


def change(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**content, **changes}), "utf-8")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (lambda path: path.unlink(), "is no report"),
        (lambda path: path.write_text("{"), "is no report"),
        (lambda path: path.write_text("{}"), "it has no field 'schema_version'"),
        (lambda path: path.write_text("[]"), "holds no report"),
        (lambda path: change(path, schema_version=2), "its schema version is 2"),
        (lambda path: change(path, request={}), "The report of onnx records no export"),
        (lambda path: change(path, request={"bundle": "b"}), "The report of onnx records no export"),
        (lambda path: change(path, request={"model": "m", "strange": 1}), "it has an unknown field 'strange'"),
        (lambda path: change(path, target="no-such"), "no-such"),
        (lambda path: shutil.rmtree(path.parents[2] / "model"), "is no folder"),
    ],
)
def test_what_cannot_be_run_again_is_told(
    made: Path, tmp_path: Path, fault: Callable[[Path], object], told: str
) -> None:
    fault(made)
    with pytest.raises(UsageError, match=told):
        again(made, tmp_path / "again")
    assert not (tmp_path / "again").exists()


# -- the command -------------------------------------------------------------------------------------------------------


def test_the_command_tells_what_moved_and_keeps_nothing(
    edgelm: Any, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    found = edgelm("reproduce", made)
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("model on onnx, fp32: pass before, pass now; ")
    assert "latency: load" in found.out
    assert "×" in found.out
    assert found.out.endswith("Files: the same bytes.\nVersions, machine and source: the same.\n")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_the_command_shows_what_differs(edgelm: Any, made: Path, tmp_path: Path) -> None:
    before = report.read(made)
    one = next(check for check in before.checks if check.group == "parity" and check.value)
    others = [replace(check, value=(one.value or 0) / 2) if check is one else check for check in before.checks]
    facts = {**before.facts, "edgelm": "0.0.1", "source digest": "0" * 64}
    report.write(replace(before, checks=tuple(others), facts=facts), made.parent)
    copy = Path(shutil.move(made, tmp_path / "report.json"))
    found = edgelm("reproduce", copy, "-o", tmp_path / "kept")
    assert found.code == 0
    assert "+100 %" in found.out
    assert "Files: not compared, for the bundle of the report is not at hand.\n" in found.out
    assert "0.0.1" in found.out
    assert "000000000000…" in found.out
    assert report.read(tmp_path / "kept" / "onnx" / "report.json").verdict is Verdict.PASS


def test_the_command_as_json(edgelm: Any, made: Path) -> None:
    (found,) = json.loads(edgelm("reproduce", made.parent, "--json").out, parse_constant=pytest.fail)
    assert (found["target"], found["verdict"], found["worse"]) == ("onnx", {"before": "pass", "now": "pass"}, False)
    assert (found["files"], found["facts"]) == ([], [])
    assert {check["group"] for check in found["checks"]} <= {"latency"}
    assert found["report"]["schema_version"] == report.SCHEMA_VERSION


def test_the_command_refuses_what_is_no_report(edgelm: Any, tmp_path: Path) -> None:
    found = edgelm("reproduce", tmp_path)
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith(f"edgelm: {tmp_path / 'report.json'} is no report: ")
