"""What every endpoint asks of: the models by name and task, one way to put questions and to wait for answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from edgelm.errors import EdgelmError
from edgelm.serve.engine import Answered, Ids, Job
from edgelm.serve.errors import ServeError, invalid
from edgelm.serve.metrics import Metrics
from edgelm.serve.models import Models, Served
from edgelm.serve.settings import Settings
from edgelm.session import Question

RECORD = "edgelm"
"""The key of a request's scope under which it is noted, for the log, what was done for it."""


class Service:
    """The state of a worker."""

    def __init__(self, settings: Settings, models: Models, metrics: Metrics) -> None:
        self.settings = settings
        self.models = models
        self.metrics = metrics
        self.is_draining = False

    def model(self, name: str | None, tasks: Collection[str]) -> Served:
        """The model of that name, or the only one for the tasks; ServeError 404 where there is none."""
        fitting = [one for one in self.models.served.values() if not set(tasks).isdisjoint(one.engine.tasks)]
        if name is None:
            if len(fitting) == 1:
                return fitting[0]
            names = ", ".join(one.model.name for one in fitting)
            message = (
                f"Several models do this: name one of {names}." if names else f"No model here does {_either(tasks)}."
            )
            raise ServeError(404, "model_not_found", message)
        found = self.named(name)
        if found not in fitting:
            message = f"Model {name} is for {found.engine.task}; this endpoint is for {_either(tasks)}."
            raise ServeError(404, "wrong_task", message)
        return found

    def named(self, name: str) -> Served:
        """The model of that name; ServeError 404 lists the ones there are."""
        found = self.models.served.get(name)
        if found is None:
            known = ", ".join(self.models.served)
            raise ServeError(404, "model_not_found", f"There is no model of that name; there are: {known}.")
        return found

    async def ask(self, scope: Any, served: Served, questions: Sequence[Question]) -> Answered:
        """The questions' answers."""
        limits = self.settings.limits
        for question in questions:
            parts = (question.text, question.pair or "", *question.choices)
            if max(map(len, parts)) > limits.max_characters:
                raise invalid(f"A text has more than {limits.max_characters} characters.", code="text_too_long")
            self._check_possible(served, question)
        return await self._wait(scope, served, lambda deadline: Job(questions, deadline))

    async def ask_ids(self, scope: Any, served: Served, ids: Sequence[Ids]) -> Answered:
        """The answers to texts that came as tokens."""
        return await self._wait(scope, served, lambda deadline: Job((), deadline, ids=ids))

    async def ask_feed(self, scope: Any, served: Served, feed: Mapping[str, Any]) -> Answered:
        """The model's outputs for a feed."""
        return await self._wait(scope, served, lambda deadline: Job((), deadline, feed=feed))

    @staticmethod
    def _check_possible(served: Served, question: Question) -> None:
        try:
            served.engine.session.texts(question)
        except EdgelmError as error:
            raise invalid(error.message) from None

    async def _wait(self, scope: Any, served: Served, make: Callable[[float], Job]) -> Answered:
        """ServeError: 422 for too many texts, 429 where too many wait, 503 or 504 when the time is up."""
        limits = self.settings.limits
        job = make(time.monotonic() + limits.timeout_s)
        record = scope[RECORD]
        record.update(model=served.model.name, texts=job.texts)
        if job.texts > limits.max_texts:
            raise invalid(f"{job.texts} texts in one request; at most {limits.max_texts}.", code="too_many_texts")
        served.engine.submit(job)
        try:
            answered = await asyncio.wait_for(asyncio.wrap_future(job.future), limits.timeout_s)
        except TimeoutError:
            has_begun = job.has_begun
            served.engine.withdraw(job)
            raise _too_late(limits.timeout_s, has_begun=has_begun) from None
        record.update(tokens=answered.tokens, batch=answered.batch)
        return answered


def _too_late(seconds: float, *, has_begun: bool) -> ServeError:
    if has_begun:
        return ServeError(504, "timeout", f"The model was not done within {seconds:g} s.")
    message = f"The model was busy with others for {seconds:g} s."
    return ServeError(503, "busy", message, headers={"Retry-After": "1"})


def _either(tasks: Collection[str]) -> str:
    return " or ".join(sorted(tasks))
