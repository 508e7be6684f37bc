"""edgelm's own family: a compressed encoder, whose layers may differ in width (the folders that `edgelm.nn` writes)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgelm.errors import UsageError
from edgelm.families.base import BERT_LAYER, HIDDEN_STATES, SPANS, TOKENS, Config, Family, positive, positive_number
from edgelm.graph.canonical import Decoder, Dense, EncoderConfig, Head, LayerConfig, Norm

WIDTHS = ("attention_heads", "head_sizes", "intermediate_sizes")
"""The lists of config.json that give every layer its own size."""


def _encoder(config: Config) -> EncoderConfig:
    padding_idx = config.get("position_padding_idx")
    return EncoderConfig(
        vocab_size=positive(config, "vocab_size"),
        hidden_size=positive(config, "hidden_size"),
        embedding_size=positive(config, "embedding_size"),
        layers=tuple(LayerConfig(*sizes) for sizes in zip(*(_widths(config, key) for key in WIDTHS), strict=True)),
        max_length=positive(config, "max_position_embeddings"),
        type_vocab_size=_count(config, "type_vocab_size"),
        layer_norm_eps=positive_number(config, "layer_norm_eps"),
        hidden_act=str(config["hidden_act"]),
        padding_idx=None if padding_idx is None else _count(config, "position_padding_idx"),
        task_type_vocab_size=_count(config, "task_type_vocab_size"),
        relative_attention_num_buckets=_count(config, "relative_attention_num_buckets"),
        word_rank=_count(config, "word_rank"),
    )


def _widths(config: Config, key: str) -> list[int]:
    """One positive integer for each layer."""
    values, layers = config.get(key), positive(config, "num_hidden_layers")
    if not isinstance(values, list) or len(values) != layers:
        raise UsageError(f"config.json: {key} is {values!r}, not a list of {layers} sizes, one for each layer.")
    return [positive({key: value}, key) for value in values]


def _count(config: Config, key: str) -> int:
    """An integer of zero or more; zero where the key is absent."""
    value: Any = config.get(key, 0)
    return 0 if value == 0 and type(value) is int else positive(config, key)


def _heads(config: Config) -> Mapping[str, Head]:
    pooled = Head("first", (Dense("pooler", str(config.get("classifier_act", "tanh"))), Dense("classifier")))
    return {
        "feature-extraction": HIDDEN_STATES,
        "text-classification": pooled,
        "multiple-choice": pooled,
        "token-classification": TOKENS,
        "question-answering": SPANS,
        "fill-mask": Head(
            "all",
            (Dense("transform", "hidden_act"), Norm("transform_norm"), Decoder("decoder.weight", "decoder.bias")),
        ),
    }


EDGELM = Family(
    name="edgelm",
    model_types=("edgelm",),
    prefix="edgelm.",
    encoder=_encoder,
    heads=_heads,
    names={},
    layer_names={part: part for part in BERT_LAYER},
    layer=lambda _config, i: f"layers.{i}",
)
