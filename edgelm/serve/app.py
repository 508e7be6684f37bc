"""The application: every endpoint, its description, and errors that are JSON whatever happens."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

import edgelm
from edgelm.serve import kserve, openai, page, tasks
from edgelm.serve.errors import ServeError
from edgelm.serve.guard import OPEN_PATHS, Guard
from edgelm.serve.models import Served
from edgelm.serve.replies import CLOSED, errors, reply
from edgelm.serve.schemas.kserve import InferRequest
from edgelm.serve.schemas.server import Health, Readiness
from edgelm.serve.service import Service

_CODES = {400: "invalid_json", 404: "not_found", 405: "method_not_allowed"}
_DESCRIPTION = "Answers texts with bundles of edgelm. Every answer is the one that `edgelm run` gives."


def application(service: Service) -> ASGIApp:
    """Everything a worker serves."""
    app = FastAPI(title="edgelm", version=edgelm.__version__, docs_url=None, redoc_url=None, openapi_url=None)
    for routes in (tasks.router(service), openai.router(service), kserve.router(service)):
        app.include_router(routes)
    _add_operations(app, service)
    app.add_exception_handler(ServeError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _other)
    app.add_exception_handler(Exception, _bug)
    return Guard(app, service)


def _add_operations(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", tags=["operation"], summary="Whether the process runs", response_model=Health)
    async def healthz() -> Response:
        return reply({"status": "ok"})

    @app.get(
        "/readyz",
        tags=["operation"],
        summary="Whether requests are taken, and by which models",
        response_model=Readiness,
        responses={503: {"model": Readiness, "description": "The server is going down."}},
    )
    async def readyz() -> Response:
        status = "draining" if service.is_draining else "ready"
        models = {name: _state(served) for name, served in service.models.served.items()}
        return reply({"status": status, "models": models}, 503 if service.is_draining else 200)

    @app.get(
        "/metrics",
        tags=["operation"],
        summary="The figures of all workers, for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **errors(CLOSED)},
    )
    async def metrics() -> Response:
        content, kind = service.metrics.page()
        return Response(content, media_type=kind)

    description = cache(lambda: _description(app, service))
    shown = cache(lambda: page.page(description()))

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return reply(description())

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return Response(shown(), media_type="text/html; charset=utf-8")


def _description(app: FastAPI, service: Service) -> dict[str, Any]:
    """The OpenAPI description, with what the framework cannot see: a body that is read as bytes, and the tokens."""
    found: dict[str, Any] = get_openapi(
        title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes
    )
    schemas = found["components"]["schemas"]
    own = InferRequest.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= own.pop("$defs")
    schemas["InferRequest"] = own
    if service.settings.tokens:
        found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path, operations in found["paths"].items():
            for operation in operations.values():
                operation["security"] = [] if path in OPEN_PATHS else [{"token": []}]
    return found


def _state(served: Served) -> dict[str, Any]:
    manifest = served.engine.session.manifest
    told = {key: str(manifest[key]) for key in ("task", "target", "precision")}
    return {**told, "digest": served.digest, "reload_error": served.failure or None}


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServeError)
    return reply(error.body(request.scope["path"]), error.status, error.headers)


async def _invalid(request: Request, error: Exception) -> Response:
    """What is wrong and where, without what was sent."""
    assert isinstance(error, RequestValidationError)
    # Of a union's errors the one that is more than another type.
    first = min(error.errors(), key=lambda one: str(one["type"]).endswith("_type"))
    if first["type"] == "json_invalid":
        return await _refused(request, ServeError(400, "invalid_json", "The body is not JSON."))
    place = ".".join(str(part) for part in first["loc"][1:] if isinstance(part, int) or str(part).isidentifier())
    message = f"{place}: {first['msg']}" if place else str(first["msg"])
    return await _refused(request, ServeError(422, "invalid_input", f"{message.rstrip('.')}."))


async def _other(request: Request, error: Exception) -> Response:
    """What the framework says by itself: no such path, no such method, a body that is no JSON."""
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "error")
    own = ServeError(error.status_code, code, str(error.detail), headers=error.headers)
    return await _refused(request, own)


async def _bug(request: Request, _: Exception) -> Response:
    return await _refused(request, ServeError(500, "internal", "A bug in edgelm; the log says where."))
