"""Keeps what the tests of tests/matrix found in docs/matrix.json, from which generate.py writes docs/matrix.md.

    python docs/matrix.py JUNIT.xml [JUNIT.xml ...]

takes the results that pytest wrote with ``--junitxml``; what they do not speak of stays as it was.
"""

from __future__ import annotations

import json
import platform
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edgelm import environments, registry
from edgelm.families import FAMILIES
from edgelm.types import TASKS

RECORD = Path(__file__).with_name("matrix.json")
PASSED = "passed"
"""Of a cell that passed every check; any other outcome says why not."""
_INTRODUCTION = """\
# What can I export?

Every cell is the result of a test: a tiny random model of that architecture with a head for that task, written by
Hugging Face's own module (NEZHA, which has none any more, by its authors' formula), was exported to that target at that
precision through `edgelm export`'s own code, and the bundle passed every check there is, or the precision is not in the
cell. `make matrix` runs them all and writes this page; every run of the tests repeats a sample. A device profile
(`android`, `ios`, `cpu-server`, ...) takes what its format takes. Of a target with a set-up of its own (`edgelm doctor
--install`), what nobody tried is left empty.
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
        reasons = [f"{name}: {properties[name]}" for name in ("refused", "lost", "unmeasured") if name in properties]
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


def page(record: Mapping[str, Any]) -> str:
    """One table for each architecture: a row for each task, a column for each target."""
    run, cells = record["run"], record["cells"]
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    counted = [
        outcome for tasks in cells.values() for row in tasks.values() for of in row.values() for outcome in of.values()
    ]
    parts = [_INTRODUCTION, f"Last run on {run['date']}: {run['system']}; {versions}.", ""]
    parts += [
        f"{counted.count(PASSED):,} of {len(counted):,} cells pass; why the others do not stands below their table.",
        "",
    ]
    for architecture in (name for family in FAMILIES for name in family.model_types if name in cells):
        tasks = {task: cells[architecture][task] for task in TASKS if task in cells[architecture]}
        targets = [name for name in registry.targets() if any(name in row for row in tasks.values())]
        parts += [f"## {architecture}", "", _line(["task", *targets]), _line(["---"] * (1 + len(targets)))]
        parts += [_line([task, *(_passed(target, row) for target in targets)]) for task, row in tasks.items()]
        parts += ["", *_notes(tasks), ""]
    return "\n".join(parts).rstrip() + "\n"


def _passed(target: str, row: Mapping[str, Mapping[str, str]]) -> str:
    known = registry.converter_of(registry.target(target)).precisions
    return ", ".join(name for name in known if row.get(target, {}).get(name) == PASSED)


def _notes(tasks: Mapping[str, Mapping[str, Mapping[str, str]]]) -> list[str]:
    """Each reason that cells are empty, once, with the tasks and precisions that it is of."""
    places: dict[tuple[str, str], dict[str, list[str]]] = {}
    for task, row in tasks.items():
        for target, precisions in row.items():
            for precision, outcome in precisions.items():
                if outcome != PASSED:
                    places.setdefault((target, outcome), {}).setdefault(task, []).append(precision)
    return [f"- `{target}`, {_told(of, tasks)}: {outcome}" for (target, outcome), of in places.items()]


def _told(of: Mapping[str, Sequence[str]], tasks: Collection[str]) -> str:
    """``every task at fp32 and int8``, or the tasks by name, grouped by the precisions they share."""
    groups: dict[str, list[str]] = {}
    for task, precisions in of.items():
        groups.setdefault(", ".join(precisions), []).append(task)
    return "; ".join(
        f"{'every task' if len(found) == len(tasks) else ', '.join(found)} at {precisions}"
        for precisions, found in groups.items()
    )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
