"""A step in a process of its own: values, errors, deaths, hangs, and nothing left behind."""

from __future__ import annotations

import faulthandler
import fcntl
import multiprocessing
import multiprocessing.connection
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm.errors import ToolchainError, UsageError
from edgelm.isolation import Child, ChildLost, peak_mb


class UnpicklableError(Exception):
    """As the exceptions of a vendor's bindings are: what it is made with is not what it keeps."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


class Collected:
    """Cannot be destroyed in any process but its own, like a runtime whose threads a fork leaves behind."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.itself = self

    def __del__(self) -> None:
        if os.getpid() != self.process:
            os.abort()


def counting(first: int) -> Iterator[int]:
    yield first
    yield first + 1


def doubling() -> Generator[int | None, int, None]:
    number = yield None
    while True:
        number = yield 2 * number


def holding() -> Iterator[None]:
    """At the second step in another process, as a runtime in another Python would."""
    yield
    script = "held = b'x' * 80_000_000; print('ready', flush=True); input()"
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield


def failing(error: Exception) -> Iterator[None]:
    raise error
    yield


def dying(how: str) -> Iterator[None]:
    faulthandler.disable()  # pytest's, which would print a page
    os.kill(os.getpid(), signal.SIGSEGV) if how == "signal" else os._exit(3)
    yield


def sleeping(started: Path) -> Iterator[None]:
    """Starts a process of its own, as an emulator is one, and hangs."""
    inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    started.write_text(f"{os.getpid()} {inner.pid}")
    time.sleep(60)
    yield


def telling_much() -> Iterator[bytes]:
    yield bytes(2**24)


def collecting() -> Iterator[int]:
    import gc

    yield gc.collect()


def large() -> Iterator[Any]:
    yield np.ones(5_000_000, np.float32)


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def until(happened: Any) -> None:
    for _ in range(300):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def test_steps_one_after_the_other() -> None:
    with Child(counting, 7) as child:
        assert child.next(60) == 7
        child.ask()
        assert child.next(60) == 8
        assert child.peak_mb > 1


def test_a_step_takes_what_it_is_asked_with_and_says_when_it_is_done() -> None:
    with Child(doubling) as child, Child(doubling) as other:
        assert child.next(60) is other.next(60) is None
        child.ask(21)
        assert multiprocessing.connection.wait([child, other], 60) == [child]
        assert child.next(60) == 42
        child.ask(4)
        assert child.next(60) == 8


def test_no_step_is_made_before_it_is_asked_for(tmp_path: Path) -> None:
    def marking() -> Iterator[int]:
        yield 1
        (tmp_path / "second").touch()
        yield 2

    with Child(marking) as child:
        child.next(60)
        time.sleep(0.2)
        assert not (tmp_path / "second").exists()
        child.ask()
        child.next(60)
        assert (tmp_path / "second").exists()


def test_large_arrays_come_back_and_count_as_its_memory() -> None:
    with Child(large) as child:
        assert child.next(60).sum() == 5_000_000
        assert child.peak_mb > 20
    assert peak_mb() > 1


def test_the_memory_of_a_process_that_a_step_has_started_counts() -> None:
    with Child(holding) as child:
        child.next(60)
        alone = child.peak_mb
        child.ask()
        child.next(60)
        assert child.peak_mb > alone + 80


@pytest.mark.parametrize("error", [UsageError("a", hint="b"), ToolchainError("c"), OSError(28, "full"), KeyError("x")])
def test_errors_are_raised_here_with_the_traceback_of_there(error: Exception) -> None:
    with Child(failing, error) as child, pytest.raises(type(error)) as raised:
        child.next(60)
    assert (str(raised.value), getattr(raised.value, "hint", None)) == (str(error), getattr(error, "hint", None))
    assert getattr(raised.value, "errno", None) == getattr(error, "errno", None)
    assert "in failing" in raised.value.__notes__[0]


def test_an_error_that_cannot_be_pickled_is_told() -> None:
    with (
        Child(failing, UnpicklableError(1, 2)) as child,
        pytest.raises(RuntimeError, match="UnpicklableError: 1 and 2"),
    ):
        child.next(60)


@pytest.mark.parametrize(("how", "told"), [("signal", "died of SIGSEGV"), ("exit", "exit code 3")])
def test_a_death_is_told(how: str, told: str) -> None:
    with Child(dying, how) as child, pytest.raises(ChildLost, match=told):
        child.next(60)


def test_a_step_after_a_death_is_told_too() -> None:
    with Child(counting, 1) as child:
        child.next(60)
        child.close()
        with pytest.raises((ChildLost, OSError)):
            child.next(60)


def test_one_that_dies_while_it_tells_its_value() -> None:
    """A part of it lies in the pipe then, which holds no more at a time."""
    with Child(telling_much) as child:
        while waiting_bytes(child) < 1000:
            time.sleep(0.01)
        os.kill(child._process.pid or 0, signal.SIGKILL)
        with pytest.raises(ChildLost, match="died of SIGKILL"):
            child.next(60)


def waiting_bytes(child: Child) -> int:
    """In the pipe, for the parent to read."""
    return int.from_bytes(fcntl.ioctl(child.fileno(), termios.FIONREAD, bytes(4)), sys.byteorder)


def test_what_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    waited = []
    with Child(sleeping, tmp_path / "pids") as child:
        until(lambda: (tmp_path / "pids").exists() and len((tmp_path / "pids").read_text().split()) == 2)
        with pytest.raises(ChildLost, match=r"time limit of 0\.5 s"):
            child.next(0.5, lambda: waited.append(1))
    processes = [int(number) for number in (tmp_path / "pids").read_text().split()]
    until(lambda: not any(map(is_alive, processes)))
    assert waited


def test_a_child_outlives_no_parent(tmp_path: Path) -> None:
    def parent() -> None:
        with Child(sleeping, tmp_path / "pids") as child:
            child.next(60)

    process = multiprocessing.get_context("fork").Process(target=parent)
    process.start()
    until(lambda: (tmp_path / "pids").exists() and len((tmp_path / "pids").read_text().split()) == 2)
    process.kill()
    process.join()
    processes = [int(number) for number in (tmp_path / "pids").read_text().split()]
    until(lambda: not any(map(is_alive, processes)))


def test_the_parents_garbage_is_not_collected_there() -> None:
    for _ in range(3):
        Collected()  # a cycle: garbage, until somebody collects it
    with Child(collecting) as child:
        assert child.next(60) >= 0


def test_it_runs_where_processes_are_not_forked(tmp_path: Path) -> None:
    """As on macOS: everything is pickled, the module is imported anew."""
    (tmp_path / "steps.py").write_text("def steps(number):\n    yield number * 2\n")
    (tmp_path / "main.py").write_text(
        "import sys\nfrom steps import steps\nfrom edgelm.isolation import Child\n"
        "if __name__ == '__main__':\n"
        "    sys.platform = 'darwin'\n    with Child(steps, 21) as child:\n        print(child.next(60))\n"
    )
    found = subprocess.run([sys.executable, "main.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout == "42\n"
