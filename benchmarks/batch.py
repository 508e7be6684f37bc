"""`edgelm run --input --output` on real texts: what it is worth that windows are sorted by length.

The same bundle, the same workers, the same file in turns, round after round: batches of similar length within a budget
of tokens, as edgelm makes them, and batches of so many texts as they come, each padded to its longest. A round is
timed from the moment that the workers are ready to the finished file. All rounds of a bundle must give equal answers.

The texts are sentences of SST-2's training set (the folder EDGELM_DATA, ../shared/data of the checkout by default). It
has parts of sentences besides; the rows are drawn from all of it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from _environments import CACHE, ROOT
from _record import Table, save

from edgelm.batch import answers
from edgelm.batch.run import BatchRequest, Progress, run
from edgelm.bundle import MANIFEST
from edgelm.session import Question, Session, batches

DATA = Path(os.environ.get("EDGELM_DATA", ROOT.parent / "shared" / "data"))
_MODEL = "all-MiniLM-L6-v2"
_BUNDLES = (("onnx", "fp32"), ("onnx", "int8-static"), ("openvino", "int8-static"))
_NAIVE_BATCH = 32
_TOLERANCE_COSINE = 0.999
"""Integers round otherwise beside other padding."""

Plan = Callable[[Sequence[int], int], Iterator[list[int]]]


def as_they_come(lengths: Sequence[int], _budget: int) -> Iterator[list[int]]:
    """Batches of a fixed number of texts, in the input's order."""
    for start in range(0, len(lengths), _NAIVE_BATCH):
        yield list(range(start, min(start + _NAIVE_BATCH, len(lengths))))


PLANS: dict[str, Plan] = {"as they come": as_they_come, "of similar length": batches}


def bundle_of(target: str, precision: str) -> Path:
    """The bundle of MiniLM, made where there is none."""
    folder = CACHE / "batch" / precision
    if not (folder / target / MANIFEST).exists():
        print(f"exporting {target} {precision} ...", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "edgelm", "export", _MODEL, "-t", target, "--precision", precision]
        subprocess.run([*command, "-o", str(folder), "--json"], check=True, stdout=subprocess.DEVNULL)
    return folder / target


def write_rows(path: Path, count: int) -> list[str]:
    """An input of so many sentences of SST-2's training set, drawn by chance, the same every time."""
    with gzip.open(DATA / "sst2" / "train.tsv.gz", "rt", encoding="utf-8") as file:
        texts = [line.rsplit("\t", 1)[0] for line in file][1:]
    drawn = random.Random(7).sample(texts, min(count, len(texts)))
    path.write_text("".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in drawn), "utf-8")
    return drawn


def timed(bundle: Path, source: Path, output: Path, plan: Plan, options: argparse.Namespace) -> float:
    """Rows a second of one run; the workers are forked, and so make their batches by the plan."""
    answers.batches = plan
    request = BatchRequest(bundle, source, output, Question(""), options.workers, engine="local", overwrite=True)
    found: Progress = run(request, lambda _: None)
    if found.done.failed:
        sys.exit(f"{found.done.failed} rows were not answered")
    return found.rows_per_second


def padding(bundle: Path, texts: Sequence[str], plan: Plan) -> float:
    """The share of padding in what the model reads of the first window."""
    session = Session.open(bundle, threads=1)
    lengths = [len(encoding.ids) for encoding in session.tokenizer.encode_batch(texts[:1024])]
    read = sum(len(places) * max(lengths[place] for place in places) for places in plan(lengths, 512))
    return 1 - sum(lengths) / read


def worst_cosine(left: Path, right: Path) -> float:
    """Of the answers in two outputs, row by row."""
    worst = 1.0
    with left.open(encoding="utf-8") as lefts, right.open(encoding="utf-8") as rights:
        for one, other in zip(lefts, rights, strict=True):
            a, b = (np.asarray(json.loads(line)["output"]) for line in (one, other))
            worst = min(worst, float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))
    return worst


def main() -> None:
    """Measure every bundle in turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    rows, raw = [], {}
    with tempfile.TemporaryDirectory(prefix="edgelm-batch-") as folder:
        source = Path(folder) / "in.jsonl"
        texts = write_rows(source, options.rows)
        for target, precision in _BUNDLES:
            bundle = bundle_of(target, precision)
            outputs = {name: Path(folder) / f"{place}.jsonl" for place, name in enumerate(PLANS)}
            rates: dict[str, list[float]] = {name: [] for name in PLANS}
            for _ in range(options.rounds):
                for name, plan in PLANS.items():
                    rates[name].append(timed(bundle, source, outputs[name], plan, options))
            cosine = worst_cosine(*outputs.values())
            if cosine < _TOLERANCE_COSINE:
                sys.exit(f"{target} {precision}: answers differ by their company, cosine {cosine}")
            raw[f"{target} {precision}"] = {"rows/s": rates, "worst cosine between the two": cosine}
            first = statistics.median(rates["as they come"])
            for name, plan in PLANS.items():
                rate = statistics.median(rates[name])
                share = f"{padding(bundle, texts, plan):.0%}"
                rows.append([f"{target} {precision}", name, f"{rate:.0f}", f"{rate / first:.2f}x", share])
    columns = ("bundle", "batches", "rows/s", "gain", "padding")
    notes = (
        f"{len(texts)} sentences of SST-2, MiniLM's embeddings, {options.workers} workers of one thread, the median of "
        f"{options.rounds} rounds. As they come: {_NAIVE_BATCH} texts a batch.",
    )
    versions = {name: version(name) for name in ("edgelm", "onnxruntime", "openvino", "tokenizers")}
    save("batch", [Table("Offline answers to a file", columns, rows, notes)], versions, raw)


if __name__ == "__main__":
    main()
