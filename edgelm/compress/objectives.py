"""The loss of each task on labelled rows: what a fine-tuning makes small."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from edgelm.compress.data import Batch
from edgelm.compress.targets import IGNORED
from edgelm.errors import UsageError
from edgelm.nn import SentenceEncoder

Objective = Callable[[nn.Module, Batch], Tensor]
"""A model and a batch to a loss. One with parameters of its own has ``parameters``, ``state_dict`` and the like."""
_COSENT_SCALE = 20.0


def model_outputs(model: nn.Module, inputs: Mapping[str, Tensor], **settings: Any) -> Any:
    """What a model makes of a batch's inputs; it is given those alone that it takes, as DistilBERT takes no types."""
    encoder = model.encoder if isinstance(model, SentenceEncoder) else model
    taken = inspect.signature(encoder.forward).parameters
    return model(**{name: tensor for name, tensor in inputs.items() if name in taken}, **settings)


def task_objective(task: str, problem_type: str | None) -> Objective:
    """The loss that the labels of a task are learnt by; UsageError where a task has no labels."""
    loss = task_loss(task, problem_type)
    return lambda model, batch: loss(model_outputs(model, batch.inputs), batch.targets)


def task_loss(task: str, problem_type: str | None) -> Callable[[Any, Mapping[str, Tensor]], Tensor]:
    """The same of outputs that are there already, by their names as attributes, and a batch's targets."""
    key = problem_type if problem_type and problem_type in _LOSSES else task
    if key not in _LOSSES:
        raise UsageError(f"{task} has no labels to learn.", hint=f"There are: {', '.join(TRAINED_TASKS)}.")
    return _LOSSES[key]


# Losses are worked out in float32: of bfloat16 logits the softmax would have two digits.


def _classes(outputs: Any, targets: Mapping[str, Tensor]) -> Tensor:
    return functional.cross_entropy(outputs.logits.float(), targets["labels"])


def _label_sets(outputs: Any, targets: Mapping[str, Tensor]) -> Tensor:
    return functional.binary_cross_entropy_with_logits(outputs.logits.float(), targets["labels"])


def _numbers(outputs: Any, targets: Mapping[str, Tensor]) -> Tensor:
    return functional.mse_loss(outputs.logits.float().squeeze(-1), targets["labels"])


def _tokens(outputs: Any, targets: Mapping[str, Tensor]) -> Tensor:
    """Over the tokens that have a target; a batch without any, all cut off, has the loss 0."""
    wanted = targets["labels"] != IGNORED
    logits = outputs.logits[wanted].float()
    return functional.cross_entropy(logits, targets["labels"][wanted], reduction="sum") / max(1, len(logits))


def _spans(outputs: Any, targets: Mapping[str, Tensor]) -> Tensor:
    starts = functional.cross_entropy(outputs.start_logits.float(), targets["start_positions"])
    ends = functional.cross_entropy(outputs.end_logits.float(), targets["end_positions"])
    return (starts + ends) / 2


def _choices(outputs: Any, targets: Mapping[str, Tensor]) -> Tensor:
    logits = outputs.logits.float()
    if "choices" in targets:
        logits = logits.masked_fill(~targets["choices"], -torch.inf)
    return functional.cross_entropy(logits, targets["labels"])


def _similarities(outputs: Any, targets: Mapping[str, Tensor]) -> Tensor:
    """CoSENT (Su 2022): of two pairs, the one with the higher score should have the higher cosine."""
    left, right = functional.normalize(outputs.sentence_embedding.float(), dim=-1).unflatten(0, (-1, 2)).unbind(1)
    cosines, scores = (left * right).sum(-1) * _COSENT_SCALE, targets["scores"]
    differences = cosines[:, None] - cosines[None, :]
    wrong_way = differences[scores[:, None] < scores[None, :]]
    return torch.cat([torch.zeros_like(differences[0, :1]), wrong_way]).logsumexp(0)


_LOSSES: Mapping[str, Callable[[Any, Mapping[str, Tensor]], Tensor]] = {
    "text-classification": _classes,
    "multi_label_classification": _label_sets,
    "regression": _numbers,
    "token-classification": _tokens,
    "question-answering": _spans,
    "multiple-choice": _choices,
    "fill-mask": _tokens,
    "sentence-similarity": _similarities,
}
"""By task, and by the problem type where a text classifier is no classifier of one label."""
TRAINED_TASKS = tuple(key for key in _LOSSES if "_" not in key and key != "regression")
