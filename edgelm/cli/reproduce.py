"""`edgelm reproduce`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from edgelm.cli._output import print_json, print_table, progress

if TYPE_CHECKING:
    from edgelm.reproduce import Change, Comparison, Move
    from edgelm.types import Check


@click.command()
@click.argument("report", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Keep the new bundles here; default: a folder for the time."
)
@click.option("--json", "as_json", is_flag=True, help="Print what moved, and the new reports, as JSON on stdout.")
def reproduce(report: Path, output: Path | None, as_json: bool) -> int:
    """Run the export that REPORT (report.json, or its bundle) records again, and say what moved.

    Figures, verdicts, files, versions, machine and source. Exits 0 when no verdict became worse, else with the new
    report's code; latency is shown as a ratio and never judged.
    """
    from edgelm.reproduce import reproduce as run_again

    found: list[Comparison] = []
    try:
        with _place(output) as place, progress() as say:
            say("reading the checkpoint")
            found.extend(run_again(report, place, lambda target, doing: say(f"{target}: {doing}")))
    finally:  # what was compared is told, also when a later export fails
        if found and as_json:
            print_json([comparison.to_dict() for comparison in found])
        else:
            for comparison in found:
                _print(comparison)
    return min((comparison.exit_code for comparison in found if comparison.exit_code), default=0)


@contextmanager
def _place(output: Path | None) -> Iterator[Path]:
    if output is not None:
        yield output
        return
    with TemporaryDirectory(prefix="edgelm-") as temporary:
        yield Path(temporary)


def _print(comparison: Comparison) -> None:
    before, now = comparison.before, comparison.now
    moved = [move for move in comparison.moves if not move.same]
    same = len(comparison.moves) - len(moved)
    click.echo(
        f"{now.model} on {now.target}, {now.precision}: {before.verdict} before, {now.verdict} now; "
        f"{same} of {len(comparison.moves)} figures are the same."
    )
    if moved:
        print_table(("check", "before", "now", "change"), [_row(move) for move in moved])
    if comparison.files is None:
        click.echo("Files: not compared, for the bundle of the report is not at hand.")
    else:
        _print_changes("Files", comparison.files, "the same bytes")
    _print_changes("Versions, machine and source", comparison.facts, "the same")


def _row(move: Move) -> list[str]:
    return [f"{move.group}: {move.name}", _told(move.before), _told(move.now), _change(move)]


def _told(check: Check | None) -> str:
    from edgelm.report import figure

    if check is None:
        return "-"
    return figure(check.value, check.unit) if check.value is not None else check.reason


def _change(move: Move) -> str:
    """The verdict where it moved, then by how much the figure did."""
    parts = []
    if move.before and move.now and move.before.verdict is not move.now.verdict:
        parts.append(f"{move.before.verdict} → {move.now.verdict}")
    if move.ratio is not None:
        parts.append(f"×{move.ratio:.3g}" if move.group == "latency" else f"{100 * (move.ratio - 1):+.3g} %")
    if move.before is None or move.now is None:
        parts.append("new" if move.now else "gone")
    return ", ".join(parts)


def _print_changes(what: str, changes: tuple[Change, ...], otherwise: str) -> None:
    if not changes:
        click.echo(f"{what}: {otherwise}.")
        return
    click.echo(f"{what} that differ:")
    rows = [[change.name, _short(change.before), _short(change.now)] for change in changes]
    print_table(("", "before", "now"), rows)


def _short(value: str | None) -> str:
    """A digest by its beginning."""
    if value is None:
        return "-"
    return f"{value[:12]}…" if len(value) == 64 and value.isalnum() else value
