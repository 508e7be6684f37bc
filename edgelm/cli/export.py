"""`edgelm export`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgelm.cli._options import chosen, lengths_of, model_argument
from edgelm.cli._output import print_json, print_reports, print_table, progress
from edgelm.errors import UsageError

if TYPE_CHECKING:
    from edgelm.layouts import Layout
    from edgelm.pipeline import ExportRequest, Plan
    from edgelm.types import Report


@click.command()
@model_argument
@click.option(
    "-t", "--target", "targets", multiple=True, metavar="T", help="A target from `edgelm targets`; repeatable."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("bundles"),
    show_default=True,
    help="Bundles go to OUTPUT/<target>.",
)
@click.option(
    "--layout",
    type=click.Choice(["bundle", "triton", "ovms", "container"]),
    default="bundle",
    show_default=True,
    help="Beside each bundle that passes, OUTPUT/<target>-LAYOUT: a model repository of Triton or of OpenVINO Model "
    "Server, or what runs `edgelm serve` in a container and on Kubernetes.",
)
@click.option("--task", default="auto", show_default=True, help="Hugging Face's task name; auto: the checkpoint's own.")
@click.option(
    "--pooling",
    type=click.Choice(["cls", "mean", "max", "mean_sqrt_len_tokens"]),
    help="Embed texts with a plain encoder by its first token, the mean, ...; sentence-transformers folders say it.",
)
@click.option(
    "--prompt",
    "prompts",
    multiple=True,
    metavar="NAME=TEXT",
    help="What an embedder that has no prompts of its own was trained to read before a text; repeatable.",
)
@click.option(
    "--default-prompt", metavar="NAME", help="The --prompt that goes before every text unless asked otherwise."
)
@click.option(
    "--precision",
    help="fp32, fp16, int8, int8-static, int4, ..., or auto: the fastest that passes; default: the target's own.",
)
@click.option("--max-length", type=int, help="Longest sequence in tokens; default: the checkpoint's own.")
@click.option(
    "--lengths", metavar="N,N", help="Fixed lengths instead of true dynamic length, for NPU and GPU delegates."
)
@click.option(
    "--eval",
    "evaluation",
    type=click.Path(path_type=Path),
    help="Labelled examples: the task's metric of source and artifact, with a confidence interval.",
)
@click.option("--max-drop", type=float, help="Fail when the metric falls by more, e.g. 0.005; needs --eval.")
@click.option("--min-metric", type=float, help="Fail when the artifact's metric is lower; needs --eval.")
@click.option(
    "--samples",
    type=click.Path(path_type=Path),
    help="Texts to prove parity on: one a line, or .jsonl with text and pair.",
)
@click.option(
    "--calibration",
    type=click.Path(path_type=Path),
    help="Up to 128 texts like the app's own, for int8: as --samples; default: a built-in sample.",
)
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the format, e.g. minimum_ios=18; repeatable.",
)
@click.option(
    "--without",
    "without_rewrites",
    multiple=True,
    metavar="REWRITE",
    help="Switch an exact graph rewrite off; repeatable.",
)
@click.option(
    "--threads", type=click.IntRange(min=1), help="Threads of the runtimes; default: the cores there are, at most 4."
)
@click.option(
    "--time-limit",
    "time_limit_s",
    type=click.FloatRange(min=1),
    default=900.0,
    show_default=True,
    metavar="SECONDS",
    help="For a conversion and each step of a run; what takes longer is ended and has failed.",
)
@click.option("--revision", help="Branch, tag or commit on the Hugging Face hub.")
@click.option("--allow-unmeasured", is_flag=True, help="Exit 0 although a required check could not be measured here.")
@click.option("--dry-run", is_flag=True, help="Check everything, say what would be written, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON on stdout.")
def export(
    model: str | None,
    model_option: str | None,
    targets: Sequence[str],
    layout: str,
    lengths: str | None,
    prompts: Sequence[str],
    options: Sequence[str],
    threads: int | None,
    allow_unmeasured: bool,
    dry_run: bool,
    as_json: bool,
    **settings: Any,
) -> int:
    """Write a bundle for each target and prove that it answers as MODEL does."""
    from edgelm.pipeline import ExportRequest, Plan
    from edgelm.report import exit_code, to_dict

    request = ExportRequest(
        model=chosen(model, model_option),
        targets=tuple(targets),
        lengths=lengths_of(lengths),
        prompts=_key_values("--prompt", prompts),
        options=_key_values("--option", options),
        threads=threads or 0,
        **settings,
    )
    reports: list[Report] = []
    wanted = _layout(layout, request)
    laid_out: list[Path] = []
    try:
        with progress() as say:
            say("reading the checkpoint")
            plan = Plan(request)
            for report in () if dry_run else _export(plan, say):
                reports.append(report)  # one by one: those before an error stay
                laid_out.extend(_lay_out(wanted, plan, report))
    finally:  # what is in place is told, also when a later target fails
        if reports and as_json:
            print_json([to_dict(report) for report in reports])
        elif reports:
            print_reports(reports)
        _leave_page(reports, request.output, as_json=as_json)
        for place in laid_out:
            click.echo(f"Laid out for {layout}: {place}", err=as_json)
    if dry_run:
        _print_plan(plan, wanted, as_json=as_json)
    return exit_code(reports, allow_unmeasured=allow_unmeasured)


def _layout(name: str, request: ExportRequest) -> Layout | None:
    """The layout of that name, which every target that is asked for has; None for bundles alone."""
    if name == "bundle":
        return None
    from edgelm.layouts import LAYOUTS, check

    check(LAYOUTS[name], request.targets, request.output)
    return LAYOUTS[name]


def _lay_out(layout: Layout | None, plan: Plan, report: Report) -> Iterator[Path]:
    """The layout of a bundle that has its place; one that failed has none."""
    from edgelm.types import Verdict

    if layout is not None and report.verdict is not Verdict.FAIL:
        from edgelm.layouts import write

        yield write(layout, Path(report.bundle), plan.threads)


def _leave_page(reports: Sequence[Report], output: Path, *, as_json: bool) -> None:
    """The page over the bundles in OUTPUT. That it cannot be written is told, but fails no bundle."""
    from edgelm.report import refresh_matrix

    try:
        page = refresh_matrix(reports, output) if reports else None
    except UsageError as error:
        click.echo(f"edgelm: no page over the bundles was written: {error}", err=True)
        return
    if page and not as_json:
        click.echo(f"The page over all bundles: {page}")


def _key_values(flag: str, options: Sequence[str]) -> dict[str, str]:
    pairs = [option.partition("=") for option in options]
    wrong = [key for key, equals, _ in pairs if not equals]
    if wrong:
        raise UsageError(f"{flag} {wrong[0]!r} is not KEY=VALUE.")
    return {key: value for key, _, value in pairs}


def _export(plan: Plan, say: Callable[[str], None]) -> Iterator[Report]:
    from edgelm import automatic, pipeline

    run_export = automatic.export if plan.request.precision == pipeline.AUTO else pipeline.export
    total = len(plan.jobs)
    done = 0

    def step(target: str, doing: str) -> None:
        say(f"[{done + 1}/{total}] {target}: {doing}")

    for report in run_export(plan, step):
        done += 1
        yield report


def _print_plan(plan: Plan, layout: Layout | None, *, as_json: bool) -> None:
    columns: tuple[str, ...] = ("target", "precision", "scheme", "would write")
    rows = [[job.target.name, job.precision, job.scheme.name, str(job.final)] for job in plan.jobs]
    if layout:
        columns = (*columns, "laid out in")
        rows = [[*row, str(layout.place(job.final))] for row, job in zip(rows, plan.jobs, strict=True)]
    if as_json:
        bundles = [dict(zip(columns, row, strict=True)) for row in rows]
        model = {"model": plan.model.checkpoint.name, "task": plan.task, "max_length": plan.max_length}
        print_json({**model, "bundles": bundles})
        return
    click.echo(f"{plan.model.checkpoint.name}: {plan.task}, up to {plan.max_length} tokens. Nothing was written.")
    print_table(columns, rows)
