"""TensorFlow's checkpoints under Hugging Face's names; what is refused, and how a user is told of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.checkpoint import open_checkpoint
from edgelm.errors import ToolchainError, UnsupportedError, UsageError

from . import tensorflow_folder

Maker = Callable[..., Path]
HEADS = {
    "bert": ("feature-extraction", "text-classification", "question-answering", "fill-mask"),
    "albert": ("feature-extraction", "text-classification", "question-answering", "fill-mask"),
    "electra": ("feature-extraction",),
}
CASES = [(family, task) for family, tasks in HEADS.items() for task in tasks]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of edgelm's."""
    monkeypatch.setenv("EDGELM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def make_folder(tmp_path: Path, cache: Path) -> Callable[..., Path]:
    """``make_folder(original, family)``: the folder of a checkpoint that has been read before."""

    def make(original: Path, family: str) -> Path:
        folder = tmp_path / "published"
        tensorflow_folder.write_config(original, folder, tensorflow_folder.CONFIGS[family])
        tensorflow_folder.put_in_cache(tensorflow_folder.variables(original, family), folder, cache)
        return folder

    return make


@pytest.mark.parametrize(("family", "task"), CASES)
def test_head(
    family: str,
    task: str,
    make_checkpoint: Maker,
    make_folder: Callable[..., Path],
    open_model: Any,
    assert_parity: Callable[..., None],
) -> None:
    """``gelu`` of these repositories is its tanh form."""
    original = make_checkpoint(family, task, hidden_act="gelu_new")
    folder = make_folder(original, family)
    assert open_model(folder).resolve_task() == task
    assert_parity(folder, task, original=original)


def test_groups_and_inner_groups(
    make_checkpoint: Maker, make_folder: Callable[..., Path], assert_parity: Callable[..., None]
) -> None:
    sizes = {"num_hidden_layers": 4, "num_hidden_groups": 2, "inner_group_num": 2}
    original = make_checkpoint("albert", hidden_act="gelu_new", **sizes)
    assert_parity(make_folder(original, "albert"), original=original)


def test_electra_without_a_configuration(
    tmp_path: Path, cache: Path, make_checkpoint: Maker, open_model: Any, assert_parity: Callable[..., None]
) -> None:
    """google-research/electra publishes none: the sizes are those of the variables, each head is of 64."""
    sizes = {"hidden_size": 64, "num_attention_heads": 1, "num_hidden_layers": 3, "hidden_act": "gelu_new"}
    original, folder = make_checkpoint("electra", **sizes), tmp_path / "electra_small"
    tensorflow_folder.write_config(original, folder, "unused.json")
    tensorflow_folder.put_in_cache(tensorflow_folder.variables(original, "electra"), folder, cache, "electra_small")
    assert len(open_model(folder).encoder.layers) == 3
    assert_parity(folder, original=original)


@pytest.mark.parametrize("published", ["generator.json", "discriminator.json"])
def test_both_halves_of_electra(
    published: str,
    tmp_path: Path,
    cache: Path,
    make_checkpoint: Maker,
    open_model: Any,
    assert_parity: Callable[..., None],
) -> None:
    small = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 24}
    generator = make_checkpoint("electra", "fill-mask", hidden_act="gelu_new", **small)
    discriminator = make_checkpoint("electra", hidden_act="gelu_new")
    folder, is_generator = tmp_path / "electra", published == "generator.json"
    original, other = (generator, discriminator) if is_generator else (discriminator, generator)
    tensorflow_folder.write_config(original, folder, published)
    halves = {generator: "generator", discriminator: "electra"}
    both = {
        **tensorflow_folder.variables(other, "electra", halves[other]),
        **tensorflow_folder.variables(original, "electra", halves[original]),
    }
    tensorflow_folder.put_in_cache(both, folder, cache)
    task = "fill-mask" if is_generator else "feature-extraction"
    assert open_model(folder).tasks == (
        ("fill-mask", "feature-extraction") if is_generator else ("feature-extraction",)
    )
    assert_parity(folder, task, original=original)


def test_config_json_goes_before_the_published_one(
    make_checkpoint: Maker, make_folder: Callable[..., Path], open_model: Any, assert_parity: Callable[..., None]
) -> None:
    original = make_checkpoint("bert", "token-classification")
    folder = make_folder(original, "bert")
    assert open_model(folder).resolve_task() == "feature-extraction", "a classifier that reads a pooler there is not"
    own = {"architectures": ["BertForTokenClassification"], "hidden_act": "gelu"}
    (folder / "config.json").write_text(json.dumps(own))
    assert open_model(folder).resolve_task() == "token-classification"
    assert_parity(folder, "token-classification", original=original)


def test_digest(make_checkpoint: Maker, make_folder: Callable[..., Path]) -> None:
    folder = make_folder(make_checkpoint("bert"), "bert")
    first = open_checkpoint(str(folder)).digest
    (folder / "checkpoint").write_text('model_checkpoint_path: "bert_model.ckpt"\n')
    assert open_checkpoint(str(folder)).digest == first
    (folder / "config.json").write_text("{}")
    assert open_checkpoint(str(folder)).digest != first


# -- what is in the way ------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(make_checkpoint: Maker, make_folder: Callable[..., Path]) -> Path:
    """A published BERT that the test may spoil."""
    return make_folder(make_checkpoint("bert"), "bert")


def test_without_tensorflow(folder: Path, cache: Path, refusal: Any) -> None:
    shutil.rmtree(cache)
    error = refusal(ToolchainError, folder)
    assert error.message == (
        "Reading bert_model.ckpt needs tensorflow-cpu==2.21.0 in an environment of its own, which is not installed."
    )
    assert error.hint == "Run: edgelm doctor --install tensorflow"
    assert not cache.exists()


def test_without_a_configuration(folder: Path, refusal: Any) -> None:
    (folder / "bert_config.json").unlink()
    error = refusal(UsageError, folder)
    assert "has a TensorFlow checkpoint and no configuration" in error.message
    assert "bert_config.json, albert_config.json or a config.json" in error.hint


def test_data_files_are_missing(folder: Path, refusal: Any) -> None:
    (folder / "bert_model.ckpt.data-00000-of-00001").rename(folder / "bert_model.ckpt.data-00000-of-00002")
    assert "lacks data files of bert_model.ckpt: there are 1 of 2" in refusal(UsageError, folder).message
    (folder / "bert_model.ckpt.data-00000-of-00002").unlink()
    assert "there are 0 of 1" in refusal(UsageError, folder).message


def test_several_checkpoints(folder: Path, refusal: Any, open_model: Any) -> None:
    """TensorFlow's own note says which one is meant; without it nobody does."""
    for name in ("index", "data-00000-of-00001"):
        (folder / f"model.ckpt-10.{name}").write_bytes(b"another")
    error = refusal(UsageError, folder)
    assert "holds 2 checkpoints: bert_model.ckpt, model.ckpt-10" in error.message
    (folder / "checkpoint").write_text('model_checkpoint_path: "bert_model.ckpt"\nall_model_checkpoint_paths: "x"\n')
    assert open_model(folder).resolve_task() == "feature-extraction"
    (folder / "checkpoint").write_text('model_checkpoint_path: "/home/someone/bert_model.ckpt"\n')
    assert "no path inside its folder" in refusal(UsageError, folder).message


def test_a_checkpoint_of_keras_objects(tmp_path: Path, cache: Path, make_checkpoint: Maker, refusal: Any) -> None:
    folder = tmp_path / "published"
    tensorflow_folder.write_config(make_checkpoint("bert"), folder, "bert_config.json")
    names = ("_CHECKPOINTABLE_OBJECT_GRAPH", "model/layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE")
    tensorflow_folder.put_in_cache({name: np.zeros(2, np.float32) for name in names}, folder, cache)
    assert "checkpoint of Keras objects" in refusal(UnsupportedError, folder).message


def test_an_albert_of_another_layout(folder: Path, cache: Path, refusal: Any) -> None:
    shutil.rmtree(cache)
    found = {"bert/embeddings/word_embeddings_2": np.zeros((2, 2), np.float32)}
    tensorflow_folder.put_in_cache(found, folder, cache)
    assert "another layout than google-research's" in refusal(UnsupportedError, folder).message


PROGRAMS = {
    "saved_model.pb": ("a TensorFlow SavedModel", "the checkpoint it was made of"),
    "tf_model.h5": ("Keras weights (.h5)", "save_pretrained(OUT)"),
    "model.keras": ("a Keras archive (.keras)", "save_pretrained(OUT)"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_no_checkpoint(name: str, tmp_path: Path, make_checkpoint: Maker, refusal: Any) -> None:
    folder = shutil.copytree(make_checkpoint("bert"), tmp_path / "model")
    (folder / name).write_bytes(b"anything")
    open_checkpoint(str(folder))  # beside Hugging Face's own weights it is in nobody's way
    (folder / "model.safetensors").unlink()
    error = refusal(UnsupportedError, folder)
    reason, way_round = PROGRAMS[name]
    assert f"{folder} holds {reason}" in error.message
    assert way_round in error.hint
    assert error.exit_code == 4
