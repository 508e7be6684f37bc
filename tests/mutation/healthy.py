"""The healthy bundles: families, tasks, formats and precisions, any length and fixed ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from .harness import Healthy

MERGES = ("t h", "Ġ th", "Ġth e", "i n", "a n", "Ġ a", "o n", "e r", "r e", "Ġ w", "an d", "in g")
PIECES = (
    "▁the",
    "the",
    "▁to",
    "in",
    "▁in",
    "ing",
    "er",
    "re",
    "on",
    "an",
    "and",
    "▁a",
    "▁w",
    "th",
    "▁th",
    "ch",
    "上午",
)
ALL_REWRITES = ("slice_last_layer", "preadd_embeddings", "fold_attention_scale", "merge_qkv")
UNUSED_WORDS = 1800

# -- changes to a checkpoint -------------------------------------------------------------------------------------------


def byte_level(folder: Path) -> None:
    """RoBERTa's byte-level BPE: all bytes and a few merges."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    symbols = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet()), *(merge.replace(" ", "") for merge in MERGES)]
    vocabulary = {token: i for i, token in enumerate(symbols)}
    first, second = zip(*(merge.split(" ") for merge in MERGES), strict=True)
    tokenizer = Tokenizer(models.BPE(vocabulary, list(zip(first, second, strict=True))))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, False)
    _replace_tokenizer(folder, tokenizer)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), "utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *MERGES, ""]), "utf-8")


def unigram(folder: Path) -> None:
    """XLM-R's Unigram over metaspaced, NFKC-normalized text."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    letters = ["▁", *(chr(code) for code in range(33, 127))]
    pieces = [(piece, -3.0 - 0.1 * i) for i, piece in enumerate(PIECES)]
    pieces += [(letter, -8.0 - 0.01 * i) for i, letter in enumerate(letters)]
    tokenizer = Tokenizer(models.Unigram([*((token, 0.0) for token in special), *pieces, ("<mask>", 0.0)], unk_id=3))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens([*special, "<mask>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    _replace_tokenizer(folder, tokenizer)


def _replace_tokenizer(folder: Path, tokenizer: Any) -> None:
    (folder / "vocab.txt").unlink()
    tokenizer.save(str(folder / "tokenizer.json"))


def added_token(folder: Path) -> None:
    """A token that the user added, which the sample texts have."""
    from tokenizers import AddedToken, Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_tokens([AddedToken("café", normalized=False)])
    tokenizer.save(str(folder / "tokenizer.json"))


def cased_by_settings(folder: Path) -> None:
    """tokenizer_config.json says that case counts, tokenizer.json that it does not: the former is right."""
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text("utf-8"))
    settings |= {"tokenizer_class": "BertTokenizer", "do_lower_case": False}
    path.write_text(json.dumps(settings), "utf-8")


def large_vocabulary(folder: Path) -> None:
    """Words that no sample text has, as most of a real vocabulary."""
    path = folder / "tokenizer.json"
    state = json.loads(path.read_text("utf-8"))
    words = state["model"]["vocab"]
    more = {f"unheard{i}": len(words) + i for i in range(UNUSED_WORDS)}
    state["model"]["vocab"] = {**words, **more}
    path.write_text(json.dumps(state, ensure_ascii=False), "utf-8")
    with (folder / "vocab.txt").open("a", encoding="utf-8") as file:
        file.writelines(f"{word}\n" for word in more)


def small_embeddings(folder: Path) -> None:
    """Embeddings as small as a trained model's, 0.04 each: beside their variance an epsilon counts."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tables = {name: tensor * np.float32(0.2) for name, tensor in tensors.items() if name.endswith("_embeddings.weight")}
    save_file({**tensors, **tables}, path, {"format": "pt"})


# -- bundles in which faults are planted -------------------------------------------------------------------------------

SEQUENCE, TOKENS, ANSWERS = "text-classification", "token-classification", "question-answering"
FEATURES, SIMILARITY, CHOICE, MASKED = "feature-extraction", "sentence-similarity", "multiple-choice", "fill-mask"

NAMED: Mapping[str, Any] = {
    "id2label": {0: "negative", 1: "neutral", 2: "positive"},
    "label2id": {"negative": 0, "neutral": 1, "positive": 2},
}
ANOTHER_SEED: Mapping[str, Any] = {"initializer_range": 0.03}
"""A configuration that differs in nothing that is read."""

BERT_ONNX = Healthy("bert onnx", "bert", SEQUENCE, "onnx", "fp32", config=NAMED, quick=True)
BERT_SHORT = Healthy("bert of 16 tokens", "bert", SEQUENCE, "onnx", "fp32", (16,))
BERT_SMALL = Healthy("bert of small embeddings", "bert", FEATURES, "onnx", "fp32", change=small_embeddings)
BERT_ADDED = Healthy(
    "bert with an added token", "bert", TOKENS, "onnx", "fp32", change=added_token, config={"vocab_size": 200}
)
BERT_WORDY = Healthy(
    "bert of many words", "bert", FEATURES, "openvino", "fp16", change=large_vocabulary, config={"vocab_size": 2000}
)
BERT_TFLITE = Healthy("bert tflite", "bert", SEQUENCE, "tflite", "fp32", config=NAMED)
BERT_FP16 = Healthy("bert tflite fp16", "bert", SEQUENCE, "tflite", "fp16", config=NAMED)
BERT_INT8 = Healthy("bert tflite int8", "bert", SEQUENCE, "tflite", "int8", config=NAMED)
BERT_TWIN = Healthy("another bert", "bert", SEQUENCE, "tflite", "fp32", config={**NAMED, **ANOTHER_SEED})
BERT_ANDROID = Healthy("bert android", "bert", SEQUENCE, "android", "int8", (32, 64), quick=True)
BERT_FIXED = Healthy("bert of fixed lengths", "bert", ANSWERS, "tflite", "fp32", (16, 32, 64), quick=True)
ROBERTA = Healthy("roberta", "roberta", TOKENS, "tflite", "fp32")
ROBERTA_SHORT = Healthy("roberta of 32 tokens", "roberta", TOKENS, "tflite", "fp32", request={"max_length": 32})
ROBERTA_BPE = Healthy(
    "roberta of bytes",
    "roberta",
    SEQUENCE,
    "onnx",
    "fp16",
    config={"vocab_size": 300, "problem_type": "multi_label_classification"},
    change=byte_level,
)
CASED = Healthy("bert of case", "bert", FEATURES, "onnx", "int8", change=cased_by_settings)
XLMR = Healthy("xlm-r", "xlm-roberta", TOKENS, "openvino", "int8", config={"vocab_size": 300}, change=unigram)
CAMEMBERT = Healthy("camembert", "camembert", MASKED, "onnx", "int8")
DISTILBERT = Healthy("distilbert", "distilbert", ANSWERS, "openvino", "fp16")
DISTILBERT_SERVER = Healthy("distilbert on a server", "distilbert", SEQUENCE, "cpu-server", "int8")
ELECTRA = Healthy("electra", "electra", FEATURES, "coreml", "fp32")
ELECTRA_IOS = Healthy("electra ios", "electra", SEQUENCE, "ios", "fp16", (32,), quick=True)
ELECTRA_TWIN = Healthy("another electra", "electra", SEQUENCE, "ios", "fp16", (32,), config=ANOTHER_SEED)
ALBERT = Healthy(
    "albert of groups",
    "albert",
    SEQUENCE,
    "openvino",
    "fp32",
    config={"num_hidden_layers": 4, "num_hidden_groups": 2},
)
ALBERT_COREML = Healthy("albert coreml", "albert", MASKED, "coreml", "int8")
ERNIE = Healthy("ernie", "ernie", CHOICE, "onnx", "int8")
ERNIE_COREML = Healthy(
    "ernie coreml", "ernie", CHOICE, "coreml", "fp16", (32, 64), request={"options": {"minimum_ios": "18"}}
)
MPNET = Healthy("mpnet", "mpnet", SIMILARITY, "openvino", "fp32", sentence={}, quick=True)
MPNET_TFLITE = Healthy("mpnet tflite", "mpnet", SIMILARITY, "tflite", "int8", (16, 64), sentence={})
SENTENCE = Healthy(
    "sentence onnx",
    "bert",
    SIMILARITY,
    "onnx",
    "fp16",
    sentence={"pooling": ("cls", "max", "mean"), "dense": "Tanh", "normalize": False},
)
SENTENCE_TFLITE = Healthy("sentence tflite", "bert", SIMILARITY, "tflite", "int8", sentence={})
STATIC = Healthy("bert static", "bert", FEATURES, "onnx", "int8-static", quick=True)
STATIC_TWIN = Healthy("another bert static", "bert", FEATURES, "onnx", "int8-static", config=ANOTHER_SEED)
STATIC_MIXED = Healthy("distilbert static in part", "distilbert", ANSWERS, "tflite", "int8-static")
STATIC_OPENVINO = Healthy("bert static openvino", "bert", TOKENS, "openvino", "int8-static")
STATIC_TFLITE = Healthy("roberta static tflite", "roberta", TOKENS, "tflite", "int8-static", quick=True)
STATIC_COREML = Healthy("electra static coreml", "electra", FEATURES, "coreml", "int8-static")
INT4 = Healthy("electra int4", "electra", FEATURES, "onnx", "int4", quick=True)
INT4_TFLITE = Healthy(
    "electra int4 tflite", "electra", FEATURES, "tflite", "int4", request={"options": {"minimum_runtime": "2.21"}}
)
BF16 = Healthy("bert bf16", "bert", SEQUENCE, "onnx", "bf16")
RELU = Healthy("bert of relu", "bert", SEQUENCE, "coreml", "fp16", config={"hidden_act": "relu"})

# -- and some more -----------------------------------------------------------------------------------------------------

HEALTHY = (
    BERT_ONNX,
    BERT_SHORT,
    BERT_SMALL,
    BERT_ADDED,
    BERT_WORDY,
    BERT_TFLITE,
    BERT_FP16,
    BERT_INT8,
    BERT_ANDROID,
    BERT_FIXED,
    ROBERTA,
    ROBERTA_SHORT,
    ROBERTA_BPE,
    CASED,
    XLMR,
    CAMEMBERT,
    DISTILBERT,
    DISTILBERT_SERVER,
    ELECTRA,
    ELECTRA_IOS,
    ALBERT,
    ALBERT_COREML,
    ERNIE,
    ERNIE_COREML,
    MPNET,
    MPNET_TFLITE,
    SENTENCE,
    SENTENCE_TFLITE,
    STATIC,
    STATIC_MIXED,
    STATIC_OPENVINO,
    STATIC_TFLITE,
    STATIC_COREML,
    INT4,
    INT4_TFLITE,
    BF16,
    RELU,
    Healthy("no rewrites", "bert", SEQUENCE, "openvino", "int8", request={"without_rewrites": ALL_REWRITES}),
    Healthy("24 tokens", "distilbert", TOKENS, "onnx", "int8", request={"max_length": 24}),
    Healthy("features of a classifier", "roberta", FEATURES, "tflite", "int8", head=SEQUENCE),
    Healthy("similarity of a plain encoder", "electra", SIMILARITY, "coreml", "int8", (64,), head=FEATURES),
    Healthy(
        "per-channel kernels", "albert", TOKENS, "tflite", "int8", request={"options": {"minimum_runtime": "2.17"}}
    ),
    Healthy(
        "a regression", "xlm-roberta", SEQUENCE, "onnx", "fp32", config={"num_labels": 1, "problem_type": "regression"}
    ),
    Healthy("fifty labels", "camembert", TOKENS, "ios", "fp16", config={"num_labels": 50}),
)
