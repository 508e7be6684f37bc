"""The lines of an input of any size, in windows that are answered one by one and sorted by length within."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple, cast

from edgelm.errors import UsageError

STDIN = Path("-")
MOST_LINE_BYTES = 16 << 20
_MOST_ROWS = 1024
_MOST_BYTES = 256 << 10
"""Of a window: what its tokens take in memory is about a hundred times as much."""
_MOST_ANSWER_BYTES = 16 << 20
"""Of a window, where answers are vectors."""
_DIGITS = 22
"""Of a number in JSON, and what stands around it."""
_BYTES_PER_TOKEN = 3
"""A guess, and a low one for English."""
_LAYOUTS = {".txt": False, ".jsonl": True}
"""Whether the lines of a file of that name are objects; of others the first line tells."""
_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line that is not blank, without its end, and its number, from 1."""

    number: int
    content: bytes
    is_whole: bool = True
    """False: it was longer than ``MOST_LINE_BYTES``, and its content is left out."""


class Place(NamedTuple):
    """A place between two lines: the bytes and the lines before it."""

    offset: int = 0
    lines: int = 0


@dataclass(frozen=True)
class Window:
    """Lines that are answered together, and where they end."""

    lines: tuple[Line, ...]
    end: Place


class Limits(NamedTuple):
    """What a window may hold; a line that alone is longer is a window by itself."""

    rows: int = _MOST_ROWS
    size: int = _MOST_BYTES
    """Bytes."""


def limits_of(manifest: Mapping[str, Any]) -> Limits:
    """The windows for a bundle: smaller ones where its answers are vectors, far larger than their texts."""
    if manifest["task"] not in ("sentence-similarity", "feature-extraction"):
        return Limits()
    vectors = max(1, _MOST_ANSWER_BYTES // (_DIGITS * int(manifest["artifact"]["outputs"][0]["shape"][-1])))
    if manifest["task"] == "sentence-similarity":
        return Limits(rows=min(_MOST_ROWS, vectors))
    return Limits(size=min(_MOST_BYTES, vectors * _BYTES_PER_TOKEN))


class Source:
    """An input that is open: a file, or what comes through a pipe and can be read once. Use it as a context.

    UsageError when it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = "stdin" if path == STDIN else str(path)
        self._stream = _opened(path)
        facts = os.fstat(self._stream.fileno())
        self.size = facts.st_size if stat.S_ISREG(facts.st_mode) and path != STDIN else None
        """Bytes; None where it can be read only once."""
        self._state = _state(facts)
        self._begun: list[bytes] = []
        self.digest = self._digest()
        """The sha256 of a file, else empty."""
        self.holds_objects = self._look()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        if self.path != STDIN:
            self._stream.close()

    def windows(self, limits: Limits, start: Place) -> Iterator[Window]:
        """All lines from a place on that are not blank; the same for the same input, limits and place."""
        lines: list[Line] = []
        size, end = 0, start
        for line, following in self._lines(start):
            if lines and (len(lines) == limits.rows or size + len(line.content) > limits.size):
                yield Window(tuple(lines), end)
                lines, size = [], 0
            lines.append(line)
            size += len(line.content)
            end = following
        if lines:
            yield Window(tuple(lines), end)

    def is_at(self, path: Path) -> bool:
        """Whether it is the file at a path."""
        return path.exists() and os.path.samestat(path.stat(), os.fstat(self._stream.fileno()))

    def check_unchanged(self) -> None:
        """UsageError when the file is another than when it was opened."""
        if self.size is not None and _state(os.fstat(self._stream.fileno())) != self._state:
            raise UsageError(f"{self.name} was changed while it was read.", hint="Start anew with --overwrite.")

    def _lines(self, start: Place) -> Iterator[tuple[Line, Place]]:
        """Each line that is not blank, and the place after it."""
        if self.size is not None:
            self._stream.seek(start.offset)
            self._begun = []
        offset, number = start
        for content in self._read():
            offset += len(content)
            number += 1
            is_whole = content.endswith(b"\n") or len(content) <= MOST_LINE_BYTES
            if not is_whole:
                offset += self._skip()
            if number == 1:
                content = content.removeprefix(_BOM)
            if content := content.rstrip(b"\r\n") if content.strip() else b"":
                yield Line(number, content if is_whole else b"", is_whole), Place(offset, number)

    def _read(self) -> Iterator[bytes]:
        """Lines with their ends; of one that is too long the beginning."""
        yield from self._begun
        while line := self._readline():
            yield line

    def _readline(self) -> bytes:
        try:
            return self._stream.readline(MOST_LINE_BYTES + 1)
        except OSError as error:
            raise _unreadable(self.name, error) from None

    def _skip(self) -> int:
        """Read to the end of a line that is too long; the bytes that were left of it."""
        skipped = 0
        while part := self._readline():
            skipped += len(part)
            if part.endswith(b"\n"):
                break
        return skipped

    def _digest(self) -> str:
        if self.size is None:
            return ""
        try:
            return hashlib.file_digest(self._stream, "sha256").hexdigest()
        except OSError as error:
            raise _unreadable(self.name, error) from None

    def _look(self) -> bool:
        """Whether lines are objects; what is read of a pipe for that is kept."""
        known = _LAYOUTS.get(self.path.suffix)
        if known is not None:
            return known
        if self.size is not None:
            self._stream.seek(0)
        while line := self._readline():
            self._begun.append(line)
            if text := line.removeprefix(_BOM).strip():
                return text.startswith(b"{")
        return False


def _opened(path: Path) -> BufferedReader:
    if path == STDIN:
        return cast(BufferedReader, sys.stdin.buffer)
    if path.suffix == ".gz":
        raise UsageError(
            f"{path} is compressed.", hint=f"Unpack it, or: gzip -dc {path.name} | edgelm run --input - ..."
        )
    try:
        return path.open("rb")
    except OSError as error:
        raise _unreadable(str(path), error) from None


def _unreadable(name: str, error: OSError) -> UsageError:
    return UsageError(f"{name} cannot be read: {error.strerror or error}.")


def _state(facts: os.stat_result) -> tuple[int, int]:
    return facts.st_size, facts.st_mtime_ns
