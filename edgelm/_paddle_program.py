"""Paddle's predictor and paddle2onnx, in the process that `edgelm.worker` is: nothing of edgelm is imported here."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgelm.types import Runner, Tensors

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_OPSET = 17
_PROBE = (2, 5)
"""Rows and tokens of the feed that shows which sizes of the outputs follow the batch and the length."""


def open_predictor(model: str, params: str, outputs: Sequence[str]) -> Runner:
    """A program in Paddle's own predictor on one thread; its first outputs under the names given.

    It takes ids of any integer type, and of the inputs it is given those that it has.
    """
    import paddle.inference

    config = paddle.inference.Config(model, params)
    config.disable_gpu()
    config.disable_glog_info()
    config.set_cpu_math_library_num_threads(1)
    predictor = paddle.inference.create_predictor(config)
    names = _known(predictor.get_input_names())
    own = predictor.get_output_names()
    if len(own) < len(outputs):
        raise ValueError(f"the program has {len(own)} outputs where the task has {len(outputs)}")

    def run(inputs: Tensors) -> dict[str, Any]:
        for name in names:
            predictor.get_input_handle(name).copy_from_cpu(np.ascontiguousarray(inputs[name], np.int64))
        predictor.run()
        found = (predictor.get_output_handle(name).copy_to_cpu() for name in own)
        return dict(zip(outputs, found, strict=False))

    return run


def open_converter(model: str, params: str, outputs: Sequence[str], pad_id: int, length: int) -> Runner:
    """paddle2onnx: a runner that gives ``model``, the ONNX file's bytes, and ``facts``, its signature as JSON.

    The inputs and outputs have edgelm's names. A program that finds its mask in the padding of ``input_ids`` gets an
    ``attention_mask`` all the same: where that is 0, the id is the padding's. ``length`` tokens must be no more than
    it takes.
    """
    import paddle2onnx

    run = open_predictor(model, params, outputs)
    _try_length(run, length)

    def convert(_: Tensors) -> dict[str, Any]:
        import onnx

        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "model.onnx")
            # The default tool installs packages by itself.
            paddle2onnx.export(model, params, file, opset_version=_OPSET, optimize_tool="None")
            found = onnx.load(file)
        _name_outputs(found.graph, outputs)
        _name_sizes(found.graph)
        if "attention_mask" not in _names(found.graph.input):
            _add_mask(found.graph, pad_id)
        shapes = _shapes(run, outputs)
        _declare(found.graph, shapes)
        onnx.checker.check_model(found, full_check=True)
        facts = {"inputs": [name for name in _INPUTS if name in _names(found.graph.input)], "outputs": shapes}
        return {
            "model": np.frombuffer(found.SerializeToString(deterministic=True), np.uint8),
            "facts": np.frombuffer(json.dumps(facts).encode(), np.uint8),
        }

    return convert


def _known(names: Sequence[str]) -> Sequence[str]:
    strange = [name for name in names if name not in _INPUTS]
    if strange or "input_ids" not in names:
        raise ValueError(f"the program's inputs are {', '.join(names)}; known are {', '.join(_INPUTS)}")
    return names


def _names(values: Any) -> list[str]:
    return [value.name for value in values]


def _name_outputs(graph: Any, outputs: Sequence[str]) -> None:
    """Give the first outputs their names, and leave the others out."""
    renamed = dict(zip(_names(graph.output), outputs, strict=False))
    del graph.output[len(outputs) :]
    for node in graph.node:
        for values in (node.input, node.output):
            values[:] = [renamed.get(name, name) for name in values]
    for value in graph.output:
        value.name = renamed[value.name]


def _name_sizes(graph: Any) -> None:
    """Batch and length are free, and ids are int64; a program that fixes them is refused."""
    from onnx import TensorProto

    for value in graph.input:
        kind = value.type.tensor_type
        sizes = list(kind.shape.dim)
        if len(sizes) != 2 or any(size.dim_value > 0 for size in sizes) or kind.elem_type != TensorProto.INT64:
            raise ValueError(f"the program's {value.name} is no int64 of any batch and length")
        for size, name in zip(sizes, ("batch", "length"), strict=True):
            size.dim_param = name


def _add_mask(graph: Any, pad_id: int) -> None:
    from onnx import TensorProto, helper, numpy_helper

    for node in graph.node:
        node.input[:] = ["input_ids/masked" if name == "input_ids" else name for name in node.input]
    nodes = [
        helper.make_node("Cast", ["attention_mask"], ["attention_mask/bool"], to=TensorProto.BOOL),
        helper.make_node("Where", ["attention_mask/bool", "input_ids", "input_ids/padding"], ["input_ids/masked"]),
    ]
    for node in reversed(nodes):
        graph.node.insert(0, node)
    graph.initializer.append(numpy_helper.from_array(np.asarray(pad_id, np.int64), "input_ids/padding"))
    graph.input.append(helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["batch", "length"]))


def _try_length(run: Runner, length: int) -> None:
    try:
        run(_ones(1, length))
    except Exception as error:
        raise ValueError(f"it takes no {length} tokens, pass --max-length: {error}") from error


def _ones(rows: int, tokens: int) -> dict[str, Any]:
    """A feed of ids, of the first token type, without padding."""
    ones = np.ones((rows, tokens), np.int64)
    return {"input_ids": ones, "attention_mask": ones, "token_type_ids": 0 * ones}


def _shapes(run: Runner, outputs: Sequence[str]) -> dict[str, list[Any]]:
    """The shape of each output: what follows the feed's rows and tokens by name, what is fixed as a number."""
    found = run(_ones(*_PROBE))
    shapes = {}
    for name in outputs:
        sizes: list[Any] = list(found[name].shape)
        if found[name].dtype != np.float32 or sizes[:1] != [_PROBE[0]]:
            raise ValueError(f"the program's {name} is {found[name].dtype} {sizes} for a feed of {list(_PROBE)}")
        sizes[0] = "batch"
        if len(sizes) > 1 and sizes[1] == _PROBE[1]:
            sizes[1] = "length"
        shapes[name] = sizes
    return shapes


def _declare(graph: Any, shapes: dict[str, list[Any]]) -> None:
    from onnx import TensorProto, helper

    del graph.output[:]
    graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items())
