"""The Open Inference Protocol's (KServe v2) requests and answers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from edgelm.serve.schemas.parts import Size, Strict


class ServerMetadata(Strict):
    """This server."""

    name: str
    version: str
    extensions: list[str]


class Live(Strict):
    """Whether it answers."""

    live: bool


class Ready(Strict):
    """Whether it takes requests."""

    ready: bool


class ModelReady(Strict):
    """Whether a model takes requests."""

    name: str
    ready: bool


class TensorMetadata(Strict):
    """A tensor of a model; -1 is any size."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(Strict):
    """A model's signature."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


Parameters = dict[str, bool | int | float | str]


class _Lenient(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class InferInput(_Lenient):
    """A tensor: its data here, or behind the JSON as ``binary_data_size`` bytes."""

    name: str
    shape: Annotated[list[Size], Field(min_length=2, max_length=2)]
    datatype: str
    parameters: Parameters = Field(default_factory=dict)
    data: list[Any] | None = None


class InferOutput(_Lenient):
    """An output that is asked for."""

    name: str
    parameters: Parameters = Field(default_factory=dict)


class InferRequest(_Lenient):
    """Tensors for a model; without ``outputs`` all are given."""

    id: str | None = None
    parameters: Parameters = Field(default_factory=dict)
    inputs: Annotated[list[InferInput], Field(min_length=1)]
    outputs: list[InferOutput] | None = None


class InferTensor(Strict):
    """A tensor of an answer; one sent as bytes has no data but ``binary_data_size`` among its parameters."""

    name: str
    datatype: str
    shape: list[int]
    parameters: Parameters = Field(default_factory=dict)
    data: list[float | None] | None = None


class InferResponse(Strict):
    """The model's outputs, row by row."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[InferTensor]


class KServeError(Strict):
    """Instead of an answer, in the protocol's form."""

    error: str
