"""`edgelm report`, and the page that `edgelm export` leaves over its bundles."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edgelm import registry
from edgelm import report as reports
from edgelm.cli import main
from edgelm.errors import UnsupportedError
from edgelm.types import Check

PAGES = ["report.html", "report.json", "report.md"]


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


@pytest.fixture(scope="session")
def model(make_checkpoint: Any) -> Path:
    path: Path = make_checkpoint("bert", "text-classification")
    return path


@pytest.fixture(scope="session")
def made(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reports")
    assert main(["export", str(model), "-t", "onnx", "-t", "tflite", "-o", str(out)]) == 0
    return out


@pytest.fixture
def bundles(made: Path, tmp_path: Path) -> Path:
    """A copy of two bundles and the page over them, free to be changed."""
    return Path(shutil.copytree(made, tmp_path / "bundles"))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def add_check(bundle: Path, check: Check) -> None:
    found = reports.read(bundle / "report.json")
    reports.write(replace(found, checks=(*found.checks, check)), bundle)


# -- after an export ---------------------------------------------------------------------------------------------------


def test_every_bundle_has_its_report_three_times(made: Path) -> None:
    schema = json.loads(reports.SCHEMA.read_text("utf-8"))
    for target in ("onnx", "tflite"):
        stored = json.loads((made / target / "report.json").read_text("utf-8"), parse_constant=pytest.fail)
        jsonschema.validate(stored, schema, jsonschema.Draft202012Validator)
        assert stored["request"]["targets"] == ["onnx", "tflite"]
        assert "✓ Pass" in (made / target / "report.html").read_text("utf-8")
        assert (made / target / "report.md").read_text("utf-8").startswith("# ✓ ")


def test_an_export_of_several_targets_leaves_a_page_over_them(made: Path) -> None:
    assert names_in(made) == ["onnx", *PAGES, "tflite"]
    assert [Path(one.bundle).name for one in reports.read_all(made / "report.json")] == ["onnx", "tflite"]
    assert 'href="tflite/report.html"' in (made / "report.html").read_text("utf-8")


def test_the_page_is_named_but_not_among_json(edgelm: Any, model: Path, tmp_path: Path) -> None:
    arguments = ("export", model, "-t", "onnx", "-t", "openvino", "-o", tmp_path)
    assert edgelm(*arguments).out.endswith(f"The page over all bundles: {tmp_path / 'report.html'}\n")
    found = edgelm(*arguments, "--json")
    assert [one["target"] for one in json.loads(found.out)] == ["onnx", "openvino"]
    assert found.err == ""


def test_an_export_of_one_target_leaves_no_page_over_it(edgelm: Any, model: Path, tmp_path: Path) -> None:
    found = edgelm("export", model, "-t", "onnx", "-o", tmp_path)
    assert (found.code, names_in(tmp_path)) == (0, ["onnx"])
    assert "page" not in found.out


def test_the_page_is_there_although_one_target_failed(
    edgelm: Any, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise UnsupportedError("No such operator.")

    monkeypatch.setattr(type(registry.converter_of(registry.target("openvino"))), "convert", refuse)
    found = edgelm("export", model, "-t", "onnx", "-t", "openvino", "-t", "tflite", "-o", tmp_path, "--json")
    assert (found.code, found.err) == (4, "edgelm: No such operator.\n")
    assert [one["target"] for one in json.loads(found.out)] == ["onnx", "tflite"]
    assert names_in(tmp_path) == ["onnx", *PAGES, "tflite"]


def test_a_page_that_stands_there_follows_what_is_exported_alone(edgelm: Any, model: Path, bundles: Path) -> None:
    shutil.rmtree(bundles / "tflite")
    assert edgelm("export", model, "-t", "openvino", "-o", bundles).code == 0
    found = [Path(one.bundle).name for one in reports.read_all(bundles / "report.json")]
    assert found == ["openvino", "onnx"]


def test_a_foreign_page_is_left_alone_and_fails_no_bundle(edgelm: Any, model: Path, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("mine")
    found = edgelm("export", model, "-t", "onnx", "-t", "tflite", "-o", tmp_path, "--json")
    assert (found.code, (tmp_path / "report.html").read_text()) == (0, "mine")
    assert found.err.startswith("edgelm: no page over the bundles was written: ")
    assert len(json.loads(found.out)) == 2


# -- edgelm report -----------------------------------------------------------------------------------------------------


def test_report_writes_the_page_and_prints_the_table(edgelm: Any, bundles: Path) -> None:
    for name in PAGES:
        (bundles / name).unlink()
    found = edgelm("report", bundles)
    assert (found.code, found.err) == (0, "")
    assert "onnx" in found.out
    assert "tflite" in found.out
    assert found.out.endswith(f"The page: {bundles / 'report.html'}\n")
    assert names_in(bundles) == ["onnx", *PAGES, "tflite"]


def test_report_as_json_keeps_the_schema(edgelm: Any, bundles: Path) -> None:
    printed = json.loads(edgelm("report", bundles, "--json").out)
    jsonschema.validate(printed, json.loads(edgelm("report", "--schema").out), jsonschema.Draft202012Validator)
    assert printed == json.loads((bundles / "report.json").read_text("utf-8"))
    assert [one["bundle"] for one in printed] == [str(bundles / "onnx"), str(bundles / "tflite")]


def test_report_says_by_its_exit_code_what_the_bundles_say(edgelm: Any, bundles: Path) -> None:
    add_check(bundles / "tflite", Check.unmeasured("quality", "metric", "no examples"))
    found = edgelm("report", bundles)
    assert (found.code, found.err) == (7, "tflite: unmeasured, metric: no examples\n")
    assert edgelm("report", bundles, "--allow-unmeasured").code == 0
    (bundles / "onnx").rename(bundles / "onnx.rejected")
    add_check(bundles / "onnx.rejected", Check.at_most("parity", "max abs", 2.0, 1.0))
    assert edgelm("report", bundles).code == 5
    assert "onnx.rejected" in (bundles / "report.md").read_text("utf-8")


def test_the_page_may_lie_elsewhere(edgelm: Any, bundles: Path, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    assert edgelm("report", bundles, "-o", tmp_path / "pages").code == 0
    assert 'href="../bundles/onnx/report.html"' in (tmp_path / "pages" / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("", "No DIRECTORY given."),
        ("nowhere", "nowhere is no folder."),
        ("empty", "No bundle with a report below"),
        ("onnx", "onnx is a bundle; its own report would be lost."),
    ],
)
def test_report_refuses(edgelm: Any, bundles: Path, place: str, told: str) -> None:
    (bundles / "empty").mkdir()
    found = edgelm("report", *([bundles / place] if place else []))
    assert (found.code, found.out) == (2, "")
    assert told in found.err


def test_the_report_of_a_validation_keeps_the_schema_too(edgelm: Any, bundles: Path, tmp_path: Path) -> None:
    edgelm("validate", bundles / "onnx", "-o", tmp_path / "validated")
    stored = json.loads((tmp_path / "validated" / "report.json").read_text("utf-8"), parse_constant=pytest.fail)
    jsonschema.validate(stored, json.loads(reports.SCHEMA.read_text("utf-8")), jsonschema.Draft202012Validator)
    assert stored["request"]["bundle"] == str(bundles / "onnx")
    assert reports.read(tmp_path / "validated" / "report.json").request == stored["request"]
