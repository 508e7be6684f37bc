"""Programs that Paddle saved become bundles that answer as Paddle's own predictor does."""

from __future__ import annotations

import json
import shutil
import string
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm import setups
from edgelm.bundle import Bundle
from edgelm.cli import main
from edgelm.session import Question, Session

pytestmark = pytest.mark.slow

_SCRIPT = Path(__file__).with_name("paddle_programs.py")
TASKS = ("text-classification", "token-classification", "question-answering", "fill-mask", "feature-extraction")
SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
CHINESE = "我你他爱北京上海中国天气很好不喜欢电影在是的了吗，。！？"


@dataclass(frozen=True)
class Result:
    """What a command left."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of programs that Paddle saved, a vocabulary beside each."""
    folder = tmp_path_factory.mktemp("programs")
    python = setups.require("paddle", "This test").python
    subprocess.run([python, "-I", "-B", _SCRIPT, folder], check=True, capture_output=True)
    letters = [*string.ascii_lowercase, *(f"##{letter}" for letter in string.ascii_lowercase)]
    for place in folder.iterdir():
        (place / "vocab.txt").write_text("\n".join([*SPECIALS, *letters, *dict.fromkeys(CHINESE)]) + "\n")
    return folder


@pytest.fixture
def export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """``export(folder, task, *more)``, to the folder ``out`` and texts of up to 64 tokens."""

    def call(folder: Path, task: str, *more: str, length: int = 64) -> Result:
        capsys.readouterr()
        settings = ("--task", task, "--max-length", length, "-o", tmp_path / "out", "--json", *more)
        code = main([str(argument) for argument in ("export", folder, *settings)])
        return Result(code, *capsys.readouterr())

    return call


@pytest.mark.parametrize("task", TASKS)
def test_bundles(task: str, saved: Path, export: Callable[..., Result]) -> None:
    """To onnx and openvino; the golden files are Paddle's answers, and the runtimes repeat them below 1e-5."""
    found = export(saved / task, task, "--target", "onnx", "--target", "openvino")
    assert found.code == 0, found.err
    for report in json.loads(found.out):
        bundle = Bundle.open(Path(report["bundle"]))
        assert bundle.manifest["task"] == task
        assert [spec["name"] for spec in bundle.manifest["artifact"]["inputs"]] == [
            "input_ids",
            "attention_mask",
            "token_type_ids",
        ]
        assert {"paddlepaddle", "paddle2onnx"} <= set(bundle.manifest["toolchain"])
        names = {check["name"]: check["value"] for check in report["checks"]}
        errors = [value for name, value in names.items() if "original" in name and name.endswith("max abs")]
        assert errors
        assert max(errors) < 1e-5
        assert main(["validate", report["bundle"], "--allow-unmeasured"]) == 0


def test_the_answer_of_a_bundle_is_the_predictors(saved: Path, tmp_path: Path, export: Callable[..., Result]) -> None:
    """The golden outputs against the probabilities that a session gives for the same text."""
    assert export(saved / "text-classification", "text-classification", "--target", "onnx").code == 0
    bundle = tmp_path / "out" / "onnx"
    golden = json.loads((bundle / "golden" / "golden.json").read_text())["cases"][0]
    logits = np.fromfile(bundle / "golden" / golden["outputs"]["logits"]["file"], "<f4")
    (text,) = golden["texts"]
    answers = Session.open(bundle, 1).answer(Question(text=text))
    scores = np.exp(logits) / np.exp(logits).sum()
    assert [answer["label"] for answer in answers] == [f"LABEL_{i}" for i in np.argsort(-scores)]
    np.testing.assert_allclose([answer["score"] for answer in answers], np.sort(scores)[::-1], atol=1e-5)


def test_a_program_with_a_mask_of_its_own(saved: Path, export: Callable[..., Result]) -> None:
    found = export(saved / "with a mask", "text-classification", "--target", "onnx")
    assert found.code == 0, found.err


def test_the_configuration_beside_a_program(saved: Path, tmp_path: Path, export: Callable[..., Result]) -> None:
    folder = shutil.copytree(saved / "text-classification", tmp_path / "model")
    labels = {"0": "bad", "1": "so-so", "2": "good"}
    config: dict[str, Any] = {"model_type": "ernie", "id2label": labels, "max_position_embeddings": 64}
    (folder / "config.json").write_text(json.dumps(config))
    assert export(folder, "text-classification", "--target", "onnx").code == 0
    assert Bundle.open(tmp_path / "out" / "onnx").manifest["labels"] == list(labels.values())


REFUSED: dict[str, tuple[str, str, int, int, str]] = {
    "another task": ("text-classification", "token-classification", 64, 2, "gives ['batch', 'size'] where token-class"),
    "too few outputs": ("text-classification", "question-answering", 64, 4, "has 1 outputs where the task has 2"),
    "too long": ("text-classification", "text-classification", 65, 4, "takes no 65 tokens, pass --max-length"),
    "one length": ("of one length", "text-classification", 16, 4, "is no int64 of any batch and length"),
    "other inputs": (
        "of other inputs",
        "text-classification",
        16,
        4,
        "inputs are tokens, segments; known are input_ids",
    ),
}


@pytest.mark.parametrize(("name", "task", "length", "code", "says"), REFUSED.values(), ids=REFUSED)
def test_a_program_that_does_not_fit(
    name: str, task: str, length: int, code: int, says: str, saved: Path, tmp_path: Path, export: Callable[..., Result]
) -> None:
    found = export(saved / name, task, "--target", "onnx", length=length)
    assert says in found.err
    assert found.code == code
    assert not (tmp_path / "out" / "onnx").exists()


@pytest.mark.parametrize("part", ["inference.json", "inference.pdiparams"])
def test_cut_short(part: str, saved: Path, tmp_path: Path, export: Callable[..., Result]) -> None:
    folder = shutil.copytree(saved / "text-classification", tmp_path / "model")
    content = (folder / part).read_bytes()
    (folder / part).write_bytes(content[: len(content) // 2])
    found = export(folder, "text-classification", "--target", "onnx")
    assert found.code == 4
    assert "inference.json in paddlepaddle 3.3.1, paddle2onnx 2.1.0" in found.err
