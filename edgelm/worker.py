"""The process that `edgelm.remote` talks to: it opens a model in its own Python and answers the feeds it is sent.

It is run by its path in whatever Python a runtime needs, from 3.8 on, so it imports NumPy and nothing of edgelm.

Both sides speak in frames: eight bytes of length, little-endian, then as many bytes. The first frame is the order as
JSON, the others are named arrays: a line of JSON with each name, dtype and shape, then their bytes in that order.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import struct
import sys
import traceback
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from edgelm.types import Array, Runner, Tensors

_LENGTH = struct.Struct("<Q")


def write_frame(stream: IO[bytes], payload: bytes) -> None:
    """Send one frame, at once."""
    stream.write(_LENGTH.pack(len(payload)))
    stream.write(payload)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """The next frame's bytes, or None when the stream ended before the frame was whole."""
    header = stream.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(header)
    payload = stream.read(length)
    return payload if len(payload) == length else None


def pack(arrays: Tensors) -> bytes:
    """Named arrays as the bytes of a frame."""
    header = {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
    return b"".join((json.dumps(header).encode(), b"\n", *(array.tobytes() for array in arrays.values())))


def unpack(payload: bytes) -> dict[str, Array]:
    """The arrays of ``pack``, in its order; they share the payload's memory and cannot be written to."""
    header, _, content = payload.partition(b"\n")
    arrays, start = {}, 0
    for name, (dtype, shape) in json.loads(header).items():
        count = math.prod(shape)
        arrays[name] = np.frombuffer(content, dtype, count, start).reshape(shape)
        start += arrays[name].nbytes
    return arrays


def serve(runner: Runner, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer every feed until the stream of requests ends."""
    while True:
        payload = read_frame(requests)
        if payload is None:
            return
        write_frame(answers, pack(runner(unpack(payload))))


def main() -> None:
    """Read the order, say twice that it went well (modules imported, model open), then answer feeds.

    The order holds the modules that it ``requires``, and the ``file``, ``function`` and ``arguments`` that give the
    runner. Whatever goes wrong ends the process; the last line on stderr is the error.
    """
    sys.excepthook = _last_words
    answers = _take_stdout()
    requests = sys.stdin.buffer
    order: Mapping[str, Any] = json.loads(read_frame(requests) or b"{}")
    for module in order["requires"]:
        import_module(module)
    write_frame(answers, b"")
    runner = _function(order["file"], order["function"])(**order["arguments"])
    write_frame(answers, b"")
    serve(runner, requests, answers)


def _function(file: str, name: str) -> Any:
    """A function of a Python file, whose folder is not searched for modules."""
    spec = importlib.util.spec_from_file_location("_opened", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


def _last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The traceback, and the error once more on one line, for messages of several lines end in the least of them."""
    traceback.print_exception(kind, error, trace)
    print(f"{kind.__name__}: {' '.join(str(error).split())}".rstrip(": "), file=sys.stderr)


def _take_stdout() -> IO[bytes]:
    """The stdout of the process for frames alone; what a runtime prints there goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return answers


if __name__ == "__main__":
    main()
