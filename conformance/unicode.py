"""Writes the kits' Unicode tables, each read off Python's `tokenizers`: a phone's own tables differ with its version.

    python -m conformance.unicode            # probe, and write the three sources
    python -m conformance.unicode --check    # exit 1 when a source is not what the probe gives

The format is described in conformance/README.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from conformance.probes import CODE_POINTS, Probes

ROOT = Path(__file__).parents[1]
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

# -- the format --------------------------------------------------------------------------------------------------------


def table(codes: Sequence[int] = CODE_POINTS) -> str:
    """All tables of those code points as one text, ASCII only."""
    probes = Probes(codes)
    lines = ["edgelm-unicode 1"]
    lines += [f"set {name} {_ranges(dict.fromkeys(found, 0))}" for name, found in probes.sets().items()]
    lines += [f"map {name} {_entries(found.items())}" for name, found in probes.maps().items()]
    compositions = probes.compositions().items()
    lines.append("map compose " + _entries((first, chr(second) + chr(code)) for (first, second), code in compositions))
    lines.append(f"class ccc {_ranges(probes.combining_classes())}")
    lines.append(f"class grapheme {_ranges(probes.graphemes())}")
    return "\n".join(lines) + "\n"


def _ranges(values: Mapping[int, int]) -> str:
    """Code points as ranges of one value, each by its distance to the one before; a value of 0 is not written."""
    runs: list[list[int]] = []
    for code in sorted(values):
        if runs and runs[-1][1] == code - 1 and values[code] == values[runs[-1][0]]:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    ends = [-1, *(end for _, end in runs)]
    return " ".join(
        _base36(start - previous - 1)
        + (f"+{_base36(end - start)}" if end > start else "")
        + (f":{_base36(values[start])}" if values[start] else "")
        for previous, (start, end) in zip(ends, runs, strict=False)
    )


def _entries(found: Iterable[tuple[int, str]]) -> str:
    """Code points with the text each becomes, in the order of the code points."""
    pairs = sorted(found)
    codes = [-1, *(code for code, _ in pairs)]
    return " ".join(
        f"{_base36(code - previous - 1)}:{','.join(_base36(ord(char)) for char in text)}"
        for previous, (code, text) in zip(codes, pairs, strict=False)
    )


def _base36(number: int) -> str:
    if number < 0:
        return "-" + _base36(-number)
    high, low = divmod(number, 36)
    return (_base36(high) if high else "") + _DIGITS[low]


# -- the sources -------------------------------------------------------------------------------------------------------

_NOTE = "Unicode as Python's `tokenizers` knows it. Generated: python -m conformance.unicode"
_LINE = 110


def _lines(text: str) -> list[str]:
    """The text in pieces of one line of source each; only the last of a line of the text ends in a line feed."""
    return [line[i : i + _LINE] for line in text.splitlines(keepends=True) for i in range(0, len(line), _LINE)]


def kotlin(text: str) -> str:
    """An array of lines, joined at run time: a constant of a JVM class has at most 65,535 bytes."""
    body = ",\n".join(f"        {_quoted(line)}" for line in _lines(text))
    return (
        f"package org.edgelm.core\n\n/** {_NOTE} */\n"
        f'internal object UnicodeData {{\n    val text: String = arrayOf(\n{body}\n    ).joinToString("")\n}}\n'
    )


def javascript(text: str) -> str:
    """An array of lines, which an engine joins once."""
    body = "\n".join(f"  {_quoted(line)}," for line in _lines(text))
    return f"// {_NOTE}\nexport const UNICODE_DATA = [\n{body}\n].join('');\n"


def swift(text: str) -> str:
    """One literal, its lines joined by backslashes: a long sum of literals takes Swift's compiler minutes."""
    body = "".join(line if line.endswith("\n") else line + "\\\n" for line in _lines(text))
    return f'// {_NOTE}\nlet unicodeData: String = """\n{body}\n"""\n'


def _quoted(line: str) -> str:
    return '"' + line.replace("\n", "\\n") + '"'


SOURCES: Mapping[str, Callable[[str], str]] = {
    "android_demo/core/src/main/kotlin/org/edgelm/core/UnicodeData.kt": kotlin,
    "web_demo/edgelm/src/unicode-data.js": javascript,
    "ios_demo/EdgeLM/Sources/EdgeLM/UnicodeData.swift": swift,
}


def main() -> int:
    """Write the sources, or say which are not up to date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a source is out of date")
    check = parser.parse_args().check
    text = table()
    sources = {ROOT / name: render(text) for name, render in SOURCES.items()}
    stale = [path for path, source in sources.items() if not path.is_file() or path.read_text("ascii") != source]
    for path in [] if check else stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sources[path], "ascii")
    for path in stale:
        print(f"{path.relative_to(ROOT)}: {'out of date' if check else 'written'}")
    if check and stale:
        print("Run: python -m conformance.unicode")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
