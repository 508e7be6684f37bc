"""The configuration of a compressed encoder, as transformers reads it; this file travels with every student."""

from dataclasses import field
from typing import Any

from transformers import PreTrainedConfig


class EdgeLMConfig(PreTrainedConfig):  # type: ignore[misc]
    """Sizes of an encoder whose layers may differ in width; ``edgelm.families.edgelm`` reads the same keys.

    ``attention_heads``, ``head_sizes`` and ``intermediate_sizes`` have one entry for each layer. ``word_rank`` above 0
    factorises the word embedding; ``embedding_projection`` is for a projection between equal sizes, where unequal ones
    always have one; ``position_padding_idx`` counts positions as RoBERTa does; ``type_vocab_size`` 0
    means no token types. ``max_position_embeddings`` is the longest sequence, whatever the offset of its positions.
    ``quantization`` is what a quantization-aware training found: ``scheme``, ``outputs``, and ``ranges``, [low, high]
    by the names of edgelm's graph. The weights stay float, and this module computes without it.
    """

    model_type = "edgelm"

    vocab_size: int = 30522
    embedding_size: int = 384
    hidden_size: int = 384
    num_hidden_layers: int = 4
    attention_heads: list[int] = field(default_factory=lambda: [12] * 4)
    head_sizes: list[int] = field(default_factory=lambda: [32] * 4)
    intermediate_sizes: list[int] = field(default_factory=lambda: [1536] * 4)
    word_rank: int = 0
    embedding_projection: bool = False
    hidden_act: str = "gelu"
    classifier_act: str = "tanh"
    max_position_embeddings: int = 512
    position_padding_idx: int | None = None
    type_vocab_size: int = 2
    task_type_vocab_size: int = 0
    relative_attention_num_buckets: int = 0
    layer_norm_eps: float = 1e-12
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    initializer_range: float = 0.02
    pad_token_id: int | None = 0
    tie_word_embeddings: bool = True
    quantization: dict[str, Any] | None = None
