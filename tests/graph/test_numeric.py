"""erf is accurate, and the rounding rules of quantization hold for any input."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from edgelm.graph import numeric

SCHEMES = (
    "dynamic_token_symmetric",
    "dynamic_block_symmetric",
    "dynamic_token_asymmetric",
    "dynamic_tensor_asymmetric",
)
values = st.floats(-(2.0**100), 2.0**100, width=32)
matrices = hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=3, max_side=6), elements=values)


def test_erf_against_the_library() -> None:
    x = np.linspace(-6, 6, 20001, dtype=np.float32)
    expected = np.asarray([math.erf(value) for value in x.tolist()])
    assert np.abs(numeric.erf(x) - expected).max() < 5e-7
    np.testing.assert_array_equal(numeric.erf(-x), -numeric.erf(x))
    assert np.abs(numeric.erf(x)).max() <= 1 + 1e-6


def test_erf_near_zero_keeps_its_relative_accuracy() -> None:
    x = np.asarray([1e-30, 1e-10, 1e-5, 1e-3, 1e-2], np.float32)
    np.testing.assert_allclose(numeric.erf(x), [math.erf(value) for value in x.tolist()], rtol=1e-6)


@given(x=hnp.arrays(np.float32, st.integers(1, 8), elements=st.floats(-80, 80, width=32)))
def test_softmax_sums_to_one(x: np.ndarray) -> None:
    found = numeric.softmax(x)
    assert abs(found.sum() - 1) < 1e-5
    assert (found >= 0).all()


def test_softmax_of_masked_scores_is_exactly_zero() -> None:
    found = numeric.softmax(np.asarray([5.0, -3.0, -10000.0 + 40.0], np.float32))
    assert found[2] == 0


@given(x=matrices, data=st.data())
def test_quantize_symmetric(x: np.ndarray, data: st.DataObject) -> None:
    axis = data.draw(st.integers(0, x.ndim - 1))
    quantized, scale = numeric.quantize_symmetric(x, axis)
    assert quantized.dtype == np.int8
    assert scale.dtype == np.float32
    assert scale.shape == (x.shape[axis],)
    assert quantized.min() >= -127
    assert (scale > 0).all()
    channels, stored = np.moveaxis(x, axis, 0), np.moveaxis(quantized, axis, 0).astype(np.float64)
    for channel, integers, step in zip(channels, stored, scale.astype(np.float64), strict=True):
        assert np.abs(integers * step - channel).max() <= step * 0.5001
        peak = np.abs(channel).max()
        assert np.abs(integers).max() == (127 if peak / 127 >= np.finfo(np.float32).tiny else 0)


def test_quantize_symmetric_of_zeros_and_of_next_to_nothing() -> None:
    x = np.zeros((3, 4), np.float32)
    x[1, 2], x[2] = 1e-42, [1, -2, 0.5, 0]
    quantized, scale = numeric.quantize_symmetric(x, axis=0)
    np.testing.assert_array_equal(scale, np.asarray([1, 1, np.float32(2) / np.float32(127)], np.float32))
    np.testing.assert_array_equal(quantized[:2], 0)
    np.testing.assert_array_equal(quantized[2], [64, -127, 32, 0])


def test_quantize_symmetric_takes_a_negative_axis() -> None:
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(numeric.quantize_symmetric(x, -1)[1], numeric.quantize_symmetric(x, 1)[1])


@pytest.mark.parametrize("scheme", SCHEMES)
@given(x=matrices)
def test_fake_quantize(scheme: str, x: np.ndarray) -> None:
    """float32 in and out, zero stays zero, at most 256 values, and no value moves by more than one step."""
    found = numeric.fake_quantize_token(x, scheme)
    assert found.dtype == np.float32
    assert found.shape == x.shape
    assert (found[x == 0] == 0).all()
    rows, results = (x[None], found[None]) if scheme == "dynamic_tensor_asymmetric" else (x, found)
    rows, results = (array.reshape(-1, array.size if len(array) == 1 else array.shape[-1]) for array in (rows, results))
    for row, result in zip(rows.astype(np.float64), results.astype(np.float64), strict=True):
        is_symmetric = scheme.endswith("_symmetric")
        span = 2 * np.abs(row).max() if is_symmetric else max(row.max(), 0) - min(row.min(), 0)
        steps = 254 if is_symmetric else 255
        assert len(np.unique(result)) <= 256
        assert np.abs(result - row).max() <= span / steps * 1.001 + 255 * float(np.finfo(np.float32).tiny)


@pytest.mark.parametrize("scheme", SCHEMES[:3])
@given(x=matrices, padding=st.integers(1, 3))
def test_fake_quantize_of_a_token_does_not_see_the_others(scheme: str, x: np.ndarray, padding: int) -> None:
    more = np.concatenate([x, np.full((padding, *x.shape[1:]), 7.5, np.float32)])
    np.testing.assert_array_equal(
        numeric.fake_quantize_token(more, scheme)[: len(x)], numeric.fake_quantize_token(x, scheme)
    )


def test_fake_quantize_by_hand() -> None:
    x = np.asarray([[-1.0, 0.0, 0.5, 1.54]], np.float32)
    step = np.float32(2.54) / np.float32(255)
    zero = np.rint(-128 + 1 / step)
    found = numeric.fake_quantize_token(x, "dynamic_token_asymmetric")
    np.testing.assert_allclose(found, (np.clip(np.rint(x / step) + zero, -128, 127) - zero) * step, rtol=1e-6)
    symmetric = numeric.fake_quantize_token(np.asarray([[-2.54, 1.0, 0.009]], np.float32), "dynamic_token_symmetric")
    np.testing.assert_allclose(symmetric, [[-2.54, 1.0, 0.0]], rtol=1e-6)


def test_fake_quantize_in_blocks() -> None:
    """Each has a scale of its own, the last and shorter one too."""
    columns = 2 * numeric.DYNAMIC_BLOCK + 3
    x = np.random.default_rng(0).normal(0, 1, (5, columns)).astype(np.float32) * np.geomspace(1, 100, columns)
    found = numeric.fake_quantize_token(x.astype(np.float32), "dynamic_block_symmetric")
    for first in range(0, columns, numeric.DYNAMIC_BLOCK):
        part = slice(first, first + numeric.DYNAMIC_BLOCK)
        alone = numeric.fake_quantize_token(x[:, part].astype(np.float32), "dynamic_token_symmetric")
        np.testing.assert_array_equal(found[:, part], alone)
    assert len(np.unique(found)) > 256
