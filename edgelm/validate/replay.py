"""What the child process does that runs a bundle: load, run every feed, answer the labelled examples, time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edgelm import registry
from edgelm.bundle import Bundle
from edgelm.datasets import Example
from edgelm.errors import EdgelmError, ParityError
from edgelm.session import Question, Session
from edgelm.tokenizer import Text, TextTokenizer, cut
from edgelm.types import Array, Target
from edgelm.validate import latency, quality

_QUESTION_SHARE = 8
"""A timed question has one character for so many of the longest text's tokens: its context must find room beside it."""


@dataclass(frozen=True)
class Replay:
    """What to run."""

    bundle: Bundle
    target: Target
    threads: int
    arrays: Sequence[Mapping[str, Array]]
    texts: Sequence[Text]
    """To be encoded by the bundle's own tokenizer."""
    examples: Sequence[Example] = ()
    vocab_size: int = 0
    """Of the timed inputs; 0: nothing is timed."""


@dataclass(frozen=True)
class Replayed:
    """What came of it: a failure, told, or the outputs of every feed and the ids of every text."""

    failure: str = ""
    load_ms: float = 0.0
    outputs: Sequence[Mapping[str, Array]] = ()
    ids: Sequence[Sequence[int]] = ()


def steps(replay: Replay) -> Iterator[Replayed | quality.Answers | list[latency.Timing]]:
    """One step each: the outputs; what the examples are answered, if there are any; the times, unless not wanted.

    What the runtime raises on the artifact, or an answer on the manifest, is a finding: a step's value, and the last.
    """
    with registry.toolchain_of(replay.target):
        try:
            session, found = _outputs(replay)
            yield found
            if replay.examples:
                yield quality.answers(session, replay.examples)
            if replay.vocab_size:
                yield _times(replay, session)
        except ParityError as error:  # of a runtime in a process of its own that refused the file, died or hung
            yield Replayed(failure=str(error))
        except (ImportError, EdgelmError):
            raise
        except Exception as error:  # noqa: BLE001  whatever is raised on a bundle, the bundle is faulty
            yield Replayed(failure=f"{type(error).__name__}: {_one_line(error)}")


def _outputs(replay: Replay) -> tuple[Session, Replayed]:
    bundle = replay.bundle
    started = time.perf_counter()
    runner = replay.target.load(bundle.path, bundle.manifest, replay.threads)
    load_ms = (time.perf_counter() - started) * 1e3
    tokenizer = TextTokenizer.from_bundle(bundle.path, bundle.manifest["tokenizer"])
    session = Session(bundle, tokenizer, runner)
    outputs = [runner(arrays) for arrays in replay.arrays]
    ids = [tokenizer.encode(text).ids for text in replay.texts]
    return session, Replayed("", load_ms, outputs, ids)


def _times(replay: Replay, session: Session) -> list[latency.Timing]:
    limit = session.manifest["max_length"]
    names = [spec["name"] for spec in session.manifest["artifact"]["inputs"]]
    timings = latency.time_model(session.runner, names, limit, replay.vocab_size)
    question, tokens = typical_question(session, replay.texts)
    return [*timings, latency.Timing("text to answer", tokens, latency.measure(lambda: session.answer(question)))]


def typical_question(session: Session, texts: Sequence[Text]) -> tuple[Question, int]:
    """A text of the samples as the bundle's task wants it, and its number of tokens."""
    task, limit = session.manifest["task"], session.manifest["max_length"]
    text = texts[min(2, len(texts) - 1)]
    first, pair = (text, None) if isinstance(text, str) else text
    choices: tuple[str, ...] = ()
    if task == "question-answering":
        first, pair = first[: 1 + limit // _QUESTION_SHARE], pair or first
    elif task == "fill-mask":  # in front, where truncation cannot reach it
        first = f"{session.tokenizer.special_tokens['mask']} {first}"
    elif task == "multiple-choice":
        choices, pair = (first, first), None
    elif task in ("token-classification", "intent-and-slots"):
        pair = None
    second = choices[0] if choices else pair
    tokens = len(cut(session.tokenizer, first if second is None else (first, second), limit).ids)
    return Question(first, pair=pair, choices=choices, truncate=True), tokens


def _one_line(error: Exception) -> str:
    """What it says, from the beginning: of some runtimes the first line tells only where in their sources it was."""
    return " ".join(str(error).split())[:300]
