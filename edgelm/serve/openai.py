"""OpenAI's embeddings API, for clients that speak it: https://platform.openai.com/docs/api-reference/embeddings."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response

from edgelm.serve.engine import Answered, Ids
from edgelm.serve.errors import ServeError, invalid
from edgelm.serve.models import Served
from edgelm.serve.replies import ASKING, CLOSED, OPENAI, errors, reply
from edgelm.serve.schemas.openai import EmbeddingsRequest, EmbeddingsResponse, OpenAIModel, OpenAIModels
from edgelm.serve.service import Service
from edgelm.serve.tasks import EMBEDDING
from edgelm.session import Question


def router(service: Service) -> APIRouter:
    """``/v1/embeddings`` and ``/v1/models``."""
    routes = APIRouter(prefix="/v1", tags=["OpenAI"])
    started = int(time.time())

    @routes.post(
        "/embeddings",
        summary="Embed texts, as OpenAI's API does",
        operation_id="v1_embeddings",
        response_model=EmbeddingsResponse,
        responses=errors(ASKING, OPENAI),
    )
    async def embeddings(request: Request, body: EmbeddingsRequest) -> Response:
        served = service.model(body.model, (EMBEDDING,))
        _check_dimensions(served, body.dimensions)
        answered = await _answered(service, request, served, body)
        encode = _base64 if body.encoding_format == "base64" else list
        data = [
            {"object": "embedding", "index": i, "embedding": encode(vector)} for i, vector in enumerate(answered.values)
        ]
        usage = {"prompt_tokens": answered.tokens, "total_tokens": answered.tokens}
        return reply({"object": "list", "data": data, "model": served.model.name, "usage": usage})

    @routes.get(
        "/models",
        summary="The models that are served",
        operation_id="v1_models",
        response_model=OpenAIModels,
        responses=errors(CLOSED, OPENAI),
    )
    async def models() -> Response:
        return reply({"object": "list", "data": [_model(name, started) for name in service.models.served]})

    @routes.get(
        "/models/{model}",
        summary="One of them",
        operation_id="v1_model",
        response_model=OpenAIModel,
        responses=errors((*CLOSED, 404, 422), OPENAI),
    )
    async def model(model: str) -> Response:
        return reply(_model(service.named(model).model.name, started))

    return routes


async def _answered(service: Service, request: Request, served: Served, body: EmbeddingsRequest) -> Answered:
    """Of texts after their prompt, or of tokens as they are."""
    given: Any = [body.input] if isinstance(body.input, str) else body.input
    if isinstance(given[0], str):
        return await service.ask(request.scope, served, [Question(text, prompt=body.prompt) for text in given])
    if body.prompt is not None:
        raise invalid("A prompt goes before texts; these are tokens.")
    lists: Sequence[Any] = [given] if isinstance(given[0], int) else given
    return await service.ask_ids(request.scope, served, [_framed(served, ids) for ids in lists])


def _framed(served: Served, ids: Sequence[int]) -> Ids:
    """Token ids of the bundle's own tokenizer, with its special tokens around them unless they have them."""
    session = served.engine.session
    specials = session.tokenizer.special_ids
    first, last = specials.get("cls"), specials.get("sep")
    if first is not None and last is not None and ids[0] != first:
        ids = [first, *ids, last]
    most, size = session.manifest["max_length"], session.tokenizer.vocabulary_size
    if len(ids) > most:
        raise invalid(f"The text has {len(ids)} tokens; this model takes {most}.")
    if max(ids) >= size:
        raise invalid(f"There is no token {max(ids)}; the last is {size - 1}.")
    return Ids(ids)


def _check_dimensions(served: Served, asked: int | None) -> None:
    size = served.engine.session.manifest["artifact"]["outputs"][0]["shape"][-1]
    if asked is not None and asked != size:
        raise ServeError(422, "invalid_dimensions", f"This model's embeddings have {size} dimensions, not {asked}.")


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode("ascii")


def _model(name: str, created: int) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": created, "owned_by": "edgelm"}
