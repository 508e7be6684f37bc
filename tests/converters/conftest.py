"""Every operator alone, as a table of small graphs that each converter's tests expand over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm import setups
from edgelm.families import Model
from edgelm.graph.builder import GraphBuilder
from edgelm.graph.ir import BATCH, LENGTH, Graph
from edgelm.types import Array

from .written import WIDE

collect_ignore = [] if setups.find("executorch") else ["test_executorch_runtime.py"]
"""What `edgelm doctor --install executorch` has to be run for."""

Operand = Array | tuple[str, tuple[int | str, ...]]
RNG = np.random.default_rng(0)


def floats(*shape: int) -> Array:
    """Constant operands."""
    return RNG.normal(0, 1, shape).astype(np.float32)


X: Operand = ("float32", (BATCH, LENGTH, 8))
HEADS: Operand = ("float32", (BATCH, 2, LENGTH, 8))
IDS: Operand = ("int32", (BATCH, LENGTH))
ONE = np.asarray(1.5, np.float32)

OPERATORS: Mapping[str, tuple[str, Sequence[Operand], Mapping[str, Any]]] = {
    "add": ("add", [X, X], {}),
    "add a row": ("add", [X, floats(8)], {}),
    "add integers": ("add", [IDS, np.asarray(3, np.int32)], {}),
    "sub from a scalar": ("sub", [ONE, X], {}),
    "mul by a scalar": ("mul", [X, ONE], {}),
    "div": ("div", [X, np.abs(floats(8)) + 1], {}),
    "maximum": ("maximum", [X, ONE], {}),
    "sqrt": ("sqrt", [np.abs(floats(3, 8))], {}),
    "tanh": ("tanh", [X], {}),
    "sigmoid": ("sigmoid", [X], {}),
    "relu": ("relu", [X], {}),
    "gelu, erf": ("gelu", [X], {"approximate": "none"}),
    "gelu, tanh": ("gelu", [X], {"approximate": "tanh"}),
    "cast": ("cast", [IDS], {"dtype": "float32"}),
    "linear": ("linear", [X, floats(6, 8), floats(6)], {}),
    "linear without bias": ("linear", [X, floats(6, 8)], {}),
    "matmul": ("matmul", [HEADS, floats(2, 8, 5)], {"transpose_b": False}),
    "matmul, transposed": ("matmul", [HEADS, HEADS], {"transpose_b": True}),
    "matmul, shared by the batch": (
        "matmul",
        [("float32", (BATCH, LENGTH, 2, 8)), ("float32", (1, LENGTH, LENGTH, 8))],
        {"transpose_b": True},
    ),
    "softmax": ("softmax", [HEADS], {}),
    "layer_norm": ("layer_norm", [X, floats(8), floats(8)], {"epsilon": 1e-5}),
    "layer_norm, large epsilon": ("layer_norm", [X, floats(8), floats(8)], {"epsilon": 0.5}),
    "l2_normalize": ("l2_normalize", [X], {"epsilon": 1e-12}),
    "l2_normalize, clamped": ("l2_normalize", [X], {"epsilon": 100.0}),
    "reduce_sum": ("reduce_sum", [X], {"axis": 1, "keepdims": False}),
    "reduce_sum, kept": ("reduce_sum", [X], {"axis": -1, "keepdims": True}),
    "reduce_max": ("reduce_max", [X], {"axis": 1, "keepdims": False}),
    "gather": ("gather", [floats(20, 8), IDS], {}),
    "gather, once for all texts": ("gather", [floats(20, 8), ("int32", (1, 1, LENGTH))], {}),
    "gather of integers": ("gather", [np.arange(20, dtype=np.int32), ("int32", (1, LENGTH, LENGTH))], {}),
    "gather_columns": ("gather_columns", [HEADS, ("int32", (LENGTH, LENGTH))], {}),
    "gather_columns of one row": ("gather_columns", [("float32", (BATCH, 2, 1, 8)), ("int32", (1, LENGTH))], {}),
    "position_ids": ("position_ids", [IDS], {"padding_idx": None}),
    "position_ids after padding": ("position_ids", [IDS], {"padding_idx": 1}),
    "reshape": ("reshape", [X], {"shape": (0, 0, 2, 4)}),
    "reshape, inferred": ("reshape", [X], {"shape": (0, 0, -1, 2)}),
    "transpose": ("transpose", [HEADS], {"perm": (0, 2, 1, 3)}),
    "squeeze": ("squeeze", [("float32", (BATCH, LENGTH, 1))], {"axis": 2}),
    "unsqueeze": ("unsqueeze", [X], {"axis": 1}),
    "slice": ("slice", [X], {"axis": 1, "start": 0, "stop": 1}),
    "slice of the last axis": ("slice", [X], {"axis": -1, "start": 2, "stop": 7}),
    "split": ("split", [X], {"axis": 2, "sizes": (2, 3, 3)}),
    "split of heads": ("split", [HEADS], {"axis": 3, "sizes": (4, 4)}),
    "concat": ("concat", [X, X], {"axis": 2}),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for ``operator`` runs once for each row of the table."""
    if "operator" in metafunc.fixturenames:
        metafunc.parametrize("operator", OPERATORS)


@pytest.fixture
def one_operator() -> Callable[..., tuple[Graph, dict[str, Array]]]:
    """``one_operator(operator, batch=2)``: a graph of one node, and random inputs for it of length 5."""

    def make(operator: str, batch: int = 2) -> tuple[Graph, dict[str, Array]]:
        op, operands, attrs = OPERATORS[operator]
        b, feed, names = GraphBuilder(), {}, []
        for i, operand in enumerate(operands):
            if not isinstance(operand, tuple):
                names.append(b.constant(f"c{i}", operand))
                continue
            dtype, shape = operand
            sizes = [{BATCH: batch, LENGTH: 5}.get(size, size) for size in shape]
            values = RNG.integers(0, 4, sizes) if dtype == "int32" else RNG.normal(0, 2, sizes)
            feed[f"x{i}"] = values.astype(dtype)
            names.append(b.input(f"x{i}", dtype, shape))
        outputs = tuple(f"y{i}" for i in range(len(attrs.get("sizes", (1,)))))
        b.multi(op, *names, names=outputs, **attrs)
        return b.build(outputs), feed

    return make


@pytest.fixture(scope="session")
def encoder(make_checkpoint: Callable[..., Path], open_model: Callable[[Path], Model]) -> Graph:
    """Two BERT layers and a pooled sentence, every kernel's kind once: 8 linear layers once Q, K and V are merged."""
    return open_model(make_checkpoint("bert", **WIDE)).graph("sentence-similarity", 64)
