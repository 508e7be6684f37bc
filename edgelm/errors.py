"""One exception class per exit code; a message says what happened, the likely cause, and the next command."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar


class EdgelmError(Exception):
    """Base of every error edgelm raises on purpose; ``exit_code`` is the process's."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled whole: a child process raises it, and its parent tells it."""
        return partial(type(self), self.message, hint=self.hint), (), self.__dict__


class UsageError(EdgelmError):
    """Usage, configuration or bad input."""

    exit_code = 2


class ToolchainError(EdgelmError):
    """A toolchain or runtime is missing; the hint is the exact install command."""

    exit_code = 3


class UnsupportedError(EdgelmError):
    """The model, task or operator is not supported."""

    exit_code = 4


class ParityError(EdgelmError):
    """An artifact does not answer as the original does."""

    exit_code = 5


class BudgetError(EdgelmError):
    """A quality, latency or size budget was missed."""

    exit_code = 6


class UnmeasuredError(EdgelmError):
    """A required check could not be measured."""

    exit_code = 7
