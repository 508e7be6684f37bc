"""Checkpoints that TensorFlow wrote are read through TensorFlow, once, and answer as Hugging Face's module does."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm import environments, setups
from edgelm.checkpoint import TensorStore
from edgelm.cli import main
from edgelm.errors import UnsupportedError, UsageError

from . import tensorflow_folder

pytestmark = pytest.mark.slow

Maker = Callable[..., Path]
_SCRIPT = Path(__file__).with_name("tensorflow_writer.py")


def save(found: dict[str, np.ndarray], folder: Path, stem: str = "bert_model.ckpt", kind: str = "graph") -> None:
    arrays = folder.parent / "arrays.npz"
    np.savez(arrays, **found)
    python = setups.require("tensorflow", "This test").python
    subprocess.run([python, "-I", "-B", _SCRIPT, arrays, folder / stem, kind], check=True, capture_output=True)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of edgelm's that has the environment and nothing that was read."""
    own = tmp_path / "cache"
    own.mkdir()
    (own / "runtimes").symlink_to(environments.cache() / "runtimes")
    monkeypatch.setenv("EDGELM_CACHE", str(own))
    return own


@pytest.mark.parametrize(
    ("family", "task"),
    [
        ("bert", "text-classification"),
        ("bert", "fill-mask"),
        ("albert", "fill-mask"),
        ("electra", "feature-extraction"),
    ],
)
def test_parity(
    family: str,
    task: str,
    tmp_path: Path,
    cache: Path,
    make_checkpoint: Maker,
    open_model: Any,
    assert_parity: Callable[..., None],
) -> None:
    original, folder = make_checkpoint(family, task, hidden_act="gelu_new"), tmp_path / "published"
    tensorflow_folder.write_config(original, folder, tensorflow_folder.CONFIGS[family])
    save(tensorflow_folder.variables(original, family), folder)
    assert open_model(folder).resolve_task() == task
    assert_parity(folder, task, original=original)
    assert not [name for name in TensorStore.open(folder) if "adam" in name or "global_step" in name]
    assert len(list((cache / "tensorflow").glob("*/model.safetensors"))) == 1


def test_export(tmp_path: Path, make_checkpoint: Maker, capsys: pytest.CaptureFixture[str]) -> None:
    original, folder = make_checkpoint("bert", "text-classification"), tmp_path / "published"
    tensorflow_folder.write_config(original, folder, "bert_config.json")
    save(tensorflow_folder.variables(original, "bert"), folder)
    assert main(["export", str(folder), "--target", "onnx", "-o", str(tmp_path / "out"), "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert (report["task"], report["verdict"]) == ("text-classification", "pass")


def test_a_checkpoint_of_keras_objects(tmp_path: Path, make_checkpoint: Maker, refusal: Any) -> None:
    original, folder = make_checkpoint("bert"), tmp_path / "published"
    tensorflow_folder.write_config(original, folder, "bert_config.json")
    save(tensorflow_folder.variables(original, "bert"), folder, kind="objects")
    assert "checkpoint of Keras objects" in refusal(UnsupportedError, folder).message


@pytest.mark.parametrize("part", ["index", "data-00000-of-00001"])
def test_cut_short(part: str, tmp_path: Path, cache: Path, make_checkpoint: Maker, refusal: Any) -> None:
    original, folder = make_checkpoint("bert"), tmp_path / "published"
    tensorflow_folder.write_config(original, folder, "bert_config.json")
    save(tensorflow_folder.variables(original, "bert"), folder)
    path = folder / f"bert_model.ckpt.{part}"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "bert_model.ckpt in tensorflow-cpu 2.21.0" in refusal(UsageError, folder).message
    assert not (cache / "tensorflow").exists()
