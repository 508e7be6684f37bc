"""What commands print: results on stdout, progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from edgelm.types import Report

UNFOLDED = 10_000
"""Columns for a table that no terminal shows: a path must not be broken into lines."""


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A function that says what is being done now: one line on stderr, on terminals only, and gone at the end."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task("")
        yield lambda text: progress.update(task, description=text)


@contextmanager
def training(*, quiet: bool = False) -> Iterator[tuple[Callable[[str], None], Callable[[Any], None]]]:
    """What says a line of the log, and what shows how far a training is: on stderr, the bar on terminals only.

    The second takes an `edgelm.compress.train.Progress`. ``quiet`` is for all processes of a training but the main one.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda line: None if quiet else click.echo(line, err=True), lambda _: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console(stderr=True), transient=True) as bars:
        task = bars.add_task("", visible=False)

        def progress(now: Any) -> None:
            bars.update(task, completed=now.step, total=now.total, description=_training_line(now), visible=True)

        yield bars.console.print, progress


@contextmanager
def answering() -> Iterator[Callable[[Any], None]]:
    """What shows how far the answers to a file are, by an `edgelm.batch.run.Progress`: on stderr, on terminals only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console(stderr=True), transient=True) as bars:
        task = bars.add_task("")

        def told(now: Any) -> None:
            bars.update(task, completed=now.done.offset, total=now.total_bytes, description=_answering_line(now))

        yield told


def _answering_line(now: Any) -> str:
    failed = f" · {now.done.failed:,} failed" if now.done.failed else ""
    left = "" if now.seconds_left is None else f" · {_clock(now.seconds_left)} left"
    return f"{now.done.rows:,} rows{failed} · {now.rows_per_second:,.0f} rows/s{left}"


def _clock(seconds: float) -> str:
    """``1:02:03``, or ``2:03`` below an hour."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def _training_line(now: Any) -> str:
    metric = "" if now.metric is None else f" · best {now.metric:.4f}"
    minutes, seconds = divmod(round(now.seconds_left), 60)
    return f"loss {now.loss:.4f}{metric} · {minutes}:{seconds:02d} left"


def console(**settings: Any) -> Any:
    """A console that prints brackets and colons of paths and labels as they are."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, **settings)


def print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(*columns, box=box.SIMPLE)
    for row in rows:
        table.add_row(*row)
    console(width=None if sys.stdout.isatty() else UNFOLDED).print(table)


def print_facts(facts: dict[str, Any]) -> None:
    rows = [
        [key, ", ".join(map(str, value)) if isinstance(value, list) else str(value)] for key, value in facts.items()
    ]
    print_table(("", ""), rows)


def print_reports(reports: Sequence[Report]) -> None:
    """The table at the end, and below it what failed or could not be measured."""
    from edgelm.report import figure
    from edgelm.types import Verdict

    rows = []
    for report in reports:
        checks = [check for check in report.checks if check.group == "parity"]
        parity = [check for check in checks if check.name.endswith("max abs")]
        cosine = [check for check in checks if check.name.endswith("cosine, worst")]
        p50 = [check for check in report.checks if check.name.startswith("model p50 at")]
        middle = p50[min(1, len(p50) - 1)] if p50 else None
        rows.append(
            [
                report.target,
                report.precision,
                figure(report.value("bundle"), "MB"),
                figure(parity[-1].value) if parity else "-",
                figure(cosine[-1].value) if cosine else "-",
                f"{figure(middle.value)} ms ({middle.name.removeprefix('model p50 at ')})" if middle else "-",
                report.verdict.value,
                report.bundle,
            ]
        )
    columns = ("target", "precision", "size", "max abs to fp32", "worst cosine", "p50", "verdict", "bundle")
    print_table(columns, rows)
    for report in reports:
        for check in report.checks:
            if check.verdict is not Verdict.PASS:
                value = "" if check.value is None else f" {figure(check.value, check.unit)}"
                limit = "" if check.limit is None else f" (limit {figure(check.limit)})"
                reason = f": {check.reason}" if check.reason else ""
                click.echo(f"{report.target}: {check.verdict.value}, {check.name}{value}{limit}{reason}", err=True)
