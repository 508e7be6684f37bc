"""`edgelm finetune`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgelm.cli._options import chosen, model_argument, require_training
from edgelm.cli._output import print_json, print_table, training

if TYPE_CHECKING:
    from edgelm.compress.finetune import FinetuneRequest


@click.command()
@model_argument
@click.option("--train", type=click.Path(path_type=Path), required=True, help="Labelled examples to learn from.")
@click.option(
    "--eval",
    "evaluation",
    type=click.Path(path_type=Path),
    help="Labelled examples: the metric on the way, and which state of the training is kept.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("teacher"),
    show_default=True,
    help="The new folder; must not exist.",
)
@click.option("--task", default="auto", show_default=True, help="Hugging Face's task name; auto: the checkpoint's own.")
@click.option("--new-head", is_flag=True, help="Start a new head for the file's labels in place of the checkpoint's.")
@click.option("--epochs", type=float, default=3.0, show_default=True, help="Times through the file; may be a part.")
@click.option("--learning-rate", type=float, default=5e-5, show_default=True, help="Its highest value.")
@click.option("--batch-size", type=int, default=32, show_default=True, help="Rows of a step, over all processes.")
@click.option("--max-length", type=int, help="Longest sequence in tokens; default: the checkpoint's own.")
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same model on one kind of CPU.")
@click.option("--patience", type=int, help="Stop after that many evaluations without a better metric; needs --eval.")
@click.option(
    "--precision",
    type=click.Choice(["auto", "bf16", "fp32"]),
    default="auto",
    show_default=True,
    help="Of the training; auto: bf16 where the device computes in it.",
)
@click.option("--ema", type=float, default=0.0, show_default=True, help="Decay of an average of the weights; 0: none.")
@click.option(
    "--layer-decay",
    type=float,
    default=1.0,
    show_default=True,
    help="The learning rate of a layer as a share of the next one's.",
)
@click.option("--weight-decay", type=float, default=0.01, show_default=True, help="Of all but biases and norms.")
@click.option(
    "--warmup-ratio", type=float, default=0.06, show_default=True, help="Share of steps in which the rate rises."
)
@click.option("--max-grad-norm", type=float, default=1.0, show_default=True, help="Longer gradients are shortened.")
@click.option("--evaluations-per-epoch", type=int, default=2, show_default=True, help="How often --eval is measured.")
@click.option("--resume", is_flag=True, help="Go on where an interrupted run of the same command stopped.")
@click.option(
    "--checkpoint-seconds",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Between two states that --resume can go on from.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Threads to compute with; default: torch's own choice.")
@click.option("--revision", help="Branch, tag or commit on the Hugging Face hub.")
@click.option("--json", "as_json", is_flag=True, help="Print training.json on stdout.")
def finetune(
    model: str | None,
    model_option: str | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Train MODEL on labelled examples: a teacher for `edgelm compress`, or a model to export.

    On several processes: accelerate launch -m edgelm finetune ...
    """
    name = chosen(model, model_option)
    require_training()
    from edgelm.compress.finetune import FinetuneRequest
    from edgelm.compress.schedule import Settings

    settings = Settings(**{key: options.pop(key) for key in _SETTINGS})
    request = FinetuneRequest(model=name, settings=settings, **options)
    record = _run(request)
    if record is not None and as_json:
        print_json(record)
    elif record is not None:
        _print(request.output, record)
    return 0


_SETTINGS: Sequence[str] = (
    *("learning_rate", "epochs", "batch_size", "weight_decay", "warmup_ratio", "max_grad_norm", "layer_decay"),
    *("ema", "seed", "precision", "evaluations_per_epoch", "patience"),
)


def _run(request: FinetuneRequest) -> dict[str, Any] | None:
    """The record of the training; None in all processes but the main one."""
    from edgelm.checkpoint import read_json
    from edgelm.compress.finetune import RECORD, is_main
    from edgelm.compress.finetune import finetune as run_finetune

    try:
        with training(quiet=not is_main()) as (say, progress):
            folder = run_finetune(request, say, progress)
    except KeyboardInterrupt as interrupt:
        kept = "the training is kept; go on with the same command and --resume"
        raise KeyboardInterrupt(*([kept] if request.unfinished.exists() else [])) from interrupt
    return read_json(folder / RECORD) if is_main() else None


def _print(folder: Path, record: dict[str, Any]) -> None:
    rows = [[name, f"{value:.4f}"] for name, value in record["metrics"].items()]
    rows += [["steps", str(record["steps"])], ["seconds", f"{record['seconds']:.0f}"], ["folder", str(folder)]]
    print_table(("", ""), rows)
