"""Measures bundles in turns, A B C then C B A: what slows the machine down for a while slows each of them down."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import edgelm
from edgelm import machine
from edgelm.bench.plan import ANSWER_LIMIT, Plan
from edgelm.bench.process import Worker, WorkerLost
from edgelm.bench.result import ANSWER, Bench, Row, Times, What, confidence
from edgelm.types import Check

_LEAST_ROUNDS = 2
_MOST_ROUNDS = 200
_WARM_UP = 3
"""Untimed calls before the first round: runtimes choose kernels and allocate in the first ones."""
_BUSY = 0.5
"""Of the cores, by the load average; above it a note is made."""
_Item = TypeVar("_Item")


def bench(plan: Plan, say: Callable[[str], None]) -> Bench:
    """Measure every bundle of a plan; ``say`` is told each step."""
    facts, notes = _facts(plan), tuple(_notes(plan))
    _fill_page_cache(plan, say)
    for turn in range(plan.request.processes):
        _series(plan, turn, say)
    for row in plan.rows:
        row.checks = [*_checks(plan, row)]
    return Bench(plan.rows, facts, notes)


def in_turns(items: Sequence[_Item], turn: int) -> Sequence[_Item]:
    """The order of one round: reversed every other time, so that none is always first or always after the same one."""
    return items[::-1] if turn % 2 else items


# -- measuring ---------------------------------------------------------------------------------------------------------


def _fill_page_cache(plan: Plan, say: Callable[[str], None]) -> None:
    """One start of each that is not counted, for it reads from the disk."""
    say("starting each bundle once, uncounted")
    for row in _alive(plan.rows):
        with _losing(row), _worker(plan, row) as worker:
            worker.ask("open")
            row.texts_tokens = worker.ask("tokens")["tokens"]


def _series(plan: Plan, turn: int, say: Callable[[str], None]) -> None:
    """A fresh process for each bundle, all measured in turns and then gone.

    All stay open, and never more than one of them has anything to do.
    """
    doing = f"processes {turn + 1} of {plan.request.processes}"
    with ExitStack() as stack:
        say(f"{doing}: cold starts")
        workers: dict[int, Worker] = {}
        for row in in_turns(_alive(plan.rows), turn):
            with _losing(row):
                worker = workers[id(row)] = stack.enter_context(_worker(plan, row))
                worker.ask("open")
                worker.ask("answer", texts=1, untimed=0)
                row.cold_starts.append((time.perf_counter() - worker.started) * 1e3)
        for what in (*_lengths(plan), ANSWER):
            say(f"{doing}: {what}")
            _warm_up(plan, what, workers)
            _rounds(plan, what, workers)
        for row in _alive(plan.rows):
            with _losing(row):
                usage = workers[id(row)].ask("usage")
                row.peak_mb = max(row.peak_mb or 0, usage["peak_mb"])
                row.cpu_s += usage["cpu_s"]
                row.loads.append(workers[id(row)].ask("open")["ms"])


def _lengths(plan: Plan) -> list[What]:
    """Every length of any bundle, ascending."""
    return [What(length) for length in sorted({length for lengths in plan.lengths.values() for length in lengths})]


def _taking(plan: Plan, what: What) -> list[Row]:
    """The bundles that are alive and measured at that length."""
    return [row for row in _alive(plan.rows) if what.tokens is None or what.tokens in plan.lengths[id(row)]]


def _warm_up(plan: Plan, what: What, workers: Mapping[int, Worker]) -> None:
    for row in _taking(plan, what):
        with _losing(row):
            workers[id(row)].ask(**_request(plan, what), untimed=_WARM_UP)


def _rounds(plan: Plan, what: What, workers: Mapping[int, Worker]) -> None:
    """One turn of each bundle a round, until the time is over: one call of the model, or an answer to each text.

    An untimed call comes before it, so that neither another model's weights in the caches nor threads that have gone to
    sleep stand in its way.
    """
    request, rows = plan.request, _taking(plan, what)
    end = time.perf_counter() + request.seconds / request.processes * len(rows)
    found: dict[int, list[list[float]]] = {id(row): [] for row in rows}
    turn = 0
    while turn < _LEAST_ROUNDS or (turn * request.processes < _MOST_ROUNDS and time.perf_counter() < end):
        for row in in_turns(_alive(rows), turn):
            with _losing(row):
                answer = workers[id(row)].ask(**_request(plan, what), untimed=1)
                found[id(row)].append(answer["ms"])
                row.times.setdefault(what, Times()).cpu_ms.append(answer["cpu_ms"])
        turn += 1
    for row in rows:
        if found[id(row)]:
            row.times[what].processes.append(found[id(row)])


def _request(plan: Plan, what: What) -> dict[str, Any]:
    """What a worker is asked."""
    if what.tokens is None:
        return {"do": "answer", "texts": len(plan.texts)}
    return {"do": "model", "length": what.tokens}


def _worker(plan: Plan, row: Row) -> Worker:
    return Worker(row.bundle.path, plan.threads, plan.texts, plan.request.time_limit_s)


def _alive(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.is_alive]


@contextmanager
def _losing(row: Row) -> Iterator[None]:
    """A worker that is lost inside is the row's failure; the others go on."""
    try:
        yield
    except WorkerLost as lost:
        row.failure = str(lost)


# -- judging -----------------------------------------------------------------------------------------------------------


def _checks(plan: Plan, row: Row) -> Iterator[Check]:
    """The row's figures against the limits; one that is not to be had where there is a limit is unmeasured."""
    request = plan.request
    yield Check.at_most("size", "bundle", row.size_mb, request.max_size_mb, "MB")
    if row.failure:
        yield Check.failed("integrity", "runs in its runtime", row.failure)
        return
    if row.unmeasured:
        yield Check.unmeasured("latency", "latency and memory", row.unmeasured)
        return
    yield Check.at_most("latency", "peak memory", row.peak_mb or float("nan"), request.max_memory_mb, "MB")
    for key, limit in request.max_p50_ms.items():
        what = ANSWER if key == ANSWER_LIMIT else What(int(key))
        name = f"{what}, p50"
        if what in row.times:
            yield Check.at_most("latency", name, row.times[what].p50, limit, "ms")
        else:
            yield Check.unmeasured("latency", name, f"the bundle takes {row.bundle.manifest['max_length']} tokens")


def _facts(plan: Plan) -> dict[str, Any]:
    """What the figures were measured on, and how."""
    request = plan.request
    return {
        "edgelm": edgelm.__version__,
        **machine.facts(),
        "cores": machine.cores(),
        "load average at the start": round(os.getloadavg()[0], 2),
        "threads": plan.threads,
        "texts": f"{len(plan.texts)} of {request.samples or 'the built-in samples, English and Chinese'}",
        "seconds for each bundle and measurement": request.seconds,
        "processes of each bundle": request.processes,
        "time limit, s": request.time_limit_s,
    }


def _notes(plan: Plan) -> Iterator[str]:
    """How to read the figures, in sentences."""
    processes = plan.request.processes
    yield (
        f"Every bundle has {processes} processes of its own, one after the other, each beside one of the others, "
        f"with {plan.threads} threads. They take turns in an order that turns round each time. A turn is an "
        "untimed call and then one call of the model alone, or the answer to each text."
    )
    yield "Ratio: the median over the pairs of processes, each the ratio of their median rounds." + (
        f" In brackets is what holds it with {confidence(processes):.0%} confidence; where that holds 1.00 the two "
        "were not told apart."
        if processes > 1
        else " Of one pair it says little, for processes differ."
    )
    yield (
        "Cold start: from the start of a fresh process to its first answer, Python and the imports of the runtime "
        "included; files in the page cache. Load: tokenizer and model opened once more in it. "
        "Peak memory: of the process that took most; it only runs the bundle, and Python is included."
    )
    load, cores = os.getloadavg()[0], machine.cores()
    if load > _BUSY * cores:
        yield f"The machine was busy (a load of {load:.1f} on {cores} cores): trust ratios, not milliseconds."
