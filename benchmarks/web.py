"""The web demo in headless Chromium: cold start, latency and size by part, for the given bundles.

    python benchmarks/web.py BUNDLE [BUNDLE ...]

What is measured is a desktop CPU in headless Chromium, through WebAssembly: no phone and no GPU. The page's own build
and its own benchmark button give the figures. npm's packages are installed once into ``.cache/web``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _record import RESULTS, Table, save
from results import section

from conformance.browsers import CHROMIUM, npm_modules

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "web_demo"
PAGE = Path(__file__).with_name("WEB.md")
_NAME = "web"
_HEAD = """# The web demo in a browser

Written by `benchmarks/web.py` (`make bench-devices`). Headless Chromium on a desktop CPU, WebAssembly without a GPU,
the page served from this machine: what a phone or another browser does is not measured here. Only figures of one table
can be compared.
"""
_ISOLATED = {True: "threads", False: "one thread"}


def main() -> None:
    """Build the page with the bundles, visit it, write the page of figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", nargs="+", help="PATH or NAME=PATH of tflite and onnx bundles")
    parser.add_argument("--rounds", type=int, default=5, help="browser processes for each bundle")
    parser.add_argument("--chromium", default=CHROMIUM)
    arguments = parser.parse_args()
    if not arguments.chromium:
        sys.exit("There is no Chromium. Install one, or name it: --chromium PATH")
    modules = npm_modules()
    with tempfile.TemporaryDirectory() as folder:
        dist, weights = Path(folder) / "dist", Path(folder) / "sizes.json"
        places = [f"--bundle={bundle}" for bundle in arguments.bundles]
        node("build.mjs", *places, "--out", dist, "--modules", modules, "--sizes", weights)
        browser = ["--modules", modules, "--chromium", arguments.chromium]
        measured = json.loads(node("measure.mjs", "--dist", dist, "--rounds", arguments.rounds, *browser))
        sizes = json.loads(weights.read_text("utf-8"))
    locked = json.loads((DEMO / "package-lock.json").read_text("utf-8"))["packages"]
    packages = {name: locked[f"node_modules/{name}"]["version"] for name in ("@litertjs/core", "onnxruntime-web")}
    versions = {"Chromium": measured[0]["rounds"][0]["browser"], **packages}
    tables = [start_table(measured), latency_table(measured), size_table(sizes)]
    save(_NAME, tables, versions, {"visits": measured, "sizes": sizes})
    PAGE.write_text(f"{_HEAD}\n{section(json.loads((RESULTS / f'{_NAME}.json').read_text('utf-8')))}", "utf-8")


def node(script: str, *words: object) -> str:
    """What a script of the demo prints; the program ends with the script's own message when it fails."""
    done = subprocess.run(["node", str(DEMO / script), *map(str, words)], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def start_table(measured: Sequence[Mapping[str, Any]]) -> Table:
    """Milliseconds from the navigation to a bundle that is ready, and from the button's first press to its answer."""
    columns = ("bundle", "page with", "ready", "first answer", "second visit: ready", "first answer")
    rows = []
    for bundle in measured:
        visits = [(visit, part) for visit in ("cold", "again") for part in ("ready", "first_answer")]
        cells = [_median(bundle["rounds"], visit, part) for visit, part in visits]
        rows.append([bundle["name"], _ISOLATED[bundle["isolated"]], *(f"{cell:.0f}" for cell in cells)])
    rounds = len(measured[0]["rounds"])
    notes = (
        f"Milliseconds, median of {rounds} browser processes, each with an empty profile. Ready: page, runtime, "
        "tokenizer and model are loaded and every file's digest is checked. The second visit is a reload: files come "
        "from the browser's cache.",
    )
    return Table("From the navigation to an answer", columns, rows, notes)


def latency_table(measured: Sequence[Mapping[str, Any]]) -> Table:
    """The page's benchmark of its first example."""
    columns = ("bundle", "page with", "text to answer p50", "p95", "model alone p50", "p95", "of")
    rows = []
    for bundle in measured:
        found = bundle["rounds"][-1]["latency"]
        cells = [f"{found[key]:.2f}" for key in ("whole_p50", "whole_p95", "model_p50", "model_p95")]
        about = found["about"].removeprefix("Benchmark: ")
        rows.append([bundle["name"], _ISOLATED[bundle["isolated"]], *cells, about])
    return Table(
        "One text, again and again", columns, rows, ("Milliseconds, as the page's benchmark button shows them.",)
    )


def size_table(sizes: Sequence[Mapping[str, Any]]) -> Table:
    """What each part of the built folder weighs."""
    rows = [
        [part["name"], str(part["files"]), f"{part['bytes'] / 1e6:.3f}", f"{part['gzipped'] / 1e6:.3f}"]
        for part in sizes
    ]
    notes = ("Of LiteRT.js's builds a browser loads one; `--litert` of build.mjs leaves others out.",)
    return Table("Size by part", ("part", "files", "MB", "gzip MB"), rows, notes)


def _median(rounds: Sequence[Mapping[str, Any]], visit: str, part: str) -> float:
    return statistics.median(one[visit][part] for one in rounds)


if __name__ == "__main__":
    main()
