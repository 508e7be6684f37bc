"""The built-in model on every runtime at every precision, in turns in one run: which is best at which length.

Every target that is a format of its own and whose runtime runs on this machine is exported at each of its precisions;
`edgelm bench` then times all bundles that passed in one run. Bundles that lie under .cache/bench/runtimes already are
not exported again. The tables go to benchmarks/RUNTIMES.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from _environments import CACHE
from _quantized_models import OPTIONS, attempt, bundle_in, failure_in, precisions
from _record import RESULTS, Table, save
from _routes import MODEL_NAME
from compress import EDGELM
from results import section

from edgelm import environments, registry

WORK = CACHE / "runtimes"
PAGE = Path(__file__).with_name("RUNTIMES.md")
_NAME = "runtimes"
_HEAD = """# One model on every runtime

Written by `benchmarks/runtimes.py` (`make bench-runtimes`). p50 of the model alone, batch of one; only figures of one
table can be compared.
"""
_CLASSES: Mapping[str, tuple[str, ...]] = {
    "any precision": (),
    "float32": ("fp32",),
    "16 bits stored": ("fp16", "bf16"),
    "8 bits": ("int8", "int8-static"),
    "4 bits": ("int4",),
}
"""What a user picks between; none: all."""


def main() -> None:
    """Export what is missing, time everything, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="+", default=list(formats()))
    parser.add_argument("--lengths", nargs="+", type=int, default=[16, 64, 128, 256])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each bundle and length in each process")
    arguments = parser.parse_args()
    folders = dict(_exported(arguments.targets))
    passed = [folder / target for (target, _), folder in folders.items() if (folder / target).exists()]
    if not passed:
        sys.exit("No bundle passed.")
    words = ["bench", *map(str, passed), "--lengths", ",".join(map(str, arguments.lengths))]
    options = ["--threads", arguments.threads, "--seconds", arguments.seconds, "-o", WORK / "bench"]
    if error := attempt(WORK / "bench", [*EDGELM, *words, *options], "edgelm"):
        sys.exit(error)
    timed = json.loads((WORK / "bench" / "bench.json").read_text("utf-8"))["bundles"]
    tables = [times_table(timed, arguments.lengths, folders), best_table(timed, arguments.lengths)]
    runtimes = [name for target in arguments.targets for name in registry.target(target).requires]
    packages = environments.current().packages
    versions = {name: packages.get(environments.normalized(name), "in an environment of its own") for name in runtimes}
    save(_NAME, tables, versions, timed)
    content = json.loads((RESULTS / f"{_NAME}.json").read_text("utf-8"))
    PAGE.write_text(f"{_HEAD}\n{section(content)}", "utf-8")


def formats() -> Iterator[str]:
    """The targets that are no profile of another and that this machine runs."""
    for name, target in registry.targets().items():
        runs_here = not registry.missing_modules(target) and not target.unmeasured and not target.emulated
        if name == target.converter and runs_here:
            yield name


def _exported(targets: Sequence[str]) -> Iterator[tuple[tuple[str, str], Path]]:
    """Target and precision with the folder of each export, made where there is none."""
    for target in targets:
        for precision in precisions(target):
            folder = WORK / "bundles" / target / precision
            if bundle_in(folder, target) is None:
                words = ["export", MODEL_NAME, "--target", target, "--precision", precision]
                needed = OPTIONS.get((registry.target(target).converter, precision), ())
                attempt(folder, [*EDGELM, *words, *needed, "-o", folder], "edgelm")
            yield (target, precision), folder


def times_table(
    timed: Sequence[Mapping[str, Any]], lengths: Sequence[int], folders: Mapping[tuple[str, str], Path]
) -> Table:
    """Every bundle: its p50 at each length, its size, and how near it is to the original."""
    columns = ("target", "precision", *(f"p50 ms at {length}" for length in lengths), "MB", "worst cosine")
    rows = []
    for bundle in timed:
        report = json.loads((Path(bundle["bundle"]) / "report.json").read_text("utf-8"))
        cosine = min(check["value"] for check in report["checks"] if "original: cosine, worst" in check["name"])
        cells = [f"{_p50(bundle, length):.2f}" for length in lengths]
        rows.append([bundle["target"], bundle["precision"], *cells, f"{bundle['size_mb']:.1f}", f"{cosine:.6f}"])
    notes = [f"{target} {precision}: {failure_in(folder)}" for (target, precision), folder in folders.items()]
    return Table(MODEL_NAME, columns, rows, tuple(note for note in notes if not note.endswith(": ")))


def best_table(timed: Sequence[Mapping[str, Any]], lengths: Sequence[int]) -> Table:
    """The fastest bundle at each length, in all and by what is stored."""
    rows = []
    for name, allowed in _CLASSES.items():
        among = [bundle for bundle in timed if not allowed or bundle["precision"] in allowed]
        if among:
            rows.append([name, *(_named(min(among, key=lambda one: _p50(one, length)), length) for length in lengths)])
    return Table("The fastest", ("of", *(f"at {length} tokens" for length in lengths)), rows)


def _named(bundle: Mapping[str, Any], length: int) -> str:
    return f"{bundle['target']} {bundle['precision']}, {_p50(bundle, length):.2f} ms"


def _p50(bundle: Mapping[str, Any], length: int) -> float:
    return next(time["p50_ms"] for time in bundle["times"] if time["what"] == "model" and time["tokens"] == length)


if __name__ == "__main__":
    main()
