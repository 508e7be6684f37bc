"""Hugging Face's own module as the reference: it agrees with edgelm's graph, and a fault in the graph is seen."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from edgelm import environments
from edgelm.errors import ToolchainError, UnmeasuredError, UnsupportedError
from edgelm.families import Model
from edgelm.graph.interpreter import Interpreter
from edgelm.types import TASKS, Array
from edgelm.validate import _hugging_face, original

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = {
    "text-classification": "bert",
    "token-classification": "roberta",
    "intent-and-slots": "bert",
    "question-answering": "distilbert",
    "multiple-choice": "ernie",
    "fill-mask": "albert",
    "feature-extraction": "electra",
    "sentence-similarity": "mpnet",
}
LENGTHS = ((17, 9, 3), (5,), (31, 30))


@pytest.fixture
def checkpoint(make_checkpoint: Callable[..., Path], make_sentence_model: Callable[..., Path]) -> Callable[[str], Path]:
    """``checkpoint(task)``: a tiny one that has the task's head."""

    def make(task: str) -> Path:
        if task == "sentence-similarity":
            return make_sentence_model(FAMILIES[task], pooling=("cls", "mean"), dense="Tanh")
        return make_checkpoint(FAMILIES[task], task)

    return make


def silent(_: str) -> None:
    """Nobody listens."""


def furthest(expected: list[Mapping[str, Array]], found: list[Mapping[str, Array]]) -> float:
    """The largest difference of any value; the names and shapes are the same."""
    differences = []
    for want, got in zip(expected, found, strict=True):
        assert list(want) == list(got)
        for name, values in want.items():
            assert got[name].shape == values.shape
            assert got[name].dtype == np.float32
            differences.append(float(np.abs(values - got[name]).max()))
    return max(differences)


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("task", TASKS)
def test_agrees_with_the_graph(task: str, checkpoint: Any, open_model: Any, make_batch: Any) -> None:
    """In this process; what the other one adds is below."""
    difference = in_process(checkpoint(task), task, open_model, make_batch)
    print(f"{task}: {difference:.1e}")
    assert difference < 1e-5


@pytest.mark.parametrize("task", ["question-answering", "sentence-similarity"])
def test_answers_from_a_process_with_torch(task: str, checkpoint: Any, open_model: Any, make_batch: Any) -> None:
    folder = checkpoint(task)
    model: Model = open_model(folder)
    feeds = [make_batch(model, lengths, seed) for seed, lengths in enumerate(LENGTHS)]
    said: list[str] = []
    answers, versions = original.outputs(folder, task, feeds, said.append)
    run = Interpreter(model.graph(task, 40))
    assert furthest([run(feed) for feed in feeds], answers) < 1e-5
    assert versions == environments.current().told("transformers", "torch")
    assert said[0] == "loading the original"
    assert said[-1] == "running the original, text 3 of 3"


def test_sees_two_weights_swapped_in_the_graph(checkpoint: Any, open_model: Any, make_batch: Any) -> None:
    """What edgelm's own interpreter as the reference cannot see: both sides would have the fault."""
    folder = checkpoint("text-classification")
    model = open_model(folder)
    graph = model.graph("text-classification", 40)
    names = [name for name in graph.tensors if name.endswith(("query.weight", "key.weight"))][:2]
    first, second = (graph.tensors[name] for name in names)
    swapped = {names[0]: replace(first, data=second.data), names[1]: replace(second, data=first.data)}
    faulty = replace(graph, tensors={**graph.tensors, **swapped})
    feed = make_batch(model)
    answers, _ = original.outputs(folder, "text-classification", [feed], silent)
    assert furthest([Interpreter(graph)(feed)], answers) < 1e-5
    assert furthest([Interpreter(faulty)(feed)], answers) > 1e-2


# -- sentence-transformers, in this process ----------------------------------------------------------------------------


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("pooling", [("mean",), ("max", "mean_sqrt_len_tokens"), ("cls", "max", "mean")], ids="+".join)
@pytest.mark.parametrize("dense", [None, "Tanh", "GELU", "Identity"])
def test_pooling_and_dense(
    pooling: tuple[str, ...], dense: str | None, make_sentence_model: Any, open_model: Any, make_batch: Any
) -> None:
    folder = make_sentence_model("bert", pooling=pooling, dense=dense, normalize=dense != "GELU")
    assert in_process(folder, "sentence-similarity", open_model, make_batch) < 1e-5


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("1_Pooling/config.json", {"pooling_mode": "cls"}),
        ("1_Pooling/config.json", {"pooling_mode": ["mean", "max"]}),
        ("1_Pooling/config.json", {"word_embedding_dimension": 32}),
        ("2_Dense/config.json", {"in_features": 32, "out_features": 20}),
    ],
)
def test_other_ways_to_write_a_module(
    path: str, content: Any, make_sentence_model: Any, open_model: Any, make_batch: Any
) -> None:
    dense = "Sigmoid" if "Dense" in path else None
    folder = make_sentence_model("bert", dense=dense)
    (folder / path).write_text(json.dumps(content), "utf-8")
    assert in_process(folder, "sentence-similarity", open_model, make_batch) < 1e-5


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("task", ["feature-extraction", "sentence-similarity"])
@pytest.mark.parametrize("is_sentence_model", [True, False])
def test_a_plain_encoder_and_the_encoder_of_a_sentence_model(
    task: str, is_sentence_model: bool, make_checkpoint: Any, make_sentence_model: Any, open_model: Any, make_batch: Any
) -> None:
    folder = make_sentence_model("bert") if is_sentence_model else make_checkpoint("bert")
    assert in_process(folder, task, open_model, make_batch) < 1e-5


@pytest.mark.usefixtures("torch")
def test_half_precision_weights_are_widened(
    make_checkpoint: Any, tmp_path: Path, open_model: Any, make_batch: Any
) -> None:
    folder = shutil.copytree(make_checkpoint("bert"), tmp_path / "half")
    tensors = load_file(folder / "model.safetensors")
    save_file({name: values.astype(np.float16) for name, values in tensors.items()}, folder / "model.safetensors")
    assert in_process(folder, "feature-extraction", open_model, make_batch) < 1e-5


def in_process(folder: Path, task: str, open_model: Any, make_batch: Any) -> float:
    """The difference to the graph, without another process."""
    model = open_model(folder)
    feeds = [make_batch(model, lengths, seed) for seed, lengths in enumerate(LENGTHS)]
    theirs, ours = _hugging_face.open_original(str(folder), task), Interpreter(model.graph(task, 40))
    return furthest([ours(feed) for feed in feeds], [theirs(feed) for feed in feeds])


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("torch")
def test_a_missing_head_is_not_made_up(make_checkpoint: Any) -> None:
    """transformers would fill it with random numbers, and warn."""
    with pytest.raises(ValueError, match=r"lacks classifier\.bias, so Hugging Face's module .* would be random"):
        _hugging_face.open_original(str(make_checkpoint("bert")), "text-classification")


def test_pickles_are_not_read(make_checkpoint: Any, tmp_path: Path) -> None:
    folder = shutil.copytree(make_checkpoint("bert"), tmp_path / "pickle")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UnsupportedError, match="has no safetensors") as raised:
        original.outputs(folder, "feature-extraction", [], silent)
    assert "save_pretrained" in raised.value.hint


def test_a_checkpoint_that_transformers_does_not_load_is_not_measured(make_checkpoint: Any, tmp_path: Path) -> None:
    folder = shutil.copytree(make_checkpoint("bert"), tmp_path / "broken")
    (folder / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0nonsense")
    with pytest.raises(UnmeasuredError, match=r"the original in transformers: .* exit status 1: \w+:"):
        original.outputs(folder, "feature-extraction", [], silent)


def test_without_torch_and_a_network(make_checkpoint: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message ends in the command that installs what is missing."""
    monkeypatch.setenv("EDGELM_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setattr(original, "_is_here", lambda: False)
    monkeypatch.setattr(environments, "_MINORS", range(9, 8, -1))  # each is a start of pip
    with pytest.raises(ToolchainError, match="pip says: No matching distribution found for transformers==") as raised:
        original.outputs(make_checkpoint("bert"), "feature-extraction", [], silent)
    assert raised.value.hint.startswith("Run: pip install transformers==")
    assert "torch==" in raised.value.hint


@pytest.mark.slow
def test_an_environment_of_its_own(
    make_checkpoint: Any, open_model: Any, make_batch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made from the package index where the running environment has no torch, then used."""
    monkeypatch.setenv("EDGELM_CACHE", str(tmp_path))
    monkeypatch.setattr(original, "_is_here", lambda: False)
    model = open_model(make_checkpoint("bert"))
    feed = make_batch(model)
    answers, versions = original.outputs(model.checkpoint.path, "feature-extraction", [feed], silent)
    assert furthest([Interpreter(model.graph("feature-extraction", 40))(feed)], answers) < 1e-5
    assert versions.startswith(f"transformers {original._TRANSFORMERS}, torch 2.13.0")
    assert list((tmp_path / "runtimes").glob("transformers-*"))


def test_installs_what_edgelm_is_tested_with() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert original._TORCH.removesuffix("+cpu") in lines
    assert f"transformers=={original._TRANSFORMERS}" in lines


def test_frameworks_stay_out_of_this_process() -> None:
    """What imports one is named in the contract that forbids it, and runs elsewhere: a script that nothing imports, or
    functions of ``_openers``, each of which is sent to another Python.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    excepted = [entry for contract in contracts for entry in contract.get("ignore_imports", [])]
    names = {entry.partition(" -> ")[0].rpartition(".")[2] for entry in excepted}
    assert names == {"_hugging_face", "_executorch_program", "_openers"}
    paths = [path for folder in ("edgelm", "converters", "targets") for path in (ROOT / folder).rglob("*.py")]
    scripts = "|".join([*sorted(names - {"_openers"}), "_tensorflow", "_paddle_program"])
    assert [str(path) for path in paths if re.search(rf"import ({scripts})\b", path.read_text("utf-8"))] == []
