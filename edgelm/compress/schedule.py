"""What a training is told: its settings, the learning rate of each step and parameter, the steps to evaluate at."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from edgelm.errors import UsageError
from edgelm.machine import cpu_flags

Precision = Literal["auto", "bf16", "fp32"]
_LAYER = re.compile(r"(?:^|\.)layers?\.(\d+)\.")
_BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""CPUs that multiply bfloat16 themselves; others are slower with it than without."""


@dataclass(frozen=True)
class Settings:
    """How a training goes. The defaults fine-tune a small encoder."""

    learning_rate: float = 5e-5
    epochs: float = 3.0
    batch_size: int = 32
    """Rows of one step, over all processes."""
    weight_decay: float = 0.01
    """Of matrices alone: biases and norms are not decayed."""
    warmup_ratio: float = 0.06
    """The share of all steps in which the learning rate rises; it falls to zero in the others, both linearly."""
    max_grad_norm: float = 1.0
    layer_decay: float = 1.0
    """The learning rate of a layer as a share of that of the layer above (Howard and Ruder 2018); 1: the same."""
    ema: float = 0.0
    """Decay of the moving average of the weights; 0: none is kept."""
    seed: int = 0
    precision: Precision = "auto"
    """``auto`` is bf16 autocast where the CPU or the GPU computes in it, else fp32. The weights are fp32 in both."""
    evaluations_per_epoch: int = 2
    patience: int | None = None
    """Evaluations without a better metric after which to stop; None: never before the end."""

    def __post_init__(self) -> None:
        for name, is_right, expected in _RULES:
            value = getattr(self, name)
            if not is_right(value):
                raise UsageError(f"{name} is {value!r}; expected {expected}.")


def _within(low: float, high: float) -> Any:
    return lambda value: isinstance(value, int | float) and low <= value <= high


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and 0 < value < math.inf


def _whole(value: Any) -> bool:
    return type(value) is int and value >= 1


_RULES: tuple[tuple[str, Any, str], ...] = (
    ("learning_rate", _positive, "a positive number"),
    ("epochs", _positive, "a positive number"),
    ("batch_size", _whole, "a whole number from 1"),
    ("weight_decay", _within(0, math.inf), "0 or more"),
    ("warmup_ratio", _within(0, 1), "a share from 0 to 1"),
    ("max_grad_norm", _positive, "a positive number"),
    ("layer_decay", lambda value: _positive(value) and value <= 1, "a factor above 0, at most 1"),
    ("ema", lambda value: _within(0, 1)(value) and value < 1, "a decay from 0 to below 1, such as 0.999"),
    ("seed", lambda value: type(value) is int and 0 <= value < 2**32, "a whole number from 0 to 4294967295"),
    ("precision", lambda value: value in ("auto", "bf16", "fp32"), "auto, bf16 or fp32"),
    ("evaluations_per_epoch", _whole, "a whole number from 1"),
    ("patience", lambda value: value is None or _whole(value), "a whole number from 1"),
)


def learning_rate_factor(step: int, total: int, warmup_ratio: float) -> float:
    """The share of the learning rate at a step from 0: up linearly to 1, then down linearly to 0 at ``total``."""
    warmup = max(1, round(warmup_ratio * total)) if warmup_ratio else 0
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return (total - step) / max(1, total - warmup)


def evaluation_steps(total: int, epochs: float, per_epoch: int) -> frozenset[int]:
    """The steps after which to evaluate, evenly spread, the last step among them."""
    count = max(1, round(epochs * per_epoch))
    return frozenset(max(1, round(total * (i + 1) / count)) for i in range(count))


def parameter_groups(
    named: Sequence[tuple[str, nn.Parameter]], settings: Settings, layers: int
) -> list[dict[str, Any]]:
    """The optimizer's groups: ``params``, ``weight_decay`` and ``scale``, the share of the learning rate."""
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in named:
        scale = settings.layer_decay ** (layers + 1 - _depth(name, layers))
        groups.setdefault((scale, parameter.ndim >= 2), []).append(parameter)
    return [
        {"params": params, "weight_decay": settings.weight_decay if is_matrix else 0.0, "scale": scale}
        for (scale, is_matrix), params in groups.items()
    ]


def _depth(name: str, layers: int) -> int:
    """0 for the embeddings, 1 for the first layer, and one more than the last layer's for the head."""
    found = _LAYER.search(name)
    if found:
        return int(found[1]) + 1
    return 0 if "embeddings" in name else layers + 1


def autocast_dtype(precision: Precision, device: torch.device) -> torch.dtype | None:
    """What matrices are multiplied in beside fp32, or None; ``auto`` decides by what the device computes in."""
    if precision == "auto":
        on_gpu = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        on_cpu = device.type == "cpu" and not _BF16_FLAGS.isdisjoint(cpu_flags())
        precision = "bf16" if on_gpu or on_cpu else "fp32"
    return {"bf16": torch.bfloat16, "fp32": None}[precision]


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two records of settings, one phrase each: ``learning_rate was 3e-05, is 1e-05``."""
    names = dict.fromkeys((*before, *now))
    return [f"{name} was {before.get(name)}, is {now.get(name)}" for name in names if before.get(name) != now.get(name)]
