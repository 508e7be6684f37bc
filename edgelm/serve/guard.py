"""What stands before every endpoint: tokens, limits on bodies and slow senders, and the log of what was answered."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from edgelm.serve.errors import ServeError, invalid
from edgelm.serve.log import bug, log
from edgelm.serve.replies import reply
from edgelm.serve.service import RECORD, Service

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"})
"""Whoever looks after the server needs no token."""
_UNREAD_FACTOR = 4
"""A body up to so many times too large is read and thrown away, so that its sender reads the refusal."""
_BODILESS = ("GET", "HEAD", "OPTIONS")
_METHODS = (*_BODILESS, "POST", "PUT", "PATCH", "DELETE")
_CLIENT_GONE = 499
"""What nginx writes in its log for a client that left before it was answered."""


class Guard:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service
        self._limits = service.settings.limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and note it."""
        scope[RECORD] = {}
        started = time.perf_counter()
        is_noted = False

        def note(status: int) -> None:
            nonlocal is_noted
            if not is_noted:
                is_noted = True
                self._note(scope, status, time.perf_counter() - started)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                note(message["status"])  # before it is sent: whoever has read it finds it counted
                if self._service.is_draining:
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        try:
            self._check_token(scope)
            await self._app(scope, await self._whole_body(scope, receive), noting)
        except ServeError as error:
            await reply(error.body(scope["path"]), error.status, error.headers)(scope, receive, noting)
        except _Gone:
            note(_CLIENT_GONE)
        except Exception as error:  # noqa: BLE001  it was answered with 500 where it was raised
            log("bug", level="error", **bug(error))

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The route, not the path: a path is what a user has typed.
        endpoint = getattr(scope.get("route"), "path", "unknown")
        method = scope["method"] if scope["method"] in _METHODS else "unknown"
        self._service.metrics.answered(endpoint, status, seconds)
        log("request", method=method, endpoint=endpoint, status=status, ms=round(seconds * 1e3, 2), **scope[RECORD])

    def _check_token(self, scope: Scope) -> None:
        """ServeError 401 unless it is allowed; what is open is open to wrong tokens too."""
        settings = self._service.settings
        if not settings.tokens or scope["path"] in OPEN_PATHS:
            return
        scheme, _, token = _header(scope, b"authorization").partition(b" ")
        if scheme.lower() != b"bearer" or not settings.allows(token.strip()):
            headers = {"WWW-Authenticate": "Bearer"}
            raise ServeError(401, "unauthorized", "This needs Authorization: Bearer and a token.", headers=headers)

    async def _whole_body(self, scope: Scope, receive: Receive) -> Receive:
        """A ``receive`` that gives the whole body at once; ServeError 413 for a large one, 408 for a slow one."""
        if scope["method"] in _BODILESS:
            return receive
        most = self._limits.max_body_bytes
        declared = _header(scope, b"content-length")
        if declared.isdigit() and int(declared) > _UNREAD_FACTOR * most:
            raise _too_large(most)
        try:
            async with asyncio.timeout(self._limits.read_timeout_s):
                body = await _read(receive, most)
        except TimeoutError:
            seconds = self._limits.read_timeout_s
            headers = {"Connection": "close"}
            raise ServeError(408, "slow_body", f"The body did not come in {seconds:g} s.", headers=headers) from None
        if _header(scope, b"content-encoding") not in (b"", b"identity"):
            raise invalid("Bodies are taken as they are, without a content encoding.", status=415, code="encoding")
        is_given = False

        async def given() -> Message:
            nonlocal is_given
            if is_given:
                return await receive()
            is_given = True
            return {"type": "http.request", "body": body, "more_body": False}

        return given


class _Gone(Exception):  # noqa: N818  not an error of ours
    """The client has left."""


async def _read(receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        part = message.get("body", b"")
        size += len(part)
        if size <= most:
            parts.append(part)
        elif size > _UNREAD_FACTOR * most:
            raise _too_large(most)
        if not message.get("more_body", False):
            break
    if size > most:
        raise _too_large(most)
    return b"".join(parts)


def _too_large(most: int) -> ServeError:
    return ServeError(413, "body_too_large", f"The body has more than {most} bytes.", headers={"Connection": "close"})


def _header(scope: Any, name: bytes) -> bytes:
    found: bytes = next((value for key, value in scope["headers"] if key == name), b"")
    return found.strip()
