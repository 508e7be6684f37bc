"""A layout holds the bundle's own model files, appears whole or not at all, and only of bundles that passed."""

from __future__ import annotations

import json
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm import golden, registry
from edgelm.bundle import Bundle, sha256
from edgelm.cli import cli, main
from edgelm.errors import UsageError
from edgelm.layouts import LAYOUTS, RECORD, check, write

LAID_OUT = {
    "triton": {"onnx", "openvino", "cpu-server"},
    "ovms": {"openvino", "cpu-server"},
    "container": {"onnx", "openvino", "cpu-server", "tflite", "android"},
}
"""By layout, the targets that have it."""


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")
    }


@contextmanager
def full_disk(most_bytes: int) -> Iterator[None]:
    """RLIMIT_FSIZE: the system itself refuses larger files, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_target_has_the_layout_or_is_refused_with_those_that_have(name: str, tmp_path: Path) -> None:
    for target in registry.targets():
        if target in LAID_OUT[name]:
            check(LAYOUTS[name], [target], tmp_path)
            continue
        with pytest.raises(UsageError, match=f"takes no bundle of target {target}") as refused:
            check(LAYOUTS[name], ["openvino", target], tmp_path)
        assert set(refused.value.hint.removeprefix("It takes: ").rstrip(".").split(", ")) == LAID_OUT[name]


@pytest.mark.parametrize(("layout", "target"), [(name, target) for name in LAID_OUT for target in LAID_OUT[name]])
def test_the_model_is_the_bundles_own_and_every_file_has_its_digest(lay_out: Any, layout: str, target: str) -> None:
    place = lay_out(layout, target)
    record = json.loads((place / RECORD).read_text("utf-8"))
    bundle = Bundle.open(place.with_name(target))
    assert (record["layout"], record["bundle"]["target"]) == (layout, target)
    assert record["bundle"]["source"] == bundle.manifest["source"]
    files = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    assert files - {RECORD} == set(record["files"])
    assert all(sha256(place / name) == digest for name, digest in record["files"].items())
    shipped = {bundle.manifest["files"][name]["sha256"] for name in bundle.manifest["artifact"]["files"]}
    assert shipped <= set(record["files"].values())
    bundle.verify()


@pytest.mark.parametrize(("layout", "target"), [(name, target) for name in LAID_OUT for target in LAID_OUT[name]])
def test_the_request_is_a_golden_one(lay_out: Any, layout: str, target: str) -> None:
    place = lay_out(layout, target)
    inputs = json.loads((place / "request.json").read_text("utf-8"))["inputs"]
    sent = {one["name"]: np.asarray(one["data"]).reshape(one["shape"]) for one in inputs}
    (case,) = [
        case
        for case in golden.read(place.with_name(target))
        if all(np.array_equal(case.inputs[name], array) for name, array in sent.items())
    ]
    assert set(sent) == set(case.inputs)
    assert {one["datatype"] for one in inputs} == {"INT32" if target in ("tflite", "android") else "INT64"}
    if layout != "container":
        readme = (place / "README.md").read_text("utf-8")
        assert all(text in readme for text in case.texts)
        assert f"{case.outputs['logits'].ravel()[0]:.4g}" in readme


@pytest.mark.parametrize("name", ["triton", "ovms"])
def test_the_readme_says_what_stands_around_the_model(lay_out: Any, name: str) -> None:
    place = lay_out(name, "openvino")
    manifest = Bundle.open(place.with_name("openvino")).manifest
    readme = (place / "README.md").read_text("utf-8")
    for needed in (*manifest["labels"], *manifest["tokenizer"]["files"], str(manifest["max_length"])):
        assert f"{needed}" in readme
    assert f"/v2/models/{next(iter(place.glob('*/1'))).parent.name}/infer" in readme
    assert "$" not in readme.replace('"$PWD"', "")


def test_what_is_no_layout_is_left_alone(bundle_of: Any, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(bundle_of("onnx"), tmp_path / "onnx"))
    (tmp_path / "onnx-triton").mkdir()
    write(LAYOUTS["triton"], bundle, 1)  # an empty folder is nobody's
    for content in ("{}", '{"layout": "mine"}', None):
        shutil.rmtree(tmp_path / "onnx-triton")
        (tmp_path / "onnx-triton").mkdir()
        (tmp_path / "onnx-triton" / ("thesis.txt" if content is None else RECORD)).write_text(
            content or "the only copy"
        )
        before = tree(tmp_path)
        with pytest.raises(UsageError, match="is no layout; it is left alone"):
            check(LAYOUTS["triton"], ["onnx"], tmp_path)
        with pytest.raises(UsageError, match="is no layout; it is left alone"):
            write(LAYOUTS["triton"], bundle, 1)
        assert tree(tmp_path) == before


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_full_disk_leaves_what_there_was(bundle_of: Any, tmp_path: Path, name: str) -> None:
    bundle = Path(shutil.copytree(bundle_of("openvino"), tmp_path / "openvino"))
    for _ in range(2):  # without an older one, and with one
        before = tree(tmp_path)
        with full_disk(100), pytest.raises(UsageError, match=r"The bundle is in its place, but .* File too large"):
            write(LAYOUTS[name], bundle, 1)
        assert tree(tmp_path) == before
        write(LAYOUTS[name], bundle, 1)


def test_a_failed_move_puts_the_old_layout_back(
    bundle_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = Path(shutil.copytree(bundle_of("onnx"), tmp_path / "onnx"))
    write(LAYOUTS["triton"], bundle, 1)
    before, rename = tree(tmp_path), Path.rename

    def interrupted(source: Path, target: Path) -> Path:
        if source.suffix == ".partial":
            raise KeyboardInterrupt
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(LAYOUTS["triton"], bundle, 2)
    assert tree(tmp_path) == before


def test_a_file_system_without_hard_links_gets_copies(
    bundle_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = Path(shutil.copytree(bundle_of("onnx"), tmp_path / "onnx"))
    linked = tree(write(LAYOUTS["triton"], bundle, 1))
    assert (bundle / "model.onnx").stat().st_nlink == 2

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert tree(write(LAYOUTS["triton"], bundle, 1)) == linked
    assert (bundle / "model.onnx").stat().st_nlink == 1


def test_a_bundle_that_was_changed_gets_none(bundle_of: Any, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(bundle_of("onnx"), tmp_path / "onnx"))
    with (bundle / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(UsageError, match="was changed since the export"):
        write(LAYOUTS["triton"], bundle, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["onnx"]


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.fixture
def export(make_checkpoint: Any, tmp_path: Path) -> Callable[..., int]:
    """``export(*arguments)``: exit code of an export of a tiny classifier into ``tmp_path / "out"``."""
    folder = make_checkpoint("bert", "text-classification")
    return lambda *arguments: main(["export", str(folder), "-o", str(tmp_path / "out"), *map(str, arguments)])


def test_the_option_has_every_layout() -> None:
    (option,) = [one for one in cli.commands["export"].params if one.name == "layout"]
    assert list(option.type.choices) == ["bundle", *LAYOUTS]


def test_the_layouts_stand_beside_their_bundles(export: Any, tmp_path: Path, capsys: Any) -> None:
    assert export("-t", "onnx", "-t", "openvino", "--layout", "triton") == 0
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir() if path.is_dir()} == {
        "onnx",
        "onnx-triton",
        "openvino",
        "openvino-triton",
    }
    told = capsys.readouterr().out
    assert f"Laid out for triton: {out / 'onnx-triton'}" in told
    for name in ("onnx", "openvino"):
        assert main(["run", str(out / name), "--text", "good"]) == 0
    assert main(["report", str(out)]) == 0
    assert len(json.loads((out / "report.json").read_text("utf-8"))) == 2


def test_a_wrong_target_is_refused_before_anything_is_written(export: Any, tmp_path: Path, capsys: Any) -> None:
    assert export("-t", "onnx", "-t", "tflite", "--layout", "triton") == 2
    assert "It takes: onnx, openvino, cpu-server." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_dry_run_says_where_and_as_json(export: Any, tmp_path: Path, capsys: Any) -> None:
    assert export("-t", "onnx", "--layout", "triton", "--dry-run", "--json") == 0
    (planned,) = json.loads(capsys.readouterr().out)["bundles"]
    assert planned["laid out in"] == str(tmp_path / "out" / "onnx-triton")
    assert not (tmp_path / "out").exists()


def test_what_failed_its_proof_gets_no_layout(export: Any, tmp_path: Path) -> None:
    labelled = tmp_path / "labelled.jsonl"
    labelled.write_text("".join(json.dumps({"text": text, "label": 0}) + "\n" for text in ("good", "bad", "great")))
    assert export("-t", "onnx", "--layout", "triton", "--eval", labelled, "--min-metric", "1.5") == 6
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["onnx.rejected"]
