"""Chooses what to cut: the heads and feed-forward units of each layer that are worth most under a budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgelm.errors import BudgetError, UsageError

Values = NDArray[np.float64]
Counts = NDArray[np.int64]

_BUCKETS_PER_E = 1000
"""How finely the frontier tells costs apart: 0.1 % of a cost, whatever its size."""
_MOST_EXACT = 4096
"""Points up to which nothing is left out of the frontier, and the choice is the optimum itself."""
_ROUNDING = 1e-9
"""Of a budget: sums of the same costs in another order differ by round-off."""


@dataclass(frozen=True)
class LayerWidths:
    """What is kept of one layer: ascending indices of its heads and of its feed-forward units."""

    heads: Counts
    units: Counts


@dataclass(frozen=True)
class Importance:
    """What each head [heads] and each unit [units] of each layer is worth: at least 0, additive, in one unit."""

    heads: tuple[Values, ...]
    units: tuple[Values, ...]

    def __post_init__(self) -> None:
        if not self.heads or len(self.heads) != len(self.units):
            raise UsageError(f"Importance of {len(self.heads)} layers' heads and {len(self.units)} layers' units.")
        for values in (*self.heads, *self.units):
            if values.ndim != 1 or not len(values) or not np.isfinite(values).all() or values.min() < 0:
                raise UsageError("Importance must be finite and at least 0, one number a head or unit.")

    @property
    def full(self) -> tuple[LayerWidths, ...]:
        """Everything kept."""
        pairs = zip(self.heads, self.units, strict=True)
        return tuple(LayerWidths(np.arange(len(heads)), np.arange(len(units))) for heads, units in pairs)

    def kept(self, widths: Sequence[LayerWidths]) -> float:
        """The importance of what is kept."""
        layers = zip(self.heads, self.units, widths, strict=True)
        return sum(float(heads[kept.heads].sum() + units[kept.units].sum()) for heads, units, kept in layers)


class Cost(Protocol):
    """What widths cost, in the budget's unit; each layer's attention and feed-forward part counts by itself."""

    @property
    def fixed(self) -> float:
        """What is there whatever is cut."""

    def attention(self, layer: int, heads: Counts) -> Values:
        """Of that layer's attention, for each number of heads; never falls as they grow."""

    def ffn(self, layer: int, units: Counts) -> Values:
        """Of that layer's feed-forward part, for each number of units; never falls as they grow."""

    def total(self, widths: Sequence[LayerWidths]) -> float:
        """Of a whole encoder."""


def total(cost: Cost, widths: Sequence[LayerWidths]) -> float:
    """The sum of a cost's parts."""
    parts = cost.fixed
    for layer, kept in enumerate(widths):
        parts += float(cost.attention(layer, np.asarray([len(kept.heads)]))[0])
        parts += float(cost.ffn(layer, np.asarray([len(kept.units)]))[0])
    return parts


@dataclass(frozen=True)
class Linear:
    """A cost that each head and each unit adds to by the same amount: parameters, or FLOPs at one length."""

    per_head: tuple[float, ...]
    """By layer, for their heads may differ in size."""
    per_unit: float
    fixed: float

    def attention(self, layer: int, heads: Counts) -> Values:
        """``per_head`` of the layer for each head."""
        return self.per_head[layer] * np.asarray(heads, np.float64)

    def ffn(self, layer: int, units: Counts) -> Values:  # noqa: ARG002  the same in every layer
        """``per_unit`` for each unit."""
        return self.per_unit * np.asarray(units, np.float64)

    def total(self, widths: Sequence[LayerWidths]) -> float:
        """Of a whole encoder."""
        return total(self, widths)


def parameters(hidden_size: int, head_sizes: Sequence[int]) -> Linear:
    """Parameters of an encoder's layers, biases and LayerNorms included; embeddings and heads are not."""
    per_head = tuple(float(4 * hidden_size * size + 3 * size) for size in head_sizes)
    return Linear(per_head, 2.0 * hidden_size + 1, 6.0 * hidden_size * len(head_sizes))


def flops(hidden_size: int, head_sizes: Sequence[int], length: int) -> Linear:
    """FLOPs of an encoder's matrix products for one text of ``length`` tokens; a multiply-add counts as two."""
    per_head = tuple(float(8 * length * hidden_size * size + 4 * length**2 * size) for size in head_sizes)
    return Linear(per_head, 4.0 * length * hidden_size, 0.0)


class Curves(Protocol):
    """What ``Latency`` reads of a table: see ``edgelm.compress.latency.LatencyTable``."""

    @property
    def base_ms(self) -> float: ...
    def attention(self, heads: Counts, *, last: bool = False) -> Values: ...
    def ffn(self, units: Counts, *, last: bool = False) -> Values: ...


@dataclass(frozen=True)
class Latency:
    """Milliseconds by a latency table, embeddings and head included; a last layer may be cheaper than the others."""

    table: Curves
    layers: int

    @property
    def fixed(self) -> float:
        """Embeddings and head."""
        return self.table.base_ms

    def attention(self, layer: int, heads: Counts) -> Values:
        """By the table's curve."""
        return self.table.attention(np.asarray(heads), last=layer == self.layers - 1)

    def ffn(self, layer: int, units: Counts) -> Values:
        """By the table's curve."""
        return self.table.ffn(np.asarray(units), last=layer == self.layers - 1)

    def total(self, widths: Sequence[LayerWidths]) -> float:
        """Of a whole encoder."""
        return total(self, widths)


def search(
    importance: Importance, cost: Cost, budget: float, *, multiple: int = 8, uneven: bool = True
) -> tuple[LayerWidths, ...]:
    """The most important heads and units within ``budget``, at least one head and ``multiple`` units a layer.

    A multiple-choice knapsack: a layer keeps its most important heads and units, so that only their numbers are to be
    chosen; units come in multiples of ``multiple``, or all of them. Solved by the frontier of non-dominated (cost,
    importance) pairs, layer after layer (Nemhauser and Ullmann 1969): exact while the frontier is small, else to 0.1 %
    of the cost a step. The frontier does not depend on the budget, so a larger budget never keeps less importance.
    ``uneven=False`` gives every layer the same widths. BudgetError says the least that can be reached.
    """
    if multiple < 1 or not np.isfinite(budget):
        raise UsageError(f"A budget of {budget} and multiples of {multiple} units are no search.")
    points = (_uneven if uneven else _even)(importance, cost, multiple)
    least = float(points.costs[0])
    if least > budget * (1 + _ROUNDING):
        raise BudgetError(
            f"A budget of {budget:.6g} cannot be met: one head and {multiple} units in every layer cost {least:.6g}.",
            hint="Raise the budget, or take layers or hidden size away first.",
        )
    chosen = int(np.searchsorted(points.costs, budget * (1 + _ROUNDING), side="right")) - 1
    return _widths(importance, points.counts(chosen))


@dataclass(frozen=True)
class _Frontier:
    """Non-dominated choices, both ascending, and how to read what was chosen at each of them."""

    costs: Values
    values: Values
    counts: Callable[[int], list[tuple[int, int]]]
    """(heads, units) of each layer, at a point."""


@dataclass(frozen=True)
class _Choices:
    """The numbers of heads, or of units, that a layer may keep; what each costs and is worth."""

    counts: Counts
    costs: Values
    values: Values


def _uneven(importance: Importance, cost: Cost, multiple: int) -> _Frontier:
    groups = [*_groups(importance, cost, multiple)]
    least = cost.fixed + sum(float(group.costs.min()) for group in groups)
    costs, values = np.asarray([least]), np.zeros(1)
    steps: list[tuple[Counts, Counts]] = []
    for group in groups:
        extra = group.costs - group.costs.min()
        kept, costs, values = _merge(costs, values, extra, group.values)
        steps.append((kept // len(extra), kept % len(extra)))

    def counts(point: int) -> list[tuple[int, int]]:
        found = []
        for group, (parents, choices) in zip(reversed(groups), reversed(steps), strict=True):
            found.append(int(group.counts[choices[point]]))
            point = int(parents[point])
        found.reverse()
        return list(zip(found[::2], found[1::2], strict=True))

    return _Frontier(costs, values, counts)


def _merge(costs: Values, values: Values, extra: Values, worth: Values) -> tuple[Counts, Values, Values]:
    """The frontier after one more group: indices into points times choices, their costs and values."""
    all_costs, all_values = np.add.outer(costs, extra).ravel(), np.add.outer(values, worth).ravel()
    kept = _undominated(all_costs, all_values)
    if len(kept) > _MOST_EXACT:
        buckets = np.floor(np.log(np.maximum(all_costs[kept], np.finfo(np.float64).tiny)) * _BUCKETS_PER_E)
        best = np.flatnonzero(np.diff(buckets, append=np.inf))  # the last of a bucket is worth most
        kept = kept[np.union1d(best, [0])]
    return kept, all_costs[kept], all_values[kept]


def _undominated(costs: Values, values: Values) -> Counts:
    """Indices of the points that are worth more than every cheaper one, by rising cost."""
    order = np.lexsort((-values, costs))
    best = np.maximum.accumulate(values[order])
    found: Counts = order[np.concatenate([[True], best[1:] > best[:-1]])]
    return found


def _even(importance: Importance, cost: Cost, multiple: int) -> _Frontier:
    """Every pair of numbers that all layers can have, tried."""
    layers = range(len(importance.heads))
    groups = [*_groups(importance, cost, multiple)]
    common = [_common(groups[part::2]) for part in (0, 1)]
    grids = [
        [
            sum(getattr(group, name)[np.searchsorted(group.counts, common[part])] for group in groups[part::2])
            for part in (0, 1)
        ]
        for name in ("costs", "values")
    ]
    costs, values = (np.add.outer(*grid).ravel() for grid in grids)
    kept = _undominated(costs + cost.fixed, values)

    def counts(point: int) -> list[tuple[int, int]]:
        heads, units = divmod(int(kept[point]), len(common[1]))
        return [(int(common[0][heads]), int(common[1][units]))] * len(layers)

    return _Frontier(costs[kept] + cost.fixed, values[kept], counts)


def _common(groups: Sequence[_Choices]) -> Counts:
    """The numbers that are among the choices of every layer."""
    found: Counts = groups[0].counts
    for group in groups[1:]:
        found = np.intersect1d(found, group.counts)
    if not len(found):
        raise UsageError("No number of units is possible in every layer.", hint="Let the layers differ: uneven.")
    return found


def _groups(importance: Importance, cost: Cost, multiple: int) -> Iterator[_Choices]:
    """Layer by layer: its heads, its units."""
    for layer, (heads, units) in enumerate(zip(importance.heads, importance.units, strict=True)):
        numbers = np.arange(1, len(heads) + 1)
        yield _Choices(numbers, cost.attention(layer, numbers), _best_sums(heads)[numbers])
        numbers = np.unique([*range(multiple, len(units) + 1, multiple), len(units)])
        yield _Choices(numbers, cost.ffn(layer, numbers), _best_sums(units)[numbers])


def _best_sums(importance: Values) -> Values:
    """The importance of the best 0, 1, 2, ... of them."""
    return np.concatenate([[0.0], np.cumsum(np.sort(np.asarray(importance, np.float64))[::-1])])


def _widths(importance: Importance, counts: Sequence[tuple[int, int]]) -> tuple[LayerWidths, ...]:
    layers = zip(importance.heads, importance.units, counts, strict=True)
    return tuple(LayerWidths(_best(heads, h), _best(units, u)) for heads, units, (h, u) in layers)


def _best(importance: Values, count: int) -> Counts:
    """Ascending indices of the ``count`` most important; of equals, the first."""
    best: Counts = np.sort(np.argsort(-importance, kind="stable")[:count])
    return best
