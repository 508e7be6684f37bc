"""`edgelm run`."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgelm.errors import UsageError

if TYPE_CHECKING:
    from edgelm.session import Question, Session


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--text", "texts", multiple=True, help="A text; repeatable. Without it, one a line from --input or stdin."
)
@click.option("--text-pair", "pair", help="The second text of a pair.")
@click.option("--context", help="The context of a question.")
@click.option("--choice", "choices", multiple=True, help="A choice of a multiple-choice question; repeatable.")
@click.option(
    "--input", "file", type=click.File("r", encoding="utf-8-sig"), help="A file of texts, one a line; `-` is stdin."
)
@click.option("--top-k", type=click.IntRange(min=1), help="How many answers.")
@click.option(
    "--aggregation", default="simple", show_default=True, help="Of entities: none, simple, first, average or max."
)
@click.option("--truncate", is_flag=True, help="Cut a text that is too long instead of refusing it.")
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True, help="Threads of the runtime.")
@click.option("--json", "as_json", is_flag=True, help="One JSON value a line.")
def run(
    bundle: Path,
    texts: Sequence[str],
    pair: str | None,
    context: str | None,
    choices: Sequence[str],
    file: Any,
    top_k: int | None,
    aggregation: str,
    truncate: bool,
    threads: int,
    as_json: bool,
) -> int:
    """Answer texts with BUNDLE: labels, entities, spans or vectors, as Hugging Face's pipelines would."""
    from edgelm.decode import AGGREGATIONS
    from edgelm.session import Question, Session

    if aggregation not in AGGREGATIONS:
        raise UsageError(f"Unknown aggregation {aggregation!r}.", hint=f"There are: {', '.join(AGGREGATIONS)}.")
    if pair is not None and context is not None:
        raise UsageError("--text-pair and --context are the same input; give one.")
    if texts and file:
        raise UsageError("--text and --input are both given; give one.")
    session = Session.open(bundle, threads)
    for text in texts or _lines(file):
        question = Question(text, pair if context is None else context, tuple(choices), top_k, aggregation, truncate)
        _print_answer(session, question, as_json=as_json)
    return 0


def _lines(file: Any) -> Iterator[str]:
    if file is None and sys.stdin.isatty():
        raise UsageError("No text given.", hint="Pass --text, --input FILE, or pipe texts in.")
    source = file or io.TextIOWrapper(sys.stdin.buffer, "utf-8-sig")
    empty = True
    try:
        for line in source:
            if line.strip():
                empty = False
                yield line.rstrip("\n")
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
