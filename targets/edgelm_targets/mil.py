"""Evaluates a saved Core ML package operator by operator in NumPy, for machines that cannot run Core ML.

Reads what an app would ship, the protobuf and ``weight.bin``, and nothing of the graph it was made from. Each operator
is computed in float32 from its operands and rounded to the dtype the program declares for its result, so float16
programs round after every operator; for + - * / and sqrt that is exact float16 arithmetic, for matrix products it is
float32 accumulation. Apple's own kernels may accumulate otherwise.

Follows the MIL operator reference of coremltools and ``mlmodel/format/MIL.proto``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from edgelm.errors import UnsupportedError, UsageError
from edgelm.toolchain import import_coremltools
from edgelm.types import Array, Tensors
from edgelm_targets._mil_operators import CONSTEXPR, OPERATORS

_SENTINEL = 0xDEADBEEF
_MODEL = "Data/com.apple.CoreML/model.mlmodel"
_WEIGHTS = "Data/com.apple.CoreML"
_BLOB = np.dtype([("sentinel", "<u4"), ("kind", "<u4"), ("size", "<u8"), ("offset", "<u8")])
"""One entry of weight.bin (MILBlob's ``blob_metadata``)."""
_DTYPES = {
    "BOOL": "bool",
    "STRING": "str",
    "FLOAT16": "float16",
    "FLOAT32": "float32",
    "INT4": "int8",
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "UINT8": "uint8",
    "UINT16": "uint16",
}


class MilProgram:
    """The ``main`` function of an ML Program: a runner for the shapes its inputs declare."""

    def __init__(self, package: Path) -> None:
        import_coremltools()
        from coremltools.proto import FeatureTypes_pb2, MIL_pb2, Model_pb2

        self._types = MIL_pb2.DataType
        self._array_types = FeatureTypes_pb2.ArrayFeatureType.ArrayDataType
        self._folder = package / _WEIGHTS
        spec = Model_pb2.Model()
        spec.ParseFromString((package / _MODEL).read_bytes())
        self.description = spec.description
        function = spec.mlProgram.functions["main"]
        self.opset: str = function.opset
        self._block = function.block_specializations[function.opset]
        self._constants: dict[str, Any] = {}

    @cached_property
    def operators(self) -> tuple[str, ...]:
        """The operator types the program uses, constants left out."""
        return tuple(sorted({op.type for op in self._block.operations} - {"const"}))

    def __call__(self, inputs: Tensors) -> dict[str, Array]:
        """The program's outputs; UsageError for a shape it does not take, UnsupportedError for an unknown operator."""
        values = self.trace(inputs)
        return {name: values[name] for name in self._block.outputs}

    def trace(self, inputs: Tensors) -> dict[str, Array]:
        """Every intermediate value by name, for finding where two programs part."""
        values: dict[str, Any] = {}
        for feature in self.description.input:
            kind = self._array_types.Name(feature.type.multiArrayType.dataType)
            values[feature.name] = inputs[feature.name].astype(_DTYPES[kind])
            self._check_shape(feature, values[feature.name].shape)
        for operation in self._block.operations:
            self._evaluate(operation, values)
        return {name: np.asarray(value) for name, value in values.items() if not isinstance(value, str)}

    def _evaluate(self, operation: Any, values: dict[str, Any]) -> None:
        name = operation.outputs[0].name
        if operation.type == "const" or operation.type.startswith("constexpr_"):
            if name not in self._constants:
                self._constants[name] = self._constant(operation)
            values[name] = self._constants[name]
            return
        if operation.type not in OPERATORS:
            raise UnsupportedError(f"MIL operator {operation.type} ({name}) has no evaluation in edgelm.")
        arguments = {key: self._argument(argument, values) for key, argument in operation.inputs.items()}
        results = OPERATORS[operation.type](arguments)
        parts = results if isinstance(results, list) else [results]
        for output, result in zip(operation.outputs, parts, strict=True):
            values[output.name] = np.asarray(result).astype(self._dtype(output.type.tensorType.dataType))

    def _argument(self, argument: Any, values: Mapping[str, Any]) -> Any:
        """One operand, or the list of them where the parameter takes several; floats are widened to float32."""
        found = [
            values[binding.name] if binding.WhichOneof("binding") == "name" else self._value(binding.value)
            for binding in argument.arguments
        ]
        widened = [_wide(value) for value in found]
        return widened[0] if len(widened) == 1 else widened

    def _constant(self, operation: Any) -> Any:
        attributes = {key: self._value(value) for key, value in operation.attributes.items() if key != "name"}
        if operation.type == "const":
            return attributes["val"]
        if operation.type not in CONSTEXPR:
            raise UnsupportedError(f"MIL operator {operation.type} has no evaluation in edgelm.")
        operands = attributes | {key: self._argument(argument, {}) for key, argument in operation.inputs.items()}
        result = CONSTEXPR[operation.type]({key: _wide(value) for key, value in operands.items()})
        return result.astype(self._dtype(operation.outputs[0].type.tensorType.dataType))

    def _value(self, value: Any) -> Any:
        """An immediate or stored value; a scalar string stays a string."""
        kind = value.type.tensorType
        shape = tuple(dimension.constant.size for dimension in kind.dimensions)
        if self._types.Name(kind.dataType) == "INT4":
            return _signed_nibbles(self._stored(value, "uint8", ((math.prod(shape) + 1) // 2,)), shape)
        return self._stored(value, self._dtype(kind.dataType), shape)

    def _stored(self, value: Any, dtype: str, shape: Sequence[int]) -> Any:
        if value.WhichOneof("value") == "blobFileValue":
            return self._blob(value.blobFileValue, dtype, shape)
        tensor = value.immediateValue.tensor
        which = tensor.WhichOneof("value")
        stored = getattr(tensor, which).values
        if which == "strings":
            return stored[0]
        if which == "bytes":
            return np.frombuffer(stored, dtype).reshape(shape)
        return np.asarray(list(stored), dtype).reshape(shape)

    def _blob(self, blob: Any, dtype: str, shape: Sequence[int]) -> Array:
        """A tensor of weight.bin, memory-mapped; UsageError when its entry does not hold what the program declares."""
        path = self._folder / blob.fileName.removeprefix("@model_path/")
        size = math.prod(shape) * np.dtype(dtype).itemsize
        try:
            entry = np.memmap(path, _BLOB, "r", offset=blob.offset, shape=(1,))[0]
            if entry["sentinel"] == _SENTINEL and entry["size"] == size:
                return np.memmap(path, dtype, "r", offset=int(entry["offset"]), shape=tuple(shape))
        except (OSError, ValueError) as error:
            raise UsageError(f"{path} cannot be read at {blob.offset}: {error}.") from None
        raise UsageError(f"{path} holds no tensor of {size} bytes at {blob.offset}, which the program asks for.")

    def _dtype(self, kind: int) -> str:
        name = self._types.Name(kind)
        if name not in _DTYPES:
            raise UnsupportedError(f"MIL data type {name} has no evaluation in edgelm.")
        return _DTYPES[name]

    def _check_shape(self, feature: Any, shape: Sequence[int]) -> None:
        declared = feature.type.multiArrayType
        flexible = declared.WhichOneof("ShapeFlexibility")
        if flexible == "enumeratedShapes":
            fits = any(tuple(s.shape) == tuple(shape) for s in declared.enumeratedShapes.shapes)
        elif flexible == "shapeRange":
            ranges = declared.shapeRange.sizeRanges
            fits = all(_within(size, bound) for size, bound in zip(shape, ranges, strict=True))
        else:
            fits = tuple(declared.shape) == tuple(shape)
        if not fits:
            raise UsageError(f"The Core ML package does not take {feature.name} of shape {tuple(shape)}.")


def _within(size: int, bound: Any) -> bool:
    return bool(bound.lowerBound <= size and (bound.upperBound < 0 or size <= bound.upperBound))


def _signed_nibbles(packed: Array, shape: Sequence[int]) -> Array:
    """int4 values, two to a byte with the first in the lower half, in int8."""
    values = np.stack([packed & 15, packed >> 4], axis=-1).astype(np.int8).reshape(-1)[: math.prod(shape)]
    return ((values ^ 8) - 8).reshape(shape)


def _wide(value: Any) -> Any:
    """float16 as float32, in which each operator computes."""
    return value.astype(np.float32) if isinstance(value, np.ndarray) and value.dtype == np.float16 else value
