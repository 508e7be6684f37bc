"""`edgelm report`."""

from __future__ import annotations

from pathlib import Path

import click

from edgelm.cli._output import print_json, print_reports
from edgelm.errors import UsageError


@click.command()
@click.argument("directory", type=click.Path(path_type=Path), required=False)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The folder the page goes to; default: DIRECTORY itself."
)
@click.option("--schema", "print_schema", is_flag=True, help="Print the JSON Schema of report.json.")
@click.option("--allow-unmeasured", is_flag=True, help="Exit 0 although a required check could not be measured.")
@click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON on stdout.")
def report(
    directory: Path | None, output: Path | None, print_schema: bool, allow_unmeasured: bool, as_json: bool
) -> int:
    """Compare the bundles below DIRECTORY on one page: report.html, with report.md and report.json.

    Rejected bundles are listed too. The exit code is that of an export that made them all.
    """
    from edgelm.report import SCHEMA, exit_code, find, to_dict, write_matrix

    if print_schema:
        click.echo(SCHEMA.read_text("utf-8"), nl=False)
        return 0
    if directory is None:
        raise UsageError("No DIRECTORY given.", hint="For example: edgelm report bundles")
    if not directory.is_dir():
        raise UsageError(f"{directory} is no folder.", hint="Make one: edgelm export MODEL --target T -o DIRECTORY")
    reports = find(directory)
    if not reports:
        raise UsageError(
            f"No bundle with a report below {directory}.", hint=f"Make one: edgelm export MODEL -t T -o {directory}"
        )
    page = write_matrix(reports, output or directory)
    if as_json:
        print_json([to_dict(one) for one in reports])
    else:
        print_reports(reports)
        click.echo(f"The page: {page}")
    return exit_code(reports, allow_unmeasured=allow_unmeasured)
