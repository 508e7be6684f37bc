"""Makes each healthy bundle once, and copies of it to plant faults into."""

from __future__ import annotations

import faulthandler
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgelm.bundle import Bundle
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.source import Source
from edgelm.types import Verdict

from .harness import SIZES, Healthy, Patient


class Ward:
    """The healthy bundles, each made on first use."""

    def __init__(self, make_checkpoint: Any, make_sentence_model: Any, folder: Callable[[str], Path]) -> None:
        self._make_checkpoint, self._make_sentence_model, self._folder = make_checkpoint, make_sentence_model, folder
        self._models: dict[str, Path] = {}
        self._bundles: dict[str, Bundle] = {}
        self._sources: dict[str, Source] = {}

    def model(self, healthy: Healthy) -> Path:
        """The folder of its model."""
        if healthy.name not in self._models:
            self._models[healthy.name] = self._make(healthy)
        return self._models[healthy.name]

    def bundle(self, healthy: Healthy) -> Bundle:
        """Its bundle."""
        if healthy.name not in self._bundles:
            self._bundles[healthy.name] = self.export(healthy)
        return self._bundles[healthy.name]

    def source(self, healthy: Healthy) -> Source:
        """Its model as an export and an audit read it."""
        if healthy.name not in self._sources:
            manifest = self.bundle(healthy).manifest
            self._sources[healthy.name] = Source(
                str(self.model(healthy)), None, manifest["task"], manifest["max_length"], manifest["lengths"]
            )
        return self._sources[healthy.name]

    def export(self, healthy: Healthy) -> Bundle:
        """A bundle of its own, green by the export's own checks."""
        request = ExportRequest(
            str(self.model(healthy)),
            (healthy.target,),
            self._folder("bundle"),
            task=healthy.task,
            precision=healthy.precision,
            lengths=healthy.lengths,
            threads=1,
            **healthy.request,
        )
        (report,) = export(Plan(request), lambda *_: None)
        assert report.verdict is Verdict.PASS, [check for check in report.checks if check.verdict is not Verdict.PASS]
        return Bundle.open(Path(report.bundle))

    def patient(self, healthy: Healthy, place: Path) -> Patient:
        """A copy of its bundle."""
        shutil.copytree(self.bundle(healthy).path, place)
        return Patient(place, healthy, self.model(healthy), self.source(healthy), self.bundle)

    def _make(self, healthy: Healthy) -> Path:
        config = {**SIZES, **healthy.config}
        if healthy.sentence is not None:
            folder: Path = self._make_sentence_model(healthy.family, **healthy.sentence, **config)
            return folder
        folder = self._make_checkpoint(healthy.family, healthy.head or healthy.task, **config)
        if healthy.change is None:
            return folder
        copy = self._folder("model") / "model"
        shutil.copytree(folder, copy)
        healthy.change(copy)
        return copy


@pytest.fixture(scope="session")
def ward(make_checkpoint: Any, make_sentence_model: Any, tmp_path_factory: pytest.TempPathFactory) -> Ward:
    """The healthy bundles."""
    return Ward(make_checkpoint, make_sentence_model, tmp_path_factory.mktemp)


@pytest.fixture
def patient(ward: Ward, tmp_path: Path) -> Iterator[Callable[[Healthy], Patient]]:
    """``patient(healthy)``: a copy of its bundle, gone after the test: all of them would be a lot of disk."""
    place = tmp_path / "bundle"

    def make(healthy: Healthy) -> Patient:
        shutil.rmtree(place, ignore_errors=True)
        return ward.patient(healthy, place)

    yield make
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="module", autouse=True)
def _quiet_crashes() -> Iterator[None]:
    """A runtime that crashes in its own process is what is wanted here, and no news."""
    faulthandler.disable()
    yield
    faulthandler.enable(sys.__stderr__)
