"""The healthy bundles: families, tasks, formats and precisions, with and without fixed lengths."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from .harness import Healthy

BYTE_LEVEL_MERGES = ("t h", "Ġ th", "Ġth e", "i n", "a n", "Ġ a", "o n", "e r", "r e", "Ġ w", "an d", "in g")
PIECES = ("▁the", "the", "▁to", "in", "▁in", "ing", "er", "re", "on", "an", "and", "▁a", "▁w", "th", "▁th", "ch", "上", "上午")


def byte_level(folder: Path) -> None:
    """RoBERTa's byte-level BPE in the place of the folder's tokenizer: all bytes and a few merges."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    symbols = sorted(pre_tokenizers.ByteLevel.alphabet())
    merged = [merge.replace(" ", "") for merge in BYTE_LEVEL_MERGES]
    vocabulary = {token: i for i, token in enumerate([*special, *symbols, *merged])}
    merges = [tuple(merge.split(" ")) for merge in BYTE_LEVEL_MERGES]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, False)
    _replace_tokenizer(folder, tokenizer)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(BYTE_LEVEL_MERGES) + "\n", "utf-8")


def unigram(folder: Path) -> None:
    """XLM-R's Unigram over metaspaced, NFKC-normalized text in the place of the folder's tokenizer."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    letters = [chr(code) for code in range(33, 127)]
    pieces = [(token, 0.0) for token in special]
    pieces += [(piece, -3.0 - 0.1 * i) for i, piece in enumerate(PIECES)]
    pieces += [(token, -8.0 - 0.01 * i) for i, token in enumerate(["▁", *letters])]
    tokenizer = Tokenizer(models.Unigram([*pieces, ("<mask>", 0.0)], unk_id=3))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens([*special, "<mask>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    _replace_tokenizer(folder, tokenizer)


def small_embeddings(folder: Path) -> None:
    """Embeddings as small as a trained model's, 0.04 each: beside their variance an epsilon counts."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tables = {name: tensor * np.float32(0.2) for name, tensor in tensors.items() if name.endswith("_embeddings.weight")}
    save_file({**tensors, **tables}, path, {"format": "pt"})


def added_token(folder: Path) -> None:
    """A token that the user added, which the sample texts have."""
    path = folder / "tokenizer.json"
    from tokenizers import AddedToken, Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.add_tokens([AddedToken("café", normalized=False)])
    tokenizer.save(str(path))


def _replace_tokenizer(folder: Path, tokenizer: Any) -> None:
    (folder / "vocab.txt").unlink()
    tokenizer.save(str(folder / "tokenizer.json"))


ALBERT_GROUPS: Mapping[str, Any] = {"num_hidden_layers": 4, "num_hidden_groups": 2}
ROOMY: Mapping[str, Any] = {"vocab_size": 300}
"""Rows for the tokens of another tokenizer than the fixture's."""
LABELS = {"id2label": {0: "negative", 1: "neutral", 2: "positive"}, "label2id": {"negative": 0, "neutral": 1, "positive": 2}}

BERT_ONNX = Healthy("bert-onnx", "bert", "text-classification", "onnx", "fp32", config=LABELS, quick=True)
BERT_TFLITE = Healthy("bert-tflite", "bert", "text-classification", "tflite", "fp32", config=LABELS)
BERT_SMALL = Healthy(
    "bert-small-embeddings", "bert", "feature-extraction", "onnx", "fp32", change=small_embeddings
)
BERT_FIXED = Healthy("bert-fixed", "bert", "question-answering", "tflite", "fp32", (16, 32, 64), quick=True)
BERT_SHORT = Healthy("bert-short", "bert", "text-classification", "onnx", "fp32", (16,))
BERT_INT8 = Healthy("bert-android", "bert", "text-classification", "android", "int8", (32, 64))
BERT_ADDED = Healthy("bert-added-token", "bert", "token-classification", "onnx", "fp32", change=added_token, config={"vocab_size": 200})
ROBERTA_TFLITE = Healthy("roberta-tflite", "roberta", "token-classification", "tflite", "fp32", quick=True)
ROBERTA_BPE = Healthy("roberta-bpe", "roberta", "text-classification", "onnx", "fp16", config={"vocab_size": 300, "problem_type": "multi_label_classification"}, change=byte_level)
XLMR = Healthy("xlm-r-unigram", "xlm-roberta", "token-classification", "openvino", "int8", config=ROOMY, change=unigram)
CAMEMBERT = Healthy("camembert-onnx", "camembert", "fill-mask", "onnx", "int8")
DISTILBERT = Healthy("distilbert-openvino", "distilbert", "question-answering", "openvino", "fp16")
DISTILBERT_SERVER = Healthy("distilbert-server", "distilbert", "text-classification", "cpu-server", "int8")
ELECTRA_COREML = Healthy("electra-coreml", "electra", "feature-extraction", "coreml", "fp32")
ELECTRA_IOS = Healthy("electra-ios", "electra", "text-classification", "ios", "fp16", (32,))
ALBERT_COREML = Healthy("albert-coreml", "albert", "fill-mask", "coreml", "int8")
ALBERT_OPENVINO = Healthy("albert-openvino", "albert", "text-classification", "openvino", "fp32", config=ALBERT_GROUPS)
ERNIE_COREML = Healthy("ernie-coreml", "ernie", "multiple-choice", "coreml", "fp16", (32, 64), options={"minimum_ios": "18"})
ERNIE_ONNX = Healthy("ernie-onnx", "ernie", "multiple-choice", "onnx", "int8")
MPNET = Healthy("mpnet-openvino", "mpnet", "sentence-similarity", "openvino", "fp32", sentence={}, quick=True)
MPNET_TFLITE = Healthy("mpnet-tflite", "mpnet", "sentence-similarity", "tflite", "int8", (16, 64), sentence={})
SENTENCE = Healthy(
    "sentence-onnx",
    "bert",
    "sentence-similarity",
    "onnx",
    "fp16",
    sentence={"pooling": ("cls", "max", "mean"), "dense": "Tanh", "normalize": False},
)
SENTENCE_INT8 = Healthy("sentence-tflite", "bert", "sentence-similarity", "tflite", "int8", sentence={})
RELU_COREML = Healthy("relu-coreml", "bert", "text-classification", "coreml", "fp16", config={"hidden_act": "relu"})
BERT_FP16 = Healthy("bert-fp16", "bert", "text-classification", "tflite", "fp16", config=LABELS)
BERT_TWIN = Healthy("bert-twin", "bert", "text-classification", "tflite", "fp32", config={**LABELS, "initializer_range": 0.03})
BERT_TFLITE_INT8 = Healthy("bert-tflite-int8", "bert", "text-classification", "tflite", "int8", config=LABELS)
ELECTRA_TWIN = Healthy("electra-twin", "electra", "text-classification", "ios", "fp16", (32,), config={"initializer_range": 0.03})

HEALTHY = (
    BERT_ONNX, BERT_TFLITE, BERT_SMALL, BERT_FIXED, BERT_SHORT, BERT_INT8, BERT_ADDED, ROBERTA_TFLITE, ROBERTA_BPE,
    XLMR, CAMEMBERT, DISTILBERT, DISTILBERT_SERVER, ELECTRA_COREML, ELECTRA_IOS, ALBERT_COREML, ALBERT_OPENVINO,
    ERNIE_COREML, ERNIE_ONNX, MPNET, MPNET_TFLITE, SENTENCE, SENTENCE_INT8, RELU_COREML, BERT_FP16,
)
