"""`--precision auto`: all precisions are built and proved, the one that pays is kept, and the report shows them all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelm import automatic, registry
from edgelm.automatic import Candidate, choose
from edgelm.bundle import Bundle
from edgelm.cli import main
from edgelm.errors import UsageError
from edgelm.pipeline import ExportRequest, Plan
from edgelm.report import read, read_all
from edgelm.types import Report, Verdict

LABELS = {"0": "bad", "1": "so-so", "2": "good"}
SIZES = {"hidden_size": 64, "intermediate_size": 128}

# -- the choice itself -------------------------------------------------------------------------------------------------


def candidate(precision: str, size_bytes: int, p50_ms: float | None = None) -> Candidate:
    return Candidate(precision, size_bytes, p50_ms)


@pytest.mark.parametrize(
    ("candidates", "chosen", "why"),
    [
        ((candidate("fp32", 90, 4.0),), "fp32", "The only one that passed."),
        ((candidate("fp32", 90, 4.0), candidate("int8", 25, 2.0)), "int8", "The fastest that passed."),
        ((candidate("fp32", 90, 2.0), candidate("int8", 25, 4.0)), "fp32", "The fastest that passed."),
        ((candidate("fp32", 90, 2.0), candidate("fp16", 45, 2.05)), "fp16", "The smallest of the fastest."),
        ((candidate("fp32", 90, 2.0), candidate("int4", 15)), "fp32", "The fastest that passed."),
        (
            (candidate("fp32", 90), candidate("int4", 15), candidate("int8", 25)),
            "int4",
            "Nothing can be timed here: this is the smallest that passed.",
        ),
    ],
)
def test_what_pays_is_chosen(candidates: tuple[Candidate, ...], chosen: str, why: str) -> None:
    found, reason = choose(candidates)
    assert (found.precision, reason) == (chosen, why)


@given(st.lists(st.tuples(st.integers(1, 99), st.none() | st.floats(0.1, 9)), min_size=1, max_size=6), st.randoms())
def test_no_candidate_beats_the_chosen_one_in_both(figures: list[tuple[int, float | None]], random: Any) -> None:
    candidates = [candidate(str(i), *figure) for i, figure in enumerate(figures)]
    found, _ = choose(candidates)
    for other in candidates:
        if other.p50_ms is None:
            continue
        assert found.p50_ms is not None
        assert not (other.p50_ms < found.p50_ms and other.size_bytes < found.size_bytes)
        assert found.p50_ms <= other.p50_ms * 1.03
    random.shuffle(candidates)
    again, _ = choose(candidates)
    assert (again.p50_ms is None) == (found.p50_ms is None)
    assert again.size_bytes == found.size_bytes


# -- end to end --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(make_checkpoint: Any) -> Path:
    """Large enough that its layers are quantized."""
    return Path(make_checkpoint("bert", "text-classification", id2label=LABELS, **SIZES))


@pytest.fixture
def run(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., int]:
    """``run("-t", "onnx")``: the exit code of `edgelm export --precision auto` into ``tmp_path / "out"``."""

    def call(*arguments: object) -> int:
        capsys.readouterr()
        fixed = ["export", str(model), "-o", str(tmp_path / "out"), "--max-length", "16", "--threads", "1"]
        return main([*fixed, *map(str, arguments)])

    return call


def tried(found: Report) -> dict[str, str]:
    """What the report says of each precision."""
    return dict(line.split(": ", 1) for line in found.facts["precisions tried"])


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_best_is_kept_and_the_report_shows_all(
    run: Callable[..., int], model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("-t", "onnx", "--precision", "auto", "--calibration", _texts(tmp_path)) == 0
    assert names_in(tmp_path / "out") == ["onnx"]
    place = tmp_path / "out" / "onnx"
    found, lines = read(place / "report.json"), tried(read(place / "report.json"))

    precisions = registry.converter_of(registry.target("onnx")).precisions
    assert set(lines) == set(precisions)
    assert lines.pop("int8") == "left out, for a text's answer moves with what it is batched with"
    for precision, line in lines.items():
        assert line.startswith(("pass", "fail")), precision
        assert re.search(r"pass, \d+\.\d\d ms", line) if line.startswith("pass") else " ms" not in line
        assert re.search(r"\d+\.\d MB$", line)

    assert found.bundle == str(place)
    assert found.verdict is Verdict.PASS
    assert lines[found.precision].startswith("pass")
    assert found.notes[0].startswith("Chosen by `--precision auto`: The ")
    assert found.request["precision"] == found.precision
    bundle = Bundle.open(place)
    bundle.verify()
    assert bundle.manifest["precision"] == found.precision
    assert main(["validate", str(place), "--against", str(model), "--threads", "1"]) == 0

    capsys.readouterr()
    assert main(["reproduce", str(place), "-o", str(tmp_path / "again"), "--json"]) == 0
    (again,) = json.loads(capsys.readouterr().out)
    assert again["files"] == []
    assert again["report"]["precision"] == found.precision
    assert again["report"]["request"]["calibration"] == str(tmp_path / "texts.txt")


def _texts(folder: Path) -> Path:
    path = folder / "texts.txt"
    path.write_text("The movie was good.\nShe loves Beijing very much!\n我爱北京。\n", "utf-8")
    return path


def test_where_nothing_can_be_timed_the_smallest_is_kept(run: Callable[..., int], tmp_path: Path) -> None:
    target = registry.target("coreml")
    if not target.emulated:
        pytest.skip("on macOS Core ML itself is timed")
    assert run("-t", "coreml", "--precision", "auto") == 0
    found = read(tmp_path / "out" / "coreml" / "report.json")
    assert found.notes[0].endswith("Nothing can be timed here: this is the smallest that passed.")
    lines = tried(found)
    assert "not timed here" in lines["fp32"]
    sizes = {name: read_size(line) for name, line in lines.items() if line.startswith("pass")}
    assert sizes[found.precision] == min(sizes.values())
    assert lines["int4"].startswith("left out: ")
    assert "minimum_ios=18" in lines["int4"]


def read_size(line: str) -> float:
    return float(line.removesuffix(" MB").rsplit(" ", 1)[1])


def test_a_target_that_refuses_all_says_why(run: Callable[..., int], tmp_path: Path, capsys: Any) -> None:
    assert run("-t", "tflite", "--precision", "auto", "--option", "minimum_runtime=1.0") == 2
    assert "Unknown minimum_runtime '1.0'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_where_none_passes_the_first_is_shown_as_rejected(run: Callable[..., int], tmp_path: Path) -> None:
    examples = tmp_path / "examples.jsonl"
    examples.write_text(
        "".join(json.dumps({"text": f"the movie was {word}", "label": "good"}) + "\n" for word in ("good", "bad")),
        "utf-8",
    )
    assert run("-t", "onnx", "--precision", "auto", "--eval", examples, "--min-metric", "1.1") == 6
    assert names_in(tmp_path / "out") == ["onnx.rejected"]
    place = tmp_path / "out" / "onnx.rejected"
    found = read(place / "report.json")
    assert (found.bundle, found.precision) == (str(place), "fp32")
    assert "None passed" in found.notes[0]
    assert all(line.startswith(("fail", "left out")) for line in tried(found).values())
    assert [one.bundle for one in read_all(place / "report.json")] == [str(place)]


def test_a_target_that_raises_keeps_no_other_from_being_finished(model: Path, tmp_path: Path) -> None:
    refused = {"minimum_runtime": "1.0"}
    request = ExportRequest(
        str(model), ("tflite", "onnx"), tmp_path, precision="auto", max_length=16, threads=1, options=refused
    )
    plan = Plan(request)
    plan.jobs = tuple(job for job in plan.jobs if job.precision == "fp32")
    reports = automatic.export(plan, lambda *_: None)
    found = next(reports)
    with pytest.raises(UsageError, match="Unknown minimum_runtime"):
        next(reports)
    assert (found.target, found.verdict) == ("onnx", Verdict.PASS)
    assert found.notes[0] == "Chosen by `--precision auto`: The only one that passed."
    assert names_in(tmp_path) == ["onnx"]


# -- what is asked for -------------------------------------------------------------------------------------------------


def test_a_dry_run_lists_the_candidates(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("-t", "onnx", "--precision", "auto", "--dry-run", "--json") == 0
    listed = [row["precision"] for row in json.loads(capsys.readouterr().out)["bundles"]]
    assert listed == ["fp32", "fp16", "int8-static", "int4", "bf16"]
    assert not (tmp_path / "out").exists()


def test_an_unknown_precision_names_those_there_are(run: Callable[..., int], capsys: Any) -> None:
    assert run("-t", "tflite", "--precision", "int3") == 2
    said = capsys.readouterr().err
    assert "Target tflite has no precision 'int3'." in said
    assert "It has: fp32, fp16, int8, int8-static, int4; or auto." in said


def test_a_schemes_full_name_is_a_precision(model: Path, tmp_path: Path) -> None:
    request = ExportRequest(str(model), ("onnx",), tmp_path, precision="static_wi8_ai8", max_length=16)
    plain, full = Plan(replace(request, precision="int8-static")), Plan(request)
    assert [job.precision for job in full.jobs] == ["int8-static"]
    assert full.jobs == plain.jobs
