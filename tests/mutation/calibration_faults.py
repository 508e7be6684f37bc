"""Faults in what a calibrated graph multiplies, and in blocks of int4 and bfloat16: steps, factors, biases, halves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from edgelm import calibrate
from edgelm.calibrate import FILE
from edgelm.graph import numeric, rewrites
from edgelm.graph.builder import with_constants
from edgelm.graph.ir import Graph, Node, Quantization
from edgelm.graph.quantize import Calibration
from edgelm.source import shipped_graph
from edgelm.types import Array

from . import healthy as h
from .graph_faults import PARITY
from .harness import Fault, Patient, Plant, stored
from .quantization_faults import OPERATORS, scales, values, weight_of
from .surgery import Change, constant, edited, followed

MANIFEST, REFUSED = "integrity: manifest", "refused: "

# -- what a static layer multiplies ------------------------------------------------------------------------------------


def attributes(output: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Change:
    """A static layer with other scales or zero points."""

    def changed(graph: Graph) -> Graph:
        old = graph.producers()[output]
        assert old.op == "quantized_linear"
        return edited(graph, {output: {"attrs": {**old.attrs, **change(old.attrs)}}})

    return changed


def steps_of(output: str, other: str, *keys: str) -> Change:
    """One static layer with the steps of another."""
    return lambda graph: attributes(output, lambda _: {key: _attrs(graph, other)[key] for key in keys})(graph)


def _attrs(graph: Graph, output: str) -> Mapping[str, Any]:
    return graph.producers()[output].attrs


def biased(output: str, change: Callable[[Graph, Node, Array], Array]) -> Change:
    """A layer with another bias."""

    def changed(graph: Graph) -> Graph:
        old = graph.producers()[output]
        x, weight, bias = old.inputs
        other = constant(f"{bias}.fault", change(graph, old, graph[bias].numpy()))
        return edited(graph, {output: {"inputs": (x, weight, other.name)}}, other)

    return changed


def _shifted(graph: Graph, old: Node, bias: Array) -> Array:
    """As if the input were read with a zero point one less than it was written with."""
    return bias + old.attrs["scale"] * graph[old.inputs[1]].numpy().sum(axis=1)


def _at_the_weights_scale(_: Graph, old: Node, bias: Array) -> Array:
    """An int32 bias in steps of the weight alone is taken for one in steps of the product."""
    return bias * np.float32(old.attrs["scale"])


def _smoothed_layer(graph: Graph) -> Node:
    return next(one for one in graph.nodes if one.op == "quantized_linear" and one.inputs[0].endswith(".smooth"))


def _unsmoothed_weights(graph: Graph) -> Graph:
    """What a layer reads is divided by its factors, and its weights are not multiplied by them."""
    one = _smoothed_layer(graph)
    weight, inverse = graph[one.inputs[1]], graph[graph.producers()[one.inputs[0]].inputs[1]].numpy()
    integers, scale = numeric.quantize_symmetric(weight.numpy() * inverse, axis=0)
    return with_constants(graph, [replace(weight, data=integers, quantization=Quantization(scale, 0))])


def _undivided_input(graph: Graph) -> Graph:
    """The other way round."""
    name = graph.producers()[_smoothed_layer(graph).inputs[0]].inputs[1]
    return with_constants(graph, [constant(name, np.ones_like(graph[name].numpy()))])


def _factors_forgotten(graph: Graph) -> Graph:
    """What a layer writes by channel is not multiplied by its channels' factors again."""
    name = next(one.inputs[1] for one in graph.nodes if one.inputs[-1].endswith(".factors"))
    return with_constants(graph, [constant(name, np.ones_like(graph[name].numpy()))])


def _peak_of_the_first_row(graph: Graph) -> Graph:
    """Every row that was divided by its own peak is multiplied by the first row's."""
    product = next(one for one in graph.nodes if one.op == "mul" and one.inputs[1].endswith(".peak"))
    graph = followed(product.inputs[1], "slice", axis=1, start=0, stop=1)(graph)
    first = f"{product.inputs[1]}.after"
    changes = {
        one.output: {"inputs": tuple(product.inputs[1] if name == first else name for name in one.inputs)}
        for one in graph.nodes
        if first in one.inputs and one.output != product.output
    }
    return edited(graph, changes)


def _opposite_corrections(at: Patient) -> None:
    """Every bias that was corrected is too high by what it was too low by."""
    graph, real = at.stored, rewrites.apply(at.source.graph, at.manifest["rewrites"])
    ending = ".corrected_bias"
    plain = {one.outputs[0]: one.inputs[2] for one in real.nodes if one.op == "linear" and len(one.inputs) == 3}
    new = [
        constant(tensor.name, 2 * real[name].numpy() - tensor.numpy())
        for tensor in graph.constants
        if tensor.name.endswith(ending) and (name := plain.get(tensor.name.removesuffix(ending)))
    ]
    assert new
    at.ship(with_constants(graph, new))


def _rounded_though_float(at: Patient) -> None:
    """A weight that the manifest says is float32 has only the values of int8."""
    graph, kept = at.stored, at.scheme.float_tensors
    assert kept
    integers, scale = numeric.quantize_symmetric(graph[kept[0]].numpy(), axis=0)
    at.ship(with_constants(graph, [constant(kept[0], integers * scale[:, None])]))


def _halves_swapped(stored_values: Array) -> Array:
    """The two int4 values of every byte."""
    return stored_values.reshape(-1, 2)[:, ::-1].reshape(stored_values.shape)


def values4(output: str, change: Callable[[Array], Array]) -> Change:
    """A linear layer's int4 weight with other values."""

    def changed(graph: Graph) -> Graph:
        old = weight_of(graph, output)
        assert old.dtype == "int4"
        assert old.data is not None
        return with_constants(graph, [replace(old, data=np.ascontiguousarray(change(old.data)))])

    return changed


def block_scales(output: str, change: Callable[[Array], Array]) -> Change:
    """A linear layer's int4 weight with other scales."""

    def changed(graph: Graph) -> Graph:
        old = weight_of(graph, output)
        assert old.dtype == "int4"
        assert old.quantization is not None
        new = np.ascontiguousarray(change(old.quantization.scale), np.float32)
        return with_constants(graph, [replace(old, quantization=replace(old.quantization, scale=new))])

    return changed


def _truncated(at: Patient) -> None:
    """Every bfloat16 weight cut off where it should have been rounded."""
    graph, real = at.stored, rewrites.apply(at.source.graph, at.manifest["rewrites"])
    at.ship(
        with_constants(
            graph,
            [
                replace(tensor, data=(real[tensor.name].numpy().view(np.uint32) >> 16).astype(np.uint16))
                for tensor in graph.constants
                if tensor.dtype == "bfloat16"
            ],
        )
    )


# -- the files that say how it was quantized ---------------------------------------------------------------------------


def calibration(change: Callable[[dict[str, Array]], object]) -> Plant:
    """The bundle's calibration with other contents."""

    def plant(at: Patient) -> None:
        path = at.path / FILE
        tensors = {name: array.copy() for name, array in load_file(path).items()}
        change(tensors)
        save_file(tensors, path, {"unit_rows": json.dumps(at.form.calibration.unit_rows)})  # type: ignore[union-attr]

    return plant


def _first(tensors: dict[str, Array], field: str) -> str:
    return next(name for name in sorted(tensors) if name.startswith(field))


def _wider(tensors: dict[str, Array]) -> None:
    tensors[_first(tensors, "ranges/")] *= 2


def _one_less(tensors: dict[str, Array]) -> None:
    del tensors[_first(tensors, "ranges/")]


def _shorter(tensors: dict[str, Array]) -> None:
    name = _first(tensors, "smoothing/")
    tensors[name] = tensors[name][:-1]


def _no_number(tensors: dict[str, Array]) -> None:
    tensors[_first(tensors, "ranges/")][:] = np.nan


def _cut(at: Patient) -> None:
    path = at.path / FILE
    path.write_bytes(path.read_bytes()[:-100])


def _gone(at: Patient) -> None:
    (at.path / FILE).unlink()


def _of_another(at: Patient) -> None:
    (at.path / FILE).write_bytes((at.bundle_of(h.STATIC_TWIN).path / FILE).read_bytes())


def claims(change: Callable[[Patient], list[str]]) -> Plant:
    """The manifest with other weights that are said to be float32."""

    def plant(at: Patient) -> None:
        at.manifest["scheme"]["float_tensors"] = change(at)

    return plant


def _a_layer_more(at: Patient) -> list[str]:
    """The float32 weight's own name in the graph before it was stored."""
    plain = rewrites.apply(at.source.graph, at.manifest["rewrites"])
    return [*at.scheme.float_tensors, plain.producers()["layers.1.up"].inputs[1]]


def _all_layers(at: Patient) -> list[str]:
    plain = rewrites.apply(at.source.graph, at.manifest["rewrites"])
    return sorted({one.inputs[1] for one in plain.nodes if one.op == "linear"})


def _all_float(at: Patient) -> None:
    """All layers are float32, the manifest says so, and the calibration has nothing to say."""
    at.manifest["scheme"]["float_tensors"] = _all_layers(at)
    scheme = replace(at.scheme, float_tensors=tuple(_all_layers(at)))
    nothing = Calibration({})
    at.ship(shipped_graph(at.source.graph, replace(at.form, scheme=scheme, calibration=nothing)))
    calibrate.write(nothing, at.path)


_UP = "layers.0.up"
_fault = partial(Fault, "calibration")

FAULTS = (
    _fault("a zero point off by 1", h.STATIC, stored(biased(_UP, _shifted)), OPERATORS, quick=True),
    _fault("a zero point off by 1, openvino", h.STATIC_OPENVINO, stored(biased(_UP, _shifted)), OPERATORS),
    _fault("another tensor's steps", h.STATIC, stored(steps_of(_UP, "layers.1.up", "scale", "zero_point")), OPERATORS),
    _fault(
        "a key in the query's steps",
        h.STATIC_TFLITE,
        stored(steps_of("layers.0.key", "layers.0.query", "output_scale", "output_zero_point")),
        OPERATORS,
    ),
    _fault("smoothing not in the weights", h.STATIC, stored(_unsmoothed_weights), PARITY),
    _fault("smoothing in the weights alone, coreml", h.STATIC_COREML, stored(_undivided_input), PARITY),
    _fault("corrections of the wrong sign", h.STATIC, _opposite_corrections, OPERATORS),
    _fault("corrections of the wrong sign, dynamic", h.ERNIE, _opposite_corrections, OPERATORS),
    _fault("factors of the outputs forgotten", h.STATIC_TFLITE, stored(_factors_forgotten), PARITY, quick=True),
    _fault("the peak of another row", h.STATIC, stored(_peak_of_the_first_row), OPERATORS),
    _fault("a bias in steps of the weight", h.STATIC_TFLITE, stored(biased(_UP, _at_the_weights_scale)), PARITY),
    _fault("unsigned weights taken for signed", h.STATIC_OPENVINO, stored(values(_UP, lambda v: v ^ -128)), PARITY),
    _fault("a weight's scales a channel further", h.STATIC, stored(scales(_UP, lambda s: np.roll(s, 1))), OPERATORS),
    _fault("a float32 weight of int8 values", h.STATIC_MIXED, _rounded_though_float, OPERATORS),
    _fault("halves of bytes swapped", h.INT4, stored(values4(_UP, _halves_swapped)), PARITY, quick=True),
    _fault("halves of bytes swapped, tflite", h.INT4_TFLITE, stored(values4(_UP, _halves_swapped)), PARITY),
    _fault("the next block's scale", h.INT4, stored(block_scales(_UP, lambda s: np.roll(s, 1, axis=1))), OPERATORS),
    _fault("bfloat16 cut off", h.BF16, _truncated, OPERATORS),
    _fault("the calibration is cut off", h.STATIC, _cut, REFUSED, quick=True),
    _fault("the calibration is cut off, and not signed", h.STATIC, _cut, REFUSED, sealed=False),
    _fault("the calibration is missing", h.STATIC, _gone, REFUSED, sealed=False, quick=True),
    _fault("the calibration is missing and not listed", h.STATIC, _gone, REFUSED),
    _fault("another model's calibration", h.STATIC, _of_another, OPERATORS),
    _fault("a range twice as wide", h.STATIC, calibration(_wider), OPERATORS),
    _fault("a range is missing", h.STATIC, calibration(_one_less), REFUSED),
    _fault("a range that is no number", h.STATIC, calibration(_no_number), REFUSED),
    _fault("smoothing of another width", h.STATIC, calibration(_shorter), REFUSED),
    _fault("a layer more said to be float32", h.STATIC, claims(_a_layer_more), OPERATORS),
    _fault("all layers said to be float32", h.STATIC, claims(_all_layers), REFUSED, quick=True),
    _fault("a float32 model said to be int8", h.STATIC, _all_float, MANIFEST),
    _fault("no layer said to be float32", h.STATIC_MIXED, claims(lambda _: []), REFUSED),
)
