"""The Open Inference Protocol (KServe v2) over HTTP, with its binary tensors: raw ids in, raw outputs out.

https://github.com/kserve/open-inference-protocol, and Triton's extensions ``binary_tensor_data`` and
``model_configuration``. A model has one version, ``1``, which may stand in a path or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from pydantic_core import to_json

import edgelm
from edgelm.bundle import DATATYPES
from edgelm.serve.errors import ServeError, invalid
from edgelm.serve.models import Served
from edgelm.serve.replies import ASKING, CLOSED, KSERVE, OPEN, errors, reply
from edgelm.serve.schemas.kserve import (
    InferInput,
    InferRequest,
    InferResponse,
    Live,
    ModelMetadata,
    ModelReady,
    Ready,
    ServerMetadata,
)
from edgelm.serve.schemas.parts import Strict
from edgelm.serve.service import Service
from edgelm.session import Session
from edgelm.types import Array

JSON_BYTES = "Inference-Header-Content-Length"
"""The header that says how many of the body's bytes are JSON; the rest is tensors."""
_VERSION = "1"
_BINARY = "binary_data"
_EXTENSIONS = ("binary_tensor_data", "model_configuration")
_FOREIGN = ("classification", "shared_memory_region")
"""What an output may be asked with by extensions that are not here: without them it is another answer."""


class TensorConfig(Strict):
    """A tensor as Triton's ``ModelConfig`` describes it; -1 is any size."""

    name: str
    data_type: str
    dims: list[int]


class ModelConfig(Strict):
    """What Triton's clients read of a model's configuration.

    ``max_batch_size`` is 0 as in Triton: no axis goes before those of ``dims``, the first of which is the batch.
    """

    name: str
    platform: str
    max_batch_size: int
    input: list[TensorConfig]
    output: list[TensorConfig]


def router(service: Service) -> APIRouter:
    """Everything below ``/v2``."""
    routes = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

    @routes.get(
        "",
        summary="The server",
        operation_id="v2_server",
        response_model=ServerMetadata,
        responses=errors(CLOSED, KSERVE),
    )
    async def server() -> Response:
        return reply({"name": "edgelm", "version": edgelm.__version__, "extensions": list(_EXTENSIONS)})

    @routes.get(
        "/health/live",
        summary="Whether the server answers",
        operation_id="v2_live",
        response_model=Live,
        responses=errors(OPEN, KSERVE),
    )
    async def live() -> Response:
        return reply({"live": True})

    @routes.get(
        "/health/ready",
        summary="Whether it takes requests",
        operation_id="v2_ready",
        response_model=Ready,
        responses={503: {"model": Ready, "description": "The server is going down."}},
    )
    async def ready() -> Response:
        return reply({"ready": not service.is_draining}, 503 if service.is_draining else 200)

    async def named(model: str) -> Served:
        return service.named(model)

    async def of_version(model: str, version: str) -> Served:
        return _of_version(service.named(model), version)

    _add_model(routes, service, "/models/{model}", "model", named)
    _add_model(routes, service, "/models/{model}/versions/{version}", "version", of_version)
    return routes


def _add_model(routes: APIRouter, service: Service, path: str, what: str, asked_for: Callable[..., Any]) -> None:
    """The endpoints of a model, or of a version of one: ``asked_for`` finds it by what stands in the path."""
    found: Any = Depends(asked_for)
    told = errors((*CLOSED, 404, 422), KSERVE)

    @routes.get(
        path, summary=f"A {what}'s signature", operation_id=f"v2_{what}", response_model=ModelMetadata, responses=told
    )
    async def metadata(served: Served = found) -> Response:
        return reply(_metadata(served))

    @routes.get(
        f"{path}/config",
        summary=f"A {what}'s configuration, as Triton's clients read it",
        operation_id=f"v2_{what}_config",
        response_model=ModelConfig,
        responses=told,
    )
    async def config(served: Served = found) -> Response:
        return reply(_config(served))

    @routes.get(
        f"{path}/ready",
        summary=f"Whether a {what} takes requests",
        operation_id=f"v2_{what}_ready",
        response_model=ModelReady,
        responses=told,
    )
    async def ready(served: Served = found) -> Response:
        return reply({"name": served.model.name, "ready": not service.is_draining})

    @routes.post(
        f"{path}/infer",
        summary=f"Run a {what} on tensors",
        operation_id=f"v2_{what}_infer",
        response_model=InferResponse,
        responses=errors(ASKING, KSERVE),
        openapi_extra={"requestBody": _REQUEST_BODY},
    )
    async def infer(request: Request, served: Served = found) -> Response:
        asked, rest = _parsed(await request.body(), request.headers.get(JSON_BYTES))
        session = served.engine.session
        feed = _feed(session, asked, rest)
        wanted = _wanted(session, asked)
        answered = await service.ask_feed(request.scope, served, feed)
        return _response(served.model.name, asked, wanted, answered.values[0])


_REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/InferRequest"}},
        "application/octet-stream": {
            "schema": {
                "type": "string",
                "format": "binary",
                "description": f"The JSON, as long as the header {JSON_BYTES} says, and behind it the tensors' bytes.",
            }
        },
    },
}


def _of_version(served: Served, version: str) -> Served:
    """The same model; ServeError 404 where it has no such version."""
    if version != _VERSION:
        raise ServeError(404, "version_not_found", f"There is no such version; there is: {_VERSION}.")
    return served


def _metadata(served: Served) -> dict[str, Any]:
    artifact = served.engine.session.manifest["artifact"]
    tensors = {
        kind: [
            {"name": spec["name"], "datatype": DATATYPES[spec["dtype"]], "shape": _shape(spec["shape"])}
            for spec in artifact[kind]
        ]
        for kind in ("inputs", "outputs")
    }
    return {"name": served.model.name, "versions": [_VERSION], "platform": _platform(served), **tensors}


def _config(served: Served) -> dict[str, Any]:
    artifact = served.engine.session.manifest["artifact"]
    tensors = {
        kind: [
            {"name": spec["name"], "data_type": f"TYPE_{DATATYPES[spec['dtype']]}", "dims": _shape(spec["shape"])}
            for spec in artifact[f"{kind}s"]
        ]
        for kind in ("input", "output")
    }
    return {"name": served.model.name, "platform": _platform(served), "max_batch_size": 0, **tensors}


def _platform(served: Served) -> str:
    return f"edgelm_{served.engine.session.manifest['target']}"


def _shape(dims: Sequence[int | str]) -> list[int]:
    """The batch is free here, whatever the format fixes: the runner takes it row by row."""
    return [-1, *(dim if isinstance(dim, int) else -1 for dim in dims[1:])]


def _parsed(body: bytes, json_bytes: str | None) -> tuple[InferRequest, memoryview]:
    """The request and the bytes of its tensors."""
    size = len(body)
    if json_bytes is not None:
        if not (json_bytes.isascii() and json_bytes.isdigit() and int(json_bytes[:20]) <= len(body)):
            raise invalid(f"{JSON_BYTES} is not a number of the body's bytes.", status=400)
        size = int(json_bytes)
    try:
        return InferRequest.model_validate_json(body[:size]), memoryview(body)[size:]
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            raise invalid("The body is not JSON.", status=400, code="invalid_json") from None
        raise invalid(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from None


def _feed(session: Session, asked: InferRequest, rest: memoryview) -> dict[str, Array]:
    """The model's inputs, checked: a wrong id may end the process in a runtime that does not look."""
    specs = {spec["name"]: spec["dtype"] for spec in session.manifest["artifact"]["inputs"]}
    names = [one.name for one in asked.inputs]
    if sorted(names) != sorted(specs):
        raise invalid(f"The inputs must be {', '.join(specs)}.")
    feed = dict(_arrays(asked.inputs, specs, rest))
    shapes = {array.shape for array in feed.values()}
    if len(shapes) > 1:
        raise invalid("The inputs differ in shape.")
    most = session.manifest["max_length"]
    if shapes.pop()[1] > most:
        raise invalid(f"The inputs are longer than the {most} tokens that this model takes.")
    bounds = {"input_ids": session.tokenizer.vocabulary_size, "attention_mask": 2, "token_type_ids": 2}
    for name, array in feed.items():
        if int(array.min()) < 0 or int(array.max()) >= bounds[name]:
            raise invalid(f"{name} must be from 0 to {bounds[name] - 1}.")
    if "attention_mask" in feed and not feed["attention_mask"].any(axis=1).all():
        raise invalid("A row of attention_mask has no token.")
    return feed


def _arrays(inputs: Sequence[InferInput], dtypes: Mapping[str, str], rest: memoryview) -> Iterator[tuple[str, Array]]:
    """Each input's values; those sent as bytes lie one behind the other in ``rest``."""
    start = 0
    for one in inputs:
        dtype = np.dtype(dtypes[one.name]).newbyteorder("<")
        if one.datatype != DATATYPES[dtypes[one.name]]:
            raise invalid(f"{one.name} must be {DATATYPES[dtypes[one.name]]}.")
        count = one.shape[0] * one.shape[1]
        size = one.parameters.get("binary_data_size")
        if size is None:
            yield one.name, _from_json(one, dtype).reshape(one.shape)
            continue
        end = start + count * dtype.itemsize
        if one.data is not None or size != end - start or end > len(rest):
            raise invalid(f"{one.name}: binary_data_size does not fit its shape, its datatype and the body.")
        yield one.name, np.frombuffer(rest, dtype, count, start).reshape(one.shape)
        start = end
    if start != len(rest):
        raise invalid("The body has bytes that belong to no tensor.")


def _from_json(one: InferInput, dtype: Any) -> Array:
    try:
        values = np.asarray(one.data)
    except ValueError:  # rows of unequal length
        values = np.asarray(None)
    if values.dtype.kind != "i" or values.size != one.shape[0] * one.shape[1]:
        raise invalid(f"{one.name}: data are not as many whole numbers as its shape says.")
    if values.dtype.itemsize > dtype.itemsize and not np.array_equal(values, values.astype(dtype)):
        raise invalid(f"{one.name}: data do not fit {one.datatype}.")
    return values.astype(dtype)


@dataclass(frozen=True)
class _Wanted:
    name: str
    datatype: str
    is_binary: bool


def _wanted(session: Session, asked: InferRequest) -> list[_Wanted]:
    """The outputs that are asked for, and those of them that are wanted as bytes."""
    specs = {spec["name"]: DATATYPES[spec["dtype"]] for spec in session.manifest["artifact"]["outputs"]}
    every = bool(asked.parameters.get("binary_data_output", False))
    if not asked.outputs:
        return [_Wanted(name, datatype, every) for name, datatype in specs.items()]
    unknown = [one.name for one in asked.outputs if one.name not in specs]
    if unknown:
        raise ServeError(422, "unknown_output", f"The outputs are {', '.join(specs)}.")
    foreign = [name for one in asked.outputs for name in _FOREIGN if name in one.parameters]
    if foreign:
        raise invalid(f"{foreign[0]} is an extension that is not here; there are: {', '.join(_EXTENSIONS)}.")
    return [_Wanted(o.name, specs[o.name], bool(o.parameters.get(_BINARY, every))) for o in asked.outputs]


def _response(name: str, asked: InferRequest, wanted: Sequence[_Wanted], outputs: Mapping[str, Array]) -> Response:
    tensors, blobs = [], []
    for one in wanted:
        array = np.ascontiguousarray(outputs[one.name], "<f4")
        tensor: dict[str, Any] = {"name": one.name, "datatype": one.datatype, "shape": list(array.shape)}
        if one.is_binary:
            blobs.append(array.tobytes())
            tensor["parameters"] = {"binary_data_size": array.nbytes}
        else:
            tensor["data"] = array.ravel().tolist()
        tensors.append(tensor)
    head = {"model_name": name, "model_version": _VERSION, "outputs": tensors}
    if asked.id is not None:
        head["id"] = asked.id
    if not blobs:
        return reply(head)
    text = to_json(head, inf_nan_mode="null")
    return Response(b"".join((text, *blobs)), 200, {JSON_BYTES: str(len(text))}, "application/octet-stream")
