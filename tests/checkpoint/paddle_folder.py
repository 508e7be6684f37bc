"""Writes a Hugging Face checkpoint as PaddleNLP would have saved it, with NumPy and pickle alone."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

CLASSES = {
    "bert": "Bert",
    "ernie": "Ernie",
    "roberta": "Roberta",
    "electra": "Electra",
    "albert": "Albert",
    "nezha": "NeZha",
}
HEADS = {
    "feature-extraction": "Model",
    "text-classification": "ForSequenceClassification",
    "token-classification": "ForTokenClassification",
    "question-answering": "ForQuestionAnswering",
    "multiple-choice": "ForMultipleChoice",
    "fill-mask": "ForMaskedLM",
}
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json")
_BERT = {
    r"^(bert\.|ernie\.|roberta\.|electra\.|)encoder\.layer\.": r"\1encoder.layers.",
    r"attention\.self\.query": "self_attn.q_proj",
    r"attention\.self\.key": "self_attn.k_proj",
    r"attention\.self\.value": "self_attn.v_proj",
    r"attention\.output\.dense": "self_attn.out_proj",
    r"attention\.output\.LayerNorm": "norm1",
    r"intermediate\.dense": "linear1",
    r"(layers\.\d+)\.output\.dense": r"\1.linear2",
    r"(layers\.\d+)\.output\.LayerNorm": r"\1.norm2",
    r"embeddings\.LayerNorm": "embeddings.layer_norm",
    r"predictions\.transform\.LayerNorm": "predictions.layer_norm",
    r"predictions\.transform\.dense": "predictions.transform",
    r"cls\.predictions\.bias": "cls.predictions.decoder_bias",
    r"generator_predictions\.LayerNorm": "generator_predictions.layer_norm",
    r"generator_lm_head\.bias": "generator_lm_head_bias",
    r"sequence_summary\.summary": "sequence_summary.dense",
    r"^qa_outputs": "classifier",
}
_NEZHA = {
    r"attention\.self\.": "attention.",
    r"attention\.output\.dense": "attention.dense",
    r"attention\.output\.LayerNorm": "attention.layer_norm",
    r"intermediate\.dense": "ffn",
    r"(layer\.\d+)\.output\.dense": r"\1.ffn_output",
    r"(layer\.\d+)\.output\.LayerNorm": r"\1.layer_norm",
    r"embeddings\.LayerNorm": "embeddings.layer_norm",
    r"predictions\.transform\.LayerNorm": "predictions.layer_norm",
    r"predictions\.transform\.dense": "predictions.dense",
    r"cls\.predictions\.bias": "cls.predictions.decoder_bias",
    r"^qa_outputs": "classifier",
}
_ALBERT = {r"^albert\.": "transformer.", r"\.LayerNorm": ".layer_norm"}
NAMES = {**dict.fromkeys(CLASSES, _BERT), "nezha": _NEZHA, "albert": _ALBERT}
_AS_IN_TORCH = re.compile(r"_embeddings\.weight|decoder\.weight")


def write(
    source: Path,
    folder: Path,
    family: str,
    task: str,
    *,
    protocol: int = 4,
    dtype: str = "float32",
    older: bool = False,
    safe: bool = False,
) -> Path:
    """The folder of a model saved by PaddleNLP; ``older`` nests its configuration, ``safe`` writes safetensors."""
    folder.mkdir(parents=True)
    for name in TOKENIZER:
        if (source / name).is_file():
            (folder / name).write_bytes((source / name).read_bytes())
    class_name = _class_name(family, task)
    config = _config(json.loads((source / "config.json").read_text()), class_name, older=older)
    (folder / ("model_config.json" if older else "config.json")).write_text(json.dumps(config))
    tensors = arrays(source, family, dtype)
    if safe:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "np"})
    else:
        save_pickle(tensors, folder / "model_state.pdparams", protocol)
    return folder


def arrays(source: Path, family: str, dtype: str = "float32") -> dict[str, np.ndarray]:
    """The tensors as Paddle lays them out, by PaddleNLP's names."""
    found = {}
    for name, values in load_file(source / "model.safetensors").items():
        is_linear = values.ndim == 2 and not _AS_IN_TORCH.search(name)
        own = name
        for theirs, ours in NAMES[family].items():
            own = re.sub(theirs, ours, own)
        found[own] = _stored(np.ascontiguousarray(values.T if is_linear else values), dtype)
    return found


def save_pickle(tensors: dict[str, np.ndarray], path: Path, protocol: int = 4) -> None:
    """As ``paddle.save`` does: the arrays, and beside them the names of the parameters they were."""
    structure = {name: f"linear_{i}.w_0" for i, name in enumerate(tensors)}
    content = {**tensors, "StructuredToParameterName@@": structure}
    path.write_bytes(pickle.dumps(content, protocol=protocol))


def bfloat16(values: np.ndarray) -> np.ndarray:
    """The upper halves of float32's bits, as uint16: cut, not rounded."""
    return (np.ascontiguousarray(values, np.float32).view(np.uint32) >> 16).astype(np.uint16)


def _stored(values: np.ndarray, dtype: str) -> np.ndarray:
    return bfloat16(values) if dtype == "bfloat16" else values.astype(dtype)


def _class_name(family: str, task: str) -> str:
    if (family, task) == ("electra", "fill-mask"):
        return "ElectraGenerator"
    return CLASSES[family] + HEADS[task]


def _config(config: dict[str, Any], class_name: str, *, older: bool) -> dict[str, Any]:
    kept = {key: value for key, value in config.items() if key not in ("architectures", "transformers_version")}
    if not older:
        return {**kept, "architectures": [class_name], "paddlenlp_version": None}
    kept.pop("model_type")
    base = {"init_args": [{**kept, "init_class": f"{class_name.partition('For')[0].removesuffix('Model')}Model"}]}
    return {**base, "num_classes": 3, "init_class": class_name}
