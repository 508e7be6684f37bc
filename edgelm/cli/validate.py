"""`edgelm validate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgelm.cli._output import print_json, print_reports, progress
from edgelm.errors import UsageError


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--against", "model", metavar="MODEL", help="The model the bundle was exported from.")
@click.option("--revision", help="Branch, tag or commit of MODEL on the Hugging Face hub.")
@click.option(
    "--runtime",
    metavar="NAME==VERSION",
    help="Run it in that version instead, in an environment made for it, e.g. tflite-runtime==2.14.0.",
)
@click.option(
    "--reference",
    "hugging_face",
    type=click.Choice(["graph", "transformers"]),
    default="graph",
    show_default=True,
    callback=lambda _, __, value: value == "transformers",
    help="What the original is computed by: edgelm's graph of MODEL, or Hugging Face's own module.",
)
@click.option("--samples", type=click.Path(path_type=Path), help="Texts to try it on, as for export.")
@click.option("--eval", "evaluation", type=click.Path(path_type=Path), help="Labelled examples, as for export.")
@click.option("--max-drop", type=float, help="Fail when the metric falls by more; needs --eval.")
@click.option("--min-metric", type=float, help="Fail when the artifact's metric is lower; needs --eval.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads of the runtime; default: the cores, at most 4.")
@click.option(
    "--time-limit",
    "time_limit_s",
    type=click.FloatRange(min=1),
    default=900.0,
    show_default=True,
    metavar="SECONDS",
    help="For each step of a run; what takes longer is ended and has failed.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A folder for report.json, .md and .html.")
@click.option("--allow-unmeasured", is_flag=True, help="Exit 0 although a required check could not be measured here.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON on stdout.")
def validate(
    bundle: Path, threads: int | None, output: Path | None, allow_unmeasured: bool, as_json: bool, **settings: Any
) -> int:
    """Prove a finished BUNDLE again: digests, manifest, tokenizer, golden files, parity, invariance, latency.

    Without the model it was exported from, only its own golden files can be held against it.
    """
    from edgelm import report
    from edgelm.audit import Audit, AuditRequest

    with progress() as say:
        found = Audit(AuditRequest(bundle, threads=threads or 0, **settings), say).run()
    if output:
        try:
            output.mkdir(parents=True, exist_ok=True)
            report.write(found, output)
        except OSError as error:
            raise UsageError(f"Cannot write to {output}: {error.strerror}.", hint="Choose another --output.") from None
    if as_json:
        print_json(report.to_dict(found))
    else:
        print_reports([found])
    return report.exit_code([found], allow_unmeasured=allow_unmeasured)
