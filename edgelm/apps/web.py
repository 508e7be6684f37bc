"""The web page: its title, and an npm project that builds it with its own bundles."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgelm.apps.identity import Identity, slug, substitute
from edgelm.bundle import write_json


def edit(project: Path, identity: Identity, bundles: Sequence[str]) -> None:
    """`npm run build` builds the page with its bundles; what only the repository's own tests need is not installed."""
    package, lock = project / "package.json", project / "package-lock.json"
    content, locked = _read(package), _read(lock)
    content["scripts"] = {
        "build": " ".join(["node build.mjs", *(f"--bundle {name}=bundles/{name}" for name in bundles), "--out dist"]),
        "start": content["scripts"]["start"],
    }
    del content["devDependencies"]
    del locked["packages"][""]["devDependencies"]
    locked["packages"] = {name: entry for name, entry in locked["packages"].items() if not entry.get("dev")}
    if identity.name is not None:
        name = slug(identity.name)
        content["name"] = locked["name"] = locked["packages"][""]["name"] = name
        text = html.escape(identity.name, quote=False)
        substitute(project / "index.html", r"<title>(?P<value>[^<]*)</title>", text)
        substitute(project / "index.html", r"<h1[^>]*>(?P<value>[^<]*)</h1>", text)
    write_json(package, content)
    write_json(lock, locked)


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found
