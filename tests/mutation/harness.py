"""Plants one fault into a copy of a healthy bundle, has it audited, and says which check caught it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
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
from edgelm.source import Source, form_of, shipped_graph
from edgelm.types import Array, Check, ConvertRequest, TensorSpec, Verdict

SIZES = {"hidden_size": 64, "intermediate_size": 128}
"""Large enough that int8 stores the layers' weights as int8."""
TIME_LIMIT_S = 120.0


@dataclass(frozen=True)
class Healthy:
    """A tiny random model and the bundle it is exported to."""

    name: str
    family: str
    task: str
    target: str
    precision: str
    lengths: tuple[int, ...] = ()
    head: str | None = None
    """The task that the checkpoint has a head for; None: the bundle's."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """Overrides of config.json."""
    sentence: Mapping[str, Any] | None = None
    """What ``make_sentence_model`` is asked for; None: a plain Hugging Face folder."""
    change: Callable[[Path], None] | None = None
    """Made to a copy of the checkpoint."""
    request: Mapping[str, Any] = field(default_factory=dict)
    """What else the export is asked for."""
    quick: bool = False

    def __str__(self) -> str:
        longest = f" up to {self.request['max_length']}" if "max_length" in self.request else ""
        lengths = f" at {', '.join(map(str, self.lengths))}" if self.lengths else longest
        return f"{self.family} {self.task}, {self.target} {self.precision}{lengths}"


class Patient:
    """A copy of a healthy bundle; ``source`` is what it was exported from, and ``model`` the folder of that."""

    def __init__(
        self, path: Path, healthy: Healthy, model: Path, source: Source, bundle_of: Callable[[Healthy], Bundle]
    ) -> None:
        self.path, self.healthy, self.model, self.source, self.bundle_of = path, healthy, model, source, bundle_of
        self.manifest = read_json(path / MANIFEST)
        self.target = registry.target(self.manifest["target"])
        self.form = form_of(Bundle(path, self.manifest))
        self.scheme = self.form.scheme

    @property
    def files(self) -> list[Path]:
        """The model's."""
        return [self.path / name for name in self.manifest["artifact"]["files"]]

    @property
    def stored(self) -> Graph:
        """What the converter was given."""
        return shipped_graph(self.source.graph, self.form)

    def ship(self, graph: Graph) -> None:
        """Put the converter's work on another graph in the model's place, with the golden files of such an export.

        Those of an fp32 bundle are the source graph's outputs, all others the outputs of what was shipped.
        """
        for name in {name.split("/")[0] for name in self.manifest["artifact"]["files"]}:
            place = self.path / name
            shutil.rmtree(place) if place.is_dir() else place.unlink()
        options = self.healthy.request.get("options", {})
        request = ConvertRequest(self.path, self.scheme, self.source.max_length, self.source.lengths, options)
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


def built(change: Callable[[Graph], Graph]) -> Plant:
    """As a wrong family or graph builder would have shipped it."""
    return lambda at: at.ship(shipped_graph(change(at.source.graph), at.form))


def rewritten(change: Callable[[Graph], Graph]) -> Plant:
    """As a wrong rewrite would have shipped it."""

    def plant(at: Patient) -> None:
        graph = rewrites.apply(at.source.graph, at.manifest["rewrites"])
        at.ship(quantize.apply_scheme(change(graph), at.scheme, at.form.calibration))

    return plant


def stored(change: Callable[[Graph], Graph]) -> Plant:
    """As a wrong quantization or converter would have shipped it."""
    return lambda at: at.ship(change(at.stored))


@dataclass(frozen=True)
class Fault:
    """One fault, the bundle it is planted in, and the check that must catch it."""

    kind: str
    name: str
    where: Healthy
    plant: Plant
    caught_by: str
    """A pattern at the beginning of ``group: check: figure``, or of ``refused: message``."""
    quick: bool = False
    sealed: bool = True
    """Whether the manifest's digests are those of the damaged files."""
    time_limit_s: float = TIME_LIMIT_S
    samples: tuple[str, ...] = ()
    """Texts of the user's own in the place of the built-in ones."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


@dataclass(frozen=True)
class OwnFault:
    """A fault in edgelm itself: a module, a name in it, and what it is there instead.

    It is in the reference too, so that no bundle can be told by it; Hugging Face's own module must.
    """

    name: str
    where: Healthy
    patch: tuple[Any, str, Any]
    caught_by: str = "parity: .* vs transformers"
    quick: bool = False

    def __str__(self) -> str:
        return self.name

    def plant(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on edgelm has it."""
        monkeypatch.setattr(*self.patch)


@dataclass(frozen=True)
class Sweep:
    """One fault in growing smallness: the first size must be caught, and which is the last is told."""

    name: str
    where: Healthy
    plant: Callable[[float], Plant]
    sizes: tuple[float, ...]
    quick: bool = False

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

    is_green: bool
    findings: tuple[Finding, ...]

    def by(self, pattern: str) -> Finding | None:
        """The first finding of that pattern."""
        return next((found for found in self.findings if re.match(pattern, f"{found.name}: {found.figure}")), None)


def examine(bundle: Path, model: Path, time_limit_s: float = TIME_LIMIT_S, **request: Any) -> Outcome:
    """What `edgelm validate BUNDLE --against MODEL` says."""
    asked = AuditRequest(bundle, model=str(model), threads=1, time_limit_s=time_limit_s, **request)
    try:
        report = Audit(asked, lambda _: None).run()
    except EdgelmError as error:
        return Outcome(False, (Finding(f"refused: {_without_place(error.message, bundle)}", type(error).__name__),))
    bad = (check for check in report.checks if check.verdict is not Verdict.PASS)
    findings = (Finding(f"{check.group}: {check.name}", _without_place(_figure(check), bundle)) for check in bad)
    return Outcome(report.verdict is Verdict.PASS, tuple(findings))


def _without_place(text: str, bundle: Path) -> str:
    """A message that is the same wherever the bundle lies."""
    return text.replace(f"{bundle}/", "").replace(str(bundle), bundle.name)


def _figure(check: Check) -> str:
    if check.value is None:
        return check.reason
    limit = "" if check.limit is None else f", {check.bound} {check.limit:.4g}"
    reason = f" ({check.reason})" if check.reason else ""
    return f"{check.value:.4g}{limit} {check.unit}".strip() + reason
