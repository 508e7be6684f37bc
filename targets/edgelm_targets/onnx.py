"""ONNX Runtime on the CPU."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelm.toolchain import import_onnxruntime
from edgelm.types import Array, Runner, Tensors, Tolerance, Tolerances
from edgelm_targets.base import DEFAULT_TOLERANCES, BaseTarget

_TOLERANCES = {
    **DEFAULT_TOLERANCES,
    # One range for a whole tensor: a rounding that falls the other way moves every later layer's rounding. On a padded
    # batch the interpreter, with biases and norms moved by 1e-7 of themselves, agrees with itself to a cosine of 0.983
    # in the worst of 40 tries.
    "int8": Tolerances(
        lowering=Tolerance(min_cosine=0.975, min_sqnr_db=17),
        loss=Tolerance(min_cosine=0.98, min_sqnr_db=14),
        # Padding and company change a tensor's range, and with it every rounding: both runs may be as far from fp32 as
        # `loss` allows, on opposite sides.
        invariance=Tolerance(min_cosine=0.93, min_sqnr_db=8),
    ),
}


@dataclass(frozen=True)
class OnnxTarget(BaseTarget):
    """Any batch and any length; ids are int64."""

    def load(self, bundle: Path, manifest: Mapping[str, Any], threads: int) -> Runner:
        """An onnxruntime session on the CPU with every graph optimisation."""
        artifact = manifest["artifact"]
        return _session_runner(bundle / artifact["files"][0], artifact, threads)

    def trace(self, bundle: Path, manifest: Mapping[str, Any], threads: int, names: Collection[str]) -> Runner:
        """The same session over the file with ``names`` among its outputs.

        Every graph optimisation runs, but none can fuse across a tensor that is asked for: a LayerNormalization is the
        one of ``load``, an attention in one operator is not.
        """
        import onnx

        artifact = manifest["artifact"]
        model = onnx.load(bundle / artifact["files"][0])
        computed = {name for node in model.graph.node for name in node.output}
        wanted = computed.intersection(names) - {output.name for output in model.graph.output}
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in sorted(wanted))
        run = _session_runner(model.SerializeToString(), artifact, threads)
        return lambda inputs: {**inputs, **run(inputs)}


def _session_runner(model: Path | bytes, artifact: Mapping[str, Any], threads: int) -> Runner:
    """A runner over an onnxruntime session that gives every output of the model."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    dtypes = {spec["name"]: spec["dtype"] for spec in artifact["inputs"]}
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def runner(inputs: Tensors) -> dict[str, Array]:
        results = session.run(names, {name: inputs[name].astype(dtype, copy=False) for name, dtype in dtypes.items()})
        return dict(zip(names, results, strict=True))

    return runner


ONNX = OnnxTarget(
    name="onnx",
    description="ONNX file for onnxruntime on servers, desktops, mobile and the web",
    converter="onnx",
    extra="onnx",
    requires=("onnxruntime",),
    tolerances=_TOLERANCES,
)
