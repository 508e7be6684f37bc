"""edgelm's own family: a compressed encoder, whose layers may differ in width (the folders that `edgelm.nn` writes)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from edgelm.errors import UsageError
from edgelm.families.base import BERT_LAYER, HIDDEN_STATES, SPANS, TOKENS, Config, Family, positive, positive_number
from edgelm.graph.canonical import Decoder, Dense, EncoderConfig, Head, LayerConfig, Norm

WIDTHS = ("attention_heads", "head_sizes", "intermediate_sizes")
"""The lists of config.json that give every layer its own size."""
_Outputs = Literal["float32", "int8"]
_OUTPUTS: tuple[_Outputs, ...] = get_args(_Outputs)


@dataclass(frozen=True)
class Quantization:
    """What a quantization-aware training left in config.json, under ``quantization``."""

    scheme: str
    """The scheme it was trained for, by its name."""
    outputs: _Outputs
    """Whether linear layers were trained to write integers: ``edgelm.types.Scheme.outputs``."""
    ranges: Mapping[str, tuple[float, float]]
    """(low, high) by the names of the graph's tensors; of a dynamic scheme there are none."""


def quantization(config: Config) -> Quantization | None:
    """What config.json says of it, or None of a model that was trained in float; UsageError for anything else."""
    record = config.get("quantization")
    if record is None:
        return None
    found: dict[str, Any] = record if isinstance(record, dict) else {}
    scheme, ranges = found.get("scheme"), found.get("ranges")
    outputs = next((one for one in _OUTPUTS if one == found.get("outputs")), None)
    if not isinstance(scheme, str) or outputs is None or not isinstance(ranges, dict):
        raise UsageError(
            "config.json: quantization is no object of scheme, outputs (float32 or int8) and ranges.",
            hint="Take the key out: the model is then calibrated anew.",
        )
    return Quantization(scheme, outputs, {name: _range(name, ends) for name, ends in ranges.items()})


def _range(name: str, ends: Any) -> tuple[float, float]:
    """Two finite numbers, the lower first."""
    is_pair = isinstance(ends, list) and len(ends) == 2 and all(type(end) in (int, float) for end in ends)
    if not is_pair or not -math.inf < ends[0] <= ends[1] < math.inf:
        raise UsageError(f"config.json: the range of {name} is {ends!r:.60}, not two numbers, the lower first.")
    return float(ends[0]), float(ends[1])


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
