"""report.html of one bundle: a page that says first whether it may ship, and then why."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, get_args

from edgelm import charts, page
from edgelm.charts import Point
from edgelm.page import Html, element
from edgelm.report import lineage
from edgelm.report.words import MARKS, command, figure, limit, plain, sentence, trouble, used
from edgelm.types import RECORDED, Check, Group, Report, Verdict, worst

VERDICTS = {Verdict.PASS: "Pass", Verdict.FAIL: "Fail", Verdict.UNMEASURED: "Not measured"}
_VERDICT_LINES = {
    Verdict.PASS: "Every check holds.",
    Verdict.FAIL: "Do not ship it: what failed stands below.",
    Verdict.UNMEASURED: "A required check could not be made here; none of the others failed.",
}
GROUPS: Mapping[Group, str] = {
    "integrity": "The bundle is what its source says, and its runtime survives it.",
    "parity": "It answers as the original does.",
    "invariance": "A text alone, padded and in a batch gives the same answer.",
    "quality": "The task's metric on the labelled examples.",
    "latency": "Wall clock after a warm-up; the load and the memory are of a process that only runs the bundle.",
    "size": "What the app ships.",
}


def html(report: Report) -> str:
    """The whole page."""
    title = f"{report.model} on {report.target}, {report.precision}"
    parts = [
        banner(report.verdict, title, _VERDICT_LINES[report.verdict]),
        element("p", sentence(report)),
        troubles([("", report)]),
        *_notes(report.notes),
        *(_group(group, report) for group in get_args(Group)),
        *_compression(report),
        *section("Versions and machine", page.facts([(key, plain(value)) for key, value in report.facts.items()])),
        *section("Again", commands([report.request], [report.target])),
    ]
    return page.document(f"{VERDICTS[report.verdict]}: {title}", page.join([part for part in parts if part]))


# -- what the page of several bundles shows too ------------------------------------------------------------------------


def banner(verdict: Verdict, title: str, line: str) -> Html:
    """The verdict, large: by mark and word as well as by colour."""
    return element(
        "header",
        element("p", f"{MARKS[verdict]} {VERDICTS[verdict]}", class_="verdict"),
        element("h1", title),
        element("p", line),
        class_=f"banner {verdict.value}",
    )


def mark(verdict: Verdict | None, *text: str) -> Html:
    """A text behind a verdict's mark, without one behind a dot; without a text, in a word."""
    if verdict is None:
        return _marked("·", "", *(text or ("recorded",)))
    return _marked(MARKS[verdict], verdict.value, *(text or (VERDICTS[verdict].lower(),)))


def _marked(sign: str, kind: str, *text: str) -> Html:
    return element("span", element("span", sign), element("span", *text), class_=f"mark {kind}".strip())


def troubles(reports: Sequence[tuple[str, Report]]) -> Html:
    """What failed or could not be measured, each report under its name; nothing where all is well."""
    found = [(name, check) for name, report in reports for check in report.checks if check.verdict is not Verdict.PASS]
    worst_first = sorted(found, key=lambda pair: pair[1].verdict is not Verdict.FAIL)
    items = [
        element("li", mark(check.verdict, ": ".join(filter(None, (name, trouble(check))))))
        for name, check in worst_first
    ]
    return element("ul", *items, class_="troubles") if items else Html()


def verdict_of(checks: Iterable[Check]) -> Verdict | None:
    """The verdict of some checks; None where they only record figures."""
    judged = [check.verdict for check in checks if check.limit is not None or check.verdict is not Verdict.PASS]
    return worst(judged) if judged else None


def section(title: str, content: Html) -> Iterator[Html]:
    """A heading with its content; nothing where there is none."""
    if content:
        yield element("section", element("h2", title), content)


def grid(found: Iterable[Html]) -> Html:
    """Charts beside each other where the screen is wide enough."""
    found = list(found)
    return element("div", *found, class_="charts") if found else Html()


def error_charts(report: Report) -> Iterator[Html]:
    """How far each text is from the original: by its length, and by angle."""
    if not report.text_errors:
        return
    points = [Point("", error.tokens, error.max_abs) for error in report.text_errors]
    yield charts.scatter(
        points, title="Largest difference of each text", x_label="tokens", y_label="max abs", log_y=True
    )
    series = {"max abs": [error.max_abs for error in report.text_errors], "1 − cosine": angles(report)}
    yield charts.strip(series, title="All texts", unit="", log=True)


def angles(report: Report) -> list[float]:
    """1 − cosine of every text; round-off below zero is none."""
    return [error.cosine if math.isnan(error.cosine) else max(1 - error.cosine, 0.0) for error in report.text_errors]


def commands(asked: Iterable[Mapping[str, Any]], targets: Sequence[str] | None = None) -> Html:
    """The commands that do it again, and that compare an export with what is said here; nothing where none is known.

    For ``targets`` alone where those are given.
    """
    known = [request for request in asked if request]
    lines = list(dict.fromkeys(command(request, targets) for request in known))
    if any("bundle" not in request for request in known):
        lines.append("edgelm reproduce report.json")
    return element("pre", element("code", "\n".join(lines))) if lines else Html()


# -- the parts of one bundle's page ------------------------------------------------------------------------------------


def _notes(notes: Sequence[str]) -> Iterator[Html]:
    if notes:
        yield element("ul", *(element("li", note) for note in notes), class_="notes")


def _compression(report: Report) -> Iterator[Html]:
    """How the model was made of its teacher, where edgelm compressed it."""
    if report.compression:
        pictures = grid(lineage.chart(report.compression))
        yield from section("Compression", page.join([lineage.table(report.compression), pictures]))


def _group(group: Group, report: Report) -> Html:
    """The checks of one group, those of one comparison under its name, and their charts beside them."""
    checks = [check for check in report.checks if check.group == group]
    if not checks:
        return Html()
    limited = any(check.limit is not None for check in checks)
    rows: list[Sequence[str]] = []
    for heading, found in groupby(checks, key=lambda check: check.name.rpartition(": ")[0]):
        rows += [[heading]] if heading else []
        rows += [_cells(check, limited=limited) for check in found]
    columns = ("check", "value", *(("limit", "of the limit") if limited else ()))
    table = page.table(columns, rows, caption=GROUPS[group], numeric=range(1, len(columns)))
    pictures = [*_CHARTS[group](report)] if group in _CHARTS else []
    beside = element("div", table, *([element("div", *pictures)] if pictures else []), class_="beside")
    return element("section", element("h2", group.capitalize()), beside)


def _cells(check: Check, *, limited: bool) -> list[str]:
    """A row of the table; a figure that is only recorded has no verdict to show."""
    why = element("small", check.reason) if check.reason not in ("", RECORDED) else Html()
    named = mark(verdict_of([check]), check.name.rpartition(": ")[2], why)
    return [named, figure(check.value, check.unit), *((limit(check), _bar(check)) if limited else ())]


def _bar(check: Check) -> Html:
    """How much of the limit is used, as a bar and in words."""
    share = used(check)
    if share is None:
        return Html()
    full = element("span", style=f"width:{100 * min(share, 1):.1f}%", class_=check.verdict.value)
    return Html(f"{element('span', full, class_='bar')}{page.escape(_percent(share))}")


def _percent(share: float) -> str:
    if 0 < share < 0.01:
        return "< 1 %"
    return f"{100 * share:.0f} %" if share < 100 else "> 9999 %"


def _latency_charts(report: Report) -> Iterator[Html]:
    if report.timings:
        yield charts.strip(report.timings, title="Every timed call", unit="ms")


_CHARTS: Mapping[Group, Callable[[Report], Iterator[Html]]] = {"parity": error_charts, "latency": _latency_charts}
