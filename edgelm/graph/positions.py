"""Where tokens stand: tables by position or by distance, and the tensors that look them up."""

from __future__ import annotations

import math

import numpy as np

from edgelm.graph.canonical import Rotary
from edgelm.graph.parts import Parts
from edgelm.types import Array

MASK_BIAS = -10000.0
"""Added to the attention scores of padding: its exp underflows to 0 in fp32, and it fits in fp16, unlike -inf or
float32's minimum."""


def attention_bias(p: Parts, window: int | None) -> str:
    """[batch or 1, heads or 1, length or 1, length], added to the scores of every layer with that window."""
    bias = p.once("mask.bias", lambda: _padding_bias(p))
    if p.config.relative_attention_num_buckets:
        bias = p.once("attention_bias", lambda: p.b.op("add", _relative_bias(p), "mask.bias", name="attention_bias"))
    if window is None or window >= p.max_length - 1:
        return bias
    name = f"window_{window}.attention_bias"
    return p.once(name, lambda: p.b.op("add", _window_bias(p, window), bias, name=name))


def _padding_bias(p: Parts) -> str:
    """[batch, 1, 1, length]"""
    b = p.b
    padding = b.op("sub", b.scalar(1.0), p.mask(), name="mask.padding")
    bias = b.op("mul", padding, b.scalar(MASK_BIAS), name="mask.scaled")
    return b.op("unsqueeze", b.op("unsqueeze", bias, name="mask.heads", axis=1), name="mask.bias", axis=1)


def _relative_bias(p: Parts) -> str:
    """[1, heads, length, length], learnt by buckets of distances (MPNet)."""
    buckets, heads = p.config.relative_attention_num_buckets, p.config.layers[0].num_attention_heads
    own_name, weight = p.weights.get("relative_attention_bias.weight", (buckets, heads))
    return _by_distance(p, own_name, weight[relative_position_bucket(distances(p), buckets)], "relative")


def _window_bias(p: Parts, window: int) -> str:
    """[1, 1, length, length], that of padding outside the window (ModernBERT)."""
    outside = np.abs(distances(p)) > window
    table = np.where(outside, np.float32(MASK_BIAS), np.float32(0))[:, None]
    return _by_distance(p, f"window_{window}", table, f"window_{window}")


def _by_distance(p: Parts, table_name: str, table: Array, name: str) -> str:
    """[1, columns, length, length]: the row of a table for each distance between a key and a query."""
    rows = p.b.constant(f"{table_name}.by_distance", table)
    bias = p.b.op("gather", rows, distance_rows(p), name=f"{name}.gather")
    return p.b.op("transpose", bias, name=f"{name}.bias", perm=(0, 3, 1, 2))


def distances(p: Parts) -> Array:
    """Every distance key - query within the maximum length, in the order of a table by distance."""
    return np.arange(1 - p.max_length, p.max_length)


def distance_rows(p: Parts) -> str:
    """int32 [1, length, length], query by key: the row of a table by distance."""
    return p.once("relative.row", lambda: _distance_rows(p))


def _distance_rows(p: Parts) -> str:
    b = p.b
    ids = b.op("position_ids", p.input_ids, name="relative.position_ids", padding_idx=None)
    keys = b.op("unsqueeze", ids, name="relative.keys", axis=1)
    queries = b.op("unsqueeze", ids, name="relative.queries", axis=2)
    distance = b.op("sub", keys, queries, name="relative.distance")
    return b.op("add", distance, b.scalar(p.max_length - 1, "int32"), name="relative.row")


def relative_position_bucket(distance: Array, num_buckets: int, max_distance: int = 128) -> Array:
    """The bucket of each distance key - query, as T5 and MPNet count them in both directions (Raffel et al. 2020)."""
    half = num_buckets // 2
    exact = half // 2
    magnitude = np.abs(distance)
    far = np.log(np.maximum(magnitude, 1) / exact) / math.log(max_distance / exact) * (half - exact)
    bucket = np.where(magnitude < exact, magnitude, np.minimum(exact + far.astype(np.int64), half - 1))
    return bucket + np.where(distance > 0, half, 0)


def log_bucket(distance: Array, buckets: int, max_distance: int) -> Array:
    """The signed bucket of each distance: itself up to half of the buckets, logarithmic beyond (DeBERTa-v2)."""
    half = buckets // 2
    magnitude = np.maximum(np.abs(distance), half)
    far = np.ceil(np.log(magnitude / half) / np.log((max_distance - 1) / half) * (half - 1)) + half
    bucket: Array = np.where(np.abs(distance) <= half, distance, np.sign(distance) * far).astype(np.int64)
    return bucket


def sinusoids(positions: Array, size: int) -> Array:
    """float32 [positions, size]: sines in the even columns, cosines in the odd ones (Vaswani et al. 2017)."""
    angles = positions[:, None] / 10000.0 ** (np.arange(0, size, 2) / size)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(positions), size).astype(np.float32)


def rotary_tables(p: Parts, rotary: Rotary, size: int) -> tuple[str, str]:
    """Cosines and sines of the angles by which heads of that size are turned, float32 [1, 1, length, size] each.

    The sines of the first half are negative: x * cosines + swapped(x) * sines, where the halves of x change places.
    """
    sines, cosines = _angles(p, rotary, size)
    tables = {"cos": np.hstack([cosines, cosines]), "sin": np.hstack([-sines, sines])}
    cos, sin = (_by_position(p, f"rotary_{rotary.theta:g}.{kind}", table) for kind, table in tables.items())
    return cos, sin


def _angles(p: Parts, rotary: Rotary, size: int) -> tuple[Array, Array]:
    """Sines and cosines, float32 [max_length, size / 2]; rounded as Hugging Face's modules round them."""
    half = size // 2
    if p.weights.has("rotary.weight"):
        _, table = p.weights.get("rotary.weight", (p.config.max_length, size))
        return table[: p.max_length, :half], table[: p.max_length, half:]
    exponents = np.arange(0, size, 2, dtype=np.float32) / np.float32(size)
    frequencies = np.float32(1) / np.float32(rotary.theta) ** exponents
    angles = np.arange(p.max_length, dtype=np.float32)[:, None] * frequencies
    return np.sin(angles), np.cos(angles)


def _by_position(p: Parts, name: str, table: Array) -> str:
    """[1, 1, length, size]: the rows of a table [max_length, size]."""

    def make() -> str:
        ids = p.once("rotary.positions", lambda: _positions(p))
        return p.b.op("gather", p.b.constant(f"{name}.by_position", table), ids, name=name)

    return p.once(name, make)


def _positions(p: Parts) -> str:
    """int32 [1, 1, length]"""
    ids = p.b.op("position_ids", p.input_ids, name="rotary.position_ids", padding_idx=None)
    return p.b.op("unsqueeze", ids, name="rotary.positions", axis=1)
