"""What `edgelm bench` was asked for, checked as a whole before anything is measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgelm import machine, registry
from edgelm.bench.result import Row, labels
from edgelm.bundle import Bundle
from edgelm.errors import UsageError
from edgelm.samples import read_samples

USUAL_LENGTHS = (16, 64, 128)
ANSWER_LIMIT = "answer"
"""The key of the limit on the median from text to answer."""


@dataclass(frozen=True)
class BenchRequest:
    """The bundles, how long they are measured, and the limits every one of them must keep."""

    bundles: tuple[Path, ...]
    lengths: tuple[int, ...] = ()
    """Tokens the model alone is timed at; none: ``USUAL_LENGTHS`` and each bundle's longest."""
    samples: Path | None = None
    threads: int = 0
    """0: the cores there are, four at most."""
    seconds: float = 2.0
    """For each bundle at each length, and for its answers, in all its processes together."""
    processes: int = 6
    """Of each bundle, one after the other; of six the range of ratios holds their median with 97 %."""
    time_limit_s: float = 120.0
    """Any request to a bundle's process that takes longer ends it."""
    max_p50_ms: Mapping[str, float] = field(default_factory=dict)
    """By length in tokens, as text, of the model alone, and ``ANSWER_LIMIT``."""
    max_size_mb: float | None = None
    max_memory_mb: float | None = None


class Plan:
    """The opened bundles and everything decided about them; UsageError or ToolchainError when something is wrong."""

    def __init__(self, request: BenchRequest) -> None:
        self.request = request
        _check_numbers(request)
        self.rows = open_rows(request.bundles)
        measured = [registry.target(row.bundle.manifest["target"]) for row in self.rows if row.is_alive]
        registry.require(measured)
        self.texts = read_samples(request.samples)
        self.threads = request.threads or machine.usual_threads()
        self.lengths = {id(row): lengths_of(row.bundle, request.lengths) for row in self.rows}
        longest = max(row.bundle.manifest["max_length"] for row in self.rows)
        too_long = [length for length in request.lengths if length > longest]
        if too_long:
            raise UsageError(f"No bundle takes {too_long[0]} tokens; the longest takes {longest}.")
        timed = {str(length) for lengths in self.lengths.values() for length in lengths}
        strange = [key for key in request.max_p50_ms if key not in timed | {ANSWER_LIMIT}]
        if strange:
            raise UsageError(
                f"--max-p50-ms {strange[0]}=... names a length that is not measured.",
                hint=f"Measured are: {', '.join(sorted(timed, key=int))}. Choose with --lengths.",
            )


def open_rows(paths: tuple[Path, ...]) -> list[Row]:
    """A row for each bundle, whose files are as they were exported; UsageError names the one that is wrong."""
    if not paths:
        raise UsageError("No BUNDLE given.", hint="Make one: edgelm export MODEL --target T")
    twice = [path for i, path in enumerate(paths) if path.resolve() in [one.resolve() for one in paths[:i]]]
    if twice:
        raise UsageError(f"{twice[0]} is given twice.", hint="Each bundle is measured as often as all others.")
    bundles = [Bundle.open(path) for path in paths]
    for bundle in bundles:
        bundle.verify()
    return [_row(bundle, label) for bundle, label in zip(bundles, labels(bundles), strict=True)]


def lengths_of(bundle: Bundle, asked: tuple[int, ...]) -> tuple[int, ...]:
    """The lengths one bundle is timed at, ascending."""
    longest = bundle.manifest["max_length"]
    wanted = asked or (*USUAL_LENGTHS, longest)
    return tuple(sorted({length for length in wanted if length <= longest}))


def _row(bundle: Bundle, label: str) -> Row:
    target = registry.target(bundle.manifest["target"])
    emulated = f"Here it is run by {target.emulated}; that says nothing of its speed." if target.emulated else ""
    return Row(bundle, label, target.versions, unmeasured=target.unmeasured or emulated)


def check_positive(numbers: Mapping[str, float | None]) -> None:
    """UsageError for a number nothing can be measured with; not a number is none either, None is no number."""
    for name, value in numbers.items():
        if value is not None and not 0 < value < math.inf:
            raise UsageError(f"{name} is {value:g}; it must be more than zero and finite.")


def _check_numbers(request: BenchRequest) -> None:
    check_positive(
        {
            "--seconds": request.seconds,
            "--time-limit": request.time_limit_s,
            "--processes": request.processes,
            "--lengths": min(request.lengths, default=None),
            **{f"--max-p50-ms {key}": value for key, value in request.max_p50_ms.items()},
            "--max-size-mb": request.max_size_mb,
            "--max-memory-mb": request.max_memory_mb,
        }
    )
