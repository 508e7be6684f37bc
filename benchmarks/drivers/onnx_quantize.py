"""ONNX Runtime's own routes: MODEL/model.onnx to OUT/model.onnx with int8 weights per channel.

Dynamic without ``--calibration``. With it static, as the documentation advises: first its pre-processing, then QDQ with
unsigned activations between the extremes that were seen, over every operator it can quantize or those named.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import _calibration
import numpy as np
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process


class Reader(CalibrationDataReader):
    """The calibration inputs, one after the other."""

    def __init__(self, path: Path) -> None:
        self._texts = iter(_calibration.read(path))

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next text's inputs, None after the last."""
        return next(self._texts, None)


def static(source: Path, target: Path, calibration: Path, operators: Sequence[str] | None) -> None:
    """Pre-process, calibrate and quantize."""
    prepared = target.with_name("prepared.onnx")
    quant_pre_process(source, prepared)
    quantize_static(
        prepared,
        target,
        Reader(calibration),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=operators,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    prepared.unlink()


def main() -> None:
    """Quantize and save; the arguments say what."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--calibration", type=Path)
    parser.add_argument("--operators", nargs="+")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    source, target = arguments.model / "model.onnx", arguments.out / "model.onnx"
    if arguments.calibration:
        static(source, target, arguments.calibration, arguments.operators)
    else:
        quantize_dynamic(source, target, per_channel=True, weight_type=QuantType.QInt8)


if __name__ == "__main__":
    main()
