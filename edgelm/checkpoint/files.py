"""Reads the small files of a model's folder, and says what is wrong with them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from edgelm.errors import UsageError


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; UsageError when it is missing, unreadable or not an object."""
    content = load_json(path)
    if not isinstance(content, dict):
        raise UsageError(f"{path} does not hold a JSON object.")
    return content


def load_json(path: Path) -> Any:
    """Any JSON value from a file; UsageError when it is missing or unreadable."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist.", hint="Is this a Hugging Face model folder?") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not readable JSON: {error}.") from None


def inside(folder: Path, name: object, source: Path) -> Path:
    """The file or folder that a JSON file names; UsageError unless the name is a path that stays inside ``folder``."""
    if not isinstance(name, str) or Path(name).is_absolute() or ".." in Path(name).parts:
        raise UsageError(f"{source} names {name!r}, which is no path inside its folder.")
    return folder / name


def sha256_of(path: Path) -> str:
    """The hexadecimal digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def first_line(error: BaseException) -> str:
    """What an error says first, or its class where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
