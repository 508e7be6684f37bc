"""A latency table of a target, as ZipLM prunes by it (Kurtic et al. 2023): measured once, kept for each machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

import edgelm
from edgelm import environments, machine, registry
from edgelm.compress import probe
from edgelm.compress.probe import Say, Setting
from edgelm.errors import UsageError
from edgelm.graph.canonical import EncoderConfig, LayerConfig

SCHEMA = 1
"""Raised when a table of an older edgelm no longer serves."""
ROUNDS = 5
SECONDS = 0.12
POOR = 0.1
"""A residual above which sums of parts do not tell a model's time; at rest it is 0.01 to 0.05."""
_MOST_LAYERS = 6
"""Of a measured encoder: more of them say nothing new of one layer, and take longer."""
_FEW_LAYERS = 2
_SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1.0)
"""Of the full width, at which a curve is measured; it is straight in between."""
_UNITS_MULTIPLE = 16
_FULL_TOLERANCE = 1e-12
_CURVES = ("attention_curve", "ffn_curve", "last_attention_curve", "last_ffn_curve")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Milliseconds at some widths, both ascending; straight lines in between, flat below the first."""

    widths: tuple[int, ...]
    ms: tuple[float, ...]

    def __call__(self, widths: Any) -> Floats:
        """Milliseconds at each width; UsageError beyond the last."""
        if np.max(widths) > self.widths[-1]:
            raise UsageError(f"The latency table ends at {self.widths[-1]}, and {np.max(widths)} was asked for.")
        found: Floats = np.interp(widths, self.widths, self.ms)
        return found


@dataclass(frozen=True)
class LatencyTable:
    """What each part of an encoder takes, of one ``setting`` on one machine, in milliseconds.

    A layer's constant part is in its attention. The last layer has curves of its own, for where only its first position
    is read it is cheaper.
    """

    setting: Setting
    base_ms: float
    """Embeddings and head; with them what a last layer of the fewest heads and units takes, where it has own curves."""
    attention_curve: Curve
    """By heads."""
    ffn_curve: Curve
    """By units."""
    last_attention_curve: Curve
    last_ffn_curve: Curve
    residual: float
    """How far the table is from the encoders it was fitted to: the root mean square of the relative error."""
    runtime: str = ""
    """What it was measured in, and on what."""

    def attention(self, heads: Any, *, last: bool = False) -> Floats:
        """Milliseconds of a layer's attention, constant part included, for each number of heads."""
        return (self.last_attention_curve if last else self.attention_curve)(heads)

    def ffn(self, units: Any, *, last: bool = False) -> Floats:
        """Milliseconds that so many feed-forward units add to a layer, for each number of them."""
        return (self.last_ffn_curve if last else self.ffn_curve)(units)

    def layer(self, heads: int, head_size: int, intermediate_size: int, *, last: bool = False) -> float:
        """Milliseconds of one layer; UsageError when its head size is not the table's, or it is beyond the table."""
        own = self.setting.model.layers[0].head_size
        if head_size != own:
            raise UsageError(f"This latency table is for heads of {own}, not {head_size}.")
        return float(self.attention(heads, last=last) + self.ffn(intermediate_size, last=last))

    def predict(self, config: EncoderConfig) -> float:
        """Milliseconds of a whole model; UsageError when the table is for another hidden size."""
        model = self.setting.model
        if (config.hidden_size, config.embedding_size) != (model.hidden_size, model.embedding_size):
            raise UsageError(
                f"This latency table is for a hidden size of {model.hidden_size} over embeddings of "
                f"{model.embedding_size}, not {config.hidden_size} over {config.embedding_size}."
            )
        final = len(config.layers) - 1
        return self.base_ms + sum(
            self.layer(one.num_attention_heads, one.head_size, one.intermediate_size, last=i == final)
            for i, one in enumerate(config.layers)
        )

    @classmethod
    def measure(
        cls,
        setting: Setting,
        *,
        rounds: int = ROUNDS,
        seconds: float = SECONDS,
        seed: int = 0,
        say: Say = lambda _: None,
    ) -> LatencyTable:
        """Time about thirty small encoders of ``setting`` and fit a table to them; UsageError where that cannot be.

        ``seconds`` is for each encoder in each of ``rounds``. The times of whole encoders are fitted as sums of parts,
        non-decreasing in every width, so that the sum over a model is what was measured, not each operator alone.
        """
        heads, units = grids(setting)
        configs = designs(setting, heads, units)
        times = probe.time_encoders(setting, configs, rounds=rounds, seconds=seconds, seed=seed, say=say)
        return fit(setting, heads, units, configs, times, described(setting))

    @classmethod
    def load_or_measure(
        cls,
        setting: Setting,
        *,
        fresh: bool = False,
        rounds: int = ROUNDS,
        seconds: float = SECONDS,
        say: Say = lambda _: None,
    ) -> LatencyTable:
        """The table of this setting, machine, runtime and edgelm from the cache, or measured and put there.

        ``fresh`` measures anew; a file that cannot be read is measured anew as well, and a cache that cannot be written
        is told through ``say``. The rest is ``measure``'s.
        """
        probe.require_measurable(registry.target(setting.target))
        path = place(setting)
        found = None if fresh else read(path, setting)
        if found is None:
            found = cls.measure(setting, rounds=rounds, seconds=seconds, say=say)
            try:
                write(path, found)
            except OSError as error:
                say(f"the latency table could not be kept in {path.parent}: {error.strerror or error}")
        if found.residual > POOR:
            say(f"the latency table is {found.residual:.0%} off its own measurements: other work kept the machine busy")
        return found


def described(setting: Setting) -> str:
    """The runtime and the machine, in words."""
    facts = machine.facts()
    return f"{registry.target(setting.target).versions}; {facts['machine']}; {facts['CPU flags']}"


def place(setting: Setting) -> Path:
    """The cache's file for a setting, keyed by all that a latency depends on."""
    key = {"schema": SCHEMA, "edgelm": edgelm.__version__, "on": described(setting), "setting": setting.record()}
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
    return environments.cache() / "latency" / f"{setting.target}-{setting.precision}-{setting.length}-{digest}.json"


# -- what is measured --------------------------------------------------------------------------------------------------


def grids(setting: Setting) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The numbers of heads and of units at which encoders are measured."""
    layers = setting.model.layers
    if len({layer.head_size for layer in layers}) > 1:
        raise UsageError("A latency table is for heads of one size, and this model's layers differ in theirs.")
    most_heads = max(layer.num_attention_heads for layer in layers)
    most_units = max(layer.intermediate_size for layer in layers)
    heads = sorted({max(1, round(share * most_heads)) for share in _SHARES})
    units = {max(1, round(share * most_units / _UNITS_MULTIPLE)) * _UNITS_MULTIPLE for share in _SHARES[:-1]}
    return tuple(heads), tuple(sorted({size for size in units if size < most_units} | {most_units}))


def designs(setting: Setting, heads: Sequence[int], units: Sequence[int]) -> list[EncoderConfig]:
    """Encoders that tell the parts apart: each width alone, all widths together, and deep against shallow ones.

    A shallow wide encoder may fit into a cache that the whole model does not fit into, and would make a layer seem
    faster than it will be. So most shallow ones are narrow, but where the last layer has curves of its own to be told.
    """
    deep = min(max(len(setting.model.layers), _FEW_LAYERS + 1), _MOST_LAYERS)
    cross = [(h, units[-1]) for h in heads] + [(heads[-1], u) for u in units]
    diagonal = [(heads[min(i, len(heads) - 1)], u) for i, u in enumerate(units)]
    half = len(diagonal) // 2
    narrow = [*diagonal[: half + 1], (heads[0], units[half]), (heads[len(heads) // 2], units[0])]
    depths = [
        (deep, [*cross, *diagonal, *narrow]),
        (max(deep // 2, _FEW_LAYERS), diagonal[half:]),
        (_FEW_LAYERS, [*cross, *diagonal, *narrow] if setting.reads_first else narrow),
    ]
    every = dict.fromkeys((shape, count) for count, shapes in depths for shape in shapes)
    size = setting.model.layers[0].head_size
    return [replace(setting.model, layers=(LayerConfig(h, size, u),) * count) for (h, u), count in every]


# -- the fit -----------------------------------------------------------------------------------------------------------


def fit(
    setting: Setting,
    heads: Sequence[int],
    units: Sequence[int],
    configs: Sequence[EncoderConfig],
    times: Floats,
    runtime: str = "",
) -> LatencyTable:
    """The table whose sums are nearest to the times of those encoders, in relative error."""
    rows = np.asarray([_features(config, heads, units, setting.reads_first) for config in configs])
    found = nonnegative_least_squares(rows / times[:, None], np.ones(len(times)))
    error = rows @ found / times - 1
    steps = len(heads) + len(units) - 1
    parts = [found[1 : 1 + steps], np.concatenate([[0.0], found[1 + steps :]])][: 1 + setting.reads_first]
    curves = [
        (Curve(tuple(heads), _rising(part[: len(heads)])), Curve(tuple(units), _rising(part[len(heads) :], 0.0)))
        for part in parts
    ]
    (attention, ffn), (last_attention, last_ffn) = curves[0], curves[-1]
    residual = float(np.sqrt(np.mean(error**2)))
    return LatencyTable(setting, float(found[0]), attention, ffn, last_attention, last_ffn, residual, runtime)


def _features(config: EncoderConfig, heads: Sequence[int], units: Sequence[int], reads_first: bool) -> Floats:
    """How often each part is in an encoder: the base, a layer's increments, and where it differs a last layer's.

    Every encoder has one base and one last layer: what both always take cannot be told apart, and is the base's.
    """
    layers = [
        np.concatenate([_increments(layer.num_attention_heads, heads), _increments(layer.intermediate_size, units)[1:]])
        for layer in config.layers
    ]
    if reads_first:
        return np.concatenate([[1.0], np.sum(layers[:-1], axis=0), layers[-1][1:]])
    return np.concatenate([[1.0], np.sum(layers, axis=0)])


def _increments(width: int, grid: Sequence[int]) -> Floats:
    """How much of each step of a grid lies below a width; the first is always whole."""
    steps = [1.0]
    steps += [float(np.clip((width - low) / (high - low), 0, 1)) for low, high in pairwise(grid)]
    return np.asarray(steps)


def _rising(steps: Floats, *start: float) -> tuple[float, ...]:
    """The sums of the steps so far."""
    return tuple(float(value) for value in np.cumsum([*start, *steps]))


def nonnegative_least_squares(matrix: Floats, wanted: Floats) -> Floats:
    """x >= 0 with the least ``|matrix @ x - wanted|``, by the active sets of Lawson and Hanson (1974)."""
    count = matrix.shape[1]
    x, active = np.zeros(count), np.zeros(count, bool)
    for _ in range(10 * count):
        slope = matrix.T @ (wanted - matrix @ x)
        if active.all() or slope[~active].max() <= _FULL_TOLERANCE * np.abs(matrix.T @ wanted).max():
            break
        active[np.where(active, -np.inf, slope).argmax()] = True
        while True:
            best = np.zeros(count)
            best[active] = np.linalg.lstsq(matrix[:, active], wanted, rcond=None)[0]
            below = active & (best <= 0)
            if not below.any():
                break
            step = np.min(x[below] / (x[below] - best[below]))
            x += step * (best - x)
            active &= x > 1e-12 * max(1.0, float(x.max()))
            x[~active] = 0.0
        x = best
    return x


# -- the cache ---------------------------------------------------------------------------------------------------------


def write(path: Path, table: LatencyTable) -> None:
    """Whole or not at all; two processes may do it at once."""
    content = {key: value for key, value in asdict(table).items() if key != "setting"}
    partial = path.with_name(f".{path.name}.{uuid4().hex[:8]}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    partial.replace(path)


def read(path: Path, setting: Setting) -> LatencyTable | None:
    """A table from the cache; None when there is none that can be read."""
    try:
        content: Any = json.loads(path.read_text("utf-8"))
        curves = {name: _curve(content[name]) for name in _CURVES}
        base, residual, runtime = float(content["base_ms"]), float(content["residual"]), str(content["runtime"])
        return LatencyTable(setting, base, residual=residual, runtime=runtime, **curves)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _curve(content: Mapping[str, Any]) -> Curve:
    """A curve as JSON holds it; ValueError when it is none."""
    widths, ms = tuple(map(int, content["widths"])), tuple(map(float, content["ms"]))
    if not widths or len(widths) != len(ms) or any(a > b for a, b in pairwise(ms)):
        raise ValueError("no curve")
    return Curve(widths, ms)
