"""A running server as the tests see it, and how its answers are held against the offline ones."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from edgelm.session import Question, Session

START_S = 60.0


@dataclass
class Server:
    """A running `edgelm serve`."""

    process: subprocess.Popen[bytes]
    log_file: Path
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def client(self, **settings: Any) -> httpx.Client:
        """One connection kept alive; whoever asks for more connections makes more clients."""
        given = {
            "base_url": self.url,
            "headers": self.headers,
            "timeout": 60.0,
            "trust_env": False,
            "verify": False,
            **settings,
        }
        return httpx.Client(**given)

    def post(self, path: str, body: Any, **settings: Any) -> httpx.Response:
        """One request on a connection of its own."""
        with self.client() as client:
            return client.post(path, json=body, **settings)

    def get(self, path: str) -> httpx.Response:
        """One request on a connection of its own."""
        with self.client() as client:
            return client.get(path)

    @property
    def log(self) -> list[dict[str, Any]]:
        """Every whole line so far."""
        return [
            json.loads(line) for line in self.log_file.read_text("utf-8").splitlines(keepends=True) if line[-1:] == "\n"
        ]

    def events(self, name: str) -> list[dict[str, Any]]:
        """The lines of one event."""
        return [line for line in self.log if line["event"] == name]

    def wait_for(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        """Until the log has that event so many times."""
        until = time.monotonic() + START_S
        while len(found := self.events(event)) < count:
            assert time.monotonic() < until, self.log_file.read_text("utf-8")
            assert self.process.poll() is None, self.log_file.read_text("utf-8")
            time.sleep(0.02)
        return found

    @property
    def workers(self) -> list[int]:
        """Process ids of the workers that live."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(child) for child in children.split()]

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(START_S)


def assert_same(found: Any, expected: Any) -> None:
    """Equal but for the last digits of floats, which a batch may round otherwise."""
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for key in expected:
            assert_same(found[key], expected[key])
    elif isinstance(expected, list) and expected and isinstance(expected[0], float):
        np.testing.assert_allclose(found, expected, atol=1e-5)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=1e-5)
    else:
        assert found == expected


def offline(session: Session, questions: Sequence[Question]) -> list[Any]:
    """What `edgelm run` would say."""
    return [session.answer(question) for question in questions]
