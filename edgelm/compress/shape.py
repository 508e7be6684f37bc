"""Which layers, heads, units and dimensions stay: sizes or a budget, and what everything is worth, into a cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgelm.compress.importance import Importance, LayerImportance
from edgelm.compress.passes import Width
from edgelm.compress.search import Cost, search
from edgelm.compress.search import Importance as Worth
from edgelm.compress.surgery import Keep, LayerKeep
from edgelm.nn import EdgeLMConfig
from edgelm.types import Array


@dataclass(frozen=True)
class Shape:
    """Sizes of an encoder."""

    hidden_size: int
    heads: tuple[int, ...]
    head_sizes: tuple[int, ...]
    units: tuple[int, ...]

    @classmethod
    def of(cls, config: EdgeLMConfig) -> Shape:
        """Of a model as it is."""
        sizes = (config.attention_heads, config.head_sizes, config.intermediate_sizes)
        return cls(config.hidden_size, *(tuple(one) for one in sizes))

    def wanted(self, width: Width) -> Shape:
        """After a pass of explicit sizes; a size that the model does not have stays as it is."""

        def least(sizes: Sequence[int], size: int | None) -> tuple[int, ...]:
            return tuple(sizes if size is None else (min(one, size) for one in sizes))

        return Shape(
            min(self.hidden_size, width.hidden_size or self.hidden_size),
            least(self.heads, width.heads),
            least(self.head_sizes, width.head_size),
            least(self.units, width.intermediate_size),
        )

    def towards(self, target: Shape, share: float, multiple: int) -> Shape:
        """Part of the way to a smaller shape, by a constant factor a step; the target at a share of 1."""

        def between(now: int, then: int) -> int:
            if share >= 1 or now == then:
                return then
            size = now * (then / now) ** share
            return max(then, int(np.ceil(size / multiple) * multiple)) if now > 2 * multiple else round(size)

        def each(now: Sequence[int], then: Sequence[int]) -> tuple[int, ...]:
            return tuple(between(a, b) for a, b in zip(now, then, strict=True))

        return Shape(
            between(self.hidden_size, target.hidden_size),
            each(self.heads, target.heads),
            each(self.head_sizes, target.head_sizes),
            each(self.units, target.units),
        )


def to_shape(worth: Importance, shape: Shape) -> Keep:
    """Of everything the most important, as much as the shape has room for."""
    layers = []
    for i, layer in enumerate(worth.layers):
        heads = top(layer.heads, shape.heads[i])
        layers.append(_layer(i, layer, heads, top(layer.units, shape.units[i]), shape.head_sizes[i]))
    return Keep(top(worth.hidden, shape.hidden_size), tuple(layers))


def to_budget(worth: Importance, cost: Cost, budget: float, width: Width) -> Keep:
    """The heads and units that are worth most under a budget; dimensions inside heads and hidden ones stay.

    BudgetError, with the best that can be reached, when not even the least fits.
    """
    given = Worth(tuple(layer.heads for layer in worth.layers), tuple(layer.units for layer in worth.layers))
    found = search(given, cost, budget, multiple=width.multiple, uneven=width.uneven)
    layers = []
    for i, (layer, widths) in enumerate(zip(worth.layers, found, strict=True)):
        layers.append(_layer(i, layer, widths.heads, widths.units, layer.query.shape[1]))
    return Keep(np.arange(len(worth.hidden)), tuple(layers))


def top(worth: Array, count: int) -> Array:
    """The places of the ``count`` largest, ascending; of equals the first."""
    chosen: Array = np.sort(np.argsort(-worth, kind="stable")[:count])
    return chosen


def _layer(index: int, worth: LayerImportance, heads: Array, units: Array, head_size: int) -> LayerKeep:
    query, value = (np.stack([top(one[head], head_size) for head in heads]) for one in (worth.query, worth.value))
    return LayerKeep(index, heads, query, value, units)
