"""`edgelm bench`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgelm.cli._options import lengths_of
from edgelm.cli._output import UNFOLDED, console, print_json
from edgelm.errors import UsageError

if TYPE_CHECKING:
    from edgelm.bench import tables
    from edgelm.bench.result import Bench

    Measure = Callable[[Callable[[str], None]], Bench]
    """Told with what to say each step; everything is checked already."""

_ON_PHONE = ("threads", "seconds", "processes", "time_limit_s", "max_p50_ms", "max_memory_mb")
_TAKEN = {
    "": ("samples", *_ON_PHONE),
    "--instructions": ("max_instructions",),
    "--adb": ("serial", *_ON_PHONE),
}
"""What the kinds of bench take beside what they all take, by the option that asks for one; none has a default."""
_STYLES = {"fail": "red", "unmeasured": "yellow"}


@click.command()
@click.argument("bundles", nargs=-1, metavar="BUNDLE...", type=click.Path(path_type=Path))
@click.option("--lengths", metavar="N,N", help="Tokens of the model alone; default: 16, 64, 128 and the longest.")
@click.option(
    "--samples", type=click.Path(path_type=Path), help="Texts to answer: one a line, or .jsonl with text and pair."
)
@click.option("--threads", type=click.IntRange(min=1), help="Threads of the runtimes; default: the cores, at most 4.")
@click.option("--seconds", type=float, help="For each bundle and each measurement; default: 2.")
@click.option("--processes", type=int, help="Of each bundle, one after the other; default: 6.")
@click.option("--time-limit", "time_limit_s", type=float, help="Seconds until a bundle counts as hung; default: 120.")
@click.option(
    "--max-p50-ms",
    multiple=True,
    metavar="[N=]MS",
    help="Fail above this median, of text to answer or of the model alone at N tokens; repeatable.",
)
@click.option("--max-memory-mb", type=float, help="Fail above this peak memory of the process.")
@click.option("--max-size-mb", type=float, help="Fail above this size of what the app ships.")
@click.option(
    "--instructions",
    is_flag=True,
    help="Count instructions on emulated ARM64 instead: a regression gate, not milliseconds.",
)
@click.option(
    "--max-instructions",
    multiple=True,
    metavar="[CPU=]N",
    help="Fail above this count, on every CPU or on one; repeatable.",
)
@click.option("--adb", is_flag=True, help="Replay the golden texts and time the model on an Android phone instead.")
@click.option("--serial", metavar="S", help="The phone that --adb means, where there are several; see `adb devices`.")
@click.option("--allow-unmeasured", is_flag=True, help="Exit 0 although a bundle could not be measured here.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write bench.json, .md and .html there.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON on stdout.")
def bench(
    bundles: tuple[Path, ...],
    lengths: str | None,
    instructions: bool,
    adb: bool,
    allow_unmeasured: bool,
    output: Path | None,
    as_json: bool,
    **settings: Any,
) -> int:
    """Measure bundles side by side, in turns: latency, cold start, memory, size."""
    from edgelm.bench import pages

    kind = _kind(instructions=instructions, adb=adb)
    _check_options(settings, kind)
    measure = _PREPARED[kind](bundles, lengths_of(lengths), settings)
    if output:
        pages.check_writable(output)
    with _progress() as say:
        found = measure(say)
    if output:
        pages.write(found, output, _command())
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found)
    return found.exit_code(allow_unmeasured=allow_unmeasured)


def _timing(bundles: tuple[Path, ...], lengths: tuple[int, ...], settings: dict[str, Any]) -> Measure:
    from edgelm.bench.plan import ANSWER_LIMIT, BenchRequest, Plan
    from edgelm.bench.rounds import bench

    given = _given(settings, "", ANSWER_LIMIT)
    return partial(bench, Plan(BenchRequest(bundles, lengths=lengths, **given)))


def _counting(bundles: tuple[Path, ...], lengths: tuple[int, ...], settings: dict[str, Any]) -> Measure:
    from edgelm.bench.instructions import EVERY_CPU, CountPlan, CountRequest, count

    limits = _limits("--max-instructions", settings["max_instructions"], EVERY_CPU)
    return partial(count, CountPlan(CountRequest(bundles, lengths, limits, settings["max_size_mb"])))


def _on_phone(bundles: tuple[Path, ...], lengths: tuple[int, ...], settings: dict[str, Any]) -> Measure:
    from edgelm.bench.adb import AdbPlan, AdbRequest, bench
    from edgelm.bench.plan import ANSWER_LIMIT

    given = _given(settings, "--adb", ANSWER_LIMIT)
    return partial(bench, AdbPlan(AdbRequest(bundles, lengths=lengths, **given)))


_PREPARED = {"": _timing, "--instructions": _counting, "--adb": _on_phone}


def _given(settings: dict[str, Any], kind: str, limited: str) -> dict[str, Any]:
    """The options of a kind of bench that were given; a limit on p50 without a key is that of ``limited``."""
    given = {name: settings[name] for name in (*_TAKEN[kind], "max_size_mb") if settings[name] is not None}
    return {**given, "max_p50_ms": _limits("--max-p50-ms", settings["max_p50_ms"], limited)}


def _kind(*, instructions: bool, adb: bool) -> str:
    if instructions and adb:
        raise UsageError("--instructions does not go with --adb.")
    return "--instructions" if instructions else "--adb" if adb else ""


def _check_options(settings: dict[str, Any], kind: str) -> None:
    """UsageError for an option that only other kinds of bench take."""
    others = {name: other for other, names in _TAKEN.items() for name in names if name not in _TAKEN[kind]}
    foreign = next((name for name in others if settings[name]), None)
    if foreign:
        option = f"--{foreign.removesuffix('_s').replace('_', '-')}"
        raise UsageError(f"{option} {f'does not go with {kind}' if kind else f'goes only with {others[foreign]}'}.")


def _limits(option: str, values: Sequence[str], default: str) -> dict[str, float]:
    """KEY=NUMBER, or a number alone for the ``default`` key."""
    found: dict[str, float] = {}
    for value in values:
        key, _, number = value.rpartition("=")
        try:
            found[key.strip() or default] = float(number)
        except ValueError:
            raise UsageError(f"{option} {value!r} is not a number, nor KEY=NUMBER.") from None
    return found


def _command() -> str:
    """The command as it was given, to be repeated."""
    return shlex.join(["edgelm", *sys.argv[1:]])


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """As other commands' progress, but still between its steps: a spinner's thread would be measured too."""
    is_shown = sys.stderr.isatty()
    try:
        yield lambda text: click.echo(f"\r\x1b[K{text}", nl=False, err=True) if is_shown else None
    finally:
        if is_shown:
            click.echo("\r\x1b[K", nl=False, err=True)


def _print(found: Bench) -> None:
    """The table on stdout, with a column for each bundle where rows have no room; what is not green on stderr."""
    from edgelm.bench import tables

    overview = tables.overview(found)
    screen = console(width=None if sys.stdout.isatty() else UNFOLDED)
    table = _styled(found, overview, upright=False)
    if screen.measure(table, options=screen.options.update(width=UNFOLDED)).maximum > screen.width:
        table = _styled(found, overview, upright=True)
    screen.print(table)
    click.echo(overview.caption)
    if "device" in found.facts:
        _print_phone(found)
    for verdict, text in tables.failures(found):
        click.echo(f"{verdict.value}: {text}", err=True)


def _print_phone(found: Bench) -> None:
    """Which phone it was, and how far its outputs are from the golden ones."""
    from edgelm.report import figure

    known = [f"{key} {found.facts[key]}" for key in ("SoC", "Android", "ABI", "threads") if key in found.facts]
    click.echo(f"phone: {', '.join([found.facts['device'], *known])}")
    for row in found.rows:
        for check in row.checks:
            if check.name.endswith("vs golden: max abs"):
                limit = f", limit {figure(check.limit)}" if check.limit is not None else ""
                click.echo(f"{row.label}: {check.name} {figure(check.value)}{limit}")


def _styled(found: Bench, overview: tables.Table, *, upright: bool) -> Any:
    """The table for a terminal, with a row for each bundle, or ``upright`` with a column."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    styles = ("bold", *(_STYLES.get(row.verdict.value, "") for row in found.rows))
    lines = [overview.columns, *overview.rows]
    cells = [[Text(cell, style) for cell in line] for line, style in zip(lines, styles, strict=True)]
    head, *rows = zip(*cells, strict=True) if upright else cells
    table = Table(box=box.SIMPLE)
    for name in head:
        table.add_column(name)
    for row in rows:
        table.add_row(*row)
    return table
