"""Holds kits against the conformance set: python -m conformance.check [kotlin]"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from conformance import cases, kits
from conformance.cases import Case, Entry
from conformance.comparison import first_difference, fulfils, shortened
from conformance.driver import Driver, DriverFailedError, Reply


def main() -> None:
    """Compare, print a line a file and the first differences; exit 1 where there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = ", ".join(kit.name for kit in kits.KITS)
    parser.add_argument("kits", nargs="*", help=f"{names}; default: those whose tools are here")
    parser.add_argument("--set", type=Path, default=cases.FOLDER, help="where the set lies; written if it is not there")
    parser.add_argument("--only", default="*", help="files by name, such as 'bert*'")
    parser.add_argument("--show", type=int, default=3, help="differences to print of each file")
    arguments = parser.parse_args()
    if not (arguments.set / cases.INDEX).is_file():
        cases.write(arguments.set)
    found = [entry for entry in cases.entries(arguments.set) if fnmatch(entry.name, arguments.only)]
    if not found:
        sys.exit(f"No file of the set is called {arguments.only!r}.")
    try:
        asked = [kits.named(name) for name in arguments.kits] or kits.installed()
    except ValueError as error:
        sys.exit(str(error))
    if not asked:
        sys.exit(f"There are the tools of no kit here: {names}.")
    total = sum(entry.cases for entry in found)
    is_wrong = False
    for kit in asked:
        begun = time.perf_counter()
        try:
            with Driver(kit.command()) as driver:
                wrong = sum(_report(entry, arguments.set, driver, arguments.show) for entry in found)
        except (DriverFailedError, kits.BuildError) as error:
            sys.exit(str(error))
        print(f"{kit.name}: {total - wrong:,} of {total:,} cases equal: {100 * (total - wrong) / total:.3f} %", end=" ")
        print(f"({time.perf_counter() - begun:.1f} s)", flush=True)
        is_wrong |= bool(wrong)
    sys.exit(is_wrong)


def _report(entry: Entry, folder: Path, driver: Driver, most: int) -> int:
    """Compare one file and print what came of it; the count of differences."""
    begun = time.perf_counter()
    wrong = list(differences(entry, folder, driver))
    print(f"{entry.name:32} {entry.cases - len(wrong):>6} of {entry.cases:>6} {time.perf_counter() - begun:6.1f} s")
    for case, reply in wrong[:most]:
        print(f"    asked    {shortened(case['request'])}")
        print(f"    expected {shortened(case.get('expect', case.get('error')))}")
        print(f"    found    {shortened(reply.get('ok', reply.get('error')))}")
        print(f"    first    {first_difference(reply.get('ok'), case.get('expect'))}", flush=True)
    return len(wrong)


def differences(entry: Entry, folder: Path, driver: Driver) -> Iterator[tuple[Case, Reply]]:
    """The cases of a file that a kit does not fulfil, with its replies."""
    asked = list(cases.read(folder, entry))
    replies = driver.ask_all([case["request"] for case in asked])
    for case, reply in zip(asked, replies, strict=True):
        if not fulfils(reply, case):
            yield case, reply


if __name__ == "__main__":
    main()
