"""Writes a Hugging Face checkpoint as google-research published theirs, but for TensorFlow's own files."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

CONFIGS = {"bert": "bert_config.json", "albert": "albert_config.json", "electra": "electra_config.json"}
_KEYS = (
    "vocab_size",
    "embedding_size",
    "hidden_size",
    "num_hidden_layers",
    "num_hidden_groups",
    "inner_group_num",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
)
_COMMON = {
    r"^classifier\.(weight|bias)$": r"output_\1s",
    r"^qa_outputs\.(weight|bias)$": r"cls.squad.output_\1s",
    r"output_biass$": "output_bias",
    r"layer\.(\d+)": r"layer_\1",
    r"_embeddings\.weight$": "_embeddings",
    r"LayerNorm\.weight$": "LayerNorm.gamma",
    r"LayerNorm\.bias$": "LayerNorm.beta",
    r"layer_norm\.weight$": "layer_norm.gamma",
    r"layer_norm\.bias$": "layer_norm.beta",
}
NAMES = {
    "bert": {r"cls\.predictions\.bias": "cls.predictions.output_bias"},
    "electra": {
        r"generator_lm_head\.bias": "generator_predictions.output_bias",
        r"^electra\.(encoder|embeddings_project)": r"HALF.\1",
    },
    "albert": {
        r"^albert\.": "bert.",
        r"albert_layer_groups\.(\d+)\.albert_layers\.(\d+)": r"transformer.group_\1.inner_group_\2",
        r"attention\.(query|key|value)": r"attention_1.self.\1",
        r"attention\.dense": "attention_1.output.dense",
        r"attention\.LayerNorm": "LayerNorm",
        r"full_layer_layer_norm\.weight": "LayerNorm_1.gamma",
        r"full_layer_layer_norm\.bias": "LayerNorm_1.beta",
        r"ffn_output\.": "ffn_1.intermediate.output.dense.",
        r"ffn\.": "ffn_1.intermediate.dense.",
        r"^predictions\.bias": "cls.predictions.output_bias",
        r"^predictions\.": "cls.predictions.transform.",
        r"pooler\.": "pooler.dense.",
    },
}


def variables(source: Path, family: str, half: str = "electra") -> dict[str, np.ndarray]:
    """The variables as TensorFlow has them; ``half`` is ELECTRA's ``electra`` or ``generator``."""
    found = {}
    for name, values in load_file(source / "model.safetensors").items():
        own = name if re.match(rf"{family}\.|cls|classifier|qa_out|generator|predictions", name) else f"{family}.{name}"
        if "decoder" in own:
            continue  # the word embedding once more
        for theirs, ours in {**NAMES[family], **_COMMON}.items():
            own = re.sub(theirs, ours, own)
        own = own.replace("HALF", half).replace(".", "/")
        is_kernel = own.endswith("/weight")
        found[re.sub("/weight$", "/kernel", own)] = np.ascontiguousarray(values.T if is_kernel else values)
    return found


def write_config(source: Path, folder: Path, name: str) -> None:
    """The published configuration, with the tokenizer beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((source / "config.json").read_text())
    published = {key: config[key] for key in _KEYS if key in config}
    (folder / name).write_text(json.dumps({**published, "hidden_act": "gelu", "directionality": "bidi"}))
    for own in ("tokenizer.json", "tokenizer_config.json"):
        (folder / own).write_bytes((source / own).read_bytes())


def put_in_cache(found: dict[str, np.ndarray], folder: Path, cache: Path, stem: str = "bert_model.ckpt") -> None:
    """What is left of a checkpoint that TensorFlow has read once: its files, and the tensors under their digest."""
    parts = {f"{stem}.index": repr(sorted(found)).encode(), f"{stem}.data-00000-of-00001": b"weights"}
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    digests = "".join(hashlib.sha256(content).hexdigest() for content in parts.values())
    place = cache / "tensorflow" / hashlib.sha256(digests.encode()).hexdigest()
    place.mkdir(parents=True)
    save_file(found, place / "model.safetensors")
