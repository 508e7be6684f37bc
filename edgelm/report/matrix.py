"""The page over several bundles: targets against checks, and what each of them costs and loses."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import get_args
from urllib.parse import quote

from edgelm import charts, page
from edgelm.charts import Point
from edgelm.page import Html, element
from edgelm.report import lineage
from edgelm.report.single import angles, banner, commands, grid, mark, section, troubles, verdict_of
from edgelm.report.words import MARKS, cell, figure, plain, trouble
from edgelm.types import Check, Group, Report, Verdict, worst

_P50, _TOKENS = "model p50 at ", " tokens"
_ANSWER = "text to answer p50"
_METRIC = " of the artifact"


@dataclass(frozen=True)
class Row:
    """One bundle: its name on the page, where its own page is, and its report."""

    name: str
    link: str
    report: Report

    @classmethod
    def of(cls, report: Report, directory: Path) -> Row:
        """The report's row in a page that lies in ``directory``."""
        if not report.bundle:
            return cls(f"{report.target} (no bundle)", "", report)
        place = Path(os.path.relpath(report.bundle, directory)).as_posix()
        return cls(place, f"{quote(place)}/report.html", report)


@dataclass(frozen=True)
class Column:
    """One figure of every bundle: its heading, and what a report says."""

    heading: str
    text: Callable[[Report], str]


def html(reports: Sequence[Report], directory: Path) -> str:
    """The whole page, for a file in ``directory``."""
    rows = [Row.of(report, directory) for report in reports]
    parts = [
        banner(worst(report.verdict for report in reports), _title(reports), _counts(reports)),
        troubles([(row.name, row.report) for row in rows]),
        *section("Targets", page.join([_verdict_table(rows), _figure_table(rows)])),
        *section("What each costs and loses", grid(_trade_offs(rows))),
        *section("Compression", _compression(reports)),
        *section("Where the errors lie", grid(_error_charts(rows))),
        *section("Latency", grid(_latency_charts(rows))),
        *section("Every check", _check_table(rows)),
        *section("Versions and machine", _facts(rows)),
        *section("Again", commands(report.request for report in reports)),
    ]
    return page.document(f"{_title(reports)}: {_counts(reports)}", page.join([part for part in parts if part]))


def markdown(reports: Sequence[Report], directory: Path) -> str:
    """The matrix for a pull request: verdicts and figures, then what failed."""
    rows = [Row.of(report, directory) for report in reports]
    columns = _columns(reports)
    found = [(row.name, check) for row in rows for check in row.report.checks if check.verdict is not Verdict.PASS]
    lines = [
        f"# {MARKS[worst(report.verdict for report in reports)]} {_title(reports)}: {_counts(reports)}",
        "",
        _line(["", "bundle", *(column.heading for column in columns)]),
        "|---" * (len(columns) + 2) + "|",
        *[_line([MARKS[r.report.verdict], r.name, *(column.text(r.report) for column in columns)]) for r in rows],
        "",
        *[f"- {MARKS[check.verdict]} {name}: {cell(trouble(check))}" for name, check in found],
    ]
    return "\n".join(lines).rstrip() + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(cell, cells))} |"


# -- words -------------------------------------------------------------------------------------------------------------


def _title(reports: Sequence[Report]) -> str:
    models = list(dict.fromkeys(report.model for report in reports))
    targets = list(dict.fromkeys(report.target for report in reports))
    what = models[0] if len(models) == 1 else f"{len(models)} models"
    return f"{what} on {targets[0] if len(targets) == 1 else f'{len(targets)} targets'}"


def _counts(reports: Sequence[Report]) -> str:
    verdicts = [report.verdict for report in reports]
    others = {Verdict.FAIL: "fail", Verdict.UNMEASURED: "not fully measured"}
    told = [f"{verdicts.count(verdict)} {word}" for verdict, word in others.items() if verdict in verdicts]
    return ", ".join([f"{verdicts.count(Verdict.PASS)} of {len(reports)} bundles pass", *told])


# -- figures -----------------------------------------------------------------------------------------------------------


def distance(report: Report, measure: str, pick: Callable[[Iterable[float]], float]) -> float | None:
    """The worst over all outputs of a parity measure against the original, or against the graph where that is all."""
    found = [check for check in report.checks if check.group == "parity" and check.name.endswith(measure)]
    nearest = [check for check in found if "original" in check.name] or found
    values = [check.value for check in nearest if check.value is not None]
    if any(math.isnan(value) for value in values):
        return math.nan
    return pick(values) if values else None


def max_abs(report: Report) -> float | None:
    """The largest difference to the original."""
    return distance(report, "max abs", max)


def worst_cosine(report: Report) -> float | None:
    """The smallest cosine with the original."""
    return distance(report, "cosine, worst", min)


def metric(report: Report) -> Check | None:
    """The artifact's task metric, or None where no labelled examples were given."""
    return next((c for c in report.checks if c.group == "quality" and c.name.endswith(_METRIC)), None)


def p50s(report: Report) -> list[tuple[float, float]]:
    """Tokens and milliseconds of the model alone."""
    found = [check for check in report.checks if check.name.startswith(_P50) and check.value is not None]
    return [(float(c.name.removeprefix(_P50).removesuffix(_TOKENS)), c.value) for c in found if c.value is not None]


def _columns(reports: Sequence[Report]) -> list[Column]:
    """The figures that at least one report has."""
    lengths = sorted({tokens for report in reports for tokens, _ in p50s(report)})
    metrics = dict.fromkeys(found.name for report in reports if (found := metric(report)))
    wanted = [
        *([Column("model", lambda report: report.model)] if len({report.model for report in reports}) > 1 else []),
        Column("precision", lambda report: report.precision),
        Column("size, MB", lambda report: figure(report.value("bundle"))),
        Column("max abs", lambda report: figure(max_abs(report))),
        Column("worst cosine", lambda report: figure(worst_cosine(report))),
        *(Column(name.removesuffix(_METRIC), partial(_named, name)) for name in metrics),
        *(Column(f"p50 at {tokens:g} tokens, ms", partial(_p50, tokens)) for tokens in lengths),
        Column("text to answer, ms", _answer),
        Column("load, ms", lambda report: figure(report.value("load"))),
        Column("memory, MB", lambda report: figure(report.value("peak memory of the run"))),
    ]
    return [column for column in wanted if any(column.text(report) != "-" for report in reports)]


def _named(name: str, report: Report) -> str:
    return figure(report.value(name))


def _p50(tokens: float, report: Report) -> str:
    return figure(dict(p50s(report)).get(tokens))


def _answer(report: Report) -> str:
    return figure(next((c.value for c in report.checks if c.name.startswith(_ANSWER)), None))


# -- tables ------------------------------------------------------------------------------------------------------------


def _linked(row: Row) -> Html:
    return element("a", row.name, href=row.link) if row.link else page.escape(row.name)


def _verdict_table(rows: Sequence[Row]) -> Html:
    groups = [g for g in get_args(Group) if any(check.group == g for row in rows for check in row.report.checks)]
    cells = [[_linked(row), mark(row.report.verdict), *(_of_group(row.report, g) for g in groups)] for row in rows]
    return page.table(("bundle", "verdict", *groups), cells, caption="What was checked")


def _of_group(report: Report, group: Group) -> Html:
    checks = [check for check in report.checks if check.group == group]
    return mark(verdict_of(checks)) if checks else element("span", "–", class_="muted")


def _figure_table(rows: Sequence[Row]) -> Html:
    columns = _columns([row.report for row in rows])
    cells = [[_linked(row), *(column.text(row.report) for column in columns)] for row in rows]
    headings = ("bundle", *(column.heading for column in columns))
    return page.table(headings, cells, caption="What was measured", numeric=range(2, len(headings)))


def _check_table(rows: Sequence[Row]) -> Html:
    """Every check of every bundle; those of one comparison stand under its name."""
    by_row = [{(check.group, check.name): check for check in row.report.checks} for row in rows]
    order = {group: i for i, group in enumerate(get_args(Group))}
    keys = sorted(dict.fromkeys(key for found in by_row for key in found), key=lambda key: order[key[0]])
    cells: list[Sequence[str]] = []
    for heading, found in groupby(keys, key=_heading):
        cells.append([heading])
        cells += [
            [name.rpartition(": ")[2], *(_cell(row.get((group, name))) for row in by_row)] for group, name in found
        ]
    names = [row.name for row in rows]
    return page.table(("check", *names), cells, caption="Figures and verdicts", numeric=range(1, len(names) + 1))


def _heading(key: tuple[Group, str]) -> str:
    group, name = key
    return ", ".join(filter(None, (group.capitalize(), name.rpartition(": ")[0])))


def _cell(check: Check | None) -> Html:
    if check is None:
        return element("span", "–", class_="muted")
    verdict, told = verdict_of([check]), figure(check.value, check.unit)
    return mark(verdict, told) if verdict else page.escape(told)


def _facts(rows: Sequence[Row]) -> Html:
    """What was the same for all bundles, then what was not."""
    keys = list(dict.fromkeys(key for row in rows for key in row.report.facts))
    told = {key: [plain(row.report.facts.get(key, "–")) for row in rows] for key in keys}
    told["notes"] = ["; ".join(row.report.notes) for row in rows]
    same = [(key, values[0]) for key, values in told.items() if len(set(values)) == 1]
    other = [(key, *values) for key, values in told.items() if len(set(values)) > 1]
    names = [row.name for row in rows]
    by_bundle = page.table(("fact", *names), other, caption="What was not the same for all") if other else Html()
    return page.join([page.facts(same), by_bundle])


def _compression(reports: Sequence[Report]) -> Html:
    """How each compressed model was made, once for all its bundles."""
    found = lineage.distinct([(report.model, report.compression) for report in reports])
    pictures = grid(picture for one in found.values() for picture in lineage.chart(one))
    return page.join([*(lineage.table(one) for one in found.values()), pictures])


# -- charts ------------------------------------------------------------------------------------------------------------


def _error_charts(rows: Sequence[Row]) -> Iterator[Html]:
    found = {row.name: [error.max_abs for error in row.report.text_errors] for row in rows if row.report.text_errors}
    if found:
        yield charts.strip(found, title="Largest difference of each text, max abs", unit="", log=True)
        turned = {row.name: angles(row.report) for row in rows if row.report.text_errors}
        yield charts.strip(turned, title="Angle of each text, 1 − cosine", unit="", log=True)


def _latency_charts(rows: Sequence[Row]) -> Iterator[Html]:
    """By length where several were timed, and every call of the timings that several bundles share."""
    by_length = {row.name: p50s(row.report) for row in rows if len(p50s(row.report)) > 1}
    if by_length:
        yield charts.lines(by_length, title="The model alone, by length", x_label="tokens", y_label="p50, ms")
    for what in _shared_timings([row.report for row in rows]):
        calls = {row.name: row.report.timings[what] for row in rows if what in row.report.timings}
        yield charts.strip(calls, title=f"Every timed call: {what}", unit="ms")


def _shared_timings(reports: Iterable[Report]) -> list[str]:
    """The middle one of the model's timings, and the last: text to answer."""
    names = list(dict.fromkeys(name for report in reports for name in report.timings))
    model = [name for name in names if name.startswith("model")]
    return [*model[len(model) // 2 :][:1], *(name for name in names if not name.startswith("model"))]


def _trade_offs(rows: Sequence[Row]) -> Iterator[Html]:
    """The metric, or what stands for it, against latency and against size; where two bundles can be compared."""
    loss, label, log, value = _worth([row.report for row in rows])
    names = point_names(rows)
    for cost_name, cost_label, cost in _COSTS:
        measured = [(name, cost(row.report), value(row.report)) for name, row in zip(names, rows, strict=True)]
        points = [Point(name, x, y) for name, x, y in measured if x is not None and y is not None]
        if len(points) > 1:
            yield charts.scatter(
                points,
                title=f"{loss} against {cost_name}",
                x_label=cost_label,
                y_label=label,
                log_y=log,
            )


def point_names(rows: Sequence[Row]) -> list[str]:
    """What tells the bundles apart: models by name, with what else differs; the bundles' own names of one model."""
    if len({row.report.model for row in rows}) == 1:
        return [row.name for row in rows]
    others = [("target", "on "), ("precision", "")]
    kept = [(field, word) for field, word in others if len({getattr(row.report, field) for row in rows}) > 1]
    names = [
        ", ".join([row.report.model, *(f"{word}{getattr(row.report, field)}" for field, word in kept)]) for row in rows
    ]
    return names if len(set(names)) == len(names) else [row.name for row in rows]


def _worth(reports: Sequence[Report]) -> tuple[str, str, bool, Callable[[Report], float | None]]:
    """What is plotted against cost: its name, its axis' label, whether that is logarithmic, and its value."""
    names = {found.name for report in reports if (found := metric(report))}
    if len(names) != 1:
        return "Error", "1 − worst cosine", True, _lost
    (name,) = names
    label = name.removesuffix(_METRIC)
    return f"{label[0].upper()}{label[1:]}", label, False, lambda report: report.value(name)


def _lost(report: Report) -> float | None:
    cosine = worst_cosine(report)
    return None if cosine is None else cosine if math.isnan(cosine) else max(1 - cosine, 0.0)


def _middle_p50(report: Report) -> float | None:
    found = p50s(report)
    return found[len(found) // 2][1] if found else None


_COSTS: Sequence[tuple[str, str, Callable[[Report], float | None]]] = (
    ("latency", "p50, ms", _middle_p50),
    ("size", "bundle, MB", lambda report: report.value("bundle")),
)
