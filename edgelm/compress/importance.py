"""What each layer, head, unit and hidden dimension is worth to a task, measured on its texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor, nn

from edgelm.compress.data import Batch
from edgelm.compress.outputs import Task, divergence, outputs_of, surprise
from edgelm.compress.surgery import Keep, cut, encoder_of
from edgelm.nn import EdgeLMConfig, Gates, LayerGates
from edgelm.types import Array


@dataclass(frozen=True)
class LayerImportance:
    """Of one layer's parts, float64, each zero or more; they add up."""

    heads: Array
    """[heads]."""
    query: Array
    """[heads, head_size]: the dimensions of query and key."""
    value: Array
    """[heads, head_size]."""
    units: Array
    """[intermediate_size]."""


@dataclass(frozen=True)
class Importance:
    """Of everything that can be cut: an estimate of how much the outputs' likelihood falls when it goes."""

    hidden: Array
    """[hidden_size]."""
    layers: tuple[LayerImportance, ...]


def importance(model: nn.Module, batches: Iterable[Batch], task: Task, seed: int = 0) -> Importance:
    """Gradient times activation of every unit, squared and averaged over texts: the diagonal of the Fisher information.

    Each text has gates of its own, set to one on everything that can be cut; the gradient of a gate is gradient times
    activation (Molchanov et al. 2017; Michel et al. 2019), and the mean of its square is to second order what the loss
    of the unit costs (Kwon et al. 2022). The labels are drawn from the model's own answers, so no labelled text is
    needed and the estimate is the Fisher information itself.
    """
    generator = torch.Generator().manual_seed(seed)
    was_training = model.training
    model.eval()
    total: list[Array] = []
    texts = 0
    for batch in batches:
        rows = batch.inputs["input_ids"].shape[:-1].numel()
        gates = _ones(encoder_of(model).config, rows)
        outputs = outputs_of(task.name, model(**batch.inputs, gates=gates))
        loss = surprise(task.kind, outputs, batch.inputs["attention_mask"], generator)
        grads = torch.autograd.grad(loss, _flat(gates))
        squares = [grad.double().square().sum(0).numpy() for grad in grads]
        total = [a + b for a, b in zip(total, squares, strict=True)] if total else squares
        texts += rows
    model.train(was_training)
    means = iter([value / texts for value in total])
    hidden = next(means)
    layers = [LayerImportance(*(next(means) for _ in fields(LayerImportance))) for _ in encoder_of(model).layers]
    return Importance(hidden, tuple(layers))


def layers_to_keep(model: nn.Module, batches: Sequence[Batch], task: Task, count: int) -> tuple[int, ...]:
    """The ``count`` layers that answer for the whole encoder best, ascending.

    From the full model the layer goes whose absence changes the answers least, measured on the texts, and so on with
    what is left: the layers are judged together, not one by one, nor by their place.
    """
    was_training = model.training
    model.eval()
    everything = Keep.everything(encoder_of(model).config)
    wanted = [_answers(model, batch, task.name) for batch in batches]
    kept = list(range(len(everything.layers)))
    while len(kept) > count:
        candidates = [[layer for layer in kept if layer != left] for left in kept]
        losses = []
        for layers in candidates:
            smaller = cut(model, everything.only_layers(layers))
            found = zip(batches, wanted, strict=True)
            losses.append(sum(_difference(smaller, batch, answers, task) for batch, answers in found))
        kept = candidates[int(np.argmin(losses))]
    model.train(was_training)
    return tuple(kept)


@torch.no_grad()  # type: ignore[untyped-decorator]
def _answers(model: nn.Module, batch: Batch, task: str) -> dict[str, Tensor]:
    return outputs_of(task, model(**batch.inputs))


def _difference(model: nn.Module, batch: Batch, wanted: dict[str, Tensor], task: Task) -> float:
    found = _answers(model, batch, task.name)
    return float(divergence(task.kind, found, wanted, batch.inputs["attention_mask"])) * len(batch.indices)


def _ones(config: EdgeLMConfig, rows: int) -> Gates:
    def ones(*shape: int) -> Tensor:
        return torch.ones(rows, *shape, requires_grad=True)

    sizes = zip(config.attention_heads, config.head_sizes, config.intermediate_sizes, strict=True)
    layers = [LayerGates(ones(h), ones(h, size), ones(h, size), ones(units)) for h, size, units in sizes]
    return Gates(ones(config.hidden_size), layers)


def _flat(gates: Gates) -> list[Tensor]:
    return [gates.hidden, *(getattr(layer, field.name) for layer in gates.layers for field in fields(layer))]
