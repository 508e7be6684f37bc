"""The graph as data: tensors, nodes, and a graph of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edgelm.errors import EdgelmError
from edgelm.graph import numeric
from edgelm.types import Array, Dim, TensorSpec

BATCH = "batch"
LENGTH = "length"


class GraphError(EdgelmError):
    """An ill-formed graph: a bug in edgelm, never the user's fault."""


@dataclass(frozen=True)
class Quantization:
    """Symmetric quantization: ``real = integer * scale``, the zero point is 0.

    Per channel, ``scale`` is float32 of shape ``[shape[axis]]`` and int8 is within [-127, 127]. With ``block`` the
    tensor is a matrix, each row has a scale for every so many columns, ``[rows, columns / block]``, and int4 is within
    [-8, 7].
    """

    scale: Array
    axis: int
    block: int | None = None


@dataclass(frozen=True)
class Tensor:
    """One edge of the graph; a constant where ``data`` is given (perhaps a memory-mapped view of the checkpoint)."""

    name: str
    dtype: str
    shape: tuple[Dim, ...]
    data: Array | None = field(default=None, compare=False)
    quantization: Quantization | None = field(default=None, compare=False)

    @property
    def spec(self) -> TensorSpec:
        """Name, dtype and shape alone."""
        return TensorSpec(self.name, self.dtype, self.shape)

    def numpy(self) -> Array:
        """The constant's values as the arithmetic sees them: float32 for any other storage of floats, else as stored.

        float16 data is NumPy's, bfloat16 data the upper halves of float32 in uint16, int4 data is held in int8.
        """
        if self.data is None:
            raise GraphError(f"{self.name} is no constant")
        if self.quantization is not None:
            integers = self.data.astype(np.float32)
            block = self.quantization.block
            if block:
                return (integers.reshape(len(integers), -1, block) * self.quantization.scale[:, :, None]).reshape(
                    self.data.shape
                )
            scale_shape = [1] * self.data.ndim
            scale_shape[self.quantization.axis] = -1
            return integers * self.quantization.scale.reshape(scale_shape)
        if self.dtype == "bfloat16":
            return numeric.from_bfloat16(self.data)
        return self.data.astype(np.float32) if self.dtype == "float16" else self.data


@dataclass(frozen=True)
class Node:
    """One operator applied to named tensors."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def output(self) -> str:
        """The output of a node that has one."""
        return self.outputs[0]


@dataclass(frozen=True)
class Graph:
    """Nodes in topological order; ``tensors`` types every name that occurs in them."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    tensors: Mapping[str, Tensor]

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name]

    @property
    def constants(self) -> Iterator[Tensor]:
        """Every constant once, in the order of first use."""
        seen: set[str] = set()
        for node in self.nodes:
            for name in node.inputs:
                if name not in seen and self.tensors[name].data is not None:
                    seen.add(name)
                    yield self.tensors[name]

    @property
    def signature(self) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
        """What no rewrite may change: the specs of the inputs and of the outputs."""
        return (
            tuple(self.tensors[name].spec for name in self.inputs),
            tuple(self.tensors[name].spec for name in self.outputs),
        )

    def producers(self) -> dict[str, Node]:
        """The node that writes each tensor."""
        return {name: node for node in self.nodes for name in node.outputs}

    def consumers(self) -> dict[str, list[Node]]:
        """The nodes that read each tensor; graph outputs have no entry of their own."""
        readers: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in node.inputs:
                readers.setdefault(name, []).append(node)
        return readers
