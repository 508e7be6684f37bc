"""Answers jobs with one bundle in a thread of its own: tokenizes them together, runs them in batches, decodes each."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from edgelm.errors import EdgelmError
from edgelm.serve.batching import Full, Line
from edgelm.serve.errors import ServeError, invalid, overloaded
from edgelm.serve.log import bug, log
from edgelm.serve.metrics import Metrics
from edgelm.serve.settings import Limits
from edgelm.session import Question, Session, batches, ranks_documents, takes_one_text
from edgelm.types import Array

if TYPE_CHECKING:
    from tokenizers import Encoding

_CHARACTERS_PER_TOKEN = 3
"""A guess, and a low one for English, by which the line is cut before it is tokenized."""
_LONGEST_RETRY_S = 60
RANKING = "text-ranking"
"""Hugging Face's name for what a classifier of pairs with one label does beside its own task."""


@dataclass(frozen=True)
class Ids:
    """A text that came as tokens, in the place of an encoding."""

    ids: Sequence[int]

    @property
    def type_ids(self) -> Sequence[int]:
        """Of a single text."""
        return [0] * len(self.ids)

    @property
    def attention_mask(self) -> Sequence[int]:
        """All are real."""
        return [1] * len(self.ids)


@dataclass(frozen=True)
class Answered:
    """What came of a job."""

    values: list[Any]
    """One for each of its questions; of tensors the model's outputs by name."""
    texts: int
    tokens: int
    batch: int
    """Rows of the largest batch it was in."""


@dataclass(eq=False)
class Job:
    """Questions that came together, or a feed for the model as it is, and the future of their answers."""

    questions: Sequence[Question]
    deadline: float
    ids: Sequence[Ids] | None = None
    """In place of the questions' texts."""
    feed: Mapping[str, Array] | None = None
    """In place of questions."""
    future: Future[Answered] = field(default_factory=Future)
    arrived: float = field(default_factory=time.monotonic)
    texts: int = 0
    tokens: int = 0
    has_begun: bool = False

    def __post_init__(self) -> None:
        if self.feed is not None:
            first = next(iter(self.feed.values()))
            self.texts, self.tokens = len(first), first.size
        elif self.ids is not None:
            self.texts, self.tokens = len(self.ids), sum(len(one.ids) for one in self.ids)
        else:
            self.texts = sum(_texts(question) for question in self.questions)
            self.tokens = sum(_characters(question) for question in self.questions) // _CHARACTERS_PER_TOKEN + 2

    def goes_on(self) -> bool:
        """Whether somebody still waits for it; from the first time on it has begun."""
        if self.future.done():
            return False
        if time.monotonic() > self.deadline:
            self.fail(TimeoutError())
            return False
        if not self.has_begun:
            self.has_begun = self.future.set_running_or_notify_cancel()
        return self.has_begun

    def fail(self, error: Exception) -> None:
        """Give up, unless it is done."""
        try:
            self.future.set_exception(error)
        except InvalidStateError:
            return


def _texts(question: Question) -> int:
    return len(question.choices) or (1 if question.pair is None else 2)


def _characters(question: Question) -> int:
    return (
        len(question.text) * max(1, len(question.choices)) + len(question.pair or "") + sum(map(len, question.choices))
    )


class _Asked:
    """One question of a job, and the rows the model reads for it."""

    def __init__(self, job: Job, place: int, question: Question, rows: Sequence[Encoding]) -> None:
        self.job = job
        self.place = place
        self.question = question
        self.rows = rows
        self.outputs: list[Mapping[str, Array]] = [{} for _ in rows]
        self.missing = len(rows)


class _Progress:
    """What a job has so far."""

    def __init__(self, job: Job) -> None:
        self.values: list[Any] = [None] * max(len(job.questions), len(job.ids or ()))
        self.missing = len(self.values)
        self.rows = self.tokens = self.batch = 0

    @property
    def answered(self) -> Answered:
        return Answered(self.values, self.rows, self.tokens, self.batch)


class Engine:
    """A bundle that answers; ``session`` may be replaced at any time, and is by the next batches."""

    def __init__(self, name: str, session: Session, limits: Limits, metrics: Metrics) -> None:
        self.name = name
        self.session = session
        self._limits = limits
        self._metrics = metrics
        self._line: Line[Job] = Line(
            limits.queue, limits.max_batch_tokens, limits.max_wait_ms / 1e3, told=metrics.waiting.labels(name).set
        )
        self._texts_per_second = 0.0
        self._thread = threading.Thread(target=self._serve, name=f"engine {name}", daemon=True)
        self._thread.start()

    @property
    def task(self) -> str:
        """The bundle's."""
        return str(self.session.manifest["task"])

    @property
    def tasks(self) -> tuple[str, ...]:
        """All that the bundle can be asked for."""
        return (self.task, RANKING) if ranks_documents(self.session.manifest) else (self.task,)

    def submit(self, job: Job) -> None:
        """Stand in line; ServeError 429 when too many texts wait, which says when to come back."""
        try:
            self._line.put(job)
        except Full:
            raise overloaded(self._retry_after()) from None

    def withdraw(self, job: Job) -> None:
        """Nobody waits for it any more."""
        job.future.cancel()
        self._line.discard(job)

    def close(self) -> None:
        """Answer what waits and end the thread."""
        self._line.close()
        self._thread.join()

    def _retry_after(self) -> int:
        """Seconds until what waits now is done, by the speed so far."""
        seconds = self._line.texts / self._texts_per_second if self._texts_per_second else 1
        return min(max(1, math.ceil(seconds)), _LONGEST_RETRY_S)

    def _serve(self) -> None:
        while jobs := self._line.take():
            started = time.monotonic()
            try:
                self._answer(self.session, [job for job in jobs if not job.future.done()])
            except Exception as error:  # noqa: BLE001  whatever it is, the next jobs must be served
                self._broken(jobs, error)
            self._count_speed(sum(job.texts for job in jobs), time.monotonic() - started)

    def _count_speed(self, texts: int, seconds: float) -> None:
        now = texts / max(seconds, 1e-6)
        self._texts_per_second = 0.9 * self._texts_per_second + 0.1 * now if self._texts_per_second else now

    def _broken(self, jobs: Sequence[Job], error: Exception) -> None:
        log("engine_error", level="error", model=self.name, **bug(error))
        for job in jobs:
            job.fail(ServeError(500, "internal", "The model failed; the log says where."))

    def _answer(self, session: Session, jobs: Sequence[Job]) -> None:
        for job in jobs:
            if job.feed is not None:
                self._run_feed(session, job)
        asked = self._ask(session, [job for job in jobs if job.feed is None])
        progress = {job: _Progress(job) for job in {one.job: None for one in asked}}
        rows = [(one, place) for one in asked for place in range(len(one.rows))]
        budget = 0 if takes_one_text(session.manifest) else self._limits.max_batch_tokens
        for places in batches([len(one.rows[place].ids) for one, place in rows], budget):
            live = [rows[i] for i in places if rows[i][0].job.goes_on()]
            if live:
                self._run_rows(session, live, progress)

    def _ask(self, session: Session, jobs: Sequence[Job]) -> list[_Asked]:
        """Every question with its rows; all texts of all jobs are tokenized in one call."""
        texts = [(job, session.texts(question)) for job in jobs if job.ids is None for question in job.questions]
        encodings = iter(session.tokenizer.encode_batch([text for _, each in texts for text in each]) if texts else ())
        asked: list[_Asked] = []
        for job in jobs:
            if job.ids is not None:
                asked += [_Asked(job, i, Question(""), [cast("Encoding", one)]) for i, one in enumerate(job.ids)]
                continue
            for place, question in enumerate(job.questions):
                own = [next(encodings) for _ in session.texts(question)]
                try:
                    asked.append(_Asked(job, place, question, session.rows(question, own)))
                except EdgelmError as error:
                    job.fail(invalid(_of_many(error.message, place, job)))
        return asked

    def _run_rows(
        self, session: Session, live: Sequence[tuple[_Asked, int]], progress: Mapping[Job, _Progress]
    ) -> None:
        encodings = [one.rows[place] for one, place in live]
        lengths = [len(encoding.ids) for encoding in encodings]
        try:
            outputs = session.split(encodings, self._timed(session, encodings, lengths))
        except Exception as error:  # noqa: BLE001  a runtime may raise anything; the other batches go on
            self._broken([one.job for one, _ in live], error)
            return
        for (one, place), tokens, found in zip(live, lengths, outputs, strict=True):
            state = progress[one.job]
            state.rows += 1
            state.tokens += tokens
            state.batch = max(state.batch, len(live))
            one.outputs[place] = found
            one.missing -= 1
            if not one.missing:
                self._finish(session, one, state)

    def _timed(self, session: Session, encodings: Sequence[Encoding], lengths: Sequence[int]) -> dict[str, Array]:
        started = time.perf_counter()
        outputs = session.outputs(encodings)
        tokens = sum(lengths)
        padding = len(lengths) * max(lengths) - tokens
        self._metrics.batch(self.name, len(lengths), tokens, padding, time.perf_counter() - started)
        return outputs

    def _finish(self, session: Session, one: _Asked, state: _Progress) -> None:
        """Decode a question, all of whose rows have been read; the job is done with its last question."""
        job = one.job
        if job.future.done():
            return
        try:
            state.values[one.place] = session.decode(one.question, one.rows, one.outputs)
        except EdgelmError as error:
            job.fail(invalid(_of_many(error.message, one.place, job)))
            return
        except Exception as error:  # noqa: BLE001  a bug here costs this job, not the batch
            self._broken([job], error)
            return
        one.outputs = []
        state.missing -= 1
        if not state.missing:
            _succeed(job, state.answered)

    def _run_feed(self, session: Session, job: Job) -> None:
        assert job.feed is not None
        if not job.goes_on():
            return
        started = time.perf_counter()
        try:
            outputs = session.runner(job.feed)
        except Exception as error:  # noqa: BLE001  a runtime may raise anything; the other jobs go on
            self._broken([job], error)
            return
        tokens = int(job.feed["attention_mask"].sum()) if "attention_mask" in job.feed else job.tokens
        self._metrics.batch(self.name, job.texts, tokens, job.tokens - tokens, time.perf_counter() - started)
        _succeed(job, Answered([outputs], job.texts, tokens, job.texts))


def _succeed(job: Job, answered: Answered) -> None:
    try:
        job.future.set_result(answered)
    except InvalidStateError:  # its time limit has passed meanwhile
        return


def _of_many(message: str, place: int, job: Job) -> str:
    """Which of several inputs it is said of."""
    return message if len(job.questions) == 1 else f"Input {place}: {message}"
