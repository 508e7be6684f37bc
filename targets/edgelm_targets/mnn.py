"""MNN on the CPU, a runtime of phone apps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgelm.errors import ParityError
from edgelm.toolchain import import_mnn, stdout_held
from edgelm.types import Array, Runner, Tensors, Tolerances
from edgelm_targets.base import DEFAULT_TOLERANCES, BaseTarget

_EXACT = DEFAULT_TOLERANCES["fp32"].lowering
_TOLERANCES: Mapping[str, Tolerances] = {
    name: replace(tolerances, lowering=_EXACT, invariance=_EXACT) for name, tolerances in DEFAULT_TOLERANCES.items()
}
"""Whatever the weights are stored as, the arithmetic is the graph's own: float32."""
_IMAGE = 4
"""The axes of what a convolution writes."""


@dataclass(frozen=True)
class MNNTarget(BaseTarget):
    """Any batch and any length; ids are int32."""

    def load(self, bundle: Path, manifest: Mapping[str, Any], threads: int) -> Runner:
        """A Module on the CPU, in float32 on every machine: ``precision`` is high."""
        artifact = manifest["artifact"]
        return _module_runner(bundle, artifact, threads, [spec["name"] for spec in artifact["outputs"]])

    def trace(self, bundle: Path, manifest: Mapping[str, Any], threads: int, names: Collection[str]) -> Runner:
        """The same with ``names`` among its outputs, where MNN's converter has kept them.

        It makes of a linear layer a convolution over an image for each token; one that keeps the layer's name is
        overwritten by the activation behind it, and not shown.
        """
        artifact = manifest["artifact"]
        outputs = [spec["name"] for spec in artifact["outputs"]]
        path = bundle / artifact["files"][0]
        with stdout_held():
            kept = import_mnn().expr.load_as_dict(str(path))
        shown = [name for name in kept if name in names and name not in outputs]
        run = _module_runner(bundle, artifact, threads, [*shown, *outputs])
        linear = artifact["details"]["linear"]

        def runner(inputs: Tensors) -> dict[str, Array]:
            found = {
                name: array for name, array in run(inputs).items() if not (name in linear and array.ndim == _IMAGE)
            }
            return {**inputs, **found}

        return runner


def _module_runner(bundle: Path, artifact: Mapping[str, Any], threads: int, outputs: Sequence[str]) -> Runner:
    mnn = import_mnn()
    dtypes = {spec["name"]: spec["dtype"] for spec in artifact["inputs"]}
    kinds = {"int32": mnn.expr.int, "float32": mnn.expr.float}
    settings = {"backend": "CPU", "numThread": threads, "precision": "high"}
    path = str(bundle / artifact["files"][0])
    with stdout_held() as said:
        manager = mnn.nn.create_runtime_manager((settings,))
        module = mnn.nn.load_module_from_file(path, [*dtypes], [*outputs], runtime_manager=manager, shape_mutable=True)
    if module is None:
        raise ParityError(f"MNN cannot load {path}: {said.decode('utf-8', 'replace').strip()}")

    def runner(inputs: Tensors) -> dict[str, Array]:
        arrays = [(np.ascontiguousarray(inputs[name], dtype), kinds[dtype]) for name, dtype in dtypes.items()]
        feed = [mnn.expr.const(array, list(array.shape), mnn.expr.NCHW, kind) for array, kind in arrays]
        found = module.forward(feed)
        if len(found) < len(outputs):
            raise ParityError(f"MNN cannot compute {path} for inputs of shape {arrays[0][0].shape}.")
        return {name: np.array(result.read()) for name, result in zip(outputs, found, strict=True)}

    return runner


MNN = MNNTarget(
    name="mnn",
    description="MNN file for phones, any batch and length",
    converter="mnn",
    extra="mnn",
    requires=("MNN",),
    tolerances=_TOLERANCES,
)
