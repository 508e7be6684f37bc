"""What the encoder graph promises beyond its values: signature, limits, layers of unequal width."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgelm.errors import UnsupportedError, UsageError
from edgelm.graph.canonical import ACTIVATIONS, Decoder, Dense, EncoderConfig, Head, Pooling
from edgelm.graph.heads import build_graph
from edgelm.graph.interpreter import Interpreter
from edgelm.graph.ir import Graph
from edgelm.types import TensorSpec

HIDDEN = Head("all", (), ("last_hidden_state",))
SPANS = Head("all", (Dense("qa_outputs", size=2),), ("start_logits", "end_logits"))


@pytest.mark.parametrize(("types", "names"), [(0, 2), (1, 2), (2, 3), (5, 3)])
def test_signature(types: int, names: int, random_weights: Any, encoder_config: Any) -> None:
    graph = build_graph(encoder_config(type_vocab_size=types), SPANS, random_weights(), 32)
    inputs, outputs = graph.signature
    expected = ("input_ids", "attention_mask", "token_type_ids")[:names]
    assert inputs == tuple(TensorSpec(name, "int32", ("batch", "length")) for name in expected)
    assert outputs == tuple(TensorSpec(name, "float32", ("batch", "length")) for name in ("start_logits", "end_logits"))


@pytest.mark.parametrize(
    ("head", "name", "shape"),
    [
        (HIDDEN, "last_hidden_state", ("batch", "length", 32)),
        (Head("first", (Dense("classifier"),)), "logits", ("batch", 3)),
        (Head("all", (Dense("classifier"),)), "logits", ("batch", "length", 3)),
        (Pooling(("mean", "max")), "sentence_embedding", ("batch", 64)),
        (Pooling(("mean",), (Dense("dense", "tanh", bias=False),), normalize=True), "sentence_embedding", ("batch", 3)),
    ],
)
def test_outputs(head: Any, name: str, shape: Any, random_weights: Any, encoder_config: Any) -> None:
    graph = build_graph(encoder_config(), head, random_weights(), 32)
    assert graph.signature[1] == (TensorSpec(name, "float32", shape),)
    assert not any("bias" in tensor.name and tensor.name.startswith("dense") for tensor in graph.constants)


@pytest.mark.parametrize("max_length", [0, -1, 33])
def test_maximum_length_beyond_the_table(max_length: int, random_weights: Any, encoder_config: Any) -> None:
    with pytest.raises(UsageError, match=rf"maximum length of {max_length} is outside 1 to 32") as raised:
        build_graph(encoder_config(), HIDDEN, random_weights(), max_length)
    assert "--max-length 32" in raised.value.hint


def test_text_longer_than_the_maximum(random_weights: Any, encoder_config: Any) -> None:
    run = Interpreter(build_graph(encoder_config(), HIDDEN, random_weights(), 8))
    with pytest.raises(UsageError, match="Index 8 is outside a table of 8 rows"):
        run({name: np.ones((1, 9), np.int32) for name in run.graph.inputs})


def test_unknown_activation(encoder_config: Any) -> None:
    with pytest.raises(UnsupportedError, match="Activation 'gelu_10' is not supported") as raised:
        encoder_config(hidden_act="gelu_10")
    assert "gelu_new" in raised.value.hint


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_is_hugging_faces(
    activation: str, random_weights: Any, encoder_config: Any, torch: Any
) -> None:
    from transformers.activations import ACT2FN

    graph = build_graph(encoder_config(((4, 8, 48),), hidden_act=activation), HIDDEN, random_weights(), 32)
    at = next(i for i, node in enumerate(graph.nodes) if node.output == "layers.0.activation")
    batch = {name: np.ones((1, 5), np.int32) for name in graph.inputs}
    watched = Graph(graph.inputs, ("layers.0.up", "layers.0.activation"), graph.nodes[: at + 1], graph.tensors)
    found = Interpreter(watched)(batch)
    expected = ACT2FN[activation](torch.from_numpy(found["layers.0.up"])).numpy()
    np.testing.assert_allclose(found["layers.0.activation"], expected, atol=1e-6)


def test_layers_of_unequal_width(random_weights: Any, encoder_config: Any) -> None:
    """Structured pruning: each layer has its own heads, head size and intermediate size."""
    graph = build_graph(encoder_config(((4, 8, 48), (1, 8, 5), (3, 2, 16))), HIDDEN, random_weights(), 32)
    shapes = {name: graph[f"layers.{name}"].shape for name in ("0.query", "1.query", "2.query", "1.up", "2.up")}
    assert [shape[-1] for shape in shapes.values()] == [32, 8, 6, 5, 16]
    assert graph["layers.2.scores"].shape == ("batch", 3, "length", "length")
    scales = [float(graph[node.inputs[1]].numpy()) for node in graph.nodes if node.output.endswith("scaled_scores")]
    np.testing.assert_allclose(scales, [8**-0.5, 8**-0.5, 2**-0.5], rtol=1e-6)


@pytest.mark.parametrize("head", [HIDDEN, SPANS, Pooling(("mean",), normalize=True), Pooling(("max",))])
def test_padding_and_batch_change_nothing(head: Any, random_weights: Any, encoder_config: Any) -> None:
    run = Interpreter(build_graph(encoder_config(), head, random_weights(), 32))
    rng = np.random.default_rng(3)
    batch = {name: rng.integers(0, 50, (3, 12), dtype=np.int32) for name in run.graph.inputs}
    batch["token_type_ids"] %= 2
    batch["attention_mask"] = np.asarray([[1] * 12, [1] * 5 + [0] * 7, [1] + [0] * 11], np.int32)
    together = run(batch)
    for row, length in enumerate((12, 5, 1)):
        alone = run({name: array[row : row + 1, :length] for name, array in batch.items()})
        for name, values in alone.items():
            kept = together[name][row : row + 1]
            by_token = run.graph[name].shape[1] == "length"
            np.testing.assert_allclose(values, kept[:, :length] if by_token else kept, atol=2e-6)


class FactorisedWords:
    """Weights whose word table is given as two factors, or with ``whole`` as their product."""

    def __init__(self, weights: Any, config: EncoderConfig, rank: int, *, whole: bool) -> None:
        self.weights, self.whole = weights, whole
        self.words, self.projection = (
            weights.get(name, (rows, rank))[1]
            for name, rows in (("words", config.vocab_size), ("projection", config.embedding_size))
        )

    def has(self, name: str) -> bool:
        return self.weights.has(name)

    def get(self, name: str, shape: tuple[int | None, ...]) -> tuple[str, np.ndarray]:
        own = {"embeddings.word.weight": self.words, "embeddings.word_projection.weight": self.projection}
        if self.whole:
            own = {"embeddings.word.weight": self.words @ self.projection.T}
        if name not in own:
            return self.weights.get(name, shape)
        assert own[name].shape == shape
        return name, own[name]


@pytest.mark.parametrize("rank", [1, 7, 32])
@pytest.mark.parametrize("size", [32, 12])
@pytest.mark.parametrize("decoder", [None, "tied", "untied"])
def test_factorised_words_are_their_product(
    rank: int, size: int, decoder: str | None, random_weights: Any, encoder_config: Any
) -> None:
    """The factors give what their product gives, as an embedding and, tied, as the decoder of a masked model."""
    layers = (Dense("transform", size=size), Decoder("decoder.weight", "decoder.bias"))
    head = HIDDEN if decoder is None else Head("all", layers)
    absent = (*(["embeddings.projection"] if size == 32 else []), *(["decoder.weight"] if decoder == "tied" else []))
    config = encoder_config(embedding_size=size)
    weights = [FactorisedWords(random_weights(absent), config, rank, whole=whole) for whole in (True, False)]
    whole = build_graph(config, head, weights[0], 32)
    factorised = build_graph(replace(config, word_rank=rank), head, weights[1], 32)
    assert factorised.signature == whole.signature
    assert factorised["embeddings.word.weight"].shape == (50, rank)
    rng = np.random.default_rng(rank)
    batch = {name: rng.integers(0, 2, (2, 9), dtype=np.int32) for name in whole.inputs}
    batch["input_ids"] = rng.integers(0, 50, (2, 9), dtype=np.int32)
    expected, found = Interpreter(whole)(batch), Interpreter(factorised)(batch)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=1e-5)
