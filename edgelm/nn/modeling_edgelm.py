"""The canonical encoder as a torch module: what is trained and compressed; this file travels with every student.

It must import nothing of edgelm but its configuration: transformers copies both beside the weights of a student, so
that a machine without edgelm can load one (``trust_remote_code=True``).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel
from transformers.activations import ACT2FN
from transformers.modeling_outputs import (
    BaseModelOutput,
    MaskedLMOutput,
    MultipleChoiceModelOutput,
    QuestionAnsweringModelOutput,
    SequenceClassifierOutput,
    TokenClassifierOutput,
)

from .configuration_edgelm import EdgeLMConfig

MASK_BIAS = -10000.0
"""Of padding, as in the graph (``edgelm.graph.positions``)."""


@dataclass
class LayerGates:
    """Factors on the units of one layer, for every row alone: ones, whose gradients say what a unit is worth to it."""

    heads: Tensor
    """[batch, heads], on each head's context (Michel et al. 2019)."""
    query: Tensor
    """[batch, heads, head_size], on the products of query and key."""
    value: Tensor
    """[batch, heads, head_size]."""
    units: Tensor
    """[batch, intermediate_size]."""


@dataclass
class Gates:
    """Factors on everything that can be cut."""

    hidden: Tensor
    """[batch, hidden_size], on the embedding and on every sub-layer's output."""
    layers: list[LayerGates]


QueryKeyValue = tuple[Tensor, Tensor, Tensor]
"""[batch, heads, length, head_size] each; queries are not yet divided by the root of ``head_size``."""


class EdgeLMEmbeddings(nn.Module):  # type: ignore[misc]
    """Word, position and token type embeddings, their sum normalised; [batch, length, hidden_size]."""

    def __init__(self, config: EdgeLMConfig) -> None:
        super().__init__()
        size = config.embedding_size
        self.padding_idx = config.position_padding_idx
        first = 0 if self.padding_idx is None else self.padding_idx + 1
        self.word = nn.Embedding(config.vocab_size, config.word_rank or size)
        self.word_projection = nn.Linear(config.word_rank, size, bias=False) if config.word_rank else nn.Identity()
        self.position = nn.Embedding(config.max_position_embeddings + first, size)
        self.token_type = nn.Embedding(config.type_vocab_size, size) if config.type_vocab_size else None
        self.task_type = nn.Embedding(config.task_type_vocab_size, size) if config.task_type_vocab_size else None
        self.norm = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        is_projected = config.embedding_projection or size != config.hidden_size
        self.projection = nn.Linear(size, config.hidden_size) if is_projected else nn.Identity()

    def forward(self, input_ids: Tensor, token_type_ids: Tensor | None) -> Tensor:
        """[batch, length, hidden_size] of int64 ids [batch, length]."""
        x = self.word_projection(self.word(input_ids)) + self.position(self._positions(input_ids))
        if self.token_type is not None:
            x = x + (self.token_type.weight[0] if token_type_ids is None else self.token_type(token_type_ids))
        if self.task_type is not None:
            x = x + self.task_type.weight[0]
        return self.projection(self.dropout(self.norm(x)))

    def _positions(self, input_ids: Tensor) -> Tensor:
        """0, 1, 2, ..., or over non-padding ids from ``padding_idx + 1`` on, as RoBERTa counts."""
        if self.padding_idx is None:
            return torch.arange(input_ids.shape[1], device=input_ids.device)
        is_token = input_ids.ne(self.padding_idx).long()
        return is_token.cumsum(1) * is_token + self.padding_idx


class EdgeLMLayer(nn.Module):  # type: ignore[misc]
    """Attention and feed-forward network, each followed by residual and LayerNorm."""

    def __init__(self, config: EdgeLMConfig, index: int) -> None:
        super().__init__()
        hidden, eps = config.hidden_size, config.layer_norm_eps
        self.num_attention_heads, self.head_size = config.attention_heads[index], config.head_sizes[index]
        width, inner = self.num_attention_heads * self.head_size, config.intermediate_sizes[index]
        self.query, self.key, self.value = (nn.Linear(hidden, width) for _ in range(3))
        self.attention_output = nn.Linear(width, hidden)
        self.attention_norm = nn.LayerNorm(hidden, eps=eps)
        self.up, self.down = nn.Linear(hidden, inner), nn.Linear(inner, hidden)
        self.ffn_norm = nn.LayerNorm(hidden, eps=eps)
        self.activation = ACT2FN[config.hidden_act]
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.attention_dropout = config.attention_probs_dropout_prob

    def forward(
        self, x: Tensor, bias: Tensor, gates: LayerGates | None = None, hidden: Tensor | None = None
    ) -> tuple[Tensor, QueryKeyValue]:
        """The layer's output [batch, length, hidden_size], and its queries, keys and values."""
        context, qkv = self.context(x, bias, gates)
        x = self.attention_norm(self.dropout(self.attention_output(context)) + x)
        x = _gated(x, hidden)
        x = self.ffn_norm(self.dropout(self.down(self.inner(x, gates))) + x)
        return _gated(x, hidden), qkv

    def context(self, x: Tensor, bias: Tensor, gates: LayerGates | None = None) -> tuple[Tensor, QueryKeyValue]:
        """What ``attention_output`` takes, [batch, length, heads * head_size]; queries, keys and values."""
        query, key, value = (self._split(part(x)) for part in (self.query, self.key, self.value))
        traced = query, key, value
        if gates is not None:
            query, value = query * gates.query[:, :, None], value * gates.value[:, :, None]
        dropout = self.attention_dropout if self.training else 0.0
        context = functional.scaled_dot_product_attention(query, key, value, bias.to(query.dtype), dropout_p=dropout)
        if gates is not None:
            context = context * gates.heads[:, :, None, None]
        return context.transpose(1, 2).flatten(2), traced

    def inner(self, x: Tensor, gates: LayerGates | None = None) -> Tensor:
        """What ``down`` takes, [batch, length, intermediate_size]."""
        inner = self.activation(self.up(x))
        return inner if gates is None else _gated(inner, gates.units)

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], self.num_attention_heads, self.head_size).transpose(1, 2)


def _gated(x: Tensor, gates: Tensor | None) -> Tensor:
    """[batch, length, size] times [batch, size]."""
    return x if gates is None else x * gates[:, None]


class EdgeLMPreTrainedModel(PreTrainedModel):  # type: ignore[misc]
    """What all of edgelm's models share."""

    config_class = EdgeLMConfig
    base_model_prefix = "edgelm"
    _no_split_modules = ["EdgeLMLayer"]  # noqa: RUF012  transformers' own class attribute

    def get_input_embeddings(self) -> nn.Module:
        """The word embedding."""
        return self.base_model.embeddings.word

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Another word embedding."""
        self.base_model.embeddings.word = value


class EdgeLMModel(EdgeLMPreTrainedModel):
    """The encoder without a head."""

    def __init__(self, config: EdgeLMConfig) -> None:
        super().__init__(config)
        self.embeddings = EdgeLMEmbeddings(config)
        self.layers = nn.ModuleList(EdgeLMLayer(config, i) for i in range(config.num_hidden_layers))
        buckets = config.relative_attention_num_buckets
        self.relative_attention_bias = nn.Embedding(buckets, config.attention_heads[0]) if buckets else None
        self.post_init()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        gates: Gates | None = None,
        traced: dict[int, QueryKeyValue] | None = None,
        **_: object,
    ) -> BaseModelOutput:
        """``last_hidden_state`` [batch, length, hidden_size] of int64 ids [batch, length].

        ``gates`` multiply what can be cut. ``traced`` takes the queries, keys and values of every layer.
        """
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        x = self.embeddings(input_ids, token_type_ids)
        hidden = None if gates is None else gates.hidden
        x = _gated(x, hidden)
        bias = self.attention_bias(mask, x.dtype)
        states, attentions = [x], []
        for i, layer in enumerate(self.layers):
            x, (query, key, value) = layer(x, bias, None if gates is None else gates.layers[i], hidden)
            states.append(x)
            if traced is not None:
                traced[i] = query, key, value
            if output_attentions:
                scores = query @ key.transpose(2, 3) / math.sqrt(layer.head_size) + bias
                attentions.append(scores.softmax(-1))
        return BaseModelOutput(
            last_hidden_state=x,
            hidden_states=tuple(states) if output_hidden_states else None,
            attentions=tuple(attentions) if output_attentions else None,
        )

    def attention_bias(self, mask: Tensor, dtype: torch.dtype) -> Tensor:
        """[batch, 1 or heads, 1 or length, length], added to the scores of every layer."""
        bias = ((1.0 - mask.to(dtype)) * MASK_BIAS)[:, None, None, :]
        table = self.relative_attention_bias
        return bias if table is None else bias + _relative_bias(table, mask.shape[1])


def _relative_bias(table: nn.Embedding, length: int) -> Tensor:
    """[1, heads, length, length], of the distance key - query (MPNet; T5's buckets in both directions)."""
    places = torch.arange(length, device=table.weight.device)
    rows = _bucket(places[None, :] - places[:, None], table.num_embeddings)
    bias: Tensor = table(rows).permute(2, 0, 1)[None]
    return bias


def _bucket(distance: Tensor, buckets: int, furthest: int = 128) -> Tensor:
    """As ``edgelm.graph.positions.relative_position_bucket``."""
    half = buckets // 2
    exact = half // 2
    magnitude = distance.abs()
    far = torch.log(magnitude.clamp(min=1) / exact) / math.log(furthest / exact) * (half - exact)
    far = torch.clamp(exact + far.long(), max=half - 1)
    return torch.where(magnitude < exact, magnitude, far) + torch.where(distance > 0, half, 0)


class EdgeLMForSequenceClassification(EdgeLMPreTrainedModel):
    """Classification of a text or a pair, or a regression, from the first position."""

    def __init__(self, config: EdgeLMConfig) -> None:
        super().__init__(config)
        self.edgelm = EdgeLMModel(config)
        _add_pooled_head(self, config, config.num_labels)
        self.post_init()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        **options: object,
    ) -> SequenceClassifierOutput:
        """``logits`` [batch, labels]."""
        encoded = self.edgelm(input_ids, attention_mask, token_type_ids, **options)
        logits = _pooled(self, encoded.last_hidden_state)
        loss = None
        if labels is not None:
            loss = self.loss_function(labels=labels, pooled_logits=logits, config=self.config)
        return SequenceClassifierOutput(loss, logits, encoded.hidden_states, encoded.attentions)


class EdgeLMForMultipleChoice(EdgeLMPreTrainedModel):
    """The best of several continuations, each scored alone."""

    def __init__(self, config: EdgeLMConfig) -> None:
        super().__init__(config)
        self.edgelm = EdgeLMModel(config)
        _add_pooled_head(self, config, 1)
        self.post_init()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        **options: object,
    ) -> MultipleChoiceModelOutput:
        """``logits`` [batch, choices] of ids [batch, choices, length]."""
        given = {"attention_mask": attention_mask, "token_type_ids": token_type_ids}
        inputs: Mapping[str, object] = {k: None if v is None else v.flatten(0, 1) for k, v in given.items()}
        encoded = self.edgelm(input_ids.flatten(0, 1), **inputs, **options)
        logits = _pooled(self, encoded.last_hidden_state).view(-1, input_ids.shape[1])
        loss = None if labels is None else functional.cross_entropy(logits.float(), labels)
        return MultipleChoiceModelOutput(loss, logits, encoded.hidden_states, encoded.attentions)


class EdgeLMForTokenClassification(EdgeLMPreTrainedModel):
    """A label for every token."""

    def __init__(self, config: EdgeLMConfig) -> None:
        super().__init__(config)
        self.edgelm = EdgeLMModel(config)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        **options: object,
    ) -> TokenClassifierOutput:
        """``logits`` [batch, length, labels]."""
        encoded = self.edgelm(input_ids, attention_mask, token_type_ids, **options)
        logits = self.classifier(self.dropout(encoded.last_hidden_state))
        loss = None if labels is None else self.loss_function(logits, labels, self.config)
        return TokenClassifierOutput(loss, logits, encoded.hidden_states, encoded.attentions)


class EdgeLMForQuestionAnswering(EdgeLMPreTrainedModel):
    """The first and the last token of an answer."""

    def __init__(self, config: EdgeLMConfig) -> None:
        super().__init__(config)
        self.edgelm = EdgeLMModel(config)
        self.qa_outputs = nn.Linear(config.hidden_size, 2)
        self.post_init()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
        **options: object,
    ) -> QuestionAnsweringModelOutput:
        """``start_logits`` and ``end_logits`` [batch, length]."""
        encoded = self.edgelm(input_ids, attention_mask, token_type_ids, **options)
        start, end = self.qa_outputs(encoded.last_hidden_state).unbind(-1)
        loss = None
        if start_positions is not None and end_positions is not None:
            loss = self.loss_function(start, end, start_positions, end_positions)
        return QuestionAnsweringModelOutput(loss, start, end, encoded.hidden_states, encoded.attentions)


class _Decoder(nn.Module):  # type: ignore[misc]
    """The output layer of a masked language model: the word embedding itself where it is tied."""

    def __init__(self, config: EdgeLMConfig) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        if not config.tie_word_embeddings:
            self.weight = nn.Parameter(torch.empty(config.vocab_size, config.embedding_size))

    def forward(self, x: Tensor, embeddings: EdgeLMEmbeddings) -> Tensor:
        """Logits [batch, length, vocab_size]; a factorised word embedding is gone through backwards."""
        if hasattr(self, "weight"):
            return functional.linear(x, self.weight) + self.bias
        if isinstance(embeddings.word_projection, nn.Linear):
            x = functional.linear(x, embeddings.word_projection.weight.T)
        return functional.linear(x, embeddings.word.weight) + self.bias


class EdgeLMForMaskedLM(EdgeLMPreTrainedModel):
    """The words at masked places."""

    def __init__(self, config: EdgeLMConfig) -> None:
        super().__init__(config)
        self.edgelm = EdgeLMModel(config)
        self.transform = nn.Linear(config.hidden_size, config.embedding_size)
        self.transform_norm = nn.LayerNorm(config.embedding_size, eps=config.layer_norm_eps)
        self.activation = ACT2FN[config.hidden_act]
        self.decoder = _Decoder(config)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, _Decoder) and not self.config.tie_word_embeddings:
            nn.init.normal_(module.weight, std=self.config.initializer_range)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        labels: Tensor | None = None,
        **options: object,
    ) -> MaskedLMOutput:
        """``logits`` [batch, length, vocab_size]."""
        encoded = self.edgelm(input_ids, attention_mask, token_type_ids, **options)
        x = self.transform_norm(self.activation(self.transform(encoded.last_hidden_state)))
        logits = self.decoder(x, self.edgelm.embeddings)
        loss = None if labels is None else self.loss_function(logits, labels, self.config.vocab_size)
        return MaskedLMOutput(loss, logits, encoded.hidden_states, encoded.attentions)


def _add_pooled_head(model: EdgeLMPreTrainedModel, config: EdgeLMConfig, outputs: int) -> None:
    model.pooler = nn.Linear(config.hidden_size, config.hidden_size)
    model.activation = ACT2FN[config.classifier_act]
    model.dropout = nn.Dropout(config.hidden_dropout_prob)
    model.classifier = nn.Linear(config.hidden_size, outputs)


def _pooled(model: EdgeLMPreTrainedModel, hidden: Tensor) -> Tensor:
    """The head of ``_add_pooled_head`` over the first position."""
    return model.classifier(model.dropout(model.activation(model.pooler(hidden[:, 0]))))


MODELS: Mapping[str, type[EdgeLMPreTrainedModel]] = {
    "AutoModel": EdgeLMModel,
    "AutoModelForSequenceClassification": EdgeLMForSequenceClassification,
    "AutoModelForMultipleChoice": EdgeLMForMultipleChoice,
    "AutoModelForTokenClassification": EdgeLMForTokenClassification,
    "AutoModelForQuestionAnswering": EdgeLMForQuestionAnswering,
    "AutoModelForMaskedLM": EdgeLMForMaskedLM,
}
"""By the class of transformers that loads each."""
EdgeLMConfig.register_for_auto_class()
for _auto_class, _model in MODELS.items():
    _model.register_for_auto_class(_auto_class)
