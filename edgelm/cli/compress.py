"""`edgelm compress`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgelm.cli._options import chosen, model_argument, require_training
from edgelm.cli._output import print_json, print_table, training
from edgelm.errors import BudgetError, UsageError

if TYPE_CHECKING:
    from edgelm.compress.recipe import Pass, Recipe
    from edgelm.compress.run import CompressRequest, Student
    from edgelm.compress.sizes import Sizes
    from edgelm.families import Model


@click.command()
@model_argument
@click.option(
    "-r",
    "--recipe",
    "recipes",
    multiple=True,
    metavar="R",
    help="mini, micro, nano, pico, a size such as 4L-312, or a TOML file; repeatable: several students in one run.",
)
@click.option(
    "--train", type=click.Path(path_type=Path), help="Labelled examples to measure importance and to train on."
)
@click.option(
    "--eval",
    "evaluation",
    type=click.Path(path_type=Path),
    help="Labelled examples: the task's metric after every pass, and which state of a training is kept.",
)
@click.option(
    "--unlabelled",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Texts without labels, for distillation and the vocabulary; repeatable.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("student"),
    show_default=True,
    help="The student's folder; of several recipes OUTPUT/<recipe>.",
)
@click.option("--task", default="auto", show_default=True, help="Hugging Face's task name; auto: the checkpoint's own.")
@click.option(
    "--teacher",
    metavar="MODEL",
    help="Another model to learn from, with the same tokenizer; default: MODEL itself before it is cut.",
)
@click.option("--resume", is_flag=True, help="Go on where an interrupted run of the same command stopped.")
@click.option("-t", "--target", metavar="T", help="The target of a budget in milliseconds, from `edgelm targets`.")
@click.option("--max-drop", type=float, help="Fail when the metric falls by more, e.g. 0.005; needs --eval.")
@click.option("--max-length", type=click.IntRange(min=3), help="Longest sequence in tokens; default: the checkpoint's.")
@click.option("--seed", type=click.IntRange(min=0), help="Instead of the recipe's own.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads to compute with; default: the cores there are.")
@click.option(
    "--precision",
    type=click.Choice(["auto", "bf16", "fp32"]),
    default="auto",
    show_default=True,
    help="Of the training; auto: bf16 where the device is faster with it.",
)
@click.option("--dry-run", is_flag=True, help="Print what each pass will leave, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the students' records, or the plan, as JSON on stdout.")
def compress(
    model: str | None,
    model_option: str | None,
    recipes: Sequence[str],
    train: Path | None,
    evaluation: Path | None,
    unlabelled: Sequence[Path],
    dry_run: bool,
    as_json: bool,
    **settings: Any,
) -> int:
    """Make a small student of MODEL that answers as it does: pruned and distilled as a recipe says."""
    from edgelm.compress.plan import check

    wanted = _read_recipes(recipes)
    name = chosen(model, model_option)
    if not dry_run:
        _check_inputs(wanted, train, evaluation, unlabelled, **settings)
    teacher, task = _open(name, settings["task"])
    for recipe in wanted:
        check(recipe, teacher.encoder)
    if dry_run:
        _print_plan(teacher, task, wanted, as_json=as_json)
        return 0
    require_training()
    from edgelm.compress.run import CompressRequest

    request = CompressRequest(
        model=name,
        recipes=wanted,
        train=train,
        evaluation=evaluation,
        unlabelled=tuple(unlabelled),
        command=_command(click.get_current_context()),
        **{key: settings[key] for key in _REQUESTED},
    )
    students = _run(request)
    if students and as_json:
        _print_students_as_json(students)
    elif students:
        _print_students(students)
    failed = [student for student in students if student.failure]
    if failed:
        raise BudgetError(
            f"{failed[0].failure}; it is in {failed[0].folder}.",
            hint="Give more texts or epochs, a larger recipe, or a larger --max-drop.",
        )
    return 0


_REQUESTED = (
    *("output", "task", "teacher", "resume", "target"),
    *("max_drop", "max_length", "seed", "threads", "precision"),
)


# -- before anything runs ----------------------------------------------------------------------------------------------


def _read_recipes(names: Sequence[str]) -> tuple[Recipe, ...]:
    from edgelm.compress.recipe import BUILTIN_RECIPES, read_recipe

    if not names:
        raise UsageError("No --recipe given.", hint=f"Give {', '.join(BUILTIN_RECIPES)}, 4L-312, or a TOML file.")
    found = tuple(read_recipe(name) for name in names)
    twice = [recipe.name for i, recipe in enumerate(found) if recipe.name in {one.name for one in found[:i]}]
    if twice:
        raise UsageError(f"Two recipes are named {twice[0]}.", hint="Each student goes to OUTPUT/<name of its recipe>.")
    return found


def _check_inputs(
    recipes: Sequence[Recipe],
    train: Path | None,
    evaluation: Path | None,
    unlabelled: Sequence[Path],
    *,
    target: str | None,
    max_drop: float | None,
    output: Path,
    resume: bool,
    **_: Any,
) -> None:
    """UsageError for an option that a recipe needs and that is missing, and for a file that is not there."""
    for recipe in recipes:
        for step in recipe.passes:
            for option, why in _needs(step):
                given = {"--train": train, "--target": target, "--train or --unlabelled": train or unlabelled}
                if not given[option]:
                    raise UsageError(f"The recipe {recipe.name} needs {option}: {why}.", hint="Give it, or --dry-run.")
    if max_drop is not None and evaluation is None:
        raise UsageError("--max-drop needs labelled examples.", hint="Pass --eval FILE.")
    missing = [path for path in (train, evaluation, *unlabelled) if path is not None and not path.is_file()]
    if missing:
        raise UsageError(f"{missing[0]} is no file.")
    _check_output(recipes, output, resume=resume)


def _needs(step: Pass) -> Iterator[tuple[str, str]]:
    """The options that a pass cannot do without, and what for."""
    from edgelm.compress.passes import Depth, Training, Vocab, Width, cut_of

    cut = cut_of(step)
    if isinstance(step, Vocab):
        yield "--train or --unlabelled", "its vocab pass keeps what those texts need"
    if isinstance(step, Training):
        yield "--train", f"its {step.kind} pass learns on those rows"
    if isinstance(cut, Depth | Width):
        yield "--train", f"its {cut.kind} pass measures importance on those rows"
    if isinstance(cut, Width) and cut.latency_ms is not None:
        yield "--target", f"latency_ms = {cut.latency_ms:g} is measured there"


def _check_output(recipes: Sequence[Recipe], output: Path, *, resume: bool) -> None:
    """UsageError where something that is no student stands in the place of one."""
    from edgelm.compress.lineage import FILE

    for folder in [output] if len(recipes) == 1 else [output / recipe.name for recipe in recipes]:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is no folder.", hint="Choose another --output.")
        shown = [path for path in folder.iterdir() if not path.name.startswith(".")] if folder.is_dir() else []
        if shown and not (folder / FILE).is_file() and not resume:
            raise UsageError(f"{folder} exists and is no student; it is left alone.", hint="Choose another --output.")


def _open(name: str, task: str) -> tuple[Model, str]:
    from edgelm.checkpoint import open_checkpoint
    from edgelm.families import Model

    model = Model.open(open_checkpoint(name))
    return model, model.resolve_task(task)


def _command(context: click.Context) -> str:
    """The command as it can be given again: what was said, in the order of the help page."""
    words = ["edgelm", "compress"]
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if value is None or value == parameter.get_default(context) or value is False:
            continue
        flag = [] if isinstance(parameter, click.Argument) else [parameter.opts[-1]]
        values = value if isinstance(value, tuple) else [value]
        words += [word for one in values for word in (*flag, *([] if one is True else [str(one)]))]
    return shlex.join(words)


# -- while it runs -----------------------------------------------------------------------------------------------------


def _run(request: CompressRequest) -> list[Student]:
    """The students; none in all processes but the main one, which alone tells of them."""
    from edgelm.compress.finetune import is_main
    from edgelm.compress.run import compress as run_compress

    with training(quiet=not is_main()) as (say, progress):
        students = run_compress(request, say, progress)
    return students if is_main() else []


# -- what is printed ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Planned:
    """The model, or what a pass will leave of it."""

    name: str
    sizes: Sizes
    skipped: bool = False
    exact: bool = True

    @property
    def cells(self) -> list[str]:
        about = "" if self.exact else "~ "
        return [
            f"{self.name}{', skipped' if self.skipped else ''}",
            *(f"{about}{text}" for text in _figures(self.sizes)),
        ]


def _print_plan(model: Model, task: str, recipes: Sequence[Recipe], *, as_json: bool) -> None:
    """The model, and what each pass of each recipe will leave of it."""
    plans = {recipe.name: [*_planned(model, task, recipe)] for recipe in recipes}
    if as_json:
        found = {name: [_as_json(one) for one in plan] for name, plan in plans.items()}
        print_json({"model": model.checkpoint.name, "task": task, "recipes": found})
        return
    print_table(("recipe", "pass", *_SIZES), [[name, *one.cells] for name, plan in plans.items() for one in plan])
    if not all(one.exact for plan in plans.values() for one in plan):
        click.echo("~: as if a budget cut every layer evenly; what the texts need of the vocabulary is not known yet.")


def _as_json(one: _Planned) -> dict[str, Any]:
    return {"name": one.name, "skipped": one.skipped, "exact": one.exact, **one.sizes.record()}


def _planned(model: Model, task: str, recipe: Recipe) -> Iterator[_Planned]:
    from edgelm.compress.lineage import title
    from edgelm.compress.plan import steps
    from edgelm.compress.sizes import of_model

    yield _Planned(model.checkpoint.name, of_model(model, task))
    for step in steps(recipe, model.encoder):
        found = of_model(model, task, shape=step.shape)
        yield _Planned(title(step.effective or step.config), found, step.effective is None, step.exact)


_SIZES = ("parameters", "encoder", "fp32", "int8", "FLOPs at 128 tokens")


def _figures(found: Sizes) -> list[str]:
    """The cells of ``_SIZES``."""
    from edgelm.compress.sizes import count, megabytes

    weights = (count(found.total), count(found.encoder), megabytes(found.bytes_fp32), megabytes(found.bytes_int8))
    return [*weights, count(found.flops)]


def _print_students(students: Sequence[Student]) -> None:
    """The teacher and each student side by side."""
    from edgelm.compress.lineage import duration

    first = students[0].record
    metric = first.metric or "metric"
    columns = ("model", *_SIZES, metric, "retained", "time", "folder")
    rows = [[first.teacher.name, *_figures(first.teacher.sizes), _score(first.teacher.metric), "", "", ""]]
    for student in students:
        record = student.record
        retained = "-" if record.retained is None else f"{100 * record.retained:.1f} %"
        told = (_score(record.score), retained, duration(record.seconds), str(student.folder))
        rows.append([record.recipe.name, *_figures(record.sizes), *told])
    print_table(columns, rows)


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _print_students_as_json(students: Sequence[Student]) -> None:
    from edgelm.compress.lineage import to_dict

    print_json([{"folder": str(student.folder), "compression": to_dict(student.record)} for student in students])
