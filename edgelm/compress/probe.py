"""Times small random encoders, written by the real converter, in the target's own runtime."""

from __future__ import annotations

import gc
import math
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from edgelm import calibrate, registry
from edgelm.errors import ToolchainError, UsageError
from edgelm.families.base import POOLED
from edgelm.graph import rewrites
from edgelm.graph.canonical import Decoder, Dense, EncoderConfig, Head, Pooling
from edgelm.graph.heads import build_graph
from edgelm.graph.quantize import apply_scheme
from edgelm.isolation import Child, ChildLost
from edgelm.types import Array, ConvertRequest, Target, Tensors
from edgelm.validate.latency import model_feed

_WARM_UP = 2
_LEAST_CALLS = 7
_MOST_CALLS = 100
_SMALL_VOCABULARY = 2048
"""A look-up takes as long in a table of any size; only a decoder's time depends on the vocabulary."""
_LABELS = 2
_POOL = 1 << 20
_TIME_LIMIT_S = 900.0
Say = Callable[[str], None]
Clock = Literal["wall", "cpu"]
"""``cpu``: the process's CPU time; on one thread it says on a busy machine what the wall's would on one at rest."""
_CLOCKS: Mapping[Clock, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}


@dataclass(frozen=True)
class Setting:
    """What is timed: a model's quirks and widest shape, and how and where its students will run."""

    target: str
    precision: str
    model: EncoderConfig
    """The model before the cut; its layers bound what a table covers."""
    length: int
    threads: int
    head: Head | Pooling = POOLED
    clock: Clock = "wall"

    def __post_init__(self) -> None:
        shape = (self.length, self.threads, len(self.model.layers))
        if min(shape) < 1 or self.length > self.model.max_length:
            raise UsageError(
                f"A latency table of {len(self.model.layers)} layers at {self.length} tokens on {self.threads} threads "
                f"cannot be measured; the model takes 1 to {self.model.max_length} tokens."
            )
        if self.clock == "cpu" and self.threads > 1:
            raise UsageError("CPU time says how long a model takes on one thread only.", hint="Measure with 1 thread.")

    @property
    def reads_first(self) -> bool:
        """Whether what follows the encoder reads one position, so that the last layer is computed for it alone."""
        if isinstance(self.head, Pooling):
            return self.head.modes == ("cls",)
        return self.head.reads == "first"

    def record(self) -> dict[str, Any]:
        """As JSON holds it: the part of a table's key that does not depend on the machine."""
        return asdict(self)


class RandomWeights:
    """Any tensor a graph asks for, from one seeded pool: latency depends on the shapes, not on the values."""

    def __init__(self, config: EncoderConfig, seed: int) -> None:
        self._has_projection = config.embedding_size != config.hidden_size
        self._pool = np.random.default_rng(seed).normal(0, 0.02, _POOL).astype(np.float32)

    def has(self, name: str) -> bool:
        """All but a projection that the sizes do not ask for, and a decoder of its own."""
        return self._has_projection if name.startswith("embeddings.projection") else "decoder.weight" not in name

    def get(self, name: str, shape: tuple[int | None, ...]) -> tuple[str, Array]:
        """The tensor's name and values, cut from a place of the pool that the name decides."""
        sizes = [_LABELS if size is None else size for size in shape]
        count = math.prod(sizes)
        start = zlib.crc32(name.encode()) % max(1, _POOL - count)
        values = np.resize(self._pool[start : start + count], sizes)
        return name, values + np.float32(1) if name.endswith("norm.weight") else values


def require_measurable(target: Target) -> None:
    """UsageError, with the targets that will do, where this machine's clock says nothing about the target's speed."""
    reason = target.unmeasured or target.emulated
    if reason is None:
        return
    able = [one.name for one in registry.targets().values() if not (one.unmeasured or one.emulated)]
    raise UsageError(
        f"The latency of target {target.name} cannot be measured here: {reason.rstrip('.')}.",
        hint=f"Measure one of {', '.join(able)}, or give a budget of FLOPs or parameters instead.",
    )


def time_encoders(
    setting: Setting, configs: Sequence[EncoderConfig], *, rounds: int, seconds: float, seed: int, say: Say
) -> Array:
    """Milliseconds of each encoder, float64 [encoders]: of its fastest call in any round.

    Each round opens every encoder anew, in an order that turns round, for ``seconds``: other work on the machine only
    ever adds to a call, and the fastest of many calls, spread over the whole measurement, has met the least of it. In a
    process of its own, for a runtime may crash; ToolchainError says how it did.
    """
    target = registry.target(setting.target)
    require_measurable(target)
    registry.require([target])
    offered = registry.converter_of(target).precisions
    if setting.precision not in offered:
        raise UsageError(
            f"Target {setting.target} has no precision {setting.precision!r}.", hint=f"It has: {', '.join(offered)}."
        )
    found: list[list[float]] = []
    with tempfile.TemporaryDirectory(prefix="edgelm-latency-") as folder:
        steps = partial(_steps, setting, configs, Path(folder), rounds, seconds, seed)
        try:
            with Child(steps) as child:
                say(f"writing {len(configs)} small encoders")
                child.next(_TIME_LIMIT_S)
                for step in range(rounds):
                    say(f"timing {len(configs)} encoders, round {step + 1} of {rounds}")
                    child.ask()
                    found.append(child.next(_TIME_LIMIT_S))
        except ChildLost as lost:
            raise ToolchainError(f"Measuring the latency of target {setting.target} failed: {lost}.") from None
    times: Array = np.asarray(found, np.float64).min(axis=0)
    return times


def _steps(
    setting: Setting, configs: Sequence[EncoderConfig], folder: Path, rounds: int, seconds: float, seed: int
) -> Iterator[list[float] | None]:
    """The child's: a step in which all encoders are written, and one for each round of times."""
    target = registry.target(setting.target)
    with registry.toolchain_of(target):
        manifests = [_write(setting, config, folder / str(i), seed) for i, config in enumerate(configs)]
        yield None
        for number in range(rounds):
            order = range(len(configs))[:: -1 if number % 2 else 1]
            times = {i: _time(setting, folder / str(i), manifests[i], seconds) for i in order}
            yield [times[i] for i in range(len(configs))]


def _write(setting: Setting, config: EncoderConfig, folder: Path, seed: int) -> dict[str, Any]:
    """Convert one encoder as an export would; the part of its manifest that a runtime reads."""
    target = registry.target(setting.target)
    converter = registry.converter_of(target)
    scheme = converter.precisions[setting.precision]
    head = _sized(setting.head, config)
    if not (isinstance(head, Head) and any(isinstance(layer, Decoder) for layer in head.layers)):
        config = replace(config, vocab_size=min(config.vocab_size, _SMALL_VOCABULARY))
    graph = build_graph(config, head, RandomWeights(config, seed), setting.length)
    folder.mkdir()
    options = {**converter.options, **getattr(target, "options", {})}
    request = ConvertRequest(folder, scheme, setting.length, (), options)
    feed = model_feed(list(graph.inputs), setting.length, config.vocab_size)
    rewritten = rewrites.apply(graph, converter.rewrites)
    calibration = calibrate.rough(rewritten, [feed], scheme) if scheme.quantizes_activations else None
    artifact = converter.convert(apply_scheme(rewritten, scheme, calibration), request)
    specs = {"inputs": artifact.inputs, "outputs": artifact.outputs}
    written = {name: [asdict(spec) for spec in found] for name, found in specs.items()}
    described = {"files": list(artifact.files), "details": dict(artifact.details), **written}
    return {"artifact": described, "lengths": [], "feed": feed}


def _time(setting: Setting, folder: Path, manifest: Mapping[str, Any], seconds: float) -> float:
    """Milliseconds of the fastest call after opening an encoder."""
    runner = registry.target(setting.target).load(folder, manifest, setting.threads)
    feed: Tensors = manifest["feed"]
    clock = _CLOCKS[setting.clock]
    for _ in range(_WARM_UP):
        runner(feed)
    times: list[float] = []
    gc.disable()  # a collection would fall on one call or another by chance
    end = time.perf_counter() + seconds
    while len(times) < _LEAST_CALLS or (len(times) < _MOST_CALLS and time.perf_counter() < end):
        started = clock()
        runner(feed)
        times.append((clock() - started) * 1e3)
    gc.enable()
    return min(times)


def _sized(head: Head | Pooling, config: EncoderConfig) -> Head | Pooling:
    """The head with the size of every linear layer but a last one, which a checkpoint would tell."""
    if isinstance(head, Pooling):
        size = config.hidden_size
        return replace(head, dense=tuple(replace(dense, size=dense.size or size) for dense in head.dense))
    decodes = any(isinstance(layer, Decoder) for layer in head.layers)
    size = config.embedding_size if decodes else config.hidden_size
    *inner, last = head.layers or (None,)
    layers = [replace(one, size=one.size or size) if isinstance(one, Dense) else one for one in inner]
    return replace(head, layers=(*layers, *([last] if last else [])))
