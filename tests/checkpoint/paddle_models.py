"""PaddleNLP's models of BERT's kind, written with paddle.nn alone under its names: run in Paddle's own environment.

``python paddle_models.py FOLDER`` saves a tiny random model of every family and head there, as PaddleNLP would, and
beside each ``NAME.npz`` with a padded batch and what Paddle answers to it. The classes follow PaddleNLP 2.8's forward
passes; of its own classes they hold the same state dictionaries.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional

SIZES = {
    "vocab_size": 120,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 64,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}
FAMILIES = {
    "ernie": ("Ernie", {"type_vocab_size": 4, "use_task_id": True, "task_type_vocab_size": 3}),
    "bert": ("Bert", {}),
    "roberta": ("Roberta", {}),
    "electra": ("Electra", {"embedding_size": 24}),
}
HEADS = {
    "feature-extraction": "Model",
    "text-classification": "ForSequenceClassification",
    "token-classification": "ForTokenClassification",
    "question-answering": "ForQuestionAnswering",
    "multiple-choice": "ForMultipleChoice",
    "fill-mask": "ForMaskedLM",
}
LABELS = {"question-answering": 2, "multiple-choice": 1}


class Embeddings(nn.Layer):
    def __init__(self, family: str, config: dict[str, Any]) -> None:
        super().__init__()
        size = config.get("embedding_size", config["hidden_size"])
        self.offset = 1 + config["pad_token_id"] if family == "roberta" else 0
        self.word_embeddings = nn.Embedding(config["vocab_size"], size)
        self.position_embeddings = nn.Embedding(config["max_position_embeddings"], size)
        self.token_type_embeddings = nn.Embedding(config["type_vocab_size"], size)
        if config.get("use_task_id"):
            self.task_type_embeddings = nn.Embedding(config["task_type_vocab_size"], size)
        self.layer_norm = nn.LayerNorm(size)

    def forward(self, ids: Any, types: Any, mask: Any) -> Any:
        positions = paddle.cumsum(paddle.ones_like(ids), axis=1) - 1
        if self.offset:  # padding has the position before the first
            positions = paddle.cumsum(mask, axis=1) * mask + self.offset - 1
        x = self.word_embeddings(ids) + self.position_embeddings(positions) + self.token_type_embeddings(types)
        if hasattr(self, "task_type_embeddings"):
            x = x + self.task_type_embeddings(paddle.zeros_like(ids))
        return self.layer_norm(x)


class Dense(nn.Layer):
    """A pooler, or ELECTRA's summary: a layer over the first token."""

    def __init__(self, size: int, activation: Any) -> None:
        super().__init__()
        self.dense = nn.Linear(size, size)
        self.activation = activation

    def forward(self, hidden: Any) -> Any:
        return self.activation(self.dense(hidden[:, 0]))


class Encoder(nn.Layer):
    def __init__(self, family: str, config: dict[str, Any]) -> None:
        super().__init__()
        size = config["hidden_size"]
        self.embeddings = Embeddings(family, config)
        if "embedding_size" in config:
            self.embeddings_project = nn.Linear(config["embedding_size"], size)
        layer = nn.TransformerEncoderLayer(
            size, config["num_attention_heads"], config["intermediate_size"], dropout=0.0, activation="gelu"
        )
        self.encoder = nn.TransformerEncoder(layer, config["num_hidden_layers"])
        if family != "electra":
            self.pooler = Dense(size, paddle.tanh)

    def forward(self, ids: Any, types: Any, mask: Any) -> Any:
        x = self.embeddings(ids, types, mask)
        if hasattr(self, "embeddings_project"):
            x = self.embeddings_project(x)
        return self.encoder(x, (1.0 - mask.astype("float32")).unsqueeze([1, 2]) * -1e4)


class Classifier(nn.Layer):
    """RoBERTa's and ELECTRA's, over the first token."""

    def __init__(self, size: int, labels: int, activation: Any) -> None:
        super().__init__()
        self.dense = nn.Linear(size, size)
        self.out_proj = nn.Linear(size, labels)
        self.activation = activation

    def forward(self, hidden: Any) -> Any:
        return self.out_proj(self.activation(self.dense(hidden[:, 0])))


class Decoder(nn.Layer):
    """Over the vocabulary; its weight lies as torch's do."""

    def __init__(self, size: int, vocab_size: int) -> None:
        super().__init__()
        self.weight = self.create_parameter([vocab_size, size])
        self.bias = self.create_parameter([vocab_size], is_bias=True)

    def forward(self, x: Any) -> Any:
        return functional.linear(x, self.weight.T, self.bias)


class Words(nn.Layer):
    """The head of masked words: ``transform`` in BERT and ERNIE, ``dense`` in RoBERTa."""

    def __init__(self, config: dict[str, Any], first: str, bias: str) -> None:
        super().__init__()
        size = config["hidden_size"]
        self.first = first
        setattr(self, first, nn.Linear(size, size))
        self.layer_norm = nn.LayerNorm(size)
        self.decoder = Decoder(size, config["vocab_size"])
        setattr(self, bias, self.decoder.bias)

    def forward(self, hidden: Any) -> Any:
        return self.decoder(self.layer_norm(functional.gelu(getattr(self, self.first)(hidden))))


class Generator(nn.Layer):
    """ELECTRA's head of masked words, before the tied decoder."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.dense = nn.Linear(config["hidden_size"], config["embedding_size"])
        self.layer_norm = nn.LayerNorm(config["embedding_size"])

    def forward(self, hidden: Any) -> Any:
        return self.layer_norm(functional.gelu(self.dense(hidden)))


class Model(nn.Layer):
    """An encoder with the head of a task."""

    def __init__(self, family: str, task: str, config: dict[str, Any]) -> None:
        super().__init__()
        self.family, self.task = family, task
        size, labels = config["hidden_size"], LABELS.get(task, 3)
        setattr(self, family, Encoder(family, config))
        if task == "fill-mask":
            self._add_words(config)
        elif task == "text-classification" and family in ("roberta", "electra"):
            self.classifier = Classifier(size, labels, paddle.tanh if family == "roberta" else functional.gelu)
        else:
            self.classifier = nn.Linear(size, labels)
            if (family, task) == ("electra", "multiple-choice"):
                self.sequence_summary = Dense(size, functional.gelu)

    def _add_words(self, config: dict[str, Any]) -> None:
        if self.family == "electra":
            self.generator_predictions = Generator(config)
            self.generator_lm_head_bias = self.create_parameter([config["vocab_size"]], is_bias=True)
        elif self.family == "roberta":
            self.lm_head = Words(config, "dense", "bias")
        else:
            self.cls = nn.Layer()
            self.cls.predictions = Words(config, "transform", "decoder_bias")

    def forward(self, ids: Any, types: Any, mask: Any) -> list[Any]:
        encoder = getattr(self, self.family)
        hidden = encoder(ids, types, mask)
        if self.task == "fill-mask":
            return [self._words(hidden)]
        if self.task == "question-answering":
            return list(self.classifier(hidden).unbind(axis=2))
        if self.task == "token-classification" or isinstance(self.classifier, Classifier):
            return [self.classifier(hidden)]
        pooled = self.sequence_summary(hidden) if hasattr(self, "sequence_summary") else encoder.pooler(hidden)
        return [self.classifier(pooled)]

    def _words(self, hidden: Any) -> Any:
        if self.family == "electra":
            table = self.electra.embeddings.word_embeddings.weight
            logits = paddle.matmul(self.generator_predictions(hidden), table, transpose_y=True)
            return logits + self.generator_lm_head_bias
        return self.lm_head(hidden) if self.family == "roberta" else self.cls.predictions(hidden)


class Bare(Encoder):
    """The encoder alone, whose names have no prefix."""

    def forward(self, ids: Any, types: Any, mask: Any) -> list[Any]:
        return [super().forward(ids, types, mask)]


def build(family: str, task: str, config: dict[str, Any], rng: np.random.Generator) -> nn.Layer:
    """A random model; LayerNorm's epsilon is 1e-12 as PaddleNLP sets it, where Paddle's own is 1e-5."""
    model = Bare(family, config) if task == "feature-extraction" else Model(family, task, config)
    for layer in model.sublayers():
        if isinstance(layer, nn.LayerNorm):
            layer._epsilon = 1e-12
    for name, parameter in model.named_parameters():
        noise = 0.2 * rng.standard_normal(parameter.shape).astype("float32")
        parameter.set_value(paddle.to_tensor(1 + noise if "norm" in name and name.endswith("weight") else noise))
    return model.eval()


def batch(rng: np.random.Generator, vocab_size: int) -> dict[str, np.ndarray]:
    """Three texts of 17, 9 and 3 tokens, padded."""
    ends, places = np.asarray([17, 9, 3])[:, None], np.arange(17)[None]
    mask = (places < ends).astype(np.int64)
    ids = rng.integers(5, vocab_size, mask.shape) * mask
    return {"input_ids": ids, "token_type_ids": (places >= ends // 2) * mask, "attention_mask": mask}


def main(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for family, (prefix, own) in FAMILIES.items():
        for task, ending in HEADS.items():
            config = {**SIZES, **own}
            class_name = "ElectraGenerator" if (family, task) == ("electra", "fill-mask") else prefix + ending
            model, inputs = build(family, task, config, rng), batch(rng, config["vocab_size"])
            with paddle.no_grad():
                outputs = model(*(paddle.to_tensor(array) for array in inputs.values()))
            place = folder / f"{family}-{task}"
            place.mkdir(parents=True)
            facts = {**config, "model_type": family, "architectures": [class_name], "paddlenlp_version": None}
            (place / "config.json").write_text(json.dumps(facts))
            paddle.save(model.state_dict(), str(place / "model_state.pdparams"))
            answers = {f"output_{i}": output.numpy() for i, output in enumerate(outputs)}
            np.savez(place.with_suffix(".npz"), **inputs, **answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
