"""ModernBERT (Warner et al. 2024): rotary positions, local and global attention in turn, GeGLU, LayerNorms first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgelm.errors import UnsupportedError, UsageError
from edgelm.families.base import (
    HIDDEN_STATES,
    CheckpointWeights,
    Config,
    Family,
    even_heads,
    layer_count,
    positive,
    positive_number,
    standard_config,
)
from edgelm.graph.canonical import Decoder, Dense, EncoderConfig, Head, LayerConfig, Norm, Rotary
from edgelm.types import Array

DEFAULTS = {
    "vocab_size": 50368,
    "hidden_size": 768,
    "num_hidden_layers": 22,
    "num_attention_heads": 12,
    "intermediate_size": 1152,
    "hidden_activation": "gelu",
    "max_position_embeddings": 8192,
    "norm_eps": 1e-5,
    "local_attention": 128,
    "global_attn_every_n_layers": 3,
    "classifier_pooling": "cls",
    "classifier_activation": "gelu",
    "decoder_bias": True,
}
_GLOBAL, _LOCAL = "full_attention", "sliding_attention"
_THETAS = {_GLOBAL: ("global_rope_theta", 160000.0), _LOCAL: ("local_rope_theta", 10000.0)}
"""By kind of layer, the key in config.json of before transformers 5, and the default."""
_READS = {"cls": "first", "mean": "mean"}


def _encoder(config: Config) -> EncoderConfig:
    values = {**DEFAULTS, **config}
    renamed = {**values, "hidden_act": values["hidden_activation"]}
    encoder = standard_config(
        config,
        defaults=renamed,
        layers=tuple(_layer(values, kind) for kind in _kinds(values)),
        type_vocab_size=0,
        layer_norm_eps=positive_number(values, "norm_eps"),
        has_position_table=False,
        is_pre_norm=True,
        is_gated=True,
        attention_bias=bool(values.get("attention_bias")),
        feed_forward_bias=bool(values.get("mlp_bias")),
        norm_bias=bool(values.get("norm_bias")),
    )
    return even_heads(encoder)


def _kinds(values: Config) -> list[str]:
    """Whether each layer's attention is global or local."""
    count = layer_count(values, "num_hidden_layers")
    kinds = values.get("layer_types")
    if kinds is None:
        every = positive(values, "global_attn_every_n_layers")
        return [_LOCAL if i % every else _GLOBAL for i in range(count)]
    if not isinstance(kinds, list) or len(kinds) != count or not all(kind in _THETAS for kind in kinds):
        raise UsageError(
            f"config.json: layer_types is {kinds!r:.80}, not a list of {count}, each {' or '.join(_THETAS)}."
        )
    return kinds


def _layer(values: Config, kind: str) -> LayerConfig:
    heads = positive(values, "num_attention_heads")
    window = positive(values, "local_attention") // 2 if kind == _LOCAL else None
    return LayerConfig(
        heads,
        positive(values, "hidden_size") // heads,
        positive(values, "intermediate_size"),
        rotary=Rotary(_theta(values, kind)),
        window=window,
    )


def _theta(values: Config, kind: str) -> float:
    """The base of the rotation's angles: transformers 5 keeps it in ``rope_parameters``, older files beside it."""
    parameters = (values.get("rope_parameters") or {}).get(kind) or {}
    rope_type = parameters.get("rope_type", "default")
    if rope_type != "default" or values.get("rope_scaling"):
        raise UnsupportedError(f"Rotary positions of another kind than 'default' are not supported: {rope_type!r}.")
    if "rope_theta" in parameters:
        return positive_number(parameters, "rope_theta")
    key, default = _THETAS[kind]
    if kind == _LOCAL and key in values and values[key] is None:
        return _theta(values, _GLOBAL)
    return positive_number({key: default, **values}, key)


class _Packed(CheckpointWeights):
    """ModernBERT stores queries, keys and values as the rows of one matrix, and so ``up`` and ``gate``."""

    _PLACES: Mapping[str, tuple[int, int]] = {
        "query": (0, 3),
        "key": (1, 3),
        "value": (2, 3),
        "up": (0, 2),
        "gate": (1, 2),
    }
    """Of a layer's part: which of how many."""

    def get(self, name: str, shape: tuple[int | None, ...]) -> tuple[str, Array]:
        """As the canonical encoder wants it: a view of its rows."""
        stem, _, _ = name.rpartition(".")
        place, count = self._PLACES.get(stem.rpartition(".")[2], (0, 1)) if name.startswith("layers.") else (0, 1)
        rows, *others = shape
        if count == 1 or rows is None:
            return super().get(name, shape)
        own_name, data = super().get(name, (count * rows, *others))
        first = place * rows
        return f"{own_name}[{first}:{first + rows}]", data[first : first + rows]


def _classifier(values: Config, reads: Any, size: int | None = None) -> Head:
    """The prediction head, then a layer of its own for the task."""
    return Head(reads, (*_transform(values), Dense("classifier", size=size)))


def _transform(values: Config) -> tuple[Dense, Norm]:
    dense = Dense("head.dense", str(values["classifier_activation"]), bias=bool(values.get("classifier_bias")))
    return dense, Norm("head.norm")


def _masked_lm(values: Config) -> Mapping[str, Head]:
    """Nothing where the decoder has no bias."""
    if not values["decoder_bias"]:
        return {}
    return {"fill-mask": Head("all", (*_transform(values), Decoder("decoder.weight", "decoder.bias")))}


def _heads(config: Config) -> Mapping[str, Head]:
    values = {**DEFAULTS, **config}
    pooling = values["classifier_pooling"]
    if pooling not in _READS:
        raise UsageError(f"config.json: classifier_pooling is {pooling!r}, not {' or '.join(_READS)}.")
    spans = _classifier(values, "all", size=2)
    return {
        **_masked_lm(values),
        "feature-extraction": HIDDEN_STATES,
        "text-classification": _classifier(values, _READS[pooling]),
        "multiple-choice": _classifier(values, _READS[pooling]),
        "token-classification": _classifier(values, "all"),
        "question-answering": Head("all", spans.layers, ("start_logits", "end_logits")),
    }


MODERNBERT = Family(
    name="modernbert",
    model_types=("modernbert",),
    prefix="model.",
    encoder=_encoder,
    heads=_heads,
    names={"embeddings.word": "embeddings.tok_embeddings"},
    layer_names={
        "query": "attn.Wqkv",
        "key": "attn.Wqkv",
        "value": "attn.Wqkv",
        "attention_output": "attn.Wo",
        "attention_norm": "attn_norm",
        "up": "mlp.Wi",
        "gate": "mlp.Wi",
        "down": "mlp.Wo",
        "ffn_norm": "mlp_norm",
    },
    layer=lambda _config, i: f"layers.{i}",
    weights=_Packed,
)
