"""A worker: one process with one event loop, all the models, and the listening socket it shares with the others."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from edgelm.errors import EdgelmError, UsageError
from edgelm.serve.app import application
from edgelm.serve.log import bug, log, take_over_logging
from edgelm.serve.metrics import Metrics
from edgelm.serve.models import Models
from edgelm.serve.service import Service
from edgelm.serve.settings import Settings

BACKLOG = 2048
_LAST_REQUESTS_S = 0.5
"""After SIGTERM idle connections stay open so long: a request may be on its way, and is told to be the last."""
_SWITCH_S = 0.0005
"""A model's thread that comes back waits for the event loop no longer than this; Python's own 5 ms is a batch."""


def run(settings: Settings, listener: socket.socket, pipe: Connection) -> None:
    """Load the models, say so or what is wrong through ``pipe``, serve until SIGTERM or the end of the parent."""
    take_over_logging()
    sys.setswitchinterval(_SWITCH_S)
    metrics = Metrics()
    try:
        models = Models(settings, metrics)
    except EdgelmError as error:
        pipe.send(error)
        return
    except Exception as error:  # noqa: BLE001  a runtime may raise anything on a file
        log("load_failed", level="error", **bug(error))
        pipe.send(UsageError(f"A bundle cannot be loaded: {type(error).__name__}: {error}.", hint="Export it again."))
        return
    gc.freeze()  # what is loaded stays; no collection need look at it again
    service = Service(settings, models, metrics)
    config = uvicorn.Config(
        application(service),
        http=_protocol(settings.limits.read_timeout_s),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        # Of several that wait the event loop would accept all at once, and the other workers would have none of them.
        backlog=1,
        timeout_keep_alive=settings.limits.keep_alive_s,
        timeout_graceful_shutdown=max(1, round(settings.drain_seconds)),
    )
    server = _Server(config)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(server, service, listener, pipe))
    models.close()


class _Server(uvicorn.Server):
    """Without signal handlers of its own: this worker drains first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them as they are."""
        yield

    def protocol(self) -> asyncio.Protocol:
        """For a connection that this worker has accepted itself."""
        own: Any = self.config.http_protocol_class
        made: asyncio.Protocol = own(config=self.config, server_state=self.server_state, app_state={})
        return made


async def _serve(server: _Server, service: Service, listener: socket.socket, pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    parent = multiprocessing.parent_process()
    draining: list[asyncio.Task[None]] = []

    def drain() -> None:
        if not draining:
            draining.append(loop.create_task(_drain(server, service, listener)))

    loop.add_signal_handler(signal.SIGTERM, drain)

    def look_after_parent() -> None:
        if parent is not None and os.getppid() != parent.pid:
            loop.call_soon_threadsafe(drain)

    serving = loop.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.005)
    listener.listen(BACKLOG)  # uvicorn has said 1, for all processes
    service.models.watch(look_after_parent)
    service.metrics.workers.set(1)
    pipe.send(None)
    await serving


async def _drain(server: _Server, service: Service, listener: socket.socket) -> None:
    """Take no more connections; answer the requests that come on open ones, and tell them to be the last."""
    service.is_draining = True
    service.metrics.workers.set(0)
    waiting = list(_accepted(listener))
    for listening in server.servers:
        listening.close()
    loop = asyncio.get_running_loop()
    for connection in waiting:
        await loop.connect_accepted_socket(server.protocol, connection)
    await asyncio.sleep(_LAST_REQUESTS_S)
    server.should_exit = True


def _accepted(listener: socket.socket) -> Iterator[socket.socket]:
    """The connections that the system has accepted and no worker has taken yet; it would reset them."""
    with contextlib.suppress(BlockingIOError):
        while True:
            connection, _ = listener.accept()
            connection.setblocking(False)
            yield connection


def _protocol(seconds: float) -> type[asyncio.Protocol]:
    """uvicorn's HTTP protocol, the fastest that is installed, with a time limit on a request's headers."""

    class Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
        """A connection; whoever has begun a request's headers must end them, however slowly the bytes drop in."""

        _headers_due: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._expect_headers()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._cancel()
            elif self._headers_due is None:
                self._expect_headers()

        def connection_lost(self, error: Exception | None) -> None:
            self._cancel()
            super().connection_lost(error)

        def _expect_headers(self) -> None:
            self._headers_due = self.loop.call_later(seconds, self._too_slow)

        def _too_slow(self) -> None:
            self._headers_due = None
            if not self.transport.is_closing():
                self.transport.close()

        def _cancel(self) -> None:
            if self._headers_due is not None:
                self._headers_due.cancel()
                self._headers_due = None

    return Protocol
