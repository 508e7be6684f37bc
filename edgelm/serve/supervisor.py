"""The parent of the workers: holds the listening socket, replaces those that die, and lets them finish at the end."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from edgelm import registry
from edgelm.bundle import Bundle
from edgelm.errors import EdgelmError, UsageError
from edgelm.isolation import signals_held
from edgelm.serve import metrics
from edgelm.serve.log import log, take_over_logging
from edgelm.serve.settings import Settings
from edgelm.toolchain import import_toolchain

_LONGEST_PAUSE_S = 5.0
_SO_ATTACH_FILTER = 26
"""Of Linux; Python's socket module has no name for it."""
_DROP = struct.pack("HBBI", 6, 0, 0, 0)
"""A packet filter of one instruction: keep 0 bytes of each packet."""
_KILL_AFTER_S = 3.0
"""More than a worker's own limit for draining, before it is killed."""


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    is_ready: bool = False

    @property
    def pid(self) -> int:
        return self.process.pid or 0


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; an EdgelmError when it cannot begin."""
    take_over_logging()
    listener = _listen(settings.host, settings.port)
    directory = Path(tempfile.mkdtemp(prefix="edgelm-metrics-"))
    metrics.share(directory)
    try:
        _Supervisor(settings, listener).run()
    finally:
        listener.close()
        shutil.rmtree(directory, ignore_errors=True)


class _Supervisor:
    """The workers by their number."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        self._workers: dict[int, _Worker] = {}
        self._due: dict[int, float] = {}
        """When those that are missing shall start."""
        self._failures = 0
        self._has_served = False
        _import_all(settings)
        self._metrics = metrics.Metrics()

    def run(self) -> None:
        with _signals() as signalled:
            self._due = dict.fromkeys(range(self._settings.workers), 0.0)
            try:
                while not self._signalled(signalled):
                    self._start_due()
                    self._look(signalled)
            except BaseException:
                self._end(signal.SIGKILL)
                raise
            self._drain()

    @staticmethod
    def _signalled(pipe: int) -> bool:
        with suppress(BlockingIOError):
            return bool(os.read(pipe, 64))
        return False

    def _start_due(self) -> None:
        now = time.monotonic()
        for number in [number for number, due in self._due.items() if due <= now]:
            del self._due[number]
            self._workers[number] = self._start()

    def _start(self) -> _Worker:
        ours, theirs = multiprocessing.Pipe()
        with signals_held():
            process = _process(self._settings, self._listener, theirs)
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def _look(self, signalled: int) -> None:
        """Wait for something to happen: a signal, a word from a worker, its end, or the time to start another."""
        pipes = {worker.pipe: number for number, worker in self._workers.items() if not worker.is_ready}
        ends = {worker.process.sentinel: number for number, worker in self._workers.items()}
        until = min(self._due.values(), default=None)
        happened = wait([signalled, *pipes, *ends], None if until is None else max(0.0, until - time.monotonic()))
        for pipe in [one for one in happened if isinstance(one, Connection)]:
            self._hear(self._workers[pipes[pipe]])
        for number in [ends[one] for one in happened if isinstance(one, int) and one in ends]:
            self._replace(number)

    def _hear(self, worker: _Worker) -> None:
        worker.is_ready = True
        try:
            said = worker.pipe.recv()
        except (EOFError, ConnectionError):
            return
        if said is None:
            self._failures = 0
            self._tell_ready(worker)
        elif not self._has_served:
            raise said
        else:
            log("worker_failed", level="error", worker=worker.pid, message=str(said))

    def _tell_ready(self, worker: _Worker) -> None:
        log("worker_ready", worker=worker.pid)
        if self._has_served or not all(one.is_ready for one in self._workers.values()):
            return
        self._has_served = True
        host, port = self._listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        models = [model.name for model in self._settings.models]
        log("serving", url=f"http://{shown}:{port}", models=models, workers=len(self._workers))

    def _replace(self, number: int) -> None:
        """A worker that has served is replaced at once, one that could not even begin after a pause."""
        worker = self._workers.pop(number)
        worker.process.join()
        code = worker.process.exitcode
        worker.pipe.close()
        metrics.forget(worker.pid)
        if not self._has_served:
            raise EdgelmError(f"A worker ended with exit code {code} before it served.", hint="The log says why.")
        self._metrics.restarts.inc()
        self._failures += 1
        pause = 0.0 if self._failures == 1 else min(_LONGEST_PAUSE_S, 0.25 * 2**self._failures)
        log("worker_died", level="error", worker=worker.pid, exit_code=code, restart_in_s=pause)
        self._due[number] = time.monotonic() + pause

    def _drain(self) -> None:
        """Take no more connections, let the workers finish, and end those that do not."""
        log("draining", workers=len(self._workers))
        _let_nobody_in(self._listener)
        self._listener.close()
        self._end(signal.SIGTERM)
        until = time.monotonic() + self._settings.drain_seconds + _KILL_AFTER_S
        for worker in self._workers.values():
            worker.process.join(max(0.0, until - time.monotonic()))
            if worker.process.exitcode is None:
                log("worker_killed", level="error", worker=worker.pid)
        self._end(signal.SIGKILL)
        log("stopped")

    def _end(self, number: signal.Signals) -> None:
        for worker in self._workers.values():
            if worker.process.exitcode is None:
                with suppress(ProcessLookupError):
                    os.kill(worker.pid, number)
        if number is signal.SIGKILL:
            for worker in self._workers.values():
                worker.process.join()


def _process(settings: Settings, listener: socket.socket, pipe: Connection) -> BaseProcess:
    """Forked on Linux, where it begins with everything imported; other systems' libraries do not survive that."""
    arguments = (settings, listener, pipe)
    if sys.platform == "linux":
        return multiprocessing.get_context("fork").Process(target=_work, args=arguments)
    return multiprocessing.get_context("spawn").Process(target=_work, args=arguments)


def _work(settings: Settings, listener: socket.socket, pipe: Connection) -> None:
    """A worker's process. Ctrl-C is for the parent, which tells its workers what to do."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
    from edgelm.serve.worker import run

    run(settings, listener, pipe)


def _import_all(settings: Settings) -> None:
    """Import, before any fork, whatever a worker needs: one that dies is then replaced in a fraction of a second."""
    import_module("edgelm.serve.worker")
    import_module("tokenizers")
    for model in settings.models:
        target = registry.target(Bundle.open(model.path).manifest["target"])
        with registry.toolchain_of(target):
            for module in target.requires:
                import_toolchain(module)


def _let_nobody_in(listener: socket.socket) -> None:
    """Let no handshake succeed any more, while those that have are still accepted.

    A socket that is closed resets the connections that nobody has accepted yet. Behind this filter there come no new
    ones: the workers accept what there is, then close it, and who knocks meanwhile is refused when it knocks again.
    """
    if sys.platform != "linux":
        return
    instruction = ctypes.create_string_buffer(_DROP)
    with suppress(OSError):  # a system may forbid filters; then a connection of that millisecond may be reset
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(instruction)))


@contextmanager
def _signals() -> Iterator[int]:
    """A pipe that can be read from once SIGTERM or SIGINT has come."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: os.write(writing, b".")) for number in numbers}
    try:
        yield reading
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)


def _listen(host: str, port: int) -> socket.socket:
    """The listening socket; UsageError when the address cannot be had."""
    listener = None
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, proto)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1)
    except OSError as error:
        if listener is not None:
            listener.close()
        reason = error.strerror or str(error)
        raise UsageError(
            f"Cannot listen on {host}:{port}: {reason}.", hint="Choose another --port or --host."
        ) from None
    listener.setblocking(False)
    return listener
