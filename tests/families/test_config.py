"""config.json and the weights are read strictly: what disagrees, or is of another kind, is refused by name."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from edgelm.checkpoint import open_checkpoint
from edgelm.errors import UnsupportedError, UsageError
from edgelm.families import Model

Maker = Callable[..., Path]
FAMILIES = [
    *("bert", "roberta", "xlm-roberta", "camembert", "distilbert", "electra", "albert", "ernie", "mpnet"),
    *("nezha", "roformer", "modernbert", "deberta-v2"),
]


@pytest.fixture
def folder(make_checkpoint: Maker, tmp_path: Path) -> Path:
    """A BERT classifier that the test may spoil."""
    return shutil.copytree(make_checkpoint("bert", "text-classification"), tmp_path / "model")


def configure(folder: Path, **changes: Any) -> None:
    """Change keys of config.json; an ellipsis removes one."""
    config = {**json.loads((folder / "config.json").read_text()), **changes}
    kept = {key: value for key, value in config.items() if value is not ...}
    (folder / "config.json").write_text(json.dumps(kept))


def change_tensors(folder: Path, change: Callable[[dict[str, np.ndarray]], Any]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


# -- weights against config.json ---------------------------------------------------------------------------------------

MISMATCHES: list[tuple[dict[str, int], str, str, str]] = [
    ({"vocab_size": 90}, "embeddings.word_embeddings", "({vocab}, 32)", "(90, 32)"),
    ({"max_position_embeddings": 128}, "embeddings.position_embeddings", "(64, 32)", "(128, 32)"),
    ({"type_vocab_size": 3}, "embeddings.token_type_embeddings", "(2, 32)", "(3, 32)"),
    ({"hidden_size": 64}, "embeddings.word_embeddings", "({vocab}, 32)", "({vocab}, 64)"),
    ({"intermediate_size": 40}, "encoder.layer.0.intermediate.dense", "(48, 32)", "(40, 32)"),
]


@pytest.mark.parametrize(("config", "tensor", "has", "asked"), MISMATCHES, ids=[next(iter(m[0])) for m in MISMATCHES])
def test_another_shape(config: dict[str, int], tensor: str, has: str, asked: str, folder: Path, refusal: Any) -> None:
    sizes = {"vocab": json.loads((folder / "config.json").read_text())["vocab_size"]}
    configure(folder, **config)
    expected = f"Tensor bert.{tensor}.weight has shape {has}, but config.json asks for {asked}."
    assert refusal(UsageError, folder).message == expected.format(**sizes)


def test_another_number_of_layers(folder: Path, refusal: Any) -> None:
    configure(folder, num_hidden_layers=3)
    assert "have no tensor encoder.layer.2.attention.self.query.weight" in refusal(UsageError, folder).message
    configure(folder, num_hidden_layers=1)
    beyond = "Tensor bert.encoder.layer.1.attention.self.query.weight lies beyond the 1 layers of config.json."
    assert refusal(UsageError, folder).message == beyond


@pytest.mark.parametrize("family", FAMILIES)
def test_surplus_layers(family: str, make_checkpoint: Maker, tmp_path: Path, refusal: Any) -> None:
    """Fewer layers in config.json than in the file would cut the model silently; ALBERT's share one set of weights."""
    folder = shutil.copytree(make_checkpoint(family), tmp_path / "model")
    key = "n_layers" if family == "distilbert" else "num_hidden_layers"
    configure(folder, layer_types=..., **{key: 1})
    if family == "albert":
        assert len(Model.open(open_checkpoint(str(folder))).encoder.layers) == 1
    else:
        assert re.search(r"layers?\.1\.", str(refusal(UsageError, folder)))


def test_surplus_groups_of_albert(make_checkpoint: Maker, tmp_path: Path, refusal: Any) -> None:
    source = make_checkpoint("albert", num_hidden_layers=4, num_hidden_groups=2)
    folder = shutil.copytree(source, tmp_path / "model")
    configure(folder, num_hidden_groups=1)
    assert "albert_layer_groups.1." in str(refusal(UsageError, folder))


@pytest.mark.parametrize("groups", range(1, 13))
def test_albert_groups_are_no_surplus(groups: int, make_checkpoint: Maker, open_model: Any) -> None:
    """Group numbers come from a division in floats, as Hugging Face's do: 12 / (12 / 7) need not be 7."""
    model = open_model(make_checkpoint("albert", num_hidden_layers=12, num_hidden_groups=groups))
    assert len(model.encoder.layers) == 12


@pytest.mark.parametrize(
    ("family", "task", "name"),
    [
        ("bert", "text-classification", "bert.embeddings.position_embeddings.weight"),
        ("bert", "text-classification", "bert.embeddings.LayerNorm.bias"),
        ("bert", "text-classification", "bert.encoder.layer.1.output.dense.bias"),
        ("bert", "text-classification", "classifier.bias"),
        ("bert", "text-classification", "bert.embeddings.token_type_embeddings.weight"),
        ("albert", "fill-mask", "albert.encoder.embedding_hidden_mapping_in.weight"),
        ("electra", "fill-mask", "electra.embeddings_project.weight"),
        ("ernie", "feature-extraction", "embeddings.task_type_embeddings.weight"),
        ("mpnet", "feature-extraction", "encoder.relative_attention_bias.weight"),
        ("nezha", "feature-extraction", "embeddings.token_type_embeddings.weight"),
        ("roformer", "fill-mask", "roformer.embeddings_project.weight"),
        ("modernbert", "feature-extraction", "layers.1.attn.Wqkv.weight"),
        ("modernbert", "feature-extraction", "final_norm.weight"),
        ("deberta-v2", "feature-extraction", "encoder.rel_embeddings.weight"),
        ("deberta-v2", "feature-extraction", "encoder.LayerNorm.bias"),
        ("roberta", "question-answering", "qa_outputs.bias"),
        ("distilbert", "token-classification", "distilbert.transformer.layer.0.ffn.lin1.weight"),
    ],
)
def test_missing_tensor(
    family: str, task: str, name: str, make_checkpoint: Maker, tmp_path: Path, refusal: Any
) -> None:
    folder = shutil.copytree(make_checkpoint(family, task), tmp_path / "model")
    change_tensors(folder, lambda tensors: tensors.pop(name))
    assert f"no tensor {name.removeprefix(f'{family}.')}." in str(refusal(UsageError, folder, task))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers(value: float, folder: Path, refusal: Any) -> None:
    def spoil(tensors: dict[str, np.ndarray]) -> None:
        tensors["bert.encoder.layer.1.output.dense.weight"][3, 4] = value

    change_tensors(folder, spoil)
    error = refusal(UsageError, folder)
    assert "Tensor bert.encoder.layer.1.output.dense.weight holds NaN or infinite values" in error.message


def test_answers_of_three_columns(make_checkpoint: Maker, tmp_path: Path, refusal: Any) -> None:
    folder = shutil.copytree(make_checkpoint("bert", "question-answering"), tmp_path / "model")
    change_tensors(folder, lambda tensors: tensors.update({"qa_outputs.weight": np.ones((3, 32), np.float32)}))
    assert "qa_outputs.weight has shape (3, 32), but config.json asks for (2, 32)" in str(refusal(UsageError, folder))


# -- config.json -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model_type", "nearest"),
    [
        ("albertt", "albert"),
        ("distil-bert", "distilbert"),
        ("xlm-roberta-xl", "roberta"),
        ("electra2", "electra"),
        (7, ""),
    ],
)
def test_unknown_architecture(model_type: Any, nearest: str, folder: Path, refusal: Any) -> None:
    configure(folder, model_type=model_type)
    error = refusal(UnsupportedError, folder)
    assert f"Architecture {model_type} is not supported; the nearest supported family is {nearest}" in error.message
    assert all(family in error.hint for family in FAMILIES)


def test_no_model_type(folder: Path, refusal: Any) -> None:
    configure(folder, model_type=...)
    assert "Architecture without a model_type is not supported" in refusal(UnsupportedError, folder).message


UNSUPPORTED: list[tuple[dict[str, Any], str]] = [
    ({"hidden_act": "mish"}, "'mish'"),
    ({"hidden_act": None}, "'None'"),
    ({"hidden_act": {"ClippedGELU": {}}}, "ClippedGELU"),
    ({"position_embedding_type": "relative_key"}, "position_embedding_type='relative_key'"),
    ({"is_decoder": True}, "is_decoder=True"),
]


@pytest.mark.parametrize(("config", "says"), UNSUPPORTED, ids=str)
def test_unsupported_config(config: dict[str, Any], says: str, folder: Path, refusal: Any) -> None:
    configure(folder, **config)
    assert says in refusal(UnsupportedError, folder).message


@pytest.mark.parametrize("value", ["32", 32.5, 0, -1, None, [], {}, True])
@pytest.mark.parametrize(
    ("family", "key"),
    [
        ("bert", "hidden_size"),
        ("bert", "num_hidden_layers"),
        ("bert", "num_attention_heads"),
        ("bert", "intermediate_size"),
        ("bert", "vocab_size"),
        ("bert", "max_position_embeddings"),
        ("bert", "type_vocab_size"),
        ("ernie", "task_type_vocab_size"),
        ("distilbert", "dim"),
        ("distilbert", "n_layers"),
        ("distilbert", "hidden_dim"),
        ("electra", "embedding_size"),
        ("albert", "embedding_size"),
        ("albert", "inner_group_num"),
        ("albert", "num_hidden_groups"),
        ("mpnet", "relative_attention_num_buckets"),
        ("roberta", "max_position_embeddings"),
        ("nezha", "max_relative_position"),
        ("modernbert", "hidden_size"),
        ("modernbert", "num_hidden_layers"),
        ("modernbert", "num_attention_heads"),
        ("modernbert", "local_attention"),
        ("deberta-v2", "max_position_embeddings"),
    ],
)
def test_values_that_are_no_size(
    family: str, key: str, value: Any, make_checkpoint: Maker, tmp_path: Path, refusal: Any
) -> None:
    folder = shutil.copytree(make_checkpoint(family), tmp_path / "model")
    configure(folder, **{key: value})
    assert f"config.json: {key} is {value!r}, not a positive integer." in str(refusal(UsageError, folder))


@pytest.mark.parametrize("value", ["1e-12", 0, -1e-12, None, [], False, float("nan"), float("inf")])
def test_layer_norm_eps_that_is_no_number(value: Any, folder: Path, refusal: Any) -> None:
    configure(folder, layer_norm_eps=value)
    assert f"layer_norm_eps is {value!r}, not a positive number" in str(refusal(UsageError, folder))


@pytest.mark.parametrize("value", ["1", -1, 0.5, True, []])
def test_pad_token_that_is_no_id(value: Any, make_checkpoint: Maker, tmp_path: Path, refusal: Any) -> None:
    folder = shutil.copytree(make_checkpoint("roberta"), tmp_path / "model")
    configure(folder, pad_token_id=value)
    assert f"pad_token_id is {value!r}, not a token id" in str(refusal(UsageError, folder))
    configure(folder, pad_token_id=65)
    assert "max_position_embeddings 66 leaves no position" in str(refusal(UsageError, folder))


@pytest.mark.parametrize(("family", "key"), [("bert", "num_hidden_layers"), ("albert", "inner_group_num")])
def test_more_layers_than_can_be(family: str, key: str, make_checkpoint: Maker, tmp_path: Path, refusal: Any) -> None:
    folder = shutil.copytree(make_checkpoint(family), tmp_path / "model")
    configure(folder, **{key: 10**30})
    assert f"config.json: {key} is {10**30}, more than 1000." in str(refusal(UsageError, folder))


def test_heads_that_do_not_divide_the_hidden_size(folder: Path, refusal: Any) -> None:
    configure(folder, num_attention_heads=5)
    assert "hidden_size 32 is not a multiple of num_attention_heads 5" in str(refusal(UsageError, folder))


@pytest.mark.parametrize("architectures", [..., None, [], "BertModel", [3], {}, ["BertFor"]])
def test_odd_architectures_are_a_plain_encoder(architectures: Any, folder: Path) -> None:
    configure(folder, architectures=architectures)
    model = Model.open(open_checkpoint(str(folder)))
    assert model.resolve_task() == "feature-extraction"
    assert "text-classification" in model.tasks


@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "nezha"])
@pytest.mark.usefixtures("torch")
def test_defaults_are_hugging_faces(family: str) -> None:
    """A key that config.json leaves out has Hugging Face's default."""
    import transformers

    from edgelm.families import family_of

    full = transformers.AutoConfig.for_model(family).to_dict()
    sparse = {"model_type": family, "vocab_size": full["vocab_size"]}
    assert family_of(sparse).encoder(sparse) == family_of(full).encoder(full)


# -- tasks -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "task", ["text-classification", "token-classification", "question-answering", "multiple-choice", "fill-mask"]
)
def test_a_checkpoint_has_the_head_it_was_saved_with(family: str, task: str, make_checkpoint: Maker) -> None:
    model = Model.open(open_checkpoint(str(make_checkpoint(family, task))))
    assert set(model.tasks) == {task, "feature-extraction"}
    assert model.resolve_task() == task
    assert model.resolve_task("sentence-similarity") == "sentence-similarity"


def test_task_without_a_head(folder: Path, refusal: Any) -> None:
    error = refusal(UsageError, folder, "question-answering")
    assert error.message == "model has no head for question-answering."
    assert error.hint == "It has: text-classification, feature-extraction."


def test_unknown_task(folder: Path, refusal: Any) -> None:
    error = refusal(UsageError, folder, "summarization")
    assert error.message == "Unknown task 'summarization'."
    assert "text-classification" in error.hint


def test_pretraining_heads(make_checkpoint: Maker, tmp_path: Path) -> None:
    folder = shutil.copytree(make_checkpoint("bert", "fill-mask"), tmp_path / "model")
    configure(folder, architectures=["BertForPreTraining"])
    assert Model.open(open_checkpoint(str(folder))).resolve_task() == "fill-mask"
    discriminator = shutil.copytree(make_checkpoint("electra"), tmp_path / "discriminator")
    configure(discriminator, architectures=["ElectraForPreTraining"])
    assert Model.open(open_checkpoint(str(discriminator))).resolve_task() == "feature-extraction"


@pytest.mark.parametrize("family", ["bert", "roberta", "mpnet", "distilbert", "nezha", "modernbert", "deberta-v2"])
def test_maximum_length_beyond_the_table(family: str, make_checkpoint: Maker, refusal: Any) -> None:
    folder, longest = make_checkpoint(family), 64
    Model.open(open_checkpoint(str(folder))).graph("auto", longest)
    error = refusal(UsageError, folder, max_length=longest + 1)
    assert f"A maximum length of {longest + 1} is outside 1 to {longest}" in error.message
