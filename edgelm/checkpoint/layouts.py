"""How frameworks keep a model's folder, each read as Hugging Face would have written it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelm.checkpoint import paddle, paddle_program, tensorflow
from edgelm.checkpoint.files import read_json
from edgelm.checkpoint.tensors import WEIGHTS, Entry, read_tensors, weight_files
from edgelm.errors import UnsupportedError


@dataclass(frozen=True)
class Layout:
    """One framework's folder: how it is known, and its configuration, files and tensors in Hugging Face's terms."""

    framework: str
    matches: Callable[[Path], bool]
    config: Callable[[Path], dict[str, Any]]
    files: Callable[[Path], list[Path]]
    """What makes the model what it is, for its digest."""
    tensors: Callable[[Path], Mapping[str, Entry]]


def layout_of(folder: Path) -> Layout:
    """The layout of a folder, Hugging Face's where it is nobody's: reading it then says what is missing.

    UnsupportedError for what TensorFlow and Keras save a model's program in.
    """
    for layout in LAYOUTS:
        if layout.matches(folder):
            return layout
    for pattern, reason, way_round in _REFUSED:
        if any(folder.glob(pattern)):
            raise UnsupportedError(f"{folder} holds {reason}.", hint=way_round)
    return HUGGING_FACE


def _is_hugging_face(folder: Path) -> bool:
    has_weights = any((folder / f"{name}{ending}").is_file() for name in WEIGHTS for ending in ("", ".index.json"))
    return has_weights and not paddle.wrote_safetensors(folder)


HUGGING_FACE = Layout(
    "transformers",
    _is_hugging_face,
    lambda folder: read_json(folder / "config.json"),
    lambda folder: [folder / "config.json", *weight_files(folder)],
    read_tensors,
)
PADDLE = Layout("PaddleNLP", paddle.matches, paddle.read_config, paddle.files, paddle.read_tensors)
TENSORFLOW = Layout("TensorFlow", tensorflow.matches, tensorflow.read_config, tensorflow.files, tensorflow.read_tensors)
PROGRAM = Layout(
    "Paddle",
    lambda folder: paddle_program.program_files(folder) is not None,
    paddle_program.read_config,
    paddle_program.files,
    paddle_program.refuse_tensors,
)
LAYOUTS: tuple[Layout, ...] = (HUGGING_FACE, PADDLE, PROGRAM, TENSORFLOW)
"""Hugging Face's first: its own weights need no translation where a folder holds several."""

_KERAS_WAY = (
    "Save it as safetensors where it was trained: with transformers 4 and tensorflow, "
    "AutoModel.from_pretrained(FOLDER, from_tf=True).save_pretrained(OUT)."
)
_REFUSED = (
    (
        "saved_model.pb",
        "a TensorFlow SavedModel, which keeps a traced program in place of a named encoder",
        "Give edgelm the checkpoint it was made of (bert_model.ckpt.* with bert_config.json and vocab.txt).",
    ),
    ("*.h5", "Keras weights (.h5), whose names depend on the program that made them", _KERAS_WAY),
    ("*.keras", "a Keras archive (.keras), which keeps a program beside its weights", _KERAS_WAY),
)
"""What no layout reads: a file's pattern, what it is, and the way round."""
