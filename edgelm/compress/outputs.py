"""What a model's outputs are compared by: one divergence and one likelihood for every task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Outputs = Mapping[str, Tensor]
"""Float tensors by edgelm's names of outputs: ``logits``, ``start_logits``, ``sentence_embedding``, ..."""

OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "text-classification": ("logits",),
    "multiple-choice": ("logits",),
    "token-classification": ("logits",),
    "question-answering": ("start_logits", "end_logits"),
    "fill-mask": ("logits",),
    "feature-extraction": ("last_hidden_state",),
    "sentence-similarity": ("sentence_embedding",),
}
"""By task."""
_OUT_OF_CONTEXT = -1e4
"""Of a padded place, which no answer begins or ends at."""


def outputs_of(task: str, model_output: Any) -> dict[str, Tensor]:
    """The task's outputs as float32."""
    return {name: model_output[name].float() for name in OUTPUTS[task]}


@dataclass(frozen=True)
class Task:
    """What a model does."""

    name: str
    """Hugging Face's, one of ``edgelm.types.TASKS``."""
    labels: tuple[str, ...] = ()
    problem_type: str | None = None
    """Hugging Face's, of a text classifier."""

    @property
    def kind(self) -> str:
        """How its outputs are to be read: ``softmax``, ``sigmoid``, ``number``, ``vector`` or ``span``."""
        if self.name != "text-classification":
            return _KINDS.get(self.name, "softmax")
        if self.problem_type == "regression" or len(self.labels) == 1:
            return "number"
        return "sigmoid" if self.problem_type == "multi_label_classification" else "softmax"


_KINDS = {"question-answering": "span", "feature-extraction": "vector", "sentence-similarity": "vector"}


def divergence(kind: str, student: Outputs, teacher: Outputs, mask: Tensor, temperature: float = 1.0) -> Tensor:
    """How far a student's outputs are from its teacher's, a mean over the batch's texts or tokens.

    Softmax and spans: the Kullback-Leibler divergence at a temperature, times its square (Hinton et al. 2015); sigmoid:
    the same of every label by itself; numbers: the mean squared error; vectors: half the squared distance over the
    squared length of the teacher's, which for embeddings of length one is one minus the cosine. ``mask`` is 1 on
    tokens, [batch, length]; it counts where outputs are by token.
    """
    parts = [_DIVERGENCES[kind](student[name], teacher[name], mask, temperature) for name in teacher]
    return torch.stack(parts).mean()


def surprise(kind: str, outputs: Outputs, mask: Tensor, generator: torch.Generator) -> Tensor:
    """The negative log-likelihood of answers drawn from the model itself, summed over the batch.

    Its gradient's square is the Fisher information (not the "empirical" one), and needs no label.
    """
    return torch.stack([_SURPRISES[kind](value, mask, generator) for value in outputs.values()]).sum()


def _softmax_divergence(student: Tensor, teacher: Tensor, mask: Tensor, temperature: float) -> Tensor:
    own, wanted = (functional.log_softmax(x / temperature, -1) for x in (student, teacher))
    each = functional.kl_div(own, wanted, reduction="none", log_target=True).sum(-1)
    return _mean(each, mask) * temperature**2


def _sigmoid_divergence(student: Tensor, teacher: Tensor, mask: Tensor, temperature: float) -> Tensor:
    own, wanted = (torch.stack((x, torch.zeros_like(x)), -1) for x in (student, teacher))
    return _softmax_divergence(own, wanted, mask, temperature)


def _span_divergence(student: Tensor, teacher: Tensor, mask: Tensor, temperature: float) -> Tensor:
    own, wanted = (x.masked_fill(mask == 0, _OUT_OF_CONTEXT) for x in (student, teacher))
    return _softmax_divergence(own, wanted, mask, temperature)


def _squared_error(student: Tensor, teacher: Tensor, mask: Tensor, _: float) -> Tensor:
    return _mean((student - teacher).square().sum(-1), mask)


def _distance(student: Tensor, teacher: Tensor, mask: Tensor, _: float) -> Tensor:
    each = (student - teacher).square().sum(-1) / teacher.square().sum(-1).clamp(min=1e-12)
    return _mean(each, mask) / 2


def _mean(each: Tensor, mask: Tensor) -> Tensor:
    """Over texts, or over tokens without padding where there is a value for each."""
    if each.shape != mask.shape:
        return each.mean()
    weights = mask.to(each.dtype)
    return (each * weights).sum() / weights.sum().clamp(min=1)


def _softmax_surprise(logits: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    flat = logits.flatten(0, -2)
    drawn = torch.multinomial(flat.detach().softmax(-1), 1, generator=generator)[:, 0]
    each = functional.cross_entropy(flat, drawn, reduction="none").view(logits.shape[:-1])
    return (each * mask).sum() if each.shape == mask.shape else each.sum()


def _sigmoid_surprise(logits: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    return _softmax_surprise(torch.stack((logits, torch.zeros_like(logits)), -1), mask, generator)


def _span_surprise(logits: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    return _softmax_surprise(logits.masked_fill(mask == 0, _OUT_OF_CONTEXT), mask, generator)


def _vector_surprise(vectors: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """Of a Gaussian about the output."""
    noise = torch.randn(vectors.shape, generator=generator)
    each = (vectors * noise).sum(-1)
    return (each * mask).sum() if each.shape == mask.shape else each.sum()


_DIVERGENCES: Mapping[str, Callable[[Tensor, Tensor, Tensor, float], Tensor]] = {
    "softmax": _softmax_divergence,
    "sigmoid": _sigmoid_divergence,
    "span": _span_divergence,
    "number": _squared_error,
    "vector": _distance,
}
_SURPRISES: Mapping[str, Callable[[Tensor, Tensor, torch.Generator], Tensor]] = {
    "softmax": _softmax_surprise,
    "sigmoid": _sigmoid_surprise,
    "span": _span_surprise,
    "number": _vector_surprise,
    "vector": _vector_surprise,
}
