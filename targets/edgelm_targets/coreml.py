"""Core ML: Apple's own runtime on a Mac, elsewhere edgelm's evaluator of the saved package."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgelm.toolchain import import_coremltools
from edgelm.types import Array, Runner, Tensors, Tolerance, Tolerances
from edgelm_targets.base import DEFAULT_TOLERANCES, BaseTarget, pad_to_lengths, padded, row_by_row
from edgelm_targets.mil import MilProgram

_HALF = Tolerance(max_abs=2e-2, min_cosine=0.999, min_sqnr_db=30)
_TOLERANCES: Mapping[str, Tolerances] = {
    **DEFAULT_TOLERANCES,
    "fp16": Tolerances(lowering=_HALF, loss=_HALF, invariance=_HALF),
    "int8": replace(DEFAULT_TOLERANCES["int8"], lowering=_HALF, invariance=_HALF),
    "int4": replace(DEFAULT_TOLERANCES["int4"], lowering=_HALF, invariance=_HALF),
}
"""The graph keeps its arithmetic in float32; all but fp32 programs round to float16 after every operator."""


@dataclass(frozen=True)
class CoreMLTarget(BaseTarget):
    """A batch of one; a range of lengths, or the package's own lengths, to which texts are padded."""

    compute_units: str = "ALL"
    """Of coremltools' ``ComputeUnit``: ALL, CPU_ONLY, CPU_AND_GPU or CPU_AND_NE."""

    @property
    def emulated(self) -> str | None:
        """None on macOS."""
        if sys.platform == "darwin":
            return None
        return "edgelm's evaluator of the saved package, in NumPy: Core ML itself runs on macOS only"

    def load(self, bundle: Path, manifest: Mapping[str, Any], threads: int) -> Runner:  # noqa: ARG002  both have their own
        """The package in Core ML on a Mac, else in ``mil.MilProgram``."""
        artifact = manifest["artifact"]
        details = artifact["details"]
        package = bundle / details["package"]
        batched = row_by_row(MilProgram(package) if self.emulated else self._core_ml(package, artifact))
        if details["shapes"] == "range":
            return batched
        return pad_to_lengths(batched, details["lengths"], artifact["outputs"])

    def trace(
        self,
        bundle: Path,
        manifest: Mapping[str, Any],
        threads: int,  # noqa: ARG002  NumPy has its own
        names: Collection[str],
    ) -> Runner:
        """Every value in ``mil.MilProgram``, on a Mac too: Core ML itself shows none."""
        details = manifest["artifact"]["details"]
        program = MilProgram(bundle / details["package"])
        lengths = [] if details["shapes"] == "range" else details["lengths"]

        def run(inputs: Tensors) -> dict[str, Array]:
            feed = padded(inputs, lengths)
            values = program.trace(feed)
            return feed | {name: values[_identifier(name)] for name in names if _identifier(name) in values}

        return run

    def _core_ml(self, package: Path, artifact: Mapping[str, Any]) -> Runner:
        """Written after coremltools' documentation and never run: no machine edgelm was made on is a Mac."""
        coremltools = import_coremltools()
        units = coremltools.ComputeUnit[self.compute_units]
        model = coremltools.models.MLModel(str(package), compute_units=units)
        dtypes = {spec["name"]: spec["dtype"] for spec in artifact["inputs"]}
        names = [spec["name"] for spec in artifact["outputs"]]

        def run(inputs: Tensors) -> dict[str, Array]:
            results = model.predict({name: inputs[name].astype(dtype, copy=False) for name, dtype in dtypes.items()})
            return {name: results[name] for name in names}

        return run


def _identifier(name: str) -> str:
    """What a tensor of the graph is called in the package, whose names are identifiers."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


COREML = CoreMLTarget(
    name="coreml",
    description="Core ML package for iOS, iPadOS and macOS",
    converter="coreml",
    extra="coreml",
    requires=("coremltools",),
    tolerances=_TOLERANCES,
)

IOS = replace(
    COREML,
    name="ios",
    description="iPhones and iPads: Core ML in float16, ready for the Neural Engine",
    precision="fp16",
)
