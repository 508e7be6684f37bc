"""Modules that round as integer kernels do, with straight-through gradients, and their twins in stored integers."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from edgelm.graph import numeric

LEAST, MOST = -128, 127
"""Of int8 activations; weights, which are symmetric, stay within -127 and 127."""
_SMALLEST_SCALE = torch.finfo(torch.float32).tiny
_PACE = 8
"""How much faster a range moves than the learning rate says, in parts of the range: AdamW's steps are as long for every
parameter, and a weight of a small encoder is about a tenth. A power of two, so that a range starts exactly."""
_SMALLEST_PART = 1 / 256
"""Of a learned range, that of its initial width."""
_MOMENTUM = 0.05
"""Of a moving range, the weight of the newest batch."""
_KEPT_VALUES = 4096
"""Of a tensor in one batch, those that the search of its first range looks at."""
_CUTS = torch.linspace(1.0, 0.2, 41).tolist()
"""The parts of a tensor's extremes that are tried as the ends of its first range."""

Range = tuple[float, float]


class _Round(torch.autograd.Function):  # type: ignore[misc]
    """To the nearest whole number, halves to the even one; gradients pass straight through (Bengio et al. 2013)."""

    @staticmethod
    def forward(_: object, x: Tensor) -> Tensor:
        return x.round()

    @staticmethod
    def backward(_: object, gradient: Tensor) -> Tensor:
        return gradient


class _GradientScale(torch.autograd.Function):  # type: ignore[misc]
    """The value itself, whose gradient is multiplied."""

    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, x: Tensor, factor: float) -> Tensor:
        context.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient * context.factor, None


class _Steps(torch.autograd.Function):  # type: ignore[misc]
    """``clamp(round(x / scale) + zero_point, -128, 127) - zero_point`` in float32, as ``numeric.static_steps``.

    One function where autograd would keep six tensors: straight through inside the range, and outside it nothing to
    ``x`` and all to the range's end (LSQ, Esser et al. 2020; LSQ+, Bhalgat et al. 2020).
    """

    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, x: Tensor, scale: Tensor, zero_point: Tensor) -> Tensor:
        position = x / scale
        steps: Tensor = position.round().add_(zero_point).clamp_(LEAST, MOST).sub_(zero_point)
        context.save_for_backward(position, steps, scale)
        return steps

    @staticmethod
    def backward(
        context: torch.autograd.function.FunctionCtx, gradient: Tensor
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        position, steps, scale = context.saved_tensors
        inside = gradient * ((steps - position).abs_() <= 0.5)
        if not context.needs_input_grad[1]:
            return inside / scale, None, None
        return inside / scale, -(inside * position).sum() / scale, inside.sum() - gradient.sum()


def rounded(x: Tensor) -> tuple[Tensor, Tensor]:
    """Symmetric int8 by row, as ``numeric.quantize_symmetric``: (whole numbers in float32, float32 scales).

    ``x`` is [..., columns], the scales [...]; gradients pass straight through to ``x``, and the scales, which follow
    its peaks, have none.
    """
    with torch.no_grad():
        scale = _or_one(x.abs().amax(-1) / 127)
    return _Round.apply(x / scale[..., None]).clamp(-127, 127), scale


def _or_one(scale: Tensor) -> Tensor:
    return torch.where(scale >= _SMALLEST_SCALE, scale, 1.0)


def _zero_point(low: Tensor, scale: Tensor) -> Tensor:
    return _Round.apply(LEAST - low / scale).clamp(LEAST, MOST)


# -- what an activation is rounded to ----------------------------------------------------------------------------------


class TensorRange(nn.Module, ABC):  # type: ignore[misc]
    """What stands at one tensor of the graph, ``tensor`` by name. Called, it gives whole numbers and their scale."""

    def __init__(self, tensor: str) -> None:
        super().__init__()
        self.tensor = tensor

    @property
    @abstractmethod
    def range(self) -> Range:
        """(low, high) of the tensor."""


class SteppedRange(TensorRange):
    """The 256 steps of a tensor."""

    @abstractmethod
    def step(self) -> tuple[Tensor, Tensor]:
        """Scale and zero point, float32 of rank 0."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """float32 whole numbers of x's shape, less the zero point, and what they are to be multiplied by."""
        scale, zero_point = self.step()
        return _Steps.apply(x.float(), scale, zero_point), scale

    @property
    def range(self) -> Range:
        """(low, high), of which ``numeric.scale_and_zero_point`` makes exactly this scale and zero point again."""
        scale, zero_point = (value.item() for value in self.step())
        return (LEAST - zero_point) * scale, (MOST - zero_point) * scale


class FixedRange(SteppedRange):
    """A range that stays as it is."""

    def __init__(self, tensor: str, low: float, high: float) -> None:
        super().__init__(tensor)
        scale, zero_point = numeric.scale_and_zero_point(low, high)
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))
        self.register_buffer("zero_point", torch.tensor(float(zero_point)))

    def step(self) -> tuple[Tensor, Tensor]:
        """As it was given."""
        return self.scale, self.zero_point


class LearnedRange(SteppedRange):
    """Scale and offset learned with the weights (LSQ+), both in units of the range they started from."""

    def __init__(self, tensor: str, low: float, high: float) -> None:
        super().__init__(tensor)
        scale, zero_point = numeric.scale_and_zero_point(low, high)
        self.register_buffer("unit", torch.tensor(scale * _PACE, dtype=torch.float32))
        self.scale = nn.Parameter(torch.tensor(1 / _PACE))
        self.offset = nn.Parameter(torch.tensor((LEAST - zero_point) / 255 / _PACE))
        self.elements = 1

    def step(self) -> tuple[Tensor, Tensor]:
        """Gradients are divided by the root of the elements times the steps (LSQ), to be no larger than a weight's."""
        factor = 1 / math.sqrt(self.elements * MOST)
        scale = _GradientScale.apply(self.scale, factor).clamp(min=_SMALLEST_PART / _PACE) * self.unit
        low = _GradientScale.apply(self.offset, factor) * (self.unit * 255)
        return scale, _zero_point(low, scale)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """As every range; the number of elements is noted for the gradient's factor."""
        self.elements = x.numel()
        return super().forward(x)


class MovingRange(SteppedRange):
    """The moving average of the extremes of the batches in training (Jacob et al. 2018)."""

    def __init__(self, tensor: str, low: float, high: float) -> None:
        super().__init__(tensor)
        self.register_buffer("ends", torch.tensor([min(low, 0.0), max(high, 0.0)], dtype=torch.float32))

    def step(self) -> tuple[Tensor, Tensor]:
        """Of the average as it is."""
        low, high = self.ends
        scale = _or_one((high - low) / 255)
        return scale, _zero_point(low, scale)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """As every range; in training the average takes the batch in first."""
        if self.training:
            with torch.no_grad():
                self.ends.lerp_(_ends(x.detach().float()), _MOMENTUM)
        return super().forward(x)


def _ends(x: Tensor) -> Tensor:
    """The extremes of a batch, 0 among them, over all processes of the training."""
    outwards = torch.stack([-x.amin(), x.amax()]).clamp(min=0)
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(outwards, torch.distributed.ReduceOp.MAX)
    return outwards * torch.tensor([-1.0, 1.0], device=x.device)


class Observer(TensorRange):
    """Lets a tensor through as it is, and looks at it: where a range comes from."""

    def __init__(self, tensor: str) -> None:
        super().__init__(tensor)
        self.ends = torch.zeros(2)
        self.samples: list[Tensor] = []
        self.weights: list[Tensor] = []
        """How many of the tensor's values each stands for."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The tensor, to be multiplied by one."""
        ends, flat = _ends(x).cpu(), x.detach().float().cpu().flatten()
        self.ends = torch.stack([torch.minimum(self.ends[0], ends[0]), torch.maximum(self.ends[1], ends[1])])
        drawn = torch.randint(len(flat), (_KEPT_VALUES,), generator=torch.Generator().manual_seed(len(self.samples)))
        self.samples += [flat[drawn], ends]
        self.weights += [torch.full((_KEPT_VALUES,), len(flat) / _KEPT_VALUES), torch.ones(2)]
        return x, torch.ones((), device=x.device)

    @property
    def range(self) -> Range:
        """The ends, each cut where that makes the squared error of what was seen smallest."""
        x, weights, (low, high) = torch.cat(self.samples), torch.cat(self.weights), self.ends.tolist()

        def error(low: float, high: float) -> float:
            steps, scale = FixedRange(self.tensor, low, high)(x)
            return float(((steps * scale - x).square() * weights).sum())

        high = min((high * cut for cut in _CUTS), key=lambda end: error(low, end))
        low = min((low * cut for cut in _CUTS), key=lambda end: error(end, high))
        return low, high


class TokenRange(nn.Module):  # type: ignore[misc]
    """A range for every row of the last axis, as it comes (``dynamic_token_asymmetric``)."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Steps, and their scales [..., 1]; gradients pass straight through."""
        x = x.float()
        with torch.no_grad():
            low, high = x.amin(-1, keepdim=True).clamp(max=0), x.amax(-1, keepdim=True).clamp(min=0)
            scale = _or_one((high - low) / 255)
            zero_point = _zero_point(low, scale)
        return _Steps.apply(x, scale, zero_point), scale


# -- fake quantization -------------------------------------------------------------------------------------------------


class FakeProduct(nn.Module):  # type: ignore[misc]
    """``x @ weight.T + bias`` in whole numbers held in float32, exactly as the graph's ``quantized_linear``."""

    def __init__(self, reads: nn.Module, writes: nn.Module | None) -> None:
        """``writes`` rounds the result; None: it stays float32."""
        super().__init__()
        self.reads = reads
        self.writes = writes

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """float32 [..., outputs] of float weights [outputs, inputs]."""
        steps, scale = self.reads(x)
        integers, scales = rounded(weight)
        return self.written(functional.linear(steps, integers), scale * scales, bias)

    def written(self, product: Tensor, scale: Tensor, bias: Tensor | None) -> Tensor:
        """What the kernel writes of the product of the integers; one that writes integers counts its bias in them."""
        result = product * scale
        if self.writes is None:
            return result if bias is None else result + bias
        if bias is not None:
            counted = torch.round(bias.detach() / scale.detach()) * scale.detach()
            result = result + (counted + (bias - bias.detach()))  # gradients pass straight through
        steps, step = self.writes(result)
        return steps * step


class FakeLinear(nn.Linear):  # type: ignore[misc]
    """A linear layer with fake quantization; its parameters are those of the layer it is made of."""

    def __init__(self, linear: nn.Linear, product: FakeProduct) -> None:
        super().__init__(linear.in_features, linear.out_features, linear.bias is not None, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        self.product = product

    def forward(self, x: Tensor) -> Tensor:
        """float32 [..., outputs]."""
        return self.product(x, self.weight, self.bias)

    def floating(self) -> nn.Linear:
        """The layer without it, of the same parameters."""
        linear = nn.Linear(self.in_features, self.out_features, self.bias is not None, device="meta")
        linear.weight, linear.bias = self.weight, self.bias
        return linear

    def integer(self) -> IntegerLinear:
        """The layer in stored integers."""
        return IntegerLinear(self.product, self.weight, self.bias)


class FakeEmbedding(nn.Embedding):  # type: ignore[misc]
    """A table whose rows are rounded to int8 as they are looked up; its weight is that of the table it is made of."""

    def __init__(self, table: nn.Embedding) -> None:
        super().__init__(table.num_embeddings, table.embedding_dim, device="meta")
        self.weight = table.weight

    def forward(self, ids: Tensor) -> Tensor:
        """float32 [..., columns]."""
        integers, scale = rounded(super().forward(ids))
        return integers * scale[..., None]

    def floating(self) -> nn.Embedding:
        """The table without it, of the same weight."""
        table = nn.Embedding(self.num_embeddings, self.embedding_dim, device="meta")
        table.weight = self.weight
        return table

    def integer(self) -> IntegerEmbedding:
        """The table in stored integers."""
        return IntegerEmbedding(self.weight)


class FakeDecoder(nn.Module):  # type: ignore[misc]
    """The output layer over a vocabulary with fake quantization; its parameters are those of what it is made of."""

    def __init__(self, decoder: nn.Module, product: FakeProduct, projection: FakeProduct | None) -> None:
        """``projection`` rounds the factor of a factorised word embedding; None: it has none, or it stays float."""
        super().__init__()
        self.decoder, self.product, self.projection = decoder, product, projection

    def forward(self, x: Tensor, embeddings: nn.Module) -> Tensor:
        """Logits, of the encoder's embeddings as they are."""
        factor = self._factor(embeddings)
        if factor is not None:
            x = functional.linear(x, factor) if self.projection is None else self.projection(x, factor, None)
        return self.product(x, self._weight(embeddings), self.decoder.bias)

    def floating(self) -> nn.Module:
        """The module that it is made of."""
        return self.decoder

    def integer(self, embeddings: nn.Module) -> IntegerDecoder:
        """The layer in stored integers."""
        logits, factor = (
            IntegerLinear(self.product, self._weight(embeddings), self.decoder.bias),
            self._factor(embeddings),
        )
        if factor is None:
            return IntegerDecoder(logits, None)
        if self.projection is not None:
            return IntegerDecoder(logits, IntegerLinear(self.projection, factor, None))
        projection = nn.Linear(factor.shape[1], factor.shape[0], bias=False, device="meta")
        projection.weight = nn.Parameter(factor)
        return IntegerDecoder(logits, projection)

    def _weight(self, embeddings: nn.Module) -> Tensor:
        """Its own, or the word embedding's."""
        return getattr(self.decoder, "weight", embeddings.word.weight)

    def _factor(self, embeddings: nn.Module) -> Tensor | None:
        """[rank, embedding_size] of a factorised word embedding that is tied."""
        is_factorised = isinstance(embeddings.word_projection, nn.Linear) and not hasattr(self.decoder, "weight")
        return embeddings.word_projection.weight.T if is_factorised else None


# -- stored integers ---------------------------------------------------------------------------------------------------


class IntegerLinear(nn.Module):  # type: ignore[misc]
    """A linear layer of int8 weights, multiplied in float64, which holds every sum of such products exactly."""

    def __init__(self, product: FakeProduct, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.product = product
        _store_(self, weight)
        self.register_buffer("bias", None if bias is None else bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        """float32 [..., outputs]."""
        steps, scale = self.product.reads(x)
        product = functional.linear(steps.double(), self.weight.double()).float()
        return self.product.written(product, scale * self.scale, self.bias)


class IntegerEmbedding(nn.Module):  # type: ignore[misc]
    """A table of int8 rows."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        _store_(self, weight)

    def forward(self, ids: Tensor) -> Tensor:
        """float32 [..., columns]."""
        return self.weight[ids].float() * self.scale[ids][..., None]


class IntegerDecoder(nn.Module):  # type: ignore[misc]
    """The output layer over a vocabulary; it has its weights itself."""

    def __init__(self, logits: IntegerLinear, projection: nn.Module | None) -> None:
        super().__init__()
        self.logits, self.projection = logits, projection

    def forward(self, x: Tensor, _: nn.Module) -> Tensor:
        """Logits."""
        return self.logits(x if self.projection is None else self.projection(x))


def _store_(module: nn.Module, weight: Tensor) -> None:
    with torch.no_grad():
        integers, scale = rounded(weight)
    module.register_buffer("weight", integers.to(torch.int8))
    module.register_buffer("scale", scale)
