"""Adds what follows the encoder: a task head, or a sentence-transformers pooling stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from edgelm.graph.canonical import Decoder, Dense, EncoderConfig, Head, Joint, Norm, Pooling, Weights
from edgelm.graph.encoder import EncoderBuilder
from edgelm.graph.ir import Graph

_SMALLEST_COUNT = 1e-9
"""Clamp of the token count before dividing, as in sentence-transformers."""
_NORM_EPSILON = 1e-12


def build_graph(config: EncoderConfig, head: Head | Joint | Pooling, weights: Weights, max_length: int) -> Graph:
    """The whole model as a graph.

    Inputs, int32 [batch, length]: ``input_ids``, ``attention_mask`` and, with two or more token types,
    ``token_type_ids``. Outputs, float32: the head's, or ``sentence_embedding`` [batch, size].
    """
    e = EncoderBuilder(config, weights, max_length)
    hidden = e.encoder()
    if isinstance(head, Pooling):
        return e.b.build([_pooled(e, hidden, head)])
    if isinstance(head, Joint):
        return e.b.build(name for i, one in enumerate(head.heads) for name in _outputs(e, hidden, one, f"head.{i}"))
    return e.b.build(_outputs(e, hidden, head, "head"))


def _outputs(e: EncoderBuilder, hidden: str, head: Head, place: str) -> list[str]:
    """The outputs of one head, whose own tensors are named after their place."""
    x = _READS[head.reads](e, hidden)
    for i, layer in enumerate(head.layers):
        x = _head_layer(e, x, layer, f"{place}.{i}")
    if len(head.outputs) == 1:
        return [_named(e, x, head.outputs[0])]
    parts = e.b.multi("split", x, names=(f"{place}.start", f"{place}.end"), axis=2, sizes=(1, 1))
    return [e.b.op("squeeze", part, name=name, axis=2) for part, name in zip(parts, head.outputs, strict=True)]


def _head_layer(e: EncoderBuilder, x: str, layer: Dense | Norm | Decoder, name: str) -> str:
    if isinstance(layer, Norm):
        return e.norm(x, layer.name, name)
    if isinstance(layer, Decoder):
        return _decoder(e, x, layer, name)
    x = e.activation(x, layer.before, f"{name}.before") if layer.before else x
    x = e.linear(x, layer.name, layer.size, name, layer.bias)
    return e.activation(x, layer.activation, f"{name}.activation") if layer.activation else x


def _decoder(e: EncoderBuilder, x: str, layer: Decoder, name: str) -> str:
    """Logits over the vocabulary; tied to a factorised word table they are ``x @ word_projection @ word.T``."""
    tied = not e.weights.has(layer.weight)
    if tied and e.config.word_rank:
        own_name, projection = e.weights.get(
            "embeddings.word_projection.weight", (int(e.b.tensors[x].shape[-1]), e.config.word_rank)
        )
        transposed = e.b.constant(f"{own_name}.T", np.ascontiguousarray(projection.T))
        x = e.b.op("linear", x, transposed, name=f"{name}.word_projection")
    size = int(e.b.tensors[x].shape[-1])
    weight = e.weight("embeddings.word.weight" if tied else layer.weight, e.config.vocab_size, size)
    return e.b.op("linear", x, weight, e.weight(layer.bias, e.config.vocab_size), name=name)


def _first(e: EncoderBuilder, x: str) -> str:
    """[batch, hidden] of the first position; ``slice_last_layer`` computes the last layer for it alone."""
    first = e.b.op("slice", x, name="first.slice", axis=1, start=0, stop=1)
    return e.b.op("squeeze", first, name="first", axis=1)


def _named(e: EncoderBuilder, x: str, name: str) -> str:
    """Rename the last tensor to the output's public name."""
    last = e.b.nodes.pop()
    del e.b.tensors[x]
    return e.b.op(last.op, *last.inputs, name=name, **last.attrs)


def _pooled(e: EncoderBuilder, hidden: str, pooling: Pooling) -> str:
    parts = [_POOLINGS[mode](e, hidden) for mode in pooling.modes]
    x = parts[0] if len(parts) == 1 else e.b.op("concat", *parts, name="pooling.concat", axis=1)
    for i, dense in enumerate(pooling.dense):
        x = _head_layer(e, x, dense, f"pooling.dense.{i}")
    if pooling.normalize:
        x = e.b.op("l2_normalize", x, name="pooling.normalize", epsilon=_NORM_EPSILON)
    return _named(e, x, "sentence_embedding")


def _masked_sum(e: EncoderBuilder, hidden: str) -> str:
    """[batch, hidden]: the sum over real tokens."""
    if "pooling.sum" in e.b.tensors:
        return "pooling.sum"
    weights = e.b.op("unsqueeze", e.mask(), name="pooling.mask", axis=2)
    masked = e.b.op("mul", hidden, weights, name="pooling.masked")
    return e.b.op("reduce_sum", masked, name="pooling.sum", axis=1, keepdims=False)


def _token_count(e: EncoderBuilder) -> str:
    """[batch, 1]: the number of real tokens, at least a tiny positive number."""
    if "pooling.count" in e.b.tensors:
        return "pooling.count"
    count = e.b.op("reduce_sum", e.mask(), name="pooling.tokens", axis=1, keepdims=True)
    return e.b.op("maximum", count, e.b.scalar(_SMALLEST_COUNT), name="pooling.count")


def _mean(e: EncoderBuilder, hidden: str) -> str:
    return e.b.op("div", _masked_sum(e, hidden), _token_count(e), name="pooling.mean")


def _mean_sqrt_len(e: EncoderBuilder, hidden: str) -> str:
    root = e.b.op("sqrt", _token_count(e), name="pooling.sqrt_count")
    return e.b.op("div", _masked_sum(e, hidden), root, name="pooling.mean_sqrt_len")


def _max(e: EncoderBuilder, hidden: str) -> str:
    """Padding is pushed down by the mask's bias, as sentence-transformers sets it to -1e9."""
    bias = e.b.op("unsqueeze", "mask.scaled", name="pooling.bias", axis=2)
    return e.b.op(
        "reduce_max", e.b.op("add", hidden, bias, name="pooling.biased"), name="pooling.max", axis=1, keepdims=False
    )


_READS: Mapping[str, Callable[[EncoderBuilder, str], str]] = {
    "first": _first,
    "mean": _mean,
    "all": lambda _, hidden: hidden,
}
_POOLINGS = {"cls": _first, "mean": _mean, "max": _max, "mean_sqrt_len_tokens": _mean_sqrt_len}
