"""`finetune`: every task to a folder that transformers loads; killed and resumed to the same bytes; bad input."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgelm.errors import EdgelmError, UsageError
from edgelm.families import Model

from . import killed

SPECIAL_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
AUTO_CLASSES = {
    "text-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "question-answering": "AutoModelForQuestionAnswering",
    "multiple-choice": "AutoModelForMultipleChoice",
    "fill-mask": "AutoModelForMaskedLM",
    "sentence-similarity": "AutoModel",
}
METRICS = {
    "text-classification": "accuracy",
    "token-classification": "entity F1",
    "question-answering": "F1",
    "multiple-choice": "accuracy",
    "fill-mask": "top-1",
    "sentence-similarity": "Spearman",
}


@pytest.fixture
def run(torch: Any) -> Callable[..., Path]:
    """``run(request)``: the folder, without a word on the way."""
    assert torch.get_num_threads() == 1
    from edgelm.compress.finetune import finetune

    return lambda request: finetune(request, lambda _: None, lambda _: None)


@pytest.fixture
def request_for(
    make_checkpoint: Callable[..., Path], labelled: Callable[..., Path], tmp_path: Path
) -> Callable[..., Any]:
    """``request_for(task, **changes)``: a short training of the tiny BERT on the task's rows."""
    from edgelm.compress.finetune import FinetuneRequest
    from edgelm.compress.schedule import Settings

    def make(task: str, **changes: Any) -> Any:
        settings = Settings(epochs=2, batch_size=4, learning_rate=1e-3, precision="fp32")
        file = labelled(task, times=4)
        request = FinetuneRequest(
            str(make_checkpoint("bert")), file, tmp_path / "out", evaluation=file, task=task, settings=settings
        )
        return replace(request, **changes)

    return make


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


@pytest.mark.parametrize("task", AUTO_CLASSES)
def test_every_task_gives_a_folder_that_transformers_and_edgelm_open(
    run: Any, request_for: Any, open_model: Callable[[Path], Model], task: str
) -> None:
    import transformers

    request = request_for(task)
    folder = run(request)
    assert folder == request.output
    assert sorted(path.name for path in folder.parent.iterdir()) == ["out"]
    for name in SPECIAL_FILES:
        assert (folder / name).read_bytes() == (Path(request.model) / name).read_bytes()
    model, loading = getattr(transformers, AUTO_CLASSES[task]).from_pretrained(folder, output_loading_info=True)
    assert not loading["missing_keys"]
    assert model.config.architectures == [type(model).__name__]
    opened = open_model(folder)
    assert task in opened.tasks
    assert opened.resolve_task() == task
    record = json.loads((folder / "training.json").read_text("utf-8"))
    assert next(iter(record["metrics"])) == METRICS[task]
    assert record["task"] == task
    assert [entry["step"] for entry in record["history"]] == sorted({e["step"] for e in record["history"]})
    assert record["history"][-1]["step"] == record["steps"]


@pytest.mark.parametrize("task", AUTO_CLASSES)
def test_what_it_reports_is_what_the_graph_reports(run: Any, request_for: Any, task: str) -> None:
    """The metric of `edgelm export --eval`: the NumPy graph through the same decode rules."""
    from edgelm.bundle import Bundle
    from edgelm.datasets import read_examples
    from edgelm.graph.interpreter import Interpreter
    from edgelm.session import Session
    from edgelm.source import Source
    from edgelm.validate import quality

    request = request_for(task)
    folder = run(request)
    source = Source(str(folder), None, "auto", None)
    examples = read_examples(request.train, task, source.labels)
    inputs = [{"name": name, "shape": ["batch", "length"]} for name in source.names]
    outputs = [{"name": spec.name, "shape": list(spec.shape)} for spec in source.outputs]
    scheme = {"activations": "float32"}
    manifest = {**source.facts(), "artifact": {"inputs": inputs, "outputs": outputs}, "scheme": scheme}
    session = Session(Bundle(folder, manifest), source.tokenizer, Interpreter(source.graph))
    measured = quality.measure(manifest, examples, quality.answers(session, examples))
    expected = {metric.name: metric.artifact.value for metric in measured.metrics}
    assert json.loads((folder / "training.json").read_text("utf-8"))["metrics"] == pytest.approx(expected, abs=1e-6)


def test_it_learns(run: Any, request_for: Any) -> None:
    request = request_for("text-classification")
    folder = run(replace(request, settings=replace(request.settings, epochs=20)))
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["id2label"] == {"0": "n", "1": "y"}
    assert config["label2id"] == {"n": 0, "y": 1}
    assert config["problem_type"] == "single_label_classification"
    assert json.loads((folder / "training.json").read_text("utf-8"))["metrics"]["accuracy"] == 1.0


@pytest.mark.parametrize(
    ("rows", "names", "problem_type"),
    [
        ([{"text": "good film", "labels": ["a", "b"]}, {"text": "bad", "labels": []}], 2, "multi_label_classification"),
        ([{"text": "good film", "score": 0.5}, {"text": "bad", "score": 2}], 1, "regression"),
    ],
)
def test_several_labels_and_numbers(
    run: Any, request_for: Any, labelled: Any, rows: list[dict[str, Any]], names: int, problem_type: str
) -> None:
    file = labelled("text-classification", rows, times=4)
    config = json.loads(
        (run(request_for("text-classification", train=file, evaluation=file)) / "config.json").read_text()
    )
    assert len(config["id2label"]) == names
    assert config["problem_type"] == problem_type


def test_same_seed_same_bytes_and_another_seed_others(run: Any, request_for: Any) -> None:
    request = request_for("text-classification")
    folders = [
        run(replace(request, output=request.output.with_name(name), settings=replace(request.settings, seed=seed)))
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    first, second, other = map(weights, folders)
    assert first == second != other


def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(
    run: Any, make_checkpoint: Callable[..., Path], labelled: Callable[..., Path], tmp_path: Path
) -> None:
    arguments = (make_checkpoint("bert"), labelled("text-classification", times=3))
    whole = run(replace(killed.request(*arguments, tmp_path / "whole"), checkpoint_seconds=1e9))
    output = tmp_path / "killed"
    command = [sys.executable, str(Path(killed.__file__)), *map(str, arguments), str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [moment.__name__ for moment in killed.MOMENTS]
    assert weights(output) == weights(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["killed", "whole"]


def test_two_processes_train_as_one(run: Any, request_for: Any, tmp_path: Path, torch: Any) -> None:
    from safetensors.torch import load_file

    request = request_for("text-classification")
    no_dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    model = tmp_path / "model"
    model.mkdir()
    for path in Path(request.model).iterdir():
        (model / path.name).write_bytes(path.read_bytes())
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps({**config, **no_dropout}))
    alone = run(replace(request, model=str(model)))
    launched = (sys.executable, "-m", "accelerate.commands.launch", "--num_processes=2", "--cpu", "--num_machines=1")
    options = ("--mixed_precision=no", "--dynamo_backend=no", "--num_cpu_threads_per_process=1", "-m", "edgelm")
    trained = ("finetune", str(model), "--train", str(request.train), "--eval", str(request.train), "--epochs", "2")
    others = ("--task", "text-classification", "--batch-size", "4", "--learning-rate", "1e-3", "--precision", "fp32")
    command = [*launched, *options, *trained, *others, "-o", str(tmp_path / "two"), "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)  # of the main process alone
    assert record["steps"] == json.loads((alone / "training.json").read_text())["steps"]
    one, two = load_file(alone / "model.safetensors"), load_file(tmp_path / "two" / "model.safetensors")
    assert one.keys() == two.keys()
    for name, tensor in one.items():
        assert torch.allclose(tensor, two[name], atol=1e-4), name


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def refused(run: Any) -> Callable[..., EdgelmError]:
    """``refused(request)``: the error, which is one line, and which left nothing where the output would be."""

    def catch(request: Any) -> EdgelmError:
        with pytest.raises(UsageError) as raised:
            run(request)
        assert "\n" not in str(raised.value)
        assert not request.output.exists()
        return raised.value

    return catch


def test_labels_that_the_head_does_not_have(
    refused: Any, run: Any, request_for: Any, make_checkpoint: Callable[..., Path]
) -> None:
    names = {"id2label": {0: "cat", 1: "dog", 2: "cow"}, "label2id": {"cat": 0, "dog": 1, "cow": 2}}
    model = str(make_checkpoint("bert", "text-classification", **names))
    request = request_for("text-classification", model=model)
    message = str(refused(request))
    assert "rows.jsonl:1" in message
    assert "y, n" in message
    assert "cat, dog, cow" in message
    assert "--new-head" in message
    config = json.loads((run(replace(request, new_head=True)) / "config.json").read_text())
    assert config["id2label"] == {"0": "n", "1": "y"}


def test_a_new_head_of_the_same_size_starts_anew(
    request_for: Any, make_checkpoint: Callable[..., Path], torch: Any
) -> None:
    from edgelm.compress.finetune import _Work

    model = make_checkpoint("bert", "text-classification", num_labels=2)
    own, new = (
        _Work(request_for("text-classification", model=str(model), new_head=new, train=file, evaluation=None)).model()
        for new, file in ((False, _ids(request_for)), (True, request_for("text-classification").train))
    )
    assert not torch.equal(own.classifier.weight, new.classifier.weight)
    assert torch.equal(own.bert.pooler.dense.weight, new.bert.pooler.dense.weight)


def _ids(request_for: Any) -> Path:
    """The rows with ids for labels, which any head of two takes."""
    file = request_for("text-classification").train
    numbered = file.with_name("numbered.jsonl")
    numbered.write_text(file.read_text().replace('"y"', "1").replace('"n"', "0"))
    return numbered


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "no example"),
        ('{"text": "good", "label": "y"}\n{"text": " ", "label": "n"}\n', "rows.jsonl:2 has no text"),
        ('{"words": "good", "label": "y"}\n{"words": "bad", "label": "n"}\n', "rows.jsonl:1 has none of the columns"),
        ('{"text": "good"}\n', "rows.jsonl:1 has none of the columns"),
        ('{"text": "good", "label": "y"}\n{"text": "bad"}\n', "rows.jsonl:2 has no label"),
        ('{"text": "good", "label": "y"}\n', "two labels"),
    ],
)
def test_files_that_teach_nothing(refused: Any, request_for: Any, content: str, expected: str) -> None:
    request = request_for("text-classification")
    request.train.write_text(content)
    assert expected in str(refused(request))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"task": "feature-extraction"}, "has no labels"),
        ({"task": "auto"}, "Pass --task: text-classification"),
        ({"task": "poetry"}, "Unknown task"),
        ({"max_length": 65}, "takes 5 to 64 tokens"),
        ({"max_length": 4}, "takes 5 to 64 tokens"),
    ],
)
def test_requests_that_make_no_sense(refused: Any, request_for: Any, changes: dict[str, Any], expected: str) -> None:
    assert expected in str(refused(replace(request_for("text-classification"), **changes)))


def test_an_output_that_exists_is_left_alone(run: Any, request_for: Any) -> None:
    request = request_for("text-classification")
    request.output.mkdir()
    with pytest.raises(UsageError, match="exists; it is left alone"):
        run(request)
    assert list(request.output.iterdir()) == []


def interrupt_at(patch: pytest.MonkeyPatch, number: int) -> None:
    """SIGINT in the middle of a step, which comes to its end all the same."""
    import signal

    from edgelm.compress import train

    update = train._Run._update

    def interrupted(self: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        update(self)

    patch.setattr(train._Run, "_update", killed.at_call(number, update, interrupted))


def test_ctrl_c_leaves_a_state_that_says_whose_it_is(
    run: Any, refused: Any, request_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_for("text-classification")
    whole = run(replace(request, output=request.output.with_name("whole")))
    with monkeypatch.context() as patch:
        interrupt_at(patch, 3)
        with pytest.raises(KeyboardInterrupt):
            run(request)
    assert not request.output.exists()
    assert "--resume" in str(refused(request))
    other = replace(request, resume=True, settings=replace(request.settings, learning_rate=2e-3))
    assert "learning_rate was 0.001, is 0.002" in str(refused(other))
    assert weights(run(replace(request, resume=True))) == weights(whole)


def test_a_training_that_diverges_leaves_its_last_good_weights(
    refused: Any, request_for: Any, torch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file

    from edgelm.compress import objectives

    loss, calls = objectives._classes, []

    def losing(outputs: Any, targets: Any) -> Any:
        calls.append(1)
        return loss(outputs, targets) * (float("nan") if len(calls) > 3 else 1.0)

    monkeypatch.setitem(objectives._LOSSES, "text-classification", losing)
    request = request_for("text-classification", evaluation=None)
    error = refused(request)
    assert error.exit_code == 2
    assert "after 3 steps" in str(error)
    assert "lower learning rate" in str(error)
    left = request.output.with_name("out.diverged")
    assert str(left) in str(error)
    assert all(torch.isfinite(tensor).all() for tensor in load_file(left / "model.safetensors").values())
    assert sorted(path.name for path in left.parent.iterdir()) == ["out.diverged"]


def test_a_full_disk_leaves_the_state_before(
    run: Any, refused: Any, request_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RLIMIT_FSIZE: the system itself refuses the write, as a full disk does."""
    import resource

    from edgelm.compress import state

    request = replace(request_for("text-classification"), checkpoint_seconds=0.0)
    whole = run(replace(request, output=request.output.with_name("whole"), checkpoint_seconds=1e9))
    save_file, before = state.save_file, resource.getrlimit(resource.RLIMIT_FSIZE)

    def on_a_full_disk(*arguments: Any) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
        try:
            save_file(*arguments)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    with monkeypatch.context() as patch:
        patch.setattr(state, "save_file", killed.at_call(3, save_file, on_a_full_disk))
        message = str(refused(request))
    assert os.strerror(errno.EFBIG) in message
    assert "--resume" in message
    assert [path.name for path in request.unfinished.iterdir()] == [state.FILE]
    assert weights(run(replace(request, resume=True))) == weights(whole)
