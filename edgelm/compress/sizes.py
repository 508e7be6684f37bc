"""What an encoder of some shape weighs and costs: parameters, bytes at each precision, FLOPs; from the shape alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from edgelm.checkpoint import open_checkpoint
from edgelm.families import Model
from edgelm.graph.canonical import Decoder, Dense, EncoderConfig, Head, LayerConfig, Norm, Pooling

LENGTH = 128
"""Tokens at which FLOPs are told unless another length is asked for, as the field's tables do."""
_SMALLEST_QUANTIZED = 4096
"""Weights of fewer elements stay float32, as in ``edgelm.graph.quantize``."""


@dataclass(frozen=True)
class Sizes:
    """Parameters by where they are, bytes by how they are stored, and the cost of one text."""

    encoder: int
    """Parameters of the transformer layers, biases and LayerNorms included: what the field calls the encoder."""
    embedding: int
    """Parameters of every table before the layers, with their LayerNorm and projections."""
    head: int
    """Parameters after the layers; a decoder tied to the word embedding adds its bias alone."""
    bytes_fp32: int
    bytes_fp16: int
    """Linear weights and tables of 4096 elements or more in two bytes an element, all else in four."""
    bytes_int8: int
    """Linear weights and tables of 4096 elements or more in one byte an element and four for each row's scale (an
    output channel, a word); all else, biases, LayerNorms, small heads and a relative position bias, in float32."""
    flops: int
    """Two for each multiply-accumulate of the layers and the embedding's projections on one text of ``length`` tokens;
    softmax, LayerNorm, activations and the head are left out, as the field's tables do."""
    length: int = LENGTH

    @property
    def total(self) -> int:
        """All parameters."""
        return self.encoder + self.embedding + self.head

    def record(self) -> dict[str, int]:
        """The figures by name, the total as ``parameters``, ready for JSON."""
        return {"parameters": self.total, **asdict(self)}


@dataclass(frozen=True)
class _Weight:
    """One tensor's shape, and whether a precision stores it otherwise than in float32 when it is large."""

    shape: tuple[int, ...]
    stored: bool = False

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def is_reduced(self) -> bool:
        return self.stored and self.size >= _SMALLEST_QUANTIZED


def sizes(
    config: EncoderConfig,
    head: Head | Pooling | None = None,
    outputs: int = 0,
    *,
    length: int = LENGTH,
    projected: bool = False,
    distinct_layers: int | None = None,
) -> Sizes:
    """The sizes of an encoder of that shape under a head whose last layer has ``outputs`` outputs.

    ``projected``: the embedding is projected although it is as wide as the layers. ``distinct_layers``: how many layers
    have weights of their own where others share them (ALBERT); all of them compute.
    """
    layers = [weight for layer in config.layers[:distinct_layers] for weight in _layer(config.hidden_size, layer)]
    embedding = [*_embedding(config, projected=projected)]
    above = [*_head(config, head, outputs)]
    weights = [*layers, *embedding, *above]
    reduced = [weight for weight in weights if weight.is_reduced]
    kept = _parameters(weights) - _parameters(reduced)
    return Sizes(
        encoder=_parameters(layers),
        embedding=_parameters(embedding),
        head=_parameters(above),
        bytes_fp32=4 * _parameters(weights),
        bytes_fp16=2 * _parameters(reduced) + 4 * kept,
        bytes_int8=_parameters(reduced) + 4 * sum(weight.shape[0] for weight in reduced) + 4 * kept,
        flops=flops(config, length, projected=projected),
        length=length,
    )


def of_model(model: Model, task: str = "auto", length: int = LENGTH, shape: EncoderConfig | None = None) -> Sizes:
    """The sizes of a checkpoint with the head of one task; what else the checkpoint holds is not counted.

    ``shape``: those of the model cut to that shape instead, where no two layers share their weights any more.
    """
    head = model.trained_head(model.resolve_task(task))
    config = model.checkpoint.config
    names = {model.family.layer(config, i) for i in range(len(model.encoder.layers))}
    return sizes(
        shape or model.encoder,
        head,
        _outputs(model, head),
        length=min(length, model.encoder.max_length),
        projected=model.weights.has("embeddings.projection.weight"),
        distinct_layers=None if shape else len(names),
    )


def of_folder(folder: Path, task: str = "auto", length: int = LENGTH) -> Sizes:
    """The sizes of the checkpoint in a folder."""
    return of_model(Model.open(open_checkpoint(str(folder))), task, length)


def flops(config: EncoderConfig, length: int = LENGTH, *, projected: bool = False) -> int:
    """FLOPs of one text of so many tokens, as ``Sizes.flops`` counts them."""
    projections = sum(weight.size for weight in _projections(config, projected=projected) if weight.stored)
    layers = sum(layer_flops(config.hidden_size, layer, length) for layer in config.layers)
    return 2 * length * projections + layers


def layer_flops(hidden_size: int, layer: LayerConfig, length: int = LENGTH) -> int:
    """FLOPs of one layer: its linear layers, and the two products of attention."""
    attention = layer.num_attention_heads * layer.head_size
    linear = 4 * hidden_size * attention + 2 * hidden_size * layer.intermediate_size
    return 2 * length * (linear + 2 * length * attention)


def layer_parameters(hidden_size: int, layer: LayerConfig) -> int:
    """Parameters of one layer."""
    return _parameters(_layer(hidden_size, layer))


def summary(found: Sizes) -> str:
    """The sizes in one line for people."""
    return ", ".join(
        (
            f"{count(found.total)} parameters ({count(found.encoder)} encoder)",
            f"{megabytes(found.bytes_fp32)} fp32",
            f"{megabytes(found.bytes_int8)} int8",
            f"{count(found.flops)} FLOPs at {found.length} tokens",
        )
    )


def count(value: float) -> str:
    """A number with three digits and its thousands: ``14.3 M``, ``1.25 G``."""
    power, unit = next(((p, u) for p, u in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if value >= 0.9995 * p), (1.0, ""))
    return f"{f'{value / power:#.3g}'.rstrip('.')} {unit}".strip() if unit else str(round(value))


def megabytes(value: float) -> str:
    """Bytes in megabytes of a million."""
    return f"{value / 1e6:.1f} MB" if value >= 1e6 else f"{value / 1e6:.2f} MB"


def _parameters(weights: Iterable[_Weight]) -> int:
    return sum(weight.size for weight in weights)


def _linear(inputs: int, outputs: int, *, bias: bool = True) -> Iterator[_Weight]:
    yield _Weight((outputs, inputs), stored=True)
    if bias:
        yield _Weight((outputs,))


def _norm(size: int) -> Iterator[_Weight]:
    yield from (_Weight((size,)), _Weight((size,)))


def _table(rows: int, columns: int) -> Iterator[_Weight]:
    if rows:
        yield _Weight((rows, columns), stored=True)


def _layer(hidden_size: int, layer: LayerConfig) -> Iterator[_Weight]:
    attention = layer.num_attention_heads * layer.head_size
    for _ in ("query", "key", "value"):
        yield from _linear(hidden_size, attention)
    yield from _linear(attention, hidden_size)
    yield from _linear(hidden_size, layer.intermediate_size)
    yield from _linear(layer.intermediate_size, hidden_size)
    for _ in ("attention_norm", "ffn_norm"):
        yield from _norm(hidden_size)


def _embedding(config: EncoderConfig, *, projected: bool) -> Iterator[_Weight]:
    size = config.embedding_size
    first = 0 if config.padding_idx is None else config.padding_idx + 1
    yield from _table(config.vocab_size, config.word_rank or size)
    yield from _table(config.max_length + first, size)
    yield from _table(config.type_vocab_size, size)
    yield from _table(config.task_type_vocab_size, size)
    if config.relative_attention_num_buckets:
        yield _Weight((config.relative_attention_num_buckets, config.layers[0].num_attention_heads))
    yield from _norm(size)
    yield from _projections(config, projected=projected)


def _projections(config: EncoderConfig, *, projected: bool) -> Iterator[_Weight]:
    """The linear layers between the word table and the first layer."""
    if config.word_rank:
        yield from _linear(config.word_rank, config.embedding_size, bias=False)
    if projected or config.embedding_size != config.hidden_size:
        yield from _linear(config.embedding_size, config.hidden_size)


def _head(config: EncoderConfig, head: Head | Pooling | None, outputs: int) -> Iterator[_Weight]:
    """The weights of a head; its inner layers are as wide as the encoder, or as the embedding before a decoder."""
    if head is None:
        return
    layers = head.dense if isinstance(head, Pooling) else head.layers
    modes = len(head.modes) if isinstance(head, Pooling) else 1
    decodes = any(isinstance(layer, Decoder) for layer in layers)
    size = config.hidden_size * modes
    for i, layer in enumerate(layers):
        if isinstance(layer, Norm):
            yield from _norm(size)
        elif isinstance(layer, Decoder):
            yield _Weight((config.vocab_size,))
        else:
            wide = layer.size or (outputs if i == len(layers) - 1 else 0)
            after = wide or (config.embedding_size if decodes else config.hidden_size)
            yield from _linear(size, after, bias=layer.bias)
            size = after


def _outputs(model: Model, head: Head | Pooling) -> int:
    """The outputs of a checkpoint's last layer; 0 where it has none whose size the task leaves open."""
    layers = head.dense if isinstance(head, Pooling) else head.layers
    last = layers[-1] if layers else None
    if not isinstance(last, Dense) or last.size:
        return 0
    _, weight = model.weights.get(f"{last.name}.weight", (None, None))
    return int(weight.shape[0])
