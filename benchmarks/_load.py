"""A load on a server: clients that ask again and again, or at a fixed rate, and what came back."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np


class Connection:
    """One HTTP/1.1 connection, kept alive; what it costs is far less than a general client."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, body: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer to one request to /embed."""
        if self._streams is not None and self._streams[0].at_eof():
            self.close()  # it was idle for so long that the server closed it
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

    async def is_open(self) -> bool:
        """Opens it where it is not; False when nobody listens."""
        if self._streams is None:
            with suppress(ConnectionRefusedError):
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        return self._streams is not None

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


async def at_rate(
    port: int,
    bodies: Sequence[bytes],
    rate: float,
    seconds: float,
    is_right: Callable[[int, bytes], bool],
    each_second: Callable[[], None],
) -> Load:
    """So many requests a second, whether or not those before are answered, each on a connection that is free.

    ``is_right`` is asked of every answer, with the place of its body.
    """
    load = Load()
    free: list[Connection] = []
    tasks: set[asyncio.Task[None]] = set()
    rng = random.Random(1)

    async def one(place: int) -> None:
        connection = free.pop() if free else Connection(port)
        await ask(connection, load, bodies[place], lambda content: is_right(place, content))
        free.append(connection)

    started = time.perf_counter()
    sent = told = 0
    while (now := time.perf_counter() - started) < seconds:
        while sent < now * rate:
            task = asyncio.create_task(one(rng.randrange(len(bodies))))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            sent += 1
        if told < now:
            told += 1
            each_second()
        await asyncio.sleep(0.005)
    await asyncio.gather(*tasks)
    load.seconds = time.perf_counter() - started
    for connection in free:
        connection.close()
    return load


async def until_refused(port: int, bodies: Sequence[bytes], clients: int) -> Load:
    """So many clients that ask again and again until nobody listens any more."""
    load = Load()

    async def client(number: int) -> None:
        connection = Connection(port)
        rng = random.Random(number)
        while await connection.is_open():
            await ask(connection, load, rng.choice(bodies))

    started = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(clients)))
    load.seconds = time.perf_counter() - started
    return load
