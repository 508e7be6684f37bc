"""The device kits beside Python's tokenizers: how many replies are equal, and tokenizer speed, in one run.

Every kit that is installed is asked the whole conformance set and a hundred thousand generated strings for each kind of
tokenizer; then Python's tokenizers and the kits tokenize the same texts in turns. The tables go to benchmarks/KITS.md.
Texts are the development set of SST-2 and the first of TNEWS (the folder EDGELM_DATA, ../shared/data of the checkout by
default), or edgelm's own sample where there is no such folder.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Mapping, Sequence
from operator import eq
from pathlib import Path
from typing import Any

from _record import RESULTS, Table, save
from results import section
from tokenizers import Tokenizer

from conformance import cases, check, kits, tokenizer_kinds
from conformance.driver import Driver
from conformance.generated import KINDS, strings
from edgelm import environments
from edgelm.samples import read_samples

PAGE = Path(__file__).with_name("KITS.md")
_NAME = "kits"
_PYTHON = "Python's tokenizers"
_HEAD = """# The device kits

Written by `benchmarks/kits.py` (`make bench-devices`): every kit installed on this machine beside Hugging Face's
`tokenizers`, which is Rust behind Python. Only figures of one table can be compared.
"""
_SPEED_KINDS = ("minilm", "bert-base-chinese", "gpt2", "cluecorpussmall", "albert", "xlm-roberta")
_MOST_TEXTS = 2000
_BATCH = 1000


def main() -> None:
    """Compare, time in turns, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kits", nargs="+", default=[kit.name for kit in kits.installed()])
    parser.add_argument("--strings", type=int, default=100_000, help="generated strings of each tokenizer")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each kit and tokenizer in each round")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    folder = cases.current(cases.FOLDER, 1)
    commands = {name: list(kits.named(name).command()) for name in arguments.kits}
    equal = {name: conformance(command, folder) for name, command in commands.items()}
    texts = strings(arguments.strings, seed=0)
    generated = {kind: equal_strings(commands, _tokenizer(folder, kind), texts) for kind in KINDS}
    speeds = measure(commands, folder, arguments.seconds, arguments.rounds)
    tables = [
        _conformance_table(equal, folder),
        _strings_table(generated, arguments.strings),
        _speed_table(speeds, arguments),
    ]
    packages = environments.current().packages
    versions = {"tokenizers": packages["tokenizers"], "the set": cases.pinned_part(folder)}
    save(_NAME, tables, versions, {"equal": equal, "generated": generated, "speeds": speeds})
    content = json.loads((RESULTS / f"{_NAME}.json").read_text("utf-8"))
    PAGE.write_text(f"{_HEAD}\n{section(content)}", "utf-8")


def conformance(command: Sequence[str], folder: Path) -> tuple[int, int]:
    """How many cases of the set are equal, and of how many."""
    found = cases.entries(folder)
    total = sum(entry.cases for entry in found)
    with Driver(command) as driver:
        wrong = sum(len(list(check.differences(entry, folder, driver))) for entry in found)
    return total - wrong, total


def equal_strings(commands: Mapping[str, Sequence[str]], path: Path, texts: Sequence[str]) -> dict[str, int]:
    """By kit, how many of the texts have equal ids and offsets."""
    tokenizer = Tokenizer.from_file(str(path))
    drivers = {name: Driver(command) for name, command in commands.items()}
    equal = dict.fromkeys(commands, 0)
    for driver in drivers.values():
        driver.ok("open", tokenizer=str(path))
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        wanted = [(found.ids, [list(pair) for pair in found.offsets]) for found in tokenizer.encode_batch(batch)]
        for name, driver in drivers.items():
            replies = driver.ok("encode_many", texts=batch, brief=True)
            found = [(reply.get("ids"), reply.get("offsets")) for reply in replies]
            equal[name] += sum(map(eq, found, wanted))
    for driver in drivers.values():
        driver.close()
    return equal


def measure(
    commands: Mapping[str, Sequence[str]], folder: Path, seconds: float, rounds: int
) -> dict[str, dict[str, list[float]]]:
    """Strings per second by kind and by who tokenizes, in turns: every round times each once, in one thread."""
    texts = _texts()
    found: dict[str, dict[str, list[float]]] = {}
    for kind in _SPEED_KINDS:
        path = _tokenizer(folder, kind)
        if not path.is_file():
            continue
        found[kind] = {name: [] for name in (_PYTHON, *commands)}
        drivers = {name: Driver(command) for name, command in commands.items()}
        for driver in drivers.values():
            driver.ok("open", tokenizer=str(path))
        for driver in drivers.values():
            driver.ok("bench", texts=texts, seconds=seconds)
        for _ in range(rounds):
            found[kind][_PYTHON].append(_python_speed(path, texts, seconds))
            for name, driver in drivers.items():
                speed = driver.ok("bench", texts=texts, seconds=seconds)["strings_per_second"]
                found[kind][name].append(float(speed))
        for driver in drivers.values():
            driver.close()
    return found


def _python_speed(path: Path, texts: Sequence[str], seconds: float) -> float:
    tokenizer = Tokenizer.from_file(str(path))
    begun, done = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        for text in texts:
            tokenizer.encode(text)
        done += len(texts)
    return done / (time.perf_counter() - begun)


def _texts() -> list[str]:
    """English and Chinese, one after the other."""
    folder = tokenizer_kinds.DATA
    if not folder.is_dir():
        return [part for text in read_samples(None) for part in ((text,) if isinstance(text, str) else text)]
    english = (folder / "sst2" / "dev.tsv").read_text("utf-8").splitlines()[1:]
    chinese = (folder / "tnews" / "dev.tsv").read_text("utf-8").splitlines()
    both = zip(english, chinese, strict=False)
    return [line.split("\t")[0].strip() for pair in both for line in pair][:_MOST_TEXTS]


def _tokenizer(folder: Path, kind: str) -> Path:
    return folder / "tokenizers" / kind / "tokenizer.json"


def _conformance_table(equal: Mapping[str, tuple[int, int]], folder: Path) -> Table:
    rows = [[name, f"{right:,} of {total:,}", f"{100 * right / total:.3f} %"] for name, (right, total) in equal.items()]
    notes = f"{len(cases.entries(folder))} files: ids, types, offsets, words, windows, decoded texts and answers."
    return Table("Conformance set", ("kit", "equal replies", ""), rows, (notes,))


def _strings_table(generated: Mapping[str, Mapping[str, int]], count: int) -> Table:
    names = list(next(iter(generated.values())))
    rows = [[kind, *(f"{found[name]:,} of {count:,}" for name in names)] for kind, found in generated.items()]
    return Table("Generated strings: ids and offsets equal", ("tokenizer", *names), rows)


def _speed_table(speeds: Mapping[str, Mapping[str, Sequence[float]]], arguments: Any) -> Table:
    names = list(next(iter(speeds.values())))
    rows = [[kind, *(f"{statistics.median(found[name]):,.0f}" for name in names)] for kind, found in speeds.items()]
    texts = _texts()
    mean = sum(map(len, texts)) / len(texts)
    note = (
        f"Median of {arguments.rounds} rounds of {arguments.seconds:g} s, in turns; {len(texts):,} texts of "
        f"{mean:.0f} characters in the mean, one at a time in one thread, with offsets, after a round to warm up."
    )
    return Table("Strings per second", ("tokenizer", *names), rows, (note,))


if __name__ == "__main__":
    main()
