"""What an export costs: wall time from process start to end, and peak resident memory, beside the vendors' own routes.

For each format the routes run in turn, A B A B, in fresh processes, offline, each from its own environment, after one
round that is not timed: there the memory of all processes of a route together is watched. `edgelm export` proves parity
on English and Chinese texts, times the artifact and writes its report within its time; of the others only optimum-cli
makes a check at all.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

from _environments import CACHE
from _record import Table, save
from _routes import ROUTES, Cost, Route, artifact, run

COMPARED = {
    "onnx": ("edgelm-onnx-fp32-default", "optimum-onnx", "optimum-onnx-O3"),
    "tflite": ("edgelm-tflite-fp32-default", "litert-torch-128"),
    "openvino": ("edgelm-openvino-fp32-default", "optimum-openvino"),
    "coreml": ("edgelm-coreml-fp32-default", "coremltools-export", "coremltools-trace"),
}
COLUMNS = (
    "format",
    "route",
    "seconds (min to max)",
    "CPU seconds",
    "peak MB, all processes",
    "time / edgelm's, by round",
    "memory / edgelm's",
    "",
)
PACKAGES = {
    "edgelm-all": ("edgelm", "onnx", "onnxruntime", "ai-edge-litert", "openvino", "coremltools"),
    "litert-torch": ("litert-torch", "torch", "transformers"),
    "optimum-onnx": ("optimum-onnx", "optimum", "onnxruntime", "torch", "transformers"),
    "optimum-intel": ("optimum-intel", "openvino", "nncf", "torch", "transformers"),
    "coremltools": ("coremltools", "torch", "transformers"),
}


def main() -> None:
    """Measure, print, and write export_cost.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="counted rounds of every route (default: 3)")
    parser.add_argument("--format", dest="formats", action="append", choices=COMPARED, help="only this; repeatable")
    arguments = parser.parse_args()
    raw: dict[str, dict[str, list[Cost]]] = {}
    rows: list[list[str]] = []
    for name in arguments.formats or COMPARED:
        raw[name] = measure([ROUTES[route] for route in COMPARED[name]], arguments.rounds)
        rows += format_rows(name, raw[name])
    commands = [f"- `{ROUTES[route].shown}`" for routes in raw.values() for route in routes]
    notes = ("Medians of the rounds. The commands:", "", *commands)
    costs = {name: {route: [vars(cost) for cost in costs] for route, costs in raw[name].items()} for name in raw}
    save("export_cost", [Table("Cost of an fp32 export", COLUMNS, rows, notes)], versions(raw), costs)


def measure(routes: list[Route], rounds: int) -> dict[str, list[Cost]]:
    """The costs of every counted round, by route; the routes take turns."""
    for route in routes:
        route.environment.ensure()
        if route.source:
            artifact(ROUTES[route.source])
    costs: dict[str, list[Cost]] = {route.name: [] for route in routes}
    watched: dict[str, float] = {}
    for number in range(rounds + 1):
        for route in routes:
            cost = once(route, watched=number == 0)
            if number:
                costs[route.name].append(replace(cost, peak_mb=watched[route.name]))
            else:
                watched[route.name] = cost.peak_mb
    return costs


def once(route: Route, *, watched: bool) -> Cost:
    """One run into a fresh folder."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=CACHE))
    try:
        cost = run(route.argv(folder / "out"), watched=watched)
        complete = bool(cost.error) or (folder / "out" / route.file).exists()
        return cost if complete else replace(cost, error=f"wrote no {route.file}")
    finally:
        shutil.rmtree(folder)


def format_rows(name: str, costs: dict[str, list[Cost]]) -> list[list[str]]:
    """One row a route; ratios are taken within a round, and only between routes that both gave an artifact."""
    own = next(iter(costs.values()))
    rows = []
    for route, found in costs.items():
        seconds = [cost.seconds for cost in found]
        failed = next((cost.error for cost in found if cost.error), "")
        comparable = found is not own and not failed and not any(cost.error for cost in own)
        pairs = list(zip(found, own, strict=True)) if comparable else []
        rows.append(
            [
                name,
                route,
                f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})",
                f"{statistics.median(cost.cpu_seconds for cost in found):.2f}",
                f"{found[0].peak_mb:.0f}",
                ", ".join(f"{a.seconds / b.seconds:.2f}" for a, b in pairs),
                f"{found[0].peak_mb / own[0].peak_mb:.2f}" if pairs else "",
                f"fails: {failed}" if failed else "",
            ]
        )
    return rows


def versions(raw: dict[str, dict[str, list[Cost]]]) -> dict[str, str]:
    """The versions that matter, by environment."""
    used = {ROUTES[route].environment for routes in raw.values() for route in routes}
    return {
        environment.name: ", ".join(f"{name} {environment.version(name)}" for name in PACKAGES[environment.name])
        for environment in sorted(used, key=lambda environment: environment.name)
    }


if __name__ == "__main__":
    main()
