"""Which jobs run together: a bounded line of those that wait, taken a few budgets of tokens at a time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

WAVE = 4
"""Budgets of tokens that are taken from the line at once, to be sorted by length."""


class Waiting(Protocol):
    """What stands in the line: so many texts, of about so many tokens, since then."""

    texts: int
    tokens: int
    arrived: float


Item = TypeVar("Item", bound=Waiting)


class Full(Exception):  # noqa: N818  a state of the line, not a fault
    """No more texts may wait."""


class Line(Generic[Item]):
    """The jobs that wait for one model, first come, first served; any thread may stand in it, one takes from it."""

    def __init__(
        self,
        most_texts: int,
        budget: int,
        max_wait_s: float,
        clock: Callable[[], float] = time.monotonic,
        told: Callable[[int], None] = lambda _: None,
    ) -> None:
        """``told`` hears how many texts wait whenever that changes, one change after the other."""
        self._most_texts = most_texts
        self._budget = budget
        self._max_wait_s = max_wait_s
        self._clock = clock
        self._told = told
        self._jobs: deque[Item] = deque()
        self._changed = threading.Condition()
        self._is_crowded = False
        self._is_closed = False
        self.texts = 0

    def put(self, job: Item) -> None:
        """Stand in line; Full when the texts would be more than may wait. A line without anyone takes any job."""
        with self._changed:
            if self._jobs and self.texts + job.texts > self._most_texts:
                raise Full
            self._jobs.append(job)
            self._count(job.texts)
            self._changed.notify()

    def discard(self, job: Item) -> None:
        """Leave the line; nothing happens to a job that has been taken."""
        with self._changed:
            try:
                self._jobs.remove(job)
            except ValueError:
                return
            self._count(-job.texts)

    def close(self) -> None:
        """Let ``take`` return an empty list once the line is empty."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def take(self) -> list[Item]:
        """Wait for jobs; take the first, and those behind it up to a few budgets of tokens.

        Where several texts came together last time, others are on their way now: they are waited for until the first
        in line has stood there for the longest wait, or a batch is full. A single client is never made to wait.
        """
        with self._changed:
            while not self._has_come():
                if self._is_closed:
                    return []
                self._changed.wait()
            taken: list[Item] = []
            tokens = 0
            while self._jobs and (not taken or tokens + self._jobs[0].tokens <= WAVE * self._budget):
                taken.append(self._jobs.popleft())
                tokens += taken[-1].tokens
            texts = sum(job.texts for job in taken)
            self._count(-texts)
            self._is_crowded = texts > 1
            return taken

    def _count(self, texts: int) -> None:
        self.texts += texts
        self._told(self.texts)

    def _has_come(self) -> bool:
        """Whether there is a job, after the wait for others; whoever was waited with may have left meanwhile."""
        while self._jobs and self._is_crowded and not self._is_closed:
            left = self._jobs[0].arrived + self._max_wait_s - self._clock()
            if left <= 0 or sum(job.tokens for job in self._jobs) >= self._budget:
                break
            self._changed.wait(left)
        return bool(self._jobs)
