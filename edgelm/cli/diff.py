"""`edgelm diff`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgelm.cli._output import print_json, print_table, progress
from edgelm.errors import ParityError, UnmeasuredError, UsageError

if TYPE_CHECKING:
    from edgelm.bundle import Bundle
    from edgelm.types import Check
    from edgelm.validate.bisect import Bisection, Finding
    from edgelm.validate.diff import Answer, OutputDiff

_BEFORE, _AFTER = 4, 2
"""Operators shown around the first that leaves the reference."""
_TEXT_WIDTH = 48
_TEXT_COLUMNS = ("feed", "text", "output", "tokens", "max abs", "cosine")
_OPERATOR_COLUMNS = ("operator", "what", "max abs", "limit", "SQNR", "worst on", "verdict")
_ADD_UP = (
    "The outputs are beyond the target's limits all the same: roundings that add up, or a kernel that the runtime uses "
    "only where nobody looks at the values between."
)


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--against", "model", required=True, metavar="MODEL", help="The model the bundle was exported from.")
@click.option("--bisect", "by_operator", is_flag=True, help="Name the first operator that leaves the reference.")
@click.option("--text", "texts", multiple=True, help="A text; repeatable. Default: the sample texts.")
@click.option("--all", "show_all", is_flag=True, help="With --bisect: list every operator.")
@click.option("--revision", help="Branch, tag or commit on the Hugging Face hub.")
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True, help="Threads of the runtime.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def diff(
    bundle: Path,
    model: str,
    by_operator: bool,
    texts: Sequence[str],
    show_all: bool,
    revision: str | None,
    threads: int,
    as_json: bool,
) -> int:
    """Show how far BUNDLE's answers are from its MODEL's, or which operator is the first to leave it.

    With --bisect the reference computes every operator from the values that the bundle's own file computes on the way,
    and holds its result against the file's: the first that differs by more than rounding is where the fault is.
    """
    from edgelm.bundle import Bundle
    from edgelm.types import Verdict
    from edgelm.validate.diff import Comparison, open_source

    if show_all and not by_operator:
        raise UsageError("--all lists operators.", hint="Pass --bisect too.")
    opened = Bundle.open(bundle)
    with progress() as say:
        say("reading the checkpoint")
        comparison = Comparison(opened, open_source(opened, model, revision), texts, threads)
        bisection = comparison.operators(say) if by_operator else None
        outputs = comparison.outputs(say)
    failed = [check for check in outputs.checks if check.verdict is Verdict.FAIL]
    if as_json:
        print_json(_as_json(outputs, bisection, failed))
    else:
        _print_tables(outputs, bisection, show_all=show_all)
        click.echo(_summary(outputs, bisection, failed))
    _warn(opened, failed)
    return _exit_code(bisection, failed)


def _summary(outputs: OutputDiff, bisection: Bisection | None, failed: Sequence[Check]) -> str:
    """What was found, in words."""
    from edgelm.report import figure
    from edgelm.types import Verdict

    if bisection is None:
        worst = max((answer.error.max_abs for answer in outputs.answers), key=_nan_last)
        return f"largest difference from the fp32 original: {figure(worst)}"
    first, seen = bisection.first, ""
    if first is not None:
        against = f"max abs {figure(first.max_abs)} against a limit of {figure(first.limit)}"
        found = f"first operator that leaves the reference: {first.title}, {against}, on {first.where}"
        seen = "" if failed else " The outputs stay within the target's limits on these texts."
    elif bisection.verdict is Verdict.UNMEASURED:
        found = "not measured: the file shows too few of the graph's tensors to clear its operators"
    else:
        found, seen = "no operator leaves the reference", f" {_ADD_UP}" if failed else ""
    feeds = "1 feed" if bisection.feeds == 1 else f"{bisection.feeds} feeds"
    compared = f"{bisection.shown} of {bisection.operators} operators were compared, on {feeds}."
    return f"{found}\n{compared}{seen}"


def _nan_last(value: float) -> float:
    return math.inf if math.isnan(value) else value


def _print_tables(outputs: OutputDiff, bisection: Bisection | None, *, show_all: bool) -> None:
    """Every text; or every operator, or those around the first that leaves the reference."""
    if bisection is None:
        print_table(_TEXT_COLUMNS, [_text_row(answer) for answer in outputs.answers])
    elif findings := _shown(bisection, show_all=show_all):
        print_table(_OPERATOR_COLUMNS, [_operator_row(finding) for finding in findings])


def _shown(bisection: Bisection, *, show_all: bool) -> Sequence[Finding]:
    if show_all:
        return bisection.findings
    if bisection.first is None:
        return ()
    at = bisection.findings.index(bisection.first)
    return bisection.findings[max(at - _BEFORE, 0) : at + _AFTER + 1]


def _text_row(answer: Answer) -> list[str]:
    from edgelm.report import figure

    error = answer.error
    figures = str(error.tokens), figure(error.max_abs), figure(error.cosine)
    return [answer.feed, _short(answer.text), answer.output, *figures]


def _operator_row(finding: Finding) -> list[str]:
    from edgelm.report import figure

    figures = figure(finding.max_abs), figure(finding.limit), figure(finding.sqnr_db, "dB")
    return [finding.names[-1], " + ".join(finding.ops), *figures, finding.where, finding.verdict.value]


def _short(text: str | tuple[str, str]) -> str:
    """A text or pair in one line of a table."""
    line = " ".join((text if isinstance(text, str) else " | ".join(text)).split())
    return line if len(line) <= _TEXT_WIDTH else f"{line[: _TEXT_WIDTH - 1]}…"


def _as_json(outputs: OutputDiff, bisection: Bisection | None, failed: Sequence[Check]) -> dict[str, Any]:
    """Everything, whatever the tables leave out; figures that JSON lacks, infinite ones, are strings."""
    answers = [
        {"feed": answer.feed, "text": answer.text, "output": answer.output, "tokens": answer.error.tokens,
         "max_abs": _number(answer.error.max_abs), "cosine": _number(answer.error.cosine)}
        for answer in outputs.answers
    ]  # fmt: skip
    checks = [
        {"name": check.name, "value": _number(check.value), "limit": _number(check.limit),
         "verdict": check.verdict.value}
        for check in outputs.checks
    ]  # fmt: skip
    found: dict[str, Any] = {"summary": _summary(outputs, bisection, failed), "texts": answers, "checks": checks}
    if bisection is not None:
        found["bisection"] = {
            "verdict": bisection.verdict.value,
            "first": bisection.first and _finding(bisection.first),
            "operators": bisection.operators,
            "compared": bisection.shown,
            "feeds": bisection.feeds,
            "findings": [_finding(finding) for finding in bisection.findings],
        }
    return found


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "operators": [{"name": name, "op": op} for name, op in zip(finding.names, finding.ops, strict=True)],
        "max_abs": _number(finding.max_abs),
        "limit": _number(finding.limit),
        "sqnr_db": _number(finding.sqnr_db),
        "on": finding.where,
        "verdict": finding.verdict.value,
    }


def _number(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(value)


def _warn(bundle: Bundle, failed: Sequence[Check]) -> None:
    """On stderr: which limits are missed, and whether a file is no longer what the export wrote."""
    from edgelm.report import figure

    for check in failed:
        limit = "" if check.limit is None else f" (limit {figure(check.limit)})"
        click.echo(f"fail, {check.name} {figure(check.value, check.unit)}{limit}", err=True)
    for name in bundle.changed:
        click.echo(f"note: {bundle.path / name} was changed since the export.", err=True)


def _exit_code(bisection: Bisection | None, failed: Sequence[Check]) -> int:
    from edgelm.types import Verdict

    if failed or (bisection is not None and bisection.first is not None):
        return ParityError.exit_code
    unmeasured = bisection is not None and bisection.verdict is Verdict.UNMEASURED
    return UnmeasuredError.exit_code if unmeasured else 0
