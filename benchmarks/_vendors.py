"""Which vendors' quantizers are set beside edgelm's, on which of its artifacts and in which runtimes, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from _quantized_models import TOKENS


@dataclass(frozen=True)
class Vendor:
    """One vendor's quantizer: what it is given, and which of edgelm's precisions does the same."""

    label: str
    command: tuple[str, ...]
    """A driver and its options."""
    rival: str
    calibrated: bool = True
    source: str = "fp32"
    environment: str = ""
    """Of `_environments`; empty: the one this runs in."""


@dataclass(frozen=True)
class Form:
    """What edgelm exports for a comparison, the model inside its bundle, and the vendors' takes on it."""

    target: str
    file: str
    precisions: tuple[str, ...]
    vendors: tuple[Vendor, ...]
    length: int = 0
    """The only one it takes; 0: any."""
    options: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """edgelm's precisions once more with options of the format: by label, precision and options."""


@dataclass(frozen=True)
class Group:
    """A form on one runtime under one set of its properties; no runtime: edgelm's evaluator of Core ML packages."""

    title: str
    form: str
    runtime: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


_INTEGER = ("fp32", "int8", "int8-static")
_ONNX = "drivers/onnx_quantize.py"
_AI_EDGE = "drivers/litert_quantize.py"
_AI_EDGE_QUANTIZERS = (
    Vendor(
        "ai-edge-quantizer, dynamic_wi8_afp32",
        (_AI_EDGE, "--recipe", "dynamic_wi8_afp32"),
        "int8",
        calibrated=False,
        environment="ai-edge-quantizer",
    ),
    Vendor(
        "ai-edge-quantizer, static_wi8_ai8",
        (_AI_EDGE, "--recipe", "static_wi8_ai8"),
        "int8-static",
        environment="ai-edge-quantizer",
    ),
    Vendor(
        "ai-edge-quantizer, static_wi8_ai8, FULLY_CONNECTED only",
        (_AI_EDGE, "--recipe", "static_wi8_ai8", "--operator", "FULLY_CONNECTED"),
        "int8-static",
        environment="ai-edge-quantizer",
    ),
)
_NEWER = {"int8, minimum_runtime=2.17": ("int8", ("--option", "minimum_runtime=2.17"))}
"""What the vendor's file needs as well; edgelm's own default also runs in tflite-runtime 2.14, and pays for that."""
_WEIGHTS = "coremltools linear_quantize_weights"
FORMS: Mapping[str, Form] = {
    "onnx": Form(
        "onnx",
        "model.onnx",
        _INTEGER,
        (
            Vendor("quantize_dynamic, per channel", (_ONNX,), "int8", calibrated=False),
            Vendor("quantize_static, per channel", (_ONNX,), "int8-static"),
            Vendor("quantize_static, MatMul only", (_ONNX, "--operators", "MatMul"), "int8-static"),
        ),
    ),
    "openvino": Form(
        "openvino",
        "openvino_model.xml",
        _INTEGER,
        (
            Vendor("NNCF, transformer", ("drivers/nncf_quantize.py",), "int8-static", environment="nncf"),
            Vendor(
                "NNCF, transformer, no SmoothQuant",
                ("drivers/nncf_quantize.py", "--without-smooth-quant"),
                "int8-static",
                environment="nncf",
            ),
        ),
    ),
    "tflite": Form("tflite", "model.tflite", _INTEGER, _AI_EDGE_QUANTIZERS, options=_NEWER),
    f"tflite-at-{TOKENS}": Form("tflite", "model.tflite", _INTEGER, _AI_EDGE_QUANTIZERS, TOKENS, _NEWER),
    "coreml": Form(
        "coreml",
        "model.mlpackage",
        ("fp32", "fp16", "int8", "int8-static"),
        (
            Vendor(_WEIGHTS, ("drivers/coreml_quantize.py",), "int8", calibrated=False),
            Vendor(f"{_WEIGHTS}, of fp16", ("drivers/coreml_quantize.py",), "int8", calibrated=False, source="fp16"),
            Vendor("coremltools linear_quantize_activations", ("drivers/coreml_quantize.py",), "int8-static"),
        ),
    ),
}
GROUPS: Mapping[str, Group] = {
    "onnxruntime": Group("ONNX Runtime", "onnx", "onnxruntime"),
    "openvino-f32": Group(
        "OpenVINO, INFERENCE_PRECISION_HINT=f32", "openvino", "openvino", {"INFERENCE_PRECISION_HINT": "f32"}
    ),
    "openvino-default": Group("OpenVINO, default hints", "openvino", "openvino"),
    "litert": Group("LiteRT, any length", "tflite", "ai-edge-litert"),
    f"litert-at-{TOKENS}": Group(f"LiteRT, fixed at {TOKENS} tokens", f"tflite-at-{TOKENS}", "ai-edge-litert"),
    "coreml": Group("Core ML", "coreml"),
}
