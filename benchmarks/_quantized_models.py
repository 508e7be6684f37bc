"""Models in every format and precision, and what `edgelm export` and `edgelm bench` say of them.

What is there already is not made again. A command that leaves no bundle leaves its last words in failure.txt, and is
tried again in the next run.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import compress
from _environments import CACHE
from _record import Table
from _routes import run
from compress import DATA, EDGELM, EXPERIMENTS

from edgelm import registry
from edgelm.datasets import read_texts
from edgelm.records import read_text

FORMATS = ("onnx", "openvino", "tflite", "coreml")
TOKENS = 64
"""The length that everything is timed at."""
CALIBRATION_TEXTS = 128
_SAMPLES = 64
_TRAINED_PRECISIONS = ("int8-static", "int8")
"""Of a twin trained for static_wi8_ai8: what it was trained for, and the same weights with dynamic activations."""
OPTIONS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("tflite", "int4"): ("--option", "minimum_runtime=2.21"),
    ("coreml", "int4"): ("--option", "minimum_ios=18"),
}
"""What a format asks for before it writes a precision; both by name."""
_RECIPE = """name = "qat"
description = "Nothing cut: the model as it is, trained as static int8."
[[pass]]
kind = "qat"
batch_size = 64
"""
_FAILURE = "failure.txt"


@dataclass(frozen=True)
class Settings:
    """How much is measured, and where it is kept."""

    rows: int | None
    """Of the training and development files; None: all of them."""
    emulated_rows: int
    """Of the development file, on Core ML where it is only emulated."""
    threads: int
    seconds: float
    repetitions: int
    """Timed calls of each artifact in a process, beside the vendors'."""
    processes: int
    """That are timed so, one after the other."""

    @property
    def work(self) -> Path:
        """The folder of everything; a trial on a few rows has one of its own."""
        return CACHE / ("quantization" if self.rows is None else f"quantization-{self.rows}-rows")


@dataclass(frozen=True)
class Subject:
    """A checkpoint that is quantized, and the data of its task."""

    name: str
    label: str
    experiment: str
    """Of `compress.EXPERIMENTS`."""
    model: Path | str
    teacher: Path | str | None = None
    """What it learns from where it is trained as int8; None: itself in float."""

    @property
    def is_there(self) -> bool:
        """Whether it is built in, or was made by `compress.py`."""
        return isinstance(self.model, str) or self.model.exists()


def _subjects() -> Iterator[Subject]:
    for experiment, label in (("sst2", "MiniLM on SST-2"), ("stsb", "all-MiniLM-L6-v2 on STS-B")):
        teacher = compress.teacher_of(experiment)
        students = compress.WORK / experiment / "students-0"
        nano = students / "nano" if len(EXPERIMENTS[experiment].recipes) > 1 else students
        yield Subject(f"{experiment}-teacher", label, experiment, teacher)
        yield Subject(f"{experiment}-nano", f"Nano of {label}", experiment, nano, teacher)


SUBJECTS: Mapping[str, Subject] = {subject.name: subject for subject in _subjects()}


# -- data --------------------------------------------------------------------------------------------------------------


def data_file(subject: Subject, split: str, rows: int | None, settings: Settings) -> Path:
    """The experiment's ``train`` or ``dev`` file, or its header and first rows where there shall be fewer."""
    whole = DATA / getattr(EXPERIMENTS[subject.experiment], split)
    if rows is None:
        return whole
    path = settings.work / "data" / f"{subject.experiment}-{split}-{rows}.tsv"
    return written(path, read_text(whole).splitlines()[: rows + 1])


def dev_file(subject: Subject, target: str, settings: Settings) -> Path:
    """What a target's metric is measured on."""
    return data_file(subject, "dev", dev_rows(target, settings), settings)


def dev_rows(target: str, settings: Settings) -> int | None:
    """How many development rows a target gets: an emulated one fewer."""
    if not registry.target(target).emulated:
        return settings.rows
    return min(settings.rows or settings.emulated_rows, settings.emulated_rows)


def calibration_file(subject: Subject, settings: Settings) -> Path:
    """Training texts, drawn at random once and for all, one a line."""
    return _drawn(subject, "train", CALIBRATION_TEXTS, settings)


def sample_file(subject: Subject, settings: Settings) -> Path:
    """Development texts, on which parity is proved; none of them calibrates anything."""
    return _drawn(subject, "dev", _SAMPLES, settings)


def _drawn(subject: Subject, split: str, count: int, settings: Settings) -> Path:
    path = settings.work / "data" / f"{subject.experiment}-{split}-texts.txt"
    if path.exists():
        return path
    examples = read_texts(DATA / getattr(EXPERIMENTS[subject.experiment], split))
    texts = dict.fromkeys(text for example in examples for text in (example.text, example.pair) if text)
    return written(path, random.Random(0).sample(list(texts), count))


def written(path: Path, lines: Sequence[str]) -> Path:
    """The file, with these lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


# -- commands ----------------------------------------------------------------------------------------------------------


def bundle_in(folder: Path, target: str) -> Path | None:
    """The bundle that an export left in a folder, accepted or rejected; None where there is none yet."""
    places = (folder / target, folder / f"{target}.rejected")
    return next((place for place in places if (place / "report.json").exists()), None)


def attempt(folder: Path, argv: Sequence[Any], shown: str) -> str:
    """Run a command; its last words, empty where it succeeded, also stand in the folder's failure.txt."""
    print(shown, *argv[len(EDGELM) :] if shown == "edgelm" else [], flush=True)
    error = run([str(word) for word in argv]).error
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FAILURE).write_text(error, "utf-8")
    return error


def failure_in(folder: Path) -> str:
    """The last words of what failed there, empty where nothing did."""
    path = folder / _FAILURE
    return path.read_text("utf-8") if path.exists() else ""


def export_folder(name: str, form: str, precision: str, settings: Settings) -> Path:
    """Where a model's bundle of one form and precision lies."""
    return settings.work / "bundles" / name / form / precision


def export(
    subject: Subject, target: str, precision: str, folder: Path, settings: Settings, *options: str, model: Any = None
) -> Path | None:
    """`edgelm export` with the subject's texts and metric; the bundle, or None where there came none."""
    if (found := bundle_in(folder, target)) is not None:
        return found
    texts = ["--calibration", calibration_file(subject, settings), "--samples", sample_file(subject, settings)]
    texts += ["--eval", dev_file(subject, target, settings)]
    needed = OPTIONS.get((registry.target(target).converter, precision), ())
    words = ["export", model or subject.model, "--target", target, "--precision", precision, *texts, *needed, *options]
    attempt(folder, [*EDGELM, *words, "--threads", settings.threads, "--allow-unmeasured", "-o", folder], "edgelm")
    return bundle_in(folder, target)


def trained_folder(subject: Subject, settings: Settings) -> Path:
    """Where the subject's twin lies that was trained as int8."""
    return settings.work / "qat" / subject.name


def train(subject: Subject, settings: Settings) -> None:
    """`edgelm compress` with one pass of quantization-aware training, distilled from the fp32 teacher."""
    folder = trained_folder(subject, settings)
    if folder.exists() or not subject.is_there:
        return
    recipe = written(settings.work / "qat.toml", _RECIPE.splitlines())
    data: list[Any] = ["--train", data_file(subject, "train", settings.rows, settings)]
    data += ["--eval", data_file(subject, "dev", settings.rows, settings)]
    teacher = ["--teacher", subject.teacher] if subject.teacher else []
    options = ["--seed", 0, "--threads", settings.threads, "--resume", "-o", folder]
    compress.edgelm("compress", subject.model, "--recipe", recipe, *data, *teacher, *options)


def exports(subject: Subject, targets: Sequence[str], settings: Settings) -> None:
    """The subject in every precision of each target, and its twin in those it was trained for; then their times."""
    if not subject.is_there:
        return
    twin = trained_folder(subject, settings)
    for target in targets:
        for precision in precisions(target):
            export(subject, target, precision, export_folder(subject.name, target, precision, settings), settings)
        for precision in _TRAINED_PRECISIONS if twin.exists() else ():
            folder = export_folder(f"{subject.name}-qat", target, precision, settings)
            export(subject, target, precision, folder, settings, model=twin)
        _bench(subject, target, settings)


def precisions(target: str) -> tuple[str, ...]:
    """Every precision that a target's converter writes, fp32 first."""
    return tuple(registry.converter_of(registry.target(target)).precisions)


def _bench(subject: Subject, target: str, settings: Settings) -> None:
    """`edgelm bench` of all the bundles in one run, fp32 first, unless these very bundles were timed before."""
    if registry.target(target).emulated:
        return
    bundles = [str(bundle) for _, _, bundle in made(subject, target, settings) if bundle]
    folder = settings.work / "bench" / subject.name / target
    if not bundles or [entry["bundle"] for entry in bench_of(folder)] == bundles:
        return
    shutil.rmtree(folder, ignore_errors=True)
    words = ["bench", *bundles, "--lengths", TOKENS, "--threads", settings.threads, "--seconds", settings.seconds]
    attempt(folder, [*EDGELM, *words, "-o", folder], "edgelm")


def bench_of(folder: Path) -> list[dict[str, Any]]:
    """The bundles of a bench's record; none where there is no record."""
    path = folder / "bench.json"
    return json.loads(path.read_text("utf-8"))["bundles"] if path.exists() else []


def made(subject: Subject, target: str, settings: Settings) -> Iterator[tuple[str, Path, Path | None]]:
    """Label, folder and bundle of each precision, then of the twin's."""
    for precision in precisions(target):
        folder = export_folder(subject.name, target, precision, settings)
        yield precision, folder, bundle_in(folder, target)
    for precision in _TRAINED_PRECISIONS:
        folder = export_folder(f"{subject.name}-qat", target, precision, settings)
        yield f"{precision}, QAT", folder, bundle_in(folder, target)


# -- tables ------------------------------------------------------------------------------------------------------------


def tables(settings: Settings) -> list[Table]:
    """One table a model, of all that was ever made of it."""
    found = [_table(subject, settings) for subject in SUBJECTS.values()]
    return [table for table in found if table.rows]


def _table(subject: Subject, settings: Settings) -> Table:
    rows, notes = [], []
    metric = "metric"
    targets = [name for name in registry.targets() if export_folder(subject.name, name, "", settings).exists()]
    for target in targets:
        entries = list(made(subject, target, settings))
        times = {entry["bundle"]: entry for entry in bench_of(settings.work / "bench" / subject.name / target)}
        base = next((_values(bundle) for _, _, bundle in entries if bundle), {})
        metric = next((name.removesuffix(_SOURCE) for name in base if name.endswith(_SOURCE)), metric)
        for label, folder, bundle in entries:
            if bundle is not None:
                rows.append(_row(target, label, bundle, metric, base, times.get(str(bundle), {})))
            elif failure_in(folder):
                rows.append([target, label, *[""] * (len(_COLUMNS) - 3), f"none: {failure_in(folder)}"])
        evaluated = {_report(bundle)["request"]["evaluation"] for _, _, bundle in entries if bundle}
        rows_of = ", ".join(sorted(Path(path).name for path in evaluated))
        if emulated := registry.target(target).emulated:
            notes.append(f"{target}: {emulated}; the metric is on fewer rows ({rows_of}), and there is no latency.")
    columns = tuple(column.format(metric=metric) for column in _COLUMNS)
    return Table(f"{subject.label}, {EXPERIMENTS[subject.experiment].dev}", columns, rows, (*notes, _HOW))


_SOURCE = " of the source"
_COLUMNS = (
    "target",
    "precision",
    "{metric}",
    "drop against fp32, points",
    "mean cosine",
    "worst cosine",
    "MB shipped",
    f"p50 ms at {TOKENS}",
    "fp32 / it",
    "verdict",
)
_HOW = (
    "Drop: against the float checkpoint on the same rows, for QAT too. Cosines: of the output to that of the exported "
    f"checkpoint, on {_SAMPLES} development texts alone, in a batch and joined to a long one; logits of two labels "
    "hardly move it. In brackets the interval of the ratio; what `edgelm export` rejects is timed all the same."
)


def _row(
    target: str, label: str, bundle: Path, metric: str, base: Mapping[str, float], timed: Mapping[str, Any]
) -> list[str]:
    values = _values(bundle)
    score = values.get(f"{metric} of the artifact")
    source = base.get(f"{metric}{_SOURCE}")
    drop = None if score is None or source is None else 100 * (source - score)
    cosines = [
        next((v for name, v in values.items() if name.endswith(f"original: cosine, {it}")), None) for it in _ENDS
    ]
    cells = [_figure(score, 4), _figure(drop, 2, "+"), *(_figure(cosine, 6) for cosine in cosines)]
    return [target, label, *cells, _figure(values.get("bundle"), 1), *_time_cells(timed), _report(bundle)["verdict"]]


_ENDS = ("mean", "worst")


def _report(bundle: Path) -> dict[str, Any]:
    return json.loads((bundle / "report.json").read_text("utf-8"))


def _values(bundle: Path) -> dict[str, float]:
    """A report's figures by the name of their check."""
    return {check["name"]: check["value"] for check in _report(bundle)["checks"] if check["value"] is not None}


def _time_cells(timed: Mapping[str, Any]) -> list[str]:
    """The median, and how many times faster than fp32 with the interval of that."""
    found = next((one for one in timed.get("times", ()) if one["tokens"] == TOKENS), None)
    if found is None:
        return ["-", timed.get("failure") or "-"]
    ratio = found["ratio_to_first"]
    gain = "1" if not ratio else f"{1 / ratio['value']:.2f} ({1 / ratio['high']:.2f} to {1 / ratio['low']:.2f})"
    return [f"{found['p50_ms']:.2f}", gain]


def _figure(value: float | None, digits: int, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.{digits}f}"
