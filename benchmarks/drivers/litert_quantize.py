"""ai-edge-quantizer's own routes: MODEL/model.tflite to OUT/model.tflite with one of its recipes."""

from __future__ import annotations

import argparse
from pathlib import Path

import _calibration
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import qtyping, quantizer, recipe

_RECIPES = {"dynamic_wi8_afp32": recipe.dynamic_wi8_afp32, "static_wi8_ai8": recipe.static_wi8_ai8}


def main() -> None:
    """Quantize and save; the arguments say what."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--recipe", choices=_RECIPES, default="dynamic_wi8_afp32")
    parser.add_argument("--operator", type=qtyping.TFLOperationName, help="quantize no other")
    parser.add_argument("--calibration", type=Path, help="for a static recipe")
    arguments = parser.parse_args()
    model = str(arguments.model / "model.tflite")
    tool = quantizer.Quantizer(model)
    entries = _RECIPES[arguments.recipe]()
    if arguments.operator:
        entries = [{**entry, "operation": arguments.operator} for entry in entries]
    tool.load_quantization_recipe(entries)
    ranges = None
    if tool.need_calibration:
        (signature,) = Interpreter(model).get_signature_list()
        ranges = tool.calibrate({signature: _calibration.read(arguments.calibration)})
    arguments.out.mkdir(parents=True, exist_ok=True)
    tool.quantize(ranges).export_model(str(arguments.out / "model.tflite"), overwrite=True)


if __name__ == "__main__":
    main()
