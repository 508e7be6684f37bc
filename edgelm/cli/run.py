"""`edgelm run`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgelm.cli._output import answering
from edgelm.errors import UsageError

if TYPE_CHECKING:
    from edgelm.batch.run import BatchRequest, Progress
    from edgelm.session import Question, Session

_THREADS = 2
_BATCH = ("--workers", "--engine", "--max-batch-tokens", "--strict", "--overwrite")
"""What only a run with --output takes."""


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--text", "texts", multiple=True, help="A text; repeatable. Without it, one a line from --input or stdin."
)
@click.option("--text-pair", "pair", help="The second text of a pair.")
@click.option("--context", help="The context of a question.")
@click.option("--choice", "choices", multiple=True, help="A choice of a multiple-choice question; repeatable.")
@click.option("--document", "documents", multiple=True, help="A document to be ranked by the text; repeatable.")
@click.option("--prompt", help="The embedder's prompt to put before each text, by its name; default: its own default.")
@click.option(
    "--input",
    "file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="A file of texts, one a line; `-` is stdin. With --output also one JSON object a line.",
)
@click.option("--top-k", type=click.IntRange(min=1), help="How many answers.")
@click.option(
    "--aggregation", default="simple", show_default=True, help="Of entities: none, simple, first, average or max."
)
@click.option("--truncate", is_flag=True, help="Cut a text that is too long instead of refusing it.")
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    help=f"Threads of the runtime; default: {_THREADS}, with --output 1 for each worker.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON value a line.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A file for the answers to --input: one JSON object a row. After a kill the same command goes on.",
)
@click.option("--workers", type=click.IntRange(min=1), help="With --output: processes; default: one for each core.")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    help="With --output: what the workers run on, processes of this machine (the default) or a Ray cluster.",
)
@click.option("--max-batch-tokens", type=click.IntRange(min=1), help="With --output: of a batch, with padding; 512.")
@click.option("--strict", is_flag=True, help="With --output: end at the first row that cannot be answered.")
@click.option("--overwrite", is_flag=True, help="With --output: replace one that is there, or half there.")
def run(
    bundle: Path,
    texts: Sequence[str],
    pair: str | None,
    context: str | None,
    choices: Sequence[str],
    documents: Sequence[str],
    prompt: str | None,
    file: Path | None,
    top_k: int | None,
    aggregation: str,
    truncate: bool,
    threads: int | None,
    as_json: bool,
    output: Path | None,
    **batch: Any,
) -> int:
    """Answer texts with BUNDLE: labels, entities, spans or vectors, as Hugging Face's pipelines would."""
    from edgelm.decode import AGGREGATIONS
    from edgelm.session import Question, Session

    if aggregation not in AGGREGATIONS:
        raise UsageError(f"Unknown aggregation {aggregation!r}.", hint=f"There are: {', '.join(AGGREGATIONS)}.")
    if pair is not None and context is not None:
        raise UsageError("--text-pair and --context are the same input; give one.")
    if choices and documents:
        raise UsageError("--choice and --document are of different tasks; give one.")
    if texts and file:
        raise UsageError("--text and --input are both given; give one.")
    several = tuple(choices or documents)
    common = Question("", pair if context is None else context, several, top_k, aggregation, truncate, prompt)
    if output is not None:
        return _answer_file(bundle, file, output, common, threads or 1, batch)
    _check_no_batch(batch)
    session = Session.open(bundle, threads or _THREADS)
    for text in texts or _lines(file):
        _print_answer(session, replace(common, text=text), as_json=as_json)
    return 0


def _lines(file: Path | None) -> Iterator[str]:
    if file is None and sys.stdin.isatty():
        raise UsageError("No text given.", hint="Pass --text, --input FILE, or pipe texts in.")
    empty = True
    try:
        with click.open_file(str(file or "-"), encoding="utf-8-sig") as source:
            for line in source:
                if line.strip():
                    empty = False
                    yield line.rstrip("\n")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"The input is not UTF-8 text: {error}.") from None
    if empty:
        raise UsageError("The input holds no text.")


def _print_answer(session: Session, question: Question, *, as_json: bool) -> None:
    import json

    answer = session.answer(question)
    if as_json or not isinstance(answer, list) or not answer or not isinstance(answer[0], dict):
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    for item in answer:
        click.echo("\t".join(f"{value:.4f}" if isinstance(value, float) else str(value) for value in item.values()))


# -- files of any size -------------------------------------------------------------------------------------------------


def _check_no_batch(batch: dict[str, Any]) -> None:
    given = [option for option in _BATCH if batch[option.removeprefix("--").replace("-", "_")]]
    if given:
        raise UsageError(f"{given[0]} is for --input with --output.", hint="Give --output FILE.")


def _answer_file(
    bundle: Path, file: Path | None, output: Path, common: Question, threads: int, batch: dict[str, Any]
) -> int:
    from edgelm.batch.run import BatchRequest

    if file is None:
        raise UsageError("--output is for the answers to a file.", hint="Give --input FILE; `-` is stdin.")
    given = {name: value for name, value in batch.items() if value is not None}
    request = BatchRequest(bundle, file, output, common, threads=threads, **given)
    done = _run(request).done
    if done.failed:
        raise UsageError(
            f"{done.failed:,} of {done.rows:,} rows could not be answered, the first of them line {done.first_failed}.",
            hint=f'All rows are in {output}, these with an "error".',
        )
    return 0


def _run(request: BatchRequest) -> Progress:
    from edgelm.batch.run import run as run_batch

    try:
        with answering() as told:
            found = run_batch(request, told)
    except KeyboardInterrupt as interrupt:
        kept = "what is answered is kept; the same command goes on there"
        raise KeyboardInterrupt(*([kept] if request.unfinished.exists() else [])) from interrupt
    click.echo(f"{found.done.rows:,} rows in {request.output}, {found.rows_per_second:,.0f} rows/s", err=True)
    return found
