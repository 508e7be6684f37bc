"""Layouts of tiny bundles, made once; leaves out what checks them with tools that are not installed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from edgelm.layouts import LAYOUTS, write
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.types import Verdict

SCHEMAS = Path(__file__).parent / "schemas"
SIZES = {"hidden_size": 64, "intermediate_size": 128}
"""Smaller matrices are not quantized."""
THREADS = 1
_NEEDED = {"test_triton.py": find_spec("tritonclient"), "test_containerfile.py": shutil.which("hadolint")}
collect_ignore = [name for name, tool in _NEEDED.items() if tool is None]


@pytest.fixture(scope="session")
def bundle_of(make_checkpoint: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``bundle_of(target, task="text-classification", precision=None)``: a bundle that passed; not to be changed."""
    made: dict[tuple[str, ...], Path] = {}

    def make(target: str, task: str = "text-classification", precision: str | None = None) -> Path:
        key = (target, task, precision or "")
        if key not in made:
            out = tmp_path_factory.mktemp("bundles")
            folder = make_checkpoint("bert", task, **SIZES)
            request = ExportRequest(str(folder), (target,), out, precision=precision, threads=THREADS)
            (report,) = export(Plan(request), lambda *_: None)
            assert report.verdict is Verdict.PASS, report.checks
            made[key] = out / target
        return made[key]

    return make


@pytest.fixture(scope="session")
def lay_out(bundle_of: Callable[..., Path]) -> Callable[..., Path]:
    """``lay_out(layout, target, **bundle)``: the layout's folder."""
    made: dict[str, Path] = {}

    def make(layout: str, target: str, **bundle: Any) -> Path:
        key = json.dumps([layout, target, bundle])
        if key not in made:
            made[key] = write(LAYOUTS[layout], bundle_of(target, **bundle), THREADS)
        return made[key]

    return make


@pytest.fixture(scope="session")
def schema() -> Callable[[str], Any]:
    """``schema(name)``: one of schemas/, each of which names its source."""
    return lambda name: json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
