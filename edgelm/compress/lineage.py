"""compression.json: where a student comes from, with what it was made, and what every pass cost and changed."""

from __future__ import annotations

import json
import math
import types
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import uuid4

from edgelm.bundle import sha256
from edgelm.compress.passes import Configuration, Pass, digest, given_fields
from edgelm.compress.recipe import Recipe, recipe_digest, to_toml
from edgelm.compress.sizes import Sizes, summary
from edgelm.errors import UsageError
from edgelm.types import Checkpoint, Lineage, Stage

FILE = "compression.json"
"""Its name in a student's folder."""
SCHEMA = Path(__file__).parent.parent / "data" / "compression.schema.json"
"""The JSON Schema of compression.json."""
SCHEMA_VERSION = 1

Role = Literal["train", "eval", "unlabelled"]
Status = Literal["done", "skipped", "reused"]


@dataclass(frozen=True)
class Teacher:
    """The model that was compressed."""

    name: str
    digest: str
    sizes: Sizes
    metric: float | None = None
    """Its task metric on the evaluation file, or None where there is none."""


@dataclass(frozen=True)
class DataFile:
    """A file that the passes saw."""

    role: Role
    name: str
    sha256: str
    rows: int

    @classmethod
    def of(cls, role: Role, path: Path, rows: int) -> DataFile:
        """The record of a file that is there."""
        return cls(role, path.name, sha256(path), rows)


@dataclass(frozen=True)
class RecipeRecord:
    """The recipe as it can be run again."""

    name: str
    toml: str
    digest: str

    @classmethod
    def of(cls, recipe: Recipe) -> RecipeRecord:
        """The record of a recipe."""
        return cls(recipe.name, to_toml(recipe), recipe_digest(recipe))


@dataclass(frozen=True)
class PassRecord:
    """What one pass did."""

    kind: str
    config: Mapping[str, Any]
    """Every field of the pass that is not at its default."""
    config_digest: str
    input_digest: str
    output_digest: str
    """Equal to the input's where the pass was skipped."""
    status: Status
    """``skipped``: it changes nothing on this model; ``reused``: another recipe or an earlier run did it."""
    seconds: float
    """Of the pass when it was done."""
    sizes: Sizes
    metric: str
    """The task's main metric by name; empty where nothing was evaluated."""
    before: float | None = None
    after: float | None = None
    note: str = ""

    @classmethod
    def of(cls, config: Pass, **values: Any) -> PassRecord:
        """The record of a pass; ``values`` are the other fields."""
        return cls(config.kind, _plain(config), digest(config), **values)

    @property
    def title(self) -> str:
        """The pass in a few words: its kind, and what it was asked for."""
        return _title(self.kind, self.config)


@dataclass(frozen=True)
class Compression:
    """The whole of compression.json."""

    teacher: Teacher
    task: str
    command: str
    versions: Mapping[str, str]
    """Of edgelm, Python and the libraries, by name."""
    seed: int
    data: tuple[DataFile, ...]
    recipe: RecipeRecord
    passes: tuple[PassRecord, ...]
    machine: Mapping[str, str]
    student_digest: str

    @property
    def metric(self) -> str:
        """The name of the task's metric, or nothing."""
        return next((one.metric for one in self.passes if one.metric), "")

    @property
    def sizes(self) -> Sizes:
        """The student's."""
        return self.passes[-1].sizes if self.passes else self.teacher.sizes

    @property
    def score(self) -> float | None:
        """The student's metric."""
        return self.passes[-1].after if self.passes else self.teacher.metric

    @property
    def retained(self) -> float | None:
        """The part of the teacher's metric that the student keeps."""
        if self.score is None or not self.teacher.metric:
            return None
        return self.score / self.teacher.metric

    @property
    def seconds(self) -> float:
        """All passes' time, whenever they were done."""
        return sum(one.seconds for one in self.passes)

    def lineage(self) -> Lineage:
        """What reports show: the teacher, then the model after each pass."""
        steps = ((one.title, one.status, one.sizes, one.after, one.seconds) for one in self.passes)
        stages = [_stage(self.teacher.name, "teacher", self.teacher.sizes, self.teacher.metric, None)]
        return Lineage(self.recipe.name, self.metric, self.sizes.length, (*stages, *(_stage(*step) for step in steps)))


def _stage(name: str, status: str, sizes: Sizes, metric: float | None, seconds: float | None) -> Stage:
    return Stage(
        name=name,
        status=status,
        parameters=sizes.total,
        encoder_parameters=sizes.encoder,
        bytes_fp32=sizes.bytes_fp32,
        bytes_int8=sizes.bytes_int8,
        flops=sizes.flops,
        metric=metric,
        seconds=seconds,
    )


def log_line(record: PassRecord) -> str:
    """The line after every pass: parameters, size, FLOPs, metric, time."""
    if record.status == "skipped":
        return f"{record.title}: skipped, {record.note or 'it changes nothing here'}"
    parts = [summary(record.sizes), *_score(record), _duration(record)]
    return f"{record.title}: {', '.join([*parts, *([record.note] if record.note else [])])}"


def _score(record: PassRecord) -> list[str]:
    if record.after is None:
        return []
    change = "" if record.before is None else f" ({record.after - record.before:+.4f})"
    return [f"{record.metric} {record.after:.4f}{change}"]


def _duration(record: PassRecord) -> str:
    return f"{duration(record.seconds)}{', reused' if record.status == 'reused' else ''}"


def duration(seconds: float) -> str:
    """Seconds as people say them: ``4.2 s``, ``12 min 5 s``, ``2 h 3 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _plain(config: Configuration) -> dict[str, Any]:
    values = given_fields(config).items()
    return {
        key: {"kind": value.kind, **_plain(value)} if isinstance(value, Configuration) else value
        for key, value in values
    }


def title(config: Pass) -> str:
    """A pass in a few words: its kind, and what it asks for."""
    return _title(config.kind, _plain(config))


def _title(kind: str, config: Mapping[str, Any]) -> str:
    inner = config.get("prune")
    told = [words.format(config[key]) for key, words in _TELLING.items() if key in config]
    pruned = [f"with {_title(inner['kind'], inner)}"] if isinstance(inner, Mapping) else []
    return " ".join([kind, ", ".join([*told, *pruned])]).strip()


_TELLING: Mapping[str, str] = {
    "size": "to {} pieces",
    "layers": "to {} layers",
    "hidden_size": "hidden {}",
    "heads": "heads {}",
    "head_size": "head size {}",
    "intermediate_size": "FFN {}",
    "flops": "to {:.0%} of the FLOPs",
    "density": "to {:.0%} of the parameters",
    "parameters": "to {:,} parameters",
    "latency_ms": "to {:g} ms",
    "rank": "to rank {}",
    "scheme": "for {}",
    "ranges": "{} ranges",
    "outputs": "{} outputs",
    "epochs": "epochs {:g}",
}
"""The fields that tell passes of one kind apart, in words."""


# -- the file ----------------------------------------------------------------------------------------------------------


def to_dict(record: Compression) -> dict[str, Any]:
    """The record as compression.json holds it; UsageError for a figure that JSON has no number for."""
    content = {"schema_version": SCHEMA_VERSION, **_jsonable(record)}
    try:
        json.dumps(content, allow_nan=False)
    except ValueError:
        raise UsageError(f"{FILE} cannot hold a metric that is not a number.", hint="The training diverged.") from None
    return content


def write(record: Compression, folder: Path) -> Path:
    """compression.json in a student's folder: whole or not at all."""
    path = folder / FILE
    partial = path.with_name(f".{FILE}.{uuid4().hex[:8]}.partial")
    try:
        partial.write_text(json.dumps(to_dict(record), indent=2, ensure_ascii=False) + "\n", "utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def read(folder: Path) -> Compression:
    """The record in a student's folder; UsageError where there is none, or it holds anything else."""
    path = folder / FILE
    try:
        content = json.loads(path.read_text("utf-8"))
        version = content.pop("schema_version", None) if isinstance(content, dict) else None
        if version != SCHEMA_VERSION or isinstance(version, bool):
            raise ValueError(f"its schema version is {version}; this edgelm reads {SCHEMA_VERSION}")
        found: Compression = _parse(Compression, content, FILE)
    except (OSError, ValueError, RecursionError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise UsageError(f"{path} is no record of a compression: {reason}.", hint="Update edgelm?") from None
    return found


def pass_to_dict(record: PassRecord) -> dict[str, Any]:
    """One pass as compression.json holds it."""
    found: dict[str, Any] = _jsonable(record)
    return found


def pass_from_dict(content: Mapping[str, Any]) -> PassRecord:
    """What ``pass_to_dict`` made; ValueError where it is anything else."""
    found: PassRecord = _parse(PassRecord, dict(content), FILE)
    return found


def of_checkpoint(checkpoint: Checkpoint) -> Lineage | None:
    """What reports show of a checkpoint's past; None of one that edgelm did not compress."""
    return read(checkpoint.path).lineage() if (checkpoint.path / FILE).is_file() else None


def _jsonable(value: Any) -> Any:
    if isinstance(value, Sizes):
        return value.record()
    if is_dataclass(value):
        return {field.name: _jsonable(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _jsonable(item) for key, item in value.items()}
    return [_jsonable(item) for item in value] if isinstance(value, list | tuple) else value


def _parse(kind: Any, value: Any, place: str) -> Any:
    """A JSON value as the type that a field is annotated with; ValueError names the place of the first fault."""
    if is_dataclass(kind):
        return _parse_fields(kind, value, place)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal and value in inner and isinstance(value, str):
        return value
    if origin is types.UnionType:
        return None if value is None else _parse(inner[0], value, place)
    if origin is tuple and isinstance(value, list):
        return tuple(_parse(inner[0], item, f"{place}[{i}]") for i, item in enumerate(value))
    if origin is Mapping and isinstance(value, dict):
        return {key: _parse(inner[1], item, f"{place}.{key}") for key, item in value.items()}
    if kind is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if kind is Any or (kind in (int, str) and type(value) is kind and not (kind is int and value < 0)):
        return value
    raise ValueError(f"{place} is {value!r:.60}")


def _parse_fields(kind: Any, value: Any, place: str) -> Any:
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    if not isinstance(value, dict):
        raise ValueError(f"{place} is no object")
    total = value.pop("parameters", None) if kind is Sizes else None
    strange = [*(name for name in value if name not in names), *(name for name in names if name not in value)]
    if strange:
        raise ValueError(f"{place} has {'an unknown' if strange[0] in value else 'no'} field {strange[0]}")
    found = kind(**{name: _parse(hints[name], value[name], f"{place}.{name}") for name in names})
    if kind is Sizes and found.total != total:
        raise ValueError(f"{place}.parameters is {total!r:.60}, and its parts make {found.total}")
    return found
