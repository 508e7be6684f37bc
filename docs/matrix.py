"""Keeps what the tests of tests/matrix found in docs/matrix.json, from which generate.py writes docs/matrix.md.

    python docs/matrix.py JUNIT.xml [JUNIT.xml ...]

takes the results that pytest wrote with ``--junitxml``; what they do not speak of stays as it was.
"""

from __future__ import annotations

import json
import platform
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from edgelm import environments, registry

RECORD = Path(__file__).with_name("matrix.json")
PASSED = "passed"
"""Of a cell that passed every check; any other outcome says why not."""
_INTRODUCTION = """\
# What can I export?

Every cell is the result of a test: a tiny random model of that architecture with a head for that task, written by
Hugging Face's own module, was exported to that target at that precision through `edgelm export`'s own code, and its
bundle passed every check there is, or it is not in the cell. `make matrix` runs them all and writes this page; every
run of the tests repeats a sample. A device profile (`android`, `ios`, `cpu-server`, ...) takes what its format takes.
"""


def main() -> int:
    """Add the results of those files to the record."""
    record = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {"cells": {}}
    found = {name: outcome for path in sys.argv[1:] for name, outcome in outcomes(Path(path))}
    for name in sorted(found):
        architecture, task, target, precision = name.split("/")
        by_task = record["cells"].setdefault(architecture, {}).setdefault(task, {})
        by_task.setdefault(target, {})[precision] = found[name]
    content = {"run": run_facts(), "cells": record["cells"]}
    RECORD.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    bad = [f"{name}: {outcome}" for name, outcome in found.items() if outcome.startswith("failed")]
    print(*bad, f"{len(found)} cells, {len(bad)} failed", sep="\n")
    return 1 if bad else 0


def outcomes(path: Path) -> Iterator[tuple[str, str]]:
    """The name of every cell in one of pytest's files, and what became of it."""
    for case in ElementTree.parse(path).iter("testcase"):
        properties = {one.get("name"): one.get("value", "") for one in case.iter("property")}
        if "cell" not in properties:
            continue
        reasons = [f"{name}: {properties[name]}" for name in ("refused", "unmeasured") if name in properties]
        failure = next(iter([*case.iter("failure"), *case.iter("error")]), None)
        if failure is not None:
            reasons = [f"failed: {(failure.get('message') or '').splitlines()[0]}"]
        yield properties["cell"], reasons[0] if reasons else PASSED


def run_facts() -> dict[str, object]:
    """When and with what the record was last added to."""
    modules = dict.fromkeys(module for target in registry.targets().values() for module in target.requires)
    packages = environments.current().packages
    versions = {name: packages.get(environments.normalized(name)) for name in modules}
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version for name, version in versions.items() if version},
    }


def page(record: Mapping[str, Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]]]) -> str:
    """One table for each architecture: a row for each task, a column for each target."""
    run, cells = record["run"], record["cells"]
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    parts = [_INTRODUCTION, f"Last run on {run['date']}: {run['system']}; {versions}.", ""]
    every = [row for tasks in cells.values() for row in tasks.values()]
    counted = [outcome for row in every for precisions in row.values() for outcome in precisions.values()]
    parts += [f"{counted.count(PASSED):,} of {len(counted):,} cells pass; the others stand below their table.", ""]
    for architecture, tasks in cells.items():
        targets = list(dict.fromkeys(target for row in tasks.values() for target in row))
        parts += [f"## {architecture}", "", _line(["task", *targets]), _line(["---"] * (1 + len(targets)))]
        parts += [_line([task, *(_passed(row.get(target, {})) for target in targets)]) for task, row in tasks.items()]
        parts += ["", *_notes(tasks), ""]
    return "\n".join(parts).rstrip() + "\n"


def _passed(precisions: Mapping[str, str]) -> str:
    return ", ".join(name for name, outcome in precisions.items() if outcome == PASSED)


def _notes(tasks: Mapping[str, Mapping[str, Mapping[str, str]]]) -> list[str]:
    """Each reason that a cell is empty, once, with the cells that it is of."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for task, row in tasks.items():
        for target, precisions in row.items():
            for precision, outcome in precisions.items():
                if outcome != PASSED:
                    reasons.setdefault((target, outcome), []).append(f"{task} {precision}")
    return [f"- `{target}`, {', '.join(places)}: {outcome}" for (target, outcome), places in reasons.items()]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
