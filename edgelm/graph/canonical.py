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
class Rotary:
    """Rotary positions (Su et al. 2021): queries and keys turned, two dimensions at a time, by angles of the position.

    The pair of a dimension stands half a head further on, as in GPT-NeoX. A table ``rotary.weight`` of the checkpoint,
    [positions, head_size], sines before cosines, is taken in place of the angles that ``theta`` gives.
    """

    theta: float
    turns_values: bool = False


@dataclass(frozen=True)
class LayerConfig:
    """The widths of one layer, and how far it sees; layers of one encoder may differ (structured pruning)."""

    num_attention_heads: int
    head_size: int
    intermediate_size: int
    rotary: Rotary | None = None
    window: int | None = None
    """The largest distance at which a position still sees another; None: it sees all."""


@dataclass(frozen=True)
class RelativeEncoding:
    """Sinusoids of the distance between two positions, added to keys and values (Wei et al. 2019, NEZHA)."""

    max_distance: int
    """Positions further apart count as this far."""


@dataclass(frozen=True)
class Disentangled:
    """Distances attended to by vectors of their own, in every layer (He et al. 2021, DeBERTa).

    ``relative.weight`` holds them, [2 * span, hidden_size]; keys and queries of the distances are made of it.
    """

    max_distance: int
    buckets: int = 0
    """Distances from half of these on share logarithmic buckets (DeBERTa-v2); 0: each has its own row."""
    content_to_position: bool = True
    position_to_content: bool = True
    is_shared: bool = False
    """Made by the layer's own query and key projections, not by ``position_query`` and ``position_key``."""
    is_normalized: bool = False
    """The vectors pass a LayerNorm, ``relative_norm``, first."""

    @property
    def span(self) -> int:
        """Rows of the table to either side of distance 0."""
        return self.buckets or self.max_distance


@dataclass(frozen=True)
class Convolution:
    """A convolution over what the first layer reads, added to its answer and normed (DeBERTa-v2's largest models)."""

    kernel_size: int
    """Odd."""
    activation: str

    def __post_init__(self) -> None:
        activation(self.activation)


@dataclass(frozen=True)
class EncoderConfig:
    """A transformer encoder (Vaswani et al. 2017; Devlin et al. 2019) and its families' quirks.

    Every layer has attention and a feed-forward network, each followed by the residual and a LayerNorm.
    """

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
    has_position_table: bool = True
    """Whether positions are embedded and added to the words."""
    distances: RelativeEncoding | Disentangled | None = None
    """How attention sees distances, where neither a bias nor a rotation tells it."""
    convolution: Convolution | None = None
    is_pre_norm: bool = False
    """LayerNorms stand before attention and feed-forward, not behind their residuals (Xiong et al. 2020): none before
    the first attention, for the embedding has one, and one more at the end, ``final_norm``."""
    is_gated: bool = False
    """The feed-forward network multiplies ``up`` behind its activation by ``gate`` (GLU, Shazeer 2020)."""
    attention_bias: bool = True
    feed_forward_bias: bool = True
    norm_bias: bool = True
    """Of every LayerNorm, the head's too."""

    def __post_init__(self) -> None:
        activation(self.hidden_act)

    @property
    def beyond_bert(self) -> tuple[str, ...]:
        """In words, what this encoder has and BERT's form has not, which is all that ``edgelm.nn`` trains."""
        features = {
            "rotary positions": any(layer.rotary for layer in self.layers),
            "local attention": any(layer.window is not None for layer in self.layers),
            "relative positions in every layer": self.distances is not None,
            "a convolution": self.convolution is not None,
            "LayerNorms before the sub-layers": self.is_pre_norm,
            "a gated feed-forward network": self.is_gated,
            "no position table": not self.has_position_table,
            "layers without biases": not (self.attention_bias and self.feed_forward_bias and self.norm_bias),
        }
        return tuple(feature for feature, has in features.items() if has)


@dataclass(frozen=True)
class Dense:
    """A linear layer ``name.weight``, ``name.bias`` and an optional activation (``hidden_act``: the encoder's)."""

    name: str
    activation: str | None = None
    size: int | None = None
    """Of its output, where the task fixes it; None: what the checkpoint holds."""
    bias: bool = True
    before: str | None = None
    """An activation of what it reads."""


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

    reads: Literal["first", "mean", "all"]
    layers: tuple[Dense | Norm | Decoder, ...] = ()
    outputs: tuple[str, ...] = ("logits",)


@dataclass(frozen=True)
class Joint:
    """Several heads over one encoder, each with outputs of its own (Chen et al. 2019: intent and slots)."""

    heads: tuple[Head, ...]


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
