"""The loop: schedules, what it keeps, what it refuses, and that nothing but the seed decides."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from edgelm.compress import schedule, state, train
from edgelm.compress.data import Batch, Rows
from edgelm.compress.schedule import Settings
from edgelm.errors import UsageError

SETTINGS = Settings(epochs=4.0, batch_size=4, learning_rate=0.05, precision="fp32", warmup_ratio=0.0)


class Linear(nn.Module):  # type: ignore[misc]
    """A bag of words: the mean of its tokens' numbers."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embeddings = nn.Embedding(10, 3)
        self.layers = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])
        self.norm = nn.LayerNorm(3)
        self.dropout = nn.Dropout(0.3)
        self.unused = nn.Linear(2, 2)

    def forward(self, input_ids: Tensor) -> Tensor:
        hidden = self.embeddings(input_ids).mean(1)
        for layer in self.layers:
            hidden = self.dropout(layer(hidden))
        return self.norm(hidden).sum(-1)


@pytest.fixture(scope="module", autouse=True)
def _one_thread(torch: Any) -> None:
    """By the fixture of that name."""
    assert torch.get_num_threads() == 1


@pytest.fixture
def rows() -> Rows:
    """Twenty rows of four tokens each, every one with its target."""
    rng = np.random.default_rng(0)
    ids, starts = rng.integers(0, 10, 80).astype(np.int32), np.arange(0, 84, 4)
    targets = {"labels": rng.normal(size=20).astype(np.float32)}
    return Rows("text-classification", ids, None, starts, np.arange(21), np.arange(20), 0, targets)


def loss(model: nn.Module, batch: Batch) -> Tensor:
    return ((model(batch.inputs["input_ids"]) - batch.targets["labels"]) ** 2).mean()


def values(model: nn.Module) -> dict[str, list[float]]:
    return {name: tensor.flatten().tolist() for name, tensor in model.state_dict().items()}


@given(st.integers(1, 500), st.floats(0, 1))
def test_the_rate_rises_to_one_and_falls_to_nothing(total: int, warmup: float) -> None:
    factors = [schedule.learning_rate_factor(step, total, warmup) for step in range(total)]
    top = max(range(total), key=lambda step: factors[step])
    assert all(0 < factor <= 1 for factor in factors)
    assert factors[:top] == sorted(factors[:top])
    assert factors[top:] == sorted(factors[top:], reverse=True)


@given(st.integers(1, 300), st.floats(0.1, 5), st.integers(1, 8))
def test_the_last_step_is_evaluated(total: int, epochs: float, per_epoch: int) -> None:
    steps = schedule.evaluation_steps(total, epochs, per_epoch)
    assert total in steps
    assert all(1 <= step <= total for step in steps)
    assert len(steps) <= max(1, round(epochs * per_epoch))


def test_biases_and_norms_do_not_decay_and_lower_layers_learn_slower() -> None:
    model, settings = Linear(), replace(SETTINGS, layer_decay=0.5, weight_decay=0.1)
    groups = schedule.parameter_groups(list(model.named_parameters()), settings, layers=2)
    found = {id(one): (group["scale"], group["weight_decay"]) for group in groups for one in group["params"]}
    assert found[id(model.embeddings.weight)] == (0.125, 0.1)
    assert found[id(model.layers[0].weight)] == (0.25, 0.1)
    assert found[id(model.layers[1].bias)] == (0.5, 0.0)
    assert found[id(model.norm.weight)] == (1.0, 0.0)
    assert len(found) == len(list(model.parameters()))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.0),
        ("epochs", math.inf),
        ("batch_size", 0),
        ("warmup_ratio", 1.5),
        ("layer_decay", 1.1),
        ("ema", 1.0),
        ("seed", -1),
        ("precision", "fp8"),
        ("patience", 0),
        ("max_grad_norm", math.nan),
    ],
)
def test_settings_that_make_no_sense(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"{name} is .*expected"):
        Settings(**{name: value})


def test_it_is_the_plain_loop(rows: Rows) -> None:
    """The same as AdamW written out by hand, over the same batches."""
    from edgelm.compress.data import length_sorted_batches

    trained, plain = Linear().eval(), Linear().eval()
    trained.dropout.p = plain.dropout.p = 0.0
    train.train(trained, rows, loss, SETTINGS)
    named = list(plain.named_parameters())
    decayed = [one for _, one in named if one.ndim > 1], [one for _, one in named if one.ndim < 2]
    groups = [{"params": ones, "weight_decay": decay} for ones, decay in zip(decayed, (0.01, 0.0), strict=True)]
    optimizer = torch.optim.AdamW(groups, lr=SETTINGS.learning_rate)
    for step in range(20):
        epoch, place = divmod(step, 5)
        batch = length_sorted_batches(rows.lengths, 4, seed=0, epoch=epoch)[place]
        optimizer.zero_grad()
        loss(plain, rows.batch(batch)).backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = SETTINGS.learning_rate * (20 - step) / 20
        optimizer.step()
    for name, tensor in trained.state_dict().items():
        assert torch.allclose(tensor, plain.state_dict()[name], atol=1e-5), name


def test_the_seed_decides_and_the_global_generator_does_not(rows: Rows) -> None:
    found = []
    for seed, noise in ((1, 5), (1, 6), (2, 5)):
        model = Linear()
        torch.manual_seed(noise)
        train.train(model, rows, loss, replace(SETTINGS, seed=seed))
        found.append(values(model))
    assert found[0] == found[1] != found[2]


def test_bf16_is_near_fp32_and_the_weights_stay_fp32(rows: Rows) -> None:
    models = {precision: Linear() for precision in ("fp32", "bf16")}
    for precision, model in models.items():
        train.train(model, rows, loss, replace(SETTINGS, precision=precision, learning_rate=1e-3))  # type: ignore[arg-type]
    assert {one.dtype for one in models["bf16"].parameters()} == {torch.float32}
    far = [(a - b).abs().max().item() for a, b in zip(*(model.parameters() for model in models.values()), strict=True)]
    assert 0 < max(far) < 0.02


def test_the_best_state_is_kept_and_patience_ends_it(rows: Rows) -> None:
    seen: list[dict[str, list[float]]] = []

    def evaluate(model: nn.Module) -> float:
        assert not model.training
        seen.append(values(model))
        return [0.1, 0.5, math.nan, 0.5, 0.9][len(seen) - 1]

    settings = replace(SETTINGS, evaluations_per_epoch=2, patience=2)
    result = train.train(Linear(), rows, loss, settings, evaluate=evaluate)
    assert len(seen) == len(result.history) == 4
    assert result.best_metric == 0.5
    assert values(result.model) == seen[1]
    assert result.steps < 20
    assert not result.model.training


def test_the_average_is_evaluated_too_and_taken_where_it_is_better(rows: Rows) -> None:
    seen: list[dict[str, list[float]]] = []

    def evaluate(model: nn.Module) -> float:
        seen.append(values(model))
        return float(len(seen))

    result = train.train(Linear(), rows, loss, replace(SETTINGS, ema=0.9, evaluations_per_epoch=1), evaluate=evaluate)
    assert values(result.model) == seen[-1] != seen[-2]
    assert result.history[-1]["metric of the average"] == result.best_metric == 8.0


class Projection(nn.Module):  # type: ignore[misc]
    """An objective with a parameter of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, model: nn.Module, batch: Batch) -> Tensor:
        return ((self.scale * model(batch.inputs["input_ids"]) - batch.targets["labels"]) ** 2).mean()


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_interrupted_anywhere_it_ends_in_the_same_bytes(rows: Rows, tmp_path: Path, ema: float) -> None:
    settings = replace(SETTINGS, ema=ema, evaluations_per_epoch=1)

    def run(stop: int | None, evaluate: Callable[[nn.Module], float] | None = _first_weight) -> tuple[Any, Any]:
        def progress(now: train.Progress) -> None:
            if now.step == stop:
                raise KeyboardInterrupt

        model, objective = Linear(), Projection()
        folder = None if stop is None else tmp_path
        result = train.train(model, rows, objective, settings, evaluate=evaluate, checkpoint=folder, progress=progress)
        return values(result.model) | {"scale": [objective.scale.item()]}, _without_seconds(result.history)

    whole = run(None)
    train_report = train._REPORT_SECONDS
    try:
        train._REPORT_SECONDS = 0.0
        for stop in (3, 5, 11, 19):
            with pytest.raises(KeyboardInterrupt):
                run(stop)
            assert state.read(tmp_path).values["step"] == stop
        assert run(-1) == whole
    finally:
        train._REPORT_SECONDS = train_report


def _first_weight(model: nn.Module) -> float:
    return float(next(model.parameters()).flatten()[0])


def _without_seconds(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in entry.items() if key != "seconds"} for entry in history]


def test_two_spans_are_the_whole(rows: Rows) -> None:
    """Each span goes on in the schedule and in the order of the rows where the one before ended."""
    steps = []
    for span in ((0.0, 0.5), (0.5, 1.0)):
        result = train.train(Linear(), rows, loss, SETTINGS, span=span)
        steps.append((result.steps, result.history[-1]["learning_rate"]))
    assert [step for step, _ in steps] == [10, 20]
    assert steps[0][1] > steps[1][1]


def test_the_state_of_another_training_is_refused(rows: Rows, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train.train(Linear(), rows, loss, SETTINGS, checkpoint=tmp_path, evaluate=_interrupt, identity={"parent": "a"})
    for settings, identity, expected in (
        (replace(SETTINGS, seed=7), "a", "seed was 0, is 7"),
        (SETTINGS, "b", "parent was a, is b"),
    ):
        with pytest.raises(UsageError, match=expected):
            train.train(Linear(), rows, loss, settings, checkpoint=tmp_path, identity={"parent": identity})
    fewer = replace(rows, firsts=rows.firsts[:-4])
    with pytest.raises(UsageError, match="data was"):
        train.train(Linear(), fewer, loss, SETTINGS, checkpoint=tmp_path, identity={"parent": "a"})


def _interrupt(_: nn.Module) -> float:
    raise KeyboardInterrupt


def test_a_state_that_is_broken_is_told(rows: Rows, tmp_path: Path) -> None:
    (tmp_path / state.FILE).write_bytes(b"no safetensors")
    with pytest.raises(UsageError, match="no state of a training"):
        train.train(Linear(), rows, loss, SETTINGS, checkpoint=tmp_path)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_divergence_stops_with_the_last_good_weights(rows: Rows, tmp_path: Path, bad: float) -> None:
    calls = 0

    def diverging(model: nn.Module, batch: Batch) -> Tensor:
        nonlocal calls
        calls += 1
        return loss(model, batch) * (bad if calls == 8 else 1.0)

    model, good = Linear(), Linear()
    with pytest.raises(train.DivergedError, match="after 7 steps") as raised:
        train.train(model, rows, diverging, SETTINGS, checkpoint=tmp_path)
    assert raised.value.step == 7
    train.train(good, rows, loss, SETTINGS, span=(0.0, 7 / 20))
    assert values(model) == values(good)
    kept = state.read(tmp_path)
    assert kept.values["step"] == 7
    assert math.isfinite(kept.values["loss_sum"])
    assert {name: one.flatten().tolist() for name, one in kept.tensors["model"].items()} == values(good)


def test_what_no_loss_reaches_stays_as_it_is(rows: Rows) -> None:
    model = Linear()
    before = model.unused.weight.clone()
    train.train(model, rows, loss, replace(SETTINGS, weight_decay=0.5))
    assert torch.equal(model.unused.weight, before)


def test_progress_tells_steps_and_time(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "_REPORT_SECONDS", 0.0)
    seen: list[train.Progress] = []
    train.train(Linear(), rows, loss, SETTINGS, progress=seen.append, evaluate=_first_weight)
    assert [one.step for one in seen] == list(range(1, 21))
    assert {one.total for one in seen} == {20}
    assert seen[-1].seconds_left == 0
    assert all(math.isfinite(one.loss) for one in seen)
    assert seen[-1].metric is not None


def test_settings_are_plain_data() -> None:
    assert Settings(**asdict(SETTINGS)) == SETTINGS
