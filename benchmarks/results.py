"""Collects what the benchmarks left under .cache/bench/results into benchmarks/RESULTS.md, each with its command."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _record import RESULTS, Table

_ORDER = ("install_size", "export_cost", "latency", "fidelity")
_OWN_PAGES = ("compress", "quantization", "runtimes", "serve")
"""What the records of benchmarks that write a page of their own begin with."""
_HEAD = """# Results

Written by `benchmarks/results.py` from what the other scripts measured; see [README.md](README.md) for how to read
and repeat it. Ratios above 1 are in edgelm's favour. Only figures within one table can be compared.
"""


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("RESULTS.md"), help="the page to write")
    arguments = parser.parse_args()
    paths = [path for path in sorted(RESULTS.glob("*.json")) if not path.stem.startswith(_OWN_PAGES)]
    contents = [json.loads(path.read_text("utf-8")) for path in paths]
    if not contents:
        sys.exit(f"{RESULTS} holds no results: run the other benchmarks first.")
    contents.sort(key=lambda content: rank(content["benchmark"]))
    arguments.output.write_text("\n".join([_HEAD, *map(section, contents)]), "utf-8")
    print(arguments.output)


def rank(name: str) -> tuple[int, str]:
    """The page's order: known benchmarks first, the others by name."""
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def section(content: Mapping[str, Any]) -> str:
    """One benchmark: what was run, where, with what, and its tables."""
    facts = {"date": content["date"], **content["machine"], **content["versions"]}
    tables = [
        Table(table["title"], tuple(table["columns"]), table["rows"], tuple(table["notes"]))
        for table in content["tables"]
    ]
    lines = [f"## {content['benchmark']}", "", "```sh", content["command"], "```", ""]
    lines += [f"- {key}: {value}" for key, value in facts.items()]
    return "\n".join([*lines, "", *(table.markdown() for table in tables)])


if __name__ == "__main__":
    main()
