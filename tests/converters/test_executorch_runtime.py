"""ExecuTorch programs in the real runtime; collected where `edgelm doctor --install executorch` has been run.

A conversion takes half a minute on a busy machine, so all operators are one program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.errors import ParityError, UnsupportedError
from edgelm.graph import quantize, rewrites
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import Graph
from edgelm.types import Array, ConvertRequest, Runner
from edgelm_converters.executorch import EXECUTORCH
from edgelm_targets.executorch import EXECUTORCH as TARGET

from .conftest import OPERATORS

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Program:
    """A graph as a program."""

    folder: Path
    manifest: Mapping[str, Any]

    def load(self) -> Runner:
        """For one text: an operator alone may have inputs without a batch."""
        return TARGET._opened(self.folder, self.manifest, 1)


def write(graph: Graph, folder: Path, precision: str = "fp32") -> Program:
    folder.mkdir(exist_ok=True)
    artifact = EXECUTORCH.convert(graph, ConvertRequest(folder, EXECUTORCH.precisions[precision], 64))
    return Program(folder, {"artifact": asdict(artifact)})


@pytest.fixture(scope="module")
def program(encoder: Graph, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The tiny encoder."""
    return write(rewrites.apply(encoder, EXECUTORCH.rewrites), tmp_path_factory.mktemp("encoder"))


def feed_of(length: int) -> dict[str, Array]:
    ids = np.random.default_rng(length).integers(5, 100, (1, length), dtype=np.int32)
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}


def test_every_operator(one_operator: Callable[..., tuple[Graph, dict[str, Array]]], tmp_path: Path) -> None:
    """Those over weights also over int8, with the graph's own scales."""
    operators = [*OPERATORS, *(f"{name} in int8" for name in ("linear", "linear without bias", "gather"))]
    alone = {}
    for i, name in enumerate(operators):
        graph, feed = one_operator(name.removesuffix(" in int8"), batch=1)
        alone[f"{i}."] = (in_int8(graph) if name.endswith("int8") else graph, feed)
    graph = side_by_side({prefix: graph for prefix, (graph, _) in alone.items()})
    feed = {f"{prefix}{name}": array for prefix, (_, own) in alone.items() for name, array in own.items()}
    found = write(graph, tmp_path).load()(feed)
    expected = Interpreter(graph)(feed)
    assert {name: array.shape for name, array in found.items()} == {name: a.shape for name, a in expected.items()}
    errors = {
        operator: max(
            float(np.abs(found[name] - array).max()) for name, array in expected.items() if name.startswith(prefix)
        )
        for operator, prefix in zip(operators, alone, strict=True)
    }
    print(errors)
    assert {operator: error for operator, error in errors.items() if not error < 1e-5} == {}


def in_int8(graph: Graph) -> Graph:
    """A graph of one node over a constant, however small."""
    (node,) = graph.nodes
    (constant,) = (graph[name] for name in node.inputs if len(graph[name].shape) == 2 and graph[name].data is not None)
    attrs = {**node.attrs, "activations": EXECUTORCH.precisions["int8"].activations}
    tensors = {**graph.tensors, constant.name: quantize.as_stored(constant, "int8")}
    return replace(graph, nodes=(replace(node, attrs=attrs),), tensors=tensors)


def side_by_side(graphs: Mapping[str, Graph]) -> Graph:
    """One graph of several, with a prefix before every name of each."""
    whole = Graph((), (), (), {})
    for prefix, graph in graphs.items():
        own = prefixed(graph, prefix)
        whole = Graph(
            whole.inputs + own.inputs,
            whole.outputs + own.outputs,
            whole.nodes + own.nodes,
            {**whole.tensors, **own.tensors},
        )
    return whole


def prefixed(graph: Graph, prefix: str) -> Graph:
    def named(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(prefix + name for name in names)

    nodes = tuple(replace(node, inputs=named(node.inputs), outputs=named(node.outputs)) for node in graph.nodes)
    tensors = {prefix + name: replace(tensor, name=prefix + name) for name, tensor in graph.tensors.items()}
    return Graph(named(graph.inputs), named(graph.outputs), nodes, tensors)


@pytest.mark.parametrize("length", [1, 2, 17, 64])
def test_any_length(length: int, program: Program, encoder: Graph) -> None:
    want, got = Interpreter(encoder)(feed_of(length)), program.load()(feed_of(length))
    np.testing.assert_allclose(got["sentence_embedding"], want["sentence_embedding"], atol=1e-5)


def test_xnnpack_has_its_share(program: Program) -> None:
    details = program.manifest["artifact"]["details"]
    assert details["delegates"] > 0
    assert "aten::native_layer_norm" in details["kernels"]
    assert not {name for name in details["kernels"] if name.startswith(("aten::bmm", "aten::linear", "aten::addmm"))}


def test_the_same_bytes(program: Program, encoder: Graph, tmp_path: Path) -> None:
    again = write(rewrites.apply(encoder, EXECUTORCH.rewrites), tmp_path)
    (name,) = program.manifest["artifact"]["files"]
    assert (again.folder / name).read_bytes() == (program.folder / name).read_bytes()


def test_int8_answers_as_its_graph(encoder: Graph, tmp_path: Path) -> None:
    """The integers are the same; a last digit of float32 decides a rounding at the border of two steps."""
    graph = quantize.apply_scheme(rewrites.apply(encoder, EXECUTORCH.rewrites), EXECUTORCH.precisions["int8"])
    run = write(graph, tmp_path, "int8").load()
    for length in (1, 17):
        want, got = (runner(feed_of(length))["sentence_embedding"] for runner in (Interpreter(graph), run))
        assert float((want * got).sum()) > 0.999


def test_an_operator_it_does_not_know_is_named(encoder: Graph, tmp_path: Path) -> None:
    nodes = [replace(node, op="sine" if node.op == "gelu" else node.op) for node in encoder.nodes]
    with pytest.raises(UnsupportedError, match="the executorch converter does not know operator sine"):
        write(replace(encoder, nodes=tuple(nodes)), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_broken_program_is_no_answer(program: Program, tmp_path: Path) -> None:
    (name,) = program.manifest["artifact"]["files"]
    (tmp_path / name).write_bytes((program.folder / name).read_bytes()[:1000])
    with pytest.raises(ParityError, match=r"executorch in executorch 1\.\S+ on Python .*: the runtime's process died"):
        replace(program, folder=tmp_path).load()
