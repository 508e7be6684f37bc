"""Factorises a word embedding, most of a small model's parameters, into a narrow table and one projection."""

from __future__ import annotations

import numpy as np

from edgelm.errors import UsageError
from edgelm.types import Array


def factorise(word: Array, rank: int, counts: Array | None = None) -> tuple[Array, Array]:
    """The best factors ``(table [vocab, rank], projection [size, rank])`` of ``word`` [vocab, size], float32.

    ``table @ projection.T`` has the least squared error of any matrix of that rank, each row weighted by its count
    (Eckart and Young 1936); full rank gives ``word`` back. Rows of count 0 do not steer: add 1 to smooth.
    The projection's columns are orthonormal, the most important first, so fewer of both are the factors of a lower
    rank. UsageError for a rank outside 1 to ``size`` and for counts that fit no row or are all 0.
    """
    rows, size = word.shape
    if not 1 <= rank <= size:
        raise UsageError(f"A rank of {rank} is outside 1 to {size}, the columns of the word embedding.")
    weights = np.ones(rows) if counts is None else np.asarray(counts, np.float64)
    if weights.shape != (rows,) or not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
        raise UsageError(
            f"The word embedding has {rows} rows; the counts of shape {weights.shape} are not one for each, finite, "
            "none negative and not all 0.",
            hint="Count the tokens with the tokenizer of this very model.",
        )
    values = np.asarray(word, np.float64)
    # The right singular vectors of sqrt(weights) * word; the Gram matrix is size by size however large the vocabulary.
    _, vectors = np.linalg.eigh((values * weights[:, None]).T @ values)
    basis = _signed(vectors[:, ::-1][:, :rank])
    return (values @ basis).astype(np.float32), basis.astype(np.float32)


def relative_error(word: Array, table: Array, projection: Array, counts: Array | None = None) -> float:
    """How much of ``word`` the factors miss: the root of the weighted squared error over the weighted squares."""
    weights = np.ones(len(word)) if counts is None else np.asarray(counts, np.float64)
    missed = np.asarray(word, np.float64) - table.astype(np.float64) @ projection.T.astype(np.float64)
    squares = ((np.asarray(m, np.float64) ** 2).sum(axis=1) @ weights for m in (missed, word))
    return float(np.sqrt(next(squares) / max(next(squares), np.finfo(np.float64).tiny)))


def _signed(vectors: Array) -> Array:
    """Each column with its largest entry positive: LAPACK leaves the sign open, and the same words get one answer."""
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])]
    return vectors * np.where(largest < 0, -1.0, 1.0)
