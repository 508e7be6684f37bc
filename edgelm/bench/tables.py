"""A bench as tables of words, for the terminal and for every page."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from edgelm.bench.result import ANSWER, Bench, Times, What
from edgelm.charts import figure
from edgelm.report.words import plain, trouble
from edgelm.types import Verdict

NOTHING = "-"


@dataclass(frozen=True)
class Table:
    """A caption, the columns' names, and the rows; the first cell names its row, the others are figures."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def overview(bench: Bench) -> Table:
    """One row for each bundle."""
    return counts_overview(bench) if has_counts(bench) else times_overview(bench)


def details(bench: Bench) -> list[Table]:
    """Everything else that is worth a table."""
    if has_counts(bench):
        return []
    return [_details(bench, what) for what in bench.measured]


def has_counts(bench: Bench) -> bool:
    """Whether instructions were counted rather than times taken."""
    return "instructions" in bench.facts


def times_overview(bench: Bench) -> Table:
    """Size, p50 and p95 of each measurement, cold start, load, peak memory, and how the answers compare."""
    is_compared = len(bench.rows) > 1
    measured = (_short(what) for what in bench.measured)
    columns = ("bundle", "verdict", "MB", *measured, "cold start", "load", "memory", *(["ratio"] * is_compared))
    rows = []
    for row in bench.rows:
        compared = bench.ratio(row, ANSWER)
        cells = [row.label, row.verdict.value, figure(row.size_mb)]
        cells += [_both(row.times.get(what)) for what in bench.measured]
        cells += [_median(row.cold_starts), _median(row.loads), _or_nothing(row.peak_mb)]
        cells += [str(compared) if compared else NOTHING] * is_compared
        rows.append(cells)
    told = f"; ratio: text to answer, to {bench.rows[0].label}" if is_compared else ""
    return Table(f"latency p50 / p95, cold start and load p50, in ms; peak memory in MB{told}", columns, rows)


def counts_overview(bench: Bench) -> Table:
    """The least count of each machine and length, in millions, and how it compares."""
    places = list(dict.fromkeys((counts.machine, counts.tokens) for row in bench.rows for counts in row.counts))
    columns = ("bundle", "verdict", "MB", *(f"{machine}, {tokens} tokens" for machine, tokens in places))
    rows = []
    for row in bench.rows:
        found = {(counts.machine, counts.tokens): counts for counts in row.counts}
        cells = []
        for place in places:
            counts = found.get(place)
            compared = bench.count_ratio(row, counts) if counts else None
            told = f"{counts.least / 1e6:.3f}" if counts else NOTHING
            cells.append(told if compared is None else f"{told} ({compared:.3f})")
        rows.append([row.label, row.verdict.value, figure(row.size_mb), *cells])
    told = f"; in brackets, to {bench.rows[0].label}" if len(bench.rows) > 1 else ""
    caption = f"million instructions, {bench.facts['instructions']}; the least of all runs{told}"
    return Table(caption, columns, rows)


def failures(bench: Bench) -> list[tuple[Verdict, str]]:
    """What is not green, in words."""
    found = [(row, check) for row in bench.rows for check in row.checks if check.verdict is not Verdict.PASS]
    return [(check.verdict, f"{row.label}: {trouble(check)}") for row, check in found]


def facts(bench: Bench) -> list[tuple[str, str]]:
    """What the figures were measured on, and with what."""
    runtimes = [(row.label, f"{row.bundle.path}, {row.runtime}") for row in bench.rows]
    return [*((key, plain(value)) for key, value in bench.facts.items()), *runtimes]


def _details(bench: Bench, what: What) -> Table:
    columns = ("bundle", "p50 ms", "p95 ms", "min ms", "runs", "CPU ms", "vs the first")
    rows = []
    for row in bench.rows:
        times = row.times.get(what)
        if times:
            compared = bench.ratio(row, what)
            cpu = statistics.median(times.cpu_ms)
            cells = [figure(times.p50), figure(times.p95), figure(min(times.ms)), str(len(times.ms)), figure(cpu)]
            rows.append([row.label, *cells, str(compared) if compared else NOTHING])
    return Table(_title(bench, what), columns, rows)


def _title(bench: Bench, what: What) -> str:
    """The measurement, and of answers how long the texts are."""
    tokens = next((row.texts_tokens for row in bench.rows if row.texts_tokens), [])
    if what != ANSWER or not tokens:
        return str(what)
    return f"{what}, {len(tokens)} texts of {min(tokens)} to {max(tokens)} tokens"


def _short(what: What) -> str:
    return "text to answer" if what == ANSWER else f"{what.tokens} tokens"


def _both(times: Times | None) -> str:
    return f"{figure(times.p50)} / {figure(times.p95)}" if times else NOTHING


def _median(ms: Sequence[float]) -> str:
    return figure(statistics.median(ms)) if ms else NOTHING


def _or_nothing(value: float | None) -> str:
    return NOTHING if value is None else figure(value)
