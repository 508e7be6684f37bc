"""Faults in the bytes of model files: flipped, cut off, another's, stale, crashing and never answering."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edgelm.graph.ir import Graph
from edgelm.types import Array

from . import healthy as h
from .graph_faults import PARITY
from .harness import Fault, Healthy, Patient, Plant
from .surgery import reading

DIGEST, RUNS, WEIGHTS = "integrity: files changed", "integrity: runs in its runtime", "integrity: weights"
UP = "layers.0.up"

# -- bytes -------------------------------------------------------------------------------------------------------------


def flipped(byte: int, bit: int, tensor: Callable[[Graph], Array]) -> Plant:
    """One bit of the first element of a constant in the file; ``byte`` counts from its least significant."""

    def plant(at: Patient) -> None:
        data = tensor(at.stored)
        path, offset = _located(at, data)
        content = bytearray(path.read_bytes())
        content[offset + byte] ^= bit
        path.write_bytes(content)

    return plant


def _up(graph: Graph) -> Array:
    """A feed-forward weight."""
    data = graph[graph.producers()[UP].inputs[1]].data
    assert data is not None
    return data


def _last_word(graph: Graph) -> Array:
    """The last row of the embedding, the one of a word that no text has."""
    data = graph[graph.producers()["embeddings.word"].inputs[0]].data
    assert data is not None
    return data[-1]


def _located(at: Patient, data: Array) -> tuple[Path, int]:
    """The file that holds an array, as it is or transposed, and where."""
    for path in at.files:
        content = path.read_bytes()
        for array in (data, data.T):
            if (offset := content.find(array.tobytes())) >= 0:
                return path, offset
    raise AssertionError("no file holds that array")


def _not_a_number(at: Patient) -> None:
    path, offset = _located(at, _up(at.stored))
    content = bytearray(path.read_bytes())
    content[offset : offset + 4] = np.float32(np.nan).tobytes()
    path.write_bytes(content)


def _half(at: Patient) -> None:
    """The largest file without its second half."""
    path = max(at.files, key=lambda file: file.stat().st_size)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _half_zero(at: Patient) -> None:
    """The weights' file with zeros for its second half, as of a download that was cut off."""
    path = next(file for file in at.files if file.suffix == ".bin")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2].ljust(len(content), b"\0"))


def _empty(at: Patient) -> None:
    at.files[0].write_bytes(b"")


def _missing(at: Patient) -> None:
    at.files[0].unlink()


def of_another(where: Healthy, suffix: str = "") -> Plant:
    """The model files of another bundle, or those that end so."""

    def plant(at: Patient) -> None:
        bundle = at.bundle_of(where)
        for path, name in zip(at.files, bundle.manifest["artifact"]["files"], strict=True):
            if path.name.endswith(suffix):
                shutil.copyfile(bundle.path / name, path)

    return plant


# -- formats -----------------------------------------------------------------------------------------------------------


def _stale(length: int) -> Plant:
    """The subgraph of one fixed length is that of an older model, which has a layer less."""

    def plant(at: Patient) -> None:
        from edgelm_converters._tflite_file import ModelFile, Subgraph
        from edgelm_converters._tflite_ops import Lowering

        old = reading("layers.1.ffn_norm", "layers.0.ffn_norm")(at.stored)
        file = ModelFile("edgelm")
        for name, size in at.manifest["artifact"]["details"]["signatures"].items():
            subgraph = Subgraph(file, name)
            Lowering(old if size == length else at.stored, subgraph, size, per_channel=False).run()
            file.subgraphs.append(subgraph)
        file.write(at.files[0])

    return plant


def _absent_operands(at: Patient) -> None:
    """A TFLite operator whose operands are all said to be absent: LiteRT follows a null pointer."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(at.files[0].read_bytes(), 0)
    operator = model.subgraphs[0].operators[3]
    operator.inputs = np.full(len(operator.inputs), -1, np.int32)
    builder = flatbuffers.Builder(1 << 21)
    builder.Finish(model.Pack(builder), b"TFL3")
    at.files[0].write_bytes(bytes(builder.Output()))


def onnx_surgery(change: Callable[[Any], None]) -> Plant:
    """The ONNX file with its ModelProto changed."""

    def plant(at: Patient) -> None:
        import onnx

        model = onnx.load(at.files[0])
        change(model)
        at.files[0].write_bytes(model.SerializeToString())

    return plant


def _last_position(model: Any) -> None:
    """The slices of the first position take the last, padding or not."""
    from onnx import numpy_helper

    first = ["ints.0", "ints.1", "ints.1"]  # start, stop, axis
    slices = [node for node in model.graph.node if node.op_type == "Slice" and list(node.input[1:]) == first]
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
    types = {"round": TensorProto.INT64, "go_on": TensorProto.BOOL, "x": TensorProto.FLOAT}
    values = [helper.make_tensor_value_info(name, kind, [] if name != "x" else None) for name, kind in types.items()]
    results = [
        helper.make_tensor_value_info("still", TensorProto.BOOL, []),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
    ]
    steps = [helper.make_node("Identity", ["go_on"], ["still"]), helper.make_node("Sin", ["x"], ["y"])]
    body = helper.make_graph(steps, "body", values, results)
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(2**62, np.int64), "fault.rounds"))
    model.graph.node.append(helper.make_node("Loop", ["fault.rounds", "", "fault.before"], [output.name], body=body))


_fault = partial(Fault, "artifact")

FAULTS = (
    _fault("a flipped byte, onnx", h.BERT_ONNX, flipped(0, 1, _up), DIGEST, quick=True, sealed=False),
    _fault("a flipped byte, weight.bin", h.ELECTRA_IOS, flipped(0, 1, _up), DIGEST, sealed=False),
    _fault("a flipped byte, new digest", h.BERT_TFLITE, flipped(0, 1, _up), WEIGHTS),
    _fault("a flipped byte in a word of no text, new digest", h.BERT_WORDY, flipped(0, 1, _last_word), WEIGHTS),
    _fault("an exponent bit flipped, onnx", h.BERT_ONNX, flipped(3, 0x01, _up), PARITY),
    _fault("an exponent bit flipped, tflite", h.BERT_FIXED, flipped(3, 0x01, _up), PARITY),
    _fault("an exponent bit flipped, openvino fp16", h.DISTILBERT, flipped(1, 0x08, _up), PARITY),
    _fault("an exponent bit flipped, coreml fp16", h.ELECTRA_IOS, flipped(1, 0x40, _up), PARITY, quick=True),
    _fault("an exponent bit flipped, coreml fp32", h.ELECTRA, flipped(3, 0x01, _up), PARITY),
    _fault("a sign bit flipped, tflite int8", h.BERT_INT8, flipped(0, 0x80, _up), WEIGHTS),
    _fault("a sign bit flipped, onnx int8", h.ERNIE, flipped(0, 0x80, _up), WEIGHTS),
    _fault("a NaN in the weights", h.MPNET, _not_a_number, PARITY),
    _fault("half a file, onnx", h.BERT_ONNX, _half, RUNS),
    _fault("half a file, tflite", h.BERT_TFLITE, _half, RUNS),
    _fault("half a file, openvino", h.MPNET, _half, RUNS),
    _fault("half a file, coreml", h.RELU, _half, "refused: .*weight.bin cannot be read"),
    _fault("half of the weights zero, openvino", h.MPNET, _half_zero, PARITY),
    _fault("an empty file, onnx", h.ERNIE, _empty, RUNS),
    _fault("an empty file, tflite", h.ROBERTA, _empty, RUNS),
    _fault("an empty file, openvino", h.ALBERT, _empty, RUNS),
    _fault("an empty file, coreml", h.ALBERT_COREML, _empty, PARITY),
    _fault("a file missing", h.SENTENCE, _missing, "refused: .* lacks model.onnx", sealed=False),
    _fault("another model of the same shapes", h.BERT_TFLITE, of_another(h.BERT_TWIN), PARITY),
    _fault("another model's weight.bin", h.ELECTRA_IOS, of_another(h.ELECTRA_TWIN, "weight.bin"), PARITY),
    _fault("another family's model", h.BERT_TFLITE, of_another(h.ROBERTA), RUNS),
    _fault("int8 for fp32", h.BERT_TFLITE, of_another(h.BERT_INT8), PARITY),
    _fault("fp16 for fp32", h.BERT_TFLITE, of_another(h.BERT_FP16), PARITY),
    _fault("fp32 for fp16", h.BERT_FP16, of_another(h.BERT_TFLITE), PARITY),
    _fault("fp32 for int8", h.BERT_INT8, of_another(h.BERT_TFLITE), "parity: operators"),
    _fault("one fixed length's signature stale", h.BERT_FIXED, _stale(32), PARITY, quick=True),
    _fault("the longest signature stale", h.BERT_FIXED, _stale(64), PARITY),
    _fault("the last position for the first", h.BERT_ONNX, onnx_surgery(_last_position), PARITY),
    _fault("crashes its runtime", h.BERT_TFLITE, _absent_operands, f"{RUNS}: it died of SIGSEGV", quick=True),
    _fault("never answers", h.BERT_ONNX, onnx_surgery(_endless), f"{RUNS}: it was ended at", time_limit_s=5.0),
)
