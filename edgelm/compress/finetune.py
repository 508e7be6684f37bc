"""A teacher from a checkpoint and a labelled file: `edgelm finetune` without its command line."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import transformers
from accelerate import PartialState
from torch import nn

import edgelm
from edgelm import nn as edgelm_nn
from edgelm.checkpoint import open_checkpoint
from edgelm.compress import state
from edgelm.compress.data import Rows, encode
from edgelm.compress.evaluate import Evaluator
from edgelm.compress.objectives import TRAINED_TASKS, task_objective
from edgelm.compress.schedule import Settings
from edgelm.compress.train import CHECKPOINT_SECONDS, DivergedError, Progress, Result, train
from edgelm.datasets import Example, read_examples
from edgelm.decode import label_list
from edgelm.errors import UsageError
from edgelm.families import Model
from edgelm.labels import LabelSet, labels_of
from edgelm.tokenizer import TextTokenizer
from edgelm.types import TASKS

RECORD = "training.json"
_CLASSIFIERS = ("text-classification", "token-classification")
_LIBRARIES = ("torch", "transformers", "accelerate", "tokenizers", "safetensors", "numpy")
Say = Callable[[str], None]


@dataclass(frozen=True)
class FinetuneRequest:
    """What `edgelm finetune` was asked for."""

    model: str
    train: Path
    output: Path
    evaluation: Path | None = None
    task: str = "auto"
    settings: Settings = field(default_factory=Settings)
    max_length: int | None = None
    new_head: bool = False
    """Forget the checkpoint's own head, and make one for the labels of the file."""
    resume: bool = False
    revision: str | None = None
    threads: int | None = None
    checkpoint_seconds: float = CHECKPOINT_SECONDS

    @property
    def unfinished(self) -> Path:
        """Where the state of the training lies until it is done."""
        return self.output.with_name(f".{self.output.name}.training")

    @property
    def diverged(self) -> Path:
        """Where the last good weights of a training go that diverged."""
        return self.output.with_name(f"{self.output.name}.diverged")


def finetune(request: FinetuneRequest, say: Say, progress: Callable[[Progress], None]) -> Path:
    """Train and write ``request.output``: a Hugging Face folder with a ``training.json``, whole or not at all.

    For sentence-similarity it is a sentence-transformers folder. UsageError for bad input, before anything is trained;
    DivergedError when the loss is no finite number any more, its last good weights being in ``<output>.diverged``.
    Of several processes the main one writes.
    """
    _check_places(request)
    if request.threads:
        torch.set_num_threads(request.threads)
    transformers.utils.logging.disable_progress_bar()
    work = _Work(request)
    say(work.summary)
    model = work.model()
    say(f"training {work.rows_summary}")
    evaluator = work.evaluator
    try:
        result = train(
            model,
            work.rows,
            task_objective(work.task, work.labels.problem_type),
            request.settings,
            evaluate=evaluator.main if evaluator else None,
            checkpoint=request.unfinished,
            checkpoint_seconds=request.checkpoint_seconds,
            progress=progress,
            identity=work.identity,
        )
    except DivergedError as error:
        if is_main():
            _publish(model, work, request.diverged, {"diverged after steps": error.step})
        raise DivergedError(error.step, request.diverged) from None
    if is_main():
        metrics = evaluator(result.model) if evaluator else {}
        _publish(result.model, work, request.output, _outcome(result, metrics))
    PartialState().wait_for_everyone()
    return request.output


def is_main() -> bool:
    """Whether this is the process that writes and prints: the only one, or the first of several."""
    return bool(PartialState().is_main_process)


def _check_places(request: FinetuneRequest) -> None:
    """UsageError where something stands in the way of the output, or of an unfinished training."""
    if request.output.exists():
        raise UsageError(f"{request.output} exists; it is left alone.", hint="Choose another --output.")
    if state.exists(request.unfinished) and not request.resume:
        raise UsageError(
            f"{request.unfinished} holds an unfinished training of {request.output.name}.",
            hint="Go on with --resume, or delete that folder.",
        )


class _Work:
    """A request understood: all that it names is read and checked when this is made."""

    def __init__(self, request: FinetuneRequest) -> None:
        self.request = request
        self.opened = Model.open(open_checkpoint(request.model, request.revision))
        self.task = _task(self.opened, request.task)
        self.has_head = self.task in self.opened.tasks and not request.new_head
        self.tokenizer = TextTokenizer.from_checkpoint(self.opened.checkpoint.path, self.opened.modules)
        self.tokenizer.check_vocabulary(self.opened.encoder.vocab_size)
        self.max_length = _max_length(self.opened, self.task, request.max_length, self.tokenizer)
        self.labels = _own_labels(self.opened, self.task) if self.has_head else labels_of(request.train, self.task)
        self.examples = self._read(request.train)
        self.evaluation = self._read(request.evaluation) if request.evaluation else []

    def _read(self, path: Path) -> list[Example]:
        """UsageError with both sides where a file's labels are not the head's."""
        try:
            return read_examples(path, self.task, self.labels.names)
        except UsageError as error:
            if self.has_head and self.labels.names and path == self.request.train:
                error.hint += " For a new head with the file's own labels pass --new-head."
            raise

    @cached_property
    def rows(self) -> Rows:
        """The training file, encoded."""
        return encode(self.examples, *self._encoding, problem_type=self.labels.problem_type)

    @property
    def _encoding(self) -> tuple[TextTokenizer, str, tuple[str, ...], int]:
        return self.tokenizer, self.task, self.labels.names, self.max_length

    @cached_property
    def evaluator(self) -> Evaluator | None:
        """Of the evaluation file; None where there is none."""
        if not self.evaluation:
            return None
        tokenizer, task, labels, length = self._encoding
        problem_type = self.labels.problem_type
        return Evaluator(tokenizer, task, labels, length, self.evaluation, problem_type=problem_type)

    def model(self) -> nn.Module:
        """The checkpoint in transformers' class for the task; a new head is drawn with the seed."""
        torch.manual_seed(self.request.settings.seed)
        model = edgelm_nn.load(self.opened.checkpoint.path, self.task, **self._head_settings())
        if self.opened.quantization is not None:
            model.config.quantization = None  # trained ranges are of weights that this training changes
        if self.request.new_head:
            fresh = type(model)(model.config).state_dict()
            base = f"{model.base_model_prefix}."
            head = {name: tensor for name, tensor in fresh.items() if not name.startswith(base)}
            model.load_state_dict(head, strict=False)
        return model

    def _head_settings(self) -> dict[str, Any]:
        if self.task not in _CLASSIFIERS:
            return {"num_labels": 2} if self.task == "question-answering" else {}  # where an answer begins and ends
        names = dict(enumerate(self.labels.names))
        settings: dict[str, Any] = {"id2label": names, "label2id": {name: i for i, name in names.items()}}
        if self.labels.problem_type:
            settings["problem_type"] = self.labels.problem_type
        return {**settings, "ignore_mismatched_sizes": self.request.new_head}

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What a training must have in common with one that it is to go on from, beside its settings."""
        return {
            "parent": self.opened.checkpoint.digest,
            "task": self.task,
            "labels": list(self.labels.names),
            "max_length": self.max_length,
            "files": {name: file["sha256"] for name, file in self.files.items()},
        }

    @cached_property
    def files(self) -> dict[str, dict[str, Any]]:
        """The data files by what they are for."""
        given = {"train": (self.request.train, self.examples), "eval": (self.request.evaluation, self.evaluation)}
        return {
            name: {"file": path.name, "sha256": _digest(path), "examples": len(examples)}
            for name, (path, examples) in given.items()
            if path
        }

    @property
    def summary(self) -> str:
        """One line for the log: what is learnt from what."""
        head = "its own head" if self.has_head else "a new head"
        labels = f" of {len(self.labels.names)} labels" if self.labels.names else ""
        return f"{self.opened.checkpoint.name}: {self.task}, {head}{labels}"

    @property
    def rows_summary(self) -> str:
        """One line for the log: how many rows, and whether any was cut or left out."""
        rows = self.rows
        cut = f", {rows.truncated} texts cut to {self.max_length} tokens" if rows.truncated else ""
        unused = len(self.examples) - len(set(rows.examples.tolist()))
        left = f", {unused} left out for their answer is not in the context" if unused else ""
        return f"on {len(rows)} rows of {self.request.train}{cut}{left}"


def _task(opened: Model, asked: str) -> str:
    """The task to train; UsageError where it has no labels, or where nothing says which it is."""
    if asked not in ("auto", *TASKS):
        raise UsageError(f"Unknown task {asked!r}.", hint=f"Tasks: {', '.join(TASKS)}.")
    task = opened.resolve_task() if asked == "auto" else asked
    if task in opened.tasks:
        opened.trained_head(task)
    if task in TRAINED_TASKS:
        return task
    if asked == "auto":
        raise UsageError(
            f"{opened.checkpoint.name} is an encoder without a head, so nothing says what it should learn.",
            hint=f"Pass --task: {', '.join(TRAINED_TASKS)}.",
        )
    raise UsageError(
        f"{task} has no labels that a file could give.", hint="For embeddings of texts: --task sentence-similarity."
    )


def _max_length(opened: Model, task: str, asked: int | None, tokenizer: TextTokenizer) -> int:
    """The length asked for, or what the checkpoint takes, as `edgelm export` decides it."""
    limit = opened.encoder.max_length
    own = opened.modules.max_seq_length if opened.modules and task == "sentence-similarity" else None
    wanted = min(own or limit, limit) if asked is None else asked
    if not tokenizer.special_count + 2 <= wanted <= limit:
        raise UsageError(
            f"--max-length {wanted} does not fit: the model takes {tokenizer.special_count + 2} to {limit} tokens."
        )
    return wanted


def _own_labels(opened: Model, task: str) -> LabelSet:
    """The labels of a checkpoint's head, and its problem type."""
    if task not in _CLASSIFIERS:
        return LabelSet(())
    count = int(opened.graph(task, opened.encoder.max_length).signature[1][0].shape[-1])
    config = opened.checkpoint.config
    return LabelSet(tuple(label_list(config.get("id2label"), count)), _problem_type(config, task, count))


def _problem_type(config: Mapping[str, Any], task: str, labels: int) -> str | None:
    """As transformers decides it: one output is a regression."""
    if task != "text-classification":
        return None
    return "regression" if labels == 1 else config.get("problem_type") or "single_label_classification"


def _outcome(result: Result, metrics: Mapping[str, float]) -> dict[str, Any]:
    return {
        "metrics": dict(metrics),
        "steps": result.steps,
        "seconds": round(result.seconds, 2),
        "history": result.history,
    }


def _publish(model: nn.Module, work: _Work, place: Path, outcome: Mapping[str, Any]) -> None:
    """Write the model's folder beside its place and move it there; the state of the training goes."""
    request = work.request
    beside = request.unfinished / "model"
    shutil.rmtree(beside, ignore_errors=True)
    checkpoint = work.opened.checkpoint
    record = {
        "task": work.task,
        "labels": list(work.labels.names),
        "max_length": work.max_length,
        "settings": asdict(request.settings),
        "data": work.files,
        "parent": {"name": checkpoint.name, "digest": checkpoint.digest},
        **outcome,
        "versions": {
            "edgelm": edgelm.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
        },
    }
    with state.told(request.unfinished):
        edgelm_nn.save(model.cpu(), checkpoint.path, beside)
        (beside / RECORD).write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", "utf-8")
        if place == request.diverged:
            shutil.rmtree(place, ignore_errors=True)
        beside.rename(place)
    shutil.rmtree(request.unfinished, ignore_errors=True)


def _digest(path: Path) -> str:
    with (path / "seq.in" if path.is_dir() else path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
