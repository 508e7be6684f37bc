"""What a family is: its names and quirks, translated into the canonical encoder."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edgelm.checkpoint import TensorStore
from edgelm.errors import UnsupportedError, UsageError
from edgelm.graph.canonical import Decoder, Dense, EncoderConfig, Head, Joint, LayerConfig
from edgelm.types import Array

Config = Mapping[str, Any]
_MOST_LAYERS = 1000

HIDDEN_STATES = Head("all", (), ("last_hidden_state",))
TOKENS = Head("all", (Dense("classifier"),))
SPANS = Head("all", (Dense("qa_outputs", size=2),), ("start_logits", "end_logits"))
POOLED = Head("first", (Dense("pooler", "tanh"), Dense("classifier")))
DENSE_TANH = Head("first", (Dense("classifier.dense", "tanh"), Dense("classifier.out_proj")))

BERT_LAYER = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention_output": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "ffn_norm": "output.LayerNorm",
}
"""Canonical name of a layer's part -> BERT's, which RoBERTa, ELECTRA and ERNIE share."""

BERT_NAMES = {
    "embeddings.word": "embeddings.word_embeddings",
    "embeddings.position": "embeddings.position_embeddings",
    "embeddings.token_type": "embeddings.token_type_embeddings",
    "embeddings.norm": "embeddings.LayerNorm",
    "pooler": "pooler.dense",
}


def standard_config(config: Config, *, defaults: Config, **overrides: Any) -> EncoderConfig:
    """An EncoderConfig from the keys most of Hugging Face's encoders use; ``defaults`` are the family's own."""
    values = {**defaults, **config}
    heads, hidden = positive(values, "num_attention_heads"), positive(values, "hidden_size")
    if hidden % heads:
        raise UsageError(f"config.json: hidden_size {hidden} is not a multiple of num_attention_heads {heads}.")
    kind = values.get("position_embedding_type") or "absolute"
    if kind != "absolute" or values.get("is_decoder"):
        raise UnsupportedError(
            f"position_embedding_type={kind!r}, is_decoder={bool(values.get('is_decoder'))}: only "
            "encoders with absolute positions are supported in this family."
        )
    layer = LayerConfig(heads, hidden // heads, positive(values, "intermediate_size"))
    fields: dict[str, Any] = {
        "vocab_size": positive(values, "vocab_size"),
        "hidden_size": hidden,
        "embedding_size": hidden,
        "layers": (layer,) * layer_count(values, "num_hidden_layers"),
        "max_length": positive(values, "max_position_embeddings"),
        "hidden_act": str(values["hidden_act"]),
    }
    for key, read in (("type_vocab_size", positive), ("layer_norm_eps", positive_number)):
        if key not in overrides:
            fields[key] = read(values, key)
    return EncoderConfig(**{**fields, **overrides})


def even_heads(encoder: EncoderConfig) -> EncoderConfig:
    """The same encoder; UsageError where the size of its heads is odd, for positions that go by pairs of dimensions."""
    size = encoder.layers[0].head_size
    if size % 2:
        raise UsageError(f"config.json: heads of {size} dimensions, an odd number, cannot hold positions by pairs.")
    return encoder


def positive(config: Config, key: str) -> int:
    """A positive integer of config.json, or a UsageError that names the key."""
    value = config.get(key)
    if type(value) is not int or value < 1:  # bool is an int to isinstance
        raise UsageError(f"config.json: {key} is {value!r}, not a positive integer.")
    return value


def layer_count(config: Config, key: str) -> int:
    """A number of layers that a graph can be unrolled to; a UsageError that names the key otherwise."""
    value = positive(config, key)
    if value > _MOST_LAYERS:
        raise UsageError(f"config.json: {key} is {value}, more than {_MOST_LAYERS}.")
    return value


def positive_number(config: Config, key: str) -> float:
    """A positive number of config.json, or a UsageError that names the key."""
    value = config.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < math.inf:
        raise UsageError(f"config.json: {key} is {value!r}, not a positive number.")
    return float(value)


@dataclass(frozen=True)
class Family:
    """One of Hugging Face's architectures: how its config, weight names and heads map to the canonical encoder."""

    name: str
    model_types: tuple[str, ...]
    prefix: str
    """Of the base model inside a task model; a base checkpoint has none."""
    encoder: Callable[[Config], EncoderConfig]
    heads: Callable[[Config], Mapping[str, Head]]
    names: Mapping[str, str]
    layer_names: Mapping[str, str]
    layer: Callable[[Config, int], str] = field(default=lambda _config, i: f"encoder.layer.{i}")
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Where a tensor is when its own name is absent: a decoder's bias, for one, has its own only where it is untied."""
    weights: type[CheckpointWeights] = field(default_factory=lambda: CheckpointWeights)
    """How its tensors become the canonical ones, where that takes more than another name."""

    def tensor_name(self, config: Config, canonical: str) -> str:
        """The checkpoint's name, without prefix, of a canonical tensor; a head's names are the checkpoint's already."""
        stem, _, suffix = canonical.rpartition(".")
        if stem.startswith("layers."):
            _, index, part = stem.split(".", 2)
            return f"{self.layer(config, int(index))}.{self.layer_names[part]}.{suffix}"
        return f"{self.names.get(stem, stem)}.{suffix}"


class CheckpointWeights:
    """The tensors of a checkpoint by canonical name: ``edgelm.graph.canonical.Weights`` over a TensorStore."""

    def __init__(self, family: Family, config: Config, store: TensorStore) -> None:
        self.family = family
        self.config = config
        self.store = store

    def has(self, name: str) -> bool:
        """Whether the checkpoint holds that tensor."""
        return self._find(name) is not None

    def get(self, name: str, shape: tuple[int | None, ...]) -> tuple[str, Array]:
        """The tensor's own name and its float32 values; UsageError when missing, misshapen or not finite."""
        found = self._find(name)
        if found is None:
            wanted = self.family.tensor_name(self.config, name)
            raise UsageError(
                f"The weights have no tensor {wanted}.",
                hint="They do not match config.json, or the file is not of this architecture.",
            )
        actual = self.store.shape(found)
        if len(actual) != len(shape) or any(want not in (None, have) for want, have in zip(shape, actual, strict=True)):
            asked = tuple("any" if size is None else size for size in shape)
            raise UsageError(f"Tensor {found} has shape {actual}, but config.json asks for {asked}.")
        data = self.store.get(found)
        if not np.isfinite(data).all():
            raise UsageError(f"Tensor {found} holds NaN or infinite values.", hint="The training may have diverged.")
        return found, data

    def refuse_surplus_layers(self, layers: int) -> None:
        """UsageError when the file holds a layer after the last of config.json's, which would be left out silently."""
        used = {self._find(f"layers.{i}.query.weight") for i in range(layers)}
        surplus = self._find(f"layers.{layers}.query.weight")
        if surplus is not None and surplus not in used:  # layers that share their weights come by again
            raise UsageError(
                f"Tensor {surplus} lies beyond the {layers} layers of config.json.",
                hint="The weights do not match config.json: mend its number of layers.",
            )

    def _find(self, name: str) -> str | None:
        own = self.family.tensor_name(self.config, name)
        legacy = own.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        candidates = [own, self.family.aliases.get(own, own), legacy]
        return next((c for n in candidates for c in (self.family.prefix + n, n) if c in self.store), None)


def head_tensors(head: Head | Joint) -> list[str]:
    """The tensors whose presence shows that a checkpoint has this head."""
    layers = [layer for one in (head.heads if isinstance(head, Joint) else (head,)) for layer in one.layers]
    return [layer.bias if isinstance(layer, Decoder) else f"{layer.name}.weight" for layer in layers]
