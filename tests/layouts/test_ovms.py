"""OpenVINO Model Server's configuration: by the server's own schema, and as OpenVINO itself takes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from edgelm import golden
from edgelm.toolchain import openvino_core

BUNDLES = [{"target": "openvino"}, {"target": "cpu-server"}, {"target": "openvino", "task": "token-classification"}]


def model_of(place: Path) -> dict[str, Any]:
    (entry,) = json.loads((place / "config.json").read_text("utf-8"))["model_config_list"]
    found: dict[str, Any] = entry["config"]
    return found


@pytest.mark.parametrize("bundle", BUNDLES, ids=str)
def test_the_configuration_is_of_the_servers_schema(lay_out: Any, schema: Any, bundle: Any) -> None:
    config = json.loads((lay_out("ovms", **bundle) / "config.json").read_text("utf-8"))
    jsonschema.validate(config, schema("ovms"))
    config["model_config_list"][0]["config"]["plugin"] = {}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(config, schema("ovms"))


@pytest.mark.parametrize("bundle", BUNDLES, ids=str)
def test_openvino_compiles_it_so_and_gives_the_golden_answers(lay_out: Any, bundle: Any) -> None:
    """What the server does with a version's folder, in the same runtime."""
    place = lay_out("ovms", **bundle)
    model = model_of(place)
    files = sorted((place / model["base_path"] / "1").iterdir())
    assert [path.name for path in files] == ["model.bin", "model.xml"]
    compiled = openvino_core().compile_model(str(files[1]), model["target_device"], model["plugin_config"])
    bundle_path = place.with_name(bundle["target"])
    tolerance = json.loads((bundle_path / "golden" / "golden.json").read_text("utf-8"))["tolerance"]
    cases = golden.read(bundle_path)
    assert cases
    for case in cases:
        results = compiled(dict(case.inputs))
        for name, expected in case.outputs.items():
            cosine = float(results[name].ravel() @ expected.ravel()) / (
                np.linalg.norm(results[name]) * np.linalg.norm(expected)
            )
            assert cosine >= tolerance["min_cosine"]


def test_the_proofs_own_properties_are_written(lay_out: Any) -> None:
    exact, fast = (model_of(lay_out("ovms", target))["plugin_config"] for target in ("openvino", "cpu-server"))
    assert (exact["INFERENCE_PRECISION_HINT"], exact["DYNAMIC_QUANTIZATION_GROUP_SIZE"]) == ("f32", 0)
    assert "INFERENCE_PRECISION_HINT" not in fast
    assert fast["DYNAMIC_QUANTIZATION_GROUP_SIZE"] > 0
