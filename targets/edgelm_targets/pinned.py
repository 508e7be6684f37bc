"""Replays a bundle in another version of its runtime, the one that phones and servers still carry.

The version lives in an environment of its own, made once; its process answers through a pipe, on one thread where the
runtime needs that, so nothing here speaks for its speed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from edgelm import environments
from edgelm.environments import Environment, Wanted, normalized
from edgelm.errors import ToolchainError, UsageError
from edgelm.remote import Call, RemoteRunner
from edgelm.types import Runner
from edgelm_targets import _openers
from edgelm_targets.base import BaseTarget, pad_to_lengths, row_by_row
from edgelm_targets.openvino import OpenVINOTarget

_REQUIREMENT = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)==([0-9][A-Za-z0-9.+!]*)")
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2"}
"""What a runtime says before it fails is part of the message."""


@dataclass(frozen=True)
class Distribution:
    """A package that brings a runtime, and the module to import."""

    module: str
    pins: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """What its older versions need and do not say, by the first version that does without."""
    without: tuple[str, ...] = ()
    """What it brings and does not need to run a model."""

    def wanted(self, name: str, version: str) -> Wanted:
        """The environment of one version."""
        parts = tuple(int(part) for part in re.findall(r"\d+", version))
        beside = tuple(requirement for requirement, first in self.pins.items() if parts < first)
        return Wanted(name, version, beside, self.without, ("numpy", self.module))


@dataclass(frozen=True)
class Format:
    """What reads a converter's files, and how: ``arguments`` are those of the function ``opener`` of ``_openers``."""

    distributions: Mapping[str, Distribution]
    opener: str
    arguments: Callable[[PinnedTarget, Path, Mapping[str, Any], int], dict[str, Any]]
    kernels: Mapping[str, str]
    """The machines of a report: a title, and the runtime's own name for the kernels it may use there."""


@dataclass(frozen=True)
class PinnedTarget(BaseTarget):
    """Another target, in that version of a distribution: any batch and length that it takes itself."""

    original: BaseTarget | None = None
    distribution: str = ""
    version: str = ""
    kernels: str = ""
    """A key of the format's ``kernels``; empty: the first."""
    environment: Environment | None = None
    """Where the runtime is; None: the cached environment of that version."""

    @property
    def ready(self) -> Environment | None:
        """The environment, when it is there."""
        return self.environment or environments.find(self.distribution, self.version)

    @property
    def unmeasured(self) -> str | None:
        """That the environment is not made yet."""
        return None if self.ready else f"{self.distribution}=={self.version} is not installed in its own environment"

    @property
    def emulated(self) -> str | None:
        """The runtime, which is not the one beside edgelm."""
        return f"{self.versions}, in an environment of its own"

    @property
    def versions(self) -> str:
        """What runs the bundle, ``tflite-runtime 2.14.0 on Python 3.11, numpy 1.26.4``."""
        environment = self.ready
        return environment.told(self.distribution) if environment else f"{self.distribution} {self.version}"

    def install(self, say: Callable[[str], None]) -> None:
        """Make the environment if it is not there; ToolchainError says what is in the way."""
        if not self.ready:
            environments.install(self._runtime.wanted(self.distribution, self.version), say)

    @property
    def machines(self) -> Mapping[str, PinnedTarget]:
        """This target with each set of the runtime's kernels."""
        return {title: replace(self, kernels=title) for title in self._format.kernels}

    def load(self, bundle: Path, manifest: Mapping[str, Any], threads: int) -> Runner:
        """The bundle's model, open in a process of that environment.

        ToolchainError where the environment is missing or broken; ParityError when the runtime refuses the model, or
        dies or hangs over it.
        """
        environment = self.ready
        if environment is None:
            raise ToolchainError(f"{self.name}: {self.unmeasured}.", hint=f"Run: {self._command(bundle)}")
        arguments = self._format.arguments(self, bundle.resolve(), manifest["artifact"], threads)
        runner = RemoteRunner(
            f"{self.name} in {self.versions}",
            # Isolated: neither PYTHONPATH nor the worker's own folder is searched for modules.
            [str(environment.python), "-I", "-B"],
            {**os.environ, **_QUIET},
            Call(_openers.__file__, self._format.opener, arguments, ("numpy", self._runtime.module)),
            hint=f"Remove {environment.python.parents[1]} and run: {self._command(bundle)}",
        )
        runner.open()
        return _any_shape(runner, manifest) if self.converter == "tflite" else runner

    @property
    def _format(self) -> Format:
        return FORMATS[self.converter]

    @property
    def _runtime(self) -> Distribution:
        return self._format.distributions[self.distribution]

    def _command(self, bundle: Path) -> str:
        return f"edgelm validate {bundle} --runtime {self.distribution}=={self.version}"


def pinned(original: BaseTarget, requirement: str) -> PinnedTarget:
    """The target ``original`` in the runtime ``NAME==VERSION``; UsageError unless that is a runtime of its format."""
    match = _REQUIREMENT.fullmatch(requirement)
    if not match:
        raise UsageError(
            f"Runtime {requirement!r} is not of the form NAME==VERSION.", hint="For example: tflite-runtime==2.14.0"
        )
    distribution, version = normalized(match[1]), match[2]
    readers = FORMATS[original.converter].distributions if original.converter in FORMATS else {}
    if distribution not in readers:
        readers_told = ", ".join(readers) or "nothing that pip installs here"
        raise UsageError(f"{match[1]} does not run {original.converter} bundles.", hint=f"What does: {readers_told}.")
    shared = {field.name: getattr(original, field.name) for field in fields(BaseTarget)}
    own = {"requires": (), "most_tokens": None}
    return PinnedTarget(**{**shared, **own}, original=original, distribution=distribution, version=version)


def _any_shape(runner: Runner, manifest: Mapping[str, Any]) -> Runner:
    """A runner for any batch and length over one that takes a single text, at the lengths the file has."""
    batched = row_by_row(runner)
    lengths = manifest["lengths"]
    return pad_to_lengths(batched, lengths, manifest["artifact"]["outputs"]) if lengths else batched


def _dtypes(artifact: Mapping[str, Any]) -> dict[str, str]:
    return {spec["name"]: spec["dtype"] for spec in artifact["inputs"]}


def _outputs(artifact: Mapping[str, Any]) -> list[str]:
    return [spec["name"] for spec in artifact["outputs"]]


def _tflite(target: PinnedTarget, bundle: Path, artifact: Mapping[str, Any], _: int) -> dict[str, Any]:
    """On one thread: beside a second, those that wait in 2.14's many small delegates starve each other."""
    kernels = FORMATS["tflite"].kernels
    return {
        "module": FORMATS["tflite"].distributions[target.distribution].module,
        "path": str(bundle / artifact["files"][0]),
        "dtypes": _dtypes(artifact),
        "outputs": _outputs(artifact),
        "signatures": artifact["details"]["signatures"],
        "kernels": kernels[target.kernels or next(iter(kernels))],
        "threads": 1,
    }


def _onnx(_: PinnedTarget, bundle: Path, artifact: Mapping[str, Any], threads: int) -> dict[str, Any]:
    return {"path": str(bundle / artifact["files"][0]), "dtypes": _dtypes(artifact), "threads": threads}


def _openvino(target: PinnedTarget, bundle: Path, artifact: Mapping[str, Any], threads: int) -> dict[str, Any]:
    """With the original's own properties, where it has some."""
    original = target.original
    return {
        "path": str(bundle / artifact["files"][0]),
        "dtypes": _dtypes(artifact),
        "outputs": _outputs(artifact),
        "properties": original.properties(threads) if isinstance(original, OpenVINOTarget) else {},
    }


_NEVER = (1_000_000,)
_TENSORFLOW = Distribution("tensorflow.lite.python.interpreter", {"numpy<2": (2, 18), "protobuf<3.21": (2, 9)})
FORMATS: Mapping[str, Format] = {
    "tflite": Format(
        {
            "tflite-runtime": Distribution("tflite_runtime.interpreter", {"numpy<2": _NEVER}),
            "ai-edge-litert": Distribution("ai_edge_litert.interpreter", {"numpy<2": (1, 2)}),
            "tensorflow": _TENSORFLOW,
            "tensorflow-cpu": _TENSORFLOW,
        },
        "open_tflite",
        _tflite,
        {"XNNPACK": "AUTO", "plain kernels": "BUILTIN_WITHOUT_DEFAULT_DELEGATES"},
    ),
    "onnx": Format({"onnxruntime": Distribution("onnxruntime", {"numpy<2": (1, 19)})}, "open_onnx", _onnx, {"": ""}),
    "openvino": Format(
        # Its telemetry sends usage data from a process it forks.
        {"openvino": Distribution("openvino", {"numpy<2": (2024, 4)}, ("openvino-telemetry",))},
        "open_openvino",
        _openvino,
        {"": ""},
    ),
}
"""By converter."""
