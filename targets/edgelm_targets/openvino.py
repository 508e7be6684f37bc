"""OpenVINO on the CPU: the format's own target, exact, and a server profile that lets the runtime choose."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgelm.toolchain import openvino_core
from edgelm.types import Array, Runner, Tensors, Tolerance, Tolerances
from edgelm_targets.base import DEFAULT_TOLERANCES, BaseTarget

_EXACT = DEFAULT_TOLERANCES["fp32"].lowering
_EXACT_TOLERANCES: Mapping[str, Tolerances] = {
    **{
        name: replace(tolerances, lowering=_EXACT, invariance=_EXACT) for name, tolerances in DEFAULT_TOLERANCES.items()
    },
    "int8-static": DEFAULT_TOLERANCES["int8-static"],
}
"""Whatever the weights are stored as, the arithmetic is the graph's own: float32, but for static layers' integers."""

_BF16 = Tolerance(max_abs=5e-2, min_cosine=0.999, min_sqnr_db=30)
_GROUPS = Tolerance(min_cosine=0.98, min_sqnr_db=20)
_STATIC_BF16 = Tolerance(min_cosine=0.95, min_sqnr_db=9)
"""bf16 between static layers moves many of their roundings: measured 0.973 and 12.7 dB on the built-in model."""
_FAST_TOLERANCES: Mapping[str, Tolerances] = {
    "fp32": Tolerances(lowering=_BF16, loss=_BF16, invariance=_BF16),
    "fp16": Tolerances(lowering=_BF16, loss=_BF16, invariance=_BF16),
    "bf16": Tolerances(lowering=_BF16, loss=_BF16, invariance=_BF16),
    "int8": replace(DEFAULT_TOLERANCES["int8"], lowering=_GROUPS, invariance=_GROUPS),
    "int8-static": replace(DEFAULT_TOLERANCES["int8-static"], lowering=_STATIC_BF16, invariance=_STATIC_BF16),
    "int4": replace(DEFAULT_TOLERANCES["int4"], lowering=_BF16, invariance=_BF16),
}
"""The graph keeps activations float32; here they are bf16, or int8 in groups."""


@dataclass(frozen=True)
class OpenVINOTarget(BaseTarget):
    """Any batch and any length; ids are int64.

    OpenVINO's defaults trade exactness for speed without a word: bf16 where the CPU has it, and int8 activations before
    int8 weights. Both are fixed here, so that parity says what was really run.
    """

    inference_precision: str = "f32"
    """``INFERENCE_PRECISION_HINT``; empty leaves the choice to the plugin."""
    dynamic_quantization_group_size: int = 0
    """Inputs of int8 layers share a scale in groups of so many; 0 keeps them float, and then int8 is no faster."""

    def load(self, bundle: Path, manifest: Mapping[str, Any], threads: int) -> Runner:
        """The model compiled for the CPU, one stream on ``threads`` threads."""
        artifact = manifest["artifact"]
        model = str(bundle / artifact["files"][0])
        request = openvino_core().compile_model(model, "CPU", self.properties(threads)).create_infer_request()
        dtypes = {spec["name"]: spec["dtype"] for spec in artifact["inputs"]}
        names = [spec["name"] for spec in artifact["outputs"]]

        def runner(inputs: Tensors) -> dict[str, Array]:
            results = request.infer({name: inputs[name].astype(dtype, copy=False) for name, dtype in dtypes.items()})
            return {name: results[name] for name in names}

        return runner

    def trace(self, bundle: Path, manifest: Mapping[str, Any], threads: int, names: Collection[str]) -> Runner:
        """The model with ``names`` among its outputs, compiled in float32 and without dynamic quantization.

        Whatever the target lets the plugin choose: bf16 after every operator would hide what the file says. The plugin
        cannot fuse across a tensor that is asked for.
        """
        core = openvino_core()
        artifact = manifest["artifact"]
        model = core.read_model(str(bundle / artifact["files"][0]))
        outputs = [spec["name"] for spec in artifact["outputs"]]
        ports = {name: port for name, port in _ports(model).items() if name in names and name not in outputs}
        model.add_outputs(list(ports.values()))
        exact = replace(self, inference_precision="f32", dynamic_quantization_group_size=0)
        request = core.compile_model(model, "CPU", exact.properties(threads)).create_infer_request()
        dtypes = {spec["name"]: spec["dtype"] for spec in artifact["inputs"]}

        def runner(inputs: Tensors) -> dict[str, Array]:
            results = request.infer({name: inputs[name].astype(dtype, copy=False) for name, dtype in dtypes.items()})
            added = list(results.values())[len(outputs) :]
            named = {name: results[name] for name in outputs}
            return {**inputs, **dict(zip(ports, added, strict=True)), **named}

        return runner

    def properties(self, threads: int) -> dict[str, Any]:
        """What the model is compiled with."""
        properties = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": threads,
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": self.dynamic_quantization_group_size,
        }
        return properties | ({"INFERENCE_PRECISION_HINT": self.inference_precision} if self.inference_precision else {})


def _ports(model: Any) -> dict[str, Any]:
    """The output ports of a model's inner nodes: by the node's name, of a node of several outputs by their own."""
    ports: dict[str, Any] = {}
    for node in model.get_ordered_ops():
        outputs = node.outputs()
        if node.get_type_name() in ("Parameter", "Constant", "Result"):
            continue
        if len(outputs) == 1:
            ports[node.get_friendly_name()] = outputs[0]
        else:
            ports.update({name: port for port in outputs for name in port.get_names()})
    return ports


OPENVINO = OpenVINOTarget(
    name="openvino",
    description="OpenVINO IR for Intel CPUs, GPUs and NPUs; checked in float32, without dynamic quantization",
    converter="openvino",
    extra="openvino",
    requires=("openvino",),
    tolerances=_EXACT_TOLERANCES,
)

CPU_SERVER = OpenVINOTarget(
    name="cpu-server",
    description="OpenVINO on x86 servers: int8 weights, bf16 or int8 activations as the CPU does best",
    converter="openvino",
    extra="openvino",
    requires=("openvino",),
    precision="int8",
    tolerances=_FAST_TOLERANCES,
    inference_precision="",
    dynamic_quantization_group_size=64,
)
