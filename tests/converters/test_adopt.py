"""Formats that take a finished ONNX model write it so that their runtimes answer as the model does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgelm import registry
from edgelm.graph.interpreter import Interpreter
from edgelm.types import ConvertRequest, OnnxConverter
from edgelm_converters import CONVERTERS

ADOPTING = [converter for converter in CONVERTERS if isinstance(converter, OnnxConverter)]


@pytest.mark.parametrize("converter", ADOPTING, ids=lambda converter: converter.name)
def test_a_finished_model(
    converter: Any, make_checkpoint: Callable[..., Path], open_model: Any, make_batch: Any, tmp_path: Path
) -> None:
    """Any batch and length, the same bytes twice; the ONNX file is the onnx converter's own."""
    model = open_model(make_checkpoint("bert", "question-answering"))
    graph = model.graph("question-answering", 40)
    folders = [tmp_path / name for name in ("onnx", "first", "second")]
    requests = []
    for folder in folders:
        folder.mkdir()
        requests.append(ConvertRequest(folder, converter.precisions["fp32"], 40))
    (file,) = registry.converters()["onnx"].convert(graph, requests[0]).files
    finished = (folders[0] / file).read_bytes()
    artifacts = [converter.adopt(finished, graph.signature, request) for request in requests[1:]]
    assert artifacts[0] == artifacts[1]
    assert artifacts[0].details["operators"]
    for name in artifacts[0].files:
        assert (folders[1] / name).read_bytes() == (folders[2] / name).read_bytes()

    manifest = {"artifact": asdict(artifacts[0]), "precision": "fp32", "max_length": 40, "lengths": []}
    run = registry.target(converter.name).load(folders[1], manifest, 1)
    for lengths in ((17, 9, 3), (1,), (40,)):
        batch = make_batch(model, lengths)
        expected, found = Interpreter(graph)(batch), run(batch)
        assert list(found) == ["start_logits", "end_logits"]
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, atol=1e-5)
