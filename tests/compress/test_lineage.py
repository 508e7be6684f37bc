"""compression.json: written whole, read strictly, as its schema says; the log's lines; a student's parent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edgelm.checkpoint import open_checkpoint
from edgelm.compress import lineage
from edgelm.compress.lineage import (
    FILE,
    SCHEMA,
    Compression,
    DataFile,
    PassRecord,
    RecipeRecord,
    Teacher,
    duration,
    log_line,
    of_checkpoint,
    read,
    title,
    to_dict,
    write,
)
from edgelm.compress.passes import Pass
from edgelm.compress.recipe import Depth, Distill, Embedding, Recipe, Vocab, Width, digest, parse_recipe, read_recipe
from edgelm.compress.sizes import Sizes, sizes
from edgelm.errors import UsageError
from edgelm.graph.canonical import EncoderConfig, LayerConfig

SPEC = json.loads(SCHEMA.read_text("utf-8"))


def small(layers: int) -> Sizes:
    return sizes(EncoderConfig(1000, 64, 64, (LayerConfig(2, 32, 256),) * layers, 128, 2, 1e-12, "gelu"))


def a_pass(config: Pass, layers: int = 2, **changes: Any) -> PassRecord:
    values: dict[str, Any] = {
        "input_digest": "a" * 64,
        "output_digest": "b" * 64,
        "status": "done",
        "seconds": 12.5,
        "sizes": small(layers),
        "metric": "accuracy",
        "before": 0.9,
        "after": 0.88,
    }
    return PassRecord.of(config, **{**values, **changes})


def a_record(recipe: Recipe | None = None, **changes: Any) -> Compression:
    recipe = recipe or read_recipe("nano")
    whole = Compression(
        teacher=Teacher("teacher", "t" * 64, small(4), 0.9),
        task="text-classification",
        command="edgelm compress teacher -r nano --train train.tsv",
        versions={"edgelm": "0.1.0"},
        seed=0,
        data=(DataFile("train", "train.tsv", "d" * 64, 100),),
        recipe=RecipeRecord.of(recipe),
        passes=tuple(a_pass(step) for step in recipe.passes),
        machine={"machine": "Linux"},
        student_digest="b" * 64,
    )
    return replace(whole, **changes)


# -- the file ----------------------------------------------------------------------------------------------------------


def test_a_record_is_read_back_equal_and_keeps_the_schema(tmp_path: Path) -> None:
    record = a_record(passes=(a_pass(Vocab(), before=None, after=None, metric=""), a_pass(Distill(prune=Depth(2)))))
    assert write(record, tmp_path) == tmp_path / FILE
    assert read(tmp_path) == record
    jsonschema.validate(json.loads((tmp_path / FILE).read_text("utf-8")), SPEC, jsonschema.Draft202012Validator)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_the_schema_is_a_valid_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SPEC)


@pytest.mark.parametrize(
    ("definition", "kind", "more"),
    [
        (SPEC, Compression, {"schema_version"}),
        (SPEC["$defs"]["teacher"], Teacher, set()),
        (SPEC["$defs"]["data_file"], DataFile, set()),
        (SPEC["$defs"]["recipe"], RecipeRecord, set()),
        (SPEC["$defs"]["pass"], PassRecord, set()),
        (SPEC["$defs"]["sizes"], Sizes, {"parameters"}),
    ],
)
def test_the_schema_has_every_field_and_a_word_on_each(definition: Any, kind: Any, more: set[str]) -> None:
    names = {field.name for field in fields(kind)} | more
    assert set(definition["properties"]) == set(definition["required"]) == names
    assert all(one["description"] for one in definition["properties"].values())
    assert definition["additionalProperties"] is False


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where each value stands; a pass's own config is free."""
    yield path
    if isinstance(value, dict | list) and path[-1:] != ("config",):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


DOCUMENT = to_dict(a_record(Recipe("mine", passes=(Depth(2),))))
WRONG: tuple[Any, ...] = (..., None, True, -1.5, -1, 7, "strange", [None], {"strange": None}, {}, [])


def put(path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at one place, or without it where that is ``...``."""
    copy = json.loads(json.dumps(DOCUMENT))
    if not path:
        return value
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return copy


@pytest.mark.parametrize("path", places(json.loads(json.dumps(DOCUMENT))), ids=str)
def test_reading_refuses_what_the_schema_refuses(path: tuple[Any, ...], tmp_path: Path) -> None:
    """At every place: its value left out or replaced, and a strange field beside it."""
    validator = jsonschema.Draft202012Validator(SPEC)
    changes = [put(path, value) for value in WRONG if path or value is not ...]
    if path and isinstance(path[-1], str):
        changes.append(put((*path[:-1], "strange"), 1))
    for changed in changes:
        (tmp_path / FILE).write_text(json.dumps(changed))
        fault = None
        try:
            read(tmp_path)
        except UsageError as error:
            fault = str(error)
        assert (fault is None) == validator.is_valid(changed) or "its parts make" in str(fault), (changed, fault)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "is no record of a compression"),
        (b"\xff", "is no record of a compression"),
        (b"[]", "its schema version is None; this edgelm reads 1"),
        (b'{"schema_version": 2}', "its schema version is 2; this edgelm reads 1"),
        (b'{"schema_version": 1}', "compression.json has no field teacher"),
    ],
)
def test_what_is_no_record_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(UsageError, match=re.escape(told)):
        read(tmp_path)


def test_a_metric_that_is_no_number_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a number"):
        write(a_record(passes=(a_pass(Depth(2), after=float("nan")),)), tmp_path)
    assert not [*tmp_path.iterdir()]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(a_record(), tmp_path)
    before = (tmp_path / FILE).read_bytes()
    write_text: Callable[..., int] = Path.write_text

    def full(path: Path, text: str, *rest: Any) -> int:
        write_text(path, text[: len(text) // 2], *rest)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        write(a_record(seed=1), tmp_path)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(FILE, before)]


# -- what it says ------------------------------------------------------------------------------------------------------


def test_the_recipe_in_the_record_runs_again() -> None:
    recipe = replace(read_recipe("pico"), seed=3)
    record = RecipeRecord.of(recipe)
    assert parse_recipe(record.toml, "x.toml") == recipe
    assert a_pass(recipe.passes[1]).config_digest == digest(recipe.passes[1])


def test_a_data_file_has_its_digest(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(b"abc")
    found = DataFile.of("eval", tmp_path / "a.tsv", 3)
    assert found == DataFile("eval", "a.tsv", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 3)


def test_the_student_against_its_teacher() -> None:
    record = a_record()
    assert (record.metric, record.score) == ("accuracy", 0.88)
    assert record.retained == pytest.approx(0.88 / 0.9)
    assert record.seconds == pytest.approx(37.5)
    assert record.sizes == small(2)
    bare = replace(record, teacher=replace(record.teacher, metric=None), passes=())
    assert (bare.metric, bare.score, bare.retained, bare.sizes) == ("", None, None, small(4))


def test_what_reports_show_is_the_teacher_and_each_pass() -> None:
    record = a_record(Recipe("mine", passes=(Depth(3), Vocab())))
    record = replace(record, passes=(record.passes[0], replace(record.passes[1], status="skipped")))
    found = record.lineage()
    assert (found.recipe, found.metric, found.length) == ("mine", "accuracy", 128)
    assert [(stage.name, stage.status, stage.metric, stage.seconds) for stage in found.stages] == [
        ("teacher", "teacher", 0.9, None),
        ("depth to 3 layers", "done", 0.88, 12.5),
        ("vocab", "skipped", 0.88, 12.5),
    ]
    assert found.stages[0].parameters == small(4).total
    assert found.stages[1].encoder_parameters == small(2).encoder


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (Depth(4), "depth to 4 layers"),
        (Vocab(size=8000), "vocab to 8000 pieces"),
        (Embedding(64), "embedding to rank 64"),
        (Width(flops=0.6), "width to 60% of the FLOPs"),
        (Width(parameters=5_000_000), "width to 5,000,000 parameters"),
        (Width(latency_ms=2.5), "width to 2.5 ms"),
        (Distill(), "distill"),
        (
            Distill(epochs=3, prune=Width(hidden_size=312, heads=12)),
            "distill epochs 3, with width hidden 312, heads 12",
        ),
    ],
)
def test_a_pass_in_a_few_words(config: Pass, told: str) -> None:
    assert title(config) == a_pass(config).title == told


def test_the_line_after_every_pass() -> None:
    head = f"depth to 2 layers: {lineage.summary(small(2))}"
    assert log_line(a_pass(Depth(2))) == f"{head}, accuracy 0.8800 (-0.0200), 12.5 s"
    assert log_line(a_pass(Depth(2), before=None, seconds=75)) == f"{head}, accuracy 0.8800, 1 min 15 s"
    assert log_line(a_pass(Depth(2), after=None, status="reused")) == f"{head}, 12.5 s, reused"
    assert log_line(a_pass(Depth(2), after=None, note="6 of 8")) == f"{head}, 12.5 s, 6 of 8"
    assert log_line(a_pass(Depth(2), status="skipped")) == "depth to 2 layers: skipped, it changes nothing here"
    for wanted in ("parameters", "MB fp32", "MB int8", "FLOPs"):
        assert wanted in head


def test_durations() -> None:
    told = {0: "0.0 s", 59.94: "59.9 s", 60: "1 min 0 s", 3599.4: "59 min 59 s", 7384: "2 h 3 min"}
    assert {seconds: duration(seconds) for seconds in told} == told


# -- a student's folder ------------------------------------------------------------------------------------------------


def test_a_student_knows_its_teacher(make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    import shutil

    folder = shutil.copytree(make_checkpoint("bert", "text-classification"), tmp_path / "student")
    plain = open_checkpoint(str(folder))
    assert (plain.parent_digest, of_checkpoint(plain)) == (None, None)
    record = a_record()
    write(record, folder)
    student = open_checkpoint(str(folder))
    assert student.parent_digest == "t" * 64
    assert student.digest == plain.digest, "where it comes from is not what it is"
    assert of_checkpoint(student) == record.lineage()
