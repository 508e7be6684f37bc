"""The losses by which a student learns from its teacher."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edgelm.compress.data import Batch
from edgelm.compress.objectives import task_loss
from edgelm.compress.outputs import Task, divergence
from edgelm.compress.passes import Distill
from edgelm.compress.teacher import QueryKeyValue, Seen, Teacher, Wanted, see
from edgelm.types import Array

_RIDGE = 1e-6
"""Of a fitted projection, in units of the states' mean square: dimensions that say the same do not cancel out."""


@dataclass(frozen=True)
class Origin:
    """Where a student comes from: which of its teacher's states and dimensions its own stand for."""

    states: tuple[int, ...]
    """Of each of the student's hidden states, the embedding first, the teacher's that it imitates."""
    hidden: Array
    """int64 [student's hidden size]: the teacher's dimension that each dimension is cut from."""

    @classmethod
    def itself(cls, layers: int, hidden_size: int) -> Origin:
        """Of a model that nothing was cut from."""
        return cls(tuple(range(layers + 1)), np.arange(hidden_size))

    @classmethod
    def beside(cls, layers: int, hidden_size: int, teacher_layers: int) -> Origin:
        """Of a model that was cut from another than its teacher: its states stand for the teacher's evenly."""
        states = tuple(round(i * teacher_layers / layers) for i in range(layers + 1))
        return cls(states, np.arange(hidden_size))

    def after(self, layers: tuple[int, ...], hidden: Array) -> Origin:
        """After a cut that keeps those layers and dimensions.

        The state before a layer that stays must be what that layer knows as its input, so a layer imitates the teacher
        up to the next layer that stays; the last one imitates the end.
        """
        before = [*(self.states[layer] for layer in layers[1:]), self.states[-1]]
        return Origin((self.states[0], *before), self.hidden[hidden])

    def within(self, teacher: Origin) -> Origin:
        """The same in terms of an assistant teacher, which itself was cut from the same model."""
        nearest = [min(range(len(teacher.states)), key=lambda i: abs(teacher.states[i] - s)) for s in self.states]
        place = {int(dim): i for i, dim in enumerate(teacher.hidden)}
        return Origin(tuple(nearest), np.asarray([place[int(dim)] for dim in self.hidden]))


class DistillationLoss(nn.Module):  # type: ignore[misc]
    """The weighted sum of a ``Distill`` pass's losses, with the projection from student to teacher that one may need.

    Called with the student and a batch; a scalar. Its parameters are trained with the student's.
    """

    def __init__(self, settings: Distill, teacher: Teacher, origin: Origin, task: Task, hidden_size: int) -> None:
        """``hidden_size`` is the teacher's."""
        super().__init__()
        self.settings = settings
        self.task = task
        self.wanted = wanted_of_student(settings, origin)
        self._teacher = (teacher,)  # in a tuple: its weights are none of this module's
        self.origin = origin
        self.projection = _projection(origin, hidden_size) if settings.hidden else None

    def carry_(self, tensors: Mapping[str, Tensor], kept: Array) -> None:
        """Go on with the projection of a training's former segment, of whose dimensions those of ``kept`` stay."""
        if self.projection is not None and "projection.weight" in tensors:
            with torch.no_grad():
                self.projection.weight.copy_(tensors["projection.weight"][:, torch.from_numpy(kept)])

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def fit_(self, student: nn.Module, batches: Iterable[Batch]) -> None:
        """Begin with the projection that brings a student's states nearest to its teacher's, by least squares.

        A student that has learned already is no longer where it was cut from, and another projection would pull it away
        from what it knows. Each state counts as it does in the loss.
        """
        if self.projection is None:
            return
        own_size, size = self.projection.in_features, self.projection.out_features
        gram, cross = torch.zeros(own_size, own_size).double(), torch.zeros(own_size, size).double()
        for batch in batches:
            seen, wanted = see(student, batch, self.task.name, self.wanted), self._teacher[0](batch)
            mask = batch.inputs["attention_mask"].flatten(0, -2).bool()
            for own, theirs in enumerate(self.origin.states):
                x, y = seen.hidden[own][mask].double(), wanted.hidden[theirs][mask].double()
                weight = 1 / y.square().sum().clamp(min=1e-12)
                gram, cross = gram + weight * x.T @ x, cross + weight * x.T @ y
        gram += _RIDGE * gram.diagonal().mean() * torch.eye(own_size)
        self.projection.weight.copy_(torch.linalg.solve(gram, cross).T)

    def forward(self, student: nn.Module, batch: Batch) -> Tensor:
        """The loss, a mean over the batch."""
        seen, wanted = see(student, batch, self.task.name, self.wanted), self._teacher[0](batch)
        mask = batch.inputs["attention_mask"].flatten(0, -2)
        parts = [
            weight * _LOSSES[name](self, seen, wanted, mask, batch) for name, weight in self.settings.losses.items()
        ]
        return torch.stack(parts).sum()

    def output_loss(self, seen: Seen, wanted: Seen, mask: Tensor, _: Batch) -> Tensor:
        """On the task's outputs."""
        return divergence(self.task.kind, seen.outputs, wanted.outputs, mask, self.settings.temperature)

    def label_loss(self, seen: Seen, _: Seen, __: Tensor, batch: Batch) -> Tensor:
        """On the right answers."""
        return task_loss(self.task.name, self.task.problem_type)(SimpleNamespace(**seen.outputs), batch.targets)

    def hidden_loss(self, seen: Seen, wanted: Seen, mask: Tensor, _: Batch) -> Tensor:
        """Mean squared error of every state, in units of the teacher's mean square, over tokens (TinyBERT; GRAIN)."""
        parts = []
        for own, theirs in enumerate(self.origin.states):
            state = seen.hidden[own] if self.projection is None else self.projection(seen.hidden[own])
            parts.append(_relative_error(state.float(), wanted.hidden[theirs], mask))
        return torch.stack(parts).mean()

    def attention_loss(self, seen: Seen, wanted: Seen, mask: Tensor, _: Batch) -> Tensor:
        """On the attention maps of every layer that stands for one of the teacher's (TinyBERT)."""
        parts = [
            _relation_loss(seen.attention[own], wanted.attention[theirs], ((0, 1),), mask)
            for own, theirs in _attention_pairs(self.origin)
        ]
        return torch.stack(parts).mean()

    def relation_loss(self, seen: Seen, wanted: Seen, mask: Tensor, _: Batch) -> Tensor:
        """On the relations among queries, among keys and among values of the last layer (MiniLM v2)."""
        own, theirs = len(self.origin.states) - 2, self.origin.states[-1] - 1
        return _relation_loss(seen.attention[own], wanted.attention[theirs], ((0, 0), (1, 1), (2, 2)), mask)


_Loss = Callable[[DistillationLoss, Seen, Seen, Tensor, Batch], Tensor]
_LOSSES: Mapping[str, _Loss] = {
    "labels": DistillationLoss.label_loss,
    "logits": DistillationLoss.output_loss,
    "hidden": DistillationLoss.hidden_loss,
    "attention": DistillationLoss.attention_loss,
    "relations": DistillationLoss.relation_loss,
    "embedding": DistillationLoss.output_loss,
}


def wanted_of_student(settings: Distill, origin: Origin) -> Wanted:
    """What the losses look at in the student."""
    last = len(origin.states) - 2
    layers = {own for own, _ in _attention_pairs(origin)} if settings.attention else set()
    layers |= {last} if settings.relations else set()
    return Wanted(tuple(range(len(origin.states))) if settings.hidden else (), tuple(sorted(layers)))


def wanted_of_teacher(settings: Distill, origin: Origin) -> Wanted:
    """What the losses look at in the teacher."""
    layers = {theirs for _, theirs in _attention_pairs(origin)} if settings.attention else set()
    layers |= {origin.states[-1] - 1} if settings.relations else set()
    return Wanted(tuple(sorted(set(origin.states))) if settings.hidden else (), tuple(sorted(layers)))


def _attention_pairs(origin: Origin) -> list[tuple[int, int]]:
    """Layers of the student and the teacher's whose output they imitate."""
    return [(own - 1, theirs - 1) for own, theirs in enumerate(origin.states) if own and theirs]


def _projection(origin: Origin, hidden_size: int) -> nn.Linear | None:
    """From the student's dimensions to the teacher's, at first each to the one it was cut from."""
    if len(origin.hidden) == hidden_size:
        return None
    projection = nn.Linear(len(origin.hidden), hidden_size, bias=False)
    with torch.no_grad():
        projection.weight.zero_()
        projection.weight[torch.from_numpy(origin.hidden), torch.arange(len(origin.hidden))] = 1.0
    return projection


def _relative_error(own: Tensor, theirs: Tensor, mask: Tensor) -> Tensor:
    weights = mask[:, :, None].to(own.dtype)
    error, size = ((x.square() * weights).sum() for x in (own - theirs, theirs))
    return error / size.clamp(min=1e-12)


def _relation_loss(
    own: QueryKeyValue, theirs: QueryKeyValue, pairs: tuple[tuple[int, int], ...], mask: Tensor
) -> Tensor:
    """The Kullback-Leibler divergence of scaled products' softmax, over heads and tokens.

    Both sides' vectors are split anew into as many heads as both widths allow, so that any two widths compare.
    """
    has_same_heads = own[0].shape[1] == theirs[0].shape[1]
    heads = own[0].shape[1] if has_same_heads else math.gcd(_width(own), theirs[0].shape[1])
    parts = []
    for a, b in pairs:
        student, teacher = (_log_relation(x[a], x[b], heads, mask) for x in (own, theirs))
        each = functional.kl_div(student, teacher, reduction="none", log_target=True).sum(-1).mean(1)
        parts.append((each * mask).sum() / mask.sum().clamp(min=1))
    return torch.stack(parts).mean()


def _width(qkv: QueryKeyValue) -> int:
    return int(qkv[0].shape[1] * qkv[0].shape[3])


def _log_relation(a: Tensor, b: Tensor, heads: int, mask: Tensor) -> Tensor:
    """[texts, heads, length, length]: log-probabilities over tokens."""
    a, b = (x.float().transpose(1, 2).flatten(2).unflatten(2, (heads, -1)).transpose(1, 2) for x in (a, b))
    scores = a @ b.transpose(2, 3) / math.sqrt(a.shape[-1])
    return functional.log_softmax(scores.masked_fill(mask[:, None, None, :] == 0, -1e4), -1)
