"""Wall-clock times after a warm-up: the model alone at fixed lengths, and text in to answer out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from edgelm.types import Array, Check, Runner

LENGTHS = (16, 64, 128)
_WARM_UP = 1
_MOST_RUNS = 50
_MOST_SECONDS = 0.03


@dataclass(frozen=True)
class Timing:
    """What was timed, and the milliseconds of every call."""

    what: str
    tokens: int
    times_ms: tuple[float, ...]

    @property
    def p50_ms(self) -> float:
        """The median."""
        return float(np.percentile(self.times_ms, 50))

    @property
    def p95_ms(self) -> float:
        """95 of a hundred calls take no longer."""
        return float(np.percentile(self.times_ms, 95))


def measure(call: Callable[[], object]) -> tuple[float, ...]:
    """Milliseconds of each call: five at least, then until 50 runs or a few hundredths of a second are over."""
    for _ in range(_WARM_UP):
        call()
    times: list[float] = []
    end = time.perf_counter() + _MOST_SECONDS
    while len(times) < _MOST_RUNS and (len(times) < 5 or time.perf_counter() < end):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e3)
    return tuple(times)


def time_model(runner: Runner, names: Sequence[str], max_length: int, vocab_size: int) -> list[Timing]:
    """The model alone for one text at each of ``LENGTHS`` that fits."""
    lengths = [length for length in LENGTHS if length <= max_length] or [max_length]
    return [Timing("model", size, measure(partial(runner, model_feed(names, size, vocab_size)))) for size in lengths]


def checks(timings: Sequence[Timing]) -> Iterator[Check]:
    """p50 and p95 of each timing, recorded without a limit."""
    for timing in timings:
        at = f"at {timing.tokens} tokens" if timing.what == "model" else f"({timing.tokens} tokens)"
        yield Check.at_most("latency", f"{timing.what} p50 {at}", timing.p50_ms, None, "ms")
        yield Check.at_most("latency", f"{timing.what} p95 {at}", timing.p95_ms, None, "ms")


def model_feed(names: Sequence[str], length: int, vocab_size: int) -> Mapping[str, Array]:
    """Inputs for one text: ids spread over the vocabulary, for latency depends on the length, not on the words."""
    ids = np.linspace(0, vocab_size - 1, length, dtype=np.int32)[None, :]
    values = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    return {name: values[name] for name in names}
