"""`edgelm inspect`, `edgelm targets` and `edgelm doctor`: what there is, before anything is done."""

from __future__ import annotations

from typing import Any

import click

from edgelm.cli._options import chosen, model_argument
from edgelm.cli._output import print_facts, print_json, print_table
from edgelm.errors import ToolchainError


@click.command()
@model_argument
@click.option("--list", "list_builtins", is_flag=True, help="List the built-in models.")
@click.option("--revision", help="Branch, tag or commit on the Hugging Face hub.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def inspect(
    model: str | None, model_option: str | None, list_builtins: bool, revision: str | None, as_json: bool
) -> int:
    """Show a MODEL's (or bundle's) architecture, tasks, sizes, tokenizer, and the targets that can take it."""
    from edgelm import inspection

    if list_builtins:
        facts: dict[str, Any] = inspection.builtins()
    else:
        facts = inspection.describe(chosen(model, model_option), revision)
    if as_json:
        print_json(facts)
    else:
        print_facts(facts)
    return 0


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def targets(as_json: bool) -> int:
    """List the targets: ready, or the exact command that installs what is missing."""
    from edgelm import inspection

    rows = inspection.target_rows()
    if as_json:
        print_json(rows)
        return 0
    columns = ("target", "default", "precisions", "state", "origin", "description")
    print_table(columns, [[row[column] for column in columns] for row in rows])
    return 0


@click.command()
@click.option(
    "--install",
    "set_up",
    metavar="NAME",
    help="Set up what goes into no environment beside edgelm: arm64, executorch, paddle, tensorflow.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def doctor(set_up: str | None, as_json: bool) -> int:
    """Check the installed versions against the ones edgelm was tested with."""
    from edgelm import inspection, registry

    if set_up is not None:
        registry.install(set_up, lambda step: click.echo(step, err=True))
        return 0
    rows = inspection.doctor_rows()
    if as_json:
        print_json(rows)
    else:
        columns = ("package", "found", "needed", "tested", "state")
        print_table(columns, [[row[column] for column in columns] for row in rows])
    return ToolchainError.exit_code if any(row["state"] == inspection.TOO_OLD for row in rows) else 0
