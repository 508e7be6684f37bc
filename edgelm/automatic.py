"""`--precision auto`: every precision of a target is built and proved, and the fastest that passes is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from edgelm import report
from edgelm.bench.plan import BenchRequest
from edgelm.bench.plan import Plan as BenchPlan
from edgelm.bench.result import Bench, Row, What
from edgelm.bench.rounds import bench
from edgelm.bundle import Bundle, publish, staging
from edgelm.errors import UsageError
from edgelm.pipeline import AUTO, Job, Plan, Progress, build
from edgelm.types import Report, Verdict

_TOKENS = 64
"""The length that candidates are timed at, or the longest a shorter model takes."""
_SECONDS = 1.5
_NEAR = 1.03
"""Medians within this factor are one: timings of equal bundles differ by as much."""


@dataclass(frozen=True)
class Candidate:
    """What a choice is made by: a bundle that passed, what a run of it takes, and what an app ships."""

    precision: str
    size_bytes: int
    p50_ms: float | None = None
    """None: it cannot be timed here."""
    time: str = ""
    """The same in words, beside the first candidate's."""


def choose(candidates: Sequence[Candidate]) -> tuple[Candidate, str]:
    """The fastest with the reason; of those whose timing cannot be told apart, and where nothing was timed, the
    smallest."""
    if len(candidates) == 1:
        return candidates[0], "The only one that passed."
    times = {one.precision: one.p50_ms for one in candidates if one.p50_ms is not None}
    if not times:
        return min(candidates, key=_size), "Nothing can be timed here: this is the smallest that passed."
    limit = min(times.values()) * _NEAR
    near = [one for one in candidates if one.precision in times and times[one.precision] <= limit]
    return min(near, key=_size), "The fastest that passed." if len(near) == 1 else "The smallest of the fastest."


def export(plan: Plan, progress: Progress) -> Iterator[Report]:
    """As ``pipeline.export``, where a target's several jobs end in one bundle."""
    errors: list[Exception] = []
    try:
        for _, jobs in groupby(plan.jobs, key=lambda job: job.target.name):
            try:
                found = _export(plan, list(jobs), progress)
            except Exception as error:  # noqa: BLE001  raised below, when the others are done
                errors.append(error)
            else:
                yield found
    finally:
        plan.stop()
    if errors:
        raise errors[0]


def _export(plan: Plan, jobs: Sequence[Job], progress: Progress) -> Report:
    """Build all beside the place of the bundle, and move the best there."""
    target, final = jobs[0].target.name, jobs[0].final
    with staging(final) as folder:
        reports, refused = _built(plan, jobs, folder, progress)
        fit = {name: found for name, found in reports.items() if found.verdict is not Verdict.FAIL}
        candidates: list[Candidate] = []
        if fit:
            if len(fit) > 1:
                progress(target, f"timing {len(fit)} precisions in turns")
            candidates = _timed(plan, fit)
            chosen, why = choose(candidates)
            precision = chosen.precision
        else:
            precision = next((name for name, found in reports.items() if found.bundle), next(iter(reports)))
            why = "None passed: this is the first that was tried."
        tried = [*_told(reports, candidates), *refused, *plan.left_out.get(target, ())]
        best = reports[precision]
        place = final if fit else final.with_name(f"{final.name}.rejected")
        result = replace(
            best,
            bundle=str(place) if best.bundle else "",
            facts={**best.facts, "precisions tried": tried},
            notes=(f"Chosen by `--precision {AUTO}`: {why}", *best.notes),
            request=replace(plan.request, precision=precision).record(),
        )
        if best.bundle:
            report.write(result, Path(best.bundle))
            publish(Path(best.bundle), final, accepted=bool(fit))
        return result


def _built(
    plan: Plan, jobs: Sequence[Job], folder: Path, progress: Progress
) -> tuple[dict[str, Report], tuple[str, ...]]:
    """The report of each precision, and what is said of those that the target refuses with such options.

    Where it refuses all of them, its first refusal is raised.
    """
    reports: dict[str, Report] = {}
    refusals: dict[str, UsageError] = {}
    for job in jobs:
        try:
            reports[job.precision] = build(plan, replace(job, final=folder / job.precision / job.final.name), progress)
        except UsageError as error:
            refusals[job.precision] = error
    if not reports:
        raise next(iter(refusals.values()))
    return reports, tuple(f"{name}: left out: {error}" for name, error in refusals.items())


def _timed(plan: Plan, fit: Mapping[str, Report]) -> list[Candidate]:
    """The candidates with what a bench says of them, one after the other in turns; one alone needs no timing."""
    if len(fit) == 1:
        return [Candidate(name, Bundle.open(Path(one.bundle)).size_bytes) for name, one in fit.items()]
    length = min(_TOKENS, plan.max_length)
    places = tuple(Path(one.bundle) for one in fit.values())
    request = BenchRequest(places, (length,), threads=plan.threads, seconds=_SECONDS)
    found = bench(BenchPlan(request), lambda _: None)
    return [_candidate(name, found, row, What(length)) for name, row in zip(fit, found.rows, strict=True)]


def _candidate(precision: str, found: Bench, row: Row, what: What) -> Candidate:
    """A row by its median, and in words beside the first row; one that was lost on the way counts as not timed."""
    if row.failure or what not in row.times:
        return Candidate(precision, row.bundle.size_bytes, time=row.failure or "not timed here")
    p50, ratio = row.times[what].p50, found.ratio(row, what)
    first = found.rows[0].bundle.manifest["precision"]
    told = f"{p50:.2f} ms" + (f", {ratio} of {first}'s time" if ratio else "")
    return Candidate(precision, row.bundle.size_bytes, p50, told)


def _told(reports: Mapping[str, Report], candidates: Sequence[Candidate]) -> Iterator[str]:
    """A line for each precision that was built: its verdict, its time and its size."""
    times = {one.precision: one.time for one in candidates}
    for name, found in reports.items():
        size = found.value("bundle")
        parts = [found.verdict.value, times.get(name, ""), "" if size is None else f"{size:.1f} MB"]
        yield f"{name}: {', '.join(part for part in parts if part)}"


def _size(candidate: Candidate) -> int:
    return candidate.size_bytes
