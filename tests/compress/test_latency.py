"""Latency tables: the fit on times that are known, and real tables of tiny encoders in every runtime that runs here."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from edgelm import registry
from edgelm.compress import latency, probe
from edgelm.compress.latency import Curve, LatencyTable, designs, fit, grids, nonnegative_least_squares
from edgelm.compress.probe import Setting, time_encoders
from edgelm.compress.search import Importance, Latency, search
from edgelm.errors import BudgetError, ToolchainError, UsageError
from edgelm.families.base import HIDDEN_STATES, POOLED
from edgelm.graph.canonical import Decoder, Dense, EncoderConfig, Head, LayerConfig, Norm, Pooling

MASKED_LM = Head("all", (Dense("transform", "hidden_act"), Norm("transform_norm"), Decoder("decoder.weight", "bias")))
MEASURABLE = [name for name, one in registry.targets().items() if not (one.unmeasured or one.emulated)]


def encoder(layers: tuple[tuple[int, int], ...] = ((4, 64),) * 3, **fields: Any) -> EncoderConfig:
    """A tiny BERT of (heads, units) layers, heads of 8."""
    widths = tuple(LayerConfig(heads, 8, units) for heads, units in layers)
    values: dict[str, Any] = {"vocab_size": 50, "hidden_size": 32, "embedding_size": 32, "max_length": 32}
    values |= {"type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu"}
    return EncoderConfig(**{**values, **fields}, layers=widths)


def setting(target: str = "onnx", precision: str = "fp32", **fields: Any) -> Setting:
    return Setting(
        **{"target": target, "precision": precision, "model": encoder(), "length": 8, "threads": 1, **fields}
    )


def known(head: Head) -> LatencyTable:
    """A table that was not measured."""
    wide = setting(head=head, model=encoder(((12, 512),) * 6))
    heads, units = grids(wide)
    curves = [
        Curve(heads, tuple(0.5 + 0.1 * h for h in heads)),
        Curve(units, tuple(0.001 * (u - units[0]) ** 1.1 for u in units)),
        Curve(heads, tuple(0.2 + 0.05 * h for h in heads)),
        Curve(units, tuple(0.0002 * (u - units[0]) for u in units)),
    ]
    last = curves[2:] if wide.reads_first else curves[:2]
    return LatencyTable(wide, 0.7, *curves[:2], *last, 0.0)


@pytest.mark.parametrize("head", [POOLED, HIDDEN_STATES], ids=["first", "all"])
def test_known_times_give_the_table_they_came_from(head: Head) -> None:
    table = known(head)
    heads, units = grids(table.setting)
    configs = designs(table.setting, heads, units)
    found = fit(table.setting, heads, units, configs, np.array([table.predict(one) for one in configs]))
    uneven = encoder(((12, 512), (3, 100), (1, 32), (7, 300)))
    assert found.residual < 1e-6
    assert found.predict(uneven) == pytest.approx(table.predict(uneven), rel=1e-5)
    assert np.diff(found.ffn(units, last=True)) == pytest.approx(np.diff(table.ffn(units, last=True)), rel=1e-3)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.floats(0, 1))
def test_a_table_never_falls_with_the_width(seed: int, noise: float) -> None:
    table = known(POOLED)
    heads, units = grids(table.setting)
    configs = designs(table.setting, heads, units)
    rng = np.random.default_rng(seed)
    times = np.array([table.predict(one) for one in configs]) * rng.lognormal(0, noise, len(configs))
    found = fit(table.setting, heads, units, configs, times)
    for last in (False, True):
        assert np.all(np.diff(found.attention(np.arange(1, 13), last=last)) >= 0)
        assert np.all(np.diff(found.ffn(np.arange(8, 513, 8), last=last)) >= 0)
    assert found.base_ms >= 0


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12))
def test_least_squares_without_negatives_is_optimal(seed: int, rows: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, wanted = rng.normal(size=(rows, columns)), rng.normal(size=rows)
    x = nonnegative_least_squares(matrix, wanted)
    slope = matrix.T @ (wanted - matrix @ x)
    assert np.all(x >= 0)
    assert slope.max(initial=0) <= 1e-7  # nothing is gained by raising any
    assert np.abs(slope[x > 0]).max(initial=0) <= 1e-7  # nor by moving one that is not 0


def test_a_search_by_latency_costs_what_the_table_predicts() -> None:
    table = known(POOLED)
    rng = np.random.default_rng(0)
    importance = Importance(tuple(rng.random(12) for _ in range(6)), tuple(rng.random(512) for _ in range(6)))
    cost = Latency(table, 6)
    whole = table.predict(table.setting.model)
    assert cost.total(importance.full) == pytest.approx(whole)
    widths = search(importance, cost, whole / 2)
    student = encoder(tuple((len(kept.heads), len(kept.units)) for kept in widths))
    assert 0.45 * whole < table.predict(student) <= whole / 2
    with pytest.raises(BudgetError):
        search(importance, cost, table.base_ms)


def test_what_a_table_does_not_cover_is_refused() -> None:
    table = known(POOLED)
    for other, words in (
        (encoder(hidden_size=48), "hidden size of 32"),
        (encoder(((13, 64),)), "ends at 12"),
        (encoder(((4, 1024),)), "ends at 512"),
        (replace(encoder(), layers=(LayerConfig(4, 16, 64),)), "heads of 8, not 16"),
    ):
        with pytest.raises(UsageError, match=words):
            table.predict(other)
    with pytest.raises(UsageError, match="one size"):
        grids(setting(model=replace(encoder(), layers=(LayerConfig(4, 8, 64), LayerConfig(4, 16, 64)))))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"length": 64}, "1 to 32 tokens"),
        ({"threads": 0}, "cannot be measured"),
        ({"clock": "cpu", "threads": 2}, "one thread"),
    ],
)
def test_settings_that_say_nothing_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        setting(**fields)


@pytest.mark.parametrize(
    ("target", "precision"),
    [(name, precision) for name in MEASURABLE for precision in registry.converter_of(registry.target(name)).precisions],
)
def test_uneven_encoders_run_in_every_runtime(target: str, precision: str) -> None:
    configs = [encoder(((4, 64), (1, 16))), encoder(((2, 24),))]
    times = time_encoders(setting(target, precision), configs, rounds=1, seconds=0.0, seed=0, say=lambda _: None)
    assert times.shape == (2,)
    assert np.all(times > 0)


@pytest.mark.parametrize(
    "head", [HIDDEN_STATES, MASKED_LM, Pooling(("mean",), (Dense("dense", "tanh"),)), Pooling(("cls",))], ids=str
)
def test_every_kind_of_head_runs(head: Head | Pooling) -> None:
    config = encoder(embedding_size=24)
    times = time_encoders(setting(head=head, model=config), [config], rounds=1, seconds=0.0, seed=0, say=lambda _: None)
    assert times[0] > 0


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder, empty."""
    monkeypatch.setenv("EDGELM_CACHE", str(tmp_path))
    return tmp_path


def test_a_table_is_measured_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "POOR", np.inf)  # tiny encoders are all noise
    said: list[str] = []

    def table(**fields: Any) -> LatencyTable:
        said.clear()
        return LatencyTable.load_or_measure(setting(), rounds=1, seconds=0.0, say=said.append, **fields)

    first = table()
    assert said
    assert first.predict(encoder()) > first.predict(encoder(((1, 16),) * 2)) > 0
    assert first.runtime
    assert table() == first
    assert not said
    (path,) = (cache / "latency").iterdir()
    path.write_text(path.read_text("utf-8").replace('"ms"', '"mms"'), "utf-8")
    assert table().predict(encoder()) > 0
    assert said
    table(fresh=True)
    assert said
    assert list((cache / "latency").iterdir()) == [path]


def test_a_poor_table_and_a_cache_that_cannot_be_written_are_told(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache / "latency").write_text("in the way", "utf-8")
    monkeypatch.setattr(latency, "POOR", 0.0)
    times = iter([1.0, 2.0] * 100)
    monkeypatch.setattr(
        probe, "time_encoders", lambda _, configs, **__: np.array([next(times) for _ in range(len(configs))])
    )
    said: list[str] = []
    assert LatencyTable.load_or_measure(setting(), say=said.append).base_ms >= 0
    assert any("busy" in one for one in said)
    assert any("could not be kept" in one for one in said)


@pytest.mark.usefixtures("cache")
def test_every_part_of_a_setting_has_a_table_of_its_own() -> None:
    others = [{"precision": "int8"}, {"length": 16}, {"threads": 2}, {"head": HIDDEN_STATES}, {"target": "tflite"}]
    settings = [setting(), setting(model=encoder(hidden_size=16)), *(setting(**one) for one in others)]
    assert len({latency.place(one) for one in settings}) == len(settings)
    assert latency.place(setting()) == latency.place(setting())


@pytest.mark.parametrize("target", ["coreml", "ios", "onnx-arm64"])
def test_a_target_that_does_not_run_here_is_refused(target: str) -> None:
    if target not in registry.targets() or target in MEASURABLE:
        pytest.fail(f"{target} should be a target that this machine cannot time")
    with pytest.raises(UsageError, match=f"{target} cannot be measured here") as raised:
        LatencyTable.load_or_measure(setting(target))
    assert all(name in raised.value.hint for name in ("onnx", "tflite", "openvino"))


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(UsageError, match="no precision 'int3'"):
        time_encoders(setting(precision="int3"), [encoder()], rounds=1, seconds=0.0, seed=0, say=lambda _: None)


def test_a_runtime_that_crashes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def crashing(*_: object) -> Iterator[None]:
        os.kill(os.getpid(), signal.SIGKILL)
        yield None

    monkeypatch.setattr(probe, "_steps", crashing)
    with pytest.raises(ToolchainError, match="SIGKILL"):
        time_encoders(setting(), [encoder()], rounds=1, seconds=0.0, seed=0, say=lambda _: None)


def test_curves_are_straight_between_and_flat_below() -> None:
    curve = Curve((2, 4), (1.0, 3.0))
    assert_allclose(curve([1, 2, 3, 4]), [1, 1, 2, 3])


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"base_ms": 1}', b"{"], ids=repr)
def test_a_broken_file_is_no_table(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.json"
    path.write_bytes(content)
    assert latency.read(path, setting()) is None


def test_a_table_survives_the_disk(tmp_path: Path) -> None:
    table = known(POOLED)
    latency.write(tmp_path / "deep" / "table.json", table)
    assert latency.read(tmp_path / "deep" / "table.json", table.setting) == table
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["table.json"]
