"""Triton's configuration: read by Triton's own protobuf, and held against the model files and the golden answers."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import onnxruntime
import pytest
from google.protobuf import text_format

from edgelm import golden
from edgelm.layouts.triton import MAX_BATCH_SIZE
from edgelm.toolchain import openvino_core

BUNDLES = [
    {"target": "onnx"},
    {"target": "onnx", "precision": "int8"},
    {"target": "onnx", "task": "question-answering"},
    {"target": "onnx", "task": "feature-extraction"},
    {"target": "openvino"},
    {"target": "cpu-server", "task": "token-classification"},
]
ONE_TEXT = BUNDLES[1]
TYPES = {"tensor(int64)": "TYPE_INT64", "tensor(float)": "TYPE_FP32", "i64": "TYPE_INT64", "f32": "TYPE_FP32"}


@pytest.fixture(scope="session")
def schema() -> Any:
    """``tritonclient.grpc.model_config_pb2``, by its file: the package around it wants gRPC."""
    (root,) = importlib.util.find_spec("tritonclient").submodule_search_locations
    spec = importlib.util.spec_from_file_location("model_config_pb2", Path(root) / "grpc" / "model_config_pb2.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def config_of(lay_out: Any, schema: Any) -> Any:
    """``config_of(bundle)``: the repository's folder of the model, and its parsed configuration."""

    def read(bundle: dict[str, str]) -> tuple[Path, Any]:
        (path,) = lay_out("triton", **bundle).glob("*/config.pbtxt")
        return path.parent, text_format.Parse(path.read_text("utf-8"), schema.ModelConfig())

    return read


def signature(folder: Path, backend: str) -> dict[str, dict[str, tuple[str, list[int]]]]:
    """Types and shapes as the file has them, by the runtime that Triton's backend has; -1 is any size."""
    if backend == "onnxruntime":
        session = onnxruntime.InferenceSession(folder / "1" / "model.onnx", providers=["CPUExecutionProvider"])
        ports = {"input": session.get_inputs(), "output": session.get_outputs()}
        return {
            kind: {p.name: (TYPES[p.type], [d if isinstance(d, int) else -1 for d in p.shape]) for p in found}
            for kind, found in ports.items()
        }
    model = openvino_core().read_model(str(folder / "1" / "model.xml"))
    return {
        kind: {
            p.any_name: (
                TYPES[p.element_type.to_string()],
                [d.get_length() if d.is_static else -1 for d in p.partial_shape],
            )
            for p in found
        }
        for kind, found in (("input", model.inputs), ("output", model.outputs))
    }


@pytest.mark.parametrize("bundle", BUNDLES, ids=str)
def test_the_tensors_are_the_files_own(config_of: Any, schema: Any, bundle: Any) -> None:
    """Without the batch's axis where Triton puts it before them itself."""
    folder, config = config_of(bundle)
    assert config.name == folder.name
    first = 1 if config.max_batch_size else 0
    for kind, found in signature(folder, config.backend).items():
        tensors = {one.name: one for one in getattr(config, kind)}
        assert set(tensors) == set(found)
        for name, (data_type, shape) in found.items():
            assert schema.DataType.Name(tensors[name].data_type) == data_type
            assert shape[0] == -1
            assert list(tensors[name].dims) == shape[first:]


@pytest.mark.parametrize("bundle", BUNDLES, ids=str)
def test_requests_are_put_together_only_where_answers_stay_the_same(config_of: Any, lay_out: Any, bundle: Any) -> None:
    _, config = config_of(bundle)
    merges = bundle["target"] == "onnx" and bundle != ONE_TEXT
    assert config.HasField("dynamic_batching") == merges
    # The onnxruntime backend reads a 0 as leave to set a size, and a batcher, of its own.
    assert config.max_batch_size == (MAX_BATCH_SIZE if merges else int(config.backend == "onnxruntime"))
    if merges:
        assert max(config.dynamic_batching.preferred_batch_size) == config.max_batch_size > 1
        assert config.dynamic_batching.max_queue_delay_microseconds > 0
    assert not any(one.allow_ragged_batch for one in config.input)
    readme = (lay_out("triton", **bundle) / "README.md").read_text("utf-8").replace("\n", " ")
    assert ("only those of equal length" in readme) == merges
    assert ("A request holds one text" in readme) == (bundle == ONE_TEXT)


@pytest.mark.parametrize("bundle", BUNDLES, ids=str)
def test_the_backend_gets_its_own_parameters_on_the_cpu(config_of: Any, schema: Any, bundle: Any) -> None:
    _, config = config_of(bundle)
    (group,) = config.instance_group
    assert schema.ModelInstanceGroup.Kind.Name(group.kind) == "KIND_CPU"
    given = {name: value.string_value for name, value in config.parameters.items()}
    if config.backend == "onnxruntime":
        assert given == {"intra_op_thread_count": "1"}
    else:
        assert config.backend == "openvino"
        assert given == {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": "1"}


def test_what_the_backend_cannot_be_told_is_told_to_people(lay_out: Any) -> None:
    exact = (lay_out("triton", "openvino") / "README.md").read_text("utf-8")
    assert "INFERENCE_PRECISION_HINT=f32" in exact
    assert "INFERENCE_PRECISION_HINT" not in (lay_out("triton", "onnx") / "README.md").read_text("utf-8")


@pytest.mark.parametrize("bundle", BUNDLES, ids=str)
def test_a_golden_text_fits_the_dimensions(config_of: Any, lay_out: Any, bundle: Any) -> None:
    """As Triton checks a request: the batch within its size, every other axis by ``dims``."""
    _, config = config_of(bundle)
    first = 1 if config.max_batch_size else 0
    cases = golden.read(lay_out("triton", **bundle).with_name(bundle["target"]))
    assert cases
    for case in cases:
        for one in config.input:
            shape = case.inputs[one.name].shape
            assert not first or shape[0] <= config.max_batch_size
            assert all(want in (-1, have) for want, have in zip(one.dims, shape[first:], strict=True))
