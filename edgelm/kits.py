"""Finds the app kits' sources: in a checkout the repository's own folders, in an installed wheel its copies of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgelm.errors import ToolchainError

KITS = ("android_demo", "ios_demo", "web_demo")
CARRIED = "_kits"
"""The folder of this package that hatch_build.py puts into wheels. A checkout has none: its own folders are used."""
_PACKAGE = Path(__file__).resolve().parent
_PLACES = (_PACKAGE / CARRIED, _PACKAGE.parent)
_MADE = {
    ".build",
    ".cache",
    ".cxx",
    ".gradle",
    ".idea",
    ".kotlin",
    ".swiftpm",
    ".DS_Store",
    "DerivedData",
    "__pycache__",
    "build",
    "dist",
    "local.properties",
    "node_modules",
    "xcuserdata",
}
"""What compilers, package managers and editors leave behind: never part of the sources."""


def place(name: str) -> Path:
    """Where a kit's folder lies, or the licence; ToolchainError where this edgelm came without."""
    found = next((folder / name for folder in _PLACES if (folder / name).exists()), None)
    if found is None:
        raise ToolchainError(
            f"This edgelm was installed without {name}.",
            hint="Install its wheel: pip install --force-reinstall edgelm; or run it in a checkout of its repository.",
        )
    return found


def files(folder: Path) -> Iterator[str]:
    """The paths of a project's own files, relative to it, sorted; not what was made of them."""
    for path in sorted(folder.iterdir()):
        if path.name in _MADE:
            continue
        if path.is_dir():
            yield from (f"{path.name}/{below}" for below in files(path))
        else:
            yield path.name
