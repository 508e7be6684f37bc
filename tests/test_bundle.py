"""A bundle appears whole or not at all, replaces only bundles, and says when it was changed."""

from __future__ import annotations

import errno
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from edgelm.bundle import MANIFEST, SCHEMA_VERSION, Bundle, publish, staging, write_json, write_manifest
from edgelm.calibrate import FILE as QUANTIZATION
from edgelm.errors import UsageError
from edgelm.types import Scheme

SCHEME = Scheme("static_wi8_ai8", "int8", "static_tensor_asymmetric", "a note")
CONTENT: dict[str, Any] = {
    "model": "a-model",
    "task": "feature-extraction",
    "labels": [],
    "target": "onnx",
    "precision": "fp32",
    "scheme": {},
    "rewrites": [],
    "max_length": 8,
    "lengths": [],
    "artifact": {"files": ["model.bin"]},
    "tokenizer": {},
    "decode": {},
    "source": {},
}


def fill(folder: Path, model: bytes = b"model") -> Bundle:
    (folder / "model.bin").write_bytes(model)
    (folder / "golden").mkdir()
    (folder / "golden" / "0.bin").write_bytes(b"golden")
    (folder / "report.json").write_text("{}")
    return write_manifest(folder, CONTENT)


def make(final: Path, model: bytes = b"model", *, accepted: bool = True) -> Path:
    with staging(final) as partial:
        fill(partial, model)
        return publish(partial, final, accepted=accepted)


def fail_inside(final: Path, error: BaseException) -> None:
    with staging(final) as partial:
        fill(partial)
        raise error


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")
    }


def test_the_manifest_lists_every_file_but_itself_and_the_reports(tmp_path: Path) -> None:
    bundle = fill(tmp_path)
    assert list(bundle.manifest["files"]) == ["golden/0.bin", "model.bin"]
    assert bundle.manifest["files"]["model.bin"]["bytes"] == 5
    assert bundle.manifest["schema_version"] == SCHEMA_VERSION
    assert bundle.size_bytes == 5 + (tmp_path / MANIFEST).stat().st_size
    assert Bundle.open(tmp_path) == bundle
    bundle.verify()


def test_what_only_proves_a_bundle_is_not_shipped(tmp_path: Path) -> None:
    (tmp_path / QUANTIZATION).write_bytes(bytes(1000))
    bundle = fill(tmp_path)
    assert QUANTIZATION in bundle.manifest["files"]
    assert bundle.shipped == ["model.bin"]
    assert bundle.size_bytes == 5 + (tmp_path / MANIFEST).stat().st_size


def test_a_scheme_is_read_whole_or_refused(tmp_path: Path) -> None:
    bundle = fill(tmp_path)
    kept = {**asdict(SCHEME), "float_tensors": ["a.weight"]}
    assert replace(bundle, manifest={"scheme": kept}).scheme == replace(SCHEME, float_tensors=("a.weight",))
    for damaged in ("int8", {**kept, "strange": 1}, {key: kept[key] for key in ("name", "weights")}):
        with pytest.raises(UsageError, match="has no whole scheme"):
            _ = replace(bundle, manifest={"scheme": damaged}).scheme


def test_a_changed_file_is_named(tmp_path: Path) -> None:
    bundle = fill(tmp_path)
    (tmp_path / "model.bin").write_bytes(b"Model")
    with pytest.raises(UsageError, match=r"model\.bin was changed since the export"):
        bundle.verify()


def test_what_is_no_usable_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no bundle"):
        Bundle.open(tmp_path)
    with pytest.raises(UsageError, match="is no bundle"):
        Bundle.open(tmp_path / "missing")
    manifest = dict(fill(tmp_path).manifest)
    for change, message in (
        ({"schema_version": 2}, f"has schema version 2; this edgelm reads {SCHEMA_VERSION}"),
        ({"schema_version": None}, "has schema version None"),
        ({"files": {**manifest["files"], "x.bin": {}}}, "lacks x.bin"),
    ):
        write_json(tmp_path / MANIFEST, {**manifest, **change})
        with pytest.raises(UsageError, match=message):
            Bundle.open(tmp_path)
    for key in (*CONTENT, "files"):
        write_json(tmp_path / MANIFEST, {name: value for name, value in manifest.items() if name != key})
        with pytest.raises(UsageError, match=f"has no '{key}'"):
            Bundle.open(tmp_path)
    (tmp_path / MANIFEST).write_text('{"schema_version": 1')
    with pytest.raises(UsageError, match="not readable JSON"):
        Bundle.open(tmp_path)


def test_an_accepted_bundle_replaces_older_ones(tmp_path: Path) -> None:
    final = tmp_path / "deep" / "out" / "onnx"
    assert make(final, b"rejected", accepted=False) == final.with_name("onnx.rejected")
    assert make(final, b"first") == final
    assert sorted(path.name for path in final.parent.iterdir()) == ["onnx"]
    assert make(final, b"second") == final
    assert (final / "model.bin").read_bytes() == b"second"
    assert sorted(path.name for path in final.parent.iterdir()) == ["onnx"]


def test_a_rejected_bundle_leaves_an_accepted_one_alone(tmp_path: Path) -> None:
    final = tmp_path / "onnx"
    make(final, b"good")
    for model in (b"bad", b"worse"):
        make(final, model, accepted=False)
        assert (tmp_path / "onnx.rejected" / "model.bin").read_bytes() == model
    assert (final / "model.bin").read_bytes() == b"good"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["onnx", "onnx.rejected"]


@pytest.mark.parametrize("name", ["onnx", "onnx.rejected"])
def test_what_is_no_bundle_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    make(tmp_path / "onnx")  # an empty folder may be taken
    (tmp_path / "other" / name).mkdir(parents=True)
    (tmp_path / "other" / name / "thesis.txt").write_text("the only copy")
    before = tree(tmp_path)
    with pytest.raises(UsageError, match="exists and is no bundle; it is left alone"):
        make(tmp_path / "other" / "onnx")
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), UsageError("x"), RuntimeError("x"), MemoryError(), FileNotFoundError()]
)
def test_nothing_is_left_when_it_fails_inside(tmp_path: Path, error: BaseException) -> None:
    make(tmp_path / "there" / "onnx", b"old")
    before = tree(tmp_path)
    for final in (tmp_path / "there" / "onnx", tmp_path / "new" / "er" / "onnx"):
        with pytest.raises(type(error)):
            fail_inside(final, error)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT])
def test_a_full_disk_is_no_bug(tmp_path: Path, number: int) -> None:
    with pytest.raises(UsageError, match=r"Cannot write to .*Choose another --output"):
        fail_inside(tmp_path / "a" / "onnx", OSError(number, "the reason"))
    assert tree(tmp_path) == {}


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageError, match=r"Cannot write to .*out: (Not a directory|File exists)"):
        make(tmp_path / "out" / "onnx")
    with pytest.raises(UsageError, match="is no bundle"):
        make(tmp_path / "out")
    with pytest.raises(UsageError, match="File name too long"):
        make(tmp_path / ("x" * 300) / "onnx")
    assert tree(tmp_path) == {"out": b"a file"}


def test_a_failed_move_puts_the_old_bundle_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    final = tmp_path / "onnx"
    make(final, b"old")
    rename = Path.rename

    def fail_once(source: Path, target: Path) -> Path:
        if source.suffix == ".partial":
            raise KeyboardInterrupt
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", fail_once)
    with pytest.raises(KeyboardInterrupt):
        make(final, b"new")
    assert (final / "model.bin").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["onnx"]


def test_the_remains_of_a_killed_run_confuse_no_later_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the next run has the same process id."""
    for name in (".onnx.1.partial", ".onnx.1.old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.bin").write_bytes(b"half")
    monkeypatch.setattr("os.getpid", lambda: 1)
    make(tmp_path / "onnx", b"a")
    make(tmp_path / "onnx", b"b")
    assert (tmp_path / "onnx" / "model.bin").read_bytes() == b"b"


def test_json_is_the_same_for_the_same_content(tmp_path: Path) -> None:
    write_json(tmp_path / "a", {"text": "北京", "b": 1.5})
    assert (tmp_path / "a").read_bytes() == '{\n  "text": "北京",\n  "b": 1.5\n}\n'.encode()
    assert json.loads((tmp_path / "a").read_text("utf-8"))["text"] == "北京"
