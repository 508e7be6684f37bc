"""What each architecture does its own way, held against Hugging Face's module."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.errors import UnsupportedError, UsageError
from edgelm.graph.positions import relative_position_bucket

Parity = Callable[..., None]
Maker = Callable[..., Path]


@pytest.mark.parametrize("activation", ["gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "relu", "silu", "tanh"])
@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_hidden_act(family: str, activation: str, make_checkpoint: Maker, assert_parity: Parity) -> None:
    assert_parity(make_checkpoint(family, "fill-mask", hidden_act=activation), "fill-mask")


@pytest.mark.parametrize(
    "config",
    [
        {"num_hidden_layers": 4, "num_hidden_groups": 2},
        {"num_hidden_layers": 2, "inner_group_num": 2},
        {"num_hidden_layers": 4, "num_hidden_groups": 2, "inner_group_num": 2},
        {"num_hidden_layers": 5, "num_hidden_groups": 3},
        {"embedding_size": 32},
    ],
    ids=lambda config: "-".join(f"{key}={value}" for key, value in config.items()),
)
def test_albert_groups(config: dict[str, Any], make_checkpoint: Maker, open_model: Any, assert_parity: Parity) -> None:
    folder = make_checkpoint("albert", "text-classification", **config)
    model = open_model(folder)
    assert model.encoder.hidden_act == "gelu_new"
    assert len(model.encoder.layers) == config.get("num_hidden_layers", 3) * config.get("inner_group_num", 1)
    assert_parity(folder, "text-classification")


def test_albert_stores_shared_layers_once(make_checkpoint: Maker, open_model: Any) -> None:
    graph = open_model(make_checkpoint("albert")).graph("feature-extraction", 16)
    queries = {node.inputs[1] for node in graph.nodes if node.output.endswith(".query")}
    assert len(queries) == 1
    assert sum(node.output.endswith(".query") for node in graph.nodes) == 3


@pytest.mark.parametrize(("size", "projected"), [(24, True), (32, False), (48, True)])
@pytest.mark.parametrize("task", ["fill-mask", "text-classification"])
def test_electra_embedding_size(
    size: int, projected: bool, task: str, make_checkpoint: Maker, open_model: Any, assert_parity: Parity
) -> None:
    folder = make_checkpoint("electra", task, embedding_size=size)
    graph = open_model(folder).graph(task, 40)
    assert any(node.output == "embeddings.projection" for node in graph.nodes) == projected
    assert_parity(folder, task)


@pytest.mark.parametrize("activation", ["gelu", "tanh", "relu", ""])
def test_electra_summary(activation: str, make_checkpoint: Maker, assert_parity: Parity) -> None:
    assert_parity(make_checkpoint("electra", "multiple-choice", summary_activation=activation), "multiple-choice")


@pytest.mark.parametrize("config", [{"summary_type": "mean"}, {"summary_use_proj": False}])
def test_electra_summary_of_another_kind_is_no_head(config: Any, make_checkpoint: Maker, open_model: Any) -> None:
    model = open_model(make_checkpoint("electra", "multiple-choice", **config))
    assert "multiple-choice" not in model.tasks
    with pytest.raises(UsageError, match="no head for multiple-choice"):
        model.graph("multiple-choice", 16)


def test_electra_unknown_summary_activation(make_checkpoint: Maker, tmp_path: Path, open_model: Any) -> None:
    folder = shutil.copytree(make_checkpoint("electra", "multiple-choice"), tmp_path / "model")
    text = (folder / "config.json").read_text().replace('"summary_activation": "gelu"', '"summary_activation": "mish"')
    (folder / "config.json").write_text(text)
    model = open_model(folder)
    assert model.graph("feature-extraction", 16).outputs == ("last_hidden_state",)
    with pytest.raises(UnsupportedError, match="'mish' is not supported"):
        model.graph("multiple-choice", 16)


@pytest.mark.parametrize("use_task_id", [True, False])
def test_ernie_task_types(use_task_id: bool, make_checkpoint: Maker, open_model: Any, assert_parity: Parity) -> None:
    folder = make_checkpoint("ernie", "text-classification", use_task_id=use_task_id)
    assert open_model(folder).encoder.task_type_vocab_size == (3 if use_task_id else 0)
    assert_parity(folder, "text-classification")


@pytest.mark.parametrize("family", ["roberta", "xlm-roberta", "camembert"])
@pytest.mark.parametrize("types", [1, 2])
def test_roberta_token_types(
    family: str, types: int, make_checkpoint: Maker, open_model: Any, assert_parity: Parity
) -> None:
    folder = make_checkpoint(family, type_vocab_size=types)
    inputs = open_model(folder).graph("feature-extraction", 40).inputs
    assert ("token_type_ids" in inputs) == (types == 2)
    assert_parity(folder)


@pytest.mark.parametrize("family", ["bert", "electra", "albert", "ernie"])
@pytest.mark.parametrize("types", [1, 2, 4])
def test_other_numbers_of_token_types(
    family: str, types: int, make_checkpoint: Maker, open_model: Any, make_batch: Any, assert_parity: Parity
) -> None:
    folder = make_checkpoint(family, type_vocab_size=types)
    batch = make_batch(open_model(folder))
    if types > 1:
        batch["token_type_ids"] = np.arange(batch["input_ids"].size, dtype=np.int32).reshape(3, -1) % types
    assert_parity(folder, batch=batch)


@pytest.mark.parametrize("family", ["roberta", "xlm-roberta", "camembert", "mpnet"])
def test_padding_inside_the_text(
    family: str, make_checkpoint: Maker, open_model: Any, make_batch: Any, assert_parity: Parity
) -> None:
    """Positions count real ids only: a pad id in the middle takes the padding's row and moves all that follow."""
    folder = make_checkpoint(family)
    batch = make_batch(open_model(folder))
    batch["input_ids"][0, [3, 4, 9]] = 1
    batch["input_ids"][1, 0] = 1
    assert_parity(folder, batch=batch)


def test_roberta_with_another_padding_id(make_checkpoint: Maker, open_model: Any, assert_parity: Parity) -> None:
    folder = make_checkpoint("roberta", pad_token_id=4)
    assert open_model(folder).encoder.max_length == 66 - 5
    assert_parity(folder, lengths=(20, 7))


def test_mpnet_past_the_exact_distances(make_checkpoint: Maker, assert_parity: Parity) -> None:
    """Distances beyond 8 share logarithmic buckets, those beyond 128 the last one."""
    folder = make_checkpoint("mpnet", max_position_embeddings=302)
    assert_parity(folder, lengths=(300, 150, 9), max_length=300)


@pytest.mark.parametrize("buckets", [4, 8, 20, 32, 64])
def test_mpnet_buckets(buckets: int, torch: Any) -> None:
    from transformers.models.mpnet.modeling_mpnet import MPNetEncoder

    distance = np.arange(-600, 601)
    expected = MPNetEncoder.relative_position_bucket(torch.from_numpy(distance), num_buckets=buckets)
    np.testing.assert_array_equal(relative_position_bucket(distance, buckets), expected.numpy())


@pytest.mark.parametrize("buckets", [10, 64])
def test_mpnet_other_numbers_of_buckets(buckets: int, make_checkpoint: Maker, open_model: Any) -> None:
    """Hugging Face's module computes 32 buckets whatever the table holds: fewer fail there, more stay unread."""
    with pytest.raises(UnsupportedError, match=f"relative_attention_num_buckets={buckets}"):
        open_model(make_checkpoint("mpnet", relative_attention_num_buckets=buckets))


@pytest.mark.parametrize("family", ["bert", "roberta", "albert", "mpnet"])
def test_layer_norm_epsilon(family: str, make_checkpoint: Maker, assert_parity: Parity) -> None:
    assert_parity(make_checkpoint(family, layer_norm_eps=0.1))


@pytest.mark.parametrize("family", ["bert", "roberta", "mpnet", "albert"])
def test_a_shorter_maximum_cuts_the_table_alone(
    family: str, make_checkpoint: Maker, open_model: Any, assert_parity: Parity
) -> None:
    folder = make_checkpoint(family)
    graph = open_model(folder).graph("feature-extraction", 9)
    first = 2 if family in ("roberta", "mpnet") else 0
    table = next(node.inputs[0] for node in graph.nodes if node.output == "embeddings.position")
    assert graph[table].shape[0] == 9 + first
    assert_parity(folder, lengths=(9, 4), max_length=9)


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize(("heads", "hidden"), [(1, 32), (2, 24), (8, 48)])
def test_head_counts(family: str, heads: int, hidden: int, make_checkpoint: Maker, assert_parity: Parity) -> None:
    assert_parity(make_checkpoint(family, num_attention_heads=heads, hidden_size=hidden, num_hidden_layers=1))
