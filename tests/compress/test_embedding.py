"""The factors of a word embedding are the best of their rank, and exact at full rank."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from edgelm.compress.embedding import factorise, relative_error
from edgelm.errors import UsageError


def random_words(rows: int, size: int, seed: int) -> np.ndarray:
    """Columns of falling scale, as those of a trained table."""
    return (np.random.default_rng(seed).normal(size=(rows, size)) * 0.8 ** np.arange(size)).astype(np.float32)


@settings(max_examples=50)
@given(rows=st.integers(1, 30), size=st.integers(1, 12), seed=st.integers(0, 2**32 - 1), counted=st.booleans())
def test_full_rank_is_exact(rows: int, size: int, seed: int, counted: bool) -> None:
    word = random_words(rows, size, seed)
    counts = np.random.default_rng(seed).integers(0, 5, rows) + np.eye(1, rows, dtype=int)[0] if counted else None
    table, projection = factorise(word, size, counts)
    assert (table.dtype, table.shape, projection.shape) == (np.float32, (rows, size), (size, size))
    np.testing.assert_allclose(table @ projection.T, word, atol=1e-5)
    assert relative_error(word, table, projection, counts) < 1e-5


@settings(max_examples=50)
@given(rank=st.integers(1, 8), seed=st.integers(0, 2**32 - 1))
def test_error_is_the_singular_values_left_out(rank: int, seed: int) -> None:
    """Eckart and Young 1936, with the rows weighted by their counts."""
    word = random_words(40, 8, seed)
    counts = np.random.default_rng(seed).integers(1, 1000, 40)
    table, projection = factorise(word, rank, counts)
    singular = np.linalg.svd(word * np.sqrt(counts)[:, None].astype(np.float64), compute_uv=False)
    best = np.sqrt((singular[rank:] ** 2).sum() / (singular**2).sum())
    assert relative_error(word, table, projection, counts) == pytest.approx(best, abs=1e-6)
    plain = relative_error(word, *factorise(word, rank), counts)
    assert plain >= best - 1e-6


def test_lower_ranks_are_the_first_columns() -> None:
    word = random_words(40, 8, 0)
    table, projection = factorise(word, 8)
    for rank in range(1, 8):
        narrow = factorise(word, rank)
        np.testing.assert_array_equal(narrow[0], table[:, :rank])
        np.testing.assert_array_equal(narrow[1], projection[:, :rank])


def test_frequent_words_keep_more() -> None:
    word = random_words(60, 10, 1)
    counts = np.where(np.arange(60) < 5, 1000, 1)
    missed = [np.linalg.norm((word - table @ p.T)[:5]) for table, p in (factorise(word, 5, counts), factorise(word, 5))]
    assert missed[0] < missed[1]


@pytest.mark.parametrize("rank", [0, -1, 9])
def test_rank_outside_the_table(rank: int) -> None:
    with pytest.raises(UsageError, match=f"rank of {rank} is outside 1 to 8"):
        factorise(random_words(5, 8, 0), rank)


@pytest.mark.parametrize("counts", [[1, 1], [0] * 5, [1, 1, 1, 1, -1], [1, 1, 1, 1, np.nan], [np.inf] * 5])
def test_counts_that_fit_no_row(counts: list[float]) -> None:
    with pytest.raises(UsageError, match="5 rows"):
        factorise(random_words(5, 8, 0), 2, np.asarray(counts))
