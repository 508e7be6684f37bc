"""From a checkpoint's folder to a torch module and back: any family as itself, or as edgelm's own encoder."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file
from torch import nn
from transformers import PreTrainedModel

from edgelm.checkpoint import SETTINGS, TensorStore, open_checkpoint, read_sentence_modules
from edgelm.checkpoint.layouts import HUGGING_FACE, layout_of
from edgelm.errors import UnsupportedError, UsageError
from edgelm.families import Model
from edgelm.families.edgelm import EDGELM
from edgelm.graph.canonical import Decoder, Dense, Pooling
from edgelm.nn.configuration_edgelm import EdgeLMConfig
from edgelm.nn.modeling_edgelm import MODELS
from edgelm.nn.sentence import SentenceEncoder

AUTO_CLASSES = {
    "text-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "question-answering": "AutoModelForQuestionAnswering",
    "multiple-choice": "AutoModelForMultipleChoice",
    "fill-mask": "AutoModelForMaskedLM",
    "feature-extraction": "AutoModel",
}
"""transformers' class for each task that has one; sentence-similarity has a SentenceEncoder."""
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "spm.model",
    "30k-clean.model",
)
_POOLING_KEYS = {
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean": "pooling_mode_mean_tokens",
    "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
}
_TORCH_ACTIVATIONS = {
    None: "Identity",
    "tanh": "Tanh",
    "relu": "ReLU",
    "gelu": "GELU",
    "sigmoid": "Sigmoid",
    "silu": "SiLU",
}
_RECTIFIED = "{} rectifies what its classifier reads, as no class of transformers does: it can only be exported."
_LABEL_KEYS = ("id2label", "label2id", "problem_type")


def load(path: Path, task: str, **settings: Any) -> nn.Module:
    """The model of a folder in transformers' own class for the task, float32, in training's default state.

    ``settings`` go to ``from_pretrained``, for instance ``num_labels`` where the head is to be new. UsageError where
    the folder does not load. Of Paddle's and TensorFlow's folders it is the module with their weights.
    """
    modules = read_sentence_modules(path)
    folder = modules.transformer if modules else path
    name = AUTO_CLASSES.get(task, "AutoModel")
    try:
        with _quiet(), _as_hugging_face(folder) as place:
            model = getattr(transformers, name).from_pretrained(
                place, dtype=torch.float32, local_files_only=True, **settings
            )
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(f"transformers does not load {path} for {task}: {error}") from None
    if task != "sentence-similarity":
        return model
    opened = Model.open(open_checkpoint(str(path)))
    return _with_pooling(model, opened)


def canonical(path: Path, task: str) -> nn.Module:
    """The model of a folder of any family as edgelm's own encoder, float32: what is pruned and distilled.

    It gives what transformers' module of the folder gives. Layers that share weights (ALBERT) become layers of their
    own. UsageError when the folder has no head for the task.
    """
    opened = Model.open(open_checkpoint(str(path)))
    config = canonical_config(opened, task)
    name = AUTO_CLASSES.get(task, "AutoModel")
    config.architectures = [MODELS[name].__name__]
    with torch.device("meta"):
        model = MODELS[name](config)
    state = {key: _tensor(opened, task, key, value) for key, value in model.state_dict().items()}
    model.load_state_dict(state, assign=True)
    model.eval()
    return _with_pooling(model, opened) if task == "sentence-similarity" else model


def canonical_config(opened: Model, task: str) -> EdgeLMConfig:
    """What a checkpoint's config.json says, in edgelm's own encoder's terms; UnsupportedError where it has none."""
    source, encoder = opened.checkpoint.config, opened.encoder
    if encoder.beyond_bert:
        raise UnsupportedError(
            f"{opened.checkpoint.name} ({opened.family.name}) has {', '.join(encoder.beyond_bert)}: "
            "edgelm exports such encoders, but does not compress or distil them.",
            hint="Compress a model of BERT's form, such as bert, roberta, electra, albert or distilbert.",
        )
    head = opened.trained_head(opened.resolve_task(task))
    layers = () if isinstance(head, Pooling) else head.layers
    if any(isinstance(layer, Dense) and layer.before for layer in layers):
        raise UnsupportedError(_RECTIFIED.format(opened.checkpoint.name))
    classifier_act = layers[0].activation if len(layers) == 2 and isinstance(layers[0], Dense) else None
    values = {
        "classifier_act": encoder.hidden_act if classifier_act == "hidden_act" else classifier_act or "tanh",
        "tie_word_embeddings": all(_is_tied(opened, layer) for layer in layers if isinstance(layer, Decoder)),
        "embedding_projection": opened.weights.has("embeddings.projection.weight"),
        "hidden_dropout_prob": source.get("hidden_dropout_prob", source.get("dropout", 0.1)),
        "attention_probs_dropout_prob": source.get(
            "attention_probs_dropout_prob", source.get("attention_dropout", 0.1)
        ),
        "pad_token_id": source.get("pad_token_id", 0),
    }
    for key in _LABEL_KEYS:
        if source.get(key) is not None:
            values[key] = source[key]
    if "id2label" not in values and len(layers) and isinstance(layers[-1], Dense):
        values["num_labels"] = opened.weights.store.shape(_own_name(opened, f"{layers[-1].name}.weight"))[0]
    return EdgeLMConfig(
        vocab_size=encoder.vocab_size,
        embedding_size=encoder.embedding_size,
        hidden_size=encoder.hidden_size,
        num_hidden_layers=len(encoder.layers),
        attention_heads=[layer.num_attention_heads for layer in encoder.layers],
        head_sizes=[layer.head_size for layer in encoder.layers],
        intermediate_sizes=[layer.intermediate_size for layer in encoder.layers],
        word_rank=encoder.word_rank,
        hidden_act=encoder.hidden_act,
        max_position_embeddings=encoder.max_length,
        position_padding_idx=encoder.padding_idx,
        type_vocab_size=encoder.type_vocab_size,
        task_type_vocab_size=encoder.task_type_vocab_size,
        relative_attention_num_buckets=encoder.relative_attention_num_buckets,
        layer_norm_eps=encoder.layer_norm_eps,
        **values,
    )


def save(model: nn.Module, tokenizer: Path, folder: Path) -> None:
    """Write a model with the tokenizer files of a folder: an ordinary Hugging Face folder, whole or not at all.

    A SentenceEncoder becomes a sentence-transformers folder. UsageError where ``folder`` exists or cannot be written.
    """
    if folder.exists():
        raise UsageError(f"{folder} exists already.", hint="Name another folder with -o, or remove it.")
    beside = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        beside.mkdir(parents=True)
        encoder = model.encoder if isinstance(model, SentenceEncoder) else model
        with _quiet():
            encoder.save_pretrained(beside)
        copy_tokenizer(tokenizer, beside)
        if isinstance(model, SentenceEncoder):
            _write_modules(model, tokenizer, beside)
        beside.rename(folder)
    except OSError as error:
        raise UsageError(f"{folder} could not be written: {error}.", hint="Is the disk full?") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def _as_hugging_face(folder: Path) -> Iterator[Path]:
    """The folder itself, or of another framework's one for the while, with the same model as transformers saves it."""
    if layout_of(folder) is HUGGING_FACE:
        yield folder
        return
    opened = open_checkpoint(str(folder))
    if opened.config.get("rectifies_pooled"):
        raise UnsupportedError(_RECTIFIED.format(opened.name))
    store = TensorStore.open(folder)
    with tempfile.TemporaryDirectory() as place:
        _write_json(Path(place) / "config.json", dict(opened.config))
        tensors = {name: torch.from_numpy(store.get(name).copy()) for name in store}
        save_file(tensors, Path(place) / "model.safetensors", metadata={"format": "pt"})
        yield Path(place)


@contextmanager
def _quiet() -> Iterator[None]:
    """transformers without its warnings and progress bars."""
    logging = transformers.utils.logging
    level, has_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if has_bars:
            logging.enable_progress_bar()


def copy_tokenizer(source: Path, folder: Path) -> None:
    """Copy what makes a checkpoint's tokenizer, byte for byte."""
    modules = read_sentence_modules(source)
    for place in dict.fromkeys((modules.transformer if modules else source, source)):
        for name in TOKENIZER_FILES:
            if (place / name).is_file() and not (folder / name).exists():
                shutil.copyfile(place / name, folder / name)


def _is_tied(opened: Model, decoder: Decoder) -> bool:
    """Whether the output layer has no weights of its own, or the embedding's once more."""
    if not opened.weights.has(decoder.weight):
        return True
    shape = (opened.encoder.vocab_size, None)
    return bool(
        (opened.weights.get(decoder.weight, shape)[1] == opened.weights.get("embeddings.word.weight", shape)[1]).all()
    )


def _tensor(opened: Model, task: str, key: str, like: torch.Tensor) -> torch.Tensor:
    """A copy of the checkpoint's values of one of the module's tensors."""
    name = key.removeprefix(EDGELM.prefix)
    stem, _, suffix = name.rpartition(".")
    name = f"{_head_names(opened, task).get(stem, stem)}.{suffix}"
    return torch.from_numpy(opened.weights.get(name, tuple(like.shape))[1].copy())


def _head_names(opened: Model, task: str) -> dict[str, str]:
    """edgelm's name of each of the head's layers -> the checkpoint's."""
    if task == "sentence-similarity":
        return {}
    own = EDGELM.heads({})[task].layers
    head = opened.trained_head(opened.resolve_task(task))
    theirs = () if isinstance(head, Pooling) else head.layers
    if len(own) != len(theirs):
        raise UnsupportedError(f"The head of {opened.checkpoint.name} for {task} has another form than edgelm's.")
    return {
        name: other for a, b in zip(own, theirs, strict=True) for name, other in zip(_stems(a), _stems(b), strict=True)
    }


def _stems(layer: Any) -> tuple[str, ...]:
    return (layer.bias.rpartition(".")[0],) if isinstance(layer, Decoder) else (layer.name,)


def _own_name(opened: Model, name: str) -> str:
    return opened.weights.get(name, (None, None))[0]


def _with_pooling(model: PreTrainedModel, opened: Model) -> SentenceEncoder:
    """The sentence-transformers stack over an encoder, with the weights of its dense layers."""
    pooling = opened.head("sentence-similarity")
    assert isinstance(pooling, Pooling)
    weights = {dense.name: opened.weights.get(f"{dense.name}.weight", (None, None))[1] for dense in pooling.dense}
    encoder = SentenceEncoder(model, pooling, {name: (w.shape[1], w.shape[0]) for name, w in weights.items()})
    with torch.no_grad():
        for spec, dense in zip(pooling.dense, encoder.dense, strict=True):
            dense.weight.copy_(torch.from_numpy(weights[spec.name].copy()))
            if spec.bias:
                bias = opened.weights.get(f"{spec.name}.bias", (dense.out_features,))[1]
                dense.bias.copy_(torch.from_numpy(bias.copy()))
    encoder.eval()
    return encoder


def _write_modules(model: SentenceEncoder, source: Path, folder: Path) -> None:
    """modules.json and what it names (sentence-transformers' layout)."""
    parts = list(_modules(model, folder))
    described = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(parts)
    ]
    _write_json(folder / "modules.json", described)
    modules = read_sentence_modules(source)
    settings: dict[str, Any] = {"max_seq_length": None, "do_lower_case": False}
    if modules:
        settings = {"max_seq_length": modules.max_seq_length, "do_lower_case": modules.do_lower_case}
    _write_json(folder / "sentence_bert_config.json", settings)
    if (source / SETTINGS).is_file():
        shutil.copyfile(source / SETTINGS, folder / SETTINGS)


def _modules(model: SentenceEncoder, folder: Path) -> Iterator[tuple[str, str]]:
    yield "", "Transformer"
    modes = {key: mode in model.pooling.modes for mode, key in _POOLING_KEYS.items()}
    size = model.encoder.config.hidden_size
    _write_json(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": size, **modes})
    yield "1_Pooling", "Pooling"
    for i, (spec, dense) in enumerate(zip(model.pooling.dense, model.dense, strict=True), 2):
        place = folder / f"{i}_Dense"
        settings = {
            "in_features": dense.in_features,
            "out_features": dense.out_features,
            "bias": spec.bias,
            "activation_function": f"torch.nn.modules.{'linear' if spec.activation is None else 'activation'}."
            f"{_TORCH_ACTIVATIONS[spec.activation]}",
        }
        _write_json(place / "config.json", settings)
        save_file(
            {f"linear.{name}": value.contiguous() for name, value in dense.state_dict().items()},
            place / "model.safetensors",
        )
        yield place.name, "Dense"
    if model.pooling.normalize:
        yield f"{len(model.dense) + 2}_Normalize", "Normalize"


def _write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", "utf-8")
