"""The canonical encoder as data: what a family translates its configuration and weight names into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from edgelm.errors import UnsupportedError
from edgelm.types import Array

ACTIVATIONS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "gelu": ("gelu", {"approximate": "none"}),
    "gelu_python": ("gelu", {"approximate": "none"}),
    "gelu_new": ("gelu", {"approximate": "tanh"}),
    "gelu_fast": ("gelu", {"approximate": "tanh"}),
    "gelu_pytorch_tanh": ("gelu", {"approximate": "tanh"}),
    "relu": ("relu", {}),
    "tanh": ("tanh", {}),
    "sigmoid": ("sigmoid", {}),
    "silu": ("silu", {}),
    "swish": ("silu", {}),
}
"""Hugging Face's activation names -> operator and attributes (``silu`` is x * sigmoid(x))."""


def activation(name: str) -> tuple[str, Mapping[str, str]]:
    """The operator and attributes of one of Hugging Face's activations; UnsupportedError for any other name."""
    if name not in ACTIVATIONS:
        raise UnsupportedError(f"Activation {name!r} is not supported.", hint=f"Supported: {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[name]


@dataclass(frozen=True)
class LayerConfig:
    """The widths of one layer; layers of one encoder may differ (structured pruning)."""

    num_attention_heads: int
    head_size: int
    intermediate_size: int


@dataclass(frozen=True)
class EncoderConfig:
    """A post-LayerNorm transformer encoder (Vaswani et al. 2017; Devlin et al. 2019) and its families' quirks."""

    vocab_size: int
    hidden_size: int
    embedding_size: int
    """Differs from ``hidden_size`` where the embedding is factorised (ALBERT, ELECTRA)."""
    layers: tuple[LayerConfig, ...]
    max_length: int
    """Longest sequence of tokens the position table allows."""
    type_vocab_size: int
    """0: no token types; 1: a constant row; 2 or more: ``token_type_ids`` is an input."""
    layer_norm_eps: float
    hidden_act: str
    padding_idx: int | None = None
    """RoBERTa and MPNet count positions over non-padding ids from ``padding_idx + 1``; None counts from 0."""
    task_type_vocab_size: int = 0
    """ERNIE's task types; row 0 is added, as Hugging Face does by default."""
    relative_attention_num_buckets: int = 0
    """MPNet's T5-style relative position bias, shared by all layers; 0: none."""
    word_rank: int = 0
    """Columns of a factorised word table, widened by ``embeddings.word_projection`` before anything is added; 0: none.

    ``embedding_size`` factorises the sum of all embeddings after its LayerNorm (ALBERT); this, the words alone before.
    """

    def __post_init__(self) -> None:
        activation(self.hidden_act)


@dataclass(frozen=True)
class Dense:
    """A linear layer ``name.weight``, ``name.bias`` and an optional activation (``hidden_act``: the encoder's)."""

    name: str
    activation: str | None = None
    size: int | None = None
    """Of its output, where the task fixes it; None: what the checkpoint holds."""
    bias: bool = True


@dataclass(frozen=True)
class Norm:
    """A LayerNorm ``name.weight``, ``name.bias``."""

    name: str


@dataclass(frozen=True)
class Decoder:
    """The output layer of a masked language model: ``weight`` [vocab, embedding], or the word embedding when tied."""

    weight: str
    bias: str


@dataclass(frozen=True)
class Head:
    """What follows the encoder: the position it reads, the layers in order, and the names of its outputs."""

    reads: Literal["first", "all"]
    layers: tuple[Dense | Norm | Decoder, ...] = ()
    outputs: tuple[str, ...] = ("logits",)


@dataclass(frozen=True)
class Pooling:
    """A sentence-transformers stack: pooling modes (concatenated in order), dense layers, L2 normalisation."""

    modes: tuple[Literal["cls", "mean", "max", "mean_sqrt_len_tokens"], ...] = ("mean",)
    dense: tuple[Dense, ...] = ()
    normalize: bool = False


class Weights(Protocol):
    """The checkpoint's tensors by canonical name (see ``edgelm.families``)."""

    def get(self, name: str, shape: tuple[int | None, ...]) -> tuple[str, Array]:
        """The tensor's own name and its float32 values, memory-mapped where that is what the file holds.

        ``None`` in ``shape`` takes any size. A missing tensor, another shape, or a NaN is a UsageError that names it.
        """

    def has(self, name: str) -> bool:
        """Whether the checkpoint holds that tensor."""
