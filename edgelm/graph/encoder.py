"""Builds the canonical encoder as a graph from its configuration and weights."""

from __future__ import annotations

import math

import numpy as np

from edgelm.errors import UsageError
from edgelm.graph.builder import GraphBuilder
from edgelm.graph.canonical import EncoderConfig, LayerConfig, Weights, activation
from edgelm.graph.ir import BATCH, LENGTH
from edgelm.types import Array

MASK_BIAS = -10000.0
"""Added to the attention scores of padding: its exp underflows to 0 in fp32, and it fits in fp16, unlike -inf or
float32's minimum."""


class EncoderBuilder:
    """Adds the encoder's nodes to a GraphBuilder; the heads reuse its ``linear``, ``norm`` and ``activation``."""

    def __init__(self, config: EncoderConfig, weights: Weights, max_length: int) -> None:
        if not 1 <= max_length <= config.max_length:
            raise UsageError(
                f"A maximum length of {max_length} is outside 1 to {config.max_length}, the model's position table.",
                hint=f"Use --max-length {config.max_length} or less.",
            )
        self.config = config
        self.weights = weights
        self.max_length = max_length
        self.b = GraphBuilder()
        self.input_ids = self.b.input("input_ids", "int32", (BATCH, LENGTH))
        self.attention_mask = self.b.input("attention_mask", "int32", (BATCH, LENGTH))
        if config.type_vocab_size > 1:
            self.b.input("token_type_ids", "int32", (BATCH, LENGTH))

    def encoder(self) -> str:
        """``last_hidden_state`` [batch, length, hidden_size]."""
        x = self._embeddings()
        bias = self._attention_bias()
        for i, layer in enumerate(self.config.layers):
            x = self._layer(f"layers.{i}", layer, x, bias)
        return x

    def mask(self) -> str:
        """``attention_mask`` as float32 [batch, length]."""
        if "mask" not in self.b.tensors:
            self.b.op("cast", self.attention_mask, name="mask", dtype="float32")
        return "mask"

    def weight(self, name: str, *shape: int | None) -> str:
        """Declare a checkpoint tensor as a constant."""
        return self.b.constant(*self.weights.get(name, shape))

    def linear(self, x: str, weights: str, out: int | None, name: str, bias: bool = True) -> str:
        """x @ weight.T + bias."""
        (*_, inner) = self.b.tensors[x].shape
        weight = self.weight(f"{weights}.weight", out, int(inner))
        rows = int(self.b.tensors[weight].shape[0])
        parameters = (weight, self.weight(f"{weights}.bias", rows)) if bias else (weight,)
        return self.b.op("linear", x, *parameters, name=name)

    def norm(self, x: str, weights: str, name: str) -> str:
        """LayerNorm over the last axis."""
        size = int(self.b.tensors[x].shape[-1])
        parameters = (self.weight(f"{weights}.{part}", size) for part in ("weight", "bias"))
        return self.b.op("layer_norm", x, *parameters, name=name, epsilon=self.config.layer_norm_eps)

    def activation(self, x: str, kind: str, name: str) -> str:
        """One of Hugging Face's activations; ``hidden_act`` stands for the encoder's own."""
        op, attrs = activation(self.config.hidden_act if kind == "hidden_act" else kind)
        if op == "silu":
            return self.b.op("mul", x, self.b.op("sigmoid", x, name=f"{name}.sigmoid"), name=name)
        return self.b.op(op, x, name=name, **attrs)

    def _table(self, name: str, rows: int, columns: int, keep: int) -> str:
        """The first ``keep`` rows of an embedding table."""
        own_name, data = self.weights.get(name, (rows, columns))
        return self.b.constant(own_name if keep == rows else f"{own_name}[:{keep}]", data[:keep])

    def _embeddings(self) -> str:
        config, b = self.config, self.b
        size = config.embedding_size
        x = self._words()
        first = 0 if config.padding_idx is None else config.padding_idx + 1
        table = self._table("embeddings.position.weight", config.max_length + first, size, self.max_length + first)
        ids = b.op("position_ids", self.input_ids, name="position_ids", padding_idx=config.padding_idx)
        x = b.op("add", x, b.op("gather", table, ids, name="embeddings.position"), name="embeddings.add_position")
        if config.type_vocab_size > 1:
            table = self._table("embeddings.token_type.weight", config.type_vocab_size, size, config.type_vocab_size)
            types = b.op("gather", table, "token_type_ids", name="embeddings.token_type")
            x = b.op("add", x, types, name="embeddings.add_token_type")
        elif config.type_vocab_size == 1:
            x = self._add_first_row(x, "embeddings.token_type", 1)
        if config.task_type_vocab_size:
            x = self._add_first_row(x, "embeddings.task_type", config.task_type_vocab_size)
        x = self.norm(x, "embeddings.norm", "embeddings.norm")
        if size != config.hidden_size or self.weights.has("embeddings.projection.weight"):
            x = self.linear(x, "embeddings.projection", config.hidden_size, "embeddings.projection")
        return x

    def _words(self) -> str:
        """The word embedding of every id, [batch, length, embedding_size]."""
        config, name = self.config, "embeddings.word"
        columns = config.word_rank or config.embedding_size
        x = self.b.op("gather", self.weight(f"{name}.weight", config.vocab_size, columns), self.input_ids, name=name)
        if not config.word_rank:
            return x
        name = "embeddings.word_projection"
        return self.linear(x, name, config.embedding_size, name, bias=False)

    def _add_first_row(self, x: str, name: str, rows: int) -> str:
        own_name, data = self.weights.get(f"{name}.weight", (rows, self.config.embedding_size))
        return self.b.op("add", x, self.b.constant(f"{own_name}[0]", data[0]), name=f"{name}.add")

    def _attention_bias(self) -> str:
        """[batch or 1, heads or 1, length or 1, length], added to the scores of every layer."""
        b = self.b
        padding = b.op("sub", b.scalar(1.0), self.mask(), name="mask.padding")
        bias = b.op("mul", padding, b.scalar(MASK_BIAS), name="mask.scaled")
        bias = b.op("unsqueeze", b.op("unsqueeze", bias, name="mask.heads", axis=1), name="mask.bias", axis=1)
        if not self.config.relative_attention_num_buckets:
            return bias
        return b.op("add", self._relative_bias(), bias, name="attention_bias")

    def _relative_bias(self) -> str:
        """[1, heads, length, length]: one row of the bias for each distance between a key and a query."""
        b, buckets = self.b, self.config.relative_attention_num_buckets
        heads = self.config.layers[0].num_attention_heads
        own_name, weight = self.weights.get("relative_attention_bias.weight", (buckets, heads))
        distances = np.arange(1 - self.max_length, self.max_length)
        table = b.constant(f"{own_name}.by_distance", weight[relative_position_bucket(distances, buckets)])
        ids = b.op("position_ids", self.input_ids, name="relative.position_ids", padding_idx=None)
        keys = b.op("unsqueeze", ids, name="relative.keys", axis=1)
        queries = b.op("unsqueeze", ids, name="relative.queries", axis=2)
        distance = b.op("sub", keys, queries, name="relative.distance")
        row = b.op("add", distance, b.scalar(self.max_length - 1, "int32"), name="relative.row")
        bias = b.op("gather", table, row, name="relative.gather")
        return b.op("transpose", bias, name="relative.bias", perm=(0, 3, 1, 2))

    def _layer(self, name: str, layer: LayerConfig, x: str, bias: str) -> str:
        b, config = self.b, self.config
        context = self._attention(name, layer, x, bias)
        attended = self.linear(context, f"{name}.attention_output", config.hidden_size, f"{name}.attention_output")
        x = b.op("add", attended, x, name=f"{name}.attention_residual")
        x = self.norm(x, f"{name}.attention_norm", f"{name}.attention_norm")
        inner = self.linear(x, f"{name}.up", layer.intermediate_size, f"{name}.up")
        inner = self.activation(inner, "hidden_act", f"{name}.activation")
        outer = self.linear(inner, f"{name}.down", config.hidden_size, f"{name}.down")
        x = b.op("add", outer, x, name=f"{name}.ffn_residual")
        return self.norm(x, f"{name}.ffn_norm", f"{name}.ffn_norm")

    def _attention(self, name: str, layer: LayerConfig, x: str, bias: str) -> str:
        b = self.b
        width = layer.num_attention_heads * layer.head_size
        heads = {}
        for part in ("query", "key", "value"):
            flat = self.linear(x, f"{name}.{part}", width, f"{name}.{part}")
            split = b.op(
                "reshape", flat, name=f"{name}.{part}_split", shape=(0, 0, layer.num_attention_heads, layer.head_size)
            )
            heads[part] = b.op("transpose", split, name=f"{name}.{part}_heads", perm=(0, 2, 1, 3))
        scores = b.op("matmul", heads["query"], heads["key"], name=f"{name}.scores", transpose_b=True)
        scores = b.op("mul", scores, b.scalar(1.0 / math.sqrt(layer.head_size)), name=f"{name}.scaled_scores")
        scores = b.op("add", scores, bias, name=f"{name}.masked_scores")
        probabilities = b.op("softmax", scores, name=f"{name}.probabilities")
        context = b.op("matmul", probabilities, heads["value"], name=f"{name}.context_heads", transpose_b=False)
        context = b.op("transpose", context, name=f"{name}.context_split", perm=(0, 2, 1, 3))
        return b.op("reshape", context, name=f"{name}.context", shape=(0, 0, width))


def relative_position_bucket(distance: Array, num_buckets: int, max_distance: int = 128) -> Array:
    """The bucket of each distance key - query, as T5 and MPNet count them in both directions (Raffel et al. 2020)."""
    half = num_buckets // 2
    exact = half // 2
    magnitude = np.abs(distance)
    far = np.log(np.maximum(magnitude, 1) / exact) / math.log(max_distance / exact) * (half - exact)
    bucket = np.where(magnitude < exact, magnitude, np.minimum(exact + far.astype(np.int64), half - 1))
    return bucket + np.where(distance > 0, half, 0)
