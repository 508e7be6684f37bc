"""What encoders and heads are put together from: linear layers, norms and activations over a checkpoint's weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgelm.errors import UsageError
from edgelm.graph.builder import GraphBuilder
from edgelm.graph.canonical import EncoderConfig, Weights, activation
from edgelm.graph.ir import BATCH, LENGTH


class Parts:
    """Declares a model's inputs in a GraphBuilder, ``b``, and adds nodes over its weights to it."""

    def __init__(self, config: EncoderConfig, weights: Weights, max_length: int) -> None:
        if not 1 <= max_length <= config.max_length:
            raise UsageError(
                f"A maximum length of {max_length} is outside 1 to {config.max_length}, the model's position table.",
                hint=f"Use --max-length {config.max_length} or less.",
            )
        self.config = config
        self.weights = weights
        self.max_length = max_length
        self.b = GraphBuilder()
        self.input_ids = self.b.input("input_ids", "int32", (BATCH, LENGTH))
        self.attention_mask = self.b.input("attention_mask", "int32", (BATCH, LENGTH))
        if config.type_vocab_size > 1:
            self.b.input("token_type_ids", "int32", (BATCH, LENGTH))

    def once(self, name: str, make: Callable[[], str]) -> str:
        """A tensor that several layers share: made on first use, under the name that ``make`` gives back."""
        return name if name in self.b.tensors else make()

    def mask(self) -> str:
        """``attention_mask`` as float32 [batch, length]."""
        return self.once("mask", lambda: self.b.op("cast", self.attention_mask, name="mask", dtype="float32"))

    def weight(self, name: str, *shape: int | None) -> str:
        """Declare a checkpoint tensor as a constant."""
        return self.b.constant(*self.weights.get(name, shape))

    def linear(self, x: str, weights: str, out: int | None, name: str, bias: bool = True) -> str:
        """x @ weight.T + bias."""
        (*_, inner) = self.b.tensors[x].shape
        weight = self.weight(f"{weights}.weight", out, int(inner))
        rows = int(self.b.tensors[weight].shape[0])
        parameters = (weight, self.weight(f"{weights}.bias", rows)) if bias else (weight,)
        return self.b.op("linear", x, *parameters, name=name)

    def norm(self, x: str, weights: str, name: str) -> str:
        """LayerNorm over the last axis."""
        size = int(self.b.tensors[x].shape[-1])
        weight = self.weight(f"{weights}.weight", size)
        bias = self.weight(f"{weights}.bias", size) if self.config.norm_bias else self._zeros(size)
        return self.b.op("layer_norm", x, weight, bias, name=name, epsilon=self.config.layer_norm_eps)

    def activation(self, x: str, kind: str, name: str) -> str:
        """One of Hugging Face's activations; ``hidden_act`` stands for the encoder's own."""
        op, attrs = activation(self.config.hidden_act if kind == "hidden_act" else kind)
        if op == "silu":
            return self.b.op("mul", x, self.b.op("sigmoid", x, name=f"{name}.sigmoid"), name=name)
        return self.b.op(op, x, name=name, **attrs)

    def _zeros(self, size: int) -> str:
        return self.b.constant(f"const.zeros.{size}", np.zeros(size, np.float32))
