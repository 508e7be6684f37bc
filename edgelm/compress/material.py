"""What the passes of one run share: the task, its texts as rows of each tokenizer, and the measure of a model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from edgelm import nn as edgelm_nn
from edgelm.checkpoint import open_checkpoint
from edgelm.compress import quantize
from edgelm.compress.augment import augment, mask_filler
from edgelm.compress.data import Batch, Rows, encode, length_sorted_batches
from edgelm.compress.evaluate import Evaluator
from edgelm.compress.outputs import Task
from edgelm.compress.surgery import encoder_of
from edgelm.datasets import Example
from edgelm.errors import UsageError
from edgelm.families import Model
from edgelm.tokenizer import Text, TextTokenizer

_SAMPLE_BATCH = 32


@dataclass(frozen=True)
class Material:
    """The data of one run; everything is drawn with the run's seed."""

    task: Task
    train: tuple[Example, ...]
    unlabelled: tuple[Example, ...]
    evaluation: tuple[Example, ...]
    max_length: int
    seed: int
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    def tokenizer(self, folder: Path) -> TextTokenizer:
        """The tokenizer of a model's folder."""
        model = Model.open(open_checkpoint(str(folder)))
        return TextTokenizer.from_checkpoint(folder, model.modules)

    def rows(self, folder: Path, *, labelled: bool = False, copies: int = 0, teacher: Path | None = None) -> Rows:
        """The training and the unlabelled texts as rows of a folder's tokenizer, with so many altered copies of each.

        Only the training texts, where ``labelled``. The copies are by the words of ``teacher``, the same for all its
        students, so that its answers to them are as well.
        """
        key = (_vocabulary(folder), labelled, copies)
        if key not in self._kept:
            while len(self._kept) > 1:  # rows of many texts and their copies are not small
                del self._kept[next(iter(self._kept))]
            self._kept[key] = self._encoded(folder, teacher or folder, labelled=labelled, copies=copies)
        found: Rows = self._kept[key]
        return found

    def samples(self, folder: Path, count: int) -> list[Batch]:
        """At most ``count`` rows of the training texts, drawn at random, in batches of similar length."""
        return self.drawn(self.rows(folder), count)

    def drawn(self, rows: Rows, count: int) -> list[Batch]:
        """The same of rows that are there already."""
        drawn = np.random.default_rng(self.seed).permutation(len(rows))[:count]
        batches = length_sorted_batches(rows.lengths[drawn], _SAMPLE_BATCH, seed=self.seed, epoch=0)
        return [rows.batch(drawn[batch]) for batch in batches]

    def corpus(self) -> list[Text]:
        """Every text there is for training."""
        texts: list[Text] = []
        for example in (*self.train, *self.unlabelled):
            pairs = [(example.text, choice) for choice in example.choices]
            texts += pairs or [example.text if example.pair is None else (example.text, example.pair)]
        return texts

    def metric(self, folder: Path) -> tuple[str, float | None]:
        """The task's main metric of the model in a folder on the evaluation file; without one, nothing.

        A model that was trained with fake quantization is measured with it.
        """
        if not self.evaluation:
            return "", None
        name, value = next(iter(self.evaluator(folder)(quantize.load(folder, self.task.name)).items()))
        return name, value

    def evaluator(self, folder: Path) -> Evaluator:
        """What measures a model that has a folder's tokenizer."""
        return Evaluator(
            self.tokenizer(folder),
            self.task.name,
            self.task.labels,
            self.max_length,
            self.evaluation,
            problem_type=self.task.problem_type,
        )

    def main_metric(self, folder: Path) -> Callable[[nn.Module], float] | None:
        """The same for a model in training; None without an evaluation file."""
        if not self.evaluation:
            return None
        evaluator = self.evaluator(folder)
        return lambda model: next(iter(evaluator(model).values()))

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """What a student is trained on without labels; of a similarity's pairs, each text alone."""
        found = (*self.train, *self.unlabelled)
        if self.task.name != "sentence-similarity":
            return found
        texts = dict.fromkeys(text for one in found for text in (one.text, one.pair) if text)
        return tuple(Example(text) for text in texts)

    def _encoded(self, folder: Path, teacher: Path, *, labelled: bool, copies: int) -> Rows:
        tokenizer = self.tokenizer(folder)
        examples = self.train if labelled else self.examples
        if not examples:
            raise UsageError("There is no text to learn from.", hint="Give some with --train or --unlabelled.")
        if copies:
            examples = (*examples, *self._altered(examples, teacher, tokenizer, copies))
        return encode(
            examples,
            tokenizer,
            self.task.name,
            self.task.labels,
            self.max_length,
            problem_type=self.task.problem_type,
            labelled=labelled,
        )

    def _altered(
        self, examples: Sequence[Example], folder: Path, tokenizer: TextTokenizer, copies: int
    ) -> list[Example]:
        """TinyBERT's augmentation, by the teacher's own head for masked words where its checkpoint has one."""
        if any(example.choices or example.entities for example in examples) or self.task.kind == "span":
            raise UsageError(
                f"Texts of {self.task.name} cannot be altered word by word: their answers lie at places in them.",
                hint="Leave out augment, or give more texts with --unlabelled.",
            )
        model = Model.open(open_checkpoint(str(folder)))
        has_head = "fill-mask" in model.tasks
        fill = mask_filler(edgelm_nn.canonical(folder, "fill-mask"), tokenizer) if has_head else None
        word = encoder_of(edgelm_nn.canonical(folder, self.task.name)).embeddings
        with torch.no_grad():
            table = word.word_projection(word.word.weight).numpy()
        texts = [one.text if one.pair is None else (one.text, one.pair) for one in examples]
        altered = augment(texts, copies=copies, tokenizer=tokenizer, embeddings=table, fill=fill, seed=self.seed)
        blank = Example("")
        return [replace(blank, text=t) if isinstance(t, str) else replace(blank, text=t[0], pair=t[1]) for t in altered]


def _vocabulary(folder: Path) -> str:
    """What tells one tokenizer from another."""
    names = ("tokenizer.json", "vocab.txt", "vocab.json", "tokenizer_config.json")
    digest = hashlib.sha256()
    for name in names:
        if (folder / name).is_file():
            digest.update((folder / name).read_bytes())
    return digest.hexdigest()
