"""`edgelm serve` under load, beside the servers people write by hand: the same model, the same cores, in turns.

`rates` measures requests per second and latency of single short texts and of texts of mixed lengths; each server has
the machine for itself for so many seconds, then the next, round after round. `padding` measures what sorting by length
is worth in one process. `soak` sends twice what the server can do, and holds every answer against the offline one.
`kill` kills workers under load, then ends the server. `fuzz` gives its description to schemathesis. Whatever has been
measured goes to benchmarks/SERVING.md.

The clients share the machine with the servers: what they cost is the same for all, and so tells most against the
fastest. The peers answer as their documentation shows: FastAPI with a pipeline of transformers, and FastAPI with
sentence-transformers on its onnx backend, dynamically quantized to int8, each in as many processes as edgelm.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from _environments import DRIVERS, ENVIRONMENTS
from _load import Connection, Load, at_rate, closed_loop, until_refused
from _record import RESULTS, Table, save
from _routes import ROUTES, artifact, model_folder
from results import section

from edgelm.samples import read_samples
from edgelm.session import Question, Session, batches

_START_S = 300.0
_SHORT_WORDS = 12
_MIXED_WORDS = (4, 12, 30, 60, 120)
_BUNDLES = {
    "edgelm onnx int8-static": "edgelm-onnx-int8-static",
    "edgelm openvino int8-static": "edgelm-openvino-int8-static",
    "edgelm onnx int8": "edgelm-onnx-int8",
    "edgelm onnx fp32": "edgelm-onnx-fp32",
}
PAGE = Path(__file__).with_name("SERVING.md")
_HEAD = """# Serving

Written by `benchmarks/serve.py` (`make bench-serve`); its head says how the peers are written. The clients share the
machine with the servers. Only figures within one table can be compared.
"""
_TOLERANCE = 1e-4
_NAIVE_BATCH = 32


# -- the servers -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Peer:
    """A server: its command, in which PORT stands for its port."""

    name: str
    command: tuple[str, ...]


@contextmanager
def running(peer: Peer) -> Iterator[tuple[int, int]]:
    """The server's port and process id, once it answers; it is ended afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [part.replace("PORT", str(port)) for part in peer.command]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        try:
            _wait_until_ready(peer, process, port, log)
            yield port, process.pid
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait_until_ready(peer: Peer, process: subprocess.Popen[bytes], port: int, log: Any) -> None:
    until = time.monotonic() + _START_S
    while True:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
            return
        if process.poll() is not None or time.monotonic() > until:
            log.seek(0)
            sys.exit(f"{peer.name} does not answer:\n{log.read().decode(errors='replace')[-2000:]}")
        time.sleep(0.1)


def edgelm_server(name: str, bundle: Path, workers: int) -> Peer:
    """`edgelm serve` as it comes."""
    command = (sys.executable, "-m", "edgelm", "serve", f"model={bundle}", "--port", "PORT", "--workers", str(workers))
    return Peer(name, command)


def peers(names: Sequence[str], workers: int) -> list[Peer]:
    """The servers of those names; edgelm's bundles are exported and the peers' environments made where they lack."""
    found = [
        edgelm_server(name, artifact(ROUTES[route]).parent, workers)
        for name, route in _BUNDLES.items()
        if name in names
    ]
    model = str(model_folder())
    tail = ("--workers", str(workers), "--port", "PORT", "--log-level", "warning")
    if "FastAPI + transformers" in names:
        app = ("-m", "uvicorn", "--app-dir", str(DRIVERS), "serve_pipeline:app", *tail)
        found.append(Peer("FastAPI + transformers", ("/usr/bin/env", f"MODEL={model}", sys.executable, *app)))
    if "sentence-transformers onnx int8" in names:
        environment = ENVIRONMENTS["sentence-transformers"].ensure()
        python = str(environment.tool("python"))
        app = ("-m", "uvicorn", "--app-dir", str(DRIVERS), "serve_sentence_transformers:app", *tail)
        quantized = str(environment.path / "quantized")
        subprocess.run([python, str(DRIVERS / "serve_sentence_transformers.py"), model, quantized], check=True)
        found.append(Peer("sentence-transformers onnx int8", ("/usr/bin/env", f"MODEL={quantized}", python, *app)))
    return found


NAMES = (*_BUNDLES, "FastAPI + transformers", "sentence-transformers onnx int8")


# -- what is asked -----------------------------------------------------------------------------------------------------


def texts_of(kind: str, count: int = 256) -> list[str]:
    """Short texts, or texts of mixed lengths, of the sample's own English words; the same every time."""
    rng = random.Random(7)
    samples = [text for text in read_samples(None) if isinstance(text, str) and text.isascii()]
    words = [word for text in samples for word in text.split()]
    lengths = (_SHORT_WORDS,) if kind == "short" else _MIXED_WORDS
    return [" ".join(rng.choices(words, k=rng.choice(lengths))) for _ in range(count)]


def bodies_of(texts: Sequence[str]) -> list[bytes]:
    """A request for each."""
    return [json.dumps({"inputs": text, **_TRUNCATE}, ensure_ascii=False).encode() for text in texts]


_TRUNCATE = {"truncate": True}


# -- commands ----------------------------------------------------------------------------------------------------------


def rates(options: argparse.Namespace) -> None:
    """Every server under every load, in turns."""
    found: dict[tuple[str, str], list[Load]] = {}
    with ExitStack() as stack:
        ports = {peer.name: stack.enter_context(running(peer))[0] for peer in peers(options.servers, options.workers)}
        for turn in range(options.rounds + 1):
            for kind in ("short", "mixed"):
                bodies = bodies_of(texts_of(kind))
                for name, port in ports.items():
                    seconds = options.seconds if turn else min(3.0, options.seconds)  # the first round warms up
                    load = asyncio.run(closed_loop(port, bodies, options.clients, seconds))
                    if turn:
                        found.setdefault((kind, name), []).append(load)
    tables = [
        _rates_table(kind, {n: loads for (k, n), loads in found.items() if k == kind}) for kind in ("short", "mixed")
    ]
    raw = {
        f"{name}, {kind}": [
            [load.per_second, load.quantile_ms(0.5), load.quantile_ms(0.99), load.lost] for load in loads
        ]
        for (kind, name), loads in found.items()
    }
    save("serve", tables, _versions(), {"clients": options.clients, "workers": options.workers, "rounds": raw})


def _rates_table(kind: str, found: Mapping[str, Sequence[Load]]) -> Table:
    first = _median([load.per_second for load in next(iter(found.values()))])
    rows = []
    for name, loads in found.items():
        rate = _median([load.per_second for load in loads])
        bad = sum(load.lost + sum(load.statuses.values()) - load.statuses[200] for load in loads)
        quantiles = [f"{_median([load.quantile_ms(share) for load in loads]):.1f}" for share in (0.5, 0.99)]
        rows.append([name, f"{rate:.0f}", f"{first / rate:.1f}x", *quantiles, str(bad)])
    title = f"One text a request, {'short texts' if kind == 'short' else 'mixed lengths'}"
    return Table(title, ("server", "requests/s", "edgelm is", "p50 ms", "p99 ms", "not answered"), rows)


def padding(options: argparse.Namespace) -> None:
    """Texts of mixed lengths in one process: batches as they come, and batches of similar length."""
    session = Session.open(artifact(ROUTES["edgelm-onnx-fp32"]).parent, threads=1)
    encodings = [session.encode(text, truncate=True) for text in texts_of("mixed")]
    lengths = [len(encoding.ids) for encoding in encodings]
    as_they_come = [list(range(i, min(i + _NAIVE_BATCH, len(lengths)))) for i in range(0, len(lengths), _NAIVE_BATCH)]
    ways = {"as they come": as_they_come, "of similar length": list(batches(lengths, 512))}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(options.rounds + 1):
        for name, plan in ways.items():
            started = time.perf_counter()
            for places in plan:
                session.outputs([encodings[place] for place in places])
            if turn:
                times[name].append(time.perf_counter() - started)
    rows = []
    for name, plan in ways.items():
        tokens = sum(len(places) * max(lengths[place] for place in places) for places in plan)
        share = 1 - sum(lengths) / tokens
        rate = len(lengths) / _median(times[name])
        gain = _median(times["as they come"]) / _median(times[name])
        rows.append([name, f"{rate:.0f}", f"{gain:.2f}x", f"{share:.0%}"])
    table = Table("Mixed lengths, one thread", ("batches", "texts/s", "gain", "padding"), rows)
    save("serve-padding", [table], _versions(), times)


def soak(options: argparse.Namespace) -> None:
    """Twice what the server can do, for so many seconds; every answer is held against the offline one."""
    bundle = artifact(ROUTES[_BUNDLES[options.servers[0]]]).parent
    texts = texts_of("mixed")
    session = Session.open(bundle, threads=1)
    expected = [np.asarray(session.answer(Question(text, truncate=True))) for text in texts]
    del session
    with running(edgelm_server("edgelm", bundle, options.workers)) as (port, pid):
        capacity = asyncio.run(closed_loop(port, bodies_of(texts), 64, min(10.0, options.seconds)))
        memory: list[float] = []
        found = asyncio.run(
            at_rate(
                port,
                bodies_of(texts),
                2 * capacity.per_second,
                options.seconds,
                lambda place, content: _is_right(content, expected[place]),
                lambda: memory.append(_memory_mb(pid)),
            )
        )
    declared = {200, 429, 503}
    tail = memory[len(memory) // 4 :] or memory
    rows = [
        ["capacity, requests/s", f"{capacity.per_second:.0f}"],
        ["sent, requests/s", f"{(sum(found.statuses.values()) + found.lost) / options.seconds:.0f}"],
        ["answered, requests/s", f"{found.per_second:.0f}"],
        ["wrong answers", str(found.wrong)],
        ["statuses", ", ".join(f"{status}: {count}" for status, count in sorted(found.statuses.items()))],
        [
            "statuses that are not declared",
            str(sum(n for status, n in found.statuses.items() if status not in declared)),
        ],
        ["connections lost", str(found.lost)],
        ["p50 and p99 of accepted requests, ms", f"{found.quantile_ms(0.5):.0f} and {found.quantile_ms(0.99):.0f}"],
        ["memory of all processes, MB, after a quarter and at the end", f"{tail[0]:.0f} and {tail[-1]:.0f}"],
    ]
    raw = {"statuses": dict(found.statuses), "wrong": found.wrong, "lost": found.lost, "memory_mb": memory}
    save("serve-soak", [Table(f"{options.seconds:g} s at twice capacity", ("figure", "value"), rows)], _versions(), raw)
    if found.wrong or found.lost or set(found.statuses) - declared:
        sys.exit("the soak found something")


def kill(options: argparse.Namespace) -> None:
    """Workers killed under load, and the end of the server: what is lost, and for how long nobody answers."""
    bundle = artifact(ROUTES[_BUNDLES[options.servers[0]]]).parent
    bodies = bodies_of(texts_of("short"))
    rows: list[list[str]] = []
    raw: dict[str, Any] = {}
    for workers in (1, options.workers):
        with running(edgelm_server("edgelm", bundle, workers)) as (port, pid):
            found = [asyncio.run(_one_killed(port, pid, bodies, options.clients)) for _ in range(options.rounds)]
        raw[f"kill -9, {workers} workers"] = found
        rows += [
            [f"kill -9 of one of {workers} workers, times", str(len(found))],
            ["until the next answer, ms, median and longest", _median_and_most([one["next_ms"] for one in found])],
            ["until all workers are ready, ms", _median_and_most([one["ready_ms"] for one in found])],
            [f"requests lost of {options.clients} under way", _median_and_most([one["lost"] for one in found])],
            ["answers that are no 200", str(sum(one["not_200"] for one in found))],
        ]
    with running(edgelm_server("edgelm", bundle, options.workers)) as (port, pid):
        load, code, seconds = asyncio.run(_ended(port, pid, bodies, options.clients))
    raw["SIGTERM"] = {"answered": len(load.latencies_ms), "lost": load.lost, "seconds": seconds}
    rows += [
        ["SIGTERM under load: answered", str(len(load.latencies_ms))],
        ["accepted and not answered", str(load.lost)],
        ["seconds to the end, and the exit code", f"{seconds:.2f} and {code}"],
    ]
    save("serve-kill", [Table("Workers killed, and the server ended", ("figure", "value"), rows)], _versions(), raw)


async def _one_killed(port: int, pid: int, bodies: Sequence[bytes], clients: int) -> dict[str, float]:
    """Under a load of a few seconds: one worker dies in the middle of it."""
    restarts, workers = _replaced(port)
    load = asyncio.create_task(closed_loop(port, bodies, clients, 4.0))
    await asyncio.sleep(1.0)
    killed = time.perf_counter()
    os.kill(_children(pid)[0], signal.SIGKILL)
    next_ms = await _ms_until_answered(port, bodies[0], killed)
    while await asyncio.to_thread(_replaced, port) != (restarts + 1, workers):
        await asyncio.sleep(0.02)
    ready_ms = (time.perf_counter() - killed) * 1e3
    found = await load
    not_200 = sum(found.statuses.values()) - found.statuses[200]
    return {"next_ms": next_ms, "ready_ms": ready_ms, "lost": found.lost, "not_200": not_200}


async def _ms_until_answered(port: int, body: bytes, since: float) -> float:
    """By a client that asks until it has its answer."""
    while True:
        connection = Connection(port)
        with suppress(OSError, asyncio.IncompleteReadError):
            status, _ = await connection.post(body)
            if status == 200:
                connection.close()
                return (time.perf_counter() - since) * 1e3
        connection.close()


async def _ended(port: int, pid: int, bodies: Sequence[bytes], clients: int) -> tuple[Load, int, float]:
    """SIGTERM after a second of load; the clients go on until nobody listens."""
    load = asyncio.create_task(until_refused(port, bodies, clients))
    await asyncio.sleep(1.0)
    told = time.perf_counter()
    os.kill(pid, signal.SIGTERM)
    _, status = await asyncio.to_thread(os.waitpid, pid, 0)
    return await load, os.waitstatus_to_exitcode(status), time.perf_counter() - told


def _replaced(port: int) -> tuple[float, float]:
    """How often a worker was replaced, and how many serve now."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        page = answer.read().decode()
    restarts, workers = (
        float(re.findall(rf"^edgelm_{name} (\S+)$", page, re.MULTILINE)[0])
        for name in ("worker_restarts_total", "workers")
    )
    return restarts, workers


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()]


def _median_and_most(values: Sequence[float]) -> str:
    return f"{_median(values):.0f} and {max(values):.0f}"


def fuzz(options: argparse.Namespace) -> None:
    """schemathesis against the server's own description, with every check but that all of the right form is answered.

    A text without a mask, or tensors that are not the model's, are of the right form and are refused with 422.
    """
    environment = ENVIRONMENTS["schemathesis"].ensure()
    bundle = artifact(ROUTES[_BUNDLES[options.servers[0]]]).parent
    with running(edgelm_server("edgelm", bundle, options.workers)) as (port, _):
        url = f"http://127.0.0.1:{port}/openapi.json"
        checks = ("--checks", "all", "--exclude-checks", "positive_data_acceptance", "--no-color")
        more = ("--max-examples", str(options.examples), "--seed", "1", "--request-timeout", "60")
        command = [str(environment.tool("schemathesis")), "run", url, *checks, *more]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=environment.path)
    rows = [["exit code", str(done.returncode)], *_told(done.stdout)]
    shown = " ".join(["schemathesis run .../openapi.json", *checks, *more])
    table = Table(f"`{shown}`", ("figure", "value"), rows)
    save("serve-fuzz", [table], _versions() | {"schemathesis": environment.version("schemathesis")}, done.stdout)
    if done.returncode:
        sys.exit(done.stdout)


def _told(output: str) -> list[list[str]]:
    """What schemathesis says at its end of operations and cases."""
    patterns = {"operations": r"^  Tested: (.+)$", "test cases": r"^  (\d+ generated.*)$"}
    found = {name: re.findall(pattern, output, re.MULTILINE) for name, pattern in patterns.items()}
    return [[name, values[-1]] for name, values in found.items() if values]


def page(_: argparse.Namespace) -> None:
    """benchmarks/SERVING.md, of what there is."""
    names = ("serve", "serve-padding", "serve-soak", "serve-kill", "serve-fuzz")
    found = [path for name in names if (path := RESULTS / f"{name}.json").exists()]
    sections = [section(json.loads(path.read_text("utf-8"))) for path in found]
    PAGE.write_text("\n".join([_HEAD, *sections]), "utf-8")


def everything(options: argparse.Namespace) -> None:
    """One after the other."""
    for command in (rates, padding, soak, kill, fuzz, page):
        command(options)


def _is_right(content: bytes, expected: np.ndarray) -> bool:
    found = np.asarray(json.loads(content)["outputs"][0])
    return found.shape == expected.shape and bool(np.abs(found - expected).max() < _TOLERANCE)


def _memory_mb(pid: int) -> float:
    """Of a process and its children, what they share counted once."""
    lines = [
        line
        for process in (pid, *_children(pid))
        for line in Path(f"/proc/{process}/smaps_rollup").read_text("utf-8").splitlines()
        if line.startswith("Pss:")
    ]
    return sum(int(line.split()[1]) for line in lines) * 1024 / 1e6


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


def _versions() -> dict[str, str]:
    return {
        name: version(name) for name in ("edgelm", "fastapi", "uvicorn", "onnxruntime", "tokenizers", "transformers")
    }


_COMMANDS = {
    "all": everything,
    "rates": rates,
    "padding": padding,
    "soak": soak,
    "kill": kill,
    "fuzz": fuzz,
    "page": page,
}


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=_COMMANDS, nargs="?", default="all")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each server in each round, or of the soak")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--servers", nargs="+", choices=NAMES, default=NAMES, help="for all but rates the first")
    parser.add_argument("--examples", type=int, default=400, help="of each operation, of schemathesis")
    options = parser.parse_args()
    _COMMANDS[options.command](options)


if __name__ == "__main__":
    main()
