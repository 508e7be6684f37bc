"""A bench as bench.json for machines, bench.md for a pull request, and bench.html for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import numpy as np

from edgelm import charts, page
from edgelm.bench import tables
from edgelm.bench.result import ANSWER, Bench
from edgelm.bench.tables import Table
from edgelm.bundle import write_json
from edgelm.errors import UsageError
from edgelm.page import Html, element
from edgelm.report.single import banner, grid, mark, section
from edgelm.report.words import MARKS
from edgelm.types import Verdict

NAMES = ("bench.json", "bench.md", "bench.html")
_MOST_DOTS = 201
"""Dots of a bundle in a plot; a page of thousands is slow to open. The 101st is the median, the 191st p95."""
_TIED = "\u00a0"
"""A space that breaks no line."""
_OTHER_SIZE = 1.05
"""Sizes that differ by less are one: a plot against them shows nothing."""


def check_writable(directory: Path) -> None:
    """Make the folder; UsageError when nothing can be written there, before an hour of measuring is lost."""
    probe = directory / f".{uuid4().hex[:8]}.partial"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(
            f"Cannot write to {directory}: {error.strerror or error}.", hint="Choose another --output."
        ) from None


def write(bench: Bench, directory: Path, command: str) -> None:
    """All three files, each whole or not at all; ``command`` is what repeats the bench."""
    partial = [directory / f".{name}.{uuid4().hex[:8]}.partial" for name in NAMES]
    try:
        write_json(partial[0], {"command": command, **bench.to_dict()})
        partial[1].write_text(markdown(bench, command), "utf-8")
        partial[2].write_text(html(bench, command), "utf-8")
        for path, name in zip(partial, NAMES, strict=True):
            path.replace(directory / name)
    except OSError as error:
        raise UsageError(f"Cannot write to {directory}: {error.strerror or error}.") from None
    finally:
        for path in partial:
            path.unlink(missing_ok=True)


def title(bench: Bench) -> str:
    """What was compared."""
    models = list(dict.fromkeys(str(row.bundle.manifest["model"]) for row in bench.rows))
    name = models[0] if len(models) == 1 else f"{len(models)} models"
    kind = "Instructions" if tables.has_counts(bench) else "Latency"
    return f"{kind} of {name}, {len(bench.rows)} bundle{'s' if len(bench.rows) > 1 else ''}"


def outcome(bench: Bench) -> str:
    """The verdict in a sentence."""
    if bench.verdict is Verdict.PASS:
        is_limited = any(check.limit is not None for row in bench.rows for check in row.checks)
        return f"All were measured; {'every limit was kept' if is_limited else 'no limit was set'}."
    count = sum(row.verdict is bench.verdict for row in bench.rows)
    told = {Verdict.FAIL: "failed", Verdict.UNMEASURED: "could not be measured here"}
    return f"{count} of {len(bench.rows)} {told[bench.verdict]}."


# -- Markdown ----------------------------------------------------------------------------------------------------------


def markdown(bench: Bench, command: str) -> str:
    """The page for a pull request."""
    lines = [f"# {MARKS[bench.verdict]} {_one_line(title(bench))}", "", outcome(bench), ""]
    lines += [*(f"- {MARKS[verdict]} {_one_line(text)}" for verdict, text in tables.failures(bench)), ""]
    lines += [*_markdown_table(tables.overview(bench)), *(f"- {note}" for note in bench.notes), ""]
    lines += [line for table in tables.details(bench) for line in _markdown_table(table)]
    facts = [f"- {_one_line(key)}: {_one_line(value)}" for key, value in tables.facts(bench)]
    return "\n".join([*lines, "**Versions and machine**", "", *facts, "", "**Again**", "", f"    {command}", ""])


def _markdown_table(table: Table) -> Iterator[str]:
    yield from (f"**{_one_line(_capital(table.caption))}**", "")
    for line in (table.columns, ["---", *["---:"] * (len(table.columns) - 1)], *table.rows):
        cells = (_one_line(cell).replace("|", "\\|") for cell in line)
        yield f"| {' | '.join(cells)} |"
    yield ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


# -- HTML --------------------------------------------------------------------------------------------------------------


def html(bench: Bench, command: str) -> str:
    """The page for people: the verdict, the table, the plots, then the details and what they were measured on."""
    failures = [element("li", mark(verdict, text)) for verdict, text in tables.failures(bench)]
    parts = [
        banner(bench.verdict, title(bench), outcome(bench)),
        element("ul", *failures, class_="troubles") if failures else Html(),
        *_html_overview(bench),
        grid(_charts(bench)),
        *section("How to read this", element("ul", *(element("li", note) for note in bench.notes))),
        *section("Every measurement", page.join([_html_table(table) for table in tables.details(bench)])),
        *section("Versions and machine", page.facts(tables.facts(bench))),
        *section("Again", element("pre", element("code", command), tabindex="0")),
    ]
    return page.document(title(bench), page.join([part for part in parts if part]))


def _html_overview(bench: Bench) -> Iterator[Html]:
    """The table of bundles; what its figures are stands below, where a phone shows it whole."""
    table = tables.overview(bench)
    rows = [
        [row.label.replace(" ", _TIED), mark(row.verdict), *cells[2:]]
        for row, cells in zip(bench.rows, table.rows, strict=True)
    ]
    yield page.table(table.columns, rows, caption="Bundles", numeric=range(2, len(table.columns)))
    yield element("p", _capital(table.caption) + ".", class_="muted")


def _html_table(table: Table) -> Html:
    # A short name in one line: a column of figures beside it would break it.
    rows = [[row[0].replace(" ", _TIED), *row[1:]] for row in table.rows]
    return page.table(table.columns, rows, caption=_capital(table.caption), numeric=range(1, len(table.columns)))


def _charts(bench: Bench) -> Iterator[Html]:
    yield from _count_charts(bench) if tables.has_counts(bench) else _time_charts(bench)


def _time_charts(bench: Bench) -> Iterator[Html]:
    """Latency against length, the distribution at each length, and what a bundle takes beside time."""
    models = [what for what in bench.measured if what != ANSWER]
    by_length = {
        row.label: [(float(what.tokens or 0), row.times[what].p50) for what in models if what in row.times]
        for row in bench.rows
    }
    by_length = {label: points for label, points in by_length.items() if points}
    if by_length and len(models) > 1:
        heading = "The model alone: p50 against length"
        yield charts.lines(by_length, title=heading, x_label="tokens", y_label="ms", log_x=True, log_y=True)
    trade = [charts.Point(row.label, row.size_mb, row.times[ANSWER].p50) for row in bench.rows if ANSWER in row.times]
    sizes = [point.x for point in trade]
    if trade and max(sizes) > _OTHER_SIZE * min(sizes):
        yield charts.scatter(trade, title="Size against text to answer", x_label="MB", y_label="p50, ms")
    for what in bench.measured:
        values = {row.label: drawn(row.times[what].ms) for row in bench.rows if what in row.times}
        yield charts.strip(values, title=_capital(str(what)), unit="ms", log=True)
    starts = {row.label: row.cold_starts for row in bench.rows if row.cold_starts}
    loads = {row.label: row.loads for row in bench.rows if row.loads}
    for heading, found in (("Cold start", starts), ("Load", loads)):
        if found:
            yield charts.strip(found, title=heading, unit="ms")
    shipped = {row.label: row.size_mb for row in bench.rows}
    yield charts.bars(shipped, title="Size of what the app ships", unit="MB")
    peaks = {row.label: row.peak_mb for row in bench.rows if row.peak_mb is not None}
    if peaks:
        yield charts.bars(peaks, title="Peak memory of the process", unit="MB")


def _count_charts(bench: Bench) -> Iterator[Html]:
    """The least count of every bundle, one chart for each machine and length."""
    places = dict.fromkeys((counts.machine, counts.tokens) for row in bench.rows for counts in row.counts)
    for machine, tokens in places:
        values = {
            row.label: counts.least / 1e6
            for row in bench.rows
            for counts in row.counts
            if (counts.machine, counts.tokens) == (machine, tokens)
        }
        yield charts.bars(values, title=f"{machine}, {tokens} tokens", unit="million")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def drawn(values: Sequence[float]) -> list[float]:
    """The values, or where they are too many their quantiles, of which p50 and p95 are the same."""
    if len(values) <= _MOST_DOTS:
        return list(values)
    return [float(value) for value in np.quantile(values, np.linspace(0, 1, _MOST_DOTS))]
