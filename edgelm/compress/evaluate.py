"""A torch model's metrics on labelled examples, by the decode rules and definitions that `edgelm export --eval` has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from edgelm.bundle import Bundle
from edgelm.compress.data import bounded_batches
from edgelm.compress.objectives import model_outputs
from edgelm.datasets import MASK, Example
from edgelm.errors import UsageError
from edgelm.session import Session, windows
from edgelm.source import decode_rules
from edgelm.tokenizer import Text, TextTokenizer
from edgelm.types import Array, Tensors
from edgelm.validate import quality
from edgelm.validate.metrics import MEASURES

if TYPE_CHECKING:
    from tokenizers import Encoding

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "question-answering": ("start_logits", "end_logits"),
    "sentence-similarity": ("sentence_embedding",),
}
_BY_TOKEN = ("token-classification", "question-answering", "fill-mask")
"""Tasks whose outputs have a value for every token."""


_MOST_TOKENS = 2048
"""Of a batch with its padding: of fill-mask's outputs each has a float for every entry of the vocabulary."""


class Evaluator:
    """``evaluator(model)``: every metric of the task by name, its main metric first.

    The answers are float32's, so that a saved model exported with ``--eval`` on the same file has the same figures.
    Texts are encoded once, however often a model is evaluated.
    """

    def __init__(
        self,
        tokenizer: TextTokenizer,
        task: str,
        labels: Sequence[str],
        max_length: int,
        examples: Sequence[Example],
        *,
        problem_type: str | None = None,
    ) -> None:
        """UsageError when the labels of the examples are not what a model of this problem type gives."""
        quality.require()
        manifest = _manifest(tokenizer, task, labels, max_length, problem_type)
        self.examples = examples
        self.kind = quality.kind_of(manifest)
        if self.kind == "classes" and any(len(example.labels) != 1 for example in examples):
            raise UsageError("The file gives some texts several labels or none; this model gives each exactly one.")
        self.session = _Session(Bundle(Path(), manifest), tokenizer)

    def __call__(self, model: nn.Module) -> dict[str, float]:
        """The metrics; NaN where one is not defined, as a correlation with answers that are all the same."""
        self.session.runner = _runner(model, self.session.manifest["task"])
        with _evaluating(model):
            answers = self.session.answers(self.examples)
        return {measure.name: measure.value for measure in MEASURES[self.kind](self.examples, answers)}

    def main(self, model: nn.Module) -> float:
        """The task's main metric."""
        return next(iter(self(model).values()))


def _manifest(
    tokenizer: TextTokenizer, task: str, labels: Sequence[str], max_length: int, problem_type: str | None
) -> dict[str, Any]:
    """What a session needs to know of a bundle, for a model that is in none."""
    shape = ["batch", "length"] if task in _BY_TOKEN else ["batch"]
    return {
        "task": task,
        "labels": list(labels),
        "max_length": max_length,
        "decode": decode_rules(task, tokenizer, problem_type, labels),
        "scheme": {"activations": "float32"},
        "artifact": {
            "inputs": [{"name": name, "shape": ["batch", "length"]} for name in _INPUTS],
            "outputs": [{"name": name, "shape": shape} for name in _OUTPUTS.get(task, ("logits",))],
        },
    }


class _Session(Session):
    """A session that remembers encodings, and runs in batches what others are asked one by one."""

    def __init__(self, bundle: Bundle, tokenizer: TextTokenizer) -> None:
        super().__init__(bundle, tokenizer, _no_model)
        self._encodings: dict[tuple[Text, bool], Encoding] = {}
        self._ready: dict[tuple[int, ...], dict[str, Array]] = {}

    def answers(self, examples: Sequence[Example]) -> tuple[Any, ...]:
        """What the model says of each example."""
        questions = _QUESTIONS.get(self.manifest["task"])
        if questions is None:
            return quality.answers(self, examples, batch=quality.BATCH).values
        found: dict[int, Any] = {}
        by_length = sorted(range(len(examples)), key=lambda place: len(examples[place].pair or examples[place].text))
        for first in range(0, len(by_length), quality.BATCH):
            places = by_length[first : first + quality.BATCH]
            self._prepare([encoding for place in places for encoding in questions(self, examples[place])])
            found |= zip(places, quality.answers(self, [examples[i] for i in places]).values, strict=True)
        self._ready = {}
        return tuple(found[place] for place in range(len(examples)))

    def encode(self, text: Text, *, truncate: bool) -> Encoding:
        """As a session encodes it, once."""
        key = text, truncate
        if key not in self._encodings:
            self._encodings[key] = super().encode(text, truncate=truncate)
        return self._encodings[key]

    def outputs(self, encodings: Sequence[Encoding]) -> dict[str, Array]:
        """Those of a single text may have been prepared."""
        ready = self._ready.get(tuple(encodings[0].ids)) if len(encodings) == 1 else None
        return super().outputs(encodings) if ready is None else ready

    def _prepare(self, encodings: Sequence[Encoding]) -> None:
        """Run what is to be asked one by one as padded batches of similar length."""
        self._ready = {}
        lengths = np.asarray([len(encoding.ids) for encoding in encodings], np.int64)
        for places in bounded_batches(np.argsort(lengths, kind="stable"), lengths, quality.BATCH, _MOST_TOKENS):
            rows = [encodings[place] for place in places]
            outputs = super().outputs(rows)
            for row, encoding in enumerate(rows):
                own = {name: array[row : row + 1, : len(encoding.ids)] for name, array in outputs.items()}
                self._ready[tuple(encoding.ids)] = own


def _no_model(_: Tensors) -> dict[str, Array]:
    raise AssertionError("a session is given its model before it is asked")


def _question_windows(session: Session, example: Example) -> list[Encoding]:
    return windows(session, (example.text, example.pair or "")) if example.text.strip() else []


def _masked_text(session: Session, example: Example) -> list[Encoding]:
    mask = session.tokenizer.special_tokens.get("mask", MASK)
    return [session.encode(example.text.replace(MASK, mask, 1), truncate=True)]


_QUESTIONS: Mapping[str, Callable[[Session, Example], list[Encoding]]] = {
    "question-answering": _question_windows,
    "fill-mask": _masked_text,
}
"""What the tasks that are asked one by one will ask of the model."""


def _runner(model: nn.Module, task: str) -> Callable[[Tensors], dict[str, Array]]:
    """The model as a session runs it: int32 arrays in, float32 arrays out."""
    device = next(model.parameters()).device

    def run(arrays: Tensors) -> dict[str, Array]:
        given = {name: array for name, array in arrays.items() if name != "token_type_ids" or array.any()}
        tensors = {name: torch.from_numpy(array.astype(np.int64)).to(device) for name, array in given.items()}
        if task == "multiple-choice":  # [1, choices, length] to [1, choices], and edgelm's [choices, 1]
            logits = model_outputs(model, {name: tensor[None] for name, tensor in tensors.items()}).logits
            return {"logits": logits.T.float().cpu().numpy()}
        outputs = model_outputs(model, tensors)
        return {name: outputs[name].float().cpu().numpy() for name in _OUTPUTS.get(task, ("logits",))}

    return run


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Without dropout and without gradients; afterwards the model trains on if it did before."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)
