"""Builds the canonical encoder as a graph from its configuration and weights."""

from __future__ import annotations

from edgelm.graph.attention import attention
from edgelm.graph.canonical import LayerConfig
from edgelm.graph.convolution import convolved
from edgelm.graph.parts import Parts
from edgelm.graph.positions import attention_bias


class EncoderBuilder(Parts):
    """Adds the encoder's nodes to a GraphBuilder; the heads reuse its ``linear``, ``norm`` and ``activation``."""

    def encoder(self) -> str:
        """``last_hidden_state`` [batch, length, hidden_size]."""
        x = self._embeddings()
        convolution = self.config.convolution
        layer_of = self._pre_norm_layer if self.config.is_pre_norm else self._layer
        for i, layer in enumerate(self.config.layers):
            read, x = x, layer_of(i, layer, x, attention_bias(self, layer.window))
            if convolution and i == 0:
                x = convolved(self, convolution, read, x)
        return self.norm(x, "final_norm", "final_norm") if self.config.is_pre_norm else x

    def _embeddings(self) -> str:
        config, b = self.config, self.b
        size = config.embedding_size
        x = self._words()
        if config.has_position_table:
            x = self._add_positions(x)
        if config.type_vocab_size > 1:
            table = self._table("embeddings.token_type.weight", config.type_vocab_size, size, config.type_vocab_size)
            types = b.op("gather", table, "token_type_ids", name="embeddings.token_type")
            x = b.op("add", x, types, name="embeddings.add_token_type")
        elif config.type_vocab_size == 1:
            x = self._add_first_row(x, "embeddings.token_type", 1)
        if config.task_type_vocab_size:
            x = self._add_first_row(x, "embeddings.task_type", config.task_type_vocab_size)
        x = self.norm(x, "embeddings.norm", "embeddings.norm")
        if size != config.hidden_size or self.weights.has("embeddings.projection.weight"):
            x = self.linear(x, "embeddings.projection", config.hidden_size, "embeddings.projection")
        return x

    def _words(self) -> str:
        """The word embedding of every id, [batch, length, embedding_size]."""
        config, name = self.config, "embeddings.word"
        columns = config.word_rank or config.embedding_size
        x = self.b.op("gather", self.weight(f"{name}.weight", config.vocab_size, columns), self.input_ids, name=name)
        if not config.word_rank:
            return x
        name = "embeddings.word_projection"
        return self.linear(x, name, config.embedding_size, name, bias=False)

    def _add_positions(self, x: str) -> str:
        config, b = self.config, self.b
        first = 0 if config.padding_idx is None else config.padding_idx + 1
        rows, kept = config.max_length + first, self.max_length + first
        table = self._table("embeddings.position.weight", rows, config.embedding_size, kept)
        ids = b.op("position_ids", self.input_ids, name="position_ids", padding_idx=config.padding_idx)
        return b.op("add", x, b.op("gather", table, ids, name="embeddings.position"), name="embeddings.add_position")

    def _add_first_row(self, x: str, name: str, rows: int) -> str:
        own_name, data = self.weights.get(f"{name}.weight", (rows, self.config.embedding_size))
        return self.b.op("add", x, self.b.constant(f"{own_name}[0]", data[0]), name=f"{name}.add")

    def _table(self, name: str, rows: int, columns: int, keep: int) -> str:
        """The first ``keep`` rows of an embedding table."""
        own_name, data = self.weights.get(name, (rows, columns))
        return self.b.constant(own_name if keep == rows else f"{own_name}[:{keep}]", data[:keep])

    def _layer(self, index: int, layer: LayerConfig, x: str, bias: str) -> str:
        """Residual and LayerNorm behind attention and behind the feed-forward network."""
        name = f"layers.{index}"
        x = self.b.op("add", self._attended(name, layer, x, bias), x, name=f"{name}.attention_residual")
        x = self.norm(x, f"{name}.attention_norm", f"{name}.attention_norm")
        x = self.b.op("add", self._feed_forward(name, layer, x), x, name=f"{name}.ffn_residual")
        return self.norm(x, f"{name}.ffn_norm", f"{name}.ffn_norm")

    def _pre_norm_layer(self, index: int, layer: LayerConfig, x: str, bias: str) -> str:
        """LayerNorm before attention, but for the first layer's, and before the feed-forward network."""
        name = f"layers.{index}"
        normed = self.norm(x, f"{name}.attention_norm", f"{name}.attention_norm") if index else x
        x = self.b.op("add", self._attended(name, layer, normed, bias), x, name=f"{name}.attention_residual")
        normed = self.norm(x, f"{name}.ffn_norm", f"{name}.ffn_norm")
        return self.b.op("add", self._feed_forward(name, layer, normed), x, name=f"{name}.ffn_residual")

    def _attended(self, name: str, layer: LayerConfig, x: str, bias: str) -> str:
        context = attention(self, name, layer, x, bias)
        name = f"{name}.attention_output"
        return self.linear(context, name, self.config.hidden_size, name, bias=self.config.attention_bias)

    def _feed_forward(self, name: str, layer: LayerConfig, x: str) -> str:
        config, size = self.config, layer.intermediate_size
        inner = self.linear(x, f"{name}.up", size, f"{name}.up", bias=config.feed_forward_bias)
        inner = self.activation(inner, "hidden_act", f"{name}.activation")
        if config.is_gated:
            gate = self.linear(x, f"{name}.gate", size, f"{name}.gate", bias=config.feed_forward_bias)
            inner = self.b.op("mul", inner, gate, name=f"{name}.gated")
        return self.linear(inner, f"{name}.down", config.hidden_size, f"{name}.down", bias=config.feed_forward_bias)
