"""Training-free pruning: what stays of each layer is fitted to give what the whole layer gave (Kwon et al. 2022)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from edgelm.compress.data import Batch
from edgelm.compress.reconstruct import LeastSquares
from edgelm.compress.surgery import encoder_of


@torch.no_grad()  # type: ignore[untyped-decorator]
def fit_(student: nn.Module, teacher: nn.Module, batches: Sequence[Batch]) -> None:
    """Solve each sub-layer's output matrix and bias of a cut model anew, in place, by least squares on texts.

    Both models must have the same layers and hidden size. Layer after layer from the bottom, so that each makes up for
    what those below it lost too: the target is the teacher's sum before a LayerNorm, less the student's own residual
    (K-prune, Park et al. 2024). Padding counts for nothing.
    """
    own, theirs = (encoder_of(model).eval() for model in (student, teacher))
    masks = [batch.inputs["attention_mask"].flatten(0, -2) for batch in batches]
    states = [_embedded(own, batch) for batch in batches]
    wanted = [_embedded(theirs, batch) for batch in batches]
    for layer, model in zip(own.layers, theirs.layers, strict=True):
        biases = [own.attention_bias(mask, state.dtype) for mask, state in zip(masks, states, strict=True)]
        ours, full = _contexts(layer, biases), _contexts(model, biases)
        states, wanted = _fit_part_(
            layer, model, ("attention_output", "attention_norm"), (ours, full), states, wanted, masks
        )
        ours, full = _inners(layer), _inners(model)
        states, wanted = _fit_part_(layer, model, ("down", "ffn_norm"), (ours, full), states, wanted, masks)


_Inputs = Callable[[int, Tensor], Tensor]


def _contexts(layer: nn.Module, biases: Sequence[Tensor]) -> _Inputs:
    return lambda i, x: layer.context(x, biases[i])[0]


def _inners(layer: nn.Module) -> _Inputs:
    return lambda _, x: layer.inner(x)


def _fit_part_(
    layer: nn.Module,
    model: nn.Module,
    names: tuple[str, str],
    inputs: tuple[_Inputs, _Inputs],
    states: Sequence[Tensor],
    wanted: Sequence[Tensor],
    masks: Sequence[Tensor],
) -> tuple[list[Tensor], list[Tensor]]:
    """Fit one linear layer; the states of student and teacher after its LayerNorm."""
    linear, norm = (getattr(layer, name) for name in names)
    whole, whole_norm = (getattr(model, name) for name in names)
    sums = [whole(inputs[1](i, x)) + x for i, x in enumerate(wanted)]
    if linear.in_features < whole.in_features or any(
        not torch.equal(a, b) for a, b in zip(states, wanted, strict=True)
    ):
        squares = LeastSquares(linear.in_features, linear.out_features)
        for i, (state, total, mask) in enumerate(zip(states, sums, masks, strict=True)):
            is_token = mask.bool()
            squares.add(inputs[0](i, state)[is_token], (total - state)[is_token])
        weight, bias = squares.solve(linear.weight)
        linear.weight.copy_(weight)
        linear.bias.copy_(bias)
    fitted = [norm(linear(inputs[0](i, x)) + x) for i, x in enumerate(states)]
    return fitted, [whole_norm(total) for total in sums]


def _embedded(encoder: nn.Module, batch: Batch) -> Tensor:
    inputs = batch.inputs
    types = inputs.get("token_type_ids")
    states: Tensor = encoder.embeddings(
        inputs["input_ids"].flatten(0, -2), None if types is None else types.flatten(0, -2)
    )
    return states
