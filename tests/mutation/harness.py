"""Plants one fault into a copy of a healthy bundle, has it audited, and says which check caught it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm import golden, registry
from edgelm.audit import Audit, AuditRequest
from edgelm.bundle import MANIFEST, Bundle, write_manifest
from edgelm.checkpoint import read_json
from edgelm.errors import EdgelmError
from edgelm.graph import quantize, rewrites
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import Graph
from edgelm.source import Source, shipped_graph
from edgelm.types import Array, Check, ConvertRequest, Report, Scheme, TensorSpec, Verdict

SIZES = {"hidden_size": 64, "intermediate_size": 128}
"""Large enough that int8 stores the layers' weights as int8."""
HANG_LIMIT_S = 5.0
USUAL_LIMIT_S = 120.0


@dataclass(frozen=True)
class Healthy:
    """A tiny random model and the bundle it is exported to."""

    name: str
    family: str
    task: str
    target: str
    precision: str
    lengths: tuple[int, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    """Overrides of config.json."""
    sentence: Mapping[str, Any] | None = None
    """What `make_sentence_model` is asked for; None: a plain Hugging Face folder."""
    change: Callable[[Path], None] | None = None
    """Made to a copy of the folder."""
    options: Mapping[str, str] = field(default_factory=dict)
    quick: bool = False

    def __str__(self) -> str:
        lengths = f", lengths {', '.join(map(str, self.lengths))}" if self.lengths else ""
        return f"{self.name}: {self.family} {self.task}, {self.target} {self.precision}{lengths}"


class Patient:
    """A copy of a healthy bundle; ``source`` is what it was exported from, and ``model`` the folder of that."""

    def __init__(
        self,
        path: Path,
        model: Path,
        source: Source,
        options: Mapping[str, str],
        bundle_of: Callable[[Healthy], Bundle],
    ) -> None:
        self.path, self.model, self.source, self.options, self.bundle_of = path, model, source, options, bundle_of
        self.manifest = read_json(path / MANIFEST)
        self.target = registry.target(self.manifest["target"])
        self.scheme = Scheme(**self.manifest["scheme"])

    @property
    def files(self) -> list[Path]:
        """The model's."""
        return [self.path / name for name in self.manifest["artifact"]["files"]]

    @property
    def stored(self) -> Graph:
        """What the converter was given."""
        return shipped_graph(self.source.graph, self.scheme, self.manifest["rewrites"])

    def ship(self, graph: Graph) -> None:
        """Put the converter's work on another graph in the model's place, with the golden files of such an export.

        Those of an fp32 bundle are the source graph's outputs, all others the outputs of what was shipped.
        """
        for name in {name.split("/")[0] for name in self.manifest["artifact"]["files"]}:
            place = self.path / name
            shutil.rmtree(place) if place.is_dir() else place.unlink()
        request = ConvertRequest(self.path, self.scheme, self.source.max_length, self.source.lengths, self.options)
        artifact = registry.converter_of(self.target).convert(graph, request)
        self.manifest["artifact"] = {
            "files": list(artifact.files),
            "inputs": [asdict(spec) for spec in artifact.inputs],
            "outputs": [asdict(spec) for spec in artifact.outputs],
            "details": dict(artifact.details),
        }
        outputs = self.source.reference
        if self.scheme.weights != "float32":
            run = Interpreter(graph)
            with np.errstate(all="ignore"):
                outputs = [run(feed.arrays) for feed in self.source.feeds]
        self.write_golden(outputs)

    def write_golden(self, outputs: list[dict[str, Array]]) -> None:
        """The golden files of such outputs on the source's feeds."""
        shutil.rmtree(self.path / "golden")
        inputs = [TensorSpec(**spec) for spec in self.manifest["artifact"]["inputs"]]
        lowering = self.target.tolerances[self.manifest["precision"]].lowering
        golden.write(self.path, self.source.feeds, outputs, inputs, lowering)

    def seal(self) -> None:
        """The manifest with the digests of the files as they are now."""
        write_manifest(self.path, self.manifest)


Plant = Callable[[Patient], None]


@dataclass(frozen=True)
class Fault:
    """One fault, the bundle it is planted in, and the check that must catch it."""

    name: str
    kind: str
    where: Healthy
    plant: Plant
    caught_by: str
    """A pattern at the beginning of ``group: check`` or of ``refused: message``."""
    quick: bool = False
    sealed: bool = True
    """Whether the manifest's digests are those of the damaged files."""
    time_limit_s: float = USUAL_LIMIT_S

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Finding:
    """A check that failed, or the refusal, with its figure."""

    name: str
    figure: str


@dataclass(frozen=True)
class Outcome:
    """What an audit said of a patient."""

    verdict: str
    findings: tuple[Finding, ...]

    def by(self, pattern: str) -> Finding | None:
        """The first finding of that pattern."""
        return next((found for found in self.findings if re.match(pattern, found.name)), None)


def built(change: Callable[[Graph], Graph]) -> Plant:
    """As a wrong family or graph builder would have shipped it."""
    return lambda at: at.ship(shipped_graph(change(at.source.graph), at.scheme, at.manifest["rewrites"]))


def rewritten(change: Callable[[Graph], Graph]) -> Plant:
    """As a wrong rewrite would have shipped it."""

    def plant(at: Patient) -> None:
        graph = rewrites.apply(at.source.graph, at.manifest["rewrites"])
        at.ship(quantize.apply_scheme(change(graph), at.scheme))

    return plant


def stored(change: Callable[[Graph], Graph]) -> Plant:
    """As a wrong quantization or converter would have shipped it."""
    return lambda at: at.ship(change(at.stored))


def examine(bundle: Path, model: Path, time_limit_s: float = USUAL_LIMIT_S, **request: Any) -> Outcome:
    """What `edgelm validate BUNDLE --against MODEL` says."""
    asked = AuditRequest(bundle, model=str(model), threads=1, time_limit_s=time_limit_s, **request)
    try:
        report = Audit(asked, lambda _: None).run()
    except EdgelmError as error:
        return Outcome("refused", (Finding(f"refused: {error.message}", type(error).__name__),))
    return outcome(report)


def outcome(report: Report) -> Outcome:
    """The checks that are not green."""
    bad = (check for check in report.checks if check.verdict is not Verdict.PASS)
    return Outcome(str(report.verdict), tuple(Finding(f"{check.group}: {check.name}", _figure(check)) for check in bad))


def _figure(check: Check) -> str:
    if check.value is None:
        return check.reason
    limit = "" if check.limit is None else f", {check.bound} {check.limit:.4g}"
    return f"{check.value:.4g}{limit} {check.unit}".strip() + (f" ({check.reason})" if check.reason else "")


@contextmanager
def copy_of(bundle: Bundle, place: Path) -> Iterator[Path]:
    """A copy that is gone afterwards: a hundred of them would be a lot of disk."""
    shutil.copytree(bundle.path, place)
    try:
        yield place
    finally:
        shutil.rmtree(place)
