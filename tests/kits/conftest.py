"""The kits that are installed here, in turn: one without its tools is not collected, one that does not build fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance import answer_bundles, cases, kits
from conformance.driver import Driver
from edgelm.session import Session

KITS = kits.installed()
SLICE = 12
"""Of the set's drawn texts and code points, what the default run asks: one of so many."""
collect_ignore = [] if KITS else [f"test_{name}.py" for name in ("answers", "bad_input", "conformance", "properties")]


class Drivers:
    """The driver of one kit, started again where a test has left none."""

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self._driver: Driver | None = None

    def running(self) -> Driver:
        """A driver that answers."""
        if self._driver is None or not self._driver.is_alive:
            self.close()
            self._driver = Driver(self.command)
        return self._driver

    def close(self) -> None:
        """End it."""
        if self._driver is not None:
            self._driver.close()


@pytest.fixture(scope="session", params=KITS, ids=lambda kit: kit.name)
def drivers(request: pytest.FixtureRequest) -> Iterator[Drivers]:
    """One driver for each kit, built here if it is to be built."""
    found = Drivers(list(request.param.command()))
    yield found
    found.close()


@pytest.fixture
def driver(drivers: Drivers) -> Driver:
    """The kit's driver, running."""
    return drivers.running()


@pytest.fixture(scope="session")
def conformance_slice() -> Path:
    """The conformance set with one of every SLICE drawn texts; written once for the same sources."""
    return cases.current(kits.BUILDS / "slice", SLICE)


@pytest.fixture(scope="session")
def bundle(conformance_slice: Path) -> Callable[[str], Path]:
    """``bundle("tagger")``: one of the set's bundles; a test that changes it copies it first."""
    known = {*answer_bundles.SPECS, *answer_bundles.DERIVED}

    def find(name: str) -> Path:
        assert name in known, name
        return conformance_slice / "bundles" / name

    return find


@pytest.fixture(scope="session")
def session(bundle: Callable[[str], Path]) -> Callable[[str], Session]:
    """``session("tagger")``: that bundle in Python, with its real runtime."""
    opened: dict[str, Session] = {}

    def find(name: str) -> Session:
        if name not in opened:
            opened[name] = Session.open(bundle(name), threads=1)
        return opened[name]

    return find
