"""Cuts layers, heads, units and hidden dimensions out of an encoder: the tensors get smaller, nothing is masked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from edgelm.errors import UnsupportedError
from edgelm.graph.canonical import Dense
from edgelm.nn import EdgeLMConfig, SentenceEncoder
from edgelm.types import Array

RESTORED = "sentence.dense.restored"
"""The layer that brings a narrower student's embedding back to the size and the space of its teacher's."""


@dataclass(frozen=True)
class LayerKeep:
    """What stays of one layer; all indices into the layer as it is, ascending."""

    index: int
    """Of the layer."""
    heads: Array
    """[kept]."""
    query: Array
    """[kept heads, head size]: the dimensions of query and key that stay in each kept head."""
    value: Array
    """[kept heads, head size]."""
    units: Array
    """[kept], of the feed-forward network."""


@dataclass(frozen=True)
class Keep:
    """What stays of an encoder."""

    hidden: Array
    """[kept]."""
    layers: tuple[LayerKeep, ...]

    @classmethod
    def everything(cls, config: EdgeLMConfig) -> Keep:
        """All of it: where a cut begins."""
        sizes = zip(config.attention_heads, config.head_sizes, config.intermediate_sizes, strict=True)
        layers = []
        for i, (heads, size, units) in enumerate(sizes):
            dims = np.tile(np.arange(size), (heads, 1))
            layers.append(LayerKeep(i, np.arange(heads), dims, dims, np.arange(units)))
        return cls(np.arange(config.hidden_size), tuple(layers))

    def only_layers(self, layers: Sequence[int]) -> Keep:
        """Those layers alone."""
        return replace(self, layers=tuple(self.layers[i] for i in layers))


def encoder_of(model: nn.Module) -> nn.Module:
    """The encoder inside a task's model or a SentenceEncoder."""
    inner = model.encoder if isinstance(model, SentenceEncoder) else model
    return inner.base_model


def cut(model: nn.Module, keep: Keep) -> nn.Module:
    """A new model of what stays; the given one is left as it is.

    Its answers are those of the full one in which everything else gives zero, but for the LayerNorms, which take their
    mean and variance over the hidden dimensions that stay. Where heads get narrower, the queries are scaled so that the
    attention scores stay what they were. A SentenceEncoder that loses hidden dimensions gets a dense layer, which
    brings its embedding back to the full size. UnsupportedError where layers share a bias by head (MPNet) and heads go.
    """
    inner = model.encoder if isinstance(model, SentenceEncoder) else model
    config = _config(inner.config, keep)
    places = _places(inner.config, keep)
    prefix = "" if inner.base_model is inner else f"{inner.base_model_prefix}."
    state = {}
    for name, value in inner.state_dict().items():
        new = _renamed(name.removeprefix(prefix), keep)
        if new is not None:
            state[name if new == name.removeprefix(prefix) else prefix + new] = places(name.removeprefix(prefix), value)
    _scale_queries(state, prefix, inner.config, keep)
    smaller = _empty(type(inner), config)
    smaller.load_state_dict(state, assign=True)
    smaller.train(model.training)
    return _with_dense(model, smaller, keep) if isinstance(model, SentenceEncoder) else smaller


def _empty(kind: Callable[[EdgeLMConfig], nn.Module], config: EdgeLMConfig) -> nn.Module:
    with torch.device("meta"):
        return kind(config)


def _config(config: EdgeLMConfig, keep: Keep) -> EdgeLMConfig:
    heads = [len(layer.heads) for layer in keep.layers]
    is_shared = config.relative_attention_num_buckets > 0
    if is_shared and any(list(layer.heads) != list(range(config.attention_heads[0])) for layer in keep.layers):
        raise UnsupportedError(
            "Heads cannot be cut where all layers share one attention bias by head (MPNet).",
            hint="Cut layers, intermediate_size or hidden_size instead.",
        )
    smaller = deepcopy(config)
    is_own = _follows_hidden(config)
    smaller.hidden_size = len(keep.hidden)
    smaller.embedding_size = len(keep.hidden) if is_own else config.embedding_size
    smaller.embedding_projection = not is_own
    smaller.num_hidden_layers = len(keep.layers)
    smaller.attention_heads = heads
    smaller.head_sizes = [layer.query.shape[1] for layer in keep.layers]
    smaller.intermediate_sizes = [len(layer.units) for layer in keep.layers]
    return smaller


def _follows_hidden(config: EdgeLMConfig) -> bool:
    """Whether the embedding's dimensions are the encoder's own, with no projection between them."""
    return config.embedding_size == config.hidden_size and not config.embedding_projection


_Sides = tuple[str | None, ...]
_EMBEDDING_SIDES: Mapping[str, _Sides] = {
    "embeddings.word": (None, "embedding"),
    "embeddings.word_projection": ("embedding", None),
    "embeddings.position": (None, "embedding"),
    "embeddings.token_type": (None, "embedding"),
    "embeddings.task_type": (None, "embedding"),
    "embeddings.norm": ("embedding",),
    "embeddings.projection": ("hidden", None),
    "relative_attention_bias": (None, None),
    "pooler": ("hidden", "hidden"),
    "classifier": (None, "hidden"),
    "qa_outputs": (None, "hidden"),
    "transform": ("embedding", "hidden"),
    "transform_norm": ("embedding",),
    "decoder": (None, "embedding"),
}
_LAYER_SIDES: Mapping[str, _Sides] = {
    "query": ("query", "hidden"),
    "key": ("query", "hidden"),
    "value": ("value", "hidden"),
    "attention_output": ("hidden", "value"),
    "attention_norm": ("hidden",),
    "up": ("units", "hidden"),
    "down": ("hidden", "units"),
    "ffn_norm": ("hidden",),
}
"""Part -> what its rows and its columns are; a bias has the rows'."""


def _places(config: EdgeLMConfig, keep: Keep) -> Callable[[str, Tensor], Tensor]:
    """What takes out of a tensor, by its name without prefix, the rows and columns that stay."""
    hidden = torch.from_numpy(keep.hidden)
    shared = {"hidden": hidden, "embedding": hidden if _follows_hidden(config) else None}
    layers = {layer.index: _layer_places(layer, config.head_sizes[layer.index]) for layer in keep.layers}

    def take(name: str, value: Tensor) -> Tensor:
        stem, _, suffix = name.rpartition(".")
        sides, places = _EMBEDDING_SIDES.get(stem, ()), shared
        if stem.startswith("layers."):
            _, index, part = stem.split(".")
            sides, places = _LAYER_SIDES[part], {**shared, **layers[int(index)]}
        if stem == "embeddings.word" and config.word_rank:
            sides = (None, None)
        sides = sides[:1] if suffix == "bias" else sides
        for axis, side in enumerate(sides):
            kept = places[side] if side else None
            value = value if kept is None else value.index_select(axis, kept)
        return value.clone()

    return take


def _layer_places(layer: LayerKeep, head_size: int) -> dict[str, Tensor | None]:
    """Rows of the flat projections [heads * head_size, hidden]."""

    def flat(dims: Array) -> Tensor:
        return torch.from_numpy((layer.heads[:, None] * head_size + dims).ravel())

    return {"query": flat(layer.query), "value": flat(layer.value), "units": torch.from_numpy(layer.units)}


def _renamed(name: str, keep: Keep) -> str | None:
    """The tensor's name in the smaller model; None when its layer goes."""
    if not name.startswith("layers."):
        return name
    _, index, rest = name.split(".", 2)
    new = {layer.index: i for i, layer in enumerate(keep.layers)}
    return f"layers.{new[int(index)]}.{rest}" if int(index) in new else None


def _scale_queries(state: dict[str, Tensor], prefix: str, config: EdgeLMConfig, keep: Keep) -> None:
    """Scores are divided by the root of the head's size, which may have changed."""
    for i, layer in enumerate(keep.layers):
        scale = math.sqrt(layer.query.shape[1] / config.head_sizes[layer.index])
        if scale != 1.0:
            for part in ("weight", "bias"):
                state[f"{prefix}layers.{i}.query.{part}"] *= scale


def _with_dense(model: SentenceEncoder, smaller: nn.Module, keep: Keep) -> SentenceEncoder:
    """The pooling stack over the smaller encoder, which gives an embedding of the size it had."""
    full, modes = model.encoder.config.hidden_size, len(model.pooling.modes)
    columns = np.concatenate([mode * full + keep.hidden for mode in range(modes)])
    is_cut = len(keep.hidden) < full
    pooling = model.pooling
    if is_cut and not pooling.dense:
        pooling = replace(pooling, dense=(Dense(RESTORED, bias=True),))
    if not pooling.dense:
        return SentenceEncoder(smaller, pooling, {})
    weights = [dense.weight.detach() for dense in model.dense] or [torch.eye(full * modes)]
    weights[0] = weights[0][:, torch.from_numpy(columns)]
    sizes = {spec.name: (w.shape[1], w.shape[0]) for spec, w in zip(pooling.dense, weights, strict=True)}
    encoder = SentenceEncoder(smaller, pooling, sizes)
    with torch.no_grad():
        for i, (layer, weight) in enumerate(zip(encoder.dense, weights, strict=True)):
            layer.weight.copy_(weight)
            if layer.bias is not None:
                layer.bias.copy_(model.dense[i].bias if i < len(model.dense) else torch.zeros(layer.out_features))
    encoder.train(model.training)
    return encoder
