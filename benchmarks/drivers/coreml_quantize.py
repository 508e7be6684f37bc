"""coremltools.optimize's own routes: MODEL/model.mlpackage to OUT/model.mlpackage with int8 weights per channel.

With ``--calibration`` the activations first: coremltools calibrates them by running the model, which takes a Mac.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import _calibration
import coremltools
import coremltools.optimize.coreml as optimize


def main() -> None:
    """Quantize and save; the arguments say what."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--calibration", type=Path)
    arguments = parser.parse_args()
    model = coremltools.models.MLModel(str(arguments.model / "model.mlpackage"), skip_model_load=True)
    if arguments.calibration:
        settings = optimize.experimental.OpActivationLinearQuantizerConfig(mode="linear_symmetric")
        model = optimize.experimental.linear_quantize_activations(
            model, optimize.OptimizationConfig(global_config=settings), _calibration.read(arguments.calibration)
        )
    weights = optimize.OpLinearQuantizerConfig(mode="linear_symmetric", dtype="int8", granularity="per_channel")
    quantized = optimize.linear_quantize_weights(model, optimize.OptimizationConfig(global_config=weights))
    arguments.out.mkdir(parents=True, exist_ok=True)
    quantized.save(str(arguments.out / "model.mlpackage"))


if __name__ == "__main__":
    main()
