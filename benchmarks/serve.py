"""`edgelm serve` under load, beside the servers people write by hand: the same model, the same cores, in turns.

`rates` measures requests per second and latency of single short texts and of texts of mixed lengths; each server has
the machine for itself for so many seconds, then the next, round after round. `padding` measures what sorting by length
is worth in one process. `soak` sends twice what the server can do, and holds every answer against the offline one.

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
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from _environments import DRIVERS, ENVIRONMENTS
from _record import Table, save
from _routes import ROUTES, artifact, model_folder

from edgelm.samples import read_samples
from edgelm.serve.batching import batches
from edgelm.session import Question, Session

_START_S = 300.0
_SHORT_WORDS = 12
_MIXED_WORDS = (4, 12, 30, 60, 120)
_BUNDLES = {
    "edgelm onnx int8": "edgelm-onnx-int8",
    "edgelm cpu-server int8": "edgelm-cpu-server-int8",
    "edgelm onnx fp32": "edgelm-onnx-fp32",
}
_TOLERANCE = 1e-4
_NAIVE_BATCH = 32


# -- the client --------------------------------------------------------------------------------------------------------


class Connection:
    """One HTTP/1.1 connection, kept alive; what it costs is far less than a general client."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, body: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer to one request to /embed."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        head = (
            f"POST /embed HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        content = await reader.readexactly(length)
        if b"connection: close" in answer:
            self.close()
        return int(answer[9:12]), content

    def close(self) -> None:
        """The next request opens it again."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


@dataclass
class Load:
    """What came back, second by second or in all."""

    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    """Of answers with status 200."""
    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    """Connections that closed instead of an answer."""
    wrong: int = 0

    @property
    def per_second(self) -> float:
        """Answers with status 200."""
        return len(self.latencies_ms) / self.seconds if self.seconds else 0.0

    def quantile_ms(self, share: float) -> float:
        """Of the latencies."""
        return float(np.quantile(self.latencies_ms, share)) if self.latencies_ms else float("nan")


async def closed_loop(port: int, bodies: Sequence[bytes], clients: int, seconds: float) -> Load:
    """So many clients, each of which asks again as soon as it is answered."""
    load = Load()
    started = time.perf_counter()

    async def client(number: int) -> None:
        connection = Connection(port)
        rng = random.Random(number)
        while time.perf_counter() - started < seconds:
            await ask(connection, load, rng.choice(bodies))
        connection.close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    load.seconds = time.perf_counter() - started
    return load


async def ask(connection: Connection, load: Load, body: bytes, check: Callable[[bytes], bool] | None = None) -> None:
    """One request, counted."""
    begun = time.perf_counter()
    try:
        status, content = await connection.post(body)
    except (OSError, asyncio.IncompleteReadError):
        connection.close()
        load.lost += 1
        return
    load.statuses[status] += 1
    if status == 200:
        load.latencies_ms.append((time.perf_counter() - begun) * 1e3)
        load.wrong += check is not None and not check(content)


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
        found = asyncio.run(_overload(port, texts, expected, 2 * capacity.per_second, options.seconds, pid, memory))
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


async def _overload(
    port: int,
    texts: Sequence[str],
    expected: Sequence[np.ndarray],
    rate: float,
    seconds: float,
    pid: int,
    memory: list[float],
) -> Load:
    """Requests at a fixed rate, whether or not those before are answered; each on a connection that is free."""
    load, bodies = Load(), bodies_of(texts)
    free: list[Connection] = []
    tasks: set[asyncio.Task[None]] = set()
    rng = random.Random(1)

    async def one(place: int) -> None:
        connection = free.pop() if free else Connection(port)
        await ask(connection, load, bodies[place], lambda content: _is_right(content, expected[place]))
        free.append(connection)

    started = time.perf_counter()
    sent = 0
    while (now := time.perf_counter() - started) < seconds:
        while sent < now * rate:
            task = asyncio.create_task(one(rng.randrange(len(texts))))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            sent += 1
        if len(memory) < now:
            memory.append(_memory_mb(pid))
        await asyncio.sleep(0.005)
    await asyncio.gather(*tasks)
    load.seconds = time.perf_counter() - started
    for connection in free:
        connection.close()
    return load


def _is_right(content: bytes, expected: np.ndarray) -> bool:
    found = np.asarray(json.loads(content)["outputs"][0])
    return found.shape == expected.shape and bool(np.abs(found - expected).max() < _TOLERANCE)


def _memory_mb(pid: int) -> float:
    """Of a process and its children, what they share counted once."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()
    lines = [
        line
        for process in (pid, *children)
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


_COMMANDS = {"rates": rates, "padding": padding, "soak": soak}


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=_COMMANDS, nargs="?", default="rates")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each server in each round, or of the soak")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--servers", nargs="+", choices=NAMES, default=NAMES)
    options = parser.parse_args()
    _COMMANDS[options.command](options)


if __name__ == "__main__":
    main()
