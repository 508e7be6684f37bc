"""The figures of /metrics; every worker writes its own, and whichever is asked adds up all of them.

prometheus_client decides when it is imported whether its figures are shared between processes: ``share`` goes first.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def share(directory: Path) -> None:
    """Keep the figures of all processes that are forked from now on in that folder."""
    os.environ[_DIRECTORY] = str(directory)


def forget(pid: int) -> None:
    """Take what a worker that is gone was busy with from the gauges; what it has counted stays counted."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


class Metrics:
    """Every figure by its name without the prefix."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        own = CollectorRegistry()
        given: dict[str, Any] = {"namespace": "edgelm", "registry": own}
        gauge = {**given, "multiprocess_mode": "livesum"}
        self.requests = Counter("requests", "Requests answered.", ["endpoint", "status"], **given)
        self.request_seconds = Histogram(
            "request_seconds", "From a request's headers to its answer.", ["endpoint"], buckets=_SECONDS, **given
        )
        self.texts = Counter("texts", "Rows the model has read: texts, pairs, windows, choices.", ["model"], **given)
        self.tokens = Counter("tokens", "Tokens of those, padding not counted.", ["model"], **given)
        self.padding = Counter(
            "padding_tokens", "Tokens of padding the model has read beside them.", ["model"], **given
        )
        self.batch_texts = Histogram("batch_texts", "Rows of a batch.", ["model"], buckets=_TEXTS, **given)
        self.batch_seconds = Histogram("batch_seconds", "The model's time.", ["model"], buckets=_SECONDS, **given)
        self.waiting = Gauge("waiting_texts", "Texts that wait for a model now.", ["model"], **gauge)
        self.reloads = Counter("reloads", "Bundles replaced while serving.", ["model", "outcome"], **given)
        self.workers = Gauge("workers", "Workers that serve now.", **gauge)
        self.restarts = Counter("worker_restarts", "Workers that died and were replaced.", **given)

    def answered(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a request."""
        self.requests.labels(endpoint, str(status)).inc()
        self.request_seconds.labels(endpoint).observe(seconds)

    def batch(self, model: str, rows: int, tokens: int, padding: int, seconds: float) -> None:
        """Count a run of a model."""
        self.batch_seconds.labels(model).observe(seconds)
        self.batch_texts.labels(model).observe(rows)
        self.texts.labels(model).inc(rows)
        self.tokens.labels(model).inc(tokens)
        self.padding.labels(model).inc(padding)

    @staticmethod
    def page() -> tuple[bytes, str]:
        """All workers' figures in Prometheus' text format, and its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess

        every = CollectorRegistry()
        multiprocess.MultiProcessCollector(every)  # type: ignore[no-untyped-call]
        return generate_latest(every), CONTENT_TYPE_LATEST
