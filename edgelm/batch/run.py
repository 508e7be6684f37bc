"""A run: windows of the input answered by many workers, written in their order, told of as they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import edgelm
from edgelm.batch.answers import Answered, Asked
from edgelm.batch.cluster import Cluster
from edgelm.batch.journal import Done, Output, partial_of
from edgelm.batch.processes import Processes
from edgelm.batch.reading import Source, Window, limits_of
from edgelm.bundle import MANIFEST, Bundle, sha256
from edgelm.errors import UsageError
from edgelm.session import Question

_AHEAD = 2
"""Windows for each worker that may be read and not yet written: one it answers, one that waits for others or for it."""


@dataclass(frozen=True)
class BatchRequest:
    """What `edgelm run --input --output` was asked for."""

    bundle: Path
    input: Path
    """``-`` is stdin."""
    output: Path
    question: Question
    """What rows do not say themselves; its text is left aside."""
    workers: int | None = None
    """None: as many as there are cores."""
    threads: int = 1
    """Of each worker's runtime."""
    max_batch_tokens: int = 512
    engine: str = "local"
    strict: bool = False
    overwrite: bool = False

    @property
    def unfinished(self) -> Path:
        """Where the answers so far are, if a run that stopped has left any."""
        return partial_of(self.output)


@dataclass(frozen=True)
class Progress:
    """How far a run is."""

    done: Done
    total_bytes: int | None
    """Of the input; None where that is not known."""
    begun: Done
    """What was done before this run."""
    seconds: float
    """Since this run's workers were ready."""

    @property
    def rows_per_second(self) -> float:
        """Of this run."""
        return (self.done.rows - self.begun.rows) / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """By the bytes of the input so far; None where it is not known."""
        read = self.done.offset - self.begun.offset
        if self.total_bytes is None or not read:
            return None
        return (self.total_bytes - self.done.offset) * self.seconds / read


class Pool(Protocol):
    """Workers somewhere."""

    workers: int

    def submit(self, number: int, window: Window) -> None:
        """Have a window answered."""

    def wait(self) -> Mapping[int, Answered]:
        """Windows that are answered, at least one, by number."""


Engine = Callable[[Asked, int | None], AbstractContextManager[Pool]]
ENGINES: Mapping[str, Engine] = {"local": Processes, "ray": Cluster}


def run(request: BatchRequest, told: Callable[[Progress], None]) -> Progress:
    """Answer every row of the input that is not answered yet, and give the output its place.

    Rows that cannot be answered have an error in the place of an answer; ``strict`` ends at the first. UsageError and
    ToolchainError say what is in the way; what is answered then is kept for the next run of the same request.
    """
    bundle = Bundle.open(request.bundle)
    with Source(request.input) as source:
        output = Output(request.output, _identity(request, source), overwrite=request.overwrite)
        if source.is_at(request.output):
            raise UsageError(f"{request.output} is the input.", hint="Choose another --output.")
        if output.done.is_whole:
            output.publish()
            return Progress(output.done, source.size, output.done, 0.0)
        asked = Asked(bundle.path, request.question, source.holds_objects, request.threads, request.max_batch_tokens)
        with ENGINES[request.engine](asked, request.workers) as pool, output:
            windows = source.windows(limits_of(bundle.manifest), output.done.place)
            return _write(request, source, output, in_order(pool, windows), told)


def in_order(pool: Pool, windows: Iterator[Window]) -> Iterator[Answered]:
    """The answers to windows in the order of these, no more of which are read ahead than the workers need."""
    answered: dict[int, Answered] = {}
    first = last = 0
    for last, window in enumerate(windows, 1):
        pool.submit(last - 1, window)
        while last - first == _AHEAD * pool.workers:
            answered.update(pool.wait())
            while first in answered:
                yield answered.pop(first)
                first += 1
    while first < last:
        if first not in answered:
            answered.update(pool.wait())
            continue
        yield answered.pop(first)
        first += 1


def _write(
    request: BatchRequest,
    source: Source,
    output: Output,
    answers: Iterator[Answered],
    told: Callable[[Progress], None],
) -> Progress:
    begun, started = output.done, time.perf_counter()
    progress = Progress(begun, source.size, begun, 0.0)
    told(progress)
    for answered in answers:
        if request.strict and answered.first_failure:
            number, why = answered.first_failure
            raise UsageError(f"{source.name}:{number}: {why}")
        output.append(answered)
        progress = Progress(output.done, source.size, begun, time.perf_counter() - started)
        told(progress)
    if not output.done.rows:
        raise UsageError(f"{source.name} holds no text.")
    source.check_unchanged()
    output.finish()
    return progress


def _identity(request: BatchRequest, source: Source) -> Mapping[str, Any] | None:
    """What a run must share with one that it goes on from; None where the input cannot be read again."""
    if not source.digest:
        return None
    return {
        "edgelm": edgelm.__version__,
        "input": source.digest,
        "bundle": sha256(request.bundle / MANIFEST),
        "options": {
            **asdict(request.question),
            "choices": list(request.question.choices),
            "layout": "objects" if source.holds_objects else "texts",
            "threads": request.threads,
            "max_batch_tokens": request.max_batch_tokens,
        },
    }
