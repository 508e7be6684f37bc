"""Instructions of tiny models on whole emulated machines: slow, and collected where the ARM set-up is there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from edgelm.cli import main

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def exported(make_checkpoint: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the bundles onnx and tflite of a tiny classifier of 64 tokens."""
    out = tmp_path_factory.mktemp("counts")
    model = make_checkpoint("bert", "text-classification")
    assert main(["export", str(model), "-t", "onnx", "-t", "tflite", "-o", str(out)]) == 0
    return out


def counted(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["bench", "--instructions", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def least(bundle: dict[str, Any]) -> dict[tuple[str, int], int]:
    return {(entry["machine"], entry["tokens"]): entry["least"] for entry in bundle["instructions"]}


def test_two_starts_give_the_same_counts(exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of two bundles that are one but for their place; more tokens take more instructions."""
    shutil.copytree(exported / "tflite", tmp_path / "again")
    code, found = counted(capsys, exported / "tflite", tmp_path / "again", "--lengths", "16,64")
    first, again = map(least, found["bundles"])
    assert code == 0
    assert set(first) == {(cpu, tokens) for cpu in ("Cortex-A53", "Cortex-A76") for tokens in (16, 64)}
    assert again == first
    assert all(1.5 * first[cpu, 16] < first[cpu, 64] for cpu in ("Cortex-A53", "Cortex-A76"))


def test_onnx_bundles_are_counted_too(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = counted(capsys, exported / "onnx", "--max-instructions", "Cortex-A53=1000")
    assert code == 6
    assert min(least(found["bundles"][0]).values()) > 1e4
    assert [check["verdict"] for check in found["bundles"][0]["checks"]] == ["pass", "fail", "pass"]


def test_a_model_its_runtime_refuses_is_red(exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(exported / "onnx", broken)
    manifest = json.loads((broken / "edgelm.json").read_text("utf-8"))
    manifest["artifact"]["files"] = ["tokenizer.json"]
    (broken / "edgelm.json").write_text(json.dumps(manifest), "utf-8")
    code, found = counted(capsys, broken)
    assert code == 5
    assert "gave no counts; its last words: " in found["bundles"][0]["failure"]
