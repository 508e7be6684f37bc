"""The endpoints of the tasks: the same questions as `edgelm run`, and the same answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from edgelm.serve.engine import RANKING
from edgelm.serve.replies import ASKING, errors, reply
from edgelm.serve.schemas import tasks as schemas
from edgelm.serve.service import Service
from edgelm.session import Question

EMBEDDING = "sentence-similarity"


@dataclass(frozen=True)
class Endpoint:
    """A path, the tasks it is for, and how its inputs are questions."""

    path: str
    tasks: tuple[str, ...]
    request: type[BaseModel]
    response: type[BaseModel]
    question: Callable[[Any, Any], Question]
    """Of one input and the whole request."""
    summary: str


def _text_or_pair(one: str | schemas.TextPair | schemas.WholePair, request: Any) -> Question:
    text, pair = (one, None) if isinstance(one, str) else (one.text, one.pair)
    top_k, prompt = getattr(request, "top_k", None), getattr(request, "prompt", None)
    return Question(text, pair=pair, top_k=top_k, truncate=request.truncate, prompt=prompt)


def _entities(one: str, request: schemas.EntitiesRequest) -> Question:
    return Question(one, aggregation=request.aggregation, truncate=request.truncate)


def _asked(one: schemas.Asked, request: schemas.AnswerRequest) -> Question:
    return Question(one.question, pair=one.context, top_k=request.top_k)


def _choice(one: schemas.Choice, request: schemas.ChooseRequest) -> Question:
    return Question(one.text, choices=tuple(one.choices), top_k=request.top_k, truncate=request.truncate)


ENDPOINTS = (
    Endpoint(
        "/classify",
        ("text-classification",),
        schemas.ClassifyRequest,
        schemas.ClassifyResponse,
        _text_or_pair,
        "Label texts or pairs",
    ),
    Endpoint(
        "/entities",
        ("token-classification",),
        schemas.EntitiesRequest,
        schemas.EntitiesResponse,
        _entities,
        "Find entities in texts",
    ),
    Endpoint(
        "/intent",
        ("intent-and-slots",),
        schemas.IntentRequest,
        schemas.IntentResponse,
        _text_or_pair,
        "Find the intent and the slots of texts",
    ),
    Endpoint(
        "/answer",
        ("question-answering",),
        schemas.AnswerRequest,
        schemas.AnswerResponse,
        _asked,
        "Answer questions from their contexts",
    ),
    Endpoint("/fill", ("fill-mask",), schemas.FillRequest, schemas.FillResponse, _text_or_pair, "Fill masks"),
    Endpoint(
        "/choose", ("multiple-choice",), schemas.ChooseRequest, schemas.ChooseResponse, _choice, "Choose what follows"
    ),
    Endpoint(
        "/embed",
        (EMBEDDING, "feature-extraction"),
        schemas.EmbedRequest,
        schemas.EmbedResponse,
        _text_or_pair,
        "Embed texts",
    ),
    Endpoint(
        "/similarity",
        (EMBEDDING,),
        schemas.SimilarityRequest,
        schemas.SimilarityResponse,
        _text_or_pair,
        "Compare pairs of texts",
    ),
)


def router(service: Service) -> APIRouter:
    """Every endpoint, whichever tasks are served: the others say that no model does theirs."""
    routes = APIRouter(tags=["tasks"])
    for endpoint in ENDPOINTS:
        routes.add_api_route(
            endpoint.path,
            _handler(service, endpoint),
            methods=["POST"],
            summary=endpoint.summary,
            operation_id=endpoint.path[1:],
            response_model=endpoint.response,
            responses=errors(ASKING),
        )
    _add_rerank(routes, service)
    return routes


def _add_rerank(routes: APIRouter, service: Service) -> None:
    """The endpoint of rerankers, in the form that Cohere's clients speak."""

    @routes.post(
        "/rerank",
        summary="Rank documents by a query, as Cohere's API does",
        operation_id="rerank",
        response_model=schemas.RerankResponse,
        responses=errors(ASKING),
    )
    async def rerank(request: Request, body: schemas.RerankRequest) -> Response:
        served = service.model(body.model, (RANKING,))
        question = Question(body.query, choices=tuple(body.documents), top_k=body.top_n, truncate=body.truncate)
        answered = await service.ask(request.scope, served, [question])
        results = [_ranked(one, with_text=body.return_documents) for one in answered.values[0]]
        return reply({"model": served.model.name, "results": results})


def _ranked(one: Mapping[str, Any], *, with_text: bool) -> dict[str, Any]:
    found = {"index": one["index"], "relevance_score": one["score"]}
    return {**found, "document": {"text": one["text"]}} if with_text else found


def _handler(service: Service, endpoint: Endpoint) -> Callable[..., Any]:
    async def handle(request: Request, body: Any) -> Response:
        served = service.model(body.model, endpoint.tasks)
        inputs: Sequence[Any] = body.inputs if isinstance(body.inputs, list) else [body.inputs]
        questions = [endpoint.question(one, body) for one in inputs]
        answered = await service.ask(request.scope, served, questions)
        return reply({"model": served.model.name, "outputs": answered.values})

    handle.__annotations__["body"] = endpoint.request  # each endpoint has its own; FastAPI reads it here
    return handle
