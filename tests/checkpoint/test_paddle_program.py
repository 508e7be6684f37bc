"""A Paddle inference model is a finished program: what takes it, and what a user is told where nothing can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgelm.checkpoint import open_checkpoint
from edgelm.cli import main
from edgelm.types import OnnxConverter
from edgelm_converters import CONVERTERS


@dataclass(frozen=True)
class Result:
    """What a command left."""

    code: int
    err: str


@pytest.fixture
def edgelm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    """``edgelm(*arguments)`` without Paddle's environment; nothing may be left in the folder ``out``."""
    monkeypatch.setenv("EDGELM_CACHE", str(tmp_path / "cache"))

    def call(*arguments: object) -> Result:
        code = main([str(argument) for argument in arguments])
        assert not (tmp_path / "out").exists()
        assert not (tmp_path / "cache").exists()
        return Result(code, capsys.readouterr().err)

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of a program; nothing in them is looked at before Paddle does."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("inference.json", "inference.pdiparams"):
        (folder / name).write_text("{}")
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b"]))
    return folder


def export(edgelm: Callable[..., Result], folder: Path, *more: str, target: str = "onnx") -> Result:
    return edgelm("export", folder, "--target", target, "-o", folder.parent / "out", *more)


def test_what_takes_a_program() -> None:
    assert {one.name for one in CONVERTERS if isinstance(one, OnnxConverter)} == {"onnx", "openvino"}


@pytest.mark.parametrize("program", ["inference.json", "inference.pdmodel"])
def test_without_paddle(program: str, folder: Path, edgelm: Callable[..., Result]) -> None:
    (folder / "inference.json").rename(folder / program)
    found = export(edgelm, folder, "--task", "text-classification")
    assert found.code == 3
    assert f"Reading {program} needs paddle2onnx==2.1.0 in an environment of its own" in found.err
    assert found.err.endswith("Run: edgelm doctor --install paddle\n")


def test_the_task_is_the_users_to_say(folder: Path, edgelm: Callable[..., Result]) -> None:
    for task in ("auto", "sentence-similarity", "nonsense"):
        found = export(edgelm, folder, "--task", task)
        assert found.code == 2
        assert "does not say what its outputs mean. Pass --task with one of: text-classification, " in found.err


def test_another_precision(folder: Path, edgelm: Callable[..., Result]) -> None:
    for target, more in (("onnx", ("--precision", "int8")), ("openvino", ("--precision", "fp16")), ("cpu-server", ())):
        found = export(edgelm, folder, "--task", "text-classification", *more, target=target)
        assert found.code == 2
        assert found.err.endswith("Pass --precision fp32.\n")


def test_another_target(folder: Path, edgelm: Callable[..., Result]) -> None:
    found = export(edgelm, folder, "--task", "text-classification", target="tflite")
    assert found.code == 4
    assert "Target tflite takes no finished program" in found.err
    assert "What takes one: onnx, openvino, cpu-server" in found.err


def test_no_tokenizer(folder: Path, edgelm: Callable[..., Result]) -> None:
    (folder / "vocab.txt").unlink()
    found = export(edgelm, folder, "--task", "text-classification")
    assert found.code == 2
    assert "vocab.txt" in found.err


def test_parameters_without_their_program(folder: Path, edgelm: Callable[..., Result]) -> None:
    (folder / "inference.json").unlink()
    found = export(edgelm, folder, "--task", "text-classification")
    assert found.code == 2
    assert "holds inference.pdiparams, and needs one beside its .json or .pdmodel" in found.err


def test_two_programs(folder: Path, edgelm: Callable[..., Result]) -> None:
    for name in ("other.json", "other.pdiparams"):
        (folder / name).write_text("{}")
    found = export(edgelm, folder, "--task", "text-classification")
    assert found.code == 2
    assert "holds inference.pdiparams, other.pdiparams, and needs one" in found.err


def test_what_needs_named_weights(folder: Path, edgelm: Callable[..., Result]) -> None:
    found = edgelm("inspect", folder)
    assert found.code == 4
    assert "holds a Paddle inference model: a finished program, whose parameters have no names" in found.err


def test_digest(folder: Path) -> None:
    digests = {open_checkpoint(str(folder)).digest}
    for name in ("inference.json", "inference.pdiparams"):
        (folder / name).write_text('{"other": 1}')
        digests.add(open_checkpoint(str(folder)).digest)
    (folder / "README.md").write_text("anything")
    digests.add(open_checkpoint(str(folder)).digest)
    assert len(digests) == 3
