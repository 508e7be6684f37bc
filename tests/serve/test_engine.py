"""The engine answers as the session does alone, whatever else is in the batch; what nobody awaits is not run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgelm.serve import metrics
from edgelm.serve.engine import Engine, Ids, Job
from edgelm.serve.errors import ServeError
from edgelm.serve.settings import Limits
from edgelm.session import Question, Session

from .running import assert_same

TEXTS = ["good", "the movie was great and not boring at all, he loves it", "我 爱 北京", "bad " * 40, "really ?"]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[metrics.Metrics]:
    """Metrics as the workers keep them, in files."""
    before = os.environ.copy()
    metrics.share(tmp_path_factory.mktemp("metrics"))
    yield metrics.Metrics()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def make_engine(figures: metrics.Metrics) -> Iterator[Callable[..., Engine]]:
    """``make_engine(session, **limits)``."""
    made: list[Engine] = []

    def make(session: Session, **limits: Any) -> Engine:
        made.append(Engine("model", session, Limits(**limits), figures))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def soon() -> float:
    return time.monotonic() + 60


@pytest.mark.parametrize("name", ["labels", "small", "int8"])
def test_company_changes_nothing(make_engine: Any, sessions: dict[str, Session], name: str) -> None:
    """Of int8 not even the last digit: its quantization range spans a batch, so that its texts run alone."""
    session = sessions[name]
    engine = make_engine(session)
    jobs = [Job([Question(text) for text in TEXTS[i:] + TEXTS[:i]], soon()) for i in range(5)]
    for job in jobs:
        engine.submit(job)
    # All of them before the session is asked here: a LiteRT interpreter serves one thread.
    for job, answered in [(job, job.future.result(60)) for job in jobs]:
        assert answered.texts == len(TEXTS)
        assert answered.tokens == sum(len(session.tokenizer.encode(text).ids) for text in TEXTS)
        expected = [session.answer(question) for question in job.questions]
        assert_same(answered.values, expected)
        if name == "int8":
            assert (answered.values, answered.batch) == (expected, 1)


def test_texts_of_similar_length_run_together(make_engine: Any, sessions: dict[str, Session]) -> None:
    engine = make_engine(sessions["labels"], max_batch_tokens=64)
    job = Job([Question("good")] * 40 + [Question("bad " * 40)], soon())
    engine.submit(job)
    assert job.future.result(60).batch == 64 // 3


def test_what_cannot_be_answered_costs_only_its_own_job(make_engine: Any, sessions: dict[str, Session]) -> None:
    engine = make_engine(sessions["masks"])
    good, long, unmasked = (
        Job([Question(text)], soon()) for text in ("he [MASK] it", "the " * 90 + "[MASK]", "no mask here")
    )
    for job in (good, long, unmasked):
        engine.submit(job)
    assert good.future.result(60).values == [sessions["masks"].answer(good.questions[0])]
    with pytest.raises(ServeError, match="The text has 93 tokens; this bundle takes 64"):
        long.future.result(60)
    with pytest.raises(ServeError, match=r"no \[MASK\] to fill"):
        unmasked.future.result(60)


def test_who_has_left_or_is_too_late_is_not_run(make_engine: Any, sessions: dict[str, Session]) -> None:
    ran: list[int] = []
    session = sessions["labels"]

    def counting(inputs: Any) -> Any:
        ran.append(len(inputs["input_ids"]))
        return session.runner(inputs)

    engine = make_engine(Session(session.bundle, session.tokenizer, counting))
    late = Job([Question("good")], time.monotonic() - 1)
    left = Job([Question("good")], soon())
    left.future.cancel()
    stays = Job([Question("good")], soon())
    for job in (late, left, stays):
        engine.submit(job)
    assert len(stays.future.result(60).values) == 1
    with pytest.raises(TimeoutError):
        late.future.result(60)
    assert not late.has_begun
    assert ran == [1]


def test_a_runtime_that_fails_does_not_end_the_engine(
    make_engine: Any, sessions: dict[str, Session], capfd: Any
) -> None:
    session = sessions["labels"]
    is_broken = [True]

    def runner(inputs: Any) -> Any:
        if is_broken[0]:
            raise RuntimeError("secret words of a user")
        return session.runner(inputs)

    engine = make_engine(Session(session.bundle, session.tokenizer, runner))
    first, second = (Job([Question("good")], soon()) for _ in range(2))
    engine.submit(first)
    with pytest.raises(ServeError, match="The model failed") as raised:
        first.future.result(60)
    assert raised.value.status == 500
    is_broken[0] = False
    engine.submit(second)
    assert second.future.result(60).values == [session.answer(Question("good"))]
    told = capfd.readouterr().err
    assert '"error": "RuntimeError"' in told
    assert "secret" not in told


def test_a_full_line_says_when_to_come_back(make_engine: Any, sessions: dict[str, Session]) -> None:
    session = sessions["labels"]

    def slow(inputs: Any) -> Any:
        time.sleep(0.2)
        return session.runner(inputs)

    engine = make_engine(Session(session.bundle, session.tokenizer, slow), queue=3)
    jobs = [Job([Question("good")] * 2, soon()) for _ in range(3)]
    engine.submit(jobs[0])
    while not jobs[0].has_begun:
        time.sleep(0.001)
    engine.submit(jobs[1])
    with pytest.raises(ServeError, match="Too many texts") as raised:
        engine.submit(jobs[2])
    assert raised.value.status == 429
    assert int(raised.value.headers["Retry-After"]) >= 1
    assert len(jobs[1].future.result(60).values) == 2


def test_ids_in_place_of_a_text(make_engine: Any, sessions: dict[str, Session]) -> None:
    session = sessions["vectors"]
    job = Job((), soon(), ids=[Ids(session.tokenizer.encode(text).ids) for text in ("he lives", "good")])
    make_engine(session).submit(job)
    assert_same(job.future.result(60).values, [session.answer(Question(text)) for text in ("he lives", "good")])


def test_a_new_session_answers_the_next_batch(
    make_engine: Any, sessions: dict[str, Session], bundles: dict[str, Path]
) -> None:
    engine = make_engine(sessions["labels"])
    engine.session = Session.open(bundles["int8"], threads=1)
    job = Job([Question("good")], soon())
    engine.submit(job)
    assert job.future.result(60).values == [sessions["int8"].answer(Question("good"))]
