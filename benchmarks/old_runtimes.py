"""Bundles in older versions of their runtimes: every precision, proved there by ``edgelm validate --runtime``.

Each version lives in an environment of its own in edgelm's cache, made once. A cell is the largest difference of any
output value to the graph of that precision, int8 followed by the worst cosine, for there roundings cascade; or why the
bundle fails. Exits with 5 when one does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRECISIONS = ("fp32", "fp16", "int8")
RUNTIMES: Mapping[str, tuple[str, ...]] = {
    "tflite": ("tflite-runtime==2.14.0", "ai-edge-litert==1.0.1", "tensorflow-cpu==2.15.1", "tensorflow-cpu==2.21.0"),
    "onnx": ("onnxruntime==1.15.1", "onnxruntime==1.16.3", "onnxruntime==1.20.1"),
    "openvino": ("openvino==2023.0.0", "openvino==2024.0.0", "openvino==2025.0.0"),
}
LENGTHS: Mapping[str, tuple[str, ...]] = {"tflite": ("", "32,128")}
"""The fixed lengths a target is also exported with; elsewhere a file takes any length."""


@dataclass(frozen=True)
class Column:
    """One bundle of a target."""

    precision: str
    lengths: str
    bundle: Path

    @property
    def title(self) -> str:
        """Of its column."""
        return f"{self.precision}, {self.lengths.replace(',', ' and ') or 'any length'}"


def main() -> int:
    """Export, validate, print a table for each target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="all-MiniLM-L6-v2", help="folder or built-in name (default: %(default)s)")
    parser.add_argument("--target", action="append", choices=RUNTIMES, help="only this one; repeatable")
    parser.add_argument("--runtime", action="append", metavar="NAME==VERSION", help="instead of the usual ones")
    arguments = parser.parse_args()
    if arguments.runtime and len(arguments.target or ()) != 1:
        parser.error("--runtime needs one --target")
    failed = False
    for target in arguments.target or RUNTIMES:
        with tempfile.TemporaryDirectory() as folder:
            columns = list(export(arguments.model, target, Path(folder)))
            print(f"\n| {target} bundle in | kernels | {' | '.join(column.title for column in columns)} |")
            print(f"|{'---|' * (len(columns) + 2)}")
            for runtime in arguments.runtime or RUNTIMES[target]:
                reports = [validate(arguments.model, column.bundle, runtime) for column in columns]
                failed |= any(report["verdict"] != "pass" for report in reports)
                for row in rows(runtime, reports):
                    print(f"| {' | '.join(row)} |", flush=True)
    return 5 if failed else 0


def export(model: str, target: str, folder: Path) -> Iterator[Column]:
    """A bundle of each precision and form, without the proof in the installed runtime."""
    for precision in PRECISIONS:
        for lengths in LENGTHS.get(target, ("",)):
            place = folder / f"{precision}-{lengths or 'any'}"
            fixed = ["--lengths", lengths] if lengths else []
            edgelm("export", model, "--target", target, "--precision", precision, *fixed, "-o", str(place))
            yield Column(precision, lengths, place / target)


def validate(model: str, bundle: Path, runtime: str) -> dict[str, Any]:
    """The report of a bundle in that runtime."""
    report: dict[str, Any] = json.loads(
        edgelm("validate", str(bundle), "--against", model, "--runtime", runtime, "--json")
    )
    return report


def rows(runtime: str, reports: list[dict[str, Any]]) -> Iterator[list[str]]:
    """A row for each set of kernels: the runtime's name, the kernels' name, and a cell for each report."""
    versions = next((report["facts"]["runtime"] for report in reports), runtime)
    kernels = {name: None for report in reports for name in map(_machine, report["checks"]) if name is not None}
    for name in kernels:
        yield [versions, name or "its own", *(cell(report, name) for report in reports)]


def cell(report: dict[str, Any], kernels: str) -> str:
    """How far the outputs are from the graph's, or what failed first."""
    checks = [check for check in report["checks"] if _machine(check) == kernels]
    bad = next((check for check in checks if check["verdict"] != "pass"), None)
    if bad:
        return f"{bad['verdict']}: {bad['name']}" + (f", {bad['reason']}" if bad["reason"] else f" {bad['value']:.3g}")
    against = f"{report['precision']} {'original' if report['precision'] == 'fp32' else 'graph'}"
    found = {check["name"].rsplit(": ", 1)[-1]: check["value"] for check in checks if f" vs {against}" in check["name"]}
    worst = f" ({found['cosine, worst']:.4f})" if report["precision"] == "int8" else ""
    return f"{found['max abs']:.1e}{worst}" if "max abs" in found else f"pass{worst}"


def _machine(check: Mapping[str, Any]) -> str | None:
    """The kernels a check of a run names; None where it is of the bundle itself."""
    if check["group"] not in ("parity", "invariance") and "runs in its runtime" not in check["name"]:
        return None
    named = check["name"].partition(": ")[0]
    return next((name for name in ("XNNPACK", "plain kernels") if named.endswith(f" on {name}")), "")


def edgelm(*arguments: str) -> str:
    """The stdout of a command of edgelm's; it ends here when the command could not do its work."""
    command = [sys.executable, "-m", "edgelm", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 5) or not done.stdout:
        sys.exit(f"{' '.join(command)}\nfailed:\n{done.stderr[-4000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
