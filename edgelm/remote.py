"""Runs a model in another process: another Python, another version of a runtime, another machine under emulation."""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, cast

from edgelm.errors import EdgelmError, ParityError, ToolchainError
from edgelm.types import Array, Tensors
from edgelm.worker import pack, read_frame, unpack, write_frame

_MOST_SECONDS = 600.0
_WORKER = Path(__file__).with_name("worker.py")
_LAST_LINES = 3
_MOST_CHARACTERS = 500


@dataclass(frozen=True)
class Call:
    """What gives the runner over there: a function of a Python file, its arguments, and the modules it needs."""

    file: str
    function: str
    arguments: Mapping[str, Any]
    requires: tuple[str, ...]


class RemoteRunner:
    """A Runner whose model is open in another process; the process ends with this object.

    ``python`` is the command of a Python, without a script, which must not search the script's folder for modules.
    ToolchainError, with ``hint``, when that Python does not import what the call requires; ``refusal`` when it does not
    open the model, dies, or takes longer than ``most_seconds`` over the model or over a feed.
    """

    def __init__(
        self,
        title: str,
        python: Sequence[str],
        environment: Mapping[str, str],
        call: Call,
        *,
        hint: str = "",
        refusal: type[EdgelmError] = ParityError,
        most_seconds: float = _MOST_SECONDS,
    ) -> None:
        self.title = title
        self.most_seconds = most_seconds
        self._hint = hint
        self._refusal = refusal
        self._late = False
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as the process
        self._process = subprocess.Popen(
            [*python, str(_WORKER)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        weakref.finalize(self, _end, self._process, self._stderr)
        self._send(json.dumps(asdict(call)).encode())

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def open(self) -> None:
        """Wait until the modules are imported and the model is open."""
        self._receive(ToolchainError, self._hint)
        self._receive(self._refusal)

    def __call__(self, inputs: Tensors) -> dict[str, Array]:
        """The outputs of one feed."""
        self._send(pack(inputs))
        return unpack(self._receive(self._refusal))

    def _send(self, payload: bytes) -> None:
        # Where the process is gone already, the answer it does not give says so.
        with suppress(BrokenPipeError):
            write_frame(cast(IO[bytes], self._process.stdin), payload)

    def _receive(self, error: type[EdgelmError], hint: str = "") -> bytes:
        """The next frame; a process that is too slow is killed, upon which its stream ends."""
        timer = threading.Timer(self.most_seconds, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            payload = read_frame(cast(IO[bytes], self._process.stdout))
        finally:
            timer.cancel()
        if payload is None:
            raise error(f"{self.title}: {self._death()}.", hint=hint)
        return payload

    def _give_up(self) -> None:
        self._late = True
        self._process.kill()

    def _death(self) -> str:
        """What became of the process, and what it wrote last: an error's line, or the few before a signal."""
        status = self._process.wait()
        if self._late:
            return f"no answer within {self.most_seconds:g} s"
        self._stderr.seek(0)
        lines = [line.strip() for line in self._stderr.read().decode(errors="replace").split("\n") if line.strip()]
        if status >= 0:
            how, last = f"with exit status {status}", lines[-1:]
        else:
            how, last = f"of {signal.Signals(-status).name}", lines[-_LAST_LINES:]
        told = _shortened(" | ".join(last)).rstrip(".") or "it wrote nothing"
        return f"the runtime's process died {how}: {told}"


def _shortened(text: str) -> str:
    """Its beginning and its end."""
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[: _MOST_CHARACTERS // 2]} ... {text[-_MOST_CHARACTERS // 2 :]}"


def _end(process: subprocess.Popen[bytes], stderr: IO[bytes]) -> None:
    """End a process and close its streams."""
    process.kill()
    process.communicate()
    stderr.close()
