"""A sentence encoder as a torch module: an encoder, pooling, dense layers and normalisation, as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel
from transformers.activations import ACT2FN
from transformers.utils import ModelOutput

from edgelm.graph.canonical import Dense, Pooling
from edgelm.nn.modeling_edgelm import MASK_BIAS

_SMALLEST_COUNT = 1e-9
_NORM_EPSILON = 1e-12


@dataclass
class SentenceOutput(ModelOutput):  # type: ignore[misc]
    """``sentence_embedding`` float [batch, size]; the encoder's hidden states where they were asked for."""

    sentence_embedding: Tensor | None = None
    hidden_states: tuple[Tensor, ...] | None = None


class SentenceEncoder(nn.Module):  # type: ignore[misc]
    """The stack of a sentence-transformers folder over any encoder of transformers."""

    def __init__(self, encoder: PreTrainedModel, pooling: Pooling, sizes: Mapping[str, tuple[int, int]]) -> None:
        """``sizes``: inputs and outputs of each of the pooling's dense layers, by name."""
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling
        self.dense = nn.ModuleList(nn.Linear(*sizes[dense.name], bias=dense.bias) for dense in pooling.dense)

    @property
    def config(self) -> object:
        """The encoder's configuration."""
        return self.encoder.config

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **inputs: object) -> SentenceOutput:
        """The embedding of each row of int64 ids [batch, length]."""
        encoded = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **inputs)
        x = torch.cat([_POOLINGS[mode](encoded.last_hidden_state, attention_mask) for mode in self.pooling.modes], 1)
        for spec, dense in zip(self.pooling.dense, self.dense, strict=True):
            x = _activated(dense(x), spec)
        if self.pooling.normalize:
            x = functional.normalize(x, dim=1, eps=_NORM_EPSILON)
        return SentenceOutput(sentence_embedding=x, hidden_states=encoded.get("hidden_states"))


def _activated(x: Tensor, spec: Dense) -> Tensor:
    result: Tensor = ACT2FN[spec.activation](x) if spec.activation else x
    return result


def _first(hidden: Tensor, _: Tensor) -> Tensor:
    return hidden[:, 0]


def _sum(hidden: Tensor, mask: Tensor) -> Tensor:
    return (hidden * mask[:, :, None].to(hidden.dtype)).sum(1)


def _count(hidden: Tensor, mask: Tensor) -> Tensor:
    return mask.sum(1, keepdim=True).to(hidden.dtype).clamp(min=_SMALLEST_COUNT)


def _mean(hidden: Tensor, mask: Tensor) -> Tensor:
    return _sum(hidden, mask) / _count(hidden, mask)


def _mean_sqrt_len(hidden: Tensor, mask: Tensor) -> Tensor:
    return _sum(hidden, mask) / _count(hidden, mask).sqrt()


def _max(hidden: Tensor, mask: Tensor) -> Tensor:
    return (hidden + (1.0 - mask[:, :, None].to(hidden.dtype)) * MASK_BIAS).amax(1)


_POOLINGS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cls": _first,
    "mean": _mean,
    "max": _max,
    "mean_sqrt_len_tokens": _mean_sqrt_len,
}
