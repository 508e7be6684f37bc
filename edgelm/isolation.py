"""Runs steps in a process of their own: a native crash or a hang costs one target, not the run."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, cast

_POLL_SECONDS = 0.2
_HELD = (signal.SIGINT, signal.SIGTERM)


class ChildLost(Exception):  # noqa: N818  what happened to it, not an error of ours
    """A child died by itself or was ended at its time limit; the message says which, after how long."""


class Child:
    """A generator that runs in another process, one step for each call of ``next``.

    ``steps`` and its arguments are inherited on Linux and pickled elsewhere; what it yields, and what ``ask`` sends it,
    is pickled. What it raises is raised by ``next``; an error that cannot be pickled becomes a RuntimeError of the same
    text. Use it as a context: at the end the child is gone, whatever it was doing.
    """

    def __init__(self, steps: Callable[..., Iterator[Any]], *arguments: object) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = _process(target=_serve, args=(theirs, self._pipe, steps, arguments), daemon=True)
        with signals_held():
            self._process.start()
        theirs.close()
        self.peak_mb = 0.0
        """Its peak resident memory so far, in MB; what it shares with its parent counts."""
        self.ask()

    def ask(self, value: object = None) -> None:
        """Let the next step start now, beside what the parent does meanwhile; ``next`` waits for it.

        The first step starts by itself; to those after it ``value`` is what the last ``yield`` gives.
        """
        self._started = time.perf_counter()
        with suppress(ConnectionError):  # a child that is gone is told of by `next`
            self._pipe.send(value)

    def fileno(self) -> int:
        """What ``multiprocessing.connection.wait`` waits for: a step is done, or the child is gone."""
        return self._pipe.fileno()

    def next(self, limit_s: float, waiting: Callable[[], None] = lambda: None) -> Any:
        """The step's value; ``waiting`` is called a few times a second until it is there. ChildLost, or its error."""
        end = self._started + limit_s
        while not self._pipe.poll(min(_POLL_SECONDS, max(end - time.perf_counter(), 0))):
            waiting()
            if time.perf_counter() >= end:
                self.close()
                raise ChildLost(f"it was ended at its time limit of {limit_s:g} s")
        try:
            kind, value, self.peak_mb = self._pipe.recv()
        except (EOFError, OSError):  # nothing, or a part of it
            self._process.join()
            raise ChildLost(self._epitaph()) from None
        if kind == "error":
            raise value
        return value

    def close(self) -> None:
        """End the process and all it has started; nothing happens to one that has ended."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid or 0, signal.SIGKILL)
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _epitaph(self) -> str:
        code, seconds = self._process.exitcode, time.perf_counter() - self._started
        if code is not None and code < 0:
            return f"it died of {signal.Signals(-code).name} after {seconds:.1f} s"
        return f"it ended by itself with exit code {code} after {seconds:.1f} s"


@contextmanager
def signals_held() -> Iterator[None]:
    """While a process is made: before a signal acts, its parent must know it, and it must have its own handlers.

    Python acts on signals in the main thread, so there the handlers wait: a mask would not do, for the system gives
    the signal to another thread then, and the main one acts on it all the same.
    """
    if threading.current_thread() is not threading.main_thread():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    noted: list[signal.Signals] = []
    ours = [number for number in _HELD if signal.getsignal(number) is not None]
    handlers = {
        number: signal.signal(number, lambda number, _: noted.append(signal.Signals(number))) for number in ours
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for one in noted:
            signal.raise_signal(one)


def _process(**settings: Any) -> BaseProcess:
    """Forked on Linux: it has all the parent has, in milliseconds. Other systems' own libraries do not survive that."""
    if sys.platform == "linux":
        return multiprocessing.get_context("fork").Process(**settings)
    return multiprocessing.get_context("spawn").Process(**settings)


def _serve(pipe: Connection, parents: Connection, steps: Callable[..., Iterator[Any]], arguments: Any) -> None:
    """The child's side: one step for each request, until there are no more steps or no more parent."""
    gc.freeze()  # destroyed here, a runtime's object among the parent's garbage would wait for threads of the parent
    os.setpgid(0, 0)  # Ctrl-C is for the parent, which ends this group, an emulator that was started here included
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
    parents.close()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    generator = cast(Generator[Any, Any, None], steps(*arguments))
    for value in _asked(pipe):
        try:
            answer = ("value", generator.send(value))
        except StopIteration:
            break
        except Exception as error:  # noqa: BLE001  raised again on the other side
            answer = ("error", _portable(error))
        pipe.send((*answer, peak_mb()))
        if answer[0] == "error":
            break
    sys.stdout.flush()
    sys.stderr.flush()


def _asked(pipe: Connection) -> Iterator[Any]:
    """What the parent asks with, until there is no parent any more."""
    with suppress(EOFError, ConnectionError):
        while True:
            yield pipe.recv()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.killpg(0, signal.SIGKILL)


def _portable(error: Exception) -> Exception:
    """The error with its traceback as a note, or a RuntimeError that tells the same where it cannot be pickled."""
    told = "".join(traceback.format_exception(error))
    portable: Exception = error
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001  a vendor's class may fail in any way
        portable = RuntimeError(f"{type(error).__name__}: {error}")
    portable.add_note(f"In a process of its own:\n{told}")
    return portable


def peak_mb() -> float:
    """Peak resident memory in MB of this process and of those it has started and that still run.

    ru_maxrss is in KiB on Linux and in bytes on macOS.
    """
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6) + children_peak_mb()


def children_peak_mb() -> float:
    """Of the processes this one has started and that still run, as a runtime in another Python; on Linux only."""
    return sum(resident_peak_mb(pid) for pid in _children())


def resident_peak_mb(pid: int | str) -> float:
    """A process's peak resident memory in MB, by Linux; 0 of one that has ended, and on other systems."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6


def _children() -> Iterator[int]:
    """Those whose parent this process is; the name in stat, which may hold anything, ends with its last bracket."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            if int(stat.read_text("utf-8", "replace").rpartition(")")[2].split()[1]) == os.getpid():
                yield int(stat.parent.name)
