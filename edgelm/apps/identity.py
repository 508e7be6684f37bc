"""What an app is called, and how names are checked and written into the files of a project."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgelm.errors import UsageError

_MOST_CHARACTERS = 50
"""A name stands under an icon; stores allow 30."""
_LONGEST_ID = 150
_EXPANDED = re.compile(r"\$[({]")
"""Xcode puts the value of a build setting in its place, and there is no way to write the characters themselves."""


@dataclass(frozen=True)
class Identity:
    """The name under an app's icon and its id; None leaves what the kit's demo has."""

    name: str | None
    id: str | None


def check_name(name: str) -> None:
    """UsageError unless it is one line of 1 to 50 visible characters."""
    is_line = name.isprintable() and 0 < len(name) <= _MOST_CHARACTERS and name == name.strip()
    if not is_line or _EXPANDED.search(name):
        raise UsageError(
            f"--name {name!r:.80} is no name for an app.",
            hint=f"It takes 1 to {_MOST_CHARACTERS} visible characters in a line, for example: --name 'Review Reader'",
        )


def check_id(value: str, is_id: Callable[[str], bool]) -> None:
    """UsageError unless it is a reversed domain name as the app's system wants it."""
    if len(value) > _LONGEST_ID or not is_id(value):
        raise UsageError(
            f"--id {value!r:.80} is no application id.",
            hint="It is a domain of yours turned round, in letters and digits: --id org.example.reader",
        )


def slug(name: str) -> str:
    """A name as package managers and build tools take it: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "edgelm-app"


def substitute(path: Path, pattern: str, replacement: str, times: int = 1) -> None:
    """Replace what a pattern's group ``value`` matches in a file, so many times.

    RuntimeError where the file has it otherwise: then the kit was changed and this package was not.
    """
    text = path.read_text("utf-8")
    matches = [*re.finditer(pattern, text)]
    if len(matches) != times:
        raise RuntimeError(f"{path.name} has {pattern!r} {len(matches)} times, not {times}")
    for match in reversed(matches):
        text = text[: match.start("value")] + replacement + text[match.end("value") :]
    path.write_text(text, "utf-8")
