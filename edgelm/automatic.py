"""`--precision auto`: every precision of a target is built and proved, and the fastest that passes is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from edgelm import report
from edgelm.bench.plan import BenchRequest
from edgelm.bench.plan import Plan as BenchPlan
from edgelm.bench.result import Bench, Row, What
from edgelm.bench.rounds import bench
from edgelm.bundle import Bundle, publish, staging
from edgelm.pipeline import AUTO, Job, Plan, Progress, build
from edgelm.types import Report, Verdict

_TOKENS = 64
"""The length that candidates are timed at, or the longest a shorter model takes."""
_SECONDS = 1.5


@dataclass(frozen=True)
class _Candidate:
    """A precision that was built, and where it lies."""

    job: Job
    report: Report
    row: Row | None = None
    ratio: str = ""

    @property
    def passes(self) -> bool:
        """Whether nothing failed; what could not be measured here cannot speak against it."""
        return self.report.verdict is not Verdict.FAIL

    @property
    def place(self) -> Path:
        """Of the bundle."""
        return Path(self.report.bundle)

    def told(self) -> str:
        """A line for the report: the precision, its verdict, its time and its size."""
        size = self.report.value("bundle")
        parts = [self.report.verdict.value, self.ratio, "" if size is None else f"{size:.1f} MB"]
        return f"{self.job.precision}: {', '.join(part for part in parts if part)}"


def export(plan: Plan, progress: Progress) -> Iterator[Report]:
    """As ``pipeline.export``, where a target's several jobs end in one bundle."""
    for _, jobs in groupby(plan.jobs, key=lambda job: job.target.name):
        yield _choose(plan, list(jobs), progress)


def _choose(plan: Plan, jobs: Sequence[Job], progress: Progress) -> Report:
    """Build all beside the place of the bundle, and move the best there."""
    target, final = jobs[0].target, jobs[0].final
    with staging(final) as folder:
        staged = [replace(job, final=folder / job.precision / target.name) for job in jobs]
        built = [_Candidate(job, build(plan, job, progress)) for job in staged]
        fit = [one for one in built if one.passes]
        if fit:
            progress(target.name, f"timing {len(fit)} precisions in turns")
            timed = _timed(plan, fit)
            built = [next((one for one in timed if one.job is old.job), old) for old in built]
            best, why = _best(timed)
        else:
            best, why = built[0], "None passed: this is the first that was tried."
        result = _told(plan, best, built, why, final)
        if result.bundle:
            report.write(result, best.place)
            publish(best.place, final, accepted=best.passes)
        return result


def _timed(plan: Plan, fit: Sequence[_Candidate]) -> list[_Candidate]:
    """The candidates with what a bench says of them, one after the other in turns."""
    length = min(_TOKENS, plan.max_length)
    request = BenchRequest(tuple(one.place for one in fit), (length,), threads=plan.threads, seconds=_SECONDS)
    found = bench(BenchPlan(request), lambda _: None)
    return [
        replace(one, row=row, ratio=_ratio(found, row, What(length))) for one, row in zip(fit, found.rows, strict=True)
    ]


def _ratio(found: Bench, row: Row, what: What) -> str:
    if what not in row.times:
        return row.failure or "not timed here"
    ratio = found.ratio(row, what)
    first = found.rows[0].bundle.manifest["precision"]
    return f"{row.times[what].p50:.2f} ms" + (f", {ratio} of {first}'s time" if ratio else "")


def _best(timed: Sequence[_Candidate]) -> tuple[_Candidate, str]:
    """The fastest; of those its timing cannot be told apart from, and where nothing was timed, the smallest."""
    medians = {id(one): _median(one) for one in timed}
    known = [one for one in timed if medians[id(one)] is not None]
    if not known:
        return min(timed, key=_size), "Nothing can be timed here: this is the smallest that passed."
    fastest = min(medians[id(one)] or 0.0 for one in known)
    near = [one for one in known if (medians[id(one)] or 0.0) <= fastest * _NEAR]
    return min(near, key=_size), "The fastest that passed." if len(near) == 1 else "The smallest of the fastest."


_NEAR = 1.03
"""Medians within this factor are one: timings of equal bundles differ by as much."""


def _median(candidate: _Candidate) -> float | None:
    times = [] if candidate.row is None else [one for one in candidate.row.times.values() if one.processes]
    return min((one.p50 for one in times), default=None)


def _size(candidate: _Candidate) -> int:
    return Bundle.open(candidate.place).size_bytes


def _told(plan: Plan, best: _Candidate, built: Sequence[_Candidate], why: str, final: Path) -> Report:
    """The best one's report, in its place, with all that were tried."""
    left_out = plan.left_out.get(best.job.target.name, ())
    tried = [*(one.told() for one in built), *left_out]
    place = final if best.passes else final.with_name(f"{final.name}.rejected")
    request = replace(plan.request, precision=best.job.precision).record()
    return replace(
        best.report,
        bundle=str(place) if best.report.bundle else "",
        facts={**best.report.facts, "precisions tried": tried},
        notes=(f"Chosen by `--precision {AUTO}`: {why}", *best.report.notes),
        request=request,
    )
