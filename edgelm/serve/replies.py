"""Answers as bytes, and what every endpoint may say instead of one, for openapi.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import Response
from pydantic import BaseModel
from pydantic_core import to_json

from edgelm.serve.schemas.kserve import KServeError
from edgelm.serve.schemas.openai import OpenAIError
from edgelm.serve.schemas.server import Error

_MEANINGS = {
    400: "The body is not what its content type says.",
    401: "No bearer token, or a wrong one.",
    404: "There is no such model, or it is for another task.",
    408: "The body did not come within the time limit.",
    413: "The body is too large.",
    415: "The body's content type or encoding is not one that is taken.",
    422: "The input cannot be answered.",
    429: "Too many texts are waiting; Retry-After says when to come back.",
    500: "A bug in edgelm; the log says where.",
    503: "The model was busy with others until the time limit, or the server is going down.",
    504: "The model was not done within the time limit.",
}
OPEN = ()
CLOSED = (401,)
ASKING = tuple(_MEANINGS)
"""What endpoints may say: those that are always open, those behind a token, those that ask a model."""


def reply(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON; a figure that is no number is null."""
    return Response(to_json(content, inf_nan_mode="null"), status, headers, "application/json")


def errors(statuses: Sequence[int], model: type[BaseModel] = Error) -> dict[int | str, dict[str, Any]]:
    """FastAPI's ``responses`` for those statuses."""
    found: dict[int | str, dict[str, Any]] = {
        status: {"model": model, "description": _MEANINGS[status]} for status in statuses
    }
    if 429 in found:
        header = {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}
        found[429]["headers"] = {"Retry-After": header}
    return found


OPENAI = OpenAIError
KSERVE = KServeError
