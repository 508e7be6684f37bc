"""ncnn on the CPU, a small runtime for phones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgelm.errors import ParityError
from edgelm.types import Array, Runner, Tensors, Tolerances
from edgelm_targets.base import DEFAULT_TOLERANCES, BaseTarget, row_by_row

_EXACT = DEFAULT_TOLERANCES["fp32"].lowering
_TOLERANCES: Mapping[str, Tolerances] = {
    **DEFAULT_TOLERANCES,
    "fp16": replace(DEFAULT_TOLERANCES["fp16"], lowering=_EXACT, invariance=_EXACT),
}
"""float16 weights are widened on loading."""
_IN_16_BITS = ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_packed", "use_bf16_storage")
"""What ncnn may do with activations where the CPU can; by default much of it."""


@dataclass(frozen=True)
class NcnnTarget(BaseTarget):
    """One text at a time, of any length; ids are int32."""

    def load(self, bundle: Path, manifest: Mapping[str, Any], threads: int) -> Runner:
        """A Net on the CPU, its activations in float32."""
        artifact = manifest["artifact"]
        net = _open(bundle, artifact, threads)
        names = [spec["name"] for spec in artifact["outputs"]]
        return row_by_row(lambda inputs: _extracted(net, artifact, inputs, names, keep=False))

    def trace(self, bundle: Path, manifest: Mapping[str, Any], threads: int, names: Collection[str]) -> Runner:
        """The same, every blob kept; positions are constants of the file and not shown."""
        artifact = manifest["artifact"]
        net = _open(bundle, artifact, threads)
        outputs = [spec["name"] for spec in artifact["outputs"]]
        shown = [blob.name for blob in net.blobs() if blob.name in names and blob.name not in outputs]
        run = row_by_row(lambda inputs: _extracted(net, artifact, inputs, [*shown, *outputs], keep=True))
        return lambda inputs: {**inputs, **run(inputs)}


def _open(bundle: Path, artifact: Mapping[str, Any], threads: int) -> Any:
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = threads
    for name in _IN_16_BITS:
        setattr(net.opt, name, False)
    param, binary = (str(bundle / name) for name in artifact["files"])
    if net.load_param(param) != 0 or net.load_model(binary) != 0:
        raise ParityError(f"ncnn cannot load {param}.")
    return net


def _extracted(
    net: Any, artifact: Mapping[str, Any], inputs: Tensors, names: Sequence[str], *, keep: bool
) -> dict[str, Array]:
    """Blobs by name for a batch of one; with ``keep`` also such as others have been computed from."""
    import ncnn

    extractor = net.create_extractor()
    extractor.set_light_mode(not keep)
    for spec in artifact["inputs"]:
        row = np.ascontiguousarray(inputs[spec["name"]][0], spec["dtype"])
        extractor.input(spec["name"], ncnn.Mat(row).clone())  # ncnn computes in place, and not in the caller's array
    found: dict[str, Array] = {}
    for name in names:
        code, blob = extractor.extract(name)
        if code != 0:
            raise ParityError(f"ncnn ended with code {code} at {name}.")
        values = np.array(blob)[None]
        found[name] = values.astype(np.int32) if name in artifact["details"]["integers"] else values
    return found


NCNN = NcnnTarget(
    name="ncnn",
    description="ncnn files for phones and small boards, one text at a time",
    converter="ncnn",
    extra="ncnn",
    requires=("ncnn",),
    tolerances=_TOLERANCES,
)
