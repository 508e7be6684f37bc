"""The choice of what to cut, held against trying everything."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelm.compress import search as module
from edgelm.compress.search import Importance, LayerWidths, Linear, flops, parameters, search, total
from edgelm.errors import BudgetError, UsageError

MULTIPLE = 2
WORTH = st.floats(0, 100, allow_subnormal=False)
SHARES = st.floats(0, 1.1)


@dataclass(frozen=True)
class Steps:
    """A cost that grows by any steps, as a measured latency may: one row of sums for each layer's part."""

    heads: tuple[tuple[float, ...], ...]
    units: tuple[tuple[float, ...], ...]
    fixed: float = 1.0

    def attention(self, layer: int, heads: np.ndarray) -> np.ndarray:
        return np.cumsum(self.heads[layer])[heads]

    def ffn(self, layer: int, units: np.ndarray) -> np.ndarray:
        return np.cumsum(self.units[layer])[units]

    def total(self, widths: Sequence[LayerWidths]) -> float:
        return total(self, widths)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Importance, Steps]:
    """Up to three layers of up to three heads and five units, and what they cost."""
    sizes = draw(st.lists(st.tuples(st.integers(1, 3), st.integers(2, 5)), min_size=1, max_size=3))

    def rows(which: int, values: st.SearchStrategy[float], extra: int) -> tuple[tuple[float, ...], ...]:
        return tuple(
            tuple(draw(st.lists(values, min_size=size[which] + extra, max_size=size[which] + extra))) for size in sizes
        )

    worth = [tuple(map(np.asarray, rows(which, WORTH, 0))) for which in (0, 1)]
    steps = st.floats(0.01, 10)
    return Importance(*worth), Steps(rows(0, steps, 1), rows(1, steps, 1))


def everything(importance: Importance, cost: Steps, *, uneven: bool = True) -> list[tuple[float, float]]:
    """(cost, importance) of every choice of numbers, the most important of each kept."""
    options = []
    for heads, units in zip(importance.heads, importance.units, strict=True):
        numbers = sorted({*range(MULTIPLE, len(units) + 1, MULTIPLE), len(units)})
        options.append(list(itertools.product(range(1, len(heads) + 1), numbers)))
    found = []
    for counts in itertools.product(*options):
        if uneven or len(set(counts)) == 1:
            widths = [
                LayerWidths(np.argsort(-heads)[:h], np.argsort(-units)[:u])
                for (h, u), heads, units in zip(counts, importance.heads, importance.units, strict=True)
            ]
            found.append((cost.total(widths), importance.kept(widths)))
    return found


def limit(cost: Steps, importance: Importance, share: float) -> float:
    """A budget between the least and the whole."""
    whole = cost.total(importance.full)
    least = min(price for price, _ in everything(importance, cost))
    return least + share * (whole - least)


@given(problems(), SHARES)
def test_as_good_as_trying_everything(problem: tuple[Importance, Steps], share: float) -> None:
    importance, cost = problem
    budget = limit(cost, importance, share)
    widths = search(importance, cost, budget, multiple=MULTIPLE)
    best = max(worth for price, worth in everything(importance, cost) if price <= budget)
    assert cost.total(widths) <= budget * (1 + 1e-8)
    assert importance.kept(widths) >= best * (1 - 1e-9)


@given(problems(), SHARES)
def test_even_widths_are_the_best_even_ones(problem: tuple[Importance, Steps], share: float) -> None:
    importance, cost = problem
    heads, units = len(importance.heads[0]), len(importance.units[0])
    importance = Importance(
        tuple(np.resize(values, heads) for values in importance.heads),
        tuple(np.resize(values, units) for values in importance.units),
    )
    cost = Steps((cost.heads[0],) * len(cost.heads), (cost.units[0],) * len(cost.units))
    choices = everything(importance, cost, uneven=False)
    budget = min(choices)[0] + share * (max(choices)[0] - min(choices)[0])
    widths = search(importance, cost, budget, multiple=MULTIPLE, uneven=False)
    assert len({(len(kept.heads), len(kept.units)) for kept in widths}) == 1
    assert cost.total(widths) <= budget * (1 + 1e-8)
    assert importance.kept(widths) >= max(worth for price, worth in choices if price <= budget) * (1 - 1e-9)


@given(problems(), SHARES, SHARES)
def test_a_larger_budget_keeps_no_less(problem: tuple[Importance, Steps], one: float, other: float) -> None:
    importance, cost = problem
    kept = [
        importance.kept(search(importance, cost, limit(cost, importance, share), multiple=MULTIPLE))
        for share in sorted((one, other))
    ]
    assert kept[0] <= kept[1] * (1 + 1e-9)


def large(layers: int = 6, heads: int = 12, units: int = 1536) -> Importance:
    """A real model's sizes, with layers of very different worth."""
    rng = np.random.default_rng(0)
    scale = rng.lognormal(0, 1, layers)
    return Importance(
        tuple(rng.lognormal(3, 1, heads) * one for one in scale),
        tuple(rng.lognormal(0, 1, units) * one for one in scale),
    )


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.6, 0.95])
def test_a_large_model_is_within_a_hundredth_of_a_bound(share: float) -> None:
    importance, cost = large(), parameters(384, (32,) * 6)
    budget = share * cost.total(importance.full)
    widths = search(importance, cost, budget)
    assert cost.total(widths) <= budget
    assert importance.kept(widths) >= 0.99 * lagrangian_bound(importance, cost, budget)


def lagrangian_bound(importance: Importance, cost: Linear, budget: float, multiple: int = 8) -> float:
    """No choice within the budget is worth more: every price of cost gives a bound, and this is the least of many."""
    groups = []
    for layer, parts in enumerate(zip(importance.heads, importance.units, strict=True)):
        for values, step, price in zip(parts, (1, multiple), (cost.attention, cost.ffn), strict=True):
            numbers = np.arange(step, len(values) + 1, step)
            groups.append((np.cumsum(np.sort(values)[::-1])[numbers - 1], price(layer, numbers)))
    whole = importance.kept(importance.full) / cost.total(importance.full)
    return min(
        sum(float((worth - rate * price).max()) for worth, price in groups) + rate * (budget - cost.fixed)
        for rate in whole * np.geomspace(1e-3, 1e3, 2000)
    )


def test_a_large_model_keeps_more_with_every_larger_budget() -> None:
    importance, cost = large(), flops(384, (32,) * 6, 64)
    whole = cost.total(importance.full)
    kept = [importance.kept(search(importance, cost, share * whole)) for share in (0.05, 0.1, 0.4, 0.41, 1.0)]
    assert kept == sorted(kept)
    assert kept[-1] == pytest.approx(importance.kept(importance.full))


@pytest.mark.parametrize("multiple", [8, 16])
def test_units_come_in_multiples(multiple: int) -> None:
    importance, cost = large(), parameters(384, (32,) * 6)
    widths = search(importance, cost, 0.3 * cost.total(importance.full), multiple=multiple)
    assert all(len(kept.units) % multiple == 0 and len(kept.heads) >= 1 for kept in widths)
    assert len({len(kept.units) for kept in widths}) > 1


def test_the_most_important_are_kept_in_order() -> None:
    importance = Importance((np.array([1.0, 9.0, 5.0]),), (np.array([0.0, 3.0, 1.0, 2.0]),))
    cost = Linear((1.0,), 1.0, 0.0)
    (kept,) = search(importance, cost, 4.0, multiple=2)
    assert kept.heads.tolist() == [1, 2]
    assert kept.units.tolist() == [1, 3]


def test_a_budget_out_of_reach_names_what_can_be_reached() -> None:
    importance, cost = large(2, 4, 32), parameters(16, (4, 4))
    with pytest.raises(BudgetError, match="cannot be met") as raised:
        search(importance, cost, 10.0)
    least = float(str(raised.value).split("cost ")[1].split(". ")[0])
    assert cost.total(search(importance, cost, least * 1.0001)) == pytest.approx(least, rel=1e-4)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_importance_must_be_a_worth(bad: float) -> None:
    with pytest.raises(UsageError, match="at least 0"):
        Importance((np.array([1.0, bad]),), (np.ones(4),))


def test_parameters_are_those_of_a_layer() -> None:
    hidden, heads, size, units = 24, 3, 8, 40
    shapes = [(hidden, heads * size)] * 3 + [(heads * size, hidden), (hidden, units), (units, hidden)]
    biases = 3 * heads * size + hidden + units + hidden
    count = sum(a * b for a, b in shapes) + biases + 4 * hidden
    widths = [LayerWidths(np.arange(heads), np.arange(units))] * 2
    assert parameters(hidden, (size, size)).total(widths) == 2 * count


def test_flops_are_those_of_a_layers_products() -> None:
    hidden, heads, size, units, length = 24, 3, 8, 40, 10
    linear = 4 * hidden * heads * size + 2 * hidden * units
    attention = 2 * heads * length * size
    widths = [LayerWidths(np.arange(heads), np.arange(units))]
    assert flops(hidden, (size,), length).total(widths) == 2 * length * (linear + attention)


def test_a_thinned_frontier_stays_within_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_EXACT", 16)
    importance, cost = large(3, 4, 128), parameters(64, (16,) * 3)
    for share in (0.2, 0.5, 0.9):
        budget = share * cost.total(importance.full)
        widths = search(importance, cost, budget)
        assert cost.total(widths) <= budget
        assert importance.kept(widths) >= 0.98 * lagrangian_bound(importance, cost, budget)
