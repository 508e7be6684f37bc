"""A width pass's budget as a cost and a limit in its unit: FLOPs, parameters, or milliseconds on a target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgelm import registry
from edgelm.compress import search
from edgelm.compress.latency import LatencyTable
from edgelm.compress.passes import Width
from edgelm.compress.probe import Setting, time_encoders
from edgelm.compress.search import Cost, LayerWidths
from edgelm.compress.sizes import LENGTH
from edgelm.errors import BudgetError
from edgelm.families.edgelm import EDGELM
from edgelm.graph.canonical import EncoderConfig, Head, Pooling
from edgelm.nn import EdgeLMConfig


@dataclass(frozen=True)
class Costs:
    """What a budget is counted in, for one run."""

    target: str | None
    """Of budgets in milliseconds."""
    head: Head | Pooling
    threads: int
    say: Callable[[str], None]

    def __call__(self, config: EdgeLMConfig, width: Width) -> tuple[Cost, float]:
        """The cost of widths of that model, and how much of it the pass allows; BudgetError when it is met already."""
        cost, limit = self._cost(config, width)
        whole = cost.total(everything(config))
        if width.budget in ("flops", "density"):
            return cost, limit * whole
        if limit >= whole:
            raise BudgetError(
                f"{width.budget} = {limit:g} cuts nothing: the model is at {whole:.6g} already.",
                hint=f"Give a budget below {whole:.6g}, or leave the pass out.",
            )
        return cost, limit

    def _cost(self, config: EdgeLMConfig, width: Width) -> tuple[Cost, float]:
        if width.flops is not None:
            return search.flops(config.hidden_size, config.head_sizes, LENGTH), width.flops
        if width.latency_ms is not None:
            return search.Latency(self.table(config), config.num_hidden_layers), width.latency_ms
        cost = search.parameters(config.hidden_size, config.head_sizes)
        return cost, width.density if width.density is not None else float(width.parameters or 0)

    def table(self, config: EdgeLMConfig) -> LatencyTable:
        """The latency table of the target for models cut from this one, measured if no one did on this machine."""
        setting = self.setting(config)
        self.say(f"the latency table of {setting.target}, {setting.precision}, {setting.length} tokens")
        return LatencyTable.load_or_measure(setting, say=self.say)

    def measured(self, config: EdgeLMConfig) -> float:
        """Milliseconds of a model of that very shape on the target, timed as the table's encoders are."""
        shape = [encoder_config(config)]
        times = time_encoders(self.setting(config), shape, rounds=_ROUNDS, seconds=_SECONDS, seed=0, say=self.say)
        return float(times[0])

    def setting(self, config: EdgeLMConfig) -> Setting:
        """What is timed; the CLI has made sure that there is a target."""
        assert self.target is not None
        target = registry.target(self.target)
        length = min(LENGTH_OF_LATENCY, config.max_position_embeddings)
        return Setting(self.target, target.precision, encoder_config(config), length, self.threads, self.head)


_ROUNDS, _SECONDS = 5, 0.3
LENGTH_OF_LATENCY = 64
"""Tokens of the text that milliseconds are counted for."""


def encoder_config(config: EdgeLMConfig) -> EncoderConfig:
    """The same as the graph has it."""
    return EDGELM.encoder(config.to_dict())


def everything(config: EdgeLMConfig) -> tuple[LayerWidths, ...]:
    """All heads and units."""
    sizes = zip(config.attention_heads, config.intermediate_sizes, strict=True)
    return tuple(LayerWidths(heads=np.arange(heads), units=np.arange(units)) for heads, units in sizes)
