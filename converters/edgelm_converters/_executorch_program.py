"""Writes a graph as an ExecuTorch program, in the Python that has torch and executorch, where nothing of edgelm is.

The graph comes as JSON holds it, its constants as the feed of `edgelm.worker`; torch.export traces a module that
evaluates the nodes one after the other, and XNNPACK takes whatever it can of that.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import EdgeProgramManager, to_edge_transform_and_lower
from executorch.exir.dialects.edge._ops import EdgeOpOverload
from executorch.exir.lowered_backend_module import executorch_call_delegate
from torch.export import Dim, export

if TYPE_CHECKING:
    from edgelm.types import Runner, Tensors

Operands = Sequence[torch.Tensor]
Attrs = Mapping[str, Any]
_Q = torch.ops.quantized_decomposed
_EXAMPLE_LENGTH = 8
"""Of the inputs that are traced; torch.export takes a size of 0 or 1 for a constant."""


def open_writer(graph: Mapping[str, Any], max_length: int) -> Runner:
    """A function from the graph's constants to ``program``, the file's bytes, and ``facts``, JSON, both as uint8.

    ``graph`` has its ``nodes``, and the specs of its ``inputs`` and ``outputs``. Beside an int8 constant stands its
    ``<name>/scale``, one for each row. The program takes a batch of one, of any length up to ``max_length``.
    NotImplementedError names the operators that are not known here.
    """
    unknown = sorted({node["op"] for node in graph["nodes"]} - OPERATORS.keys())
    if unknown:
        raise NotImplementedError(f"the executorch converter does not know operator {', '.join(unknown)}")

    def write(constants: Tensors) -> dict[str, Any]:
        lowered = _lowered(graph, constants, max_length)
        facts = json.dumps(_facts(lowered)).encode()
        program = lowered.to_executorch().buffer  # which changes the graph in place
        return {"program": np.frombuffer(program, np.uint8), "facts": np.frombuffer(facts, np.uint8)}

    return write


class _Evaluation(torch.nn.Module):  # type: ignore[misc]  # torch is not followed
    """The graph as a module: inputs in the order of its signature in, outputs in theirs out."""

    def __init__(self, graph: Mapping[str, Any], constants: Tensors) -> None:
        super().__init__()
        self.graph = graph
        self.constants = {name: f"constant_{i}" for i, name in enumerate(constants)}
        for name, array in constants.items():
            self.register_buffer(self.constants[name], torch.from_numpy(array.copy()))

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Each node once, in order."""
        values = {name: getattr(self, attribute) for name, attribute in self.constants.items()}
        values.update(zip((spec["name"] for spec in self.graph["inputs"]), inputs, strict=True))
        for node in self.graph["nodes"]:
            operands = [values[name] for name in node["inputs"]]
            scales = [values[f"{name}/scale"] for name in node["inputs"] if f"{name}/scale" in values]
            operator = QUANTIZED[node["op"]] if scales else OPERATORS[node["op"]]
            results = operator([*operands, *scales], node["attrs"])
            results = (results,) if isinstance(results, torch.Tensor) else results
            values.update(zip(node["outputs"], results, strict=True))
        return tuple(values[spec["name"]] for spec in self.graph["outputs"])


def _lowered(graph: Mapping[str, Any], constants: Tensors, max_length: int) -> EdgeProgramManager:
    """The program in the edge dialect, with XNNPACK's share in delegates."""
    module = _Evaluation(graph, constants).eval()
    sizes = {"batch": 1, "length": min(_EXAMPLE_LENGTH, max_length)}
    unknown = {"length": Dim("length", min=1, max=max_length)} if max_length > 1 else {}
    example, dynamic = [], []
    for spec in graph["inputs"]:
        shape = [sizes.get(size, size) for size in spec["shape"]]
        example.append(torch.ones(shape, dtype=getattr(torch, spec["dtype"])))
        dynamic.append({axis: unknown[size] for axis, size in enumerate(spec["shape"]) if size in unknown})
    with torch.no_grad():
        exported = export(module, tuple(example), dynamic_shapes={"inputs": tuple(dynamic)})
    return to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()])


def _facts(lowered: EdgeProgramManager) -> dict[str, Any]:
    """How many parts XNNPACK computes, and the operators between them, which ExecuTorch's own kernels compute."""
    called = [node.target for node in lowered.exported_program().graph.nodes if node.op == "call_function"]
    kernels = {target.name() for target in called if isinstance(target, EdgeOpOverload)}
    return {"delegates": called.count(executorch_call_delegate), "kernels": sorted(kernels)}


def _linear(x: Operands, _: Attrs) -> torch.Tensor:
    return torch.nn.functional.linear(*x)


def _matmul(x: Operands, attrs: Attrs) -> torch.Tensor:
    """Of heads as a product of three axes, which XNNPACK has; torch makes one of four by copying its operands."""
    left, right = x[0], x[1].transpose(-1, -2) if attrs["transpose_b"] else x[1]
    if left.dim() == right.dim() == 4:
        return torch.bmm(left.squeeze(0), right.squeeze(0)).unsqueeze(0)
    return torch.matmul(left, right)


def _gelu(x: Operands, attrs: Attrs) -> torch.Tensor:
    """The tanh approximation spelled out: XNNPACK's delegate takes either for the one with erf (1.5.1)."""
    (values,) = x
    if attrs["approximate"] == "tanh":
        curve = torch.tanh(math.sqrt(2 / math.pi) * (values + 0.044715 * values * values * values))
        return 0.5 * values * (1 + curve)
    return torch.nn.functional.gelu(values)


def _layer_norm(x: Operands, attrs: Attrs) -> torch.Tensor:
    values, weight, bias = x
    return torch.nn.functional.layer_norm(values, weight.shape, weight, bias, attrs["epsilon"])


def _l2_normalize(x: Operands, attrs: Attrs) -> torch.Tensor:
    norm = torch.sqrt(torch.sum(x[0] * x[0], dim=-1, keepdim=True))
    return x[0] / torch.clamp(norm, min=attrs["epsilon"])


def _gather(x: Operands, _: Attrs) -> torch.Tensor:
    table, ids = x
    if table.dim() == 1:
        return torch.nn.functional.embedding(ids, table.unsqueeze(1)).squeeze(-1)
    return torch.nn.functional.embedding(ids, table)


def _gather_columns(x: Operands, _: Attrs) -> torch.Tensor:
    values, indices = x
    return torch.gather(values, -1, indices.to(torch.int64).expand(*values.shape[:-1], indices.shape[1]))


def _position_ids(x: Operands, attrs: Attrs) -> torch.Tensor:
    (ids,), padding = x, attrs["padding_idx"]
    if padding is None:
        return torch.arange(ids.shape[1], dtype=torch.int32).unsqueeze(0)
    real = (ids != padding).to(torch.int32)
    return torch.cumsum(real, dim=1, dtype=torch.int32) * real + padding


def _reshape(x: Operands, attrs: Attrs) -> torch.Tensor:
    """With the length as the one size that is inferred, as far as that goes: XNNPACK knows no other unknown sizes."""
    sizes = [x[0].shape[i] if size == 0 else size for i, size in enumerate(attrs["shape"])]
    unknown = [i for i, size in enumerate(sizes) if not isinstance(size, int)]
    if len(unknown) == 1 and -1 not in sizes:
        sizes[unknown[0]] = -1
    return x[0].contiguous().view(sizes)


def _slice(x: Operands, attrs: Attrs) -> torch.Tensor:
    return torch.ops.aten.slice(x[0], attrs["axis"], attrs["start"], attrs["stop"])


def _quantized_linear(x: Operands, attrs: Attrs) -> torch.Tensor:
    """Spelled as XNNPACK's partitioner looks for it: each token quantized as it comes, and the weight's own scales."""
    assert attrs["activations"] == "dynamic_token_asymmetric"
    values, weight, *bias, scale = x
    chosen = _Q.choose_qparams_per_token_asymmetric(values, torch.int8)
    steps = _Q.quantize_per_token(values, *chosen, -128, 127, torch.int8)
    read = _Q.dequantize_per_token(steps, *chosen, -128, 127, torch.int8, torch.float32)
    zero_points = torch.zeros(len(scale), dtype=torch.int64)
    real = _Q.dequantize_per_channel(weight, scale, zero_points, 0, -127, 127, torch.int8)
    return torch.nn.functional.linear(read, real, *bias)


def _quantized_gather(x: Operands, _: Attrs) -> torch.Tensor:
    """Rows are looked up as stored and widened afterwards, so that the table is never widened whole."""
    table, ids, scale = x
    rows = torch.nn.functional.embedding(ids, table).to(torch.float32)
    return rows * torch.nn.functional.embedding(ids, scale.unsqueeze(1))


QUANTIZED: Mapping[str, Callable[[Operands, Attrs], torch.Tensor]] = {
    "linear": _quantized_linear,
    "gather": _quantized_gather,
}
"""Over an int8 constant, whose scales come last."""
OPERATORS: Mapping[str, Callable[[Operands, Attrs], Any]] = {
    "add": lambda x, _: torch.add(*x),
    "sub": lambda x, _: torch.sub(*x),
    "mul": lambda x, _: torch.mul(*x),
    "div": lambda x, _: torch.div(*x),
    "maximum": lambda x, _: torch.maximum(*x),
    "sqrt": lambda x, _: torch.sqrt(x[0]),
    "tanh": lambda x, _: torch.tanh(x[0]),
    "sigmoid": lambda x, _: torch.sigmoid(x[0]),
    "relu": lambda x, _: torch.relu(x[0]),
    "gelu": _gelu,
    "cast": lambda x, a: x[0].to(getattr(torch, a["dtype"])),
    "linear": _linear,
    "matmul": _matmul,
    "softmax": lambda x, _: torch.softmax(x[0], dim=-1),
    "layer_norm": _layer_norm,
    "l2_normalize": _l2_normalize,
    "reduce_sum": lambda x, a: torch.sum(x[0], dim=a["axis"], keepdim=a["keepdims"]),
    "reduce_max": lambda x, a: torch.amax(x[0], dim=a["axis"], keepdim=a["keepdims"]),
    "gather": _gather,
    "gather_columns": _gather_columns,
    "position_ids": _position_ids,
    "reshape": _reshape,
    "transpose": lambda x, a: x[0].permute(a["perm"]),
    "squeeze": lambda x, a: x[0].squeeze(a["axis"]),
    "unsqueeze": lambda x, a: x[0].unsqueeze(a["axis"]),
    "slice": _slice,
    "split": lambda x, a: torch.split(x[0], a["sizes"], dim=a["axis"]),
    "concat": lambda x, a: torch.cat(list(x), dim=a["axis"]),
}
"""Of `edgelm.graph.ops`, with the same attributes."""
