"""The targets edgelm ships: one object each; the entry point names the tuple."""

from __future__ import annotations

from edgelm.types import Target
from edgelm_targets.arm64 import ONNX_ARM64, TFLITE_ARM64
from edgelm_targets.coreml import COREML, IOS
from edgelm_targets.executorch import EXECUTORCH
from edgelm_targets.mnn import MNN
from edgelm_targets.ncnn import NCNN
from edgelm_targets.onnx import ONNX
from edgelm_targets.openvino import CPU_SERVER, OPENVINO
from edgelm_targets.tflite import ANDROID, TFLITE

TARGETS: tuple[Target, ...] = (
    ONNX,
    OPENVINO,
    CPU_SERVER,
    TFLITE,
    ANDROID,
    COREML,
    IOS,
    NCNN,
    MNN,
    EXECUTORCH,
    ONNX_ARM64,
    TFLITE_ARM64,
)
