"""What the server says of itself, and of an error."""

from __future__ import annotations

from typing import Literal

from edgelm.serve.schemas.parts import Strict


class ErrorDetail(Strict):
    """What went wrong."""

    code: str
    message: str


class Error(Strict):
    """Instead of an answer."""

    error: ErrorDetail


class Health(Strict):
    """The process runs."""

    status: Literal["ok"]


class ModelState(Strict):
    """What answers under a name, and why the folder's newer bundle does not, if there is one."""

    task: str
    target: str
    precision: str
    digest: str
    reload_error: str | None


class Readiness(Strict):
    """Whether requests are taken, and by which models."""

    status: Literal["ready", "draining"]
    models: dict[str, ModelState]
