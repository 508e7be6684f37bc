"""What a report says of a compressed model's past: the teacher, every pass, and what each left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgelm import charts, page
from edgelm.charts import Point
from edgelm.page import Html
from edgelm.report.words import cell
from edgelm.types import Lineage, Stage

_MILLION = 1e6


def table(found: Lineage) -> Html:
    """A row for the teacher and one for each pass."""
    columns = _columns(found)
    rows = [_cells(found, stage) for stage in found.stages]
    return page.table(columns, rows, caption=_caption(found), numeric=range(2, len(columns)))


def chart(found: Lineage) -> Iterator[Html]:
    """The metric against the size of the int8 model, a point for each model that was measured."""
    told = [(i, stage) for i, stage in enumerate(found.stages) if stage.status != "skipped"]
    points = [
        Point(f"{i} {stage.name.partition(' ')[0]}" if i else stage.name, stage.bytes_int8 / _MILLION, stage.metric)
        for i, stage in told
        if stage.metric is not None
    ]
    if len(points) > 1:
        title = f"{found.metric[:1].upper()}{found.metric[1:]} after each pass, against size"
        yield charts.scatter(points, title=title, x_label="int8, MB", y_label=found.metric)


def markdown(found: Lineage) -> Iterator[str]:
    """The same table for a pull request."""
    columns = _columns(found)
    yield f"{_caption(found)}:"
    yield ""
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    for stage in found.stages:
        yield f"| {' | '.join(map(cell, _cells(found, stage)))} |"
    yield ""


def distinct(lineages: Sequence[tuple[str, Lineage | None]]) -> dict[str, Lineage]:
    """Each compressed model once, by its name."""
    return {name: found for name, found in lineages if found is not None}


def _caption(found: Lineage) -> str:
    return f"Compressed by the recipe {found.recipe}; sizes are of the whole model, FLOPs of {found.length} tokens"


def _columns(found: Lineage) -> list[str]:
    sizes = ["parameters, M", "encoder, M", "fp32, MB", "int8, MB", "GFLOPs"]
    return ["model or pass", "", *sizes, *([found.metric, "of the teacher's"] if found.metric else []), "time, s"]


def _cells(found: Lineage, stage: Stage) -> list[str]:
    sizes = (stage.parameters, stage.encoder_parameters, stage.bytes_fp32, stage.bytes_int8)
    return [
        stage.name,
        "" if stage.status == "done" else stage.status,
        *(f"{size / _MILLION:.2f}" for size in sizes),
        f"{stage.flops / 1e9:.3f}",
        *(_score(stage.metric, found.stages[0].metric) if found.metric else ()),
        "" if stage.seconds is None or stage.status == "skipped" else f"{stage.seconds:.1f}",
    ]


def _score(metric: float | None, teacher: float | None) -> tuple[str, str]:
    if metric is None:
        return "", ""
    return f"{metric:.4f}", f"{100 * metric / teacher:.1f} %" if teacher else ""
