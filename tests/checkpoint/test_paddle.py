"""PaddleNLP's folders answer as the same weights do in Hugging Face's module, in each of the forms it has saved."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from edgelm.bundle import Bundle
from edgelm.checkpoint import TensorStore, open_checkpoint
from edgelm.cli import main
from edgelm.errors import UnsupportedError, UsageError
from edgelm.graph.interpreter import Interpreter

from . import paddle_folder

Maker = Callable[..., Path]


@pytest.mark.parametrize("family", paddle_folder.CLASSES)
@pytest.mark.parametrize("task", paddle_folder.HEADS)
def test_head(
    family: str, task: str, tmp_path: Path, make_checkpoint: Maker, open_model: Any, assert_parity: Callable[..., None]
) -> None:
    original = make_checkpoint(family, task)
    folder = paddle_folder.write(original, tmp_path / "paddle", family, task)
    assert open_model(folder).resolve_task() == task
    assert_parity(folder, task, original=original)


FORMS: dict[str, dict[str, Any]] = {
    "protocol 2": {"protocol": 2},
    "protocol 3": {"protocol": 3},
    "model_config.json": {"older": True},
    "model.safetensors": {"safe": True},
    "float16": {"dtype": "float16"},
    "bfloat16": {"dtype": "bfloat16"},
    "bfloat16 in safetensors": {"dtype": "bfloat16", "safe": True},
}
ROUNDING = {"float16": 2.0**-11, "bfloat16": 2.0**-7}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_form(form: dict[str, Any], tmp_path: Path, make_checkpoint: Maker) -> None:
    original = make_checkpoint("ernie", "text-classification")
    folder = paddle_folder.write(original, tmp_path / "paddle", "ernie", "text-classification", **form)
    config = open_checkpoint(str(folder)).config
    assert config["model_type"] == "ernie"
    assert config["architectures"] == ["ErnieForSequenceClassification"]
    expected, store = load_file(original / "model.safetensors"), TensorStore.open(folder)
    assert set(store) == set(expected)
    for name, values in expected.items():
        assert store.shape(name) == values.shape
        np.testing.assert_allclose(store.get(name), values, rtol=ROUNDING.get(form.get("dtype", ""), 0.0), atol=1e-6)
        assert store.get(name).dtype == np.float32


def test_shards(tmp_path: Path, make_checkpoint: Maker, assert_parity: Callable[..., None]) -> None:
    original = make_checkpoint("bert", "text-classification")
    folder = paddle_folder.write(original, tmp_path / "paddle", "bert", "text-classification")
    tensors = paddle_folder.arrays(original, "bert")
    names = {name: f"model_state-0000{i % 2 + 1}-of-00002.pdparams" for i, name in enumerate(tensors)}
    for shard in set(names.values()):
        part = {name: values for name, values in tensors.items() if names[name] == shard}
        paddle_folder.save_pickle(part, folder / shard)
    (folder / "model_state.pdparams").unlink()
    (folder / "model_state.pdparams.index.json").write_text(json.dumps({"weight_map": names}))
    assert_parity(folder, "text-classification", original=original)


def test_digest(tmp_path: Path, make_checkpoint: Maker) -> None:
    """Of the configuration and the weights, and of nothing else."""
    folder = paddle_folder.write(make_checkpoint("bert"), tmp_path / "paddle", "bert", "feature-extraction")
    first = open_checkpoint(str(folder))
    (folder / "README.md").write_text("anything")
    assert open_checkpoint(str(folder)).digest == first.digest
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "initializer_range": 0.5}))
    second = open_checkpoint(str(folder)).digest
    tensors = paddle_folder.arrays(make_checkpoint("bert"), "bert")
    paddle_folder.save_pickle({name: values * 2 for name, values in tensors.items()}, folder / "model_state.pdparams")
    assert len({first.digest, second, open_checkpoint(str(folder)).digest}) == 3


def test_hub_id(tmp_path: Path, make_checkpoint: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paddle's weights are fetched where the repository has no others."""
    folder = paddle_folder.write(make_checkpoint("bert"), tmp_path / "paddle", "bert", "feature-extraction")
    asked: list[list[str]] = []

    def download(*_: Any, allow_patterns: list[str], **__: Any) -> str:
        asked.append(allow_patterns)
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert open_checkpoint("PaddlePaddle/some-model").config["model_type"] == "bert"
    assert ["model_state*.pdparams" in patterns for patterns in asked] == [False, False, True]


def test_hugging_faces_weights_go_first(tmp_path: Path, make_checkpoint: Maker, open_model: Any) -> None:
    """A repository may hold both; its safetensors are then Hugging Face's, whatever else config.json says."""
    original = make_checkpoint("bert", "text-classification")
    folder = paddle_folder.write(original, tmp_path / "paddle", "bert", "text-classification")
    (folder / "model.safetensors").write_bytes((original / "model.safetensors").read_bytes())
    (folder / "config.json").write_bytes((original / "config.json").read_bytes())
    (folder / "model_state.pdparams").write_bytes(b"anything")
    assert "encoder.layer.0.output.dense.weight" in {name.removeprefix("bert.") for name in TensorStore.open(folder)}
    assert open_model(folder).resolve_task() == "text-classification"


def test_the_defaults_are_paddles(tmp_path: Path, make_checkpoint: Maker) -> None:
    """The older configurations leave out what was PaddleNLP's default, and that is not Hugging Face's."""
    folder = paddle_folder.write(make_checkpoint("bert"), tmp_path / "paddle", "bert", "feature-extraction", older=True)
    source = folder / "model_config.json"
    config = json.loads(source.read_text())
    config["init_args"][0].pop("type_vocab_size")
    source.write_text(json.dumps(config))
    assert open_checkpoint(str(folder)).config["type_vocab_size"] == 16


def test_ernies_epsilon_is_paddles(tmp_path: Path, make_checkpoint: Maker, open_model: Any) -> None:
    """PaddleNLP's ERNIE computes with 1e-12 whatever its configuration says."""
    original = make_checkpoint("ernie", layer_norm_eps=1e-3)
    folder = paddle_folder.write(original, tmp_path / "paddle", "ernie", "feature-extraction")
    assert open_model(folder).encoder.layer_norm_eps == 1e-12


UNSUPPORTED: dict[str, tuple[dict[str, Any], str]] = {
    "another class": ({"architectures": ["UIE"]}, "PaddleNLP's UIE is not supported"),
    "another family": ({"architectures": ["ErnieMModel"]}, "PaddleNLP's ErnieMModel is not supported"),
    "another task type": ({"task_id": 2}, "task_id is 2; only 0 is supported"),
    "a linear pooler": ({"pool_act": "linear"}, "pool_act is 'linear'; only 'tanh' is supported"),
    "ELECTRA's heads": (
        {"architectures": ["ElectraForSequenceClassification"], "hidden_act": "relu"},
        "hidden_act is 'relu'; ELECTRA's heads have 'gelu' alone",
    ),
}


@pytest.mark.parametrize(("change", "says"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_hugging_face_does_not_compute(
    change: dict[str, Any], says: str, tmp_path: Path, make_checkpoint: Maker, refusal: Any
) -> None:
    folder = paddle_folder.write(make_checkpoint("ernie"), tmp_path / "paddle", "ernie", "feature-extraction")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **change}))
    error = refusal(UnsupportedError, folder)
    assert says in error.message
    assert str(folder) in error.message


def test_export_of_a_folder_as_it_was_published(
    tmp_path: Path, make_checkpoint: Maker, capsys: pytest.CaptureFixture[str]
) -> None:
    """model_config.json, model_state.pdparams, vocab.txt and PaddleNLP's tokenizer_config.json, to a proven bundle."""
    original = make_checkpoint("ernie", "text-classification")
    folder = paddle_folder.write(original, tmp_path / "ernie", "ernie", "text-classification", older=True)
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in sorted(vocabulary, key=vocabulary.get)))
    (folder / "tokenizer.json").unlink()
    settings = {"do_lower_case": True, "tokenizer_class": "ErnieTokenizer", "unk_token": "[UNK]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    assert main(["export", str(folder), "--target", "onnx", "-o", str(tmp_path / "out"), "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert (report["task"], report["verdict"]) == ("text-classification", "pass")
    tokenizer = Bundle.open(tmp_path / "out" / "onnx").manifest["tokenizer"]
    assert (tokenizer["kind"], tokenizer["lowercase"]) == ("WordPiece", True)
    assert "vocab.txt" in tokenizer["files"]


@pytest.mark.parametrize("task", ["text-classification", "fill-mask"])
def test_it_can_be_trained(task: str, tmp_path: Path, make_checkpoint: Maker, torch: Any) -> None:
    """transformers' module with Paddle's weights, as fine-tuning takes it: no tensor is left at random."""
    from edgelm.nn import load

    original = make_checkpoint("ernie", task)
    found = load(paddle_folder.write(original, tmp_path / "paddle", "ernie", task), task).state_dict()
    expected = load(original, task).state_dict()
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert torch.equal(found[name], values), name


def test_tinybert_rectifies_what_its_classifier_reads(
    tmp_path: Path, make_checkpoint: Maker, open_model: Any, make_batch: Any, torch: Any
) -> None:
    """Against Hugging Face's BERT with the ReLU put between pooler and classifier, which changes the answer."""
    from edgelm.nn import canonical, load

    original = make_checkpoint("bert", "text-classification")
    folder = paddle_folder.write(original, tmp_path / "paddle", "bert", "text-classification")
    config = json.loads((folder / "config.json").read_text())
    own = {"model_type": "tinybert", "architectures": ["TinyBertForSequenceClassification"]}
    (folder / "config.json").write_text(json.dumps({**config, **own}))
    model, module = open_model(folder), load(original, "text-classification").eval()
    batch = make_batch(model)
    tensors = {name: torch.from_numpy(array).long() for name, array in batch.items()}
    with torch.no_grad():
        pooled = module.bert(**tensors).pooler_output
        expected, plain = (module.classifier(x).numpy() for x in (pooled.relu(), pooled))
    found = Interpreter(model.graph("text-classification", 40))(batch)["logits"]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.abs(found - plain).max() > 0.01
    for open_for_training in (canonical, load):
        with pytest.raises(UnsupportedError, match="it can only be exported"):
            open_for_training(folder, "text-classification")


def test_no_configuration(tmp_path: Path, make_checkpoint: Maker, refusal: Any) -> None:
    folder = paddle_folder.write(make_checkpoint("ernie"), tmp_path / "paddle", "ernie", "feature-extraction")
    (folder / "config.json").unlink()
    assert "config.json does not exist" in refusal(UsageError, folder).message
