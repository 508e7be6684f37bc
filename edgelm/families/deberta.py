"""DeBERTa-v2 and v3 (He et al. 2021): attention to content and to distances apart, with vectors for each."""

from __future__ import annotations

from collections.abc import Mapping

from edgelm.errors import UnsupportedError, UsageError
from edgelm.families.base import (
    BERT_LAYER,
    BERT_NAMES,
    HIDDEN_STATES,
    SPANS,
    TOKENS,
    Config,
    Family,
    positive,
    standard_config,
)
from edgelm.families.bert import BERT, MASKED_LM
from edgelm.graph.canonical import Convolution, Decoder, Dense, Disentangled, EncoderConfig, Head, Norm

DEFAULTS = {
    "vocab_size": 128100,
    "hidden_size": 1536,
    "num_hidden_layers": 24,
    "num_attention_heads": 24,
    "intermediate_size": 6144,
    "hidden_act": "gelu",
    "max_position_embeddings": 512,
    "type_vocab_size": 0,
    "layer_norm_eps": 1e-7,
    "pooler_hidden_act": "gelu",
}
_TYPES = ("c2p", "p2c")


def _encoder(config: Config) -> EncoderConfig:
    values = {**DEFAULTS, **config}
    _refuse_variants(values)
    types = 0 if values["type_vocab_size"] == 0 else positive(values, "type_vocab_size")
    return standard_config(
        config,
        defaults=DEFAULTS,
        type_vocab_size=types,
        has_position_table=bool(values.get("position_biased_input", True)),
        distances=_distances(values),
        convolution=_convolution(values),
    )


def _refuse_variants(values: Config) -> None:
    """UnsupportedError for what no published model has."""
    groups, size = values.get("conv_groups", 1), values.get("embedding_size")
    if groups != 1:
        raise UnsupportedError(f"conv_groups={groups!r}: a convolution in groups is not supported.")
    if size not in (None, values["hidden_size"]):
        raise UnsupportedError(f"embedding_size={size!r} other than hidden_size is not supported in this family.")


def _convolution(values: Config) -> Convolution | None:
    """That of v2's largest models; None where there is none."""
    kernel = _or_zero(values, "conv_kernel_size")
    if kernel and kernel % 2 == 0:
        raise UsageError(f"config.json: conv_kernel_size is {kernel}, not an odd number.")
    return Convolution(kernel, str(values.get("conv_act", "tanh"))) if kernel else None


def _distances(values: Config) -> Disentangled | None:
    """None where attention is BERT's."""
    kinds = values.get("pos_att_type") or []
    if isinstance(kinds, str):
        kinds = [kind.strip() for kind in kinds.lower().split("|")]
    if not isinstance(kinds, list) or not all(kind in _TYPES for kind in kinds):
        raise UsageError(f"config.json: pos_att_type is {kinds!r}, not a list of {' and '.join(_TYPES)}.")
    if not values.get("relative_attention"):
        if kinds:
            raise UnsupportedError(f"pos_att_type={kinds!r} without relative_attention is not supported.")
        return None
    if not kinds:
        return None
    furthest = _or_zero(values, "max_relative_positions") or positive(values, "max_position_embeddings")
    return Disentangled(
        max_distance=furthest,
        buckets=_buckets(values, furthest),
        content_to_position="c2p" in kinds,
        position_to_content="p2c" in kinds,
        is_shared=bool(values.get("share_att_key")),
        is_normalized="layer_norm" in [part.strip() for part in str(values.get("norm_rel_ebd")).lower().split("|")],
    )


def _buckets(values: Config, furthest: int) -> int:
    """0 where there are none."""
    buckets = _or_zero(values, "position_buckets")
    if buckets == 1 or (buckets and furthest - 1 <= buckets // 2):
        raise UsageError(
            f"config.json: position_buckets is {buckets}, too many or too few for distances up to {furthest - 1}."
        )
    return buckets


def _or_zero(values: Config, key: str) -> int:
    """A size, or 0 where it is absent or -1."""
    value = values.get(key, -1)
    return 0 if value in (-1, 0) and type(value) is int else positive(values, key)


def _heads(config: Config) -> Mapping[str, Head]:
    values = {**DEFAULTS, **config}
    pooled = Head("first", (Dense("pooler.dense", str(values["pooler_hidden_act"])), Dense("classifier")))
    return {
        "feature-extraction": HIDDEN_STATES,
        "text-classification": pooled,
        "multiple-choice": pooled,
        "token-classification": TOKENS,
        "question-answering": SPANS,
        "fill-mask": MASKED_LM if values.get("legacy", True) else _TIED_LM,
    }


_TIED_LM = Head(
    "all",
    (
        Dense("lm_predictions.lm_head.dense", "hidden_act"),
        Norm("lm_predictions.lm_head.LayerNorm"),
        Decoder("embeddings.word.weight", "lm_predictions.lm_head.bias"),
    ),
)
"""The authors' own, which multiplies by the word embedding always."""

DEBERTA_V2 = Family(
    name="deberta-v2",
    model_types=("deberta-v2",),
    prefix="deberta.",
    encoder=_encoder,
    heads=_heads,
    names={
        **BERT_NAMES,
        "relative": "encoder.rel_embeddings",
        "relative_norm": "encoder.LayerNorm",
        "convolution": "encoder.conv.conv",
        "convolution_norm": "encoder.conv.LayerNorm",
    },
    layer_names={
        **BERT_LAYER,
        "query": "attention.self.query_proj",
        "key": "attention.self.key_proj",
        "value": "attention.self.value_proj",
        "position_query": "attention.self.pos_query_proj",
        "position_key": "attention.self.pos_key_proj",
    },
    aliases=BERT.aliases,
)
