"""NNCF's own route: MODEL/openvino_model.xml to OUT/openvino_model.xml, post-training int8 for transformers.

SmoothQuant is part of its settings for transformers; ``--without-smooth-quant`` takes it out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import _calibration
import nncf
import openvino
from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters, AdvancedSmoothQuantParameters


def main() -> None:
    """Quantize and save; the arguments say what."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--calibration", type=Path, required=True)
    parser.add_argument("--without-smooth-quant", action="store_true")
    arguments = parser.parse_args()
    texts = _calibration.read(arguments.calibration)
    plain = AdvancedQuantizationParameters(smooth_quant_alphas=AdvancedSmoothQuantParameters(matmul=-1, convolution=-1))
    quantized = nncf.quantize(
        openvino.Core().read_model(arguments.model / "openvino_model.xml"),
        nncf.Dataset(texts),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(texts),
        advanced_parameters=plain if arguments.without_smooth_quant else None,
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    openvino.save_model(quantized, arguments.out / "openvino_model.xml", compress_to_fp16=False)


if __name__ == "__main__":
    main()
