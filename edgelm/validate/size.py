"""Bytes of everything an app must ship."""

from __future__ import annotations

from edgelm.bundle import Bundle
from edgelm.types import Check


def checks(bundle: Bundle) -> list[Check]:
    """The bundle's size without what only proves it, the model's share of it, and the number of files."""
    files = bundle.manifest["files"]
    model = sum(files[name]["bytes"] for name in bundle.manifest["artifact"]["files"])
    return [
        Check.at_most("size", "bundle", bundle.size_bytes / 1e6, None, "MB"),
        Check.at_most("size", "model", model / 1e6, None, "MB"),
        Check.at_most("size", "files", len(bundle.shipped) + 1, None),
    ]
