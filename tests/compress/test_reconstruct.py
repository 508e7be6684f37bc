"""The closed-form mending of a cut."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch as pytorch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from edgelm.compress.data import Batch
from edgelm.compress.fit import fit_
from edgelm.compress.reconstruct import LeastSquares
from edgelm.compress.surgery import Keep, LayerKeep, cut
from edgelm.errors import UsageError
from edgelm.nn import canonical


def solve(batches: list[tuple[np.ndarray, np.ndarray]], ridge: float, weight: np.ndarray | None = None) -> Any:
    """Weight and bias of a solver that was given those batches."""
    solver = LeastSquares(batches[0][0].shape[1], batches[0][1].shape[1], ridge)
    for x, y in batches:
        solver.add(pytorch.from_numpy(x), pytorch.from_numpy(y))
    return [part.numpy() for part in solver.solve(None if weight is None else pytorch.from_numpy(weight))]


def loss(x: np.ndarray, y: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> float:
    return float(((x @ weight.T + bias - y) ** 2).sum())


def test_what_the_kept_columns_can_say_is_recovered() -> None:
    rng = np.random.default_rng(0)
    kept = rng.normal(size=(200, 6))
    full = np.concatenate([kept, kept @ rng.normal(size=(6, 4)) + 0.5], axis=1)
    y = full @ rng.normal(size=(3, 10)).T + rng.normal(size=3)
    weight, bias = solve([(kept, y)], 1e-12)
    assert_allclose(kept @ weight.T + bias, y, atol=1e-7)


def test_constant_and_repeated_columns_do_no_harm() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(50, 3))
    x = np.concatenate([x, x[:, :1], np.ones((50, 1))], axis=1)
    y = x @ rng.normal(size=(2, 5)).T
    weight, bias = solve([(x, y)], 0.0)
    assert_allclose(x @ weight.T + bias, y, atol=1e-9)


@given(
    st.integers(0, 10**6),
    st.integers(2, 40),
    st.integers(1, 8),
    st.integers(1, 4),
    st.floats(0, 10),
    st.floats(0.01, 9),
)
def test_the_sample_is_never_answered_worse(
    seed: int, rows: int, inputs: int, outputs: int, ridge: float, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(1, scale, (rows, inputs)), rng.normal(size=(rows, outputs))
    weight, bias = rng.normal(size=(outputs, inputs)), rng.normal(size=outputs)
    assert loss(x, y, *solve([(x, y)], ridge, weight)) <= loss(x, y, weight, bias) * (1 + 1e-9) + 1e-9


def test_a_strong_ridge_holds_the_weights_where_they_are() -> None:
    rng = np.random.default_rng(2)
    x, y, weight = rng.normal(size=(30, 4)), rng.normal(size=(30, 2)), rng.normal(size=(2, 4))
    assert_allclose(solve([(x, y)], 1e9, weight)[0], weight, atol=1e-6)
    assert np.abs(solve([(x, y)], 1e9)[0]).max() < 1e-6


def test_the_order_of_batches_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    batches = [(rng.normal(5, 1, (n, 4)), rng.normal(size=(n, 2))) for n in (1, 30, 7)]
    whole = tuple(np.concatenate(parts) for parts in zip(*batches, strict=True))
    expected = solve([whole], 1e-3)
    for order in itertools.permutations(batches):
        for found, wanted in zip(solve(list(order), 1e-3), expected, strict=True):
            assert_allclose(found, wanted, rtol=1e-6)


def test_nothing_added_is_an_error() -> None:
    with pytest.raises(UsageError, match="no tokens"):
        LeastSquares(2, 2).solve()
    with pytest.raises(UsageError, match="below 0"):
        LeastSquares(2, 2, -1.0)


# -- layer after layer -------------------------------------------------------------------------------------------------


@pytest.fixture
def models(torch: Any, make_checkpoint: Callable[..., Path]) -> tuple[Any, Any]:  # noqa: ARG001  sets its threads
    """A tiny encoder with half of its heads and units cut away, and the whole one."""
    teacher = canonical(make_checkpoint("bert", "text-classification"), "text-classification").eval()
    config = teacher.config
    dims, layers = np.tile(np.arange(config.head_sizes[0]), (2, 1)), range(config.num_hidden_layers)
    keep = [LayerKeep(i, np.array([0, 2]), dims, dims, np.arange(0, 48, 2)) for i in layers]
    return cut(teacher, Keep(np.arange(config.hidden_size), tuple(keep))).eval(), teacher


def batches(torch: Any, model: Any, padding: int = 0, rows: int = 48, length: int = 12) -> list[Batch]:
    """Random ids of several lengths, with ``padding`` behind."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(5, model.config.vocab_size, (rows, length), generator=generator)
    lengths = torch.arange(rows) % (length - 3) + 3
    mask = (torch.arange(length)[None, :] < lengths[:, None]).long()
    ids = torch.where(mask == 1, ids, padding)
    places = [np.arange(i, i + 8) for i in range(0, rows, 8)]
    return [Batch(own, {"input_ids": ids[own], "attention_mask": mask[own]}, {}) for own in places]


def distance(torch: Any, model: Any, teacher: Any, found: list[Batch]) -> float:
    """Mean square distance of the logits."""
    with torch.no_grad():
        return float(
            np.mean([((model(**one.inputs).logits - teacher(**one.inputs).logits) ** 2).mean() for one in found])
        )


def test_a_cut_model_comes_back_towards_its_teacher(torch: Any, models: tuple[Any, Any]) -> None:
    student, teacher = models
    found = batches(torch, teacher)
    before = distance(torch, student, teacher, found)
    fit_(student, teacher, found)
    assert distance(torch, student, teacher, found) < 0.5 * before


def test_padding_says_nothing(torch: Any, models: tuple[Any, Any]) -> None:
    student, teacher = models
    other = type(teacher)(student.config)
    other.load_state_dict(student.state_dict())
    fit_(student, teacher, batches(torch, teacher))
    fit_(other, teacher, batches(torch, teacher, padding=7))
    for name, value in student.state_dict().items():
        assert_allclose(value.numpy(), other.state_dict()[name].numpy(), atol=1e-5, err_msg=name)


def test_only_the_layers_behind_a_cut_change(torch: Any, models: tuple[Any, Any]) -> None:
    student, teacher = models
    before = {name: value.clone() for name, value in student.state_dict().items()}
    fit_(student, teacher, batches(torch, teacher))
    changed = {name for name, value in student.state_dict().items() if not torch.equal(value, before[name])}
    assert {name.split(".")[-2] for name in changed} == {"attention_output", "down"}
    assert len(changed) == 4 * teacher.config.num_hidden_layers
