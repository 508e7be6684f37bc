"""The losses of a distillation, against transformers' own attention and against what a loss must be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.errors import UsageError

TEXTS = ("the movie was good", "a boring film, not great !", "who lives in paris ?", "我 喜 欢 北 京", "the the the")
TASKS = (
    "text-classification",
    "token-classification",
    "question-answering",
    "feature-extraction",
    "sentence-similarity",
)


@pytest.fixture(scope="module")
def setting(torch: Any, make_checkpoint: Any, make_sentence_model: Any) -> Any:  # noqa: ARG001
    """``setting(task)``: a canonical model, rows of TEXTS, and the task."""
    from edgelm import nn
    from edgelm.compress.data import encode
    from edgelm.compress.outputs import Task
    from edgelm.datasets import Example
    from edgelm.tokenizer import TextTokenizer

    def make(task: str) -> Any:
        is_sentence = task == "sentence-similarity"
        folder = make_sentence_model() if is_sentence else make_checkpoint("bert", task, num_hidden_layers=3)
        labels = ("a", "b", "c") if "classification" in task else ()
        pair = "it is paris" if task == "question-answering" else None
        examples = [Example(text, pair=pair) for text in TEXTS]
        rows = encode(examples, TextTokenizer.from_folder(folder), task, labels, 32, labelled=False)
        return nn.canonical(folder, task), rows, Task(task, labels)

    return make


def everything(model: Any) -> Any:
    from edgelm.compress.surgery import encoder_of
    from edgelm.compress.teacher import Wanted

    layers = encoder_of(model).config.num_hidden_layers
    return Wanted(tuple(range(layers + 1)), tuple(range(layers)))


@pytest.mark.parametrize("task", TASKS)
def test_cached_teacher_says_what_the_live_one_says(task: str, setting: Any, torch: Any, tmp_path: Path) -> None:
    from edgelm.compress.teacher import LiveTeacher, cached_size, remember

    model, rows, _ = setting(task)
    wanted = everything(model)
    cached, live = remember(model, rows, wanted, tmp_path / "says"), LiveTeacher(model, task, wanted)
    size = sum(file.stat().st_size for file in (tmp_path / "says").iterdir())
    assert size == cached_size(model, rows, wanted)
    for indices in ([0, 1, 2], [4, 0], [3]):
        batch = rows.batch(np.asarray(indices))
        mask = batch.inputs["attention_mask"].bool()
        found, expected = cached(batch), live(batch)
        for name, value in expected.outputs.items():
            by_token = value.shape[:2] == mask.shape and task not in ("text-classification", "sentence-similarity")
            pick = mask if by_token else slice(None)
            assert torch.allclose(found.outputs[name][pick], value[pick], atol=1e-5)
        for i, state in expected.hidden.items():
            assert torch.allclose(found.hidden[i][mask], state[mask], atol=4e-3)
        for i, parts in expected.attention.items():
            for own, part in zip(found.attention[i], parts, strict=True):
                assert torch.allclose(own.transpose(1, 2)[mask], part.transpose(1, 2)[mask], atol=1e-2)


def test_second_student_asks_only_for_what_is_missing(setting: Any, tmp_path: Path) -> None:
    from edgelm.compress.teacher import Wanted, remember

    model, rows, _ = setting("text-classification")
    remember(model, rows, Wanted((0, 2)), tmp_path)
    before = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    remember(model, rows, Wanted((0, 3), (1,)), tmp_path)
    after = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert {name: after[name] for name in before} == before
    assert {name for name in after if name not in before and not name.endswith(".done")} == {"hidden.3", "attention.1"}


def test_full_disk_is_told_and_leaves_nothing(setting: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    from edgelm.compress.teacher import remember

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    model, rows, _ = setting("text-classification")
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(UsageError, match="No space left"):
        remember(model, rows, everything(model), tmp_path / "says")
    assert list((tmp_path / "says").iterdir()) == []


@pytest.mark.parametrize("task", TASKS)
def test_student_that_is_its_teacher_has_no_loss(task: str, setting: Any, torch: Any) -> None:
    from edgelm.compress.distill import DistillationLoss, Origin, wanted_of_teacher
    from edgelm.compress.passes import Distill
    from edgelm.compress.surgery import encoder_of
    from edgelm.compress.teacher import LiveTeacher

    model, rows, spec = setting(task)
    config = encoder_of(model).config
    origin = Origin.itself(config.num_hidden_layers, config.hidden_size)
    settings = Distill(logits=1.0, hidden=1.0, attention=1.0, relations=1.0)
    teacher = LiveTeacher(model, task, wanted_of_teacher(settings, origin))
    loss = DistillationLoss(settings, teacher, origin, spec, config.hidden_size)
    with torch.no_grad():
        assert float(loss(model, rows.batch(np.arange(len(rows))))) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("name", ["logits", "hidden", "attention", "relations"])
def test_each_loss_alone_brings_a_narrow_student_nearer(name: str, setting: Any, torch: Any) -> None:
    """A cut student of every loss learns by it: the loss falls, and only parameters it can reach move."""
    from edgelm.compress.distill import DistillationLoss, Origin, wanted_of_teacher
    from edgelm.compress.passes import Distill
    from edgelm.compress.surgery import Keep, LayerKeep, cut
    from edgelm.compress.teacher import LiveTeacher

    model, rows, spec = setting("text-classification")
    keep = Keep.everything(model.config)
    layers = [keep.layers[0], keep.layers[2]]
    narrow = [LayerKeep(k.index, k.heads[:3], k.query[:3, :6], k.value[:3, :6], k.units[:32]) for k in layers]
    hidden = np.arange(0, 32, 2)
    student = cut(model, Keep(hidden, tuple(narrow)))
    origin = Origin.itself(3, 32).after((0, 2), hidden)
    assert origin.states == (0, 2, 3)
    settings = Distill(**{"logits": 0.0, "hidden": 0.0, name: 1.0})
    teacher = LiveTeacher(model, "text-classification", wanted_of_teacher(settings, origin))
    loss = DistillationLoss(settings, teacher, origin, spec, 32)
    optimizer = torch.optim.AdamW([*student.parameters(), *loss.parameters()], lr=3e-3)
    batch = rows.batch(np.arange(len(rows)))
    values = []
    for _ in range(30):
        value = loss(student, batch)
        value.backward()
        optimizer.step()
        optimizer.zero_grad()
        values.append(value.item())
    assert values[-1] < 0.7 * values[0], values
    assert values[0] > 1e-4


def test_attention_loss_compares_attention_maps(setting: Any, torch: Any) -> None:
    """With equal heads it is the divergence of the attention probabilities that the models themselves give."""
    from edgelm.compress.distill import _relation_loss
    from edgelm.compress.teacher import LiveTeacher

    model, rows, _ = setting("text-classification")
    other, _, _ = setting("text-classification")
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(3)))
    batch = rows.batch(np.arange(len(rows)))
    mask = batch.inputs["attention_mask"]
    own, theirs = (
        LiveTeacher(one, "text-classification", everything(one))(batch).attention[1] for one in (other, model)
    )
    with torch.no_grad():
        maps = [one(**batch.inputs, output_attentions=True).attentions[1] for one in (other, model)]
    log = [one.clamp(min=1e-30).log() for one in maps]
    each = (maps[1] * (log[1] - log[0])).sum(-1).mean(1)
    expected = (each * mask).sum() / mask.sum()
    assert float(_relation_loss(own, theirs, ((0, 1),), mask)) == pytest.approx(float(expected), rel=1e-4)


def test_origin_of_an_assistants_student() -> None:
    from edgelm.compress.distill import Origin

    original = Origin.itself(6, 8)
    assistant = original.after((0, 2, 3, 5), np.asarray([0, 1, 3, 4, 6, 7]))
    assert assistant.states == (0, 2, 3, 5, 6)
    student = assistant.after((0, 1, 3), np.asarray([1, 2, 5]))
    assert student.states == (0, 2, 5, 6)
    assert student.hidden.tolist() == [1, 3, 7]
    within = student.within(assistant)
    assert within.states == (0, 1, 3, 4)
    assert within.hidden.tolist() == [1, 2, 5]


def test_projection_is_carried_over_a_cut(setting: Any, torch: Any) -> None:
    from edgelm.compress.distill import DistillationLoss, Origin, wanted_of_teacher
    from edgelm.compress.passes import Distill
    from edgelm.compress.teacher import LiveTeacher

    model, _, spec = setting("text-classification")
    settings, origin = Distill(), Origin.itself(3, 32).after((0, 1, 2), np.arange(8, 24))
    teacher = LiveTeacher(model, "text-classification", wanted_of_teacher(settings, origin))
    before = DistillationLoss(settings, teacher, origin, spec, 32)
    with torch.no_grad():
        before.projection.weight.normal_()
    narrower = origin.after((0, 1, 2), np.asarray([1, 4, 9]))
    after = DistillationLoss(settings, teacher, narrower, spec, 32)
    after.carry_(before.state_dict(), np.asarray([1, 4, 9]))
    assert torch.equal(after.projection.weight, before.projection.weight[:, [1, 4, 9]])


def test_projection_begins_where_the_student_is(setting: Any, torch: Any) -> None:
    """The fit is nearer to the teacher than a guess at which dimensions are which, and than what lies beside it."""
    from edgelm.compress.distill import DistillationLoss, Origin, wanted_of_teacher
    from edgelm.compress.passes import Distill
    from edgelm.compress.surgery import Keep, cut
    from edgelm.compress.teacher import LiveTeacher

    model, rows, spec = setting("text-classification")
    hidden = np.arange(0, 32, 2)
    student = cut(model, Keep(hidden, Keep.everything(model.config).layers))
    settings, origin = Distill(logits=0.0), Origin.beside(3, 16, 3)  # as if nobody knew which dimensions these are
    teacher = LiveTeacher(model, "text-classification", wanted_of_teacher(settings, origin))
    loss = DistillationLoss(settings, teacher, origin, spec, 32)
    batch = rows.batch(np.arange(len(rows)))
    with torch.no_grad():
        before = float(loss(student, batch))
        loss.fit_(student, [batch])
        after = float(loss(student, batch))
        nearby = loss.projection.weight + 0.02 * torch.randn_like(loss.projection.weight)
        loss.projection.weight.copy_(nearby)
        assert after < float(loss(student, batch)), "the least squares are the least"
    assert after < 0.8 * before
