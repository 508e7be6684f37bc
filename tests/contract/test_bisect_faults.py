"""A fault in the file of a bundle is found at the operator that computes it, in every format and precision."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from xml.etree import ElementTree

import numpy as np
import pytest
from ml_dtypes import bfloat16

from edgelm.bundle import Bundle
from edgelm.graph.ir import Graph, Node
from edgelm.validate.diff import Comparison, open_source

from .cases import Case, every_case

TASK = "text-classification"


class File(Protocol):
    """A model file under the knife; ``weight`` is a view that writes through, ``save`` puts the rest on disk."""

    def __init__(self, bundle: Path, manifest: Mapping[str, Any]) -> None: ...
    def weight(self, name: str) -> np.ndarray:
        """The values of a constant as they are stored: float32, float16 or int8."""

    def epsilon(self, norm: str, value: float) -> None:
        """Set a LayerNorm's epsilon; in TFLite all share one."""

    def tanh_gelu(self, gelu: str) -> None:
        """Turn a GELU into its tanh approximation."""

    def save(self) -> None: ...


class OnnxFile:
    def __init__(self, bundle: Path, manifest: Mapping[str, Any]) -> None:
        import onnx

        self.path = bundle / manifest["artifact"]["files"][0]
        self.model = onnx.load(self.path)
        self.changed: dict[str, np.ndarray] = {}

    def weight(self, name: str) -> np.ndarray:
        from onnx import numpy_helper

        tensors = {tensor.name: tensor for tensor in self.model.graph.initializer}
        key = f"{name}.T"
        return self.changed.setdefault(key, numpy_helper.to_array(tensors[key]).copy()).T

    def epsilon(self, norm: str, value: float) -> None:
        (node,) = (node for node in self.model.graph.node if norm in node.output)
        next(attribute for attribute in node.attribute if attribute.name == "epsilon").f = value

    def tanh_gelu(self, gelu: str) -> None:
        from onnx import helper

        nodes = list(self.model.graph.node)
        parts = {gelu, *(f"{gelu}.{part}" for part in ("inner", "erf", "gate", "gated"))}
        spelled = [node for node in nodes if node.output[0] in parts]
        fast = helper.make_node("FastGelu", [spelled[0].input[0]], [gelu], domain="com.microsoft")
        at = nodes.index(spelled[0])
        kept = [node for node in nodes if node not in spelled]
        del self.model.graph.node[:]
        self.model.graph.node.extend([*kept[:at], fast, *kept[at:]])
        self.model.opset_import.append(helper.make_opsetid("com.microsoft", 1))

    def save(self) -> None:
        for tensor in self.model.graph.initializer:
            if tensor.name in self.changed:
                tensor.raw_data = self.changed[tensor.name].tobytes()
        self.path.write_bytes(self.model.SerializeToString())


class OpenVinoFile:
    def __init__(self, bundle: Path, manifest: Mapping[str, Any]) -> None:
        self.path, binary = (bundle / name for name in manifest["artifact"]["files"])
        self.tree = ElementTree.parse(self.path)
        self.bytes = np.memmap(binary, np.uint8, "r+")

    def weight(self, name: str) -> np.ndarray:
        data = self._data(name)
        start, size = int(data["offset"]), int(data["size"])
        dtype = {"f32": np.float32, "f16": np.float16, "bf16": bfloat16, "i8": np.int8}[data["element_type"]]
        shape = [int(part) for part in data["shape"].split(",")]
        return self.bytes[start : start + size].view(dtype).reshape(shape)

    def epsilon(self, norm: str, value: float) -> None:
        self._data(f"{norm}/normal")["eps"] = str(value)

    def tanh_gelu(self, gelu: str) -> None:
        self._data(gelu)["approximation_mode"] = "TANH"

    def save(self) -> None:
        self.tree.write(self.path)
        self.bytes.flush()

    def _data(self, name: str) -> dict[str, str]:
        (layer,) = (layer for layer in self.tree.iter("layer") if layer.get("name") == name)
        data = layer.find("data")
        assert data is not None
        return data.attrib


class TFLiteFile:
    def __init__(self, bundle: Path, manifest: Mapping[str, Any]) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self.path = bundle / manifest["artifact"]["files"][0]
        self.bytes = bytearray(self.path.read_bytes())
        self.model = schema.Model.GetRootAs(self.bytes)
        self.schema = schema

    def weight(self, name: str) -> np.ndarray:
        types = self.schema.TensorType
        dtypes = {types.FLOAT32: np.float32, types.FLOAT16: np.float16, types.INT8: np.int8}
        tensor = next(tensor for tensor in self._tensors() if tensor.Name() == name.encode())
        values = self.model.Buffers(tensor.Buffer()).DataAsNumpy()
        return values.view(dtypes[tensor.Type()]).reshape(tensor.ShapeAsNumpy())

    def epsilon(self, norm: str, value: float) -> None:
        assert norm == "embeddings.norm"
        self.weight("float32(1e-12)")[...] = value

    def tanh_gelu(self, gelu: str) -> None:
        import flatbuffers

        model = self.schema.ModelT.InitFromPackedBuf(bytes(self.bytes))
        (subgraph,) = model.subgraphs
        (at,) = (i for i, tensor in enumerate(subgraph.tensors) if tensor.name == gelu.encode())
        (operator,) = (operator for operator in subgraph.operators if at in operator.outputs)
        operator.builtinOptions.approximate = True
        builder = flatbuffers.Builder(len(self.bytes))
        builder.Finish(model.Pack(builder), b"TFL3")
        self.bytes[:] = builder.Output()

    def save(self) -> None:
        self.path.write_bytes(self.bytes)

    def _tensors(self) -> list[Any]:
        graph = self.model.Subgraphs(0)
        return [graph.Tensors(i) for i in range(graph.TensorsLength())]


class CoreMLFile:
    def __init__(self, bundle: Path, manifest: Mapping[str, Any]) -> None:
        from coremltools.proto import Model_pb2

        files = [bundle / name for name in manifest["artifact"]["files"]]
        self.path = next(path for path in files if path.suffix == ".mlmodel")
        self.bytes = np.memmap(next(path for path in files if path.suffix == ".bin"), np.uint8, "r+")
        self.spec = Model_pb2.Model.FromString(self.path.read_bytes())
        (function,) = self.spec.mlProgram.functions.values()
        (block,) = function.block_specializations.values()
        self.operations = {operation.outputs[0].name: operation for operation in block.operations}

    def weight(self, name: str) -> np.ndarray:
        operation = self.operations[re.sub(r"[^A-Za-z0-9_]", "_", name)]
        value = operation.attributes["val" if operation.type == "const" else "quantized_data"]
        shape = [dimension.constant.size for dimension in value.type.tensorType.dimensions]
        dtype = {10: np.float16, 11: np.float32, 21: np.int8}[value.type.tensorType.dataType]
        entry = self.bytes[value.blobFileValue.offset :]
        start, size = int(entry[16:24].view("<u8")[0]), int(entry[8:16].view("<u8")[0])
        return self.bytes[start : start + size].view(dtype).reshape(shape)

    def epsilon(self, norm: str, value: float) -> None:
        tensor = self._operand(norm, "epsilon")
        if tensor.WhichOneof("value") == "bytes":
            tensor.bytes.values = np.float16(value).tobytes()
        else:
            tensor.floats.values[0] = value

    def tanh_gelu(self, gelu: str) -> None:
        self._operand(gelu, "mode").strings.values[0] = "TANH_APPROXIMATION"

    def save(self) -> None:
        self.path.write_bytes(self.spec.SerializeToString(deterministic=True))
        self.bytes.flush()

    def _operand(self, output: str, key: str) -> Any:
        binding = self.operations[output.replace(".", "_")].inputs[key].arguments[0]
        value = self.operations[binding.name].attributes["val"] if binding.name else binding.value
        return value.immediateValue.tensor


FILES: Mapping[str, type[File]] = {
    "onnx": OnnxFile,
    "openvino": OpenVinoFile,
    "tflite": TFLiteFile,
    "coreml": CoreMLFile,
}


Weight = Callable[[str], np.ndarray]
"""What the file holds of a linear layer's weight, by what the layer writes."""


def _negate_a_row(_: File, weight: Weight) -> None:
    values = weight("layers.1.up")
    values[3] = -values[3]


def _swap(_: File, weight: Weight) -> None:
    one, other = (weight(f"layers.{layer}.attention_output") for layer in (0, 1))
    one[...], other[...] = other.copy(), one.copy()


def _transpose(_: File, weight: Weight) -> None:
    values = weight("layers.1.attention_output")
    values[...] = values.T.copy()


FAULTS: Mapping[str, tuple[Callable[[File, Weight], None], str]] = {
    "one row of a weight negated": (_negate_a_row, "layers.1.up"),
    "two layers' weights swapped": (_swap, "layers.0.attention_output"),
    "a square weight transposed": (_transpose, "layers.1.attention_output"),
    "another epsilon": (lambda file, _: file.epsilon("embeddings.norm", 1e-2), "embeddings.norm"),
    "the tanh GELU": (lambda file, _: file.tanh_gelu("layers.0.activation"), "layers.0.activation"),
}


CASES = [case for case in every_case() if case.target.name in FILES and case.precision != "int4"]
"""Of int4 a file holds packed halves of bytes; tests/mutation plants its faults."""


def linear(graph: Graph, output: str) -> Node:
    """The layer that computes a tensor; where its outputs are rounded by channel, the one before their factors."""
    node = graph.producers()[output]
    return graph.producers()[node.inputs[0]] if node.op == "mul" else node


@pytest.fixture
def comparison_of(model_of: Callable[..., Path]) -> Callable[[Bundle], Comparison]:
    """``comparison_of(bundle)``: it beside its model, on two texts."""

    def make(bundle: Bundle) -> Comparison:
        source = open_source(bundle, str(model_of(TASK, bundle.manifest["precision"])), None)
        return Comparison(bundle, source, ("The movie was very good!", "我爱北京。"), 1)

    return make


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_faulty_operator_is_named(
    case: Case, exported: Any, comparison_of: Callable[[Bundle], Comparison], tmp_path: Path, fault: str
) -> None:
    change, operator = FAULTS[fault]
    bundle, _ = exported(case, TASK)
    shutil.copytree(bundle.path, tmp_path / "bundle")
    comparison = comparison_of(Bundle.open(tmp_path / "bundle"))
    graph = comparison.graph
    file = FILES[case.target.converter](tmp_path / "bundle", bundle.manifest)
    change(file, lambda output: file.weight(linear(graph, output).inputs[1]))
    file.save()
    found = comparison.operators(lambda _: None)
    assert found.first is not None
    assert found.first.names == (
        (linear(graph, operator) if "layers" in operator else graph.producers()[operator]).output,
    )
