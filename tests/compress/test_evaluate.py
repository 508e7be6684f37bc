"""The evaluator: its batches answer as one text at a time does, and it leaves the model as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgelm.datasets import Example, read_examples
from edgelm.errors import UsageError
from edgelm.labels import labels_of
from edgelm.tokenizer import TextTokenizer

TASKS = (
    "text-classification",
    "token-classification",
    "question-answering",
    "multiple-choice",
    "fill-mask",
    "sentence-similarity",
)


@pytest.fixture
def make(make_checkpoint: Callable[..., Path], labelled: Callable[..., Path]) -> Callable[..., Any]:
    """``make(task, family="bert")``: a random model and the evaluator of the task's rows."""
    from edgelm import nn
    from edgelm.compress.evaluate import Evaluator

    def build(task: str, family: str = "bert") -> tuple[Any, Any]:
        file = labelled(task, times=3)
        labels = labels_of(file, task)
        own = "feature-extraction" if task == "sentence-similarity" else task
        settings = {"num_labels": len(labels.names)} if labels.names else {}
        folder = make_checkpoint(family, own, **settings)
        examples = read_examples(file, task, labels.names)
        evaluator = Evaluator(TextTokenizer.from_folder(folder), task, labels.names, 48, examples)
        return nn.load(folder, task), evaluator

    return build


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_batches_answer_as_one_by_one(make: Any, monkeypatch: pytest.MonkeyPatch, task: str, family: str) -> None:
    if (family, task) == ("distilbert", "multiple-choice"):
        family = "roberta"
    from edgelm.validate import quality

    model, evaluator = make(task, family)
    batched = evaluator(model)
    assert next(iter(batched.values())) == evaluator.main(model)
    monkeypatch.setattr(quality, "BATCH", 1)
    _, alone = make(task, family)
    assert alone(model) == pytest.approx(batched, nan_ok=True)


@pytest.mark.parametrize("task", ["question-answering", "fill-mask"])
def test_what_is_asked_one_by_one_runs_in_batches(make: Any, task: str) -> None:
    model, evaluator = make(task)
    sizes: list[int] = []
    model.register_forward_pre_hook(lambda _, __, given: sizes.append(len(given["input_ids"])), with_kwargs=True)
    evaluator(model)
    assert max(sizes) > 1
    assert 1 not in sizes


@pytest.mark.parametrize("is_training", [True, False])
def test_the_model_is_left_as_it_was(make: Any, torch: Any, is_training: bool) -> None:
    model, evaluator = make("text-classification")
    model.train(is_training)
    generator = torch.get_rng_state()
    first, second = evaluator(model), evaluator(model)
    assert first == second
    assert model.training is is_training
    assert torch.equal(torch.get_rng_state(), generator)


def test_several_labels_of_a_model_that_gives_one(make_checkpoint: Callable[..., Path]) -> None:
    from edgelm.compress.evaluate import Evaluator

    tokenizer = TextTokenizer.from_folder(make_checkpoint("bert"))
    examples = [Example("good", labels=(0, 1))]
    with pytest.raises(UsageError, match="several labels or none"):
        Evaluator(tokenizer, "text-classification", ["a", "b"], 16, examples)
    multi = "multi_label_classification"
    assert (
        Evaluator(tokenizer, "text-classification", ["a", "b"], 16, examples, problem_type=multi).kind == "label sets"
    )
