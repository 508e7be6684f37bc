"""The passes at work: from the folder of one model to the folder of the next."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from edgelm import nn as edgelm_nn
from edgelm.checkpoint import open_checkpoint
from edgelm.compress import quantize
from edgelm.compress.budgets import everything
from edgelm.compress.data import Rows
from edgelm.compress.distill import DistillationLoss, Origin, wanted_of_teacher
from edgelm.compress.embedding import factorise
from edgelm.compress.fit import fit_
from edgelm.compress.importance import importance, layers_to_keep
from edgelm.compress.passes import Depth, Distill, Embedding, Pass, Qat, Training, Vocab, Width
from edgelm.compress.schedule import Settings
from edgelm.compress.shape import Shape, to_budget, to_shape
from edgelm.compress.stage import Shop, Stage
from edgelm.compress.surgery import Keep, cut, encoder_of
from edgelm.compress.teacher import LiveTeacher, Teacher, cached_size, remember
from edgelm.compress.train import train
from edgelm.compress.vocab import prune_folder
from edgelm.errors import BudgetError, UsageError
from edgelm.families import Model
from edgelm.nn import EdgeLMConfig

_FIT_STEPS = 4
"""Cuts of a training-free pruning, each followed by a fit and a new look at what is worth how much (TextPruner)."""
_LATENCY_TRIES = 3
_LATENCY_MARGIN = 0.98
"""Of a second try below what the first one's error says."""
_MOST_OF_THE_DISK = 0.5
"""The share of the free space that a teacher's answers may take."""


def run(config: Pass, stage: Stage, work: Path, shop: Shop) -> Stage:
    """Do a pass: the next model lies in ``work / "model"``. What an interrupted run left in ``work`` is used."""
    if not isinstance(config, Vocab) and Model.open(open_checkpoint(str(stage.folder))).quantization is not None:
        shop.note("the trained int8 ranges of the model do not survive this pass")
    return _PASSES[type(config)](config, stage, work, shop)


def is_trained(config: Pass) -> bool:
    """Whether all processes of a run work on a pass together."""
    return isinstance(config, Training)


# -- cuts --------------------------------------------------------------------------------------------------------------


def _vocab(config: Vocab, stage: Stage, work: Path, shop: Shop) -> Stage:
    """The teacher loses the same rows, so that both go on reading the same tokens."""
    settings = {"min_count": config.min_count, "size": config.size, "keep_characters": config.keep_characters}
    corpus = shop.material.corpus()
    folder = work / "model"
    shutil.rmtree(folder, ignore_errors=True)
    facts = prune_folder(stage.folder, corpus, folder, **settings)
    shop.note(f"{facts['tokens']:,} of {facts['tokens_before']:,} tokens; {facts['text_share']:.2%} of texts unchanged")
    teacher = folder
    if stage.teacher != stage.folder:
        teacher = work / "teacher"
        shutil.rmtree(teacher, ignore_errors=True)
        prune_folder(stage.teacher, corpus, teacher, **settings)
    return replace(stage, folder=folder, teacher=teacher, assistant=None, assistant_origin=None)


def _depth(config: Depth, stage: Stage, work: Path, shop: Shop) -> Stage:
    model = _load(stage, shop)
    return _saved(*_shallower(model, stage, config, config.layers, shop), work)


def _shallower(model: nn.Module, stage: Stage, config: Depth, count: int, shop: Shop) -> tuple[nn.Module, Stage]:
    batches = shop.material.samples(stage.folder, config.samples)
    layers = layers_to_keep(model, batches, shop.material.task, count)
    shop.note(f"keeps layers {', '.join(map(str, layers))}")
    keep = Keep.everything(encoder_of(model).config).only_layers(layers)
    return cut(model, keep), replace(stage, origin=stage.origin.after(layers, keep.hidden))


def _width(config: Width, stage: Stage, work: Path, shop: Shop) -> Stage:
    model = _load(stage, shop)
    if config.reconstruct and config.hidden_size and config.hidden_size < encoder_of(model).config.hidden_size:
        raise UsageError(
            "Hidden dimensions cannot be made up for by least squares, as every layer reads them.",
            hint="Leave out hidden_size, or reconstruct = true.",
        )
    if config.latency_ms is None:
        return _saved(*_cut(config, model, stage, shop), work)
    return _saved(*_cut_to_latency(config, config.latency_ms, model, stage, shop), work)


def _cut(config: Width, model: nn.Module, stage: Stage, shop: Shop) -> tuple[nn.Module, Stage]:
    """At once, or in several cuts each of which is made up for."""
    whole, steps = model, _FIT_STEPS if config.reconstruct else 1
    aim = _aim(config, model, shop)
    for step in range(steps):
        model, stage = _narrower(model, stage, config, aim((step + 1) / steps), shop)
        if config.reconstruct:
            fit_(model, whole, shop.material.samples(stage.folder, config.samples))
    return model, stage


def _cut_to_latency(config: Width, limit: float, model: nn.Module, stage: Stage, shop: Shop) -> tuple[nn.Module, Stage]:
    """As the latency table predicts; where the student is timed slower than the budget, once more for less."""
    budget = limit
    for _ in range(_LATENCY_TRIES):
        smaller, after = _cut(replace(config, latency_ms=budget), model, stage, shop)
        measured = shop.costs.measured(encoder_of(smaller).config)
        shop.note(f"predicted at most {budget:.3g} ms, measured {measured:.3g} ms")
        if measured <= limit:
            return smaller, after
        budget *= _LATENCY_MARGIN * limit / measured
    raise BudgetError(
        f"{limit:g} ms were not reached: the best of {_LATENCY_TRIES} cuts takes {measured:.3g} ms.",
        hint="Raise latency_ms, or measure on a quiet machine.",
    )


_Aim = Callable[[float], Callable[[Any], Keep]]
"""Part of the way to what a pass wants -> from importance to what stays."""


def _aim(config: Width, model: nn.Module, shop: Shop) -> _Aim:
    start = Shape.of(encoder_of(model).config)
    if config.budget is None:
        target = start.wanted(config)
        return lambda share: lambda worth: to_shape(worth, start.towards(target, share, config.multiple))
    cost, budget = shop.costs(encoder_of(model).config, config)
    whole = cost.total(everything(encoder_of(model).config))
    return lambda share: lambda worth: to_budget(worth, cost, whole * (budget / whole) ** share, config)


def _narrower(
    model: nn.Module, stage: Stage, config: Width, keep_of: Callable[[Any], Keep], shop: Shop
) -> tuple[nn.Module, Stage]:
    batches = shop.material.samples(stage.folder, config.samples)
    worth = importance(model, batches, shop.material.task, shop.material.seed)
    keep = keep_of(worth)
    layers = tuple(range(len(keep.layers)))
    smaller = cut(model, keep)
    shop.note(f"cuts to {_told(encoder_of(smaller).config)}")
    return smaller, replace(stage, origin=stage.origin.after(layers, keep.hidden))


def _embedding(config: Embedding, stage: Stage, work: Path, shop: Shop) -> Stage:
    """Weighted by how often the corpus has each token."""
    model = _load(stage, shop)
    rows = shop.material.rows(stage.folder)
    inner = encoder_of(model)
    counts = np.bincount(rows.ids, minlength=inner.config.vocab_size) + 1.0
    with torch.no_grad():
        word = inner.embeddings.word_projection(inner.embeddings.word.weight).numpy()
    table, projection = factorise(word, config.rank, counts)
    _factorise_(model, torch.from_numpy(table), torch.from_numpy(projection))
    return _saved(model, stage, work)


def _factorise_(model: nn.Module, table: torch.Tensor, projection: torch.Tensor) -> None:
    inner = encoder_of(model)
    embeddings = inner.embeddings
    embeddings.word = nn.Embedding.from_pretrained(table, freeze=False)
    embeddings.word_projection = nn.Linear(table.shape[1], projection.shape[0], bias=False)
    with torch.no_grad():
        embeddings.word_projection.weight.copy_(projection)
    inner.config.word_rank = table.shape[1]


# -- distillation ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Taught:
    """Who teaches, and what the student's origin is counted in."""

    ask: Teacher
    hidden_size: int
    own: Origin | None
    """Of an assistant; None of the original teacher."""

    def origin(self, student: Origin) -> Origin:
        """The student's, in this teacher's states and dimensions."""
        return student if self.own is None else student.within(self.own)


def _distill(config: Distill, stage: Stage, work: Path, shop: Shop) -> Stage:
    """One training in segments with a cut before each; a segment that is done is not done again."""
    rows = shop.material.rows(stage.folder, labelled=bool(config.labels), copies=config.augment, teacher=stage.teacher)
    taught = _taught(config, stage, rows, shop)
    narrow = _gradual(config.prune, _load(stage, shop), shop) if config.prune else None
    spans = _spans(config)
    now, carried = stage, dict[str, torch.Tensor]()
    for number, (share, span) in enumerate(spans):
        place = work / f"segment-{number}"
        done = place / "stage.json"
        if done.is_file():
            now, carried = Stage.load(done), _read_tensors(place)
            continue
        place.mkdir(exist_ok=True)
        model, before = _load(now, shop), now.origin.hidden
        if narrow and share:
            model, now = narrow(share, model, now)
        _set_dropout_(model, config.dropout)
        loss = DistillationLoss(config, taught.ask, taught.origin(now.origin), shop.material.task, taught.hidden_size)
        loss.carry_(carried, np.flatnonzero(np.isin(before, now.origin.hidden)))
        is_last = number == len(spans) - 1
        train(
            model,
            rows,
            loss,
            _settings(config, shop, len(rows)),
            evaluate=shop.material.main_metric(stage.folder) if is_last else None,
            checkpoint=place / "state",
            progress=shop.progress,
            span=span,
        )
        carried = {name: value.detach().clone() for name, value in loss.state_dict().items()}
        now = _saved(model, now, place)
        save_file(carried, place / _PROJECTION)
        now.save(done)
        shutil.rmtree(place / "state", ignore_errors=True)
    folder = work / "model"
    shutil.rmtree(folder, ignore_errors=True)
    now.folder.rename(folder)
    for number in range(len(spans)):
        shutil.rmtree(work / f"segment-{number}")
    return replace(now, folder=folder, assistant=folder, assistant_origin=now.origin)


_PROJECTION = "projection.safetensors"


def _read_tensors(place: Path) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = load_file(place / _PROJECTION)
    return tensors


def _taught(config: Distill, stage: Stage, rows: Rows, shop: Shop) -> _Taught:
    """The teacher's answers on the disk, where they fit; else the teacher itself."""
    is_assistant = config.teacher == "assistant" and stage.assistant is not None
    folder, own = (stage.assistant, stage.assistant_origin) if is_assistant else (stage.teacher, None)
    assert folder is not None
    model = edgelm_nn.canonical(folder, shop.task)
    inner = encoder_of(model).config
    origin = stage.origin if own is None else stage.origin.within(own)
    if isinstance(config.prune, Depth):  # which states stay is not known yet
        origin = Origin.itself(inner.num_hidden_layers, inner.hidden_size)
    wanted = wanted_of_teacher(config, origin)
    size, free = cached_size(model, rows, wanted), shutil.disk_usage(shop.cache.parent).free
    if shop.task == "fill-mask" or size > _MOST_OF_THE_DISK * free:
        return _Taught(LiveTeacher(model, shop.task, wanted), inner.hidden_size, own)
    digest = open_checkpoint(str(folder)).digest
    place = shop.cache / f"{digest[:12]}-{rows.digest[:12]}"
    shop.say(f"the teacher answers once for {len(rows):,} rows, {size / 1e9:.2f} GB")
    return _Taught(remember(model, rows, wanted, place), inner.hidden_size, own)


_Narrow = Callable[[float, nn.Module, Stage], tuple[nn.Module, Stage]]


def _gradual(prune: Width | Depth, model: nn.Module, shop: Shop) -> _Narrow:
    """What brings a model part of the way to the shape that ``prune`` wants, counted from the given one."""
    if isinstance(prune, Width):
        width, aim = prune, _aim(prune, model, shop)
        return lambda share, now, stage: _narrower(now, stage, width, aim(share), shop)
    depth, layers = prune, encoder_of(model).config.num_hidden_layers

    def shallower(share: float, now: nn.Module, stage: Stage) -> tuple[nn.Module, Stage]:
        count = round(layers + (min(depth.layers, layers) - layers) * share)
        return _shallower(now, stage, depth, count, shop)

    return shallower


def _spans(config: Distill) -> list[tuple[float, tuple[float, float]]]:
    """The segments of a training: how far to cut before each (0: not at all), and its part of the steps."""
    if config.prune is None:
        return [(0.0, (0.0, 1.0))]
    count, width = config.prune_steps, config.prune_end - config.prune_start
    points = (
        [config.prune_start + width * i / max(1, count - 1) for i in range(count)] if width else [config.prune_start]
    )
    shares = [(i + 1) / len(points) for i in range(len(points))]
    cuts = list(zip(shares, zip(points, [*points[1:], 1.0], strict=True), strict=True))
    return [(0.0, (0.0, points[0])), *cuts] if points[0] else cuts


def _set_dropout_(model: nn.Module, probability: float) -> None:
    """Of the module; its config keeps what a later fine-tuning is to have."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = probability
    for layer in encoder_of(model).layers:
        layer.attention_dropout = probability


def _settings(config: Distill, shop: Shop, rows: int) -> Settings:
    """Of a training on so many rows; of few it sees each more often."""
    least_epochs = config.least_steps / math.ceil(rows / config.batch_size)
    return Settings(
        learning_rate=config.learning_rate,
        epochs=max(config.epochs, least_epochs),
        batch_size=config.batch_size,
        weight_decay=config.weight_decay,
        warmup_ratio=config.warmup_ratio,
        ema=config.ema,
        seed=shop.material.seed,
        precision=config.precision if shop.precision == "auto" else shop.precision,
        evaluations_per_epoch=config.evaluations_per_epoch if config.epochs >= least_epochs else 1,
    )


# -- quantization-aware training ---------------------------------------------------------------------------------------


def _qat(config: Qat, stage: Stage, work: Path, shop: Shop) -> Stage:
    """One training with fake quantization, whose float weights and ranges are what is kept."""
    training = config.distillation
    rows = shop.material.rows(stage.folder, labelled=bool(config.labels), copies=config.augment, teacher=stage.teacher)
    taught = _taught(*_as_taught(config, training, stage), rows, shop)
    scheme = replace(quantize.SCHEMES[config.scheme], outputs=config.outputs)
    batches = shop.material.drawn(rows, config.samples)
    student = _load(stage, shop)
    loss = DistillationLoss(training, taught.ask, taught.origin(stage.origin), shop.material.task, taught.hidden_size)
    loss.fit_(student, batches)
    model = quantize.prepare(student, scheme, shop.task, batches, config.ranges)
    _set_dropout_(model, config.dropout)
    train(
        model,
        rows,
        loss,
        _settings(training, shop, len(rows)),
        evaluate=shop.material.main_metric(stage.folder),
        checkpoint=work / "state",
        progress=shop.progress,
    )
    after = _saved(quantize.floating(model, scheme), stage, work)
    shutil.rmtree(work / "state", ignore_errors=True)
    return after


def _as_taught(config: Qat, training: Distill, stage: Stage) -> tuple[Distill, Stage]:
    """A student that teaches itself is its own assistant."""
    if config.teacher == "original":
        return training, stage
    own = replace(stage, assistant=stage.folder, assistant_origin=stage.origin)
    return replace(training, teacher="assistant"), own


# -- folders -----------------------------------------------------------------------------------------------------------


def _load(stage: Stage, shop: Shop) -> nn.Module:
    return edgelm_nn.canonical(stage.folder, shop.task)


def _saved(model: nn.Module, stage: Stage, place: Path) -> Stage:
    """The stage with the model in ``place / "model"``."""
    folder = place / "model"
    shutil.rmtree(folder, ignore_errors=True)
    edgelm_nn.save(model, stage.folder, folder)
    return replace(stage, folder=folder)


def _told(config: EdgeLMConfig) -> str:
    """The widths of an encoder in words: one figure where all layers have it."""

    def each(sizes: list[int]) -> str:
        return str(sizes[0]) if len(set(sizes)) == 1 else "/".join(map(str, sizes))

    heads, size, units = (each(s) for s in (config.attention_heads, config.head_sizes, config.intermediate_sizes))
    return f"hidden {config.hidden_size}, {heads} heads of {size}, {units} units"


_Do = Callable[[Any, Stage, Path, Shop], Stage]
_PASSES: dict[type[Pass], _Do] = {
    Vocab: _vocab,
    Depth: _depth,
    Width: _width,
    Embedding: _embedding,
    Distill: _distill,
    Qat: _qat,
}
