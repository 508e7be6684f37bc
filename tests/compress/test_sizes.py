"""Sizes: the field's own table, what transformers counts, and the bytes that the graph really stores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgelm.compress.sizes import Sizes, count, flops, megabytes, of_folder, of_model, sizes, summary
from edgelm.families import Model
from edgelm.families.base import POOLED, TOKENS
from edgelm.graph.canonical import EncoderConfig, LayerConfig
from edgelm.graph.quantize import apply_scheme
from edgelm.types import Scheme


def encoder(layers: int, hidden: int, heads: int, intermediate: int, vocab_size: int = 30522) -> EncoderConfig:
    return EncoderConfig(
        vocab_size=vocab_size,
        hidden_size=hidden,
        embedding_size=hidden,
        layers=(LayerConfig(heads, hidden // heads, intermediate),) * layers,
        max_length=512,
        type_vocab_size=2,
        layer_norm_eps=1e-12,
        hidden_act="gelu",
    )


NANO, MICRO = encoder(4, 312, 12, 1200), encoder(4, 384, 12, 1536)
MINI, BASE = encoder(6, 384, 12, 1536), encoder(12, 768, 12, 3072)


# numbers.md, A0: encoder parameters; total at 30,522, 21,128 and 8,000 words; GFLOPs at 16, 32 and 128 tokens
@pytest.mark.parametrize(
    ("shape", "layers", "totals", "gflops"),
    [
        (NANO, "4.57", ("14.3", "11.3", "7.2"), ("0.147", "0.296", "1.247")),
        (MICRO, "7.10", ("19.0", "15.4", "10.4"), ("0.228", "0.459", "1.913")),
        (MINI, "10.65", ("22.6", "19.0", "13.9"), ("0.342", "0.689", "2.869")),
        (BASE, "85.05", ("108.9", "101.7", "91.6"), ("2.73", "5.47", "22.35")),
    ],
    ids=["nano", "micro", "mini", "bert-base"],
)
def test_the_geometry_of_our_sizes(
    shape: EncoderConfig, layers: str, totals: tuple[str, ...], gflops: tuple[str, ...]
) -> None:
    assert f"{sizes(shape).encoder / 1e6:.2f}" == layers
    found = [sizes(replace(shape, vocab_size=words)).total for words in (30522, 21128, 8000)]
    assert tuple(f"{total / 1e6:.1f}" for total in found) == totals
    for length, told in zip((16, 32, 128), gflops, strict=True):
        assert f"{flops(shape, length) / 1e9:.{len(told.partition('.')[2])}f}" == told


def test_flops_by_hand() -> None:
    """Two layers of hidden size 4: attention 3 wide and FFN 5 units at 7 tokens, two for each multiply-accumulate."""
    shape = replace(encoder(2, 4, 2, 5), layers=(LayerConfig(1, 3, 5), LayerConfig(1, 3, 5)))
    layer = 7 * (3 * 4 * 3 + 3 * 4 + 2 * 4 * 5) + 2 * 7 * 7 * 3
    assert flops(shape, 7) == 2 * 2 * layer
    assert flops(replace(shape, embedding_size=2), 7) == 2 * (2 * layer + 7 * 2 * 4)
    assert flops(replace(shape, word_rank=3), 7) == 2 * (2 * layer + 7 * 3 * 4)


FAMILIES = ("bert", "roberta", "distilbert", "electra", "albert", "ernie", "mpnet", "edgelm")
CLASSES = {
    "text-classification": "SequenceClassification",
    "token-classification": "TokenClassification",
    "question-answering": "QuestionAnswering",
    "multiple-choice": "MultipleChoice",
    "fill-mask": "MaskedLM",
}


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("task", CLASSES)
def test_parameters_are_those_that_transformers_counts(
    make_checkpoint: Callable[..., Path], open_model: Callable[..., Model], family: str, task: str
) -> None:
    import transformers

    folder = make_checkpoint(family, task, **({"num_labels": 2} if task == "question-answering" else {}))
    module = getattr(transformers, f"AutoModelFor{CLASSES[task]}").from_pretrained(folder)
    unused = [p.numel() for name, p in module.named_parameters() if _is_unused(name, task)]
    assert of_model(open_model(folder), task).total == module.num_parameters() - sum(unused)


def _is_unused(name: str, task: str) -> bool:
    """A pooler in front of no head that reads it, which transformers keeps for some families."""
    return ".pooler." in name and task not in ("text-classification", "multiple-choice")


@pytest.mark.usefixtures("torch")
def test_the_built_in_model_is_mini(open_model: Callable[..., Model]) -> None:
    import transformers

    model = open_model("all-MiniLM-L6-v2")
    module = transformers.AutoModel.from_pretrained(model.checkpoint.path, add_pooling_layer=False)
    found = of_model(model)
    assert found == sizes(MINI)
    assert found.total == module.num_parameters() == 22_565_376
    assert (found.bytes_fp32, found.bytes_fp16) == (90_261_504, 45_193_728)


@pytest.mark.parametrize(("weights", "field"), [("float16", "bytes_fp16"), ("int8", "bytes_int8")])
def test_bytes_are_those_of_the_stored_graph(open_model: Callable[..., Model], weights: Any, field: str) -> None:
    """The constants of the graph that is shipped, scales included; those that are no parameters are two scalars."""
    model = open_model("all-MiniLM-L6-v2")
    scheme = Scheme(weights, weights, "float32", "")
    graph = apply_scheme(model.graph("feature-extraction", model.encoder.max_length), scheme)
    named = [tensor for tensor in graph.constants if not tensor.name.startswith("const.")]
    stored = sum(tensor.data.nbytes for tensor in named if tensor.data is not None)
    stored += sum(tensor.quantization.scale.nbytes for tensor in named if tensor.quantization)
    assert getattr(of_model(model, "feature-extraction"), field) == stored


def test_layers_that_share_their_weights_weigh_once_and_all_compute(
    make_checkpoint: Callable[..., Path], open_model: Callable[..., Model]
) -> None:
    model = open_model(make_checkpoint("albert", "text-classification"))
    shared, cut = of_model(model), of_model(model, shape=model.encoder)
    assert len(model.encoder.layers) == 3
    assert cut.encoder == 3 * shared.encoder
    assert cut.flops == shared.flops


def test_a_sentence_encoder_counts_its_dense_layer(make_sentence_model: Callable[..., Path]) -> None:
    bare, dense = (of_folder(make_sentence_model("bert", dense=kind)) for kind in (None, "Tanh"))
    assert (bare.head, dense.head) == (0, 20 * 32 + 20)
    two = of_folder(make_sentence_model("bert", pooling=("mean", "max"), dense="Tanh"))
    assert two.head == 20 * 64 + 20


def test_unequal_layers_and_a_factorised_word_table() -> None:
    shape = replace(NANO, layers=(LayerConfig(2, 26, 80), LayerConfig(7, 24, 1000)))
    one, other = (sizes(replace(shape, layers=(layer,))).encoder for layer in shape.layers)
    assert sizes(shape).encoder == one + other
    factorised = replace(NANO, word_rank=64)
    assert sizes(NANO).embedding - sizes(factorised).embedding == 30522 * (312 - 64) - 64 * 312


def test_a_small_head_stays_in_float32() -> None:
    labels = sizes(NANO, POOLED, 2)
    bare, tokens = sizes(NANO), sizes(NANO, TOKENS, 2)
    assert tokens.bytes_int8 - bare.bytes_int8 == 4 * (312 * 2 + 2)
    assert labels.bytes_int8 - tokens.bytes_int8 == 312 * 312 + 4 * 312 + 4 * 312
    assert labels.record()["parameters"] == labels.total == labels.encoder + labels.embedding + labels.head


def test_words_for_people() -> None:
    assert summary(sizes(NANO)) == (
        "14.3 M parameters (4.57 M encoder), 57.0 MB fp32, 14.5 MB int8, 1.25 G FLOPs at 128 tokens"
    )
    told = {
        0: "0",
        999: "999",
        1000: "1.00 k",
        19_000_000: "19.0 M",
        999_600: "1.00 M",
        285_000: "285 k",
        2e9: "2.00 G",
    }
    assert {value: count(value) for value in told} == told
    assert (megabytes(12_345_678), megabytes(123_456)) == ("12.3 MB", "0.12 MB")
    assert Sizes(1, 2, 3, 0, 0, 0, 0).total == 6
