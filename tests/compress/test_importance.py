"""What is worth nothing is found to be worth nothing, and the other way round."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgelm.compress.search import flops, parameters


@pytest.fixture(scope="module")
def batches(torch: Any) -> list[Any]:
    from edgelm.compress.data import Batch

    generator = torch.Generator().manual_seed(0)
    found = []
    for first in range(0, 24, 8):
        ids = torch.randint(5, 100, (8, 12), generator=generator)
        mask = (torch.arange(12) < torch.arange(5, 13)[:, None]).long()
        found.append(Batch(np.arange(first, first + 8), {"input_ids": ids, "attention_mask": mask}, {}))
    return found


TASKS = {
    "text-classification": {},
    "token-classification": {},
    "question-answering": {},
    "fill-mask": {},
    "feature-extraction": {},
}


@pytest.mark.parametrize("task", TASKS)
def test_dead_parts_are_worth_nothing(task: str, make_checkpoint: Any, batches: list[Any], torch: Any) -> None:
    from edgelm import nn
    from edgelm.compress.importance import importance
    from edgelm.compress.outputs import Task
    from edgelm.compress.surgery import encoder_of

    model = nn.canonical(make_checkpoint("bert", task), task)
    layer = encoder_of(model).layers[0]
    with torch.no_grad():
        layer.down.weight[:, 7] = 0.0
        layer.attention_output.weight[:, 8:16] = 0.0
        layer.attention_output.weight[:, 17] = 0.0
        layer.query.weight[26], layer.query.bias[26] = 0.0, 0.0
    worth = importance(model, batches, Task(task, ("a", "b", "c")))
    first = worth.layers[0]
    assert np.flatnonzero(first.units == 0).tolist() == [7]
    assert np.flatnonzero(first.heads == 0).tolist() == [1]
    assert np.argwhere(first.value == 0).tolist() == [[1, i] for i in range(8)] + [[2, 1]]
    assert [3, 2] in np.argwhere(first.query == 0).tolist()
    assert (worth.hidden > 0).all()
    assert worth.layers[1].units.shape == (48,)
    assert importance(model, batches, Task(task, ("a", "b", "c"))).hidden.tolist() == worth.hidden.tolist()


def test_importance_is_the_fisher_information_of_a_gate(make_checkpoint: Any, batches: list[Any], torch: Any) -> None:
    """Against the derivative of the outputs by a finite difference: the expected score squared over all labels."""
    from edgelm import nn
    from edgelm.compress.importance import _ones, importance
    from edgelm.compress.outputs import Task

    model = nn.canonical(make_checkpoint("bert", "text-classification"), "text-classification").double()
    task, step, unit = Task("text-classification", ("a", "b", "c")), 1e-4, 5
    many = batches * 200
    found = importance(model, [_double(batch) for batch in many], task, seed=1).layers[1].units[unit]
    total, texts = 0.0, 0
    for batch in batches:
        logs = []
        for sign in (1, -1):
            gates = _ones(model.config, 8)
            gates = _doubled(gates)
            gates.layers[1].units[:, unit] += sign * step
            with torch.no_grad():
                logs.append(model(**batch.inputs, gates=gates).logits.log_softmax(-1))
        score = (logs[0] - logs[1]) / (2 * step)
        total += float((((logs[0] + logs[1]) / 2).exp() * score.square()).sum())
        texts += 8
    assert found == pytest.approx(total / texts, rel=0.1)


def _double(batch: Any) -> Any:
    return batch


def _doubled(gates: Any) -> Any:
    from dataclasses import fields

    gates.hidden = gates.hidden.detach().double()
    for layer in gates.layers:
        for field in fields(layer):
            setattr(layer, field.name, getattr(layer, field.name).detach().double())
    return gates


def test_layer_that_does_nothing_goes_first(make_checkpoint: Any, batches: list[Any], torch: Any) -> None:
    from edgelm import nn
    from edgelm.compress.importance import layers_to_keep
    from edgelm.compress.outputs import Task

    model = nn.canonical(make_checkpoint("bert", "text-classification", num_hidden_layers=4), "text-classification")
    layers = model.edgelm.layers
    with torch.no_grad():
        for part in (layers[1].attention_output, layers[1].down):
            part.weight.zero_()
            part.bias.zero_()
        for norm, before in ((layers[1].attention_norm, layers[0].ffn_norm), (layers[1].ffn_norm, layers[0].ffn_norm)):
            norm.weight.copy_(before.weight)
            norm.bias.copy_(before.bias)
        for norm in (layers[0].ffn_norm, layers[1].attention_norm, layers[1].ffn_norm):
            norm.weight.fill_(1.0)
            norm.bias.zero_()
    kept = layers_to_keep(model, batches, Task("text-classification", ("a", "b", "c")), 3)
    assert kept == (0, 2, 3)
    assert len(layers_to_keep(model, batches, Task("text-classification", ("a", "b", "c")), 1)) == 1


@pytest.mark.parametrize("share", [0.9, 0.6, 0.35])
@pytest.mark.parametrize("cost", [parameters(32, [8, 8]), flops(32, [8, 8], 16)], ids=["parameters", "flops"])
def test_budget_is_kept(share: float, cost: Any, make_checkpoint: Any, batches: list[Any]) -> None:
    from edgelm import nn
    from edgelm.compress.budgets import everything
    from edgelm.compress.importance import importance
    from edgelm.compress.outputs import Task
    from edgelm.compress.passes import Width
    from edgelm.compress.shape import to_budget
    from edgelm.compress.surgery import cut

    model = nn.canonical(make_checkpoint("bert", "text-classification"), "text-classification")
    worth = importance(model, batches, Task("text-classification", ("a", "b", "c")))
    whole = cost.total(everything(model.config))
    keep = to_budget(worth, cost, share * whole, Width(density=share))
    config = cut(model, keep).config
    assert cost.total(everything(config)) <= share * whole
    assert cost.total(everything(config)) > 0.7 * share * whole


def test_explicit_sizes_step_by_step() -> None:
    from edgelm.compress.passes import Width
    from edgelm.compress.shape import Shape

    start = Shape(384, (12, 12), (32, 32), (1536, 1000))
    target = start.wanted(Width(hidden_size=312, head_size=26, intermediate_size=1200))
    assert target == Shape(312, (12, 12), (26, 26), (1200, 1000))
    steps = [start.towards(target, share, 8) for share in (0.25, 0.5, 0.75, 1.0)]
    assert steps[-1] == target
    assert [step.hidden_size for step in steps] == sorted((step.hidden_size for step in steps), reverse=True)
    assert all(step.hidden_size % 8 == 0 and step.units[0] % 8 == 0 for step in steps)
