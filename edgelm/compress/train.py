"""The training loop: any model, any objective; resumable after a kill at any moment, same seed, same bytes."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from edgelm.compress import processes, state
from edgelm.compress.data import Rows, length_sorted_batches
from edgelm.compress.interrupts import Interrupts
from edgelm.compress.objectives import Objective
from edgelm.compress.schedule import (
    Settings,
    autocast_dtype,
    differences,
    evaluation_steps,
    learning_rate_factor,
    parameter_groups,
)
from edgelm.errors import UsageError

CHECKPOINT_SECONDS = 60.0
_REPORT_SECONDS = 0.2
"""Between two reports of progress; each waits for the device."""
_CHECKED_EVERY = {"cpu": 1}
_CHECKED_ELSEWHERE = 32
"""Steps between two looks at whether the training diverged. The weights stay as they were when it did."""
_EMA_WARMUP = 10
_METRIC, _METRIC_OF_AVERAGE = "metric", "metric of the average"


@dataclass(frozen=True)
class Progress:
    """How far a training is."""

    step: int
    total: int
    loss: float
    metric: float | None
    """Of the best evaluation so far."""
    seconds_left: float


@dataclass(frozen=True)
class Result:
    """A trained model, in the state that was evaluated best, and how it came to be."""

    model: nn.Module
    history: list[dict[str, Any]]
    """By evaluation: step, epoch, loss since the one before, metric, learning rate, seconds from the start."""
    best_metric: float | None
    steps: int
    seconds: float


class DivergedError(UsageError):
    """The loss or a gradient was no finite number; the model has its last good weights again."""

    def __init__(self, step: int, checkpoint: Path | None) -> None:
        kept = f" Its state before that is in {checkpoint}." if checkpoint else ""
        super().__init__(
            f"The training diverged: after {step} steps the loss or a gradient is no finite number.{kept}",
            hint="Try a lower learning rate, a longer warm-up, or --precision fp32.",
        )
        self.step = step


def train(
    model: nn.Module,
    rows: Rows,
    objective: Objective,
    settings: Settings,
    *,
    evaluate: Callable[[nn.Module], float] | None = None,
    checkpoint: Path | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    progress: Callable[[Progress], None] | None = None,
    span: tuple[float, float] = (0.0, 1.0),
    identity: Mapping[str, Any] | None = None,
) -> Result:
    """Make the objective's mean over the rows small; the model is changed in place, and put on the device there is.

    ``evaluate`` gives a figure, the higher the better: the weights (or their moving average) that had the best are
    those of the result. Every ``checkpoint_seconds`` the state goes to the folder ``checkpoint``; where one lies there
    already the training goes on from it, and ends in the same bytes as one that was never interrupted. ``span`` is the
    part of the steps that is trained now: of several calls each has its own. All randomness (order, dropout, masks) is
    a function of the seed, the step and the process, so an objective should draw none from elsewhere.

    UsageError where the state there is of another training (``identity`` says more of which it is), DivergedError when
    the loss is no finite number any more. Ctrl-C leaves a state to go on from.
    """
    run = _Run(model, rows, objective, settings, span)
    run.evaluate, run.report = evaluate, progress or _silent
    run.checkpoint, run.checkpoint_seconds = checkpoint, checkpoint_seconds
    run.identity = {**asdict(settings), **(identity or {}), **run.facts}
    if checkpoint and state.exists(checkpoint):
        run.load(state.read(checkpoint))
    return run.go()


def _silent(_: Progress) -> None:
    """Where nobody asked for progress."""


@dataclass
class _Best:
    """The evaluations so far, and the weights of the best."""

    history: list[dict[str, Any]] = field(default_factory=list)
    metric: float | None = None
    weights: dict[str, Tensor] = field(default_factory=dict)
    stale: int = 0
    """Evaluations since."""

    def take(self, metric: float, weights: Mapping[str, Tensor]) -> bool:
        """Whether the metric is better; NaN never is."""
        if math.isnan(metric) or (self.metric is not None and metric <= self.metric):
            return False
        self.metric, self.weights, self.stale = metric, state.copy_of(weights), 0
        return True


class _Run:
    """One training: everything between two steps is in its attributes, and `state` holds all of it."""

    evaluate: Callable[[nn.Module], float] | None
    report: Callable[[Progress], None]
    checkpoint: Path | None
    checkpoint_seconds: float
    identity: dict[str, Any]

    def __init__(
        self, model: nn.Module, rows: Rows, objective: Objective, settings: Settings, span: tuple[float, float]
    ) -> None:
        self.accelerator = Accelerator()
        self.device = self.accelerator.device
        self.model, self.rows, self.objective, self.settings = model.to(self.device), rows, objective, settings
        self.own = objective.to(self.device) if isinstance(objective, nn.Module) else objective
        self.per_epoch = math.ceil(len(rows) / settings.batch_size)
        self.total = max(1, round(settings.epochs * self.per_epoch))
        self.begin, self.last = (round(share * self.total) for share in span)
        self.step = self.begin
        self.evaluated_at = evaluation_steps(self.total, settings.epochs, settings.evaluations_per_epoch) | {self.last}
        self.dtype = autocast_dtype(settings.precision, self.device)
        self.weights = state.weights_of(self.model)
        self.average = state.copy_of(self.weights) if settings.ema else {}
        self.optimizer = self._optimizer()
        self.best = _Best()
        self.loss_sum, self.loss_steps = torch.zeros((), device=self.device), 0
        self.diverged = torch.zeros((), device=self.device)
        self.good_steps = torch.full((), self.step, dtype=torch.int64, device=self.device)
        self._epoch: tuple[int, list[Any]] = (-1, [])
        self.started = self.saved = self.reported = time.monotonic()
        self.interrupts = Interrupts()

    @property
    def facts(self) -> dict[str, Any]:
        """What the state of this training must agree with beside its settings."""
        shapes = {name: list(tensor.shape) for name, tensor in self.weights.items()}
        digest = hashlib.sha256(json.dumps(shapes).encode()).hexdigest()
        return {"data": self.rows.digest, "model": digest, "first step": self.begin, "last step": self.last}

    def _optimizer(self) -> torch.optim.AdamW:
        layers = getattr(getattr(self.model, "config", None), "num_hidden_layers", 0)
        named = [(name, one) for name, one in self.model.named_parameters() if one.requires_grad]
        groups = parameter_groups(named, self.settings, layers)
        own = list(self.own.parameters()) if hasattr(self.own, "parameters") else []
        groups += [{"params": own, "weight_decay": self.settings.weight_decay, "scale": 1.0}] if own else []
        self.parameters = [parameter for group in groups for parameter in group["params"]]
        return torch.optim.AdamW(groups, lr=self.settings.learning_rate, fused=True)

    # -- the loop ------------------------------------------------------------------------------------------------------

    def go(self) -> Result:
        """Steps and evaluations until the last step, or until patience is at its end."""
        self.model.train()
        with self.interrupts:
            try:
                while not self._is_done():
                    with self.interrupts.held():
                        self._step()
                    self._after_step()
            except KeyboardInterrupt:
                if not self.interrupts.broke_in:
                    self._check()
                    self.save()
                raise
        state.copy_to_(self.weights, self.best.weights or self.average or self.weights)
        self.model.eval()
        seconds = time.monotonic() - self.started
        return Result(self.model, self.best.history, self.best.metric, self.step, seconds)

    def _is_done(self) -> bool:
        """Whether the training is at its end; evaluates first where this step is to be and was not."""
        due = self.step in self.evaluated_at and self.step > self.begin
        if due and (not self.best.history or self.best.history[-1]["step"] != self.step):
            self._evaluate()
        patience = self.settings.patience
        return self.step >= self.last or (patience is not None and self.best.stale >= patience)

    def _step(self) -> None:
        epoch, place = divmod(self.step, self.per_epoch)
        indices, weight = processes.share(self._batches(epoch)[place], self.accelerator)
        batch = self.rows.batch(indices, seed=self.settings.seed, epoch=epoch).to(self.device)
        torch.manual_seed(self._seed())
        with self._autocast():
            loss = self.objective(self.model, batch)
        (loss * weight).backward()
        loss = processes.average_(loss.detach() * weight, self.parameters, self.accelerator)
        norm = nn.utils.clip_grad_norm_(self.parameters, self.settings.max_grad_norm)
        self.diverged = torch.maximum(self.diverged, (~torch.isfinite(norm + loss)).float())
        self._update()
        self.good_steps += 1 - self.diverged.long()
        self.loss_sum += torch.where(self.diverged > 0, 0.0, loss)
        self.loss_steps += 1
        self.step += 1

    def _update(self) -> None:
        """One step of AdamW; from the first loss or gradient that is not finite it changes nothing any more."""
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate(self.step) * group["scale"]
        self.optimizer.found_inf = self.diverged  # by which the fused kernels skip a step, without waiting for it
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.average:
            decay = min(self.settings.ema, (1 + self.step) / (_EMA_WARMUP + self.step))
            floats = [name for name, one in self.weights.items() if one.is_floating_point()]
            pairs = [self.average[name] for name in floats], [self.weights[name] for name in floats]
            torch._foreach_lerp_(*pairs, (1 - decay))

    def _rate(self, step: int) -> float:
        """The learning rate of the head in a step from 0."""
        return self.settings.learning_rate * learning_rate_factor(step, self.total, self.settings.warmup_ratio)

    def _after_step(self) -> None:
        every = _CHECKED_EVERY.get(self.device.type, _CHECKED_ELSEWHERE)
        now = time.monotonic()
        is_late = now - self.saved > self.checkpoint_seconds
        if self.step % every == 0 or self.step in self.evaluated_at or is_late:
            self._check()
        if is_late:
            self.save()
        if now - self.reported > _REPORT_SECONDS or self.step == self.last:
            self.reported = now
            self._report()

    def _check(self) -> None:
        """DivergedError when it has; the state of the last good step is on disk then, and in the model."""
        if not self.diverged:
            return
        self.step = int(self.good_steps)
        self.save()
        state.copy_to_(self.weights, self.best.weights or self.weights)
        raise DivergedError(self.step, self.checkpoint)

    def _report(self) -> None:
        seconds_per_step = (time.monotonic() - self.started) / max(1, self.step - self.begin)
        loss = float(self.loss_sum) / max(1, self.loss_steps)
        left = seconds_per_step * (self.last - self.step)
        self.report(Progress(self.step, self.last, loss, self.best.metric, left))

    def _batches(self, epoch: int) -> list[Any]:
        if self._epoch[0] != epoch:
            seed, size = self.settings.seed, self.settings.batch_size
            self._epoch = epoch, length_sorted_batches(self.rows.lengths, size, seed=seed, epoch=epoch)
        return self._epoch[1]

    def _seed(self) -> int:
        """Of everything random in this step and process."""
        entropy = [self.settings.seed, self.step, self.accelerator.process_index]
        return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0])

    def _autocast(self) -> AbstractContextManager[Any]:
        return nullcontext() if self.dtype is None else torch.autocast(self.device.type, dtype=self.dtype)

    # -- evaluation ----------------------------------------------------------------------------------------------------

    def _evaluate(self) -> None:
        """Note loss and metric of this step; keep the weights, or their average, where no metric was better."""
        metrics = self._metrics(self.evaluate) if self.evaluate else {}
        entry = {
            "step": self.step,
            "epoch": round(self.step / self.per_epoch, 4),
            "loss": float(self.loss_sum) / max(1, self.loss_steps),
            "learning_rate": self._rate(self.step - 1),
            **metrics,
            "seconds": round(time.monotonic() - self.started, 2),
        }
        with self.interrupts.held():
            weights = {_METRIC: self.weights, _METRIC_OF_AVERAGE: self.average}
            is_better = [self.best.take(metric, weights[name]) for name, metric in metrics.items()]
            self.best.stale += not any(is_better)
            self.best.history.append(entry)
            self.loss_sum, self.loss_steps = torch.zeros_like(self.loss_sum), 0

    def _metrics(self, evaluate: Callable[[nn.Module], float]) -> dict[str, float]:
        """Of the weights as they are, and of their average where one is kept."""
        found = {_METRIC: self._metric(evaluate)}
        if self.average:
            found[_METRIC_OF_AVERAGE] = self._metric_of_average(evaluate)
        return found

    def _metric(self, evaluate: Callable[[nn.Module], float]) -> float:
        """Of the weights as they are, measured by the main process."""
        self.model.eval()
        try:
            metric = evaluate(self.model) if self.accelerator.is_main_process else 0.0
        finally:
            self.model.train()
        return processes.from_main(metric, self.accelerator)

    def _metric_of_average(self, evaluate: Callable[[nn.Module], float]) -> float:
        own = state.copy_of(self.weights)
        try:
            state.copy_to_(self.weights, self.average)
            return self._metric(evaluate)
        finally:
            state.copy_to_(self.weights, own)

    # -- the state -----------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Put the state on disk, from the main process."""
        self.saved = time.monotonic()
        if not self.checkpoint or not self.accelerator.is_main_process:
            return
        moments = self.optimizer.state_dict()["state"]
        tensors = {
            "model": self.weights,
            "average": self.average,
            "best": self.best.weights,
            "optimizer": {f"{i}/{name}": one for i, values in moments.items() for name, one in values.items()},
            "objective": dict(self.own.state_dict()) if hasattr(self.own, "state_dict") else {},
        }
        values = {
            "identity": self.identity,
            "step": self.step,
            "history": self.best.history,
            "best_metric": self.best.metric,
            "stale": self.best.stale,
            "loss_sum": float(self.loss_sum),
            "loss_steps": self.loss_steps,
            "seconds": time.monotonic() - self.started,
        }
        state.write(self.checkpoint, state.State(tensors, values))
        self.saved = time.monotonic()

    def load(self, found: state.State) -> None:
        """Go on from a state; UsageError when it is of another training."""
        strange = differences(found.values["identity"], json.loads(json.dumps(self.identity)))
        if strange:
            raise UsageError(
                f"The training in {self.checkpoint} is another: {'; '.join(strange)}.",
                hint="Go on with its settings, or delete the folder to start from the beginning.",
            )
        state.copy_to_(self.weights, found.tensors["model"])
        self.average = {name: one.to(self.device) for name, one in found.tensors.get("average", {}).items()}
        best = {name: one.to(self.device) for name, one in found.tensors.get("best", {}).items()}
        values = found.values
        self.best = _Best(values["history"], values["best_metric"], best, values["stale"])
        if hasattr(self.own, "load_state_dict"):
            self.own.load_state_dict(found.tensors.get("objective", {}))
        moments: dict[int, dict[str, Tensor]] = {}
        for key, one in found.tensors.get("optimizer", {}).items():
            place, _, name = key.partition("/")
            moments.setdefault(int(place), {})[name] = one
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.step = values["step"]
        self.good_steps.fill_(self.step)
        self.loss_sum.fill_(values["loss_sum"])
        self.loss_steps = values["loss_steps"]
        self.started -= values["seconds"]
