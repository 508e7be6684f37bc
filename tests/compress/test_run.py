"""Compressions from beginning to end on tiny models: every kind of pass, and what can go wrong."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.compress.passes import Depth, Distill, Embedding, Qat, Vocab, Width
from edgelm.compress.recipe import Recipe, to_toml
from edgelm.errors import BudgetError, UsageError

GOOD = ("good", "great", "love", "like", "really good")
BAD = ("bad", "boring", "hate", "not good", "really bad")
SUBJECTS = ("the movie was", "the film is", "it was", "i think he is", "a movie that is", "paris is")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Labelled and unlabelled files of a task with three labels."""
    folder = tmp_path_factory.mktemp("data")
    rows = [(f"{s} {w}", label) for s in SUBJECTS for label, words in enumerate((BAD, GOOD)) for w in words]
    rows += [(f"{s} in london ?", 2) for s in SUBJECTS]
    text = "sentence\tlabel\n" + "".join(f"{sentence}\tLABEL_{label}\n" for sentence, label in rows)
    (folder / "train.tsv").write_text(text)
    (folder / "dev.tsv").write_text(text)
    (folder / "more.txt").write_text("\n".join(f"{s} very {w} !" for s in SUBJECTS for w in GOOD + BAD))
    return {"train": folder / "train.tsv", "evaluation": folder / "dev.tsv", "more": folder / "more.txt"}


@pytest.fixture(scope="module")
def teacher(make_checkpoint: Any) -> Path:
    return make_checkpoint("bert", "text-classification", num_hidden_layers=3)


@pytest.fixture(scope="module")
def compress(torch: Any, data: dict[str, Path]) -> Callable[..., list[Any]]:  # noqa: ARG001
    """``compress(model, output, *recipes, **settings)``: the students."""
    from edgelm.compress.run import CompressRequest
    from edgelm.compress.run import compress as run

    def call(model: Path, output: Path, *recipes: Recipe, log: list[str] | None = None, **settings: Any) -> list[Any]:
        given = {"train": data["train"], "evaluation": data["evaluation"], "precision": "fp32", "threads": 1}
        request = CompressRequest(str(model), recipes, output=output, **{**given, **settings})
        return run(request, (log if log is not None else []).append, lambda _: None)

    return call


SHORT = Distill(epochs=2.0, learning_rate=1e-3, batch_size=16, evaluations_per_epoch=1)
WIDTH = Width(hidden_size=24, heads=3, head_size=6, intermediate_size=32, samples=32)
EVERY = Recipe(
    "every",
    passes=(
        Vocab(),
        Depth(layers=2, samples=32),
        Embedding(rank=16),
        replace(SHORT, prune=WIDTH, prune_steps=2, prune_start=0.1, attention=0.5, relations=0.5, labels=0.5),
        replace(SHORT, teacher="assistant", epochs=1.0, augment=1),
    ),
)


def digests(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("model.safetensors", "config.json", "tokenizer.json")}


def test_every_pass(
    compress: Any, teacher: Path, open_model: Any, tmp_path: Path, reference: Any, make_batch: Any, torch: Any
) -> None:
    from edgelm.compress import lineage
    from edgelm.graph.interpreter import Interpreter

    log: list[str] = []
    (student,) = compress(teacher, tmp_path / "student", EVERY, log=log)
    model = open_model(tmp_path / "student")
    encoder = model.encoder
    assert (len(encoder.layers), encoder.hidden_size, encoder.word_rank) == (2, 24, 16)
    assert {(one.num_attention_heads, one.head_size, one.intermediate_size) for one in encoder.layers} == {(3, 6, 32)}
    batch = make_batch(model)
    found = Interpreter(model.graph("text-classification", 40))(batch)["logits"]
    expected = reference(tmp_path / "student", "text-classification", batch)["logits"]
    assert np.abs(found - expected).max() < 1e-5

    record = lineage.read(tmp_path / "student")
    assert record == student.record
    assert [one.kind for one in record.passes] == ["vocab", "depth", "embedding", "distill", "distill"]
    assert [one.input_digest for one in record.passes[1:]] == [one.output_digest for one in record.passes[:-1]]
    assert record.passes[-1].output_digest == model.checkpoint.digest == record.student_digest
    assert model.checkpoint.parent_digest == record.teacher.digest == open_model(teacher).checkpoint.digest
    parameters = sum(p.numel() for p in torch.nn.ModuleList([_loaded(tmp_path / "student")]).parameters())
    assert record.sizes.total == parameters
    assert sum("distill" in line for line in log) == 2
    assert not list(tmp_path.glob("*.passes"))


def _loaded(folder: Path) -> Any:
    import transformers

    return transformers.AutoModelForSequenceClassification.from_pretrained(folder)


def test_same_seed_same_bytes(compress: Any, teacher: Path, tmp_path: Path) -> None:
    compress(teacher, tmp_path / "one", EVERY)
    compress(teacher, tmp_path / "two", EVERY)
    compress(teacher, tmp_path / "other", EVERY, seed=1)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert digests(tmp_path / "one")["model.safetensors"] != digests(tmp_path / "other")["model.safetensors"]


def test_recipes_share_what_they_begin_with(compress: Any, teacher: Path, tmp_path: Path) -> None:
    first = Recipe("first", passes=(Depth(layers=2, samples=32), SHORT))
    second = Recipe("second", passes=(*first.passes, replace(SHORT, prune=WIDTH, prune_steps=1)))
    both = compress(teacher, tmp_path / "both", first, second)
    assert [one.status for one in both[1].record.passes] == ["reused", "reused", "done"]
    compress(teacher, tmp_path / "alone", second)
    assert digests(tmp_path / "both" / "second") == digests(tmp_path / "alone")


def test_few_rows_are_seen_more_often(compress: Any, teacher: Path, data: dict[str, Path], tmp_path: Path) -> None:
    """``least_steps`` is another way to ask for the epochs that make so many."""
    rows = len(data["train"].read_text().splitlines()) - 1
    depth = Depth(layers=2, samples=32)
    few = replace(SHORT, epochs=0.5, least_steps=2 * math.ceil(rows / SHORT.batch_size))
    enough = replace(SHORT, least_steps=1)
    for name, config in {"few": few, "usual": SHORT, "enough": enough}.items():
        compress(teacher, tmp_path / name, Recipe(name, passes=(depth, config)))
    assert digests(tmp_path / "few") == digests(tmp_path / "usual") == digests(tmp_path / "enough")


def test_pass_that_changes_nothing_is_skipped(compress: Any, teacher: Path, open_model: Any, tmp_path: Path) -> None:
    recipe = Recipe("idle", passes=(Depth(layers=6), Width(hidden_size=64), Embedding(rank=40)), at_most=True)
    (student,) = compress(teacher, tmp_path / "student", recipe)
    assert [one.status for one in student.record.passes] == ["skipped"] * 3
    assert open_model(tmp_path / "student").checkpoint.digest == open_model(teacher).checkpoint.digest


def test_distillation_without_labels_teaches(
    compress: Any, teacher: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    """On unlabelled texts alone the student comes nearer to what the teacher says."""
    recipe = Recipe("near", passes=(Depth(layers=2, samples=16), replace(SHORT, epochs=20.0, learning_rate=2e-3)))
    (student,) = compress(
        teacher, tmp_path / "student", recipe, train=data["train"], evaluation=None, unlabelled=(data["more"],)
    )
    assert student.record.score is None
    assert [(one.role, one.rows) for one in student.record.data] == [("train", 66), ("unlabelled", 60)]
    (cut,) = compress(teacher, tmp_path / "cut", Recipe("cut", passes=recipe.passes[:1]), evaluation=None)
    errors = [_distance(folder, teacher) for folder in (student.folder, cut.folder)]
    assert errors[0] < 0.5 * errors[1], errors


def _distance(folder: Path, teacher: Path) -> float:
    """Between the probabilities that two models of one tokenizer give, over texts."""
    import torch
    import transformers

    texts = [f"{s} {w}" for s in SUBJECTS for w in GOOD + BAD]
    inputs = transformers.AutoTokenizer.from_pretrained(teacher)(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        a, b = (_loaded(one).eval()(**inputs).logits.softmax(-1) for one in (folder, teacher))
    return float((a - b).abs().sum())


def test_budget_in_milliseconds_is_met_as_measured(
    compress: Any, make_checkpoint: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A student that is slower than its table says is cut once more; a real table, a clock that is a tenth slow."""
    from edgelm.compress import latency
    from edgelm.compress.budgets import Costs, encoder_config
    from edgelm.families.base import POOLED
    from edgelm.nn import canonical

    monkeypatch.setenv("EDGELM_CACHE", str(tmp_path))
    monkeypatch.setattr(latency, "ROUNDS", 1)
    monkeypatch.setattr(latency, "SECONDS", 0.002)
    teacher = make_checkpoint("bert", "text-classification", hidden_size=128, intermediate_size=2048)
    whole = canonical(teacher, "text-classification").config
    table = Costs("onnx", POOLED, 1, lambda _: None).table(whole)
    monkeypatch.setattr(Costs, "measured", lambda _, config: 1.1 * table.predict(encoder_config(config)))
    limit = 0.8 * table.predict(encoder_config(whole))
    recipe = Recipe("fast", passes=(Width(latency_ms=limit, samples=32),))
    (student,) = compress(teacher, tmp_path / "student", recipe, target="onnx")
    told = [one for one in student.record.passes[0].note.split("; ") if one.startswith("predicted")]
    assert len(told) >= 2
    assert 1.1 * table.predict(encoder_config(canonical(student.folder, "text-classification").config)) <= limit
    assert student.record.sizes.encoder < student.record.teacher.sizes.encoder

    monkeypatch.setattr(Costs, "measured", lambda _, __: 2 * limit)
    with pytest.raises(BudgetError, match="were not reached: the best of"):
        compress(teacher, tmp_path / "other", recipe, target="onnx")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("budget", [{"flops": 0.6}, {"density": 0.5}, {"parameters": 12_000}])
def test_training_free_pruning_is_better_with_reconstruction(
    budget: dict[str, Any], compress: Any, teacher: Path, tmp_path: Path
) -> None:
    from edgelm.compress.budgets import everything
    from edgelm.compress.search import flops, parameters
    from edgelm.nn import canonical

    errors = []
    for reconstruct in (True, False):
        recipe = Recipe("cut", passes=(Width(**budget, multiple=4, samples=66, reconstruct=reconstruct),))
        (student,) = compress(teacher, tmp_path / str(reconstruct), recipe)
        config, whole = (canonical(one, "text-classification").config for one in (student.folder, teacher))
        count = flops if "flops" in budget else parameters
        arguments = (128,) if "flops" in budget else ()
        kept, all_of_it = (
            count(one.hidden_size, one.head_sizes, *arguments).total(everything(one)) for one in (config, whole)
        )
        limit = budget.get("parameters") or next(iter(budget.values())) * all_of_it
        assert 0.7 * limit < kept <= limit
        errors.append(_distance(student.folder, teacher))
    assert errors[0] < errors[1]


def test_sentence_encoder_keeps_its_space(compress: Any, make_sentence_model: Any, tmp_path: Path, torch: Any) -> None:
    from edgelm.nn import load

    teacher = make_sentence_model(num_hidden_layers=3)
    rows = "".join(
        f"{a} {w}\t{b} {v}\t{i % 6}\n"
        for i, (a, b, w, v) in enumerate(zip(SUBJECTS[1:], SUBJECTS[::-1][1:], GOOD, BAD, strict=True))
    )
    path = tmp_path / "sts.tsv"
    path.write_text("sentence1\tsentence2\tscore\n" + rows * 4)
    passes = (Depth(layers=2, samples=16), replace(SHORT, epochs=12.0, learning_rate=3e-3, prune=WIDTH, prune_steps=2))
    (student,) = compress(teacher, tmp_path / "student", Recipe("s", passes=passes), train=path, evaluation=path)
    ids = torch.tensor([[2, *range(5, 17), 3]])
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    with torch.no_grad():
        own, theirs = (
            load(one, "sentence-similarity")(**inputs).sentence_embedding for one in (student.folder, teacher)
        )
    assert own.shape == theirs.shape
    assert float((own * theirs).sum()) > 0.5
    assert json.loads((student.folder / "modules.json").read_text())[2]["type"].endswith("Dense")


@pytest.mark.parametrize("task", ["token-classification", "question-answering", "fill-mask", "multiple-choice"])
def test_other_tasks(task: str, compress: Any, make_checkpoint: Any, open_model: Any, tmp_path: Path) -> None:
    labels = {"num_labels": 3, "id2label": {0: "O", 1: "B-LOC", 2: "I-LOC"}} if task == "token-classification" else {}
    teacher = make_checkpoint("bert", task, num_hidden_layers=3, **labels)
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(json.dumps(_row(task, i)) for i in range(24)))
    passes = (
        Vocab(),
        Depth(layers=2, samples=16),
        replace(SHORT, prune=WIDTH, prune_steps=1, attention=0.1, relations=0.1, labels=0.1),
        Width(density=0.8, samples=16, multiple=4, reconstruct=True),
    )
    (student,) = compress(teacher, tmp_path / "student", Recipe("s", passes=passes), train=path, evaluation=path)
    assert open_model(student.folder).resolve_task() == task
    assert student.record.score is not None


def _row(task: str, i: int) -> dict[str, Any]:
    subject, word = SUBJECTS[i % len(SUBJECTS)], GOOD[i % len(GOOD)]
    if task == "token-classification":
        return {"tokens": [*subject.split(), "in", "paris"], "tags": ["O"] * len(subject.split()) + ["O", "B-LOC"]}
    if task == "question-answering":
        return {
            "question": "who is it ?",
            "context": f"{subject} {word} he",
            "answers": [{"text": word, "answer_start": len(subject) + 1}],
        }
    if task == "multiple-choice":
        return {"question": subject, "choices": [word, "not good", "bad"], "label": i % 3}
    return {"text": f"{subject} {word} [MASK] .", "answer": "film"}


# -- quantization-aware training ---------------------------------------------------------------------------------------

QAT = Qat(epochs=3.0, learning_rate=1e-3, batch_size=16, evaluations_per_epoch=1, samples=32)
TRAINED = Recipe("trained", passes=(Depth(layers=2, samples=16), QAT))


@pytest.fixture(scope="module")
def wide_teacher(make_checkpoint: Any) -> Path:
    """Whose matrices are large enough to be quantized."""
    sizes = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3}
    return make_checkpoint("bert", "text-classification", **sizes)


@pytest.mark.parametrize("outputs", ["int8", "float32"])
def test_a_trained_int8_student_is_its_graphs(
    outputs: Any, compress: Any, wide_teacher: Path, data: dict[str, Path], open_model: Any, tmp_path: Path
) -> None:
    """Recorded with the metric of its integers, and exported with its own ranges it answers as it was trained."""
    from edgelm.compress import quantize
    from edgelm.compress.evaluate import Evaluator
    from edgelm.datasets import read_examples
    from edgelm.graph.interpreter import Interpreter
    from edgelm.graph.quantize import apply_scheme
    from edgelm.tokenizer import TextTokenizer

    recipe = replace(TRAINED, passes=(TRAINED.passes[0], replace(QAT, outputs=outputs)))
    log: list[str] = []
    (student,) = compress(wide_teacher, tmp_path / "student", recipe, log=log)
    model = open_model(student.folder)
    assert (model.quantization.scheme, model.quantization.outputs) == ("static_wi8_ai8", outputs)
    assert ("layers.1.query" in model.calibration.ranges) == (outputs == "int8")
    assert [one.title for one in student.record.passes] == ["depth to 2 layers", _title(outputs)]

    prepared = quantize.load(student.folder, "text-classification")
    labels = tuple(prepared.config.id2label.values())
    examples = tuple(read_examples(data["evaluation"], "text-classification", labels))
    tokenizer = TextTokenizer.from_checkpoint(student.folder, None)
    evaluator = Evaluator(tokenizer, "text-classification", labels, 64, examples)
    assert student.record.score == evaluator.main(prepared)

    scheme = replace(quantize.SCHEMES["static_wi8_ai8"], outputs=outputs)
    graph = apply_scheme(model.graph("text-classification", 64), scheme, model.calibration)
    assert sum(node.op == "quantized_linear" for node in graph.nodes) == 13
    run = Interpreter(graph)
    errors = [_error(run, prepared, tokenizer, example.text) for example in examples]
    assert np.median(errors) < 1e-4
    assert np.mean(errors) < 1e-2, "a text now and then has a value in the middle of two steps"


def _title(outputs: str) -> str:
    return "qat epochs 3" if outputs == "int8" else "qat float32 outputs, epochs 3"


def _error(run: Any, prepared: Any, tokenizer: Any, text: str) -> float:
    import torch

    feed = tokenizer.batch([text], ("input_ids", "attention_mask", "token_type_ids"))
    with torch.no_grad():
        own = prepared(**{name: torch.from_numpy(value.astype(np.int64)) for name, value in feed.items()}).logits
    return float(np.abs(run(feed)["logits"] - own.numpy()).max())


@pytest.mark.parametrize(
    "step",
    [
        replace(QAT, ranges="moving", ema=0.9),
        replace(QAT, teacher="itself", labels=0.5, attention=0.5, relations=0.5),
        Qat(scheme="dynamic_wi8_afp32", epochs=1.0, batch_size=16, augment=1),
    ],
    ids=["moving", "itself", "dynamic"],
)
def test_int8_training_of_the_same_seed_gives_the_same_bytes(
    step: Qat, compress: Any, wide_teacher: Path, tmp_path: Path
) -> None:
    passes = (Vocab(), replace(SHORT, prune=Width(heads=3, samples=16), prune_steps=1), step)
    for name in ("one", "two"):
        compress(wide_teacher, tmp_path / name, Recipe("q", passes=passes))
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    record = json.loads((tmp_path / "one" / "config.json").read_text())["quantization"]
    assert (record["scheme"], bool(record["ranges"])) == (step.scheme, step.scheme == "static_wi8_ai8")


def test_a_student_that_exists_learns_int8_from_its_teacher(
    compress: Any, wide_teacher: Path, open_model: Any, tmp_path: Path
) -> None:
    """In bfloat16, the integers of which are exact; its metric is float32's again."""
    narrow = Recipe("s", passes=(Depth(layers=2, samples=16), Width(hidden_size=48, samples=16)))
    (student,) = compress(wide_teacher, tmp_path / "student", narrow)
    recipe = Recipe("q", passes=(replace(QAT, teacher="original"),))
    (trained,) = compress(
        student.folder, tmp_path / "trained", recipe, teacher=str(wide_teacher), precision="bf16", seed=3
    )
    assert trained.record.teacher.digest == open_model(wide_teacher).checkpoint.digest
    assert open_model(trained.folder).encoder == open_model(student.folder).encoder
    assert {"layers.0.up", "layers.1.activation"} < open_model(trained.folder).calibration.ranges.keys()


def test_a_cut_of_a_trained_int8_model_drops_its_ranges(
    compress: Any, wide_teacher: Path, open_model: Any, tmp_path: Path
) -> None:
    (student,) = compress(wide_teacher, tmp_path / "student", TRAINED)
    log: list[str] = []
    compress(student.folder, tmp_path / "smaller", Recipe("d", passes=(Depth(layers=1, samples=16),)), log=log)
    assert open_model(tmp_path / "smaller").quantization is None
    assert any("int8 ranges of the model do not survive" in line for line in log)


def test_interrupted_int8_training_goes_on_to_the_same_bytes(
    compress: Any, wide_teacher: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    from edgelm.compress.run import CompressRequest
    from edgelm.compress.run import compress as run

    def interrupt(_: Any) -> None:
        raise KeyboardInterrupt

    compress(wide_teacher, tmp_path / "whole", TRAINED)
    given = {"train": data["train"], "evaluation": data["evaluation"], "precision": "fp32", "threads": 1}
    request = CompressRequest(str(wide_teacher), (TRAINED,), output=tmp_path / "student", **given)
    with pytest.raises(KeyboardInterrupt):
        run(request, lambda _: None, interrupt)
    assert list(tmp_path.glob("student.passes/qat-*/state/*.safetensors"))
    (student,) = compress(wide_teacher, tmp_path / "student", TRAINED, resume=True)
    assert [one.status for one in student.record.passes] == ["reused", "done"]
    assert digests(tmp_path / "student") == digests(tmp_path / "whole")


# -- what can go wrong -------------------------------------------------------------------------------------------------


def test_student_that_loses_too_much_is_rejected(compress: Any, teacher: Path, tmp_path: Path) -> None:
    recipe = Recipe("cut", passes=(Width(density=0.3, samples=16, multiple=4),))
    (student,) = compress(teacher, tmp_path / "student", recipe, max_drop=-1.0)
    assert "more than --max-drop -1" in student.failure
    assert student.folder == tmp_path / "student.rejected"
    assert not (tmp_path / "student").exists()
    assert (tmp_path / "student.rejected" / "compression.json").is_file()


def test_budget_out_of_reach_says_the_best(compress: Any, teacher: Path, tmp_path: Path) -> None:
    with pytest.raises(BudgetError, match="cannot be met: one head and 8 units in every layer cost"):
        compress(teacher, tmp_path / "student", Recipe("cut", passes=(Width(parameters=10, samples=16),)))


def test_teacher_of_another_vocabulary(compress: Any, teacher: Path, make_checkpoint: Any, tmp_path: Path) -> None:
    other = make_checkpoint("roberta", "text-classification")
    with pytest.raises(UsageError, match="share no tokenizer"):
        compress(teacher, tmp_path / "student", Recipe("s", passes=(SHORT,)), teacher=str(other))
    wider = make_checkpoint("bert", "text-classification", hidden_size=64)
    (student,) = compress(teacher, tmp_path / "student", Recipe("s", passes=(SHORT,)), teacher=str(wider))
    assert student.record.teacher.sizes.total > student.record.sizes.total


def test_training_that_diverges_says_so(compress: Any, teacher: Path, tmp_path: Path) -> None:
    recipe = Recipe("s", passes=(replace(SHORT, learning_rate=1.0, epochs=60.0, logits=1.0),))
    import torch

    from edgelm.compress import outputs

    real = outputs._softmax_divergence
    calls = []

    def poisoned(*arguments: Any) -> Any:
        calls.append(1)
        return real(*arguments) * (float("nan") if len(calls) > 7 else 1.0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(outputs._DIVERGENCES, "softmax", poisoned)  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="diverged: after 7 steps"):
            compress(teacher, tmp_path / "student", recipe)
    assert not (tmp_path / "student").exists()
    (state,) = (tmp_path / "student.passes").glob("distill-*/segment-0/state")
    from safetensors.torch import load_file

    tensors = load_file(next(state.rglob("*.safetensors")))
    assert all(torch.isfinite(value).all() for value in tensors.values())


def test_unfinished_run_is_not_lost(compress: Any, teacher: Path, tmp_path: Path) -> None:
    """The same command without --resume neither goes on by itself nor throws hours of work away."""
    done, never = Depth(layers=2, samples=16), Width(parameters=10, samples=16)
    with pytest.raises(BudgetError):
        compress(teacher, tmp_path / "student", Recipe("s", passes=(done, never)))
    kept = sorted((tmp_path / "student.passes").rglob("*"))
    with pytest.raises(UsageError, match="Go on with --resume"):
        compress(teacher, tmp_path / "student", Recipe("s", passes=(done,)))
    assert sorted((tmp_path / "student.passes").rglob("*")) == kept
    (student,) = compress(teacher, tmp_path / "student", Recipe("s", passes=(done,)), resume=True)
    assert [one.status for one in student.record.passes] == ["reused"]


def test_folder_that_is_no_student_is_left_alone(compress: Any, teacher: Path, tmp_path: Path) -> None:
    (tmp_path / "student").mkdir()
    (tmp_path / "student" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="is no student"):
        compress(teacher, tmp_path / "student", EVERY)
    assert (tmp_path / "student" / "thesis.txt").read_text() == "mine"


COMMAND = ("-m", "edgelm", "compress")


def _start(
    model: Path, recipe: Path, data: dict[str, Path], output: Path, *more: str, launcher: tuple[str, ...] = ()
) -> Any:
    arguments = ["--recipe", recipe, "--train", data["train"], "--eval", data["evaluation"], "-o", output, *more]
    command = [sys.executable, *launcher, *COMMAND, model, "--precision", "fp32", "--threads", "1", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    return subprocess.Popen([*map(str, command)], stderr=subprocess.PIPE, text=True, env=environment)


def test_killed_run_goes_on_to_the_same_bytes(
    compress: Any, teacher: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    recipe = Recipe("long", passes=(*EVERY.passes[:3], replace(EVERY.passes[3], epochs=25.0), EVERY.passes[4]))
    (tmp_path / "long.toml").write_text(to_toml(recipe))
    compress(teacher, tmp_path / "whole", recipe)
    output, kills = tmp_path / "student", 0
    for delay in (0.2, 0.9, 1.7):
        process = _start(teacher, tmp_path / "long.toml", data, output, "--resume")
        _wait_for(tmp_path / "student.passes", process)
        time.sleep(delay)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate()
    last = _start(teacher, tmp_path / "long.toml", data, output, "--resume")
    _, log = last.communicate()
    assert last.returncode == 0, log
    assert kills
    assert digests(output) == digests(tmp_path / "whole")


def _wait_for(folder: Path, process: Any) -> None:
    while process.poll() is None and not any(folder.glob("*/*")):
        time.sleep(0.05)


def test_two_processes_make_one_student(
    teacher: Path, wide_teacher: Path, data: dict[str, Path], open_model: Any, tmp_path: Path
) -> None:
    launcher = ("-m", "accelerate.commands.launch", "--num_processes", "2", "--cpu", "--num_machines", "1")
    launcher += ("--mixed_precision", "no", "--dynamo_backend", "no")
    moving = Recipe("moving", passes=(replace(QAT, ranges="moving", epochs=1.0),))
    for model, recipe, hidden_size in ((teacher, EVERY, 24), (wide_teacher, moving, 64)):
        output = tmp_path / recipe.name
        path = tmp_path / f"{recipe.name}.toml"
        path.write_text(to_toml(recipe))
        process = _start(model, path, data, output, launcher=launcher)
        _, log = process.communicate()
        assert process.returncode == 0, log
        assert open_model(output).encoder.hidden_size == hidden_size
        assert not output.with_name(f"{output.name}.passes").exists()
    assert open_model(output).calibration is not None
