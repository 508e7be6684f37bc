"""`--runtime auto`: of several bundles of one model, the one that answers fastest here, measured in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgelm.bundle import Bundle
from edgelm.isolation import Child
from edgelm.samples import read_samples
from edgelm.serve.settings import Model
from edgelm.session import Session
from edgelm.validate.replay import typical_question

_ROUNDS = 7
_QUESTIONS = 8
_LIMIT_S = 300.0


def choose(models: Sequence[Model], threads: int, say: Callable[[str, Mapping[str, float]], None]) -> tuple[Model, ...]:
    """The fastest bundle of each model, under the name of the first; ``say`` is told the milliseconds of all."""
    groups: dict[tuple[str, ...], list[Model]] = {}
    for model in models:
        groups.setdefault(_source(model.path), []).append(model)
    chosen = []
    for group in groups.values():
        if len(group) == 1:
            chosen += group
            continue
        with Child(_measure, [model.path for model in group], threads) as child:
            times: dict[str, float] = child.next(_LIMIT_S)
        say(group[0].name, times)
        chosen.append(Model(group[0].name, min((model.path for model in group), key=lambda path: times[str(path)])))
    return tuple(chosen)


def _source(path: Path) -> tuple[str, ...]:
    """Bundles of one checkpoint and task are one model, whatever their format and precision."""
    manifest = Bundle.open(path).manifest
    return str(manifest["model"]), str(manifest["task"]), str(manifest["source"]["digest"])


def _measure(paths: Sequence[Path], threads: int) -> Iterator[dict[str, float]]:
    """The median milliseconds of an answer by each bundle's path; one round of each after the other."""
    sessions = [Session.open(path, threads) for path in paths]
    asked = [[_question(session, text) for text in read_samples(None)[:_QUESTIONS]] for session in sessions]
    times: list[list[float]] = [[] for _ in paths]
    for turn in range(_ROUNDS + 1):
        for session, questions, found in zip(sessions, asked, times, strict=True):
            started = time.perf_counter()
            for question in questions:
                session.answer(question)
            if turn:  # the first warms up
                found.append((time.perf_counter() - started) * 1e3 / len(questions))
    yield {str(path): statistics.median(found) for path, found in zip(paths, times, strict=True)}


def _question(session: Session, text: Any) -> Any:
    return typical_question(session, [text])[0]
