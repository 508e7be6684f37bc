"""BERT (Devlin et al. 2019), and ERNIE as Hugging Face writes it: BERT with task types."""

from __future__ import annotations

from collections.abc import Mapping

from edgelm.families.base import (
    BERT_LAYER,
    BERT_NAMES,
    HIDDEN_STATES,
    POOLED,
    SPANS,
    TOKENS,
    Config,
    Family,
    positive,
    standard_config,
)
from edgelm.graph.canonical import Decoder, Dense, EncoderConfig, Head, Norm

DEFAULTS = {
    "vocab_size": 30522,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
}

MASKED_LM = Head(
    "all",
    (
        Dense("cls.predictions.transform.dense", "hidden_act"),
        Norm("cls.predictions.transform.LayerNorm"),
        Decoder("cls.predictions.decoder.weight", "cls.predictions.decoder.bias"),
    ),
)


RECTIFIED = Head("first", (Dense("pooler", "tanh"), Dense("classifier", before="relu")))
"""TinyBERT's classifier (Jiao et al. 2020), in its authors' code and in PaddleNLP's."""


def heads(config: Config) -> Mapping[str, Head]:
    """BERT's heads by task; ``rectifies_pooled`` in config.json is of TinyBERT's classifier."""
    return {
        "feature-extraction": HIDDEN_STATES,
        "text-classification": RECTIFIED if config.get("rectifies_pooled") else POOLED,
        "multiple-choice": POOLED,
        "token-classification": TOKENS,
        "question-answering": SPANS,
        "fill-mask": MASKED_LM,
    }


def _ernie(config: Config) -> EncoderConfig:
    values = {"task_type_vocab_size": 3, **config}
    task_types = positive(values, "task_type_vocab_size") if values.get("use_task_id") else 0
    return standard_config(config, defaults=DEFAULTS, task_type_vocab_size=task_types)


BERT = Family(
    name="bert",
    model_types=("bert",),
    prefix="bert.",
    encoder=lambda config: standard_config(config, defaults=DEFAULTS),
    heads=heads,
    names=BERT_NAMES,
    layer_names=BERT_LAYER,
    aliases={"cls.predictions.decoder.bias": "cls.predictions.bias"},
)

ERNIE = Family(
    name="ernie",
    model_types=("ernie",),
    prefix="ernie.",
    encoder=_ernie,
    heads=heads,
    names={**BERT_NAMES, "embeddings.task_type": "embeddings.task_type_embeddings"},
    layer_names=BERT_LAYER,
    aliases=BERT.aliases,
)
