"""The parent's side of a worker: asks, waits no longer than a limit, and says how one was lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

from edgelm.tokenizer import Text

_COMMAND = ("-P", "-m", "edgelm.bench.worker")
"""-P: a module in the current folder must not stand in for one of Python's."""


class WorkerLost(Exception):  # noqa: N818  what happened to it, not an error of ours
    """The process died, took too long, or raised; the message says which."""


class Worker:
    """A fresh process that runs one bundle. Use it as a context: at the end the process is gone."""

    def __init__(self, bundle: Path, threads: int, texts: Sequence[Text], limit_s: float) -> None:
        self.limit_s = limit_s
        self._is_late = False
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as the process
        self.started = time.perf_counter()
        """When the process was started, by ``time.perf_counter``."""
        self._process = subprocess.Popen(
            [sys.executable, *_COMMAND],
            env={"OPENBLAS_NUM_THREADS": "1", **os.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            process_group=0,  # Ctrl-C is for the parent, which ends this one
        )
        self._send({"bundle": str(bundle.resolve()), "threads": threads, "texts": texts})

    def ask(self, do: str, **arguments: object) -> dict[str, Any]:
        """What the worker answers; WorkerLost when it does not, or not in time."""
        self._send({"do": do, **arguments})
        timer = threading.Timer(self.limit_s, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            line = cast(IO[bytes], self._process.stdout).readline()
        finally:
            timer.cancel()
        if not line.endswith(b"\n"):
            raise WorkerLost(self._epitaph())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerLost(answer["error"])
        return answer

    def close(self) -> None:
        """End the process and all it has started."""
        self._kill()
        self._process.communicate()
        self._stderr.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, request: dict[str, Any]) -> None:
        # Where the process is gone already, the answer it does not give says so.
        with suppress(BrokenPipeError):
            stream = cast(IO[bytes], self._process.stdin)
            stream.write(json.dumps(request).encode() + b"\n")
            stream.flush()

    def _give_up(self) -> None:
        self._is_late = True
        self._kill()

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _epitaph(self) -> str:
        """What became of the process, and the last line it wrote."""
        status = self._process.wait()
        if self._is_late:
            return f"it was ended at its time limit of {self.limit_s:g} s"
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").splitlines()
        last = next((f": {line.strip()[:300]}" for line in reversed(lines) if line.strip()), "")
        how = f"died of {signal.Signals(-status).name}" if status < 0 else f"ended by itself with exit code {status}"
        return f"it {how}{last}"
