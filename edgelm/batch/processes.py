"""Windows answered by processes of this machine; one that dies is replaced, and its window is done again."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator
from multiprocessing.connection import wait

from edgelm.batch.answers import Answered, Asked, answer, open_session
from edgelm.batch.reading import Window
from edgelm.errors import EdgelmError
from edgelm.isolation import Child, ChildLost
from edgelm.machine import cores


class Processes:
    """Workers, each of which has the bundle open. Use it as a context: at the end they are gone."""

    def __init__(self, asked: Asked, workers: int | None) -> None:
        self.workers = workers or cores()
        self._asked = asked
        self._idle: list[Child] = []
        self._busy: dict[int, tuple[Child, int, Window]] = {}
        """By what is waited for."""
        self._waiting: deque[tuple[int, Window]] = deque()
        self._lost: set[int] = set()
        """The windows that a worker was lost with."""

    def __enter__(self) -> Processes:
        """All workers, ready; the error of one that cannot open the bundle."""
        try:
            self._idle += [Child(_work, self._asked) for _ in range(self.workers)]
            for child in self._idle:
                _wait_until_ready(child)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for child in (*self._idle, *(child for child, _, _ in self._busy.values())):
            child.close()

    def submit(self, number: int, window: Window) -> None:
        """Have a window answered as soon as a worker is idle."""
        self._waiting.append((number, window))
        self._hand_out()

    def wait(self) -> dict[int, Answered]:
        """Windows that are answered, at least one of them, by number."""
        found: dict[int, Answered] = {}
        while not found:
            for ready in [one for one in wait([*self._busy]) if isinstance(one, int)]:
                child, number, window = self._busy.pop(ready)
                try:
                    found[number] = child.next(math.inf)
                except ChildLost as lost:
                    child.close()
                    self._do_again(number, window, lost)
                    child = Child(_work, self._asked)
                    _wait_until_ready(child)
                self._idle.append(child)
            self._hand_out()
        return found

    def _hand_out(self) -> None:
        while self._idle and self._waiting:
            child, (number, window) = self._idle.pop(), self._waiting.popleft()
            self._busy[child.fileno()] = child, number, window
            child.ask(window)

    def _do_again(self, number: int, window: Window, lost: ChildLost) -> None:
        """Before any other; EdgelmError when the window has cost a worker before."""
        if number in self._lost:
            raise EdgelmError(
                f"Two workers were lost with lines {window.lines[0].number} to {window.lines[-1].number}: {lost}.",
                hint="If memory ran out, fewer --workers need less.",
            )
        self._lost.add(number)
        self._waiting.appendleft((number, window))


def _wait_until_ready(child: Child) -> None:
    try:
        child.next(math.inf)
    except ChildLost as lost:
        raise EdgelmError(f"A worker was lost before it could answer: {lost}.") from None


def _work(asked: Asked) -> Generator[Answered | None, Window, None]:
    """A worker's steps: the bundle opened, then a window answered for each that it is asked."""
    session = open_session(asked)
    window = yield None
    while True:
        window = yield answer(session, asked, window)
