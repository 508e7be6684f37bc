"""What range of a tensor's values its 256 steps should cover."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import Graph
from edgelm.types import Tensors

Range = tuple[float, float]


def extremes(graph: Graph, feeds: Iterable[Tensors], names: Collection[str]) -> Mapping[str, Range]:
    """(lowest, highest) of each of those tensors over all feeds."""
    run = Interpreter(graph)
    found: dict[str, Range] = {}
    for feed in feeds:
        for name, x in run.trace(feed, names).items():
            low, high = found.get(name, (np.inf, -np.inf))
            found[name] = min(low, float(x.min())), max(high, float(x.max()))
    return found
