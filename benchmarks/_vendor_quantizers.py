"""The built-in model by edgelm's quantization and by each vendor's, from the same fp32 artifact and calibration texts.

Only the quantizer differs: each vendor's tool is given edgelm's own fp32 artifact of its format and the texts that
edgelm calibrates on. What it writes takes turns with edgelm's in one process, and several processes are timed, for each
keeps for life where its memory lies. Faithful means near to edgelm's fp32 ONNX file, text by text, unpadded unless a
file has one length.
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from _environments import DRIVERS, ENVIRONMENTS
from _quantized_models import (
    CALIBRATION_TEXTS,
    SUBJECTS,
    TOKENS,
    Settings,
    attempt,
    calibration_file,
    export,
    export_folder,
    failure_in,
)
from _record import Table
from _routes import model_folder
from _vendors import FORMS, GROUPS, Group, Vendor
from fidelity import Texts, distances, stsb, stsb_sentences
from latency import RUNTIMES, alternate, embedding, feed, paired
from latency import Settings as Timing

from edgelm.samples import read_samples
from edgelm.tokenizer import TextTokenizer, cut

Arrays = Mapping[str, np.ndarray]
_SUBJECT = SUBJECTS["stsb-teacher"]
_SENTENCES = 400
"""Of STS-B dev, for the cosines; its correlation takes every pair."""
_SAME_TIME = 0.02
_SAME_LOSS = 0.05
"""Ratios this near to 1 are no difference: of times, and of mean cosine distances."""


@dataclass(frozen=True)
class Case:
    """One artifact of a comparison, or why there is none."""

    label: str
    path: Path | None
    rival: str = ""
    """Of a vendor's: the label of edgelm's that does the same."""
    failure: str = ""


# -- artifacts ---------------------------------------------------------------------------------------------------------


def cases(name: str, settings: Settings) -> list[Case]:
    """edgelm's artifacts of a form and the vendors', made unless they are there."""
    form = FORMS[name]
    fixed = ("--lengths", str(form.length)) if form.length else ()
    plain: dict[str, tuple[str, tuple[str, ...]]] = {precision: (precision, ()) for precision in form.precisions}
    found = []
    bundles = {}
    for label, (precision, options) in {**plain, **form.options}.items():
        folder = export_folder(_SUBJECT.name, name, label.replace(", ", "-"), settings)
        bundles[label] = export(_SUBJECT, form.target, precision, folder, settings, *fixed, *options)
        path = bundles[label] and bundles[label] / form.file
        found.append(Case(_own(label), path, failure="" if path else failure_in(folder)))
    for vendor in form.vendors:
        source = bundles[vendor.source]
        found.append(
            _quantized(name, vendor, source, settings)
            if source
            else Case(vendor.label, None, failure=f"edgelm {vendor.source} is missing")
        )
    return found


def _own(precision: str) -> str:
    return f"edgelm {precision}"


def _quantized(name: str, vendor: Vendor, source: Path, settings: Settings) -> Case:
    """What a vendor's tool makes of edgelm's artifact."""
    folder = settings.work / "vendors" / name / vendor.label.replace(" ", "-").replace(",", "")
    path = folder / FORMS[name].file
    if not path.exists():
        shutil.rmtree(folder, ignore_errors=True)
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        python = ENVIRONMENTS[vendor.environment].ensure().tool("python") if vendor.environment else sys.executable
        driver, *options = vendor.command
        words: list[Any] = [python, DRIVERS.parent / driver, source, partial, *options]
        words += ["--calibration", _calibration(name, source, settings)] if vendor.calibrated else []
        attempt(partial, words, f"{vendor.label}: {name}")
        partial.rename(folder)
    return Case(vendor.label, path if path.exists() else None, _own(vendor.rival), failure_in(folder))


def _calibration(name: str, source: Path, settings: Settings) -> Path:
    """The texts that edgelm calibrates on, as inputs of the form, in an npz."""
    path = settings.work / "vendors" / name / "calibration.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    inputs = json.loads((source / "edgelm.json").read_text("utf-8"))["artifact"]["inputs"]
    dtypes = {spec["name"]: spec["dtype"] for spec in inputs}
    texts = [str(text) for text in read_samples(calibration_file(_SUBJECT, settings), CALIBRATION_TEXTS)]
    encoded = enumerate(_inputs(texts, FORMS[name].length))
    np.savez(path, **{f"{i:03}.{key}": one[key].astype(dtypes[key]) for i, one in encoded for key in dtypes})
    return path


def _inputs(texts: Iterable[str], padded_to: int) -> list[Arrays]:
    """Each text's arrays, of at most the length that everything is timed at, padded where there is only one length."""
    tokenizer = TextTokenizer.from_folder(model_folder())
    names = ("input_ids", "attention_mask", "token_type_ids")
    return [tokenizer.arrays([cut(tokenizer, text, TOKENS)], names, padded_to or None) for text in texts]


# -- measuring ---------------------------------------------------------------------------------------------------------


def measure_all(groups: Sequence[str], settings: Settings) -> None:
    """A record of each group, beside what the vendors' tools made."""
    expected = None
    for name in groups:
        group = GROUPS[name]
        found = cases(group.form, settings)
        if expected is None:
            expected = _in_process(_vectors_of_original, settings)
        records = _in_process(_fidelity, group, found, expected, settings)
        able = [number for number, record in enumerate(records) if group.runtime and "mean_cosine" in record]
        for _ in range(settings.processes if able else 0):
            spent = _in_process(_times, group, [found[number].path for number in able], settings)
            for number, ms in zip(able, spent, strict=True):
                records[number].setdefault("ms", []).extend(ms)
        path = settings.work / "vendors" / f"{name}.json"
        path.write_text(json.dumps(records, indent=1), "utf-8")


def _in_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """The function's result from a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _texts(pairs: int | None, padded_to: int = 0) -> Texts:
    """The first pairs of STS-B dev, with their sentences as inputs."""
    sentences, indices, scores = stsb_sentences()
    needed = 1 + max(max(pair) for pair in indices[:pairs])
    return Texts([], _inputs(sentences[:needed], padded_to), indices[:pairs], scores[:pairs])


def _vectors_of_original(settings: Settings) -> np.ndarray:
    """edgelm's fp32 ONNX file's unit vectors of all the sentences."""
    folder = export_folder(_SUBJECT.name, "onnx", "fp32", settings)
    bundle = export(_SUBJECT, "onnx", "fp32", folder, settings)
    if bundle is None:
        sys.exit(f"Without the fp32 ONNX file nothing can be compared: {failure_in(folder)}")
    run = _loaded(GROUPS["onnxruntime"], bundle / FORMS["onnx"].file, settings)
    return np.stack([run(arrays) for arrays in _texts(settings.rows).sentences])


def _loaded(group: Group, path: Path, settings: Settings) -> Callable[[Arrays], np.ndarray]:
    """An artifact as a function from one text's arrays to its unit vector."""
    run, dtype = _runner(group, path, settings.threads)
    return lambda arrays: embedding(
        run({name: array.astype(dtype) for name, array in arrays.items()}), arrays["attention_mask"]
    )


def _runner(group: Group, path: Path, threads: int) -> tuple[Callable[[Arrays], np.ndarray], Any]:
    """An artifact in its runtime, and the dtype of its ids."""
    if group.runtime:
        load, dtype = RUNTIMES[group.runtime]
        return load(path, threads, group.options), dtype
    from edgelm_targets.mil import MilProgram

    program = MilProgram(path)
    return lambda arrays: next(iter(program(arrays).values())), np.int32


def _fidelity(group: Group, found: list[Case], expected: np.ndarray, settings: Settings) -> list[dict[str, Any]]:
    """Size and fidelity of every case; run in a process of its own."""
    pairs = settings.rows if group.runtime else min(settings.rows or settings.emulated_rows, settings.emulated_rows)
    texts = _texts(pairs, FORMS[group.form].length)
    return [_record(group, case, texts, expected, settings) for case in found]


def _times(group: Group, paths: list[Path], settings: Settings) -> list[list[float]]:
    """Milliseconds of every call of each artifact, in turns; run in a process of its own."""
    runs = [_runner(group, path, settings.threads) for path in paths]
    inputs = [feed(TOKENS, FORMS[group.form].length, dtype) for _, dtype in runs]
    timing = Timing(settings.threads, settings.repetitions, "wall")
    return alternate([run for run, _ in runs], inputs, inputs, timing)


def _record(group: Group, case: Case, texts: Texts, expected: np.ndarray, settings: Settings) -> dict[str, Any]:
    """One case's size and fidelity, or why there are none."""
    from edgelm.errors import EdgelmError

    record: dict[str, Any] = {"artifact": case.label, "rival": case.rival, "failure": case.failure}
    if case.path is None:
        return record
    record["size_mb"] = _size_mb(case.path)
    try:
        run = _loaded(group, case.path, settings)
        vectors = np.stack([run(arrays) for arrays in texts.sentences])
    except (EdgelmError, RuntimeError, ValueError) as error:
        words = str(error).strip().splitlines() or [type(error).__name__]
        return record | {"failure": f"written, but not run: {words[0][:200]}"}
    record |= distances(vectors[:_SENTENCES], expected[: len(vectors)][:_SENTENCES])
    record |= {"stsb": stsb(vectors, texts, None), "stsb_fp32": stsb(expected[: len(vectors)], texts, None)}
    return record | {"sentences": len(vectors[:_SENTENCES]), "pairs": len(texts.pairs)}


def _size_mb(path: Path) -> float:
    """Of the model's file, its weights beside it and a package's contents."""
    parts = [*path.rglob("*")] if path.is_dir() else [path, path.with_suffix(".bin")]
    return sum(part.stat().st_size for part in parts if part.is_file()) / 1e6


# -- tables ------------------------------------------------------------------------------------------------------------


def tables(settings: Settings) -> list[Table]:
    """One table for each group that was measured."""
    found = []
    for name, group in GROUPS.items():
        path = settings.work / "vendors" / f"{name}.json"
        if path.exists():
            found.append(_table(group, json.loads(path.read_text("utf-8"))))
    return found


_COLUMNS = (
    "artifact",
    "MB",
    "mean cosine",
    "worst cosine",
    "STS-B (change)",
    f"min ms at {TOKENS}",
    "median ms",
    "fp32 / it, minima",
    "fp32 / it, median of ratios",
    "beside edgelm's",
)


def _table(group: Group, records: list[dict[str, Any]]) -> Table:
    by_label = {record["artifact"]: record for record in records}
    rows, won = [], []
    for record in records:
        better = _beside(record, by_label.get(record["rival"], {}))
        rows.append(_row(record, by_label[_own("fp32")], better))
        won += [f"{record['artifact']} is {what}" for what in better if what.startswith(("faster", "more"))]
    able = next((record for record in records if "sentences" in record), {"sentences": 0, "pairs": 0})
    sizes = f"Cosines on {able['sentences']} sentences of STS-B dev, Spearman's correlation on {able['pairs']} pairs."
    verdict = f"Where the vendor wins: {'; '.join(won)}." if won else "The vendor wins nowhere here."
    by = "" if group.runtime else " By edgelm's evaluator of the saved package in NumPy, without latency."
    return Table(group.title, _COLUMNS, rows, (f"{verdict} {sizes}{by}",))


def _row(record: Mapping[str, Any], base: Mapping[str, Any], better: Sequence[str]) -> list[str]:
    size = f"{record['size_mb']:.1f}" if "size_mb" in record else "-"
    if "mean_cosine" not in record:
        return [record["artifact"], size, *["-"] * (len(_COLUMNS) - 3), record["failure"]]
    cosines = [f"{record[key]:.6f}" for key in ("mean_cosine", "min_cosine")]
    score = f"{record['stsb']:.2f} ({record['stsb'] - record['stsb_fp32']:+.2f})"
    return [record["artifact"], size, *cosines, score, *_time_cells(record, base), "; ".join(better)]


def _time_cells(record: Mapping[str, Any], base: Mapping[str, Any]) -> list[str]:
    if "ms" not in record:
        return ["-"] * 4
    ms = record["ms"]
    gains = [min(base["ms"]) / min(ms), 1 / paired(ms, base["ms"])] if "ms" in base else []
    cells = [f"{gain:.2f}" for gain in gains] or ["-", "-"]
    return [f"{min(ms):.2f}", f"{statistics.median(ms):.2f}", *cells]


def _beside(record: Mapping[str, Any], rival: Mapping[str, Any]) -> list[str]:
    """How a vendor's artifact stands to edgelm's that does the same, in words with the figures."""
    if "mean_cosine" not in record or "mean_cosine" not in rival:
        return []
    name = rival["artifact"].removeprefix("edgelm ")
    lost, ours = (max(1 - one["mean_cosine"], 1e-9) for one in (record, rival))
    word = _word(lost / ours, _SAME_LOSS, ("more faithful", "as faithful", "less faithful"))
    found = [f"{word} ({lost / ours:.2f} of {name}'s cosine distance)"]
    if "ms" in record and "ms" in rival:
        time = paired(record["ms"], rival["ms"])
        found.insert(0, f"{_word(time, _SAME_TIME, ('faster', 'as fast', 'slower'))} ({time:.2f} of {name}'s time)")
    return found


def _word(ratio: float, same: float, words: tuple[str, str, str]) -> str:
    """The first below 1, the second where that is no difference, the third above."""
    return words[0] if ratio < 1 - same else words[2] if ratio > 1 + same else words[1]


def versions() -> dict[str, str]:
    """Of the vendors' packages; onnxruntime and coremltools quantize in the environment that edgelm runs in."""
    found = {name: ENVIRONMENTS[name] for name in ("nncf", "ai-edge-quantizer")}
    made = {name: environment.version(name) for name, environment in found.items() if environment.path.exists()}
    return made | {"scipy": version("scipy")}
