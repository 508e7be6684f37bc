"""TensorFlow checkpoints as google-research published them: BERT, ALBERT and ELECTRA, and what is built as BERT is.

No well-kept library reads them without TensorFlow, so TensorFlow does in an environment of its own, once: the variables
go as safetensors into edgelm's cache, under the digest of the checkpoint's files.

The activation that these repositories call ``gelu`` is its tanh form, Hugging Face's ``gelu_new``.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgelm import environments, setups
from edgelm.checkpoint.files import inside, read_json, sha256_of
from edgelm.checkpoint.tensors import Entry, read_safetensors
from edgelm.errors import UnsupportedError, UsageError
from edgelm.remote import Call, RemoteRunner

_SCRIPT = Path(__file__).with_name("_tensorflow.py")
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"}
_NO_WEIGHTS = r"(adam|lamb|lars)_[mv]|/Adam|global_step|beta[12]_power|/ExponentialMovingAverage"
"""What an optimizer adds to a checkpoint."""
_KERAS = "_CHECKPOINTABLE_OBJECT_GRAPH"
_LATEST = re.compile(r'^model_checkpoint_path: "(.+)"$', re.MULTILINE)
"""In the file ``checkpoint`` that TensorFlow writes beside its checkpoints."""

_CONFIGS = {
    "bert_config.json": "bert",
    "albert_config.json": "albert",
    "electra_config.json": "electra",
    "discriminator.json": "electra",
    "generator.json": "electra",
}
"""The configurations published beside checkpoints; a config.json with Hugging Face's keys goes before them."""
_CLASS_NAMES = {"bert": "Bert", "albert": "Albert", "electra": "Electra", "nezha": "Nezha"}
_ELECTRA_HEAD_SIZE = 64
"""Of all published sizes; google-research/electra gives no configuration."""

_ALBERT_LAYER = re.compile(r"encoder/transformer/group_(\d+)/inner_group_(\d+)/")
_ALBERT = (
    ("attention_1/self/", "attention/"),
    ("attention_1/output/dense/", "attention/dense/"),
    ("LayerNorm_1/", "full_layer_layer_norm/"),
    ("ffn_1/intermediate/output/dense/", "ffn_output/"),
    ("ffn_1/intermediate/dense/", "ffn/"),
    ("cls/predictions/transform/", "predictions/"),
    ("cls/predictions/output_bias", "predictions/bias"),
    ("pooler/dense/", "pooler/"),
)
_HEADS = (
    ("cls/predictions/output_bias", "cls/predictions/bias"),
    ("cls/seq_relationship/output_", "cls/seq_relationship/"),
    ("cls/squad/output_", "qa_outputs/"),
    ("generator_predictions/output_bias", "generator_lm_head/bias"),
    ("discriminator_predictions/dense_1/", "discriminator_predictions/dense_prediction/"),
)
_SUFFIXES = {"kernel": "weight", "gamma": "weight", "weights": "weight", "beta": "bias"}


def matches(folder: Path) -> bool:
    """Whether a folder holds checkpoints of TensorFlow."""
    return any(folder.glob("*.index"))


def files(folder: Path) -> list[Path]:
    """The configuration, where there is one, and the checkpoint's index and data."""
    configs = [folder / name for name in ("config.json", *_CONFIGS) if (folder / name).is_file()]
    return [*configs, *_checkpoint_files(_prefix(folder))]


def read_config(folder: Path) -> dict[str, Any]:
    """The published configuration as Hugging Face's config.json has it, the class from the heads that are there.

    What a config.json says goes before it, for instance ``architectures`` of a fine-tuned head.
    """
    names = set(_variables(folder))
    own = read_json(folder / "config.json") if (folder / "config.json").is_file() else {}
    published = next((name for name in _CONFIGS if (folder / name).is_file()), None)
    if published:
        values = {"model_type": _CONFIGS[published], **read_json(folder / published)}
    elif own or "electra/embeddings/word_embeddings" not in names:
        values = {}
    else:
        values = _electra_config(_variables(folder))
    if "model_type" not in {**values, **own}:
        raise UsageError(
            f"{folder} has a TensorFlow checkpoint and no configuration.",
            hint=f"Put {', '.join(list(_CONFIGS)[:2])} or a config.json of Hugging Face's beside it.",
        )
    if values.get("use_relative_position"):
        values["model_type"] = "nezha"
    if values.get("hidden_act") == "gelu":
        values["hidden_act"] = "gelu_new"
    merged = {"layer_norm_eps": 1e-12, **values, **own}
    kind = _CLASS_NAMES.get(str(merged["model_type"]), "")
    is_generator = published == "generator.json"
    return {"architectures": [f"{kind}{_task_class(names, is_generator=is_generator)}"], **merged}


def read_tensors(folder: Path) -> dict[str, Entry]:
    """The variables under Hugging Face's names, kernels turned to [out, in]."""
    config = read_config(folder)
    model_type, variables = str(config["model_type"]), _variables(folder)
    if "bert/embeddings/word_embeddings_2" in variables:
        raise UnsupportedError(
            f"{folder} is an ALBERT of another layout than google-research's.",
            hint="Take the checkpoint of the same model that is published for google-research's code.",
        )
    is_generator = model_type == "electra" and str(config["architectures"][0]).endswith("MaskedLM")
    other_half = "discriminator" if is_generator else "generator"
    found: dict[str, Entry] = {}
    for name, entry in variables.items():
        if name.startswith(other_half):
            continue
        own = _renamed(name, model_type, is_generator=is_generator)
        found[own] = entry.turned() if name.endswith("/kernel") and len(entry.shape) == 2 else entry
    return found


def _task_class(names: set[str], *, is_generator: bool) -> str:
    """The class whose head a checkpoint holds: the examples' classifier, SQuAD's span, or the masked words'."""
    if "output_weights" in names:
        return "ForSequenceClassification"
    if "cls/squad/output_weights" in names:
        return "ForQuestionAnswering"
    if "cls/predictions/output_bias" in names or is_generator:
        return "ForMaskedLM"
    return "Model"


def _electra_config(variables: Mapping[str, Entry]) -> dict[str, Any]:
    """ELECTRA's configuration from the shapes of its variables."""
    shape = {name: entry.shape for name, entry in variables.items()}
    vocab_size, embedding_size = shape["electra/embeddings/word_embeddings"]
    intermediate = shape.get("electra/encoder/layer_0/intermediate/dense/kernel", (0, 0))
    layers = {name.split("/")[2] for name in shape if name.startswith("electra/encoder/layer_")}
    return {
        "model_type": "electra",
        "vocab_size": vocab_size,
        "embedding_size": embedding_size,
        "hidden_size": intermediate[0],
        "intermediate_size": intermediate[1],
        "num_hidden_layers": len(layers),
        "num_attention_heads": intermediate[0] // _ELECTRA_HEAD_SIZE,
        "max_position_embeddings": shape.get("electra/embeddings/position_embeddings", (0,))[0],
        "type_vocab_size": shape.get("electra/embeddings/token_type_embeddings", (0,))[0],
        "hidden_act": "gelu",
    }


# -- names -------------------------------------------------------------------------------------------------------------


def _renamed(name: str, model_type: str, *, is_generator: bool) -> str:
    """Hugging Face's name of a variable; ``is_generator`` takes ELECTRA's small half in place of its large one."""
    if name in ("output_weights", "output_bias"):
        name = f"classifier/{name.removeprefix('output_')}"
    if is_generator:
        name = name if name.startswith("electra/embeddings/") else re.sub("^electra/", "discriminator/", name)
        name = re.sub("^generator/", "electra/", name)
    if model_type == "albert":
        name = _ALBERT_LAYER.sub(r"encoder/albert_layer_groups/\1/albert_layers/\2/", name)
        name = re.sub(r"(albert_layers/\d+)/LayerNorm/", r"\1/attention/LayerNorm/", name)
        name = _replaced(name, _ALBERT)
    name = _replaced(name, _HEADS)
    name = re.sub("^bert/", f"{model_type}/", name)
    *parts, last = re.sub(r"layer_(\d+)/", r"layer/\1/", name).split("/")
    is_table = last.endswith("_embeddings")
    return ".".join((*parts, last, "weight") if is_table else (*parts, _SUFFIXES.get(last, last)))


def _replaced(name: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for theirs, ours in pairs:
        name = name.replace(theirs, ours)
    return name


# -- files -------------------------------------------------------------------------------------------------------------


def _prefix(folder: Path) -> Path:
    """The checkpoint of a folder without its endings: the only one, or the one that TensorFlow's own note names."""
    prefixes = [path.with_suffix("") for path in sorted(folder.glob("*.index"))]
    if len(prefixes) == 1:
        return prefixes[0]
    note = folder / "checkpoint"
    latest = _LATEST.search(note.read_text("utf-8", "replace")) if note.is_file() else None
    named = inside(folder, latest[1], note) if latest else None
    if named not in prefixes:
        raise UsageError(
            f"{folder} holds {len(prefixes)} checkpoints: {', '.join(path.name for path in prefixes)}.",
            hint="Leave one of them in the folder.",
        )
    return named


def _checkpoint_files(prefix: Path) -> list[Path]:
    data = sorted(prefix.parent.glob(f"{prefix.name}.data-*-of-*"))
    wanted = int(data[0].name.rpartition("-")[2]) if data and data[0].name.rpartition("-")[2].isdigit() else 1
    if len(data) != wanted:
        raise UsageError(
            f"{prefix.parent} lacks data files of {prefix.name}: there are {len(data)} of {wanted}.",
            hint="Download it again.",
        )
    return [prefix.with_name(f"{prefix.name}.index"), *data]


def _variables(folder: Path) -> dict[str, Entry]:
    """The variables by their own names, from the cache; read through TensorFlow where they are not there yet."""
    prefix = _prefix(folder)
    digests = "".join(sha256_of(path) for path in _checkpoint_files(prefix))
    place = environments.cache() / "tensorflow" / hashlib.sha256(digests.encode()).hexdigest()
    if not (place / "model.safetensors").is_file():
        _convert(prefix, place)
    found = read_safetensors(place / "model.safetensors")
    if _KERAS in found:
        raise UnsupportedError(
            f"{prefix} is a checkpoint of Keras objects, whose names depend on the program that made them.",
            hint="Save the model as safetensors where it was trained.",
        )
    return found


def _convert(prefix: Path, place: Path) -> None:
    from safetensors.numpy import save_file

    environment = setups.require("tensorflow", f"Reading {prefix.name}")
    runner = RemoteRunner(
        f"{prefix.name} in {environment.told(setups.SET_UPS['tensorflow'].name)}",
        [str(environment.python), "-I", "-B"],
        {**os.environ, **_QUIET},
        Call(
            str(_SCRIPT),
            "open_variables",
            {"prefix": str(prefix.resolve()), "without": _NO_WEIGHTS},
            setups.SET_UPS["tensorflow"].imports,
        ),
        hint="Run: edgelm doctor --install tensorflow",
        refusal=UsageError,
    )
    runner.open()
    variables = runner({})
    with environments.building(place) as partial_place:
        save_file(variables, partial_place / "model.safetensors")
