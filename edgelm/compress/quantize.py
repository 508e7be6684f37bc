"""Quantization-aware training: a model that computes as its quantized graph will, and what it learns for that graph.

`prepare` rounds where `edgelm.graph.quantize.apply_scheme` will round, by that function's own rule and under the names
of its tensors; `convert` stores the integers, and gives the same numbers bit for bit; `floating` gives the model back
that an ordinary checkpoint holds, with the trained ranges in its configuration.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from edgelm import nn as edgelm_nn
from edgelm.checkpoint import open_checkpoint
from edgelm.compress.data import Batch
from edgelm.compress.objectives import model_outputs
from edgelm.compress.quantizers import (
    FakeDecoder,
    FakeEmbedding,
    FakeLinear,
    FakeProduct,
    FixedRange,
    LearnedRange,
    MovingRange,
    Observer,
    Range,
    TensorRange,
    TokenRange,
)
from edgelm.compress.surgery import encoder_of
from edgelm.errors import UnsupportedError, UsageError
from edgelm.families import Model
from edgelm.families.edgelm import EDGELM
from edgelm.graph.heads import build_graph
from edgelm.graph.ir import Graph
from edgelm.graph.quantize import apply_scheme, quantized_linears
from edgelm.nn import SentenceEncoder
from edgelm.types import Array, Scheme

Ranges = Literal["learned", "moving"]
SCHEMES: Mapping[str, Scheme] = {
    "static_wi8_ai8": Scheme(
        "static_wi8_ai8", "int8", "static_tensor_asymmetric", "int8 weights and activations in fixed ranges."
    ),
    "dynamic_wi8_afp32": Scheme(
        "dynamic_wi8_afp32", "int8", "dynamic_token_asymmetric", "int8 weights, activations rounded by token."
    ),
}
"""What can be trained, by name."""
_ACTIVATIONS = tuple(scheme.activations for scheme in SCHEMES.values())
_RANGES: Mapping[Ranges, type[LearnedRange | MovingRange]] = {"learned": LearnedRange, "moving": MovingRange}
_Fake = FakeLinear | FakeEmbedding | FakeDecoder


def prepare(
    model: nn.Module, scheme: Scheme, task: str, batches: Iterable[Batch], ranges: Ranges = "learned"
) -> nn.Module:
    """A copy of a model of `edgelm.nn` with fake quantization in it; a static scheme's ranges begin as the batches say.

    The ranges are ``learned`` with the weights or ``moving`` with the batches of the training. UnsupportedError for a
    scheme that is not trained here, UsageError where a static one has no batch to begin from.
    """
    prepared = _with_fakes(model, scheme, task, Observer)
    if not scheme.is_static:
        return prepared
    prepared.eval()
    with torch.no_grad():
        for batch in batches:
            model_outputs(prepared, batch.inputs)
    if any(not one.samples for one in _ranges(prepared)):
        raise UsageError("There is no row to calibrate on.", hint="Give texts with --train or --unlabelled.")
    _exchange_ranges_(prepared, lambda one: _RANGES[ranges](one.tensor, *one.range))
    return prepared.train(model.training)


def with_ranges(model: nn.Module, scheme: Scheme, task: str, ranges: Mapping[str, Range]) -> nn.Module:
    """A copy of a model with fake quantization over ranges that are there already; UsageError where one is missing."""

    def fixed(tensor: str) -> FixedRange:
        if tensor not in ranges:
            raise UsageError(
                f"The model's configuration has no trained range of {tensor}.",
                hint="The model was changed after its quantization-aware training: train it again with a qat pass.",
            )
        return FixedRange(tensor, *ranges[tensor])

    return _with_fakes(model, scheme, task, fixed)


def convert(prepared: nn.Module) -> nn.Module:
    """A copy of a prepared model whose integers are stored as such: what a runtime computes, for comparison."""
    model = copy.deepcopy(prepared).eval()
    embeddings = encoder_of(model).embeddings
    decoders = [(name, module) for name, module in _fakes(model) if isinstance(module, FakeDecoder)]
    for name, decoder in decoders:  # first, while the tables they share are float
        model.set_submodule(name, decoder.integer(embeddings))
    for name, module in [*_fakes(model)]:
        if not isinstance(module, FakeDecoder):
            model.set_submodule(name, module.integer())
    _exchange_ranges_(model, lambda one: FixedRange(one.tensor, *one.range))
    return model


def floating(prepared: nn.Module, scheme: Scheme) -> nn.Module:
    """A copy without fake quantization, whose configuration has the trained ranges: what is saved."""
    model = copy.deepcopy(prepared).cpu()
    record = {"scheme": scheme.name, "outputs": scheme.outputs, "ranges": trained_ranges(model)}
    for name, module in [*_fakes(model)]:
        model.set_submodule(name, module.floating())
    encoder_of(model).config.quantization = record
    return model


def trained_ranges(prepared: nn.Module) -> dict[str, list[float]]:
    """[low, high] of every tensor of the graph that the scheme rounds, by name."""
    return {one.tensor: list(one.range) for one in _ranges(prepared)}


def load(folder: Path, task: str) -> nn.Module:
    """The model of a folder as it is to be evaluated: with fake quantization where it was trained with it."""
    model = edgelm_nn.canonical(folder, task)
    record = Model.open(open_checkpoint(str(folder))).quantization
    if record is None:
        return model
    if record.scheme not in SCHEMES:
        raise UsageError(
            f"{folder} was trained for {record.scheme}, which this edgelm does not know.", hint="Update edgelm."
        )
    scheme = replace(SCHEMES[record.scheme], outputs=record.outputs)
    return with_ranges(model, scheme, task, record.ranges)


# -- the model as its graph --------------------------------------------------------------------------------------------


class _ModuleWeights:
    """``edgelm.graph.canonical.Weights`` over a module's parameters, under the module's own names."""

    def __init__(self, model: nn.Module) -> None:
        self.state = {name: tensor.detach().cpu().float().numpy() for name, tensor in model.state_dict().items()}
        self.prefixes = ("encoder.", "") if isinstance(model, SentenceEncoder) else (EDGELM.prefix, "")
        pooling = model.pooling.dense if isinstance(model, SentenceEncoder) else ()
        self.dense = {dense.name: f"dense.{i}" for i, dense in enumerate(pooling)}

    def has(self, name: str) -> bool:
        """Whether the module has that parameter."""
        return self._own(name) is not None

    def get(self, name: str, shape: tuple[int | None, ...]) -> tuple[str, Array]:
        """The parameter's path in the module, and its values; a module's shapes are right."""
        own = self._own(name)
        assert own is not None, f"{name} {shape}"
        return own, self.state[own]

    def _own(self, name: str) -> str | None:
        stem, _, suffix = name.rpartition(".")
        candidates = [f"{self.dense[stem]}.{suffix}"] if stem in self.dense else [p + name for p in self.prefixes]
        return next((own for own in candidates if own in self.state), None)


def graph_of(model: nn.Module, task: str) -> Graph:
    """The graph of a model of `edgelm.nn` at its full length; its weights bear the names of the module's parameters."""
    config = encoder_of(model).config.to_dict()
    encoder = EDGELM.encoder(config)
    head = model.pooling if isinstance(model, SentenceEncoder) else EDGELM.heads(config)[task]
    return build_graph(encoder, head, _ModuleWeights(model), encoder.max_length)


# -- surgery -----------------------------------------------------------------------------------------------------------


def _with_fakes(model: nn.Module, scheme: Scheme, task: str, make: Callable[[str], TensorRange]) -> nn.Module:
    """A copy that rounds wherever the graph under the scheme does; tensors of one name have one range."""
    if scheme.activations not in _ACTIVATIONS or scheme.weights != "int8" or scheme.embeddings not in (None, "int8"):
        raise UnsupportedError(
            f"{scheme.name} cannot be trained.", hint=f"Quantization-aware training knows {', '.join(SCHEMES)}."
        )
    graph, model = graph_of(model, task), copy.deepcopy(model)
    made: dict[str, TensorRange] = {}

    def range_of(tensor: str) -> nn.Module:
        if not scheme.is_static:
            return TokenRange()
        if tensor not in made:
            made[tensor] = make(tensor)
        return made[tensor]

    writes_integers = scheme.is_static and scheme.outputs == "int8"
    products = {
        node.inputs[1]: FakeProduct(range_of(node.inputs[0]), range_of(node.output) if writes_integers else None)
        for node in quantized_linears(graph, scheme)
    }
    for name, module in [*_replacements(model, products, _stored_as_integers(graph, scheme))]:
        model.set_submodule(name, module)
    return model


def _stored_as_integers(graph: Graph, scheme: Scheme) -> set[str]:
    """The constants that the scheme stores as int8, by name."""
    stored = apply_scheme(graph, replace(scheme, activations="float32", outputs="float32"))
    return {tensor.name for tensor in stored.constants if tensor.quantization is not None}


def _replacements(
    model: nn.Module, products: Mapping[str, FakeProduct], integers: set[str]
) -> Iterator[tuple[str, nn.Module]]:
    word = next((name for name in ("edgelm.embeddings.word", "embeddings.word") if f"{name}.weight" in integers), "")
    for name, module in model.named_modules():
        weight = f"{name}.weight"
        if isinstance(module, nn.Linear) and weight in products:
            yield name, FakeLinear(module, products[weight])
        elif isinstance(module, nn.Embedding) and weight in integers:
            yield name, FakeEmbedding(module)
        elif name == "decoder":
            product = products.get(weight if hasattr(module, "weight") else f"{word}.weight")
            if product is not None:
                yield name, FakeDecoder(module, product, products.get(f"{word}_projection.weight.T"))


def _fakes(model: nn.Module) -> Iterator[tuple[str, _Fake]]:
    return ((name, module) for name, module in model.named_modules() if isinstance(module, _Fake))


def _ranges(model: nn.Module) -> Iterator[Any]:
    return (module for module in model.modules() if isinstance(module, TensorRange))


def _exchange_ranges_(model: nn.Module, make: Callable[[Any], TensorRange]) -> None:
    """Another range in the place of each; those that were shared stay so."""
    made = {one: make(one) for one in _ranges(model)}
    for product in [module for module in model.modules() if isinstance(module, FakeProduct)]:
        for end in ("reads", "writes"):
            setattr(product, end, made.get(getattr(product, end), getattr(product, end)))
