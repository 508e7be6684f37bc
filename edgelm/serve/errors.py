"""What a request may be told instead of an answer, in the words of the API it came by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OPENAI_TYPES = {401: "authentication_error", 429: "rate_limit_error"}


class ServeError(Exception):
    """A refusal: an HTTP status, a code for programs and a message for people."""

    def __init__(
        self, status: int, code: str, message: str, *, hint: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = f"{message} {hint}".strip()
        self.headers = dict(headers or {})

    def body(self, path: str) -> dict[str, Any]:
        """As OpenAI's API says it below ``/v1/``, as the Open Inference Protocol below ``/v2``, else as ours."""
        if path.startswith("/v1/"):
            kind = _OPENAI_TYPES.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
            return {"error": {"message": self.message, "type": kind, "param": None, "code": self.code}}
        if path.startswith("/v2"):
            return {"error": self.message}
        return {"error": {"code": self.code, "message": self.message}}


def invalid(message: str, *, status: int = 422, code: str = "invalid_input") -> ServeError:
    """A request that cannot be answered as it is."""
    return ServeError(status, code, message)


def overloaded(retry_after_s: int) -> ServeError:
    """The queue is full."""
    message = f"Too many texts are waiting; try again in {retry_after_s} s."
    return ServeError(429, "queue_full", message, headers={"Retry-After": str(retry_after_s)})
