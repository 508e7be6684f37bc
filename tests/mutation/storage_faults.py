"""Faults in what is stored: quantized weights, and the bytes of the artifacts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edgelm.graph.builder import with_constants
from edgelm.graph.ir import Graph, Quantization, Tensor
from edgelm.types import Array

from . import healthy as h
from .graph_faults import Change, constant, read_as
from .harness import Fault, Healthy, Patient, Plant, built, stored

LEAD = 64
"""Bytes from a model file's beginning that hold its header in every format."""

# -- quantization ------------------------------------------------------------------------------------------------------


def weight_of(graph: Graph, output: str) -> Tensor:
    """The weight of a linear layer."""
    return graph[graph.producers()[output].inputs[1]]


def quantized(output: str, values: Callable[[Array], Array] = lambda v: v, scale: Callable[[Array], Array] = lambda s: s) -> Change:
    """A linear layer's int8 weight with other values or scales."""

    def change(graph: Graph) -> Graph:
        old = weight_of(graph, output)
        assert old.data is not None and old.quantization is not None
        scales = np.ascontiguousarray(scale(old.quantization.scale), np.float32)
        return with_constants(
            graph, [replace(old, data=values(old.data).astype(np.int8), quantization=Quantization(scales, 0))]
        )

    return change


def _shifted(steps: int) -> Callable[[Array], Array]:
    return lambda values: np.clip(values.astype(np.int16) + steps, -128, 127)


def _first_two_swapped(scale: Array) -> Array:
    order = np.argsort(scale)
    swapped = scale.copy()
    swapped[order[[0, -1]]] = scale[order[[-1, 0]]]
    return swapped


def _scales_exchanged(left: str, right: str) -> Change:
    def change(graph: Graph) -> Graph:
        one, other = weight_of(graph, left), weight_of(graph, right)
        return with_constants(
            graph, [replace(one, quantization=other.quantization), replace(other, quantization=one.quantization)]
        )

    return change


def _rounded_toward_zero(at: Patient) -> None:
    """Every int8 weight truncated where it should have been rounded."""
    real = shipped_in_float(at)
    graph, new = at.stored, []
    for tensor in graph.constants:
        if tensor.quantization is None:
            continue
        scale = tensor.quantization.scale.reshape(-1, *[1] * (len(tensor.shape) - 1))
        new.append(replace(tensor, data=np.trunc(real[tensor.name].numpy() / scale).astype(np.int8)))
    at.ship(with_constants(graph, new))


def shipped_in_float(at: Patient) -> Graph:
    """What would have been shipped as fp32."""
    from edgelm.graph import rewrites

    return rewrites.apply(at.source.graph, at.manifest["rewrites"])


def _overflowing_weight(graph: Graph) -> Graph:
    """One float16 weight beyond 65504."""
    old = weight_of(graph, "layers.0.up")
    assert old.data is not None
    data = old.data.copy()
    with np.errstate(over="ignore"):
        data[0, 0] = np.float16(70000.0)
    return with_constants(graph, [replace(old, data=data)])


def _large_activations(graph: Graph) -> Graph:
    """The same function in float32: a ReLU's inputs times 20,000, and its outputs' weights divided by that."""
    factor = np.float32(2e4)
    names = [graph.producers()[f"layers.0.{part}"].inputs[1:] for part in ("up", "down")]
    (up, up_bias), (down, _) = names
    changed = [(up, factor), (up_bias, factor), (down, 1 / factor)]
    return with_constants(graph, [constant(name, graph[name].numpy() * by) for name, by in changed])


def _without_zero_point(at: Patient) -> None:
    """onnxruntime then takes the activations' zero point for 0."""
    import onnx

    model = onnx.load(at.files[0])
    products = [node for node in model.graph.node if node.op_type == "MatMulInteger"]
    for node in products:
        del node.input[2]
    assert products
    at.files[0].write_bytes(model.SerializeToString())


def _quantization(name: str, where: Healthy, change: Change, caught_by: str = "parity") -> Fault:
    return Fault(name, "quantization", where, stored(change), caught_by)


QUANTIZATION = (
    _quantization("a scale off by 2", h.BERT_INT8, quantized("layers.0.up", scale=lambda s: 2 * s)),
    _quantization("a scale off by 2, weight only", h.ALBERT_COREML, quantized("layers.0.up", scale=lambda s: 2 * s)),
    _quantization("a zero point off by 3", h.CAMEMBERT, quantized("layers.0.query|layers.0.key|layers.0.value", _shifted(3))),
    _quantization("a zero point off by 3, tflite", h.BERT_INT8, quantized("layers.0.up", _shifted(3))),
    _quantization("scales of two channels swapped", h.XLMR, quantized("layers.0.up", scale=_first_two_swapped)),
    _quantization("scales of two channels swapped, tflite", h.BERT_INT8, quantized("layers.0.up", scale=_first_two_swapped)),
    _quantization("scales of two tensors swapped", h.SENTENCE_INT8, _scales_exchanged("layers.0.query", "layers.1.attention_output")),
    _quantization("weights clipped to 4 bits", h.MPNET_TFLITE, quantized("layers.0.down", lambda v: np.clip(v, -8, 7))),
    _quantization("one channel's scale for all of a tensor", h.DISTILBERT_SERVER, quantized("layers.0.up", scale=lambda s: np.full_like(s, s.max()))),
    _quantization("one channel's scale for all of a tensor, tflite", h.BERT_INT8, quantized("layers.0.up", scale=lambda s: np.full_like(s, s.max()))),
    Fault("rounded toward zero", "quantization", h.XLMR, _rounded_toward_zero, "parity"),
    Fault("rounded toward zero, tflite", "quantization", h.BERT_INT8, _rounded_toward_zero, "parity"),
    Fault("rounded toward zero, onnx", "quantization", h.ERNIE_ONNX, _rounded_toward_zero, "parity"),
    Fault("rounded toward zero, coreml", "quantization", h.ALBERT_COREML, _rounded_toward_zero, "parity"),
    _quantization("an fp16 weight beyond 65504", h.BERT_FP16, _overflowing_weight),
    Fault("fp16 activations beyond 65504", "quantization", h.RELU_COREML, built(_large_activations), "parity"),
    Fault("the activations' zero point lost", "quantization", h.ERNIE_ONNX, _without_zero_point, "parity"),
)

# -- bytes -------------------------------------------------------------------------------------------------------------


def flip(output: str, byte: int, bit: int, element: int = 0) -> Plant:
    """One bit of a linear layer's weight in the file; ``byte`` counts from an element's least significant."""

    def plant(at: Patient) -> None:
        data = weight_of(at.stored, output).data
        assert data is not None
        path, offset = located(at, data)
        with path.open("r+b") as file:
            place = offset + element * data.itemsize + byte
            file.seek(place)
            old = file.read(1)[0]
            file.seek(place)
            file.write(bytes([old ^ bit]))

    return plant


def located(at: Patient, data: Array) -> tuple[Path, int]:
    """The file that holds an array as it is or transposed, and where."""
    for path in at.files:
        content = path.read_bytes()
        for array in (data, data.T):
            if (offset := content.find(array.tobytes())) >= 0:
                return path, offset
    raise AssertionError("no file holds that array")


def _model_file(at: Patient) -> Path:
    return max(at.files, key=lambda path: path.stat().st_size)


def _truncated(at: Patient) -> None:
    path = _model_file(at)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(at: Patient) -> None:
    at.files[0].write_bytes(b"")


def _missing(at: Patient) -> None:
    at.files[0].unlink()


def of_another(where: Healthy) -> Plant:
    """The model files of another bundle."""

    def plant(at: Patient) -> None:
        bundle = at.bundle_of(where)
        for path, name in zip(at.files, bundle.manifest["artifact"]["files"], strict=True):
            shutil.copyfile(bundle.path / name, path)

    return plant


def _weights_of_another(where: Healthy) -> Plant:
    """The weights' file of another bundle."""

    def plant(at: Patient) -> None:
        bundle = at.bundle_of(where)
        path = next(path for path in at.files if path.suffix == ".bin")
        shutil.copyfile(bundle.path / path.relative_to(at.path), path)

    return plant


def _zeroed(at: Patient) -> None:
    """The second half of the weights' file, as a download that was cut off and filled up."""
    path = next(path for path in at.files if path.suffix == ".bin")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))


def _stale(length: int) -> Plant:
    """The subgraph of one fixed length is that of an older model, of one layer less."""

    def plant(at: Patient) -> None:
        from edgelm_converters._tflite_file import ModelFile, Subgraph
        from edgelm_converters._tflite_ops import Lowering

        graph = at.stored
        old = read_as(graph, "layers.1.ffn_norm", "layers.0.ffn_norm")
        file = ModelFile("edgelm")
        for name, size in at.manifest["artifact"]["details"]["signatures"].items():
            subgraph = Subgraph(file, name)
            Lowering(old if size == length else graph, subgraph, size, per_channel=False).run()
            file.subgraphs.append(subgraph)
        file.write(at.files[0])

    return plant


def onnx_surgery(change: Callable[[Any], None]) -> Plant:
    """The ONNX file with its ModelProto changed."""

    def plant(at: Patient) -> None:
        import onnx

        model = onnx.load(at.files[0])
        change(model)
        at.files[0].write_bytes(model.SerializeToString())

    return plant


def _last_position(model: Any) -> None:
    """The rewritten classifier's slices take the last position, padding or not."""
    from onnx import numpy_helper

    first_position = ["ints.0", "ints.1", "ints.1"]  # start, stop, axis
    slices = [node for node in model.graph.node if node.op_type == "Slice" and node.input[1:] == first_position]
    assert slices
    for name, value in (("fault.start", -1), ("fault.stop", 2**31 - 1)):
        model.graph.initializer.append(numpy_helper.from_array(np.asarray([value], np.int64), name))
    for node in slices:
        node.input[1], node.input[2] = "fault.start", "fault.stop"


def _endless(model: Any) -> None:
    """A loop of 2**62 rounds before the output."""
    from onnx import TensorProto, helper, numpy_helper

    (output,) = model.graph.output
    (last,) = (node for node in model.graph.node if output.name in node.output)
    last.output[0] = "fault.before"
    values = [
        helper.make_tensor_value_info("round", TensorProto.INT64, []),
        helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
        helper.make_tensor_value_info("x", TensorProto.FLOAT, None),
    ]
    results = [
        helper.make_tensor_value_info("still", TensorProto.BOOL, []),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
    ]
    nodes = [helper.make_node("Identity", ["go_on"], ["still"]), helper.make_node("Sin", ["x"], ["y"])]
    body = helper.make_graph(nodes, "body", values, results)
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(2**62, np.int64), "fault.rounds"))
    loop = helper.make_node("Loop", ["fault.rounds", "", "fault.before"], [output.name], body=body)
    model.graph.node.append(loop)


def _without_operands(at: Patient) -> None:
    """A TFLite operator whose operands are all declared absent: LiteRT reads through a null pointer."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(at.files[0].read_bytes(), 0)
    operator = model.subgraphs[0].operators[3]
    operator.inputs = np.full(len(operator.inputs), -1, np.int32)
    builder = flatbuffers.Builder(1 << 21)
    builder.Finish(model.Pack(builder), b"TFL3")
    at.files[0].write_bytes(bytes(builder.Output()))


def _bytes(name: str, where: Healthy, plant: Plant, caught_by: str, **fields: Any) -> Fault:
    return Fault(name, "artifact", where, plant, caught_by, **fields)


DIGEST, RUNS, PARITY = "integrity: files changed", "integrity: runs in its runtime", "parity"

BYTES = (
    _bytes("a flipped byte in the weights", h.BERT_ONNX, flip("layers.0.up", 0, 1), DIGEST, sealed=False, quick=True),
    _bytes("a flipped byte in weight.bin", h.ELECTRA_IOS, flip("layers.0.up", 0, 1), DIGEST, sealed=False),
    _bytes("an exponent bit flipped, onnx", h.BERT_ONNX, flip("layers.0.up", 3, 0x01), PARITY),
    _bytes("an exponent bit flipped, tflite", h.BERT_FIXED, flip("layers.0.up", 3, 0x01), PARITY),
    _bytes("an exponent bit flipped, openvino", h.DISTILBERT, flip("layers.0.up", 1, 0x08), PARITY),
    _bytes("an exponent bit flipped, coreml", h.ERNIE_COREML, flip("layers.0.up", 1, 0x40), PARITY),
    _bytes("an exponent bit flipped, coreml fp32", h.ELECTRA_COREML, flip("layers.0.up", 3, 0x01), PARITY),
    _bytes("a sign bit flipped, tflite int8", h.BERT_INT8, flip("layers.0.up", 0, 0x80), PARITY),
    _bytes("a NaN in the weights", h.MPNET, flip("layers.0.up", 3, 0x7F), PARITY),
    _bytes("half a file", h.BERT_TFLITE, _truncated, RUNS),
    _bytes("half a file, onnx", h.BERT_ONNX, _truncated, RUNS, quick=True),
    _bytes("half the weights, openvino", h.MPNET, _truncated, RUNS),
    _bytes("half the weights, coreml", h.RELU_COREML, _truncated, "refused: .*weight.bin cannot be read"),
    _bytes("an empty file", h.ROBERTA_TFLITE, _empty, RUNS),
    _bytes("an empty file, onnx", h.ERNIE_ONNX, _empty, RUNS),
    _bytes("an empty file, coreml", h.ALBERT_COREML, _empty, PARITY),
    _bytes("an empty file, openvino", h.ALBERT_OPENVINO, _empty, RUNS),
    _bytes("a missing file", h.SENTENCE, _missing, "refused: .* lacks model.onnx", sealed=False),
    _bytes("the artifact of another model", h.BERT_TFLITE, of_another(h.BERT_TWIN), PARITY),
    _bytes("the artifact of another family", h.BERT_TFLITE, of_another(h.ROBERTA_TFLITE), RUNS),
    _bytes("weight.bin of another model", h.ELECTRA_IOS, _weights_of_another(h.ELECTRA_TWIN), PARITY),
    _bytes("half of the weights zero, openvino", h.MPNET, _zeroed, PARITY),
    _bytes("int8 for fp32", h.BERT_TFLITE, of_another(h.BERT_TFLITE_INT8), PARITY),
    _bytes("fp16 for fp32", h.BERT_TFLITE, of_another(h.BERT_FP16), PARITY),
    _bytes("fp32 for int8", h.BERT_TFLITE_INT8, of_another(h.BERT_TFLITE), PARITY),
    _bytes("fp32 for fp16", h.BERT_FP16, of_another(h.BERT_TFLITE), PARITY),
    _bytes("one fixed-length signature stale", h.BERT_FIXED, _stale(32), PARITY, quick=True),
    _bytes("the longest signature stale", h.BERT_FIXED, _stale(64), PARITY),
    _bytes("the last position for the first", h.BERT_ONNX, onnx_surgery(_last_position), PARITY),
    _bytes("an artifact that crashes its runtime", h.BERT_TFLITE, _without_operands, RUNS, quick=True),
    _bytes("an artifact that never answers", h.BERT_ONNX, onnx_surgery(_endless), RUNS, time_limit_s=4.0),
)

FAULTS = (*QUANTIZATION, *BYTES)
