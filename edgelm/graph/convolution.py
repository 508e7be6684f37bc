"""The convolution of DeBERTa-v2's largest models, over what the first layer reads (He et al. 2021)."""

from __future__ import annotations

import numpy as np

from edgelm.graph.canonical import Convolution
from edgelm.graph.parts import Parts
from edgelm.graph.positions import distance_rows, distances


def convolved(p: Parts, convolution: Convolution, words: str, x: str) -> str:
    """``x``, the first layer's answer, and the convolution of what it read, ``words``; both [batch, length, hidden].

    A kernel is one linear layer for each of its places, over the words moved by that many: what moves them is a matrix
    of zeros and ones, so that every target has the operators. Padding counts as zeros, as beyond the ends of a text.
    """
    b, half = p.b, convolution.kernel_size // 2
    mask = b.op("unsqueeze", p.mask(), name="convolution.mask", axis=2)
    words = b.op("mul", words, mask, name="convolution.words")
    parts = [_place(p, convolution, words, offset) for offset in range(-half, half + 1)]
    total = parts[half]
    for i, part in enumerate(parts):
        total = total if i == half else b.op("add", total, part, name=f"convolution.sum_{i}")
    total = p.activation(total, convolution.activation, "convolution.activation")
    return p.norm(b.op("add", x, total, name="convolution.residual"), "convolution_norm", "convolution_norm")


def _place(p: Parts, convolution: Convolution, words: str, offset: int) -> str:
    """What one place of the kernel adds: the words ``offset`` further on, by its weights; the middle has the bias."""
    size, place = p.config.hidden_size, offset + convolution.kernel_size // 2
    name, data = p.weights.get("convolution.weight", (size, size, convolution.kernel_size))
    parameters = [p.b.constant(f"{name}[{place}]", np.ascontiguousarray(data[:, :, place]))]
    if offset:
        words = p.b.op("matmul", _moves(p, offset), words, name=f"convolution.moved_{place}", transpose_b=False)
    else:
        parameters.append(p.weight("convolution.bias", size))
    return p.b.op("linear", words, *parameters, name=f"convolution.place_{place}")


def _moves(p: Parts, offset: int) -> str:
    """float32 [1, length, length]: 1 where a column stands ``offset`` behind its row."""
    table = (distances(p) == offset).astype(np.float32)[:, None]
    name = f"convolution.moves_{offset}"
    rows = p.b.op("gather", p.b.constant(f"{name}.by_distance", table), distance_rows(p), name=f"{name}.gather")
    return p.b.op("squeeze", rows, name=name, axis=3)
