"""Answers a file in child processes that SIGKILL ends, each at another moment, then lets one come to its end.

Started by test_run.py: `python killed.py BUNDLE INPUT OUTPUT`. Prints the moments at which a child was killed.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgelm.batch import journal
from edgelm.batch import run as batch
from edgelm.batch.reading import Limits
from edgelm.session import Question

LIMITS = Limits(rows=7)


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at_call(number: int, function: Callable[..., Any], instead: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose call of that number does something else."""
    calls = 0

    def called(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        return (instead if calls == number else function)(*arguments, **named)

    return called


def in_a_sync(number: int) -> None:
    """Of the output before it is on the disk, or of the journal."""
    journal._sync = at_call(number, journal._sync, die)


def half_written(file: Any) -> None:
    """What was written reaches the disk but for its second half."""
    written = file.tell()
    file.flush()
    file.truncate(written - 9)
    os.fsync(file.fileno())
    die()


def before_the_journal_begins() -> None:
    in_a_sync(1)


def before_it_is_in_its_place() -> None:
    journal._sync_folder = die


def while_the_output_is_written() -> None:
    journal._sync = at_call(2, journal._sync, half_written)


def before_the_first_window_is_noted() -> None:
    in_a_sync(3)


def while_a_window_is_noted() -> None:
    journal._sync = at_call(4, journal._sync, half_written)


def between_two_windows() -> None:
    batch.Output.append = at_call(3, batch.Output.append, die)


def before_it_is_whole() -> None:
    batch.Output.finish = die


def before_the_rename() -> None:
    batch.Output.publish = die


def after_the_rename() -> None:
    Path.unlink = die


MOMENTS = (
    before_the_journal_begins,
    before_it_is_in_its_place,
    while_the_output_is_written,
    before_the_first_window_is_noted,
    while_a_window_is_noted,
    between_two_windows,
    before_it_is_whole,
    before_the_rename,
    after_the_rename,
)


def run(bundle: Path, source: Path, output: Path, **options: Any) -> batch.Progress:
    """In windows of a few rows."""
    batch.limits_of = lambda _: LIMITS
    return batch.run(batch.BatchRequest(bundle, source, output, Question(""), **options), lambda _: None)


def main() -> None:
    arguments = [Path(argument) for argument in sys.argv[1:]]
    for moment in MOMENTS:
        child = os.fork()
        if not child:
            moment()
            run(*arguments, workers=1)
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL:
            print(moment.__name__)
    run(*arguments, workers=2)


if __name__ == "__main__":
    main()
