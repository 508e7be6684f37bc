"""Writes a TFLite flatbuffer: tensors and operators by subgraph, every buffer once and copied once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgelm.errors import UnsupportedError
from edgelm.graph.ir import Quantization
from edgelm.types import Array

_SCHEMA_VERSION = 3
_BUFFER_ALIGNMENT = 16
"""``force_align`` of Buffer.data in the TFLite schema; runtimes map the file and read the weights in place."""
_BYTES_PER_RECORD = 512
"""What one tensor or operator takes beside its buffer, guessed high: the builder grows by copying."""
_LARGEST_FILE = 2**31 - 2**20
"""Flatbuffer offsets are signed 32-bit in most readers."""
_OLDEST_RUNTIME = "1.5.0"
_TENSOR_TYPES = {
    "float32": "FLOAT32",
    "float16": "FLOAT16",
    "int32": "INT32",
    "int8": "INT8",
    "int4": "INT4",
    "bool": "BOOL",
}


@dataclass(frozen=True)
class Builtin:
    """The options table of a built-in operator (None: it has none), and the oldest runtime of each version in use."""

    options: str | None
    since: Mapping[int, str]


BUILTINS: Mapping[str, Builtin] = {
    "ADD": Builtin("AddOptions", {1: "1.5.0"}),
    "BATCH_MATMUL": Builtin("BatchMatMulOptions", {1: "2.3.0"}),
    "CAST": Builtin("CastOptions", {1: "1.5.0"}),
    "CONCATENATION": Builtin("ConcatenationOptions", {1: "1.5.0"}),
    "CUMSUM": Builtin("CumsumOptions", {1: "2.4.0"}),
    "DEQUANTIZE": Builtin("DequantizeOptions", {2: "1.14.0", 3: "1.15.0"}),
    "DIV": Builtin("DivOptions", {1: "1.6.0"}),
    "EXPAND_DIMS": Builtin("ExpandDimsOptions", {1: "1.10.0"}),
    "FULLY_CONNECTED": Builtin(
        "FullyConnectedOptions", {5: "2.0.0", 9: "2.3.0", 10: "2.14.0", 12: "2.17.0", 14: "2.21.0"}
    ),
    "GATHER": Builtin("GatherOptions", {1: "1.6.0", 2: "1.14.0", 5: "2.5.0"}),
    "GELU": Builtin("GeluOptions", {1: "2.9.0"}),
    "LOGISTIC": Builtin(None, {1: "1.14.0"}),
    "MAXIMUM": Builtin("MaximumMinimumOptions", {1: "1.14.0"}),
    "MEAN": Builtin("ReducerOptions", {1: "1.6.0"}),
    "MUL": Builtin("MulOptions", {1: "1.5.0"}),
    "NOT_EQUAL": Builtin("NotEqualOptions", {1: "1.14.0"}),
    "QUANTIZE": Builtin("QuantizeOptions", {1: "1.14.0"}),
    "REDUCE_MAX": Builtin("ReducerOptions", {1: "1.11.0"}),
    "RELU": Builtin(None, {1: "1.5.0"}),
    "RESHAPE": Builtin("ReshapeOptions", {1: "1.5.0"}),
    "RSQRT": Builtin(None, {1: "1.10.0"}),
    "SLICE": Builtin("SliceOptions", {1: "1.14.0"}),
    "SOFTMAX": Builtin("SoftmaxOptions", {1: "1.5.0"}),
    "SPLIT": Builtin("SplitOptions", {1: "1.5.0"}),
    "SPLIT_V": Builtin("SplitVOptions", {1: "1.13.1"}),
    "SQRT": Builtin(None, {1: "1.10.0"}),
    "SQUEEZE": Builtin("SqueezeOptions", {1: "1.6.0"}),
    "SUB": Builtin("SubOptions", {1: "1.6.0"}),
    "SUM": Builtin("ReducerOptions", {1: "1.10.0"}),
    "TANH": Builtin(None, {1: "1.14.0"}),
    "TRANSPOSE": Builtin("TransposeOptions", {1: "1.6.0", 4: "2.3.0"}),
}
"""What the converter emits, by the schema's names; versions and runtimes after LiteRT's tools/versioning.

But FULLY_CONNECTED, which gained meanings without new versions. As 10, int8 by int8 with a scale per row is right in
2.14, the oldest tried. As 14, int4 in blocks is right from LiteRT 2.1 on, which is TFLite 2.21; LiteRT 1.1 to 2.0 would
take it as 13, and answer nonsense.
"""


def tflite_schema() -> Any:
    """The generated schema of the ai-edge-litert wheel."""
    from ai_edge_litert import schema_py_generated

    return schema_py_generated


class ModelFile:
    """Collects subgraphs over one pool of buffers, and writes them once as one file."""

    def __init__(self, description: str) -> None:
        self.schema = tflite_schema()
        self.subgraphs: list[Subgraph] = []
        self._description = description
        self._buffers: list[_Buffer] = [_Buffer(self.schema, None)]  # buffer 0 is empty, for tensors without data
        self._buffer_of: dict[str, int] = {}
        self._quantizations: dict[tuple[str, int], _Shared] = {}
        self._opcodes: dict[tuple[str, int], int] = {}

    def buffer(self, key: str, data: Array) -> int:
        """The index of a buffer; the first use of ``key`` adds it, and later ones share it."""
        if key not in self._buffer_of:
            self._buffer_of[key] = len(self._buffers)
            self._buffers.append(_Buffer(self.schema, data))
        return self._buffer_of[key]

    def quantization(self, name: str, quantization: Quantization) -> _Shared:
        """The scales of a constant as the schema's table, shared by its tensors in all subgraphs."""
        key = (name, quantization.scale.size)
        if key not in self._quantizations:
            scale = np.ascontiguousarray(quantization.scale)
            parameters = self.schema.QuantizationParametersT(
                scale=scale, zeroPoint=np.zeros(len(scale), np.int64), quantizedDimension=quantization.axis
            )
            self._quantizations[key] = _Shared(parameters)
        return self._quantizations[key]

    def opcode(self, name: str, version: int) -> int:
        """The index of a builtin operator in the model's table."""
        return self._opcodes.setdefault((name, version), len(self._opcodes))

    @property
    def operators(self) -> tuple[tuple[str, int], ...]:
        """Name and declared version of every builtin operator in use."""
        return tuple(self._opcodes)

    @property
    def min_runtime_version(self) -> str:
        """The oldest TFLite runtime that has every operator in its declared version."""
        needed = [_OLDEST_RUNTIME, *(BUILTINS[name].since[number] for name, number in self._opcodes)]
        return max(needed, key=lambda version: [int(part) for part in version.split(".")])

    def write(self, path: Path) -> None:
        """Write the file; UnsupportedError where it would exceed the 2 GB that TFLite can address."""
        import flatbuffers

        version = np.frombuffer(self.min_runtime_version.encode().ljust(16, b"\0"), np.uint8)
        metadata = self.schema.MetadataT("min_runtime_version", self.buffer("min_runtime_version", version))
        model = self.schema.ModelT(
            version=_SCHEMA_VERSION,
            description=self._description,
            operatorCodes=[self._operator_code(*code) for code in self._opcodes],
            subgraphs=[subgraph.table() for subgraph in self.subgraphs],
            signatureDefs=[subgraph.signature(i) for i, subgraph in enumerate(self.subgraphs)],
            metadata=[metadata],
            buffers=self._buffers,
        )
        records = sum(len(subgraph.tensors) + len(subgraph.operators) for subgraph in self.subgraphs)
        scales = sum(shared.table.scale.size for shared in self._quantizations.values())
        size = sum(buffer.size for buffer in self._buffers) + scales * 12 + _BYTES_PER_RECORD * (records + 64)
        if size > _LARGEST_FILE:
            raise UnsupportedError(
                f"The weights take {size / 1e9:.1f} GB and a TFLite file at most 2 GB.",
                hint="Use --precision fp16 or int8.",
            )
        builder = flatbuffers.Builder(size)
        builder.Finish(model.Pack(builder), b"TFL3")
        path.write_bytes(memoryview(builder.Bytes)[builder.Head() :])

    def _operator_code(self, name: str, version: int) -> Any:
        code = getattr(self.schema.BuiltinOperator, name)
        # Readers of before 2020 look at a byte; 127 there sends newer ones to the wide field.
        return self.schema.OperatorCodeT(deprecatedBuiltinCode=min(code, 127), builtinCode=code, version=version)


@dataclass
class Subgraph:
    """The tensors and operators of one subgraph, and the names its signature gives to its inputs and outputs."""

    file: ModelFile
    name: str
    tensors: list[Any] = field(default_factory=list)
    operators: list[Any] = field(default_factory=list)
    inputs: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, int] = field(default_factory=dict)

    def activation(self, name: str, dtype: str, shape: Sequence[int]) -> int:
        """Add a tensor that is computed at run time; -1 in ``shape`` is a size known only then."""
        return self._add(name, dtype, shape, buffer=0)

    def integers(self, name: str, shape: Sequence[int], scale: float, zero_point: int) -> int:
        """Add an int8 tensor that is computed at run time, of one scale and zero point."""
        parameters = self.file.schema.QuantizationParametersT(
            scale=np.asarray([scale], np.float32), zeroPoint=np.asarray([zero_point], np.int64)
        )
        return self._add(name, "int8", shape, buffer=0, quantization=parameters)

    def constant(self, name: str, data: Array, quantization: Quantization | None = None) -> int:
        """Add a constant; constants of one name share one buffer in the whole file, with or without quantization."""
        parameters = None if quantization is None else self.file.quantization(name, quantization)
        return self._add(name, str(data.dtype), data.shape, self.file.buffer(name, data), parameters)

    def blocks(self, name: str, data: Array, quantization: Quantization) -> int:
        """Add an int4 matrix, held in int8, and the float16 tensor of its scales, one for each block of a row."""
        schema = self.file.schema
        details = schema.BlockwiseQuantizationT(
            scales=self.constant(f"{name}/scale", quantization.scale.astype(np.float16)),
            zeroPoints=-1,
            blockSize=quantization.block,
        )
        parameters = schema.QuantizationParametersT(
            detailsType=schema.QuantizationDetails.BlockwiseQuantization, details=details
        )
        return self._add(name, "int4", data.shape, self.file.buffer(name, _nibbles(data)), parameters)

    def op(self, name: str, inputs: Sequence[int], outputs: Sequence[int], version: int = 1, **options: Any) -> None:
        """Add a built-in operator; ``options`` are fields of its options table, -1 an optional input left out."""
        schema, table = self.file.schema, BUILTINS[name].options
        self.operators.append(
            schema.OperatorT(
                opcodeIndex=self.file.opcode(name, version),
                inputs=np.asarray(inputs, np.int32),
                outputs=np.asarray(outputs, np.int32),
                builtinOptionsType=0 if table is None else getattr(schema.BuiltinOptions, table),
                builtinOptions=None if table is None else getattr(schema, f"{table}T")(**options),
            )
        )

    def table(self) -> Any:
        """The subgraph as the schema's table."""
        return self.file.schema.SubGraphT(
            name=self.name,
            tensors=self.tensors,
            operators=self.operators,
            inputs=np.asarray(list(self.inputs.values()), np.int32),
            outputs=np.asarray(list(self.outputs.values()), np.int32),
        )

    def signature(self, index: int) -> Any:
        """The signature that names the subgraph's inputs and outputs."""
        schema = self.file.schema
        inputs, outputs = (
            [schema.TensorMapT(name, tensor) for name, tensor in names.items()] for names in (self.inputs, self.outputs)
        )
        return schema.SignatureDefT(inputs=inputs, outputs=outputs, signatureKey=self.name, subgraphIndex=index)

    def _add(self, name: str, dtype: str, shape: Sequence[int], buffer: int, quantization: Any = None) -> int:
        schema = self.file.schema
        dims = np.asarray(shape, np.int32)
        self.tensors.append(
            schema.TensorT(
                name=name,
                type=getattr(schema.TensorType, _TENSOR_TYPES[dtype]),
                shape=np.abs(dims),
                shapeSignature=dims if (dims < 0).any() else None,
                buffer=buffer,
                quantization=quantization,
                hasRank=True,
            )
        )
        return len(self.tensors) - 1


def _nibbles(data: Array) -> Array:
    """int4 values two to a byte, the first in the lower half; their number is even."""
    low, high = data.reshape(-1, 2).view(np.uint8).T
    return np.asarray((low & 15) | (high << 4), np.uint8)


class _Buffer:
    """The schema's Buffer, aligned as it demands and copied straight into the builder."""

    def __init__(self, schema: Any, data: Array | None) -> None:
        self._schema, self._data = schema, data
        self.size = 0 if data is None else data.nbytes + 2 * _BUFFER_ALIGNMENT

    def Pack(self, builder: Any) -> Any:  # noqa: N802  the name the generated ModelT calls
        """Write the table and return its offset."""
        vector = None if self._data is None else self._vector(builder, self._data)
        self._schema.BufferStart(builder)
        if vector is not None:
            self._schema.BufferAddData(builder, vector)
        return self._schema.BufferEnd(builder)

    @staticmethod
    def _vector(builder: Any, data: Array) -> Any:
        builder.StartVector(1, data.nbytes, _BUFFER_ALIGNMENT)
        builder.head -= data.nbytes
        target = np.frombuffer(builder.Bytes, np.uint8, data.nbytes, builder.head)
        target[:] = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
        return builder.EndVector()


class _Shared:
    """A schema table that several others point to; packed on first use."""

    def __init__(self, table: Any) -> None:
        self.table = table
        self._offset: Any = None

    def Pack(self, builder: Any) -> Any:  # noqa: N802  the name the generated TensorT calls
        """Write the table once and return its offset."""
        if self._offset is None:
            self._offset = self.table.Pack(builder)
        return self._offset
