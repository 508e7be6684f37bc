"""How the families without a table of positions tell them: held against Hugging Face's modules, or the formula."""

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

from edgelm.errors import UnsupportedError, UsageError
from edgelm.graph import quantize
from edgelm.graph.canonical import Rotary
from edgelm.graph.positions import log_bucket
from edgelm.types import Scheme

Parity = Callable[..., None]
Maker = Callable[..., Path]
FAMILIES = ("nezha", "roformer", "modernbert", "deberta-v2")


def configured(source: Path, folder: Path, **changes: Any) -> Path:
    """A copy of a checkpoint with other keys in config.json; an ellipsis removes one."""
    shutil.copytree(source, folder)
    config = {**json.loads((folder / "config.json").read_text()), **changes}
    kept = {key: value for key, value in config.items() if value is not ...}
    (folder / "config.json").write_text(json.dumps(kept))
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_no_tensor_holds_a_vector_for_every_pair(family: str, make_checkpoint: Maker, open_model: Any) -> None:
    """Pairs of tokens have a number for each head; only NEZHA's encoding, the same for all heads, has a vector."""
    model = open_model(make_checkpoint(family))
    graph = model.graph("feature-extraction", 40)
    layer = model.encoder.layers[0]
    for tensor in graph.tensors.values():
        if tensor.shape.count("length") == 2:
            numbers = int(np.prod([size for size in tensor.shape if isinstance(size, int)]))
            limit = layer.head_size if tensor.name == "relative.encodings" else layer.num_attention_heads
            assert numbers <= limit, tensor


@pytest.mark.parametrize("family", FAMILIES)
def test_tables_of_positions_stay_float32(family: str, make_checkpoint: Maker, open_model: Any) -> None:
    """Angles, encodings and vectors of distances go into the scores of every layer, and are small beside weights."""
    model = open_model(make_checkpoint(family, hidden_size=64, max_position_embeddings=512, position_buckets=128))
    scheme = Scheme("int8", "int8", "float32", "all that is large enough")
    graph = quantize.apply_scheme(model.graph("feature-extraction", 512), scheme)
    positions = [
        tensor for tensor in graph.constants if re.search(r"by_(position|distance)|position_(key|query)\]", tensor.name)
    ]
    assert any(tensor.data.size >= 4096 for tensor in positions)
    assert {tensor.dtype for tensor in positions} <= {"float32", "int32"}
    stored = {node.inputs[1]: graph[node.inputs[1]].dtype for node in graph.nodes if node.op == "linear"}
    assert "int8" in stored.values()


# -- NEZHA -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("distance", [1, 9, 64])
def test_nezha_max_relative_position(distance: int, make_checkpoint: Maker, assert_parity: Parity) -> None:
    assert_parity(make_checkpoint("nezha", max_relative_position=distance), lengths=(40, 17))


def test_nezha_encodes_distances_once_for_all_layers(make_checkpoint: Maker, open_model: Any) -> None:
    graph = open_model(make_checkpoint("nezha")).graph("feature-extraction", 40)
    readers = graph.consumers()["relative.encodings"]
    assert [node.op for node in readers] == ["matmul"] * 4
    assert graph["relative.encodings"].shape == (1, "length", "length", 8)
    assert graph["relative.encodings.by_distance"].shape == (79, 8)


# -- RoFormer ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [{"rotary_value": True}, {"embedding_size": 32}, {"embedding_size": None}], ids=str)
def test_roformer(config: dict[str, Any], make_checkpoint: Maker, assert_parity: Parity) -> None:
    assert_parity(make_checkpoint("roformer", "fill-mask", **config), "fill-mask")


def test_roformer_without_a_table_of_angles(make_checkpoint: Maker, tmp_path: Path, assert_parity: Parity) -> None:
    """The frozen table of a checkpoint is taken as it is; where it is absent, the paper's angles are."""
    folder = shutil.copytree(make_checkpoint("roformer"), tmp_path / "model")
    tensors = load_file(folder / "model.safetensors")
    table = tensors.pop("encoder.embed_positions.weight")
    assert table.std() < 0.4, "not the angles that a module would make anew"
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    assert_parity(folder, lengths=(64, 9), max_length=64)


@pytest.mark.parametrize(
    ("config", "has_head"),
    [
        ({"summary_activation": "tanh"}, True),
        ({"summary_use_proj": False}, True),
        ({"summary_use_proj": False, "summary_activation": "tanh"}, False),
        ({"summary_type": "last"}, False),
    ],
    ids=str,
)
def test_roformer_summary(
    config: Any, has_head: bool, make_checkpoint: Maker, open_model: Any, assert_parity: Parity
) -> None:
    """Read at the first position only: the last is padding's in a padded batch."""
    folder = make_checkpoint("roformer", "multiple-choice", **config)
    assert ("multiple-choice" in open_model(folder).tasks) == has_head
    if has_head:
        assert_parity(folder, "multiple-choice")


# -- ModernBERT --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "config",
    [
        {"attention_bias": True},
        {"mlp_bias": True},
        {"norm_bias": True},
        {"classifier_bias": True},
        {"hidden_activation": "silu"},
        {"classifier_activation": "relu"},
        {"norm_eps": 0.1},
        {"classifier_pooling": "mean"},
        {"local_attention": 2},
        {"local_attention": 200},
        {"layer_types": ["sliding_attention", "full_attention", "sliding_attention"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("task", ["text-classification", "fill-mask"])
def test_modernbert(task: str, config: dict[str, Any], make_checkpoint: Maker, assert_parity: Parity) -> None:
    assert_parity(make_checkpoint("modernbert", task, **config), task, lengths=(40, 17, 3))


def test_modernbert_mean_of_each_choice(make_checkpoint: Maker, assert_parity: Parity) -> None:
    assert_parity(make_checkpoint("modernbert", "multiple-choice", classifier_pooling="mean"), "multiple-choice")


def test_modernbert_before_transformers_5(make_checkpoint: Maker, tmp_path: Path, open_model: Any) -> None:
    """Older files tell the layers and the angles by other keys; none of local angles means the global ones."""
    source = make_checkpoint("modernbert", num_hidden_layers=4)
    older = {"layer_types": ..., "rope_parameters": ..., "global_attn_every_n_layers": 2}
    thetas = {"global_rope_theta": 500.0, "local_rope_theta": 70.0}
    layers = open_model(configured(source, tmp_path / "older", **older, **thetas)).encoder.layers
    assert [layer.rotary for layer in layers] == [Rotary(500.0), Rotary(70.0)] * 2
    assert [layer.window for layer in layers] == [None, 6] * 2
    thetas["local_rope_theta"] = None
    layers = open_model(configured(source, tmp_path / "global", **older, **thetas)).encoder.layers
    assert {layer.rotary for layer in layers} == {Rotary(500.0)}


def test_modernbert_reads_rope_parameters(make_checkpoint: Maker, open_model: Any, assert_parity: Parity) -> None:
    parameters = {
        "full_attention": {"rope_type": "default", "rope_theta": 33.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 7.0},
    }
    folder = make_checkpoint("modernbert", rope_parameters=parameters)
    assert [layer.rotary.theta for layer in open_model(folder).encoder.layers] == [33.0, 7.0, 7.0]
    assert_parity(folder, lengths=(40, 9))


def test_modernbert_needs_no_window_in_short_texts(make_checkpoint: Maker, open_model: Any) -> None:
    graphs = [open_model(make_checkpoint("modernbert")).graph("feature-extraction", length) for length in (7, 8)]
    assert ["window_6.bias" in graph.tensors for graph in graphs] == [False, True]


def test_modernbert_queries_keys_and_values_are_views_of_one_matrix(make_checkpoint: Maker, open_model: Any) -> None:
    graph = open_model(make_checkpoint("modernbert")).graph("feature-extraction", 16)
    parts = [
        next(node.inputs[1] for node in graph.nodes if node.output == f"layers.0.{part}")
        for part in ("query", "key", "value")
    ]
    assert parts == [f"layers.0.attn.Wqkv.weight[{first}:{first + 32}]" for first in (0, 32, 64)]
    assert all(graph[part].data.base is not None for part in parts)


def test_modernbert_decoder_without_a_bias_is_no_head(make_checkpoint: Maker, open_model: Any) -> None:
    model = open_model(make_checkpoint("modernbert", "fill-mask", decoder_bias=False))
    assert "fill-mask" not in model.tasks
    with pytest.raises(UsageError, match="no head for fill-mask"):
        model.graph("fill-mask", 16)


REFUSED: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    ("modernbert", {"rope_parameters": {"full_attention": {"rope_type": "yarn"}}}, UnsupportedError, "'yarn'"),
    ("modernbert", {"rope_scaling": {"type": "linear", "factor": 2}}, UnsupportedError, "another kind"),
    ("modernbert", {"layer_types": ["full_attention"]}, UsageError, "not a list of 3"),
    ("modernbert", {"layer_types": ["full_attention"] * 2 + ["causal"]}, UsageError, "full_attention or sliding"),
    ("modernbert", {"classifier_pooling": "max"}, UsageError, "'max', not cls or mean"),
    ("modernbert", {"rope_parameters": {"full_attention": {"rope_theta": -1}}}, UsageError, "rope_theta is -1"),
    ("modernbert", {"hidden_activation": "mish"}, UnsupportedError, "'mish'"),
    ("deberta-v2", {"conv_kernel_size": 4}, UsageError, "conv_kernel_size is 4, not an odd number"),
    ("deberta-v2", {"conv_kernel_size": "3"}, UsageError, "not a positive integer"),
    ("deberta-v2", {"conv_kernel_size": 3, "conv_groups": 2}, UnsupportedError, "conv_groups=2"),
    ("deberta-v2", {"conv_kernel_size": 3, "conv_act": "mish"}, UnsupportedError, "'mish'"),
    ("deberta-v2", {"embedding_size": 16}, UnsupportedError, "embedding_size=16"),
    ("deberta-v2", {"pos_att_type": ["c2p", "p2p"]}, UsageError, "not a list of c2p and p2c"),
    ("deberta-v2", {"relative_attention": False}, UnsupportedError, "without relative_attention"),
    ("deberta-v2", {"position_buckets": 256}, UsageError, "position_buckets is 256"),
    ("deberta-v2", {"position_buckets": "8"}, UsageError, "not a positive integer"),
    ("roformer", {"hidden_size": 36, "num_attention_heads": 4}, UsageError, "9 dimensions, an odd number"),
    ("nezha", {"hidden_size": 36, "num_attention_heads": 4}, UsageError, "9 dimensions, an odd number"),
    ("modernbert", {"hidden_size": 36, "num_attention_heads": 4}, UsageError, "9 dimensions, an odd number"),
]


@pytest.mark.parametrize(("family", "config", "error", "says"), REFUSED, ids=str)
def test_what_is_refused(
    family: str, config: dict[str, Any], error: Any, says: str, make_checkpoint: Maker, tmp_path: Path, refusal: Any
) -> None:
    assert says in refusal(error, configured(make_checkpoint(family), tmp_path / "model", **config)).message


# -- DeBERTa -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kinds", [["c2p"], ["p2c"], ["p2c", "c2p"], []], ids=str)
@pytest.mark.parametrize("is_shared", [True, False])
@pytest.mark.parametrize("buckets", [8, -1])
def test_deberta_attention(
    kinds: list[str], is_shared: bool, buckets: int, make_checkpoint: Maker, assert_parity: Parity
) -> None:
    folder = make_checkpoint("deberta-v2", pos_att_type=kinds, share_att_key=is_shared, position_buckets=buckets)
    assert_parity(folder, lengths=(40, 17, 3))


@pytest.mark.parametrize(
    "config",
    [
        {"norm_rel_ebd": "none"},
        {"max_relative_positions": 20, "position_buckets": -1},
        {"max_relative_positions": 20, "position_buckets": 10},
        {"position_biased_input": True},
        {"type_vocab_size": 2},
        {"type_vocab_size": 1},
        {"pos_att_type": "p2c|c2p"},
        {"relative_attention": False, "pos_att_type": [], "position_biased_input": True},
        {"pooler_hidden_act": "tanh"},
        {"layer_norm_eps": 0.1},
        {"conv_kernel_size": 3, "conv_act": "gelu"},
        {"conv_kernel_size": 5, "num_hidden_layers": 1},
        {"conv_kernel_size": 1},
    ],
    ids=str,
)
def test_deberta(config: dict[str, Any], make_checkpoint: Maker, assert_parity: Parity) -> None:
    assert_parity(make_checkpoint("deberta-v2", "text-classification", **config), "text-classification", (40, 17, 3))


@pytest.mark.parametrize("is_legacy", [True, False])
def test_deberta_masked_language_models(
    is_legacy: bool, make_checkpoint: Maker, open_model: Any, assert_parity: Parity
) -> None:
    """transformers' head has a bias to its decoder; the authors' multiplies by the table of words."""
    folder = make_checkpoint("deberta-v2", "fill-mask", legacy=is_legacy)
    assert_parity(folder, "fill-mask")
    graph = open_model(folder).graph("fill-mask", 16)
    assert next(node for node in graph.nodes if node.output == "logits").inputs[1].endswith("word_embeddings.weight")


def test_deberta_past_the_exact_distances(make_checkpoint: Maker, assert_parity: Parity) -> None:
    folder = make_checkpoint("deberta-v2", max_position_embeddings=300, position_buckets=32)
    assert_parity(folder, lengths=(300, 90, 9), max_length=300)


@pytest.mark.parametrize(("buckets", "furthest"), [(256, 512), (32, 300), (8, 64), (2, 5), (10, 1000)])
def test_deberta_buckets(buckets: int, furthest: int, torch: Any) -> None:
    from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position

    distance = np.arange(1 - furthest, furthest)
    expected = make_log_bucket_position(torch.from_numpy(distance), buckets, furthest).numpy()
    np.testing.assert_array_equal(log_bucket(distance, buckets, furthest), expected)


def test_deberta_keeps_the_vectors_of_possible_distances_alone(make_checkpoint: Maker, open_model: Any) -> None:
    """8 tokens are at most 7 apart, which 16 buckets tell exactly: 15 of the 32 vectors are stored, for each layer."""
    model = open_model(make_checkpoint("deberta-v2", position_buckets=16))
    graph = model.graph("feature-extraction", 8)
    shapes = {node.output: graph[node.inputs[1]].shape for node in graph.nodes if "_products" in node.output}
    assert shapes == {f"layers.{i}.{kind}_products": (1, 4, 15, 8) for i in (0, 1) for kind in ("content", "position")}
