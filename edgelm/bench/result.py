"""What a bench found: times with their percentiles, ratios with their intervals, one row for each bundle."""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from edgelm.bundle import Bundle
from edgelm.errors import BudgetError, ParityError, UnmeasuredError
from edgelm.types import Check, Verdict, worst

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class What:
    """What was measured: the model alone at a length, or with no length a text to its answer."""

    tokens: int | None = None

    def __str__(self) -> str:
        return "text to answer" if self.tokens is None else f"model, {self.tokens} tokens"


ANSWER = What()


@dataclass
class Times:
    """Milliseconds of the timed calls: by the process that made them, and by its rounds."""

    processes: list[list[list[float]]] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    """CPU time of a call, of all threads, on average in each round."""

    @classmethod
    def single(cls, ms: Sequence[float]) -> Times:
        """One call of each process."""
        return cls([[[value]] for value in ms])

    @property
    def ms(self) -> list[float]:
        """Every call."""
        return [ms for rounds in self.processes for calls in rounds for ms in calls]

    @property
    def medians(self) -> list[float]:
        """Of each process the median round, a round being the mean of its calls."""
        return [statistics.median(map(statistics.fmean, rounds)) for rounds in self.processes]

    @property
    def p50(self) -> float:
        """The median."""
        return float(np.percentile(self.ms, 50))

    @property
    def p95(self) -> float:
        """95 of a hundred calls take no longer."""
        return float(np.percentile(self.ms, 95))


@dataclass(frozen=True)
class Ratio:
    """One bundle's time over another's: the median of what pairs of their processes say, and an interval for it."""

    value: float
    low: float
    high: float
    confidence: float
    """How surely the interval holds the median of all such pairs, whatever their distribution."""

    def __str__(self) -> str:
        interval = f" [{self.low:.2f}, {self.high:.2f}]" if self.confidence else ""
        return f"{self.value:.2f}{interval}"


def ratio(medians: Sequence[float], base: Sequence[float]) -> Ratio | None:
    """From the medians of processes that took turns with each other; None without such a pair.

    A process keeps for life where its memory lies and on which core it is woken: on a busy machine one of two equal
    bundles took 0.53 of the other's time, and resampling its 200 rounds gave 0.47 to 0.60. So the pairs of processes
    are the sample, and the interval lies between two of them, as that of the sign test does.
    """
    found = sorted(ours / theirs for ours, theirs in zip(medians, base, strict=False))
    if not found:
        return None
    depth = max((k for k in range(len(found) // 2) if confidence(len(found), k) >= _CONFIDENCE), default=0)
    surely = confidence(len(found), depth)
    return Ratio(statistics.median(found), found[depth], found[-1 - depth], surely)


def confidence(pairs: int, depth: int = 0) -> float:
    """How surely the median lies between so many pairs' ratios, ``depth`` of them left out on either side."""
    outside: int = 2 * sum(math.comb(pairs, i) for i in range(depth + 1))
    return 1 - outside / math.pow(2, pairs)


@dataclass(frozen=True)
class Counts:
    """Instructions of each run of the model on one emulated machine."""

    machine: str
    tokens: int
    runs: tuple[int, ...]

    @property
    def least(self) -> int:
        """What is compared: an interrupt of the kernel's adds to some runs and never to all."""
        return min(self.runs)


@dataclass
class Row:
    """One bundle and what was found of it."""

    bundle: Bundle
    label: str
    runtime: str = ""
    """What runs it, with versions."""
    failure: str = ""
    """Why it could not be measured to the end; such a row is red."""
    unmeasured: str = ""
    """Why this machine cannot measure it at all."""
    cold_starts: list[float] = field(default_factory=list)
    """Milliseconds from the start of each process to its first answer: Python, libraries, tokenizer, model, one run."""
    loads: list[float] = field(default_factory=list)
    """Milliseconds in which each process opened tokenizer and model once more, their libraries in memory."""
    times: dict[What, Times] = field(default_factory=dict)
    texts_tokens: list[int] = field(default_factory=list)
    """Of each text that is answered."""
    counts: list[Counts] = field(default_factory=list)
    peak_mb: float | None = None
    """Of the process that took most."""
    cpu_s: float = 0.0
    """Of all its processes and their threads."""
    checks: list[Check] = field(default_factory=list)

    @property
    def is_alive(self) -> bool:
        """Whether there is anything left to measure."""
        return not (self.failure or self.unmeasured)

    @property
    def verdict(self) -> Verdict:
        """The worst of its checks."""
        return worst(check.verdict for check in self.checks)

    @property
    def size_mb(self) -> float:
        """Megabytes an app ships."""
        return self.bundle.size_bytes / 1e6


@dataclass
class Bench:
    """All rows, and what one must know to read them."""

    rows: list[Row]
    facts: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    @cached_property
    def measured(self) -> list[What]:
        """All that was measured, in order: lengths ascending, text to answer last."""
        found = {what for row in self.rows for what in row.times}
        return sorted(found, key=lambda what: (what.tokens is None, what.tokens or 0))

    @cached_property
    def _ratios(self) -> dict[tuple[int, What], Ratio | None]:
        base = self.rows[0].times
        return {
            (i, what): ratio(times.medians, base[what].medians if what in base else [])
            for i, row in enumerate(self.rows)
            for what, times in row.times.items()
        }

    def ratio(self, row: Row, what: What) -> Ratio | None:
        """The row's median over the first row's; None for the first itself, and where either was not measured."""
        place = next(i for i, one in enumerate(self.rows) if one is row)
        return self._ratios.get((place, what)) if place else None

    def count_ratio(self, row: Row, counts: Counts) -> float | None:
        """The row's least count over the first row's on the same machine and length; None for the first itself."""
        base = self.rows[0]
        found = (one for one in base.counts if (one.machine, one.tokens) == (counts.machine, counts.tokens))
        first = next(found, None)
        return None if first is None or row is base else counts.least / first.least

    @property
    def verdict(self) -> Verdict:
        """The worst of the rows'."""
        return worst(row.verdict for row in self.rows)

    def exit_code(self, *, allow_unmeasured: bool = False) -> int:
        """0 when all passed; what broke before what missed a budget before what could not be measured."""
        checks = [check for row in self.rows for check in row.checks]
        if any(row.failure for row in self.rows):
            return ParityError.exit_code
        if any(check.verdict is Verdict.FAIL for check in checks):
            return BudgetError.exit_code
        if any(check.verdict is Verdict.UNMEASURED for check in checks) and not allow_unmeasured:
            return UnmeasuredError.exit_code
        return 0

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        bundles = [self._row(row) for row in self.rows]
        return {"schema_version": 1, "facts": dict(self.facts), "notes": list(self.notes), "bundles": bundles}

    def _row(self, row: Row) -> dict[str, Any]:
        manifest = row.bundle.manifest
        return {
            "label": row.label,
            "bundle": str(row.bundle.path),
            **{key: manifest[key] for key in ("model", "task", "target", "precision")},
            "runtime": row.runtime,
            "verdict": row.verdict.value,
            "failure": row.failure or row.unmeasured or None,
            "checks": [{**vars(check), "verdict": check.verdict.value} for check in row.checks],
            "size_mb": row.size_mb,
            "cold_start_ms": _summary(Times.single(row.cold_starts)),
            "load_ms": _summary(Times.single(row.loads)),
            "peak_memory_mb": row.peak_mb,
            "cpu_s": row.cpu_s,
            "texts_tokens": row.texts_tokens,
            "times": [self._times(row, what) for what in self.measured if what in row.times],
            "instructions": [
                {**vars(counts), "least": counts.least, "ratio_to_first": self.count_ratio(row, counts)}
                for counts in row.counts
            ],
        }

    def _times(self, row: Row, what: What) -> dict[str, Any]:
        found = self.ratio(row, what)
        times = row.times[what]
        return {
            "what": "text to answer" if what == ANSWER else "model",
            "tokens": what.tokens,
            **(_summary(times) or {}),
            "cpu_p50_ms": round(statistics.median(times.cpu_ms), 4),
            "ratio_to_first": vars(found) if found else None,
        }


def _summary(times: Times) -> dict[str, Any] | None:
    """The figures of some times, and the times themselves to a tenth of a microsecond; None of no times."""
    if not times.processes:
        return None
    figures = {"p50_ms": times.p50, "p95_ms": times.p95, "min_ms": min(times.ms)}
    rounded = {name: round(value, 4) for name, value in figures.items()}
    processes = [[[round(ms, 4) for ms in calls] for calls in rounds] for rounds in times.processes]
    return {**rounded, "runs": len(times.ms), "processes_ms": processes}


def labels(bundles: Sequence[Bundle]) -> list[str]:
    """A short name for each: the first form that tells them apart, at last the path below what they share."""
    manifests = [bundle.manifest for bundle in bundles]
    formats = [f"{manifest['target']} {manifest['precision']}" for manifest in manifests]
    models = [f"{manifest['model']}, {name}" for manifest, name in zip(manifests, formats, strict=True)]
    is_one_model = len({manifest["model"] for manifest in manifests}) == 1
    for names in (formats, models) if is_one_model else (models,):
        if len(set(names)) == len(names):
            return names
    paths = [bundle.path.absolute() for bundle in bundles]
    shared = Path(os.path.commonpath([path.parent for path in paths]))
    return [str(path.relative_to(shared)) for path in paths]
