"""Arguments that several commands take."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import click

from edgelm.errors import ToolchainError, UsageError


def model_argument(function: Any) -> Any:
    """MODEL as an argument or as -m/--model."""
    function = click.option("-m", "--model", "model_option", metavar="MODEL", help="The model, as an option.")(function)
    return click.argument("model", required=False)(function)


def chosen(argument: str | None, option: str | None) -> str:
    if argument and option:
        raise UsageError("MODEL is given twice.")
    if not (argument or option):
        raise UsageError(
            "No MODEL given.", hint="Give a folder, a Hugging Face id or a built-in name (edgelm inspect --list)."
        )
    return str(argument or option)


def lengths_of(value: str | None) -> tuple[int, ...]:
    """The numbers of --lengths N,N, ascending."""
    if value is None:
        return ()
    try:
        return tuple(sorted({int(part) for part in value.split(",")}))
    except ValueError:
        raise UsageError(
            f"--lengths {value!r} is not a list of whole numbers.", hint="For example: --lengths 32,128"
        ) from None


def require_training() -> None:
    """ToolchainError with the install command where torch or its companions are missing."""
    missing = [name for name in ("torch", "transformers", "accelerate") if find_spec(name) is None]
    if missing:
        raise ToolchainError(f"Not installed: {', '.join(missing)}.", hint="Run: pip install 'edgelm[compress]'")
