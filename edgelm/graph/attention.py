"""Self-attention in the forms that the families have: plain, rotary, with relative encodings, and disentangled."""

from __future__ import annotations

import math

import numpy as np

from edgelm.graph import numeric
from edgelm.graph.canonical import Disentangled, LayerConfig, RelativeEncoding
from edgelm.graph.parts import Parts
from edgelm.graph.positions import distance_rows, distances, log_bucket, rotary_tables, sinusoids
from edgelm.types import Array

_SWAPPED = (0, 2, 1, 3)
"""From [batch, length, heads, size] to [batch, heads, length, size], and back."""


def attention(p: Parts, name: str, layer: LayerConfig, x: str, bias: str) -> str:
    """What ``attention_output`` takes, [batch, length, heads * head_size]."""
    b, form = p.b, p.config.distances
    query, key, value = (_split(p, f"{name}.{part}", layer, x) for part in ("query", "key", "value"))
    if layer.rotary:
        scores = _rotary_scores(p, name, layer, query, key)
    elif isinstance(form, RelativeEncoding):
        scores = _relative_scores(p, name, layer, form, query, key)
    elif isinstance(form, Disentangled):
        scores = _disentangled_scores(p, name, layer, form, query, key)
    else:
        scores = _plain_scores(p, name, layer, query, key)
    scores = b.op("add", scores, bias, name=f"{name}.masked_scores")
    probabilities = b.op("softmax", scores, name=f"{name}.probabilities")
    values = _heads(p, value, f"{name}.value_heads")
    if layer.rotary and layer.rotary.turns_values:
        values = _turned(p, f"{name}.value", layer, values)
    context = b.op("matmul", probabilities, values, name=f"{name}.context_heads", transpose_b=False)
    context = b.op("transpose", context, name=f"{name}.context_split", perm=_SWAPPED)
    if isinstance(form, RelativeEncoding):
        context = _with_relative_values(p, name, layer, form, probabilities, context)
    return b.op("reshape", context, name=f"{name}.context", shape=(0, 0, _width(layer)))


def _width(layer: LayerConfig) -> int:
    return layer.num_attention_heads * layer.head_size


def _split(p: Parts, name: str, layer: LayerConfig, x: str) -> str:
    """Queries, keys or values, [batch, length, heads, head_size]."""
    flat = p.linear(x, name, _width(layer), name, bias=p.config.attention_bias)
    return p.b.op("reshape", flat, name=f"{name}_split", shape=(0, 0, layer.num_attention_heads, layer.head_size))


def _heads(p: Parts, split: str, name: str) -> str:
    return p.b.op("transpose", split, name=name, perm=_SWAPPED)


def _scaled(p: Parts, name: str, query: str, size: int) -> str:
    """Queries over the root of ``size``, where more than one product is made of them."""
    return p.b.op("mul", query, p.b.scalar(1.0 / math.sqrt(size)), name=f"{name}.scaled_query")


def _products(p: Parts, name: str, query: str, key: str) -> str:
    """[batch, heads, length, length] of heads."""
    return p.b.op("matmul", query, key, name=name, transpose_b=True)


def _plain_scores(p: Parts, name: str, layer: LayerConfig, query: str, key: str) -> str:
    heads = [_heads(p, split, f"{name}.{part}_heads") for split, part in ((query, "query"), (key, "key"))]
    scores = _products(p, f"{name}.scores", *heads)
    return p.b.op("mul", scores, p.b.scalar(1.0 / math.sqrt(layer.head_size)), name=f"{name}.scaled_scores")


# -- rotary ------------------------------------------------------------------------------------------------------------


def _rotary_scores(p: Parts, name: str, layer: LayerConfig, query: str, key: str) -> str:
    query = _scaled(p, name, query, layer.head_size)
    heads = [
        _turned(p, f"{name}.{part}", layer, _heads(p, split, f"{name}.{part}_heads"))
        for split, part in ((query, "query"), (key, "key"))
    ]
    return _products(p, f"{name}.scores", *heads)


def _turned(p: Parts, name: str, layer: LayerConfig, x: str) -> str:
    """Heads turned by their position (Su et al. 2021, eq. 34, over pairs half a head apart)."""
    assert layer.rotary is not None
    b, half = p.b, layer.head_size // 2
    cos, sin = rotary_tables(p, layer.rotary, layer.head_size)
    first, second = b.multi("split", x, names=(f"{name}_first", f"{name}_second"), axis=3, sizes=(half, half))
    swapped = b.op("concat", second, first, name=f"{name}_swapped", axis=3)
    kept = b.op("mul", x, cos, name=f"{name}_kept")
    return b.op("add", kept, b.op("mul", swapped, sin, name=f"{name}_moved"), name=f"{name}_turned")


# -- relative encodings ------------------------------------------------------------------------------------------------


def _relative_scores(p: Parts, name: str, layer: LayerConfig, form: RelativeEncoding, query: str, key: str) -> str:
    """Queries times keys and times the encoding of the distance, which all heads share."""
    b = p.b
    query = _scaled(p, name, query, layer.head_size)
    scores = _products(
        p, f"{name}.scores", _heads(p, query, f"{name}.query_heads"), _heads(p, key, f"{name}.key_heads")
    )
    encodings = _encodings(p, form, layer.head_size)
    by_query = b.op("matmul", query, encodings, name=f"{name}.position_products", transpose_b=True)
    position_scores = b.op("transpose", by_query, name=f"{name}.position_scores", perm=_SWAPPED)
    return b.op("add", scores, position_scores, name=f"{name}.all_scores")


def _with_relative_values(
    p: Parts, name: str, layer: LayerConfig, form: RelativeEncoding, probabilities: str, context: str
) -> str:
    """The context [batch, length, heads, head_size] and the encodings as each position attends to them."""
    b = p.b
    by_query = b.op("transpose", probabilities, name=f"{name}.probabilities_by_query", perm=_SWAPPED)
    encodings = _encodings(p, form, layer.head_size)
    positions = b.op("matmul", by_query, encodings, name=f"{name}.position_context", transpose_b=False)
    return b.op("add", context, positions, name=f"{name}.whole_context")


def _encodings(p: Parts, form: RelativeEncoding, size: int) -> str:
    """[1, length, length, size], query by key: a tensor of one head's size, for all heads and layers."""

    def make() -> str:
        cut = np.clip(distances(p), -form.max_distance, form.max_distance) + form.max_distance
        table = p.b.constant("relative.encodings.by_distance", sinusoids(cut, size))
        return p.b.op("gather", table, distance_rows(p), name="relative.encodings")

    return p.once("relative.encodings", make)


# -- disentangled ------------------------------------------------------------------------------------------------------


def _disentangled_scores(p: Parts, name: str, layer: LayerConfig, form: Disentangled, query: str, key: str) -> str:
    """Content to content, content to position and position to content (He et al. 2021, eq. 4)."""
    b = p.b
    size = layer.head_size * (1 + form.content_to_position + form.position_to_content)
    query = _heads(p, _scaled(p, name, query, size), f"{name}.query_heads")
    key = _heads(p, key, f"{name}.key_heads")
    scores = _products(p, f"{name}.scores", query, key)
    if form.content_to_position:
        by_row = _products(p, f"{name}.content_products", query, _of_distances(p, name, "key", layer, form))
        picked = b.op("gather_columns", by_row, _columns(p, form), name=f"{name}.content_to_position")
        scores = b.op("add", scores, picked, name=f"{name}.scores_to_position")
    if form.position_to_content:
        positions = _of_distances(p, name, "query", layer, form, 1.0 / math.sqrt(size))
        by_row = _products(p, f"{name}.position_products", key, positions)
        picked = b.op("gather_columns", by_row, _columns_by_key(p, form), name=f"{name}.position_by_key")
        picked = b.op("transpose", picked, name=f"{name}.position_to_content", perm=(0, 1, 3, 2))
        scores = b.op("add", scores, picked, name=f"{name}.all_scores")
    return scores


def _of_distances(p: Parts, name: str, part: str, layer: LayerConfig, form: Disentangled, scale: float = 1.0) -> str:
    """The keys or queries that a layer makes of the distances within the maximum length, [1, heads, rows, head_size].

    They depend on no input, so they are computed here and stored.
    """
    own = f"{name}.{part}" if form.is_shared else f"{name}.position_{part}"
    hidden, width = p.config.hidden_size, _width(layer)
    own_name, table = p.weights.get("relative.weight", (2 * form.span, hidden))
    rows = _rows(p, form)
    vectors = table[rows.min() : rows.max() + 1]
    if form.is_normalized:
        scaling, offset = (p.weights.get(f"relative_norm.{kind}", (hidden,))[1] for kind in ("weight", "bias"))
        vectors = numeric.layer_norm(vectors, scaling, offset, p.config.layer_norm_eps)
    weight, bias = p.weights.get(f"{own}.weight", (width, hidden))[1], p.weights.get(f"{own}.bias", (width,))[1]
    made = (vectors @ weight.T + bias) * np.float32(scale)
    heads = made.reshape(1, len(vectors), layer.num_attention_heads, layer.head_size).transpose(_SWAPPED)
    return p.b.constant(f"{own_name}[{name}.position_{part}]", np.ascontiguousarray(heads))


def _rows(p: Parts, form: Disentangled) -> Array:
    """The row of ``relative.weight`` for each distance key - query; the table counts query - key."""
    distance = -distances(p)
    if form.buckets:
        distance = log_bucket(distance, form.buckets, form.max_distance)
    rows: Array = np.clip(distance + form.span, 0, 2 * form.span - 1)
    return rows


def _columns(p: Parts, form: Disentangled) -> str:
    """int32 [length, length], query by key: where ``_of_distances`` has the vector of their distance."""

    def make() -> str:
        rows = _rows(p, form)
        table = p.b.constant("relative.columns.by_distance", (rows - rows.min()).astype(np.int32))
        columns = p.b.op("gather", table, distance_rows(p), name="relative.columns.gather")
        return p.b.op("squeeze", columns, name="relative.columns", axis=0)

    return p.once("relative.columns", make)


def _columns_by_key(p: Parts, form: Disentangled) -> str:
    """The same, key by query."""

    def make() -> str:
        return p.b.op("transpose", _columns(p, form), name="relative.columns_by_key", perm=(1, 0))

    return p.once("relative.columns_by_key", make)
