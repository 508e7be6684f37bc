"""The log: one JSON object a line on stderr, and never a user's text."""

from __future__ import annotations

import json
import logging
import os
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def log(event: str, *, level: str = "info", **fields: Any) -> None:
    """Write one line. One call of ``write``, so that the workers' lines do not mix."""
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = json.dumps({"time": time, "level": level, "event": event, "pid": os.getpid(), **fields}, ensure_ascii=False)
    try:
        os.write(2, f"{line}\n".encode("utf-8", "backslashreplace"))
    except OSError:  # whoever read the log has gone; the service goes on
        return


def bug(error: BaseException) -> dict[str, Any]:
    """The kind of an error and where it was raised; not its message, which may quote a text."""
    frames = traceback.extract_tb(error.__traceback__)
    return {"error": type(error).__name__, "at": [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames[-6:]]}


class JsonHandler(logging.Handler):
    """Takes what libraries log; what they say is a sentence of theirs, and an error is told as ``bug`` tells it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        error = record.exc_info[1] if record.exc_info else None
        told = bug(error) if error else {}
        log(record.name, level=record.levelname.lower(), message=str(record.msg).strip(), **told)


def take_over_logging() -> None:
    """Send the warnings of every library through the same log."""
    root = logging.getLogger()
    root.handlers = [JsonHandler()]
    root.setLevel(logging.WARNING)
