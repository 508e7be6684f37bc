"""The generated page's own commands, `npm run build` and `npm start`, with npm's packages from the repository."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edgelm.apps import Made
from edgelm.bundle import Bundle

from .conftest import MODULES


def test_the_page_builds_and_serves_its_bundles(project: Callable[..., Made], bundles: Path) -> None:
    path = project("web", f"second={bundles / 'onnx'}", name="Reader").request.output
    (path / "node_modules").symlink_to(MODULES)
    subprocess.run(["npm", "run", "build"], cwd=path, check=True, capture_output=True)
    for name in ("tagger", "second"):
        Bundle.open(path / "dist" / "bundles" / name).verify()
    with served(path) as fetch:
        assert "<title>Reader</title>" in fetch("")
        assert {entry["name"] for entry in json.loads(fetch("bundles/index.json"))["bundles"]} == {"tagger", "second"}


def test_npm_finds_the_lock_file_in_step_with_the_package(project: Callable[..., Made]) -> None:
    path = project("web", name="Reader").request.output
    command = ["npm", "ci", "--dry-run", "--offline", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=path, check=False, capture_output=True, text=True)
    assert "in sync" not in done.stderr
    assert done.returncode == 0, done.stderr


@contextmanager
def served(path: Path) -> Iterator[Callable[[str], str]]:
    """`npm start`'s server on a free port, and what fetches from it."""
    process = subprocess.Popen(
        ["node", "serve.mjs", "dist", "--port", "0"], cwd=path, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        address = process.stdout.readline().split()[-1]
        yield lambda name: urllib.request.urlopen(address + name, timeout=30).read().decode("utf-8")
    finally:
        process.terminate()
        process.communicate()
