"""A bundle of every task, by `edgelm export` of tiny random BERTs that are written here; and some with other rules."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from edgelm.bundle import MANIFEST, write_manifest
from edgelm.pipeline import ExportRequest, Plan, export
from edgelm.types import Verdict

HIDDEN, LAYERS, HEADS, UNITS, LENGTH = 16, 1, 2, 24, 64
INTENTS = ("PlayMusic", "GetWeather", "BookTable")
BIO = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
BMES = ("O", "B-PER", "M-PER", "E-PER", "S-PER", "B-LOC", "E-LOC", "S-LOC")
BILOU = ("O", "B-PER", "I-PER", "L-PER", "U-PER", "U-LOC")
PLAIN = ("O", "PER", "LOC", "ORG-UNIT")
PROMPTS = {"query": "query: ", "passage": "passage: ", "empty": ""}
Manifest = dict[str, Any]


@dataclass(frozen=True)
class Spec:
    """A checkpoint, and how it is exported."""

    tokenizer: str
    """The name of a tokenizer of the set."""
    architecture: str
    head: str | None = None
    """The tensors on top; None: the encoder alone."""
    labels: Sequence[str] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    crf: bool = False
    request: Mapping[str, Any] = field(default_factory=dict)
    special: Mapping[str, str] = field(default_factory=dict)
    """What tokenizer_config.json names, where the convention does not."""


_SEQUENCE, _TOKENS = "BertForSequenceClassification", "BertForTokenClassification"
SPECS: Mapping[str, Spec] = {
    "classifier": Spec("bert-uncased", _SEQUENCE, "classifier", ("bad", "so-so", "good")),
    "classifier-multi": Spec(
        "roberta", _SEQUENCE, "classifier", "abcd", {"problem_type": "multi_label_classification"}
    ),
    "reranker": Spec("bert-uncased", _SEQUENCE, "classifier", ("relevant",)),
    "tagger": Spec("bert-cased", _TOKENS, "classifier", BIO),
    "tagger-pieces": Spec("xlm-roberta", _TOKENS, "classifier", BIO),
    "tagger-bytes": Spec("roberta", _TOKENS, "classifier", BMES),
    "tagger-crf": Spec("bert-cased", _TOKENS, "classifier", BIO, crf=True),
    "joint": Spec("bert-uncased", "JointBERT", "joint", INTENTS),
    "joint-crf": Spec("bert-uncased", "JointBERT", "joint", INTENTS, crf=True),
    "answers": Spec("bert-uncased", "BertForQuestionAnswering", "qa_outputs", ("a", "b")),
    "answers-pieces": Spec("xlm-roberta", "BertForQuestionAnswering", "qa_outputs", ("a", "b")),
    "choices": Spec("bert-uncased", "BertForMultipleChoice", "choice"),
    "mask": Spec("bert-uncased", "BertForMaskedLM", "mask"),
    "mask-bytes": Spec("roberta", "BertForMaskedLM", "mask"),
    "features": Spec("bert-cased", "BertModel", request={"task": "feature-extraction"}),
    "similarity": Spec("bert-uncased", "BertModel", request={"task": "sentence-similarity"}),
    "similarity-prompts": Spec(
        "albert",
        "BertModel",
        request={"task": "sentence-similarity", "prompts": PROMPTS, "default_prompt": "query"},
    ),
}


def _rules(**own: Any) -> Callable[[Manifest], Manifest]:
    return lambda manifest: {**manifest, "decode": {**manifest["decode"], **own}}


def _labels(labels: Sequence[str], **rules: Any) -> Callable[[Manifest], Manifest]:
    return lambda manifest: {**_rules(**rules)(manifest), "labels": list(labels)}


def _field(tokens: str) -> Callable[[Manifest], Manifest]:
    return lambda manifest: _rules(crf={**manifest["decode"]["crf"], "tokens": tokens})(manifest)


DERIVED: Mapping[str, tuple[str, Callable[[Manifest], Manifest]]] = {
    "classifier-scores": ("classifier", _rules(activation="none")),
    "reranker-logits": ("reranker", _rules(activation="none")),
    "tagger-bilou": ("tagger", _labels((*BILOU[:2], *BILOU[3:]), tags="BMES")),
    "tagger-plain": ("tagger", _labels((*PLAIN, "B-"), tags="BIO")),
    "tagger-crf-text": ("tagger-crf", _field("text")),
    "tagger-crf-words": ("tagger-crf", _field("words")),
    "answers-short": ("answers", _rules(max_answer_length=3, max_seq_length=24, doc_stride=8)),
}
"""Bundles with the model of another and other rules: name -> whose, and the change."""


def write(folder: Path, tokenizers: Path) -> Iterator[Path]:
    """Every bundle under ``folder``, each proved; ``tokenizers`` is where the set's own lie."""
    for name, spec in SPECS.items():
        checkpoint = folder / "checkpoint"
        write_checkpoint(checkpoint, spec, tokenizers / spec.tokenizer / "tokenizer.json", seed=sum(name.encode()))
        place = folder / name
        plan = Plan(ExportRequest(str(checkpoint), ("onnx",), folder / "export", threads=1, **spec.request))
        (report,) = export(plan, lambda *_: None)
        assert report.verdict is Verdict.PASS, (name, report.checks)
        (folder / "export" / "onnx").rename(place)
        shutil.rmtree(folder / "export")
        shutil.rmtree(checkpoint)
        yield place
    for name, (base, change) in DERIVED.items():
        yield derived(folder / base, folder / name, change)


def derived(base: Path, place: Path, change: Callable[[Manifest], Manifest]) -> Path:
    """A copy of a bundle with a changed manifest, whole and signed again."""
    shutil.copytree(base, place)
    resign(place, change)
    return place


def resign(bundle: Path, change: Callable[[Manifest], Manifest] = lambda manifest: manifest) -> None:
    """Write a bundle's manifest again, with the digests of the files as they are now."""
    manifest = json.loads((bundle / MANIFEST).read_text("utf-8"))
    kept = {key: value for key, value in manifest.items() if key not in ("schema_version", "files")}
    write_manifest(bundle, change(kept))


def write_checkpoint(folder: Path, spec: Spec, tokenizer: Path, seed: int) -> None:
    """A folder as Hugging Face's ``save_pretrained`` leaves it, with random weights."""
    folder.mkdir(parents=True)
    shutil.copy(tokenizer, folder / "tokenizer.json")
    vocabulary = len(json.loads(tokenizer.read_text("utf-8"))["model"]["vocab"]) + 64  # and the tokens added behind it
    rng = np.random.default_rng(seed)
    tensors = {**_encoder(rng, vocabulary), **_head(rng, spec, vocabulary)}
    save_file({name: array.astype(np.float32) for name, array in tensors.items()}, folder / "model.safetensors")
    config = {
        "model_type": "bert",
        "architectures": [spec.architecture],
        "vocab_size": vocabulary,
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": UNITS,
        "max_position_embeddings": LENGTH,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "id2label": {str(i): label for i, label in enumerate(spec.labels)} or None,
        **({"slot_id2label": {str(i): label for i, label in enumerate(BIO)}} if spec.head == "joint" else {}),
        **spec.config,
    }
    (folder / "config.json").write_text(json.dumps({k: v for k, v in config.items() if v is not None}), "utf-8")
    said = {"tokenizer_class": "BertTokenizer", "model_max_length": LENGTH, **spec.special}
    (folder / "tokenizer_config.json").write_text(json.dumps(said), "utf-8")


def _encoder(rng: np.random.Generator, vocabulary: int) -> dict[str, np.ndarray]:
    """Weights large enough that outputs differ from text to text."""
    shapes = {"word": vocabulary, "position": LENGTH, "token_type": 2}
    tensors = {
        f"bert.embeddings.{name}_embeddings.weight": rng.normal(0, 0.3, (rows, HIDDEN)) for name, rows in shapes.items()
    }
    tensors |= _norm(rng, "bert.embeddings.LayerNorm")
    for layer in range(LAYERS):
        at = f"bert.encoder.layer.{layer}"
        for name in ("query", "key", "value"):
            tensors |= _linear(rng, f"{at}.attention.self.{name}", HIDDEN, HIDDEN)
        tensors |= _linear(rng, f"{at}.attention.output.dense", HIDDEN, HIDDEN)
        tensors |= _norm(rng, f"{at}.attention.output.LayerNorm")
        tensors |= _linear(rng, f"{at}.intermediate.dense", UNITS, HIDDEN)
        tensors |= _linear(rng, f"{at}.output.dense", HIDDEN, UNITS)
        tensors |= _norm(rng, f"{at}.output.LayerNorm")
    return tensors | _linear(rng, "bert.pooler.dense", HIDDEN, HIDDEN)


def _head(rng: np.random.Generator, spec: Spec, vocabulary: int) -> dict[str, np.ndarray]:
    tensors: dict[str, np.ndarray] = {}
    if spec.head in ("classifier", "qa_outputs"):
        tensors = _linear(rng, spec.head, len(spec.labels), HIDDEN)
    elif spec.head == "choice":
        tensors = _linear(rng, "classifier", 1, HIDDEN)
    elif spec.head == "mask":
        tensors = {"cls.predictions.bias": rng.normal(0, 0.3, vocabulary)}
        tensors |= _linear(rng, "cls.predictions.transform.dense", HIDDEN, HIDDEN)
        tensors |= _norm(rng, "cls.predictions.transform.LayerNorm")
    elif spec.head == "joint":
        tensors = _linear(rng, "intent_classifier.linear", len(spec.labels), HIDDEN)
        tensors |= _linear(rng, "slot_classifier.linear", len(BIO), HIDDEN)
    return tensors | (_crf(rng, len(BIO)) if spec.crf else {})


def _crf(rng: np.random.Generator, labels: int) -> dict[str, np.ndarray]:
    return {
        "crf.transitions": rng.normal(0, 1, (labels, labels)),
        "crf.start_transitions": rng.normal(0, 1, labels),
        "crf.end_transitions": rng.normal(0, 1, labels),
    }


def _linear(rng: np.random.Generator, name: str, outputs: int, inputs: int) -> dict[str, np.ndarray]:
    return {f"{name}.weight": rng.normal(0, 0.4, (outputs, inputs)), f"{name}.bias": rng.normal(0, 0.2, outputs)}


def _norm(rng: np.random.Generator, name: str) -> dict[str, np.ndarray]:
    return {f"{name}.weight": rng.normal(1, 0.2, HIDDEN), f"{name}.bias": rng.normal(0, 0.2, HIDDEN)}
