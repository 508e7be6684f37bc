"""The converters edgelm ships: one object each; the entry point names the tuple."""

from __future__ import annotations

from edgelm.types import Converter
from edgelm_converters.coreml import COREML
from edgelm_converters.executorch import EXECUTORCH
from edgelm_converters.mnn import MNN
from edgelm_converters.ncnn import NCNN
from edgelm_converters.onnx import ONNX
from edgelm_converters.openvino import OPENVINO
from edgelm_converters.tflite import TFLITE

CONVERTERS: tuple[Converter, ...] = (ONNX, OPENVINO, TFLITE, COREML, NCNN, MNN, EXECUTORCH)
