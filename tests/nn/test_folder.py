"""Every checkpoint becomes edgelm's own encoder, and a saved one is an ordinary Hugging Face folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.checkpoint import SETTINGS, Prompts, read_prompts, read_sentence_modules
from edgelm.errors import UnsupportedError, UsageError
from edgelm.families import FAMILIES
from edgelm.graph.interpreter import Interpreter

UNTRAINED = {
    "nezha": "relative positions in every layer, no position table",
    "roformer": "rotary positions, no position table",
    "modernbert": "rotary positions, local attention, LayerNorms before the sub-layers, a gated feed-forward network, "
    "no position table, layers without biases",
    "deberta-v2": "relative positions in every layer, no position table",
}
"""What has no form in edgelm's own encoder, and why."""
MODEL_TYPES = [kind for family in FAMILIES for kind in family.model_types if kind not in UNTRAINED]
TASKS = (
    "feature-extraction",
    "text-classification",
    "token-classification",
    "question-answering",
    "multiple-choice",
    "fill-mask",
)
OUTPUTS = {
    "feature-extraction": ("last_hidden_state",),
    "question-answering": ("start_logits", "end_logits"),
    "sentence-similarity": ("sentence_embedding",),
}
POOLINGS: dict[str, dict[str, Any]] = {
    "mean": {},
    "cls": {"pooling": ("cls",), "normalize": False},
    "max-mean": {"pooling": ("max", "mean")},
    "root": {"pooling": ("mean_sqrt_len_tokens",), "dense": "Tanh"},
    "dense": {"dense": "Identity"},
}
LARGEST_ERROR = 1e-5


def answers(torch: Any, model: Any, task: str, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    tensors = {name: torch.from_numpy(array).long() for name, array in batch.items()}
    if task == "multiple-choice":
        tensors = {name: tensor.unsqueeze(0) for name, tensor in tensors.items()}
    with torch.no_grad():
        outputs = model.eval()(**tensors)
    found = {name: outputs[name].numpy() for name in OUTPUTS.get(task, ("logits",))}
    return {"logits": found["logits"].T} if task == "multiple-choice" else found


def assert_close(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert list(found) == list(expected)
    for name, values in expected.items():
        error = np.abs(found[name] - values).max()
        print(f"{name}: max abs {error:.2e} of {np.abs(values).max():.2f}")
        assert found[name].shape == values.shape
        assert error < LARGEST_ERROR
        assert np.abs(values).max() > 0.05


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("family", MODEL_TYPES)
def test_canonical_equals_hugging_face(
    family: str, task: str, make_checkpoint: Any, open_model: Any, make_batch: Any, reference: Any, torch: Any
) -> None:
    from edgelm import nn

    folder = make_checkpoint(family, task)
    batch = make_batch(open_model(folder))
    model = nn.canonical(folder, task)
    assert_close(answers(torch, model, task, batch), reference(folder, task, batch))


@pytest.mark.parametrize(("family", "features"), UNTRAINED.items(), ids=UNTRAINED)
@pytest.mark.usefixtures("torch")
def test_what_has_no_form_in_it_is_refused(family: str, features: str, make_checkpoint: Any) -> None:
    from edgelm import nn

    with pytest.raises(UnsupportedError) as raised:
        nn.canonical(make_checkpoint(family, "text-classification"), "text-classification")
    assert f"({family}) has {features}: edgelm exports such encoders" in raised.value.message
    assert "bert" in raised.value.hint


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("family", ["bert", "roberta", "albert", "mpnet", "edgelm"])
def test_saved_folder_is_hugging_faces_and_the_graphs(
    family: str,
    task: str,
    make_checkpoint: Any,
    open_model: Any,
    make_batch: Any,
    reference: Any,
    torch: Any,
    tmp_path: Path,
) -> None:
    from edgelm import nn

    folder, student = make_checkpoint(family, task), tmp_path / "student"
    model = nn.canonical(folder, task)
    nn.save(model, folder, student)
    opened = open_model(student)
    batch = make_batch(opened)
    assert opened.resolve_task() == task
    expected = answers(torch, model, task, batch)
    assert_close(reference(student, task, batch), expected)
    assert_close(Interpreter(opened.graph(task, 40))(batch), expected)
    assert (student / "tokenizer.json").read_bytes() == (folder / "tokenizer.json").read_bytes()


@pytest.mark.parametrize("task", TASKS)
def test_forward_names_its_inputs(task: str, make_checkpoint: Any) -> None:
    """transformers' Trainer and edgelm's training drop what a signature does not name."""
    import inspect

    from edgelm import nn

    names = inspect.signature(nn.canonical(make_checkpoint("bert", task), task).forward).parameters
    assert {"input_ids", "attention_mask", "token_type_ids"} <= names.keys()


def test_untied_decoder(
    make_checkpoint: Any, open_model: Any, make_batch: Any, reference: Any, torch: Any, tmp_path: Path
) -> None:
    from edgelm import nn

    folder = make_checkpoint("bert", "fill-mask", tie_word_embeddings=False)
    model = nn.canonical(folder, "fill-mask")
    assert not model.config.tie_word_embeddings
    nn.save(model, folder, tmp_path / "student")
    batch = make_batch(open_model(folder))
    assert_close(answers(torch, model, "fill-mask", batch), reference(folder, "fill-mask", batch))
    assert_close(reference(tmp_path / "student", "fill-mask", batch), reference(folder, "fill-mask", batch))


@pytest.mark.parametrize("task", ["feature-extraction", "fill-mask"])
def test_word_rank(task: str, make_checkpoint: Any, open_model: Any, make_batch: Any, reference: Any) -> None:
    folder = make_checkpoint("edgelm", task, word_rank=8)
    opened = open_model(folder)
    batch = make_batch(opened)
    assert opened.encoder.word_rank == 8
    assert_close(Interpreter(opened.graph(task, 40))(batch), reference(folder, task, batch))


@pytest.mark.parametrize("settings", POOLINGS.values(), ids=POOLINGS)
def test_sentence_encoder(
    settings: dict[str, Any],
    make_sentence_model: Callable[..., Path],
    open_model: Any,
    make_batch: Any,
    torch: Any,
    tmp_path: Path,
) -> None:
    from edgelm import nn

    task, folder = "sentence-similarity", make_sentence_model(**settings)
    opened = open_model(folder)
    batch = make_batch(opened)
    model = nn.canonical(folder, task)
    expected = Interpreter(opened.graph(task, 40))(batch)
    assert_close(answers(torch, model, task, batch), expected)
    assert_close(answers(torch, nn.load(folder, task), task, batch), expected)
    nn.save(model, folder, tmp_path / "student")
    assert_close(answers(torch, nn.load(tmp_path / "student", task), task, batch), expected)
    assert_close(Interpreter(open_model(tmp_path / "student").graph(task, 40))(batch), expected)


def test_prompts_stay(make_sentence_model: Callable[..., Path], tmp_path: Path) -> None:
    from edgelm import nn

    folder = make_sentence_model()
    (folder / SETTINGS).write_text('{"prompts": {"query": "q: "}, "default_prompt_name": "query"}')
    nn.save(nn.canonical(folder, "sentence-similarity"), folder, tmp_path / "student")
    student = tmp_path / "student"
    assert read_prompts(student, read_sentence_modules(student)) == Prompts({"query": "q: "}, "query")


def test_student_trains_in_hugging_faces_way(make_checkpoint: Any, torch: Any) -> None:
    """Labels in, a loss out, and the loss falls."""
    import transformers

    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        make_checkpoint("edgelm", "text-classification")
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    ids, labels = torch.randint(5, 100, (8, 12), generator=torch.Generator().manual_seed(0)), torch.arange(8) % 3
    losses = []
    for _ in range(10):
        loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


@pytest.mark.usefixtures("torch")
def test_student_loads_where_edgelm_is_not_installed(make_checkpoint: Any, tmp_path: Path) -> None:
    """From the code beside its weights, in a process whose path has no edgelm."""
    import subprocess
    import sys

    from edgelm import nn

    folder = tmp_path / "student"
    nn.save(
        nn.canonical(make_checkpoint("edgelm", "text-classification"), "text-classification"),
        make_checkpoint("edgelm"),
        folder,
    )
    script = f"""
import sys
sys.modules["edgelm"] = None
import transformers
model = transformers.AutoModelForSequenceClassification.from_pretrained({str(folder)!r}, trust_remote_code=True)
print(type(model).__name__, type(model).__module__.startswith("transformers_modules"))
"""
    environment = {"HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, env=environment, check=False
    )
    assert done.stdout.split() == ["EdgeLMForSequenceClassification", "True"], done.stderr


@pytest.mark.usefixtures("torch")
def test_folder_that_exists_is_left_alone(make_checkpoint: Any, tmp_path: Path) -> None:
    from edgelm import nn

    folder = make_checkpoint("bert")
    (tmp_path / "student").mkdir()
    with pytest.raises(UsageError, match="exists already"):
        nn.save(nn.canonical(folder, "feature-extraction"), folder, tmp_path / "student")
    assert list((tmp_path / "student").iterdir()) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("attention_heads", [4]),
        ("head_sizes", [8, 0]),
        ("intermediate_sizes", "48"),
        ("hidden_size", None),
        ("word_rank", -1),
    ],
)
def test_config_that_makes_no_sense(key: str, value: Any, make_checkpoint: Any, refusal: Any, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(make_checkpoint("edgelm"), tmp_path / "model")
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps({**config, key: value}))
    assert key in str(refusal(UsageError, tmp_path / "model"))
