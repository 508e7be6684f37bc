"""Writes and reads what was measured: report.json for programs, report.md for pull requests, report.html for people."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from edgelm.bundle import MANIFEST, write_json
from edgelm.errors import BudgetError, ParityError, UnmeasuredError, UsageError
from edgelm.report import lineage, matrix, parse, single
from edgelm.report.parse import SCHEMA_VERSION
from edgelm.report.words import MARKS, cell, figure, plain
from edgelm.types import Check, Report, Verdict

__all__ = [
    "SCHEMA",
    "SCHEMA_VERSION",
    "check_to_dict",
    "exit_code",
    "figure",
    "find",
    "markdown",
    "read",
    "read_all",
    "refresh_matrix",
    "to_dict",
    "write",
    "write_matrix",
]
SCHEMA = Path(__file__).parent.parent / "data" / "report.schema.json"
"""The JSON Schema of report.json."""
_OURS = {
    "report.html": '<meta name="generator" content="edgelm">',
    "report.md": "<!-- edgelm -->",
    "report.json": '"schema_version"',
}
"""The files of a page over several bundles, and what near its beginning tells that edgelm may replace it."""
_BEGINNING = 1000


def to_dict(report: Report) -> dict[str, Any]:
    """The report as JSON holds it: infinite and undefined figures are strings, for JSON has neither."""
    content = {"schema_version": SCHEMA_VERSION, "verdict": report.verdict, **asdict(report)}
    return {key: _portable(value) for key, value in content.items()}


def check_to_dict(check: Check) -> dict[str, Any]:
    """A check as it stands in the report's JSON."""
    found: dict[str, Any] = _portable(asdict(check))
    return found


def write(report: Report, directory: Path) -> None:
    """report.json, report.md and report.html beside the artifact."""
    write_json(directory / "report.json", to_dict(report))
    (directory / "report.md").write_text(markdown(report), "utf-8")
    (directory / "report.html").write_text(single.html(report), "utf-8")


def markdown(report: Report) -> str:
    """One report as Markdown: the verdict first, then every check, then the facts."""
    lines = [
        f"# {MARKS[report.verdict]} {report.model} on {report.target}, {report.precision}: {report.verdict.value}",
        "",
        f"Task {report.task}, scheme `{report.scheme}`, bundle `{report.bundle}`.",
        "",
        *[f"- {note}" for note in report.notes],
        "",
        "| | check | value | limit | |",
        "|---|---|---|---|---|",
        *[_row(check) for check in report.checks],
        "",
        *(lineage.markdown(report.compression) if report.compression else ()),
        "| fact | |",
        "|---|---|",
        *[f"| {cell(key)} | {cell(plain(value))} |" for key, value in report.facts.items()],
        "",
    ]
    return "\n".join(lines)


def exit_code(reports: Iterable[Report], *, allow_unmeasured: bool = False) -> int:
    """0 when all passed; parity and invariance before budgets before what could not be measured."""
    checks = [check for report in reports for check in report.checks]
    failed = {check.group for check in checks if check.verdict is Verdict.FAIL}
    if failed & {"integrity", "parity", "invariance"}:
        return ParityError.exit_code
    if failed:
        return BudgetError.exit_code
    if any(check.verdict is Verdict.UNMEASURED for check in checks) and not allow_unmeasured:
        return UnmeasuredError.exit_code
    return 0


def _portable(value: Any) -> Any:
    """What strict JSON can hold."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _portable(item) for key, item in value.items()}
    return [_portable(item) for item in value] if isinstance(value, list | tuple) else value


def _row(check: Check) -> str:
    limit = "" if check.limit is None else figure(check.limit)
    value = figure(check.value, check.unit)
    name = cell(f"{check.group}: {check.name}")
    return f"| {MARKS[check.verdict]} | {name} | {value} | {limit} | {cell(check.reason)} |"


def read(path: Path) -> Report:
    """The report in a report.json; UsageError where it holds anything else, several reports, or a newer schema."""
    found = read_all(path)
    if len(found) != 1:
        raise UsageError(f"{path} holds {len(found)} reports, not one.")
    return found[0]


def read_all(path: Path) -> list[Report]:
    """The report in a bundle's report.json, or the reports in that of `edgelm report`; UsageError for anything else."""
    try:
        return parse.reports(path.read_text("utf-8"))
    except parse.NewerSchemaError as error:
        raise UsageError(f"{path}: {error}.", hint="Update edgelm: pip install -U edgelm") from None
    except (OSError, ValueError, RecursionError) as error:  # bad UTF-8 and bad JSON are ValueErrors
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise UsageError(f"{path} is no report: {reason}.", hint="A bundle's own is BUNDLE/report.json.") from None


# -- several bundles ---------------------------------------------------------------------------------------------------


def find(directory: Path, pattern: str = "**") -> list[Report]:
    """The reports of all bundles below a folder, rejected ones too; each says where its bundle is now.

    UsageError where one cannot be read: a page that leaves it out would look better than what there is.
    """
    manifests = sorted(directory.glob(f"{pattern}/{MANIFEST}"))
    places = [path.parent for path in manifests if not _is_hidden(path.relative_to(directory))]
    found = [place for place in places if (place / "report.json").is_file()]
    return [replace(read(place / "report.json"), bundle=str(place)) for place in found]


def _is_hidden(path: Path) -> bool:
    """A bundle that is being written, or one that is about to be removed."""
    return any(part.startswith(".") for part in path.parts)


def write_matrix(reports: Sequence[Report], directory: Path) -> Path:
    """report.html over several bundles, report.md and report.json (a list) in ``directory``; gives the page's path.

    Each is written beside and then renamed. UsageError where one of that name is not edgelm's, or cannot be written.
    """
    contents = {
        "report.html": matrix.html(reports, directory),
        "report.md": f"{_OURS['report.md']}\n{matrix.markdown(reports, directory)}",
        "report.json": json.dumps([to_dict(report) for report in reports], indent=2, ensure_ascii=False) + "\n",
    }
    if (directory / MANIFEST).exists():
        raise UsageError(f"{directory} is a bundle; its own report would be lost.", hint="Choose another --output.")
    try:
        foreign = [name for name in contents if (directory / name).exists() and not _is_ours(directory / name)]
        if foreign:
            raise UsageError(
                f"{directory / foreign[0]} is not edgelm's; it is left alone.", hint="Choose another --output."
            )
        for name, text in contents.items():
            _replace(directory / name, text)
    except OSError as error:
        raise UsageError(f"Cannot write to {directory}: {error.strerror}.", hint="Choose another --output.") from None
    return directory / "report.html"


def refresh_matrix(reports: Sequence[Report], directory: Path) -> Path | None:
    """The page over ``reports`` and the other bundles in ``directory``, or None where there is none to be made.

    One is made of two reports or more; one that stands there already must not go on to tell of what was before.
    """
    if len(reports) < 2 and not _is_ours(directory / "report.html"):
        return None
    own = {Path(report.bundle).resolve() for report in reports if report.bundle}
    others = [report for report in find(directory, "*") if Path(report.bundle).resolve() not in own]
    return write_matrix([*reports, *others], directory)


def _is_ours(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        return _OURS[path.name] in file.read(_BEGINNING)


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{uuid4().hex[:8]}.partial")
    try:
        partial.write_text(text, "utf-8")
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
