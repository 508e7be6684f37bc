"""PaddleNLP's folders: model_state.pdparams or model.safetensors, config.json or the older model_config.json.

Paddle keeps a linear layer's weight as [in, out], where torch has [out, in], and PaddleNLP has names of its own for
BERT's parts. Embeddings and the decoder over the vocabulary lie as they do in torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from edgelm.checkpoint.files import read_json
from edgelm.checkpoint.pdparams import read_pdparams
from edgelm.checkpoint.tensors import Entry, read_safetensors, weight_files
from edgelm.errors import UnsupportedError

_WEIGHTS = ("model.safetensors", "model_state.pdparams")
"""The files PaddleNLP writes, in the order it looks for them."""
_BFLOAT16 = {"U16": "BF16"}
"""NumPy, through which PaddleNLP writes, has no bfloat16."""

_CLASSES = {
    "Ernie": ("ernie", "Ernie"),
    "Bert": ("bert", "Bert"),
    "TinyBert": ("bert", "Bert"),
    "Roberta": ("roberta", "Roberta"),
    "Electra": ("electra", "Electra"),
    "NeZha": ("nezha", "Nezha"),
    "Albert": ("albert", "Albert"),
}
"""How PaddleNLP's classes begin -> Hugging Face's model_type, and how its classes begin."""
_CLASS = re.compile(rf"({'|'.join(_CLASSES)})(Model|For[A-Z]\w+|Generator|Discriminator)")
_MODEL_TYPES = {"tinybert": "bert"}
"""PaddleNLP's model_type where Hugging Face's is another."""
_ENDINGS = {"ForPretraining": "ForPreTraining", "Generator": "ForMaskedLM", "Discriminator": "ForPreTraining"}
_KEYS = {"num_classes": "num_labels"}
_BERT_SIZES = {"type_vocab_size": 16, "layer_norm_eps": 1e-12, "pad_token_id": 0}
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "ernie": _BERT_SIZES,
    "bert": _BERT_SIZES,
    "roberta": {**_BERT_SIZES, "vocab_size": 21128},
    "electra": {
        "vocab_size": 22608,
        "embedding_size": 768,
        "hidden_size": 768,
        "num_attention_heads": 12,
        "intermediate_size": 3072,
    },
    "nezha": {"type_vocab_size": 2},
    "albert": {"layer_norm_eps": 1e-12},
}
"""PaddleNLP's defaults where they are not Hugging Face's; the older files leave out what is the default."""
_FIXED: Mapping[str, Mapping[str, Any]] = {"ernie": {"layer_norm_eps": 1e-12}, "nezha": {"layer_norm_eps": 1e-12}}
"""What PaddleNLP computes with whatever the file says."""
_REQUIRED = {"pool_act": "tanh", "task_id": 0, "use_relative_position": True}
"""Keys that Hugging Face's models do not have, and the only value that gives what these compute."""

_LAYER = (
    ("encoder.layers.", "encoder.layer."),
    ("self_attn.q_proj.", "attention.self.query."),
    ("self_attn.k_proj.", "attention.self.key."),
    ("self_attn.v_proj.", "attention.self.value."),
    ("self_attn.out_proj.", "attention.output.dense."),
    ("norm1.", "attention.output.LayerNorm."),
    ("linear1.", "intermediate.dense."),
    ("linear2.", "output.dense."),
    ("norm2.", "output.LayerNorm."),
    ("embeddings.layer_norm.", "embeddings.LayerNorm."),
)
_DECODER = (
    ("predictions.decoder_weight", "predictions.decoder.weight"),
    ("predictions.decoder_bias", "predictions.bias"),
)
_BERT = (
    *_LAYER,
    ("tinybert.", "bert."),
    ("predictions.transform.", "predictions.transform.dense."),
    ("predictions.layer_norm.", "predictions.transform.LayerNorm."),
    *_DECODER,
)
_NAMES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "ernie": _BERT,
    "bert": _BERT,
    "roberta": _LAYER,
    "electra": (
        *_LAYER,
        ("generator_predictions.layer_norm.", "generator_predictions.LayerNorm."),
        ("generator_lm_head_bias", "generator_lm_head.bias"),
        ("sequence_summary.dense.", "sequence_summary.summary."),
    ),
    "nezha": (
        ("attention.query.", "attention.self.query."),
        ("attention.key.", "attention.self.key."),
        ("attention.value.", "attention.self.value."),
        ("attention.dense.", "attention.output.dense."),
        ("attention.layer_norm.", "attention.output.LayerNorm."),
        (".ffn.", ".intermediate.dense."),
        (".ffn_output.", ".output.dense."),
        ("embeddings.layer_norm.", "embeddings.LayerNorm."),
        ("predictions.dense.", "predictions.transform.dense."),
        ("predictions.layer_norm.", "predictions.transform.LayerNorm."),
        (".layer_norm.", ".output.LayerNorm."),
        *_DECODER,
    ),
    "albert": (("transformer.", "albert."), (".layer_norm.", ".LayerNorm.")),
}
"""Of each architecture, parts of PaddleNLP's names and what Hugging Face has there, in the order they apply."""
_AS_IN_TORCH = re.compile(r"(_embeddings|predictions\.decoder|lm_head\.decoder)[._]weight")
"""Two-dimensional weights that are no ``paddle.nn.Linear``."""


def matches(folder: Path) -> bool:
    """Whether PaddleNLP saved the model in a folder."""
    return wrote_safetensors(folder) or any(folder.glob("model_state*.pdparams"))


def wrote_safetensors(folder: Path) -> bool:
    """Whether a folder's safetensors are PaddleNLP's, which have Hugging Face's name."""
    from safetensors import SafetensorError, safe_open

    config = folder / "config.json"
    found = sorted(folder.glob("model*.safetensors"))
    if not found or not config.is_file() or "paddlenlp_version" not in read_json(config):
        return False
    try:
        with safe_open(found[0], framework="numpy") as file:
            return (file.metadata() or {}).get("format") in ("np", "pd")
    except (SafetensorError, OSError):
        return False


def files(folder: Path) -> list[Path]:
    """The configuration and the weights."""
    return [config_file(folder), *_weight_files(folder)]


def read_config(folder: Path) -> dict[str, Any]:
    """PaddleNLP's configuration as Hugging Face's config.json has it.

    UnsupportedError for a class whose head Hugging Face's models do not have, and for what changes what they compute.
    """
    source = config_file(folder)
    values = _flattened(read_json(source))
    name = next(iter(_strings(values.get("architectures"))), "")
    class_ = _CLASS.fullmatch(name)
    if name and class_ is None:
        raise UnsupportedError(
            f"{source}: PaddleNLP's {name} is not supported.", hint=f"Supported: models of {', '.join(_CLASSES)}."
        )
    model_type = _MODEL_TYPES.get(str(values.get("model_type")), values.get("model_type"))
    if class_ is not None:
        model_type, prefix = _CLASSES[class_[1]]
        values["architectures"] = [f"{prefix}{_ENDINGS.get(class_[2], class_[2])}"]
    known = str(model_type)
    _refuse(values, known, source)
    return {
        **_DEFAULTS.get(known, {}),
        **{_KEYS.get(key, key): value for key, value in values.items()},
        **_FIXED.get(known, {}),
        "model_type": model_type,
        **({"rectifies_pooled": True} if name == "TinyBertForSequenceClassification" else {}),
    }


def read_tensors(folder: Path) -> dict[str, Entry]:
    """The tensors under Hugging Face's names, linear weights turned to [out, in]."""
    config = read_config(folder)
    names = _NAMES.get(str(config["model_type"]), ())
    is_span = str(next(iter(_strings(config.get("architectures"))), "")).endswith("ForQuestionAnswering")
    found: dict[str, Entry] = {}
    for path in _weight_files(folder):
        for name, entry in _read(path).items():
            own = _renamed(name, names)
            own = re.sub(r"^classifier\.", "qa_outputs.", own) if is_span else own
            is_linear = len(entry.shape) == 2 and name.endswith("weight") and not _AS_IN_TORCH.search(name)
            found[own] = entry.turned() if is_linear else entry
    return found


def config_file(folder: Path) -> Path:
    """The configuration's place: of two, the newer form's."""
    newer, older = folder / "config.json", folder / "model_config.json"
    return older if older.is_file() and not newer.is_file() else newer


def _weight_files(folder: Path) -> list[Path]:
    return weight_files(folder, _WEIGHTS if wrote_safetensors(folder) else _WEIGHTS[1:])


def _flattened(config: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a configuration, whose older form keeps those of the encoder in ``init_args``."""
    values = {key: value for key, value in config.items() if key not in ("init_args", "init_class")}
    inner = config.get("init_args")
    for part in inner if isinstance(inner, list) else ():
        if isinstance(part, Mapping):
            values = {**_flattened(part), **values}
    if isinstance(config.get("init_class"), str):
        values["architectures"] = [config["init_class"]]
    return values


def _strings(value: object) -> Iterable[str]:
    return (item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _refuse(values: Mapping[str, Any], model_type: str, source: Path) -> None:
    """UnsupportedError for what Hugging Face's module of that name would compute in another way."""
    for key, only in _REQUIRED.items():
        if values.get(key, only) != only:
            raise UnsupportedError(f"{source}: {key} is {values[key]!r}; only {only!r} is supported.")
    if model_type == "electra" and values.get("hidden_act", "gelu") != "gelu":
        raise UnsupportedError(f"{source}: hidden_act is {values['hidden_act']!r}; ELECTRA's heads have 'gelu' alone.")


def _read(path: Path) -> dict[str, Entry]:
    if path.suffix == ".safetensors":
        return read_safetensors(path, _BFLOAT16)
    return {name: Entry(array.shape, array.values) for name, array in read_pdparams(path).items()}


def _renamed(name: str, names: Iterable[tuple[str, str]]) -> str:
    for theirs, ours in names:
        name = name.replace(theirs, ours)
    return name
