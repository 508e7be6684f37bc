"""The process that does nothing but run one bundle: ``python -m edgelm.bench.worker``.

Requests and answers are lines of JSON on stdin and stdout. The first request is the order: ``bundle``, ``threads`` and
``texts``; each later one names a key of ``REQUESTS`` as ``do``, with its arguments. Whatever goes wrong is the answer
``{"error": ...}``, and the end.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

from edgelm import registry
from edgelm.bundle import Bundle
from edgelm.errors import EdgelmError
from edgelm.isolation import children_peak_mb, peak_mb, resident_peak_mb
from edgelm.session import Session
from edgelm.tokenizer import Text, TextTokenizer
from edgelm.validate.latency import model_feed
from edgelm.validate.replay import typical_question


class Runs:
    """One bundle, opened on request, and what it is run on."""

    def __init__(self, order: Mapping[str, Any]) -> None:
        self.path = Path(order["bundle"])
        self.threads: int = order["threads"]
        self.texts: list[Text] = [text if isinstance(text, str) else (text[0], text[1]) for text in order["texts"]]
        self.session: Session | None = None

    def open(self) -> dict[str, Any]:
        """Open tokenizer and model, again where they are open: then all libraries are in memory.

        The parent has compared the digests; no app does that at every start.
        """
        self.session = None
        started = time.perf_counter()
        bundle = Bundle.open(self.path)
        target = registry.target(bundle.manifest["target"])
        tokenizer = TextTokenizer.from_bundle(self.path, bundle.manifest["tokenizer"])
        with registry.toolchain_of(target):
            runner = target.load(self.path, bundle.manifest, self.threads)
        self.session = Session(bundle, tokenizer, runner)
        return {"ms": (time.perf_counter() - started) * 1e3}

    def tokens(self) -> dict[str, Any]:
        """The number of tokens of each text, as its task wants it."""
        return {"tokens": [typical_question(self._opened(), [text])[1] for text in self.texts]}

    def model(self, length: int, untimed: int) -> dict[str, Any]:
        """The model alone on one text of that many tokens."""
        session = self._opened()
        vocab_size = session.tokenizer.tokenizer.get_vocab_size(with_added_tokens=True)
        feed = model_feed(session.names, length, vocab_size)
        return _time([lambda: session.runner(feed)], untimed)

    def answer(self, texts: int, untimed: int) -> dict[str, Any]:
        """From each of the first ``texts`` texts to its answer."""
        session = self._opened()
        questions = [typical_question(session, [text])[0] for text in self.texts[:texts]]
        return _time([partial(session.answer, question) for question in questions], untimed)

    def usage(self) -> dict[str, float]:
        """The peak of resident memory so far, and the CPU time of all threads."""
        return {"peak_mb": _peak_mb(), "cpu_s": time.process_time()}

    def _opened(self) -> Session:
        if self.session is None:
            raise RuntimeError("nothing was opened")
        return self.session


REQUESTS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "open": Runs.open,
    "tokens": Runs.tokens,
    "model": Runs.model,
    "answer": Runs.answer,
    "usage": Runs.usage,
}


def main() -> None:
    """Obey until stdin ends."""
    answers = _take_stdout()
    requests = map(json.loads, sys.stdin.buffer)
    runs = Runs(next(requests))
    for request in requests:
        try:
            answer = REQUESTS[request.pop("do")](runs, **request)
        except Exception as error:  # noqa: BLE001  a runtime may raise anything; the parent tells it
            traceback.print_exc()
            text = str(error) if isinstance(error, EdgelmError) else f"{type(error).__name__}: {error}"
            answer = {"error": next(iter(text.strip().splitlines()), "")[:300]}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()
        if "error" in answer:
            break


def _time(calls: Sequence[Callable[[], object]], untimed: int) -> dict[str, Any]:
    """Milliseconds of each call, and CPU milliseconds of one on average; first come untimed ones of the first."""
    for _ in range(untimed):
        calls[0]()
    times: list[float] = []
    gc.disable()  # a collection would fall on one call or another by chance
    cpu = time.process_time()
    for call in calls:
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1e3)
    cpu_ms = (time.process_time() - cpu) * 1e3 / len(calls)
    gc.enable()
    return {"ms": times, "cpu_ms": cpu_ms}


def _peak_mb() -> float:
    """This process's own peak, for Linux's ru_maxrss begins with that of the process that started it; and what it has
    started itself."""
    return resident_peak_mb("self") + children_peak_mb() or peak_mb()


def _take_stdout() -> IO[bytes]:
    """The stdout of the process for answers alone; what a runtime prints there goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return answers


if __name__ == "__main__":
    main()
