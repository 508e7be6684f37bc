"""Windows answered by the actors of a Ray cluster, on this machine or on several."""

from __future__ import annotations

import logging
import os
from collections import deque
from importlib.util import find_spec
from typing import Any

from edgelm.batch.answers import Answered, Asked, answer, open_session
from edgelm.batch.reading import Window
from edgelm.errors import EdgelmError, ToolchainError
from edgelm.session import Session


class Cluster:
    """Actors, each of which has the bundle open. Use it as a context: at the end this run has left Ray.

    The cluster is that of ``RAY_ADDRESS``, else one that is started on this machine. Ray replaces an actor that dies,
    with its machine too, and does its window once more. ToolchainError without Ray.
    """

    def __init__(self, asked: Asked, workers: int | None) -> None:
        if find_spec("ray") is None:
            raise ToolchainError("Not installed: ray.", hint="Run: pip install 'edgelm[ray]'")
        self.workers = workers or 0
        self._asked = asked
        self._idle: list[Any] = []
        self._busy: dict[Any, tuple[int, Any]] = {}
        self._waiting: deque[tuple[int, Window]] = deque()

    def __enter__(self) -> Cluster:
        """All actors, ready; the error of one that cannot open the bundle."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it tells its makers about each run otherwise
        import ray

        self._ray = ray
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
        try:
            self.workers = self.workers or max(1, int(ray.cluster_resources()["CPU"]) // self._asked.threads)
            actor = ray.remote(num_cpus=self._asked.threads, max_restarts=-1, max_task_retries=1)(_Actor)
            self._idle = [actor.remote(self._asked) for _ in range(self.workers)]
            self._results([one.open.remote() for one in self._idle])
        except BaseException:
            ray.shutdown()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ray.shutdown()

    def submit(self, number: int, window: Window) -> None:
        """Have a window answered as soon as an actor is idle."""
        self._waiting.append((number, window))
        self._hand_out()

    def wait(self) -> dict[int, Answered]:
        """Windows that are answered, at least one of them, by number."""
        ready, _ = self._ray.wait([*self._busy])
        found = {}
        for reference, answered in zip(ready, self._results(ready), strict=True):
            number, actor = self._busy.pop(reference)
            self._idle.append(actor)
            found[number] = answered
        self._hand_out()
        return found

    def _hand_out(self) -> None:
        while self._idle and self._waiting:
            actor, (number, window) = self._idle.pop(), self._waiting.popleft()
            self._busy[actor.answer.remote(window)] = number, actor

    def _results(self, references: list[Any]) -> list[Any]:
        """What actors answered; the errors of edgelm's own as they were raised."""
        try:
            return list(self._ray.get(references))
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except self._ray.exceptions.RayError as error:
            told = str(error).strip().splitlines()[0]
            raise EdgelmError(f"Ray lost a worker twice: {told}", hint="Look at Ray's logs.") from None


class _Actor:
    """A worker, which opens the bundle once; again where Ray had to start it again."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._session: Session | None = None

    def open(self) -> None:
        """Have the bundle open."""
        if self._session is None:
            self._session = open_session(self._asked)

    def answer(self, window: Window) -> Answered:
        """The answers to a window."""
        self.open()
        assert self._session is not None
        return answer(self._session, self._asked, window)
