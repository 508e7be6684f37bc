"""Asks a kit over its command-line driver: JSON lines on stdin, a JSON line back for each (README.md: the protocol)."""

from __future__ import annotations

import base64
import json
import queue
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

Reply = dict[str, Any]
"""``{"id", "ok"}`` or ``{"id", "error"}``."""
ModelRunner = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
"""What answers a driver's ``run``: named arrays in, named arrays out, as ``edgelm.types.Runner``."""
_STDERR_BYTES = 2000
_DTYPES = {"int32": np.int32, "int64": np.int64, "float32": np.float32}


class DriverFailedError(Exception):
    """The process of a driver ended, hung or wrote what is no reply: a fault of the kit, whatever it was asked."""


class KitError(Exception):
    """The kit's own typed error, where an answer was wanted."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(f"{error.get('type')} {error.get('kind') or ''}: {error.get('message')}")
        self.type: str = error.get("type", "")
        self.kind: str | None = error.get("kind")


class Driver:
    """One process of a kit's driver; a context manager that ends it."""

    def __init__(self, command: Sequence[str], *, timeout_s: float = 120.0) -> None:
        self.command = list(command)
        self.timeout_s = timeout_s
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        self._process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr
        )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process; it has read its last request when its stdin is closed."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            self._process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._stderr.close()

    @property
    def is_alive(self) -> bool:
        """Whether its process still runs."""
        return self._process.poll() is None

    def ok(self, op: str, *, runner: ModelRunner | None = None, **fields: Any) -> Any:
        """The answer to a request; KitError where the kit refuses, DriverFailedError where it fails."""
        reply = self.ask(op, runner=runner, **fields)
        if "ok" not in reply:
            raise KitError(reply["error"])
        return reply["ok"]

    def ask(self, op: str, *, runner: ModelRunner | None = None, **fields: Any) -> Reply:
        """The reply to one request; ``runner`` runs the model whenever the driver asks for it."""
        self._send({**fields, "op": op})
        while True:
            reply = self._receive(self.timeout_s)
            if "run" not in reply:
                return self._checked(reply, self._count)
            if runner is None:
                self._process.kill()  # it waits for what nobody will send
                raise DriverFailedError(f"{op!r} asked for the model, which it does not need.")
            self._write({"outputs": encoded(runner(_decoded(reply["run"])))})

    def ask_all(self, requests: Iterable[Mapping[str, Any]]) -> Iterator[Reply]:
        """The replies to many requests, written while the replies are read; none of them may ask for the model."""
        pending = list(requests)
        first = self._count + 1
        self._count += len(pending)
        lines = (json.dumps({**request, "id": first + place}) for place, request in enumerate(pending))
        writer = threading.Thread(target=self._write_all, args=(lines,), daemon=True)
        writer.start()
        for place in range(len(pending)):
            yield self._checked(self._receive(self.timeout_s), first + place)
        writer.join()

    def raw(self, line: bytes) -> Reply:
        """The reply to a line of any bytes."""
        self._write_line(line)
        return self._receive(self.timeout_s)

    def _send(self, request: Mapping[str, Any]) -> None:
        self._count += 1
        self._write({**request, "id": self._count})

    def _write(self, content: Mapping[str, Any]) -> None:
        self._write_line(json.dumps(content).encode())

    def _write_line(self, line: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise self._failed("ended") from None

    def _write_all(self, lines: Iterable[str]) -> None:
        """What cannot be written any more shows as a missing reply."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.writelines(line.encode() + b"\n" for line in lines)
            self._process.stdin.flush()
        except OSError:
            return

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def _receive(self, timeout_s: float) -> Reply:
        try:
            line = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            self._process.kill()
            raise self._failed(f"gave no reply in {timeout_s:g} s") from None
        if not line:
            self._process.wait()
            raise self._failed(f"ended with exit code {self._process.returncode}")
        try:
            reply = json.loads(line)
        except ValueError:
            raise self._failed(f"wrote what is no JSON: {line[:200]!r}") from None
        if not isinstance(reply, dict):
            raise self._failed(f"wrote what is no reply: {line[:200]!r}")
        return reply

    def _checked(self, reply: Reply, number: int) -> Reply:
        """The reply, if it has the form of one and the request's number."""
        error = reply.get("error")
        has_form = "ok" in reply or (isinstance(error, dict) and {"type", "message"} <= error.keys())
        if reply.get("id") != number or not has_form:
            raise self._failed(f"wrote what is no reply to request {number}: {json.dumps(reply)[:300]}")
        return reply

    def _failed(self, what: str) -> DriverFailedError:
        self._stderr.seek(0)
        said = self._stderr.read()[-_STDERR_BYTES:].decode("utf-8", "replace").strip()
        return DriverFailedError(f"{Path(self.command[0]).name} {what}. {said}".strip())


def encoded(outputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Model outputs as the protocol writes them: a shape, and little-endian float32 in base64."""
    return {
        name: {
            "shape": list(array.shape),
            "data": base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode(),
        }
        for name, array in outputs.items()
    }


def _decoded(inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {
        name: np.asarray(tensor["data"], _DTYPES[tensor["dtype"]]).reshape(tensor["shape"])
        for name, tensor in inputs.items()
    }
