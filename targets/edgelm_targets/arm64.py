"""Replays a bundle on 64-bit ARM without a device: the runtime's real aarch64 wheel under qemu-user, on two CPU models.

It shows that the kernels phones run compute what the graph says. Emulated time says nothing about a phone's, so no
latency is measured here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import edgelm
from edgelm.errors import ParityError, ToolchainError
from edgelm.remote import Call, RemoteRunner
from edgelm.types import Array, Runner, Tensors, Tolerance
from edgelm_targets import _openers, arm64_counts, arm64_setup
from edgelm_targets.base import BaseTarget
from edgelm_targets.onnx import ONNX
from edgelm_targets.tflite import TFLITE

_PACKAGES = tuple(dict.fromkeys(Path(file).parents[1] for file in (edgelm.__file__, __file__)))
"""Where the emulated process finds this code."""


@dataclass(frozen=True)
class Arm64Target(BaseTarget):
    """Another target on emulated ARM: any batch and length that it takes itself."""

    original: str = ""
    """``module:attribute`` of the target whose ``load`` runs there."""
    cpus: tuple[str, ...] = tuple(arm64_setup.CPUS)
    """CPU models by their names in ``arm64_setup.CPUS``."""
    most_tokens: int | None = 320
    """Tokens, texts times length, that a parity run should take in all; a MiniLM's 128 take seconds here."""

    @property
    def unmeasured(self) -> str | None:
        """What is missing, and the command that sets it up."""
        return arm64_setup.missing(self.requires)

    @property
    def emulated(self) -> str | None:
        """The runtime, which is the real one, and the machine, which is not."""
        titles = " and ".join(arm64_setup.CPUS[cpu].title for cpu in self.cpus)
        return f"the aarch64 build of {', '.join(self.requires)} under qemu, on {titles}"

    @property
    def versions(self) -> str:
        """The aarch64 wheels', and qemu's; see ``arm64_setup.versions``."""
        return arm64_setup.versions(self.requires)

    @property
    def machines(self) -> Mapping[str, Arm64Target]:
        """This target on one CPU model at a time, by the CPU's name for a report."""
        return {arm64_setup.CPUS[cpu].title: replace(self, cpus=(cpu,)) for cpu in self.cpus}

    @property
    def set_up(self) -> str | None:
        """One set-up for both runtimes."""
        return "arm64"

    def install(self, say: Callable[[str], None]) -> None:
        """Set up what ``unmeasured`` misses and what counts instructions, each once."""
        arm64_setup.install(say)
        arm64_counts.install(say)

    @property
    def counts_instructions(self) -> bool:
        """On a whole machine under emulation; see ``arm64_counts``."""
        return True

    def instructions(
        self, bundle: Path, manifest: Mapping[str, Any], lengths: Sequence[int], runs: int
    ) -> Mapping[int, tuple[int, ...]]:
        """Instructions of each run on the first of ``cpus``, by length."""
        if self.unmeasured:
            raise ToolchainError(f"{self.name}: {self.unmeasured}")
        return arm64_counts.count(bundle, manifest, self.original, self.requires, self.cpus[0], lengths, runs)

    def load(self, bundle: Path, manifest: Mapping[str, Any], threads: int) -> Runner:
        """A runner that answers on every CPU model of ``cpus``.

        It gives the first one's outputs, and raises ParityError where another's are further from them than the target's
        own tolerance for the lowering.
        """
        if self.unmeasured:
            raise ToolchainError(f"{self.name}: {self.unmeasured}")
        place = arm64_setup.folder()
        call = open_call(self.original, self.requires, bundle, manifest, threads)
        runners = [
            RemoteRunner(
                f"{self.name} on {arm64_setup.CPUS[cpu].title}",
                [*arm64_setup.python_command(place, cpu), "-B"],
                arm64_setup.environment(place, _PACKAGES),
                call,
                hint=f"Set it up again: remove {place} and run: {arm64_setup.COMMAND}",
            )
            for cpu in self.cpus
        ]
        for runner in runners:
            runner.open()
        return _agreeing(runners, self.tolerances[manifest.get("precision", self.precision)].lowering)


def open_call(
    original: str, requires: tuple[str, ...], bundle: Path, manifest: Mapping[str, Any], threads: int
) -> Call:
    """The call of ``load`` of the target ``original``, ``module:attribute``, in another process of the same edgelm."""
    module, _, attribute = original.partition(":")
    arguments = {
        "module": module,
        "attribute": attribute,
        "bundle": str(bundle.resolve()),
        "manifest": dict(manifest),
        "threads": threads,
    }
    return Call(_openers.__file__, "open_target", arguments, requires)


def _agreeing(runners: Sequence[RemoteRunner], tolerance: Tolerance) -> Runner:
    """The first one's outputs, as long as the others' are within ``tolerance`` of them."""
    first, *others = runners

    def runner(inputs: Tensors) -> dict[str, Array]:
        outputs = first(inputs)
        for other in others:
            found = other(inputs)
            for name, values in outputs.items():
                _check_same(f"{name} on {other.title}", values, found[name], tolerance)
        return outputs

    return runner


def _check_same(name: str, reference: Array, actual: Array, tolerance: Tolerance) -> None:
    """ParityError unless ``actual`` is within the limits on max abs and cosine; NaN is not."""
    want, got = reference.astype(np.float64), actual.astype(np.float64)
    max_abs = float(np.abs(want - got).max())
    limit = np.inf if tolerance.max_abs is None else tolerance.max_abs * max(1.0, float(np.abs(want).max()))
    norms = np.linalg.norm(want) * np.linalg.norm(got)
    cosine = float((want * got).sum() / norms) if norms else float(np.array_equal(want, got))
    if not (max_abs <= limit and cosine >= (tolerance.min_cosine or -1.0)):
        raise ParityError(f"{name} differs from the other CPU model's: max abs {max_abs:.3g}, cosine {cosine:.6f}.")


def _on_arm64(original: BaseTarget, attribute: str, runtime: str) -> Arm64Target:
    """The target ``original``, which is ``attribute`` of its module, replayed on ARM."""
    return Arm64Target(
        name=f"{original.name}-arm64",
        description=f"{original.name} bundle, replayed by the aarch64 {runtime} on emulated Cortex-A53 and A76",
        converter=original.converter,
        extra=original.extra,
        requires=original.requires,
        precision=original.precision,
        tolerances=original.tolerances,
        original=f"{type(original).__module__}:{attribute}",
    )


ONNX_ARM64 = replace(_on_arm64(ONNX, "ONNX", "onnxruntime"), tolerances=ONNX.tolerances)
TFLITE_ARM64 = _on_arm64(TFLITE, "TFLITE", "LiteRT")
