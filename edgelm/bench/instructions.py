"""Instructions of bundles on emulated machines, one at a time: a gate against regressions, not milliseconds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import edgelm
from edgelm import registry
from edgelm.bench.plan import check_positive, lengths_of, open_rows
from edgelm.bench.result import Bench, Counts, Row
from edgelm.errors import ParityError, UsageError
from edgelm.types import Check, Target

EVERY_CPU = "every CPU"
"""The key of the limit that holds on each machine."""
_USUAL_LENGTH = 128
_RUNS = 5
_NOTES = (
    "Instructions are a regression gate, not milliseconds: they know nothing of caches, of memory, or of how many a "
    "core runs at once. Compare counts on one CPU with each other, never across CPUs.",
    "A whole machine is emulated whose clock goes on by one nanosecond for every instruction. The count is that of one "
    "run of the model on one text, with the runtime, its Python binding and the kernel's timer; the least of "
    f"{_RUNS} runs after a warm-up, which is the same at every start.",
)


@dataclass(frozen=True)
class CountRequest:
    """The bundles, the lengths, and the limits every bundle must keep."""

    bundles: tuple[Path, ...]
    lengths: tuple[int, ...] = ()
    """Tokens of the text; none: 128, or the bundle's longest where that is less."""
    max_instructions: Mapping[str, float] = field(default_factory=dict)
    """By machine, and ``EVERY_CPU``."""
    max_size_mb: float | None = None


class CountPlan:
    """The opened bundles, each with the target that counts its instructions; UsageError when something is wrong."""

    def __init__(self, request: CountRequest) -> None:
        self.request = request
        limits = {f"--max-instructions {key}": value for key, value in request.max_instructions.items()}
        check_positive(
            {"--lengths": min(request.lengths, default=None), "--max-size-mb": request.max_size_mb, **limits}
        )
        self.rows = open_rows(request.bundles)
        self.counting = {id(row): _counting(row) for row in self.rows}
        registry.require(self.counting.values())
        self.lengths = {id(row): _lengths(row, request.lengths) for row in self.rows}
        self.machines = dict.fromkeys(name for target in self.counting.values() for name in target.machines)
        strange = [key for key in request.max_instructions if key not in {*self.machines, EVERY_CPU}]
        if strange:
            raise UsageError(
                f"--max-instructions {strange[0]}=... names no CPU that is emulated.",
                hint=f"There are: {', '.join(self.machines)}.",
            )


def count(plan: CountPlan, say: Callable[[str], None]) -> Bench:
    """Count every bundle on every machine; ``say`` is told each step. ToolchainError when a machine is not set up."""
    for row in plan.rows:
        target = plan.counting[id(row)]
        row.runtime = target.versions
        for machine, one in target.machines.items():
            say(f"{row.label} on {machine}")
            try:
                found = one.instructions(row.bundle.path, row.bundle.manifest, plan.lengths[id(row)], _RUNS)
            except ParityError as error:
                row.failure = f"{machine}: {error}"
                break
            row.counts += [Counts(machine, length, runs) for length, runs in found.items()]
        row.checks = [*_checks(plan.request, row)]
    return Bench(plan.rows, _facts(plan), _NOTES)


def _counting(row: Row) -> Target:
    """The target that counts: the bundle's own, or one of the same format."""
    own = registry.target(row.bundle.manifest["target"])
    able = [target for target in registry.targets().values() if target.counts_instructions]
    same = [target for target in able if target.converter == own.converter]
    if not same:
        formats = ", ".join(dict.fromkeys(target.converter for target in able))
        names = ", ".join(target.name for target in able)
        raise UsageError(
            f"{row.bundle.path}: instructions of target {own.name} cannot be counted; those of {names} can.",
            hint=f"A bundle of {formats} serves as it is: edgelm export MODEL --target {able[-1].converter}",
        )
    return own if own in same else same[0]


def _lengths(row: Row, asked: tuple[int, ...]) -> tuple[int, ...]:
    longest = row.bundle.manifest["max_length"]
    found = lengths_of(row.bundle, asked or (min(_USUAL_LENGTH, longest),))
    if not found:
        raise UsageError(f"{row.bundle.path} takes {longest} tokens.", hint="Choose with --lengths.")
    return found


def _checks(request: CountRequest, row: Row) -> Iterator[Check]:
    yield Check.at_most("size", "bundle", row.size_mb, request.max_size_mb, "MB")
    if row.failure:
        yield Check.failed("integrity", "runs in its runtime", row.failure)
        return
    every = request.max_instructions.get(EVERY_CPU)
    for counts in row.counts:
        limit = request.max_instructions.get(counts.machine, every)
        name = f"instructions, {counts.tokens} tokens, {counts.machine}"
        yield Check.at_most("latency", name, counts.least, limit)


def _facts(plan: CountPlan) -> dict[str, Any]:
    spread = [statistics.median(counts.runs) / counts.least - 1 for row in plan.rows for counts in row.counts]
    return {
        "edgelm": edgelm.__version__,
        "instructions": "a regression gate, not milliseconds",
        "machines": ", ".join(plan.machines),
        "runs": _RUNS,
        "median above the least, at most": f"{max(spread, default=0):.3%}",
    }
