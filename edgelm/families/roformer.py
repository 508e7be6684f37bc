"""RoFormer (Su et al. 2021): BERT with rotary positions, a factorised embedding, and heads of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from edgelm.families.base import (
    BERT_LAYER,
    BERT_NAMES,
    HIDDEN_STATES,
    SPANS,
    TOKENS,
    CheckpointWeights,
    Config,
    Family,
    even_heads,
    positive,
    standard_config,
)
from edgelm.families.bert import BERT, MASKED_LM
from edgelm.families.bert import DEFAULTS as BERT_DEFAULTS
from edgelm.graph.canonical import Dense, EncoderConfig, Head, Rotary
from edgelm.types import Array

DEFAULTS = {**BERT_DEFAULTS, "vocab_size": 50000, "max_position_embeddings": 1536}
_THETA = 10000.0


def _encoder(config: Config) -> EncoderConfig:
    values = {**DEFAULTS, **config}
    size = positive(values, "hidden_size" if values.get("embedding_size") is None else "embedding_size")
    encoder = standard_config(config, defaults=DEFAULTS, has_position_table=False, embedding_size=size)
    rotary = Rotary(_THETA, turns_values=bool(values.get("rotary_value")))
    return even_heads(replace(encoder, layers=tuple(replace(layer, rotary=rotary) for layer in encoder.layers)))


class _InHalves(CheckpointWeights):
    """RoFormer turns pairs of neighbouring dimensions; reordered, the first of all pairs come before the second.

    Queries and keys in one order have the same products as in another. Values that are turned too meet the output
    layer's columns in that order.
    """

    def get(self, name: str, shape: tuple[int | None, ...]) -> tuple[str, Array]:
        """As the canonical encoder wants it: a reordered copy of what is turned."""
        own_name, data = super().get(name, shape)
        _, _, part = name.removesuffix(".weight").removesuffix(".bias").rpartition(".")
        axis = self._turned_axes().get(part)
        if axis is None or axis >= data.ndim or not name.startswith("layers."):
            return own_name, data
        heads = positive({**DEFAULTS, **self.config}, "num_attention_heads")
        order = np.arange(data.shape[axis]).reshape(heads, -1, 2).transpose(0, 2, 1).reshape(-1)
        return f"{own_name}[halves]", np.take(data, order, axis)

    def _turned_axes(self) -> Mapping[str, int]:
        """The axis of each part of a layer along which the dimensions of its heads lie."""
        values = {"value": 0, "attention_output": 1} if self.config.get("rotary_value") else {}
        return {"query": 0, "key": 0, **values}


def _multiple_choice(config: Config) -> Mapping[str, Head]:
    """The sequence summary of a multiple-choice head; nothing where it reads the last position, as is the default."""
    is_projected, activation = bool(config.get("summary_use_proj")), config.get("summary_activation")
    if config.get("summary_type") != "first" or (activation and not is_projected):
        return {}
    summary = [Dense("sequence_summary.summary", str(activation) if activation else None)] if is_projected else []
    return {"multiple-choice": Head("first", (*summary, Dense("classifier")))}


def _heads(config: Config) -> Mapping[str, Head]:
    return {
        **_multiple_choice(config),
        "feature-extraction": HIDDEN_STATES,
        "text-classification": Head("first", (Dense("classifier.dense", "hidden_act"), Dense("classifier.out_proj"))),
        "token-classification": TOKENS,
        "question-answering": SPANS,
        "fill-mask": MASKED_LM,
    }


ROFORMER = Family(
    name="roformer",
    model_types=("roformer",),
    prefix="roformer.",
    encoder=_encoder,
    heads=_heads,
    names={**BERT_NAMES, "embeddings.projection": "embeddings_project", "rotary": "encoder.embed_positions"},
    layer_names=BERT_LAYER,
    aliases=BERT.aliases,
    weights=_InHalves,
)
