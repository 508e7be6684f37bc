"""ExecuTorch without its set-up: what is said then, and that no operator is forgotten."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from edgelm import setups
from edgelm.errors import ToolchainError, UsageError
from edgelm.graph.builder import GraphBuilder
from edgelm.graph.ir import BATCH, LENGTH, Graph
from edgelm.graph.ops import OPS
from edgelm.pipeline import ExportRequest, Plan
from edgelm.types import ConvertRequest
from edgelm_converters import executorch
from edgelm_converters.executorch import EXECUTORCH
from edgelm_targets.executorch import EXECUTORCH as TARGET

COMMAND = "edgelm doctor --install executorch"
INTEGERS_ONLY = {"quantized_linear"}
"""Operators of precisions that this converter does not have."""


@pytest.fixture
def _nothing_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGELM_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("_nothing_set_up")
def test_without_the_set_up_its_command_is_the_error(make_checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    request = ExportRequest(str(make_checkpoint("bert")), ("executorch",), tmp_path / "out")
    with pytest.raises(ToolchainError, match=f"Target executorch: executorch==.* run: {COMMAND}"):
        Plan(request)
    with pytest.raises(ToolchainError, match=f"Run: {COMMAND}"):
        EXECUTORCH.convert(_add(), ConvertRequest(tmp_path, EXECUTORCH.precisions["fp32"], 8))
    with pytest.raises(ToolchainError, match=f"Run: {COMMAND}"):
        TARGET.load(tmp_path, {"artifact": {}}, 1)
    assert TARGET.unmeasured == f"{setups.SET_UPS['executorch'].requirement} is not set up; run: {COMMAND}"
    assert not list(tmp_path.iterdir())


def test_the_set_up_is_known_by_its_name() -> None:
    assert TARGET.set_up in setups.SET_UPS


def test_every_operator_is_written() -> None:
    """The script is for another Python, which alone can import it."""
    tree = ast.parse(executorch._WRITER.read_text("utf-8"))
    (table,) = (
        node.value for node in tree.body if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "OPERATORS"
    )
    assert isinstance(table, ast.Dict)
    assert {ast.literal_eval(key) for key in table.keys if key} == set(OPS) - INTEGERS_ONLY


def test_it_shows_no_values_and_says_who_does(tmp_path: Path) -> None:
    assert not TARGET.shows_values
    with pytest.raises(UsageError, match="cannot show") as raised:
        TARGET.trace(tmp_path, {}, 1, ())
    assert "--target onnx" in raised.value.hint


def _add() -> Graph:
    b = GraphBuilder()
    return b.build((b.op("add", *(b.input(name, "float32", (BATCH, LENGTH, 8)) for name in "ab"), name="y"),))
